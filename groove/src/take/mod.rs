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
mod pad;
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
pub use pad::PadPoint;
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

    /// The take with what the pad adds to its controls and fills, and the pad in the middle; `None`
    /// if it is there. The pad's velocity is a matter of the performance.
    #[must_use]
    pub(crate) fn with_pad_added(&self) -> Option<Take> {
        let pad = self.controls.pad;
        if pad.is_middle() && self.toward.iter().all(|toward| toward.controls.pad.is_middle()) {
            return None;
        }
        let toward = self.toward.map(|Toward { share, controls }| Toward {
            share,
            controls: controls.with_pad_added(),
        });
        let fills = Fills { amount: pad.fill_amount(self.fills.amount), ..self.fills };
        Some(Take { controls: self.controls.with_pad_added(), fills, toward, ..*self })
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

    #[test]
    fn the_middle_adds_nothing_and_dials_stay_behind_the_pad() {
        let mut take = Take::default();
        assert_eq!(take.with_pad_added(), None);
        take.controls.density = 0.75;
        take.controls.lanes[Drum::Ride.index()] = -0.25;
        take.controls.pad = PadPoint::new(0.75, 1.0);
        let added = take.with_pad_added().expect("a point beside the middle");
        assert_eq!(added.controls.density, 1.0, "clamped");
        assert!((added.controls.temperature - 1.1).abs() < 1e-6);
        assert!((added.fills.amount - 0.75).abs() < 1e-6);
        assert_eq!(added.controls.lanes[Drum::Ride.index()], 0.25);
        assert_eq!(added.controls.lanes[Drum::Crash.index()], 0.5);
        assert_eq!(added.controls.lanes[Drum::Kick.index()], 0.0);
        assert_eq!((take.controls.density, added.controls.pad), (0.75, PadPoint::MIDDLE));
        assert_eq!([0.0, 0.5, 1.0].map(|up| PadPoint::new(0.5, up).velocity()), [-20.0, 0.0, 20.0]);
        // Low temperatures stay what they are.
        take.controls.temperature = 0.1;
        take.controls.pad = PadPoint::new(0.0, 0.5);
        assert_eq!(take.with_pad_added().expect("a point").controls.temperature, 0.1);
    }

    #[test]
    fn both_ends_of_a_morph_have_their_own_point() {
        let mut other = TakeControls { seed: 9, ..TakeControls::default() };
        other.pad = PadPoint::new(1.0, 0.5);
        let take = Take { toward: Some(Toward { share: 0.5, controls: other }), ..Take::default() };
        let added = take.with_pad_added().expect("a point");
        assert_eq!((added.controls.density, added.interpolated().controls.density), (0.0, 0.25));
        assert_eq!(take.interpolated().controls.pad, PadPoint::new(0.75, 0.5));
    }

    #[test]
    fn the_middle_is_not_saved_and_a_damaged_point_is_repaired() {
        let text = |take: &Take| serde_json::to_string(take).expect("text");
        assert!(!text(&Take::default()).contains("pad"));
        let take = Take::default().with(|take| take.pad = PadPoint::new(0.25, 0.75));
        let back: Take = serde_json::from_str(&text(&take)).expect("a take");
        assert_eq!(back, take);
        let damaged = r#"{"pad":{"intensity":7}}"#;
        let repaired = serde_json::from_str::<Take>(damaged).expect("a take").repaired();
        assert_eq!(repaired.controls.pad, PadPoint::new(0.5, 1.0));
    }
}
