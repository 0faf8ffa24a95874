//! Metrics of a model: teacher-forced metrics, baselines, and free-running metrics of takes beside
//! drummers (a judge that tries to separate them, backbone, style recall, diversity, swing).

pub(crate) mod backbone;
pub(crate) mod bar_faults;
pub(crate) mod baselines;
pub(crate) mod comparison;
pub(crate) mod diversity;
pub(crate) mod free_run;
pub mod idiom;
pub(crate) mod judge;
mod meter_backbone;
pub(crate) mod network_comparison;
pub(crate) mod requests;
pub(crate) mod stroke_shares;
pub(crate) mod strokes;
mod style_recall;
mod swing;
pub(crate) mod windows;

use std::collections::BTreeMap;

use anyhow::Result;
use groove::CLASSES;
use groove::learn::data::{Piece, Split};
use groove::model::Metadata;
use serde::Serialize;
use serde_json::{Value, json};

pub use backbone::Backbone;
use comparison::{Comparison, human};
pub use diversity::Diversity;
pub use idiom::styles::IdiomShares;
pub use judge::JudgeAreas;
pub use stroke_shares::StrokeShares;
pub(crate) use style_recall::{StyleClassifier, StyleRecall};
pub use swing::Swing;

/// All figures of the takes at one choice of tempi, by style.
#[derive(Debug, Serialize)]
pub struct Metrics {
    /// Areas of the judge, for styles with at least eight human beats.
    pub judged: BTreeMap<String, JudgeAreas>,
    /// Backbeat, kick, pulse, for styles with at least five human beats.
    pub backbone: BTreeMap<String, Backbone>,
    /// Recall of five styles; empty if the data lacks one of them.
    #[serde(rename = "style_told")]
    pub style_recall: BTreeMap<String, StyleRecall>,
    /// Shares of bars that satisfy the idiom of their style, for styles that have one.
    pub idiom: BTreeMap<String, IdiomShares>,
    /// Similarity of different takes.
    pub diversity: BTreeMap<String, Diversity>,
    /// Strokes and articulations.
    pub stroke_shares: BTreeMap<String, StrokeShares>,
    /// Places of the off-beats, by style and tempo band.
    pub swing: BTreeMap<String, BTreeMap<String, Swing>>,
}

impl Metrics {
    /// Measures the takes of one or more styles. `known` supplies slow figures of drummers alone,
    /// if other takes were measured before.
    pub(crate) fn of(
        metadata: &Metadata,
        sides: &[Comparison],
        trees: Option<&StyleClassifier>,
        known: Option<&Metrics>,
    ) -> Metrics {
        // The metrics know the drums of the default kit only.
        let nine_drums = metadata.classes.classes() == CLASSES;
        let nine = || sides.iter().filter(|_| nine_drums);
        let judged = |sides: &Comparison| {
            let known = known.and_then(|known| known.judged.get(&sides.name));
            JudgeAreas::of(sides, known)
        };
        Metrics {
            judged: by_style(sides.iter(), judged),
            backbone: by_style(nine(), Backbone::of),
            style_recall: trees.map(|trees| trees.recalls(metadata, sides)).unwrap_or_default(),
            idiom: by_style(nine(), IdiomShares::of),
            diversity: by_style(sides.iter(), Diversity::of),
            stroke_shares: by_style(nine(), StrokeShares::of),
            swing: by_style(nine(), |sides| Some(Swing::of(sides))),
        }
    }

    /// Adds each block to a JSON object, under its name with a suffix.
    pub fn insert(&self, all: &mut Value, suffix: &str) -> Result<()> {
        if let Value::Object(blocks) = serde_json::to_value(self)? {
            for (name, block) in blocks {
                all[format!("{name}{suffix}")] = json!(block);
            }
        }
        Ok(())
    }

    /// Returns the figures as text.
    #[must_use]
    pub fn table(&self) -> String {
        let mut lines = vec![JudgeAreas::HEADING.to_owned()];
        lines.extend(self.judged.iter().map(|(style, judged)| judged.line(style)));
        lines.extend([String::new(), Backbone::HEADING.to_owned()]);
        lines.extend(self.backbone.iter().map(|(style, backbone)| backbone.lines(style)));
        let heading = format!("{:<24}{:>10}{:>10}", "style told, recall", "played", "drummers");
        lines.extend([String::new(), heading]);
        for (style, recalls) in &self.style_recall {
            let text = |share: Option<f64>| share.map_or("-".into(), |share| format!("{share:.2}"));
            lines.push(format!(
                "{style:<24}{:>10}{:>10}",
                text(recalls.played),
                text(recalls.human)
            ));
        }
        if !self.idiom.is_empty() {
            lines.extend([String::new(), IdiomShares::HEADING.to_owned()]);
            lines.extend(self.idiom.iter().map(|(style, shares)| shares.lines(style)));
        }
        lines.extend([String::new(), Diversity::HEADING.to_owned()]);
        lines.extend(self.diversity.iter().map(|(style, figures)| figures.line(style)));
        lines.extend([String::new(), StrokeShares::HEADING.to_owned()]);
        lines.extend(self.stroke_shares.iter().map(|(style, shares)| shares.lines(style)));
        lines.extend([String::new(), Swing::HEADING.to_owned()]);
        for (style, bands) in &self.swing {
            lines.extend(bands.iter().map(|(band, swing)| swing.line(style, band)));
        }
        lines.join("\n") + "\n"
    }
}

/// Returns the figures of each style that has them.
fn by_style<'a, T>(
    sides: impl Iterator<Item = &'a Comparison>,
    of: impl Fn(&Comparison) -> Option<T>,
) -> BTreeMap<String, T> {
    sides.filter_map(|sides| Some((sides.name.clone(), of(sides)?))).collect()
}

/// Returns the styles with enough human beats for the backbone, those with the most first.
pub(crate) fn styles(metadata: &Metadata, pieces: &[Piece]) -> Vec<u8> {
    let mut counts: Vec<(usize, u8)> = metadata
        .style_numbers
        .iter()
        .map(|&style| (human(pieces, Split::Train, style).len(), style))
        .filter(|(count, _)| *count >= backbone::ENOUGH)
        .collect();
    counts.sort_by_key(|&(count, style)| (std::cmp::Reverse(count), style));
    counts.into_iter().map(|(_, style)| style).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::model::Stack;
    use groove::model::encode::Kind;
    use groove::{Meter, Step};

    fn piece(style: u8) -> Piece {
        let meter = Meter::FOUR_FOUR;
        let kind = Kind { style, blend: (0, 0.0), tempo: 90.0, meter, fill: false };
        Piece { steps: vec![Step::SILENT; 80], kind, split: Split::Train }
    }

    #[test]
    fn styles_are_sorted_by_beats_and_rare_ones_excluded() {
        let stack = Stack { layers: 1, cells: 1 };
        let metadata = Metadata::new("", stack, stack, "");
        let pieces = [vec![piece(2); 5], vec![piece(7); 9], vec![piece(9); 4], vec![piece(0); 9]];
        assert_eq!(styles(&metadata, &pieces.concat()), [7, 2]);
    }

    #[test]
    fn blocks_are_named_with_their_suffix() {
        let metrics = Metrics {
            judged: BTreeMap::new(),
            backbone: BTreeMap::new(),
            style_recall: BTreeMap::from([(
                "rock".to_owned(),
                StyleRecall { played: Some(0.5), human: None },
            )]),
            idiom: BTreeMap::new(),
            diversity: BTreeMap::new(),
            stroke_shares: BTreeMap::new(),
            swing: BTreeMap::new(),
        };
        let mut all = json!({});
        metrics.insert(&mut all, "_at_120").expect("an object");
        assert_eq!(all["style_told_at_120"]["rock"]["played"], 0.5);
        assert_eq!(all.as_object().map(serde_json::Map::len), Some(7));
        assert!(metrics.table().contains("rock"));
    }
}
