//! Summary of a folder of training data: what was read, what was not, and why.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::dataset::Data;
use super::files::Split;

/// The splits and their names.
const SPLITS: [(Split, &str); 3] =
    [(Split::Train, "train"), (Split::Validation, "validation"), (Split::Test, "test")];

impl Data {
    /// Files, steps and hits by split, and the number of files left out by reason, as a table.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = format!("{:<22}{:>8}{:>10}{:>10}", "", "files", "steps", "hits");
        // Writing to a string cannot fail.
        for (split, name) in SPLITS {
            let [files, steps, hits] = self.counts(split);
            let _ = write!(text, "\n{name:<22}{files:>8}{steps:>10}{hits:>10}");
        }
        for (name, count) in self.left_out() {
            if count > 0 {
                let _ = write!(text, "\n{name:<22}{count:>8}");
            }
        }
        text
    }

    /// The summary as JSON, with the paths of all files that are left out.
    #[must_use]
    pub fn summary_json(&self) -> Value {
        let splits = SPLITS.map(|(split, name)| {
            let [files, steps, hits] = self.counts(split);
            (name.to_owned(), json!({ "files": files, "steps": steps, "hits": hits }))
        });
        let skipped = self
            .skipped
            .iter()
            .map(|(path, reason)| json!({ "file": path.display().to_string(), "reason": reason }));
        let duplicates = self.duplicates.iter().map(|(path, first)| {
            json!({ "file": path.display().to_string(), "of": first.display().to_string() })
        });
        let melodies = self.melodies.iter().map(|path| path.display().to_string());
        json!({
            "read": splits.into_iter().collect::<serde_json::Map<String, Value>>(),
            "melodies": melodies.collect::<Vec<_>>(),
            "duplicates": duplicates.collect::<Vec<_>>(),
            "unlisted": self.unlisted,
            "skipped": skipped.collect::<Vec<_>>(),
        })
    }

    /// Text on the files that are left out; empty if there are none. Skipped files have a line
    /// each.
    #[must_use]
    pub fn skipped_text(&self) -> String {
        let mut text = String::new();
        for (name, count) in self.left_out().into_iter().filter(|&(_, count)| count > 0) {
            if name != SKIPPED {
                let _ = write!(text, "\n{name}: {count}");
            }
        }
        if !self.skipped.is_empty() {
            let left_out: usize = self.left_out().iter().map(|(_, count)| count).sum();
            let all = self.pieces.len() + left_out - self.unlisted;
            let _ = write!(text, "\nskipped {} of {all} files:", self.skipped.len());
        }
        for (path, reason) in &self.skipped {
            let _ = write!(text, "\n  {}: {reason}", path.display());
        }
        text
    }

    /// Number of files left out, by reason.
    fn left_out(&self) -> [(&'static str, usize); 4] {
        [
            ("melodies left out", self.melodies.len()),
            ("duplicates left out", self.duplicates.len()),
            ("not in a table", self.unlisted),
            (SKIPPED, self.skipped.len()),
        ]
    }

    /// Files, steps and hits of a split.
    fn counts(&self, split: Split) -> [usize; 3] {
        let pieces = self.pieces.iter().filter(|piece| piece.split == split);
        pieces.fold([0; 3], |[files, steps, hits], piece| {
            let struck: usize = piece.steps.iter().map(|step| step.hits().count()).sum();
            [files + 1, steps + piece.steps.len(), hits + struck]
        })
    }
}

/// Name of files that cannot be read.
const SKIPPED: &str = "skipped";
