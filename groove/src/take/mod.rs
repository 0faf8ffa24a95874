//! Takes: everything that decides the notes. A take is a small value without references, so that it
//! can be compared, stored in a history, saved with a project and sent to the audio thread.
//!
//! `crate::generate` plays takes. Controls that only change the performance of given hits are not
//! part of a take, see [`crate::play::perform`].

pub mod bounded_tail;
pub mod chart;
mod controls;
mod fills;
pub mod history;
pub mod midi_capture;
mod packed_hits;
mod performed;
pub mod pins;
mod primer;
pub mod stage;

use serde::{Deserialize, Serialize};

use crate::pattern::Step;

use chart::{Chart, USUAL_INTENSITY};
pub use controls::TakeControls;
use controls::repaired;
pub(crate) use fills::FillPlace;
pub use fills::Fills;
pub use performed::StageAct;
use pins::Pins;
pub use primer::{MAX_PRIMER_STEPS, Played, Primer, Rhythm};
use stage::Stage;

/// Target of a morph: the controls that decide another take's theme. Primer, pins, phrases and
/// fills are the first take's alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Toward {
    /// Morph position, 0 to 1.
    pub share: f32,
    /// Controls of the other take.
    #[serde(flatten)]
    pub controls: TakeControls,
}

/// Everything that decides the notes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Take {
    /// Identity of the model, [`Model::identity`]; 0 is any model.
    ///
    /// [`Model::identity`]: crate::model::Model::identity
    pub model: u64,
    /// Controls of the theme.
    #[serde(flatten)]
    pub controls: TakeControls,
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
    /// Loudness and fullness, 0 to 1; [`USUAL_INTENSITY`] is the style's drummers'. The sections of
    /// a chart have their own.
    #[serde(skip_serializing_if = "is_usual")]
    pub intensity: f32,
    /// Sections, accents and stops of the song.
    #[serde(skip_serializing_if = "Chart::is_empty")]
    pub chart: Chart,
    /// Requests of a player on stage, which are never saved.
    #[serde(skip)]
    pub stage: Stage,
}

fn is_usual(intensity: &f32) -> bool {
    *intensity == USUAL_INTENSITY
}

impl Default for Take {
    fn default() -> Self {
        Take {
            model: 0,
            controls: TakeControls::default(),
            fills: Fills::default(),
            phrase_bars: 4,
            evolve: true,
            primer: Primer::Off,
            pins: Pins::NONE,
            toward: None,
            intensity: USUAL_INTENSITY,
            chart: Chart::default(),
            stage: Stage::default(),
        }
    }
}

impl From<TakeControls> for Take {
    /// A take with these controls and defaults for everything else.
    fn from(controls: TakeControls) -> Self {
        Take { controls, ..Take::default() }
    }
}

impl Take {
    /// The take with changed controls.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut TakeControls)) -> Self {
        change(&mut self.controls);
        self
    }

    /// The two takes of a morph, and the morph position, 0 to 1. Both lack pins but keep the
    /// primer.
    #[must_use]
    pub fn endpoints(&self) -> Option<([Take; 2], f32)> {
        let Toward { share, controls } = self.toward?;
        let one = Take { toward: None, pins: Pins::NONE, ..*self };
        Some(([one, Take { controls, ..one }], share.clamp(0.0, 1.0)))
    }

    /// The take at the morph position.
    #[must_use]
    pub(crate) fn interpolated(&self) -> Take {
        let Some(Toward { share, controls }) = self.toward else { return *self };
        let controls = self.controls.interpolated(&controls, share.clamp(0.0, 1.0));
        Take { controls, toward: None, ..*self }
    }

    /// Steps of a played primer, from which the theme continues; `None` without hits.
    #[must_use]
    pub fn primer_steps(&self) -> Option<Vec<Step>> {
        let Primer::Play(played) = &self.primer else { return None };
        self.is_primed().then(|| played.steps())
    }

    /// Returns true if the theme continues from a played primer.
    pub(crate) fn is_primed(&self) -> bool {
        matches!(&self.primer, Primer::Play(played) if played.has_hits())
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
        let amount = repaired(self.fills.amount, Fills::default().amount, 0.0, 1.0);
        Take {
            controls: self.controls.repaired(),
            fills: Fills { amount, ..self.fills },
            intensity: repaired(self.intensity, USUAL_INTENSITY, 0.0, 1.0),
            toward: self.toward.map(|Toward { share, controls }| Toward {
                share: repaired(share, 0.0, 0.0, 1.0),
                controls: controls.repaired(),
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
        let mut take = Take {
            controls: TakeControls { seed: 77, ..TakeControls::default() },
            primer: Primer::Play(Played::new(&[step; 3])),
            ..Take::default()
        };
        take.pins.set(5, Drum::Crash, Some(Pin::Struck));
        take.pins.set(191, Drum::Kick, Some(Pin::Silent));
        let text = serde_json::to_string(&take).expect("text");
        assert_eq!(serde_json::from_str::<Take>(&text).expect("a take"), take);
        assert!(text.len() < 1_000, "{} letters", text.len());
        assert_eq!(serde_json::from_str::<Take>("{}").expect("a take"), Take::default());
    }

    #[test]
    fn damaged_takes_are_repaired_and_valid_takes_unchanged() {
        let good = Take::from(TakeControls {
            stick: 1.0,
            density: -1.0,
            temperature: 2.0,
            ..TakeControls::default()
        });
        assert_eq!(good.repaired(), good);
        let mut bad = Take::from(TakeControls {
            tempo: f32::INFINITY,
            stick: -3.0,
            seed: 9,
            ..TakeControls::default()
        });
        bad.controls.lanes[8] = f32::NAN;
        bad.fills.amount = 1e30;
        let mut repaired =
            Take::from(TakeControls { stick: 0.0, seed: 9, ..TakeControls::default() });
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
