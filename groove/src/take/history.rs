//! The takes of a session: undo, redo, favourites and A/B comparison.

use serde::{Deserialize, Serialize};

use crate::take::Take;
use crate::take::bounded_tail::BoundedTail;

/// Maximum number of takes.
pub const MAX_TAKES: usize = 128;

/// Takes in undo order. A new take after undo deletes nothing: it follows the present take, and the
/// undone takes move to the front. If the list is full, the first take that is not a favourite is
/// dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "SavedHistory", into = "SavedHistory")]
pub struct History {
    takes: Vec<HistoryEntry>,
    at: usize,
    /// The other take of the A/B comparison.
    beside: Option<Take>,
    /// True if the present take is B.
    is_b: bool,
}

/// A take in the history.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The take.
    pub take: Take,
    /// True for favourites.
    #[serde(default)]
    pub favourite: bool,
}

/// Serialised form; not yet validated.
#[derive(Serialize, Deserialize)]
struct SavedHistory {
    #[serde(default)]
    takes: BoundedTail<HistoryEntry, MAX_TAKES>,
    #[serde(default)]
    at: usize,
    #[serde(default)]
    beside: Option<Take>,
    #[serde(default)]
    is_b: bool,
}

impl History {
    /// A history with one take.
    #[must_use]
    pub fn new(take: Take) -> Self {
        History {
            takes: vec![HistoryEntry { take, favourite: false }],
            at: 0,
            beside: None,
            is_b: false,
        }
    }

    /// The present take.
    #[must_use]
    pub fn take(&self) -> Take {
        self.takes.get(self.at).map_or_else(Take::default, |kept| kept.take)
    }

    /// All takes in undo order, and the index of the present one.
    #[must_use]
    pub fn all(&self) -> (&[HistoryEntry], usize) {
        (&self.takes, self.at)
    }

    /// Appends a take. Does nothing if it equals the present one.
    pub fn push(&mut self, take: Take) {
        if take == self.take() {
            return;
        }
        // Undo always returns to the take before.
        let next = (self.at + 1).min(self.takes.len());
        self.takes.rotate_left(next);
        if self.takes.len() >= MAX_TAKES {
            let oldest = self.takes.iter().position(|kept| !kept.favourite).unwrap_or(0);
            self.takes.remove(oldest);
        }
        self.takes.push(HistoryEntry { take, favourite: false });
        self.at = self.takes.len() - 1;
    }

    /// Replaces the present take without a new entry, as while a knob moves. Favourites stay
    /// unchanged and get a new entry.
    pub fn amend(&mut self, take: Take) {
        match self.takes.get_mut(self.at) {
            Some(kept) if !kept.favourite => kept.take = take,
            _ => self.push(take),
        }
    }

    /// Corrects the present take without a new entry, even if it is a favourite, as when its tempo
    /// becomes known.
    pub fn correct(&mut self, take: Take) {
        if let Some(kept) = self.takes.get_mut(self.at) {
            kept.take = take;
        }
    }

    /// Goes back one take. Returns false if there is none.
    pub fn undo(&mut self) -> bool {
        self.go(self.at.checked_sub(1))
    }

    /// Goes forward one take. Returns false if there is none.
    pub fn redo(&mut self) -> bool {
        self.go(self.at.checked_add(1))
    }

    /// Goes to a take by index. Returns false if there is none.
    pub fn go(&mut self, to: Option<usize>) -> bool {
        let Some(to) = to.filter(|&to| to < self.takes.len()) else { return false };
        self.at = to;
        true
    }

    /// Marks or unmarks the present take as a favourite.
    pub fn set_favourite(&mut self, favourite: bool) {
        if let Some(kept) = self.takes.get_mut(self.at) {
            kept.favourite = favourite;
        }
    }

    /// Returns true if the present take is a favourite.
    #[must_use]
    pub fn is_favourite(&self) -> bool {
        self.takes.get(self.at).is_some_and(|kept| kept.favourite)
    }

    /// The other take of the A/B comparison, if any.
    #[must_use]
    pub fn beside(&self) -> Option<Take> {
        self.beside
    }

    /// Returns true if the present take is B and the other one A.
    #[must_use]
    pub fn is_b(&self) -> bool {
        self.is_b
    }

    /// Copies the present take to the other side of the comparison.
    pub fn copy_beside(&mut self) {
        self.beside = Some(self.take());
    }

    /// Swaps A and B. The first time, both are the same.
    pub fn swap(&mut self) {
        self.is_b = !self.is_b;
        let now = self.take();
        if let Some(other) = self.beside.replace(now) {
            let known = self.takes.iter().position(|kept| kept.take == other);
            if !self.go(known) {
                self.push(other);
            }
        }
    }
}

impl From<SavedHistory> for History {
    fn from(
        SavedHistory { takes: BoundedTail { items: mut takes, before }, at, beside, is_b }: SavedHistory,
    ) -> Self {
        if takes.is_empty() {
            takes.push(HistoryEntry { take: Take::default(), favourite: false });
        }
        takes.iter_mut().for_each(|kept| kept.take = kept.take.repaired());
        let at = at.saturating_sub(before).min(takes.len() - 1);
        History { takes, at, beside: beside.map(Take::repaired), is_b }
    }
}

impl From<History> for SavedHistory {
    fn from(History { takes, at, beside, is_b }: History) -> Self {
        SavedHistory { takes: BoundedTail { items: takes, before: 0 }, at, beside, is_b }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::take::TakeControls;

    fn take(seed: u32) -> Take {
        Take::from(TakeControls { seed, ..TakeControls::default() })
    }

    #[test]
    fn new_take_after_undo_keeps_the_undone_takes() {
        let mut history = History::new(take(1));
        history.push(take(2));
        history.push(take(2));
        assert!(history.undo() && !history.undo());
        history.push(take(3));
        let seeds = |history: &History| {
            history.all().0.iter().map(|k| k.take.controls.seed).collect::<Vec<_>>()
        };
        assert_eq!(seeds(&history), [2, 1, 3]);
        assert!(!history.redo() && history.undo());
        assert_eq!(history.take(), take(1));
        history.amend(take(5));
        assert_eq!(seeds(&history), [2, 5, 3]);
        history.set_favourite(true);
        history.amend(take(6));
        assert_eq!(seeds(&history), [3, 2, 5, 6]);
    }

    #[test]
    fn history_is_bounded_and_favourites_stay() {
        let mut history = History::new(take(0));
        history.set_favourite(true);
        (1..1_000).for_each(|seed| history.push(take(seed)));
        let (all, at) = history.all();
        assert_eq!((all.len(), at), (MAX_TAKES, MAX_TAKES - 1));
        assert!(all[0].favourite && all[0].take == take(0));
        assert_eq!(all[1].take, take(1_001 - u32::try_from(MAX_TAKES).expect("few")));
    }

    #[test]
    fn two_takes_are_compared() {
        let mut history = History::new(take(1));
        history.swap();
        history.push(take(2));
        history.swap();
        assert_eq!((history.take(), history.beside()), (take(1), Some(take(2))));
        history.swap();
        assert_eq!((history.take(), history.beside()), (take(2), Some(take(1))));
        assert_eq!(history.all().0.len(), 2);
        assert!(history.is_b());
        history.copy_beside();
        assert_eq!(history.beside(), Some(take(2)));
    }

    #[test]
    fn history_round_trips_and_damaged_states_load() {
        let mut history = History::new(take(1));
        history.push(take(2));
        history.swap();
        history.undo();
        let text = serde_json::to_string(&history).expect("text");
        assert_eq!(serde_json::from_str::<History>(&text).expect("a history"), history);
        for damaged in ["{}", r#"{"takes":[],"at":7}"#] {
            let history: History = serde_json::from_str(damaged).expect("a history");
            assert_eq!((history.take(), history.all().1), (Take::default(), 0));
        }
        let one = r#"{"takes":[{"take":{"seed":4}}],"at":99}"#;
        assert_eq!(serde_json::from_str::<History>(one).expect("a history").take(), take(4));
        let takes: Vec<String> = (0..1_000)
            .map(|seed| format!(r#"{{"take":{{"seed":{seed},"tempo":1e39}}}}"#))
            .collect();
        let long = format!(r#"{{"takes":[{}],"at":990}}"#, takes.join(","));
        let history: History = serde_json::from_str(&long).expect("a history");
        assert_eq!((history.take(), history.all().0.len()), (take(990), MAX_TAKES));
    }
}
