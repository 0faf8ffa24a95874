//! Faults and note counts that the oracle reports.

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Notes that sounded.
    pub notes: u64,
    /// Of these, the ones whose place was known beforehand.
    pub placed: u64,
    /// Greatest distance of a note from its sample.
    pub error: u64,
    /// Notes that did not sound.
    pub lost: u64,
    /// Notes that sounded twice, or without reason.
    pub doubled: u64,
    /// Notes that did not end, or ended without sounding, or as soon as they began.
    pub hung: u64,
    /// The first few faults, a sentence each.
    pub faults: Vec<String>,
}

impl Findings {
    /// Faults that are put into words; the others are counted.
    const WORDS: usize = 12;

    pub(super) fn fault(&mut self, sentence: impl FnOnce() -> String) {
        if self.faults.len() < Self::WORDS {
            self.faults.push(sentence());
        }
    }

    /// Adds what was found elsewhere.
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
