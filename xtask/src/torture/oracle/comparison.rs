//! Comparison of expected and struck notes.

use super::{Onset, Oracle};
use crate::torture::truth::GroundTruth;

impl Oracle {
    /// Reports notes in silence that a stage key asks for.
    pub(super) fn check_silence(&mut self, truth: &GroundTruth, struck: &[Onset]) {
        let Some(window) = truth.stage else { return };
        for note in struck {
            if window.is_silent(self.position(truth, note.0), truth.beats_per_sample) {
                self.findings.doubled += 1;
                self.findings.fault(|| format!("{note:?} sounds in the silence of {truth:?}"));
            }
        }
    }

    /// Compares the expected notes with the struck ones.
    pub(super) fn compare(&mut self, truth: &GroundTruth, struck: &mut Vec<Onset>) {
        let changed = |note: &Onset| {
            let at = self.position(truth, note.0);
            truth.stage.is_some_and(|window| window.may_cover(at, truth.beats_per_sample))
        };
        let free: Vec<bool> = struck.iter().map(changed).collect();
        let Oracle { expected, findings, .. } = self;
        findings.placed += expected.len() as u64;
        let mut place = 0;
        struck.retain(|note| {
            place += 1;
            !free[place - 1] || expected.contains(note)
        });
        expected.sort_unstable();
        struck.sort_unstable();
        if expected == struck {
            return;
        }
        // Exact matches are removed first, then notes that are only early or late.
        expected.retain(|note| match struck.iter().position(|other| other == note) {
            Some(place) => {
                struck.remove(place);
                false
            }
            None => true,
        });
        expected.retain(|note| {
            let of = |it: &Onset| (it.1, it.2, it.3, it.4);
            let alike = |other: &&Onset| of(other) == of(note);
            let near = struck.iter().filter(alike).min_by_key(|other| other.0.abs_diff(note.0));
            let Some(near) = near.copied() else { return true };
            findings.error = findings.error.max(near.0.abs_diff(note.0).into());
            findings.fault(|| format!("{near:?} instead of {note:?} in {truth:?}"));
            struck.retain(|other| *other != near);
            false
        });
        findings.lost += expected.len() as u64;
        findings.doubled += struck.len() as u64;
        for note in expected.iter() {
            findings.fault(|| format!("{note:?} is lost in {truth:?}"));
        }
        for note in struck.iter() {
            findings.fault(|| format!("{note:?} has no reason in {truth:?}"));
        }
    }
}
