//! Note counts and faults that the oracle finds.

use serde::Serialize;

/// Results of the note checks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Findings {
    /// Number of notes.
    pub notes: u64,
    /// Number of notes with a known position.
    pub placed: u64,
    /// Greatest timing error, in samples.
    pub error: u64,
    /// Number of missing notes.
    pub lost: u64,
    /// Number of repeated or unexpected notes.
    pub doubled: u64,
    /// Number of notes without an end, ends without a note, and notes that end on their first
    /// sample.
    pub hung: u64,
    /// First faults, one sentence each.
    pub faults: Vec<String>,
}

impl Findings {
    /// Maximum number of described faults; all others are only counted.
    const WORDS: usize = 12;

    pub(super) fn fault(&mut self, sentence: impl FnOnce() -> String) {
        if self.faults.len() < Self::WORDS {
            self.faults.push(sentence());
        }
    }

    /// Adds other findings.
    pub fn add(&mut self, other: &Findings) {
        self.notes += other.notes;
        self.placed += other.placed;
        self.error = self.error.max(other.error);
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.hung += other.hung;
        let room = Self::WORDS.saturating_sub(self.faults.len());
        self.faults.extend(other.faults.iter().take(room).cloned());
    }
}
