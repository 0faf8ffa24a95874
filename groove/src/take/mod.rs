//! Takes: everything that decides the notes. A take is a small value without references, so that it
//! can be compared, stored in a history, saved with a project and sent to the audio thread.
//!
//! `crate::generate` plays takes. Controls that only change the performance of given hits are not
//! part of a take, see [`crate::play::perform`].

pub mod bounded_tail;
mod fills;
pub mod history;
pub mod midi_capture;
pub mod pins;
mod primer;

use serde::{Deserialize, Serialize};

use crate::pattern::Step;
use crate::pattern::drum::{CLASSES, DrumSet};

pub(crate) use fills::FillPlace;
pub use fills::Fills;
use pins::Pins;
pub use primer::{MAX_PRIMER_STEPS, Played, Primer, Rhythm};

/// Target of a morph: the controls that decide another take's theme. Primer, pins, phrases and
/// fills are the first take's alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Toward {
    /// Morph position, 0 to 1.
    pub share: f32,
    /// Seed, as in [`Take`]; so are the following fields.
    pub seed: u32,
    /// Style number.
    pub style: u8,
    /// A second style and its share.
    pub blend: (u8, f32),
    /// Tempo in quarter notes per minute.
    pub tempo: f32,
    /// Temperature control: 1 samples like the drummers, less is safer, more is more daring.
    pub temperature: f32,
    /// Similarity of bars to the previous ones.
    pub stick: f32,
    /// Density of the kit.
    pub density: f32,
    /// Density by lane.
    pub lanes: [f32; CLASSES],
    /// Drums that are not struck.
    pub off: DrumSet,
}

impl Default for Toward {
    fn default() -> Self {
        Toward::new(&Take::default(), 0.0)
    }
}

impl Toward {
    /// A morph towards a take.
    #[must_use]
    pub fn new(other: &Take, share: f32) -> Self {
        let Take { seed, style, blend, tempo, temperature, stick, density, lanes, off, .. } =
            *other;
        Toward { share, seed, style, blend, tempo, temperature, stick, density, lanes, off }
    }
}

/// Everything that decides the notes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Take {
    /// Identity of the model, [`Model::identity`]; 0 is any model.
    ///
    /// [`Model::identity`]: crate::model::Model::identity
    pub model: u64,
    /// Random seed.
    pub seed: u32,
    /// Style number as in [`crate::pattern::style`].
    pub style: u8,
    /// A second style and its share of the blend, 0 to 1.
    pub blend: (u8, f32),
    /// Tempo that the model is told, in quarter notes per minute.
    pub tempo: f32,
    /// Temperature control of the theme: 1 samples like the drummers, less is safer.
    pub temperature: f32,
    /// Similarity of bars to the previous ones, 0 to 1: 0.5 is the style's drummers', 1 repeats the
    /// first bar exactly.
    pub stick: f32,
    /// Density of the kit, -1 to 1; 0 is the style's drummers'.
    pub density: f32,
    /// Density by lane, -1 to 1.
    pub lanes: [f32; CLASSES],
    /// Drums that are not struck.
    pub off: DrumSet,
    /// Requested fills.
    pub fills: Fills,
    /// Bars per phrase: 1, 2, 4 or 8.
    pub phrase_bars: u8,
    /// True if phrases vary the theme; else they repeat it.
    pub evolve: bool,
    /// Context that the model is fed before the theme.
    pub primer: Primer,
    /// Pinned cells.
    pub pins: Pins,
    /// Target of a morph.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub toward: Option<Toward>,
}

impl Default for Take {
    fn default() -> Self {
        Take {
            model: 0,
            seed: 0,
            style: 0,
            blend: (0, 0.0),
            tempo: 120.0,
            temperature: 1.0,
            stick: 0.5,
            density: 0.0,
            lanes: [0.0; CLASSES],
            off: DrumSet::EMPTY,
            fills: Fills::default(),
            phrase_bars: 4,
            evolve: true,
            primer: Primer::Off,
            pins: Pins::NONE,
            toward: None,
        }
    }
}

impl Take {
    /// The two takes of a morph, and the morph position, 0 to 1. Both lack pins but keep the
    /// primer.
    #[must_use]
    pub fn endpoints(&self) -> Option<([Take; 2], f32)> {
        let toward = self.toward?;
        let one = Take { toward: None, pins: Pins::NONE, ..*self };
        let Toward { share, seed, style, blend, tempo, temperature, stick, density, lanes, off } =
            toward;
        let other =
            Take { seed, style, blend, tempo, temperature, stick, density, lanes, off, ..one };
        Some(([one, other], share.clamp(0.0, 1.0)))
    }

    /// The controls at the morph position. Controls without intermediate values take the nearer
    /// take's.
    #[must_use]
    pub(crate) fn interpolated(&self) -> Take {
        let Some(([one, other], share)) = self.endpoints() else { return *self };
        let near = if share < 0.5 { &one } else { &other };
        let mix = |a: f32, b: f32| a + (b - a) * share;
        Take {
            seed: near.seed,
            // A blend of two blends would have more than two styles.
            style: near.style,
            blend: match [one, other].map(|end| end.blend.1 > 0.0 && end.blend.0 != end.style) {
                [false, false] if share < 0.5 => (other.style, share),
                [false, false] => (one.style, 1.0 - share),
                _ => near.blend,
            },
            tempo: mix(one.tempo, other.tempo),
            temperature: mix(one.temperature, other.temperature),
            stick: mix(one.stick, other.stick),
            density: mix(one.density, other.density),
            lanes: std::array::from_fn(|class| mix(one.lanes[class], other.lanes[class])),
            off: near.off,
            toward: None,
            ..*self
        }
    }

    /// Steps of a played primer, from which the theme continues; `None` without hits.
    #[must_use]
    pub fn primer_steps(&self) -> Option<&[Step]> {
        let Primer::Play(played) = &self.primer else { return None };
        Some(played.steps()).filter(|steps| steps.iter().any(|step| !step.drums().is_empty()))
    }

    /// Bars in a phrase, 1 to 8.
    #[must_use]
    pub fn bars(&self) -> usize {
        usize::from(self.phrase_bars).clamp(1, 8)
    }

    /// Repairs the values of a damaged file: numbers are clamped to their ranges, and NaN becomes
    /// the default.
    #[must_use]
    pub fn repaired(self) -> Self {
        let usual = Take::default();
        let number = |value: f32, usual: f32, least: f32, most: f32| {
            if value.is_finite() { value.clamp(least, most) } else { usual }
        };
        Take {
            blend: (self.blend.0, number(self.blend.1, usual.blend.1, 0.0, 1.0)),
            tempo: number(self.tempo, usual.tempo, 1.0, 10_000.0),
            temperature: number(self.temperature, usual.temperature, 0.01, 100.0),
            stick: number(self.stick, usual.stick, 0.0, 1.0),
            density: number(self.density, usual.density, -1.0, 1.0),
            lanes: self.lanes.map(|lane| number(lane, 0.0, -1.0, 1.0)),
            fills: Fills {
                amount: number(self.fills.amount, usual.fills.amount, 0.0, 1.0),
                ..self.fills
            },
            toward: self.endpoints().map(|([_, other], share)| {
                Toward::new(&other.repaired(), number(share, 0.0, 0.0, 1.0))
            }),
            ..self
        }
    }

    /// The phrase of a bar of the song, and the bar's index in it.
    #[must_use]
    pub fn phrase_of(&self, bar: i64) -> (i64, usize) {
        let bars = i64::try_from(self.bars()).unwrap_or(1);
        (bar.div_euclid(bars), usize::try_from(bar.rem_euclid(bars)).unwrap_or(0))
    }

    /// The first bar of a phrase.
    #[must_use]
    pub fn first_bar(&self, phrase: i64) -> i64 {
        phrase.saturating_mul(i64::try_from(self.bars()).unwrap_or(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Hit;
    use crate::pattern::drum::Drum;
    use crate::take::pins::Pin;

    #[test]
    fn takes_round_trip() {
        let mut step = Step::SILENT;
        step.set(Drum::Snare, Some(Hit::plain(33, -7)));
        let mut take =
            Take { seed: 77, primer: Primer::Play(Played::new(&[step; 3])), ..Take::default() };
        take.pins.set(5, Drum::Crash, Some(Pin::Struck));
        take.pins.set(191, Drum::Kick, Some(Pin::Silent));
        let text = serde_json::to_string(&take).expect("text");
        assert_eq!(serde_json::from_str::<Take>(&text).expect("a take"), take);
        assert!(text.len() < 1_000, "{} letters", text.len());
        assert_eq!(serde_json::from_str::<Take>("{}").expect("a take"), Take::default());
    }

    #[test]
    fn damaged_takes_are_repaired_and_valid_takes_unchanged() {
        let good = Take { stick: 1.0, density: -1.0, temperature: 2.0, ..Take::default() };
        assert_eq!(good.repaired(), good);
        let mut bad = Take { tempo: f32::INFINITY, stick: -3.0, seed: 9, ..Take::default() };
        bad.lanes[8] = f32::NAN;
        bad.fills.amount = 1e30;
        let mut repaired = Take { stick: 0.0, seed: 9, ..Take::default() };
        repaired.fills.amount = 1.0;
        assert_eq!(bad.repaired(), repaired);
    }

    #[test]
    fn each_bar_belongs_to_one_phrase() {
        let take = Take { phrase_bars: 8, ..Take::default() };
        assert_eq!(take.phrase_of(-1), (-1, 7));
        assert_eq!(take.phrase_of(17), (2, 1));
        assert_eq!(take.first_bar(2), 16);
        assert_eq!(Take { phrase_bars: 0, ..take }.phrase_of(3), (3, 0));
    }
}
