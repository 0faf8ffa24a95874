//! Pieces: performances with their metadata.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};

use super::files::Split;
use crate::model::Metadata;
use crate::model::encode::Kind;
use crate::pattern::Step;
use crate::pattern::style::ANY;

/// One performance with its metadata.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Steps from the start to the last hit.
    pub steps: Vec<Step>,
    /// Style, tempo, meter, beat or fill.
    pub kind: Kind,
    /// Split.
    pub split: Split,
}

/// Maximum number of different velocities, or of different offsets, of a programmed piece, and
/// minimum number of hits for each of them: the hits of a short performance can differ little.
const PROGRAMMED: usize = 6;
const HITS_EACH: usize = 4;

impl Piece {
    /// Returns true for velocities, and for offsets, that vary as a drummer's do, so that they are
    /// worth learning. Those of programmed drums have a few values.
    pub fn performed(&self) -> [bool; 2] {
        let hits = || self.steps.iter().flat_map(Step::hits).map(|(_, hit)| hit);
        let varies = |values: HashSet<i16>| {
            values.len() > PROGRAMMED || values.len() * HITS_EACH > hits().count()
        };
        let velocities = hits().map(|hit| hit.velocity.into()).collect();
        let offsets = hits().map(|hit| hit.offset_ticks.into()).collect();
        [varies(velocities), varies(offsets)]
    }
}

/// Repeats pieces so that each style has about as many steps as the one with the most, beats and
/// fills apart; a piece is repeated `most` times at most.
pub fn balanced(pieces: &[Piece], most: usize) -> Vec<Piece> {
    let mut steps: HashMap<(u8, bool), usize> = HashMap::new();
    let group = |piece: &Piece| (piece.kind.style, piece.kind.fill);
    pieces.iter().for_each(|piece| *steps.entry(group(piece)).or_default() += piece.steps.len());
    let largest = |fill: bool| {
        steps.iter().filter(|(group, _)| group.1 == fill).map(|(_, &sum)| sum).max().unwrap_or(0)
    };
    let largest = [largest(false), largest(true)];
    let times = |piece: &Piece| {
        let own = steps[&group(piece)].max(1);
        ((largest[usize::from(piece.kind.fill)] + own / 2) / own).clamp(1, most)
    };
    pieces.iter().flat_map(|piece| std::iter::repeat_n(piece.clone(), times(piece))).collect()
}

/// Returns the number of a style name.
///
/// # Errors
/// If the model does not know the style; the error lists the styles that it knows.
pub fn known_style(model: &Metadata, name: &str) -> Result<u8> {
    model.style_number(name).with_context(|| {
        format!("there is no style {name}; the model has {ANY}, {}", model.styles.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::drum::Drum;
    use crate::pattern::{Hit, Meter};

    #[test]
    fn pieces_of_a_few_velocities_and_offsets_are_programmed() {
        let piece = |velocity: &dyn Fn(u8) -> u8, offset: &dyn Fn(i8) -> i8| {
            let kind = Kind {
                style: 3,
                blend: (0, 0.0),
                tempo: 90.0,
                meter: Meter::FOUR_FOUR,
                fill: false,
            };
            let mut steps = vec![Step::SILENT; 64];
            for ((step, n), m) in steps.iter_mut().zip(0..).zip(0..) {
                step.set(Drum::Snare, Some(Hit::plain(velocity(n), offset(m))));
            }
            Piece { steps, kind, split: Split::Train }
        };
        let (accents, swing) =
            (|n: u8| if n.is_multiple_of(4) { 112 } else { 60 }, |n: i8| n % 2 * 40);
        assert_eq!(piece(&accents, &swing).performed(), [false, false]);
        assert_eq!(piece(&|n| 50 + n, &swing).performed(), [true, false]);
        assert_eq!(piece(&accents, &|n| n % 9).performed(), [false, true]);
        let mut short = piece(&|n| 50 + n, &|n| n);
        short.steps.truncate(3);
        assert_eq!(short.performed(), [true, true], "too few hits to tell");
    }

    #[test]
    fn styles_are_balanced_by_repeating_pieces_up_to_a_limit() {
        let piece = |style: u8, bars: usize| {
            let kind =
                Kind { style, blend: (0, 0.0), tempo: 90.0, meter: Meter::FOUR_FOUR, fill: false };
            Piece { steps: vec![Step::SILENT; 16 * bars], kind, split: Split::Train }
        };
        let all = balanced(&[piece(1, 40), piece(2, 10), piece(2, 10), piece(3, 4)], 5);
        let count = |style: u8| all.iter().filter(|piece| piece.kind.style == style).count();
        assert_eq!([count(1), count(2), count(3)], [1, 4, 5]);
    }
}
