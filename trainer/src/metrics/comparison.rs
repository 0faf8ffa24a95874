//! Takes of a model and the human beats of the same style, for comparison.

use std::sync::Arc;

use anyhow::Result;
use groove::generate::Drummer;
use groove::learn::bar_f1::STEPS;
use groove::learn::data::{Piece, Split};
use groove::model::{Metadata, Model};
use groove::take::{Take, TakeControls};
use groove::{Meter, Step};
use rayon::prelude::*;

use crate::playback::play_bars;

/// Takes per style. With a quarter of them the rate of the crash would be uncertain by a quarter.
const TAKES: u32 = 240;
/// Bars of a take, and maximum number of bars of a human beat, so that a few long files do not
/// dominate.
const BARS: usize = 16;

/// Minimum duration of a human beat, exclusive, in seconds.
const SECONDS: f32 = 8.0;

/// Fixed tempo, in quarter notes per minute.
pub(crate) const FIXED_TEMPO: f32 = 120.0;

/// One bar of 4/4.
pub(crate) type BarSteps = [Step; STEPS];

/// A beat in 4/4: a take or a recording.
#[derive(Clone, Debug)]
pub(crate) struct Groove {
    /// Complete bars.
    pub bars: Vec<BarSteps>,
    /// Quarter notes per minute.
    pub tempo: f32,
}

impl Groove {
    /// Iterates over the windows of two neighbouring bars.
    pub(crate) fn windows(&self) -> impl Iterator<Item = [&BarSteps; 2]> {
        self.bars.windows(2).map(|pair| [&pair[0], &pair[1]])
    }
}

/// Choice of the takes' tempi.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TempoChoice {
    /// Those of the human train beats, weighted by bars.
    Drummers,
    /// [`FIXED_TEMPO`].
    Fixed,
}

/// Takes of a style with the human beats of the same style.
#[derive(Debug)]
pub(crate) struct Comparison {
    /// Style number.
    pub style: u8,
    /// Name of the style.
    pub name: String,
    /// Takes of the model.
    pub played: Vec<Groove>,
    /// First bars of the human beats of the train split.
    pub train: Vec<Groove>,
    /// All bars of the same beats; the last bar is padded with silence.
    pub whole: Vec<Groove>,
}

impl Comparison {
    /// Plays the takes of a style in parallel.
    pub(crate) fn play(
        model: &Arc<Model>,
        pieces: &[Piece],
        style: u8,
        tempi: TempoChoice,
    ) -> Result<Comparison> {
        let drummers = match tempi {
            TempoChoice::Drummers => self::tempi(pieces, style),
            TempoChoice::Fixed => vec![FIXED_TEMPO],
        };
        anyhow::ensure!(!drummers.is_empty(), "there are no human beats of the style");
        let take = |seed: u32| -> Result<Groove> {
            let tempo = spread(&drummers, seed, TAKES);
            let take = Take::from(TakeControls { seed, style, tempo, ..TakeControls::default() });
            Ok(Groove { bars: play(model, &take, i64::try_from(BARS)?)?, tempo })
        };
        Ok(Comparison {
            style,
            name: model.metadata().style_name(style).to_owned(),
            played: (0..TAKES).into_par_iter().map(take).collect::<Result<_>>()?,
            train: human(pieces, Split::Train, style),
            whole: human_whole(pieces, Split::Train, style),
        })
    }
}

impl Comparison {
    /// Compares the takes of a style that were read from files, all of one split, with the human
    /// beats of the style; those of style number 0 with all human beats. Takes count as human beats
    /// do; `None` without any.
    pub(crate) fn of_files(
        metadata: &Metadata,
        takes: &[Piece],
        pieces: &[Piece],
        style: u8,
    ) -> Option<Comparison> {
        let of_style: Vec<Piece> =
            takes.iter().filter(|piece| piece.kind.style == style).cloned().collect();
        let played = human(&of_style, takes.first()?.split, style);
        (!played.is_empty()).then(|| Comparison {
            style,
            name: metadata.style_name(style).to_owned(),
            played,
            train: human(pieces, Split::Train, style),
            whole: human_whole(pieces, Split::Train, style),
        })
    }
}

/// Plays the first bars of a take, in 4/4.
pub(crate) fn play(model: &Arc<Model>, take: &Take, bars: i64) -> Result<Vec<BarSteps>> {
    let mut drummer = Drummer::new(model.clone());
    let bars = play_bars(&mut drummer, take, Meter::FOUR_FOUR, 0..bars)?;
    Ok(bars.iter().map(|bar| std::array::from_fn(|step| bar.steps()[step])).collect())
}

/// Returns the complete bars of a piece.
pub(crate) fn bars_of(piece: &Piece) -> Vec<BarSteps> {
    let bar = |bar: &[Step]| std::array::from_fn(|step| bar[step]);
    piece.steps.chunks_exact(STEPS).map(bar).collect()
}

/// Returns the first [`BARS`] bars of the human beats in 4/4 of a style and a split that are longer
/// than [`SECONDS`]; style number 0 is all styles.
pub(crate) fn human(pieces: &[Piece], split: Split, style: u8) -> Vec<Groove> {
    let first = |piece: &Piece| {
        let mut bars = bars_of(piece);
        bars.truncate(BARS);
        Groove { bars, tempo: piece.kind.tempo }
    };
    long_beats(pieces, split, style).map(first).collect()
}

/// Returns all bars of the same beats as [`human`]; the last bar is padded with silence.
pub(crate) fn human_whole(pieces: &[Piece], split: Split, style: u8) -> Vec<Groove> {
    let whole = |piece: &Piece| {
        let mut bars = bars_of(piece);
        let rest = piece.steps.chunks_exact(STEPS).remainder();
        if !rest.is_empty() {
            bars.push(std::array::from_fn(|step| rest.get(step).copied().unwrap_or_default()));
        }
        Groove { bars, tempo: piece.kind.tempo }
    };
    long_beats(pieces, split, style).map(whole).collect()
}

fn long_beats(pieces: &[Piece], split: Split, style: u8) -> impl Iterator<Item = &Piece> {
    pieces.iter().filter(move |piece| {
        let seconds = piece.steps.len() as f32 * 15.0 / piece.kind.tempo;
        piece.split == split && is_beat(piece, style) && seconds > SECONDS
    })
}

/// Returns the tempo of each bar of the human train beats of a style.
pub(crate) fn tempi(pieces: &[Piece], style: u8) -> Vec<f32> {
    pieces
        .iter()
        .filter(|piece| piece.split == Split::Train && is_beat(piece, style))
        .flat_map(|piece| vec![piece.kind.tempo; piece.steps.len().div_ceil(STEPS)])
        .collect()
}

/// Returns the tempo of a take, of a number of takes that share out some tempi evenly.
pub(crate) fn spread(tempi: &[f32], take: u32, takes: u32) -> f32 {
    tempi[take as usize * tempi.len() / takes as usize]
}

/// Returns true for a beat in 4/4 of a style; style number 0 is all styles.
pub(crate) fn is_beat(piece: &Piece, style: u8) -> bool {
    let kind = &piece.kind;
    (style == 0 || kind.style == style) && !kind.fill && kind.meter == Meter::FOUR_FOUR
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::model::encode::Kind;

    fn piece(steps: usize, tempo: f32, fill: bool, split: Split) -> Piece {
        let kind = Kind { style: 3, blend: (0, 0.0), tempo, meter: Meter::FOUR_FOUR, fill };
        Piece { steps: vec![Step::SILENT; steps], kind, split }
    }

    #[test]
    fn human_beats_are_long_beats_in_complete_bars() {
        // 64 steps at 120 are exactly 8 s.
        let pieces = [
            piece(64, 120.0, false, Split::Train),
            piece(70, 120.0, false, Split::Train),
            piece(70, 120.0, true, Split::Train),
            piece(70, 120.0, false, Split::Test),
            piece(70, 180.0, false, Split::Train),
        ];
        let found = human(&pieces, Split::Train, 3);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].bars.len(), found[0].windows().count()), (4, 3));
        assert!(human(&pieces, Split::Train, 4).is_empty());
        assert_eq!(human(&pieces, Split::Test, 0).len(), 1);
        let long = human(&[piece(9999, 120.0, false, Split::Train)], Split::Train, 3);
        assert_eq!(long[0].bars.len(), BARS);
        assert_eq!(human_whole(&pieces, Split::Train, 3)[0].bars.len(), 5);
    }

    #[test]
    fn tempi_are_weighted_by_bars() {
        let pieces = [piece(64, 120.0, false, Split::Train), piece(17, 90.0, false, Split::Train)];
        assert_eq!(tempi(&pieces, 3), [120.0, 120.0, 120.0, 120.0, 90.0, 90.0]);
    }
}
