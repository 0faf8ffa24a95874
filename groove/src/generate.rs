//! A take and a song position to a bar.
//!
//! Phrase 0 of a take is its theme. Phrase `k` is what the drummer plays after the theme, with
//! draws of its own: it needs the theme, but no phrase between. So the bar at a song position is
//! a function of the take, the meter and the position alone, whatever was asked for before.

use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::balance::{Lean, lean_on};
use crate::drum::{CLASSES, DrumSet};
use crate::encode::Kind;
use crate::feel::{CLASS_OUTPUTS, FEEL_LOGITS, References, VELOCITY_BINS, add_references, hit_at};
use crate::memory::Memory;
use crate::model::{Model, ModelError, State};
use crate::pattern::{Bar, Meter, Step, bars};

/// Bars in a phrase; phrase `k` is bars `4k` to `4k + 3`.
pub const PHRASE_BARS: i64 = 4;

/// Added to the logit of a subset for each held drum in it: a held drum is about twelve times as
/// likely as the drummer would have it.
const HELD_BIAS: f32 = 2.5;

/// Where fills are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fills {
    /// Every so many bars of the song end with one; 0 is never.
    pub every: u32,
    /// Length in steps; at most two bars are used, and at most so many bars as above.
    pub steps: u32,
}

impl Fills {
    /// Whether a step of a bar of the song is part of a fill.
    #[must_use]
    pub fn cover(self, meter: Meter, bar: i64, step: usize) -> bool {
        if self.every == 0 {
            return false;
        }
        let every = i64::from(self.every);
        let length = i64::try_from(meter.steps()).unwrap_or(i64::MAX);
        let bars_after = every - 1 - bar.rem_euclid(every);
        let left = (bars_after + 1) * length - i64::try_from(step).unwrap_or(0);
        left <= i64::from(self.steps).min(2 * length)
    }
}

/// Everything that decides what is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Take {
    /// Which of the many possible takes.
    pub seed: u32,
    /// Style number as in [`crate::style`].
    pub style: u8,
    /// How daring: 1 is as the drummers of the data, less is safer.
    pub temperature: f32,
    /// The tempo that the drummer has in mind, in quarter notes a minute.
    pub tempo: f32,
    /// Drums that the user holds: the theme begins with them, and they stay favoured.
    pub held: DrumSet,
    /// Where fills are asked for.
    pub fills: Fills,
}

/// A drummer: a model and the phrases that it played last.
#[derive(Debug)]
pub struct Drummer {
    model: Arc<Model>,
    /// Theme of the last take and meter, with the states after it.
    theme: Option<Theme>,
    /// Last phrase asked for, of that theme.
    phrase: Option<(i64, Vec<Bar>)>,
}

#[derive(Debug)]
struct Theme {
    take: Take,
    meter: Meter,
    after: Player,
}

impl Drummer {
    /// A drummer with this model.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        Drummer { model, theme: None, phrase: None }
    }

    /// The bar at a song position: a pure function of the arguments. Takes some milliseconds for
    /// the first bar of a phrase, and nothing for the others.
    ///
    /// # Errors
    /// When the network cannot be computed.
    pub fn bar(&mut self, take: &Take, meter: Meter, bar: i64) -> Result<Bar, ModelError> {
        let phrase = bar.div_euclid(PHRASE_BARS);
        let place = usize::try_from(bar.rem_euclid(PHRASE_BARS)).unwrap_or(0);
        if self.theme.as_ref().is_none_or(|t| t.take != *take || t.meter != meter) {
            self.phrase = None;
            let mut after = Player::new(&self.model);
            after.play_phrase(&self.model, take, meter, 0)?;
            self.theme = Some(Theme { take: *take, meter, after });
        }
        let Some(theme) = &self.theme else { return Ok(Bar::silent(meter)) };
        if self.phrase.as_ref().is_none_or(|(number, _)| *number != phrase) {
            let steps = match phrase {
                0 => theme.after.steps.clone(),
                _ => {
                    let mut player = theme.after.clone();
                    player.play_phrase(&self.model, take, meter, phrase)?;
                    player.steps.split_off(theme.after.steps.len())
                }
            };
            let pitches = self.model.metadata().classes.pitches();
            let bars = bars(&steps, meter).into_iter().map(|bar| bar.at(pitches));
            self.phrase = Some((phrase, bars.collect()));
        }
        let played = self.phrase.as_ref().and_then(|(_, bars)| bars.get(place).copied());
        Ok(played.unwrap_or(Bar::silent(meter)))
    }
}

/// The networks' states and the steps that led to them.
#[derive(Clone, Debug)]
struct Player {
    state: State,
    steps: Vec<Step>,
}

impl Player {
    fn new(model: &Model) -> Self {
        Player { state: model.start(), steps: Vec::new() }
    }

    fn play_phrase(
        &mut self,
        model: &Model,
        take: &Take,
        meter: Meter,
        phrase: i64,
    ) -> Result<(), ModelError> {
        for bar in 0..PHRASE_BARS {
            // Draws come from the seed and the bar's place in the song, never from history.
            let mut draws = ChaCha8Rng::seed_from_u64(u64::from(take.seed));
            draws.set_stream((phrase * PHRASE_BARS + bar).cast_unsigned());
            let bar = phrase * PHRASE_BARS + bar;
            for step in 0..meter.steps() {
                let fill = take.fills.cover(meter, bar, step);
                let kind = Kind { style: take.style, tempo: take.tempo, meter, fill };
                self.play_step(model, take, &kind, &mut draws)?;
            }
        }
        Ok(())
    }

    fn play_step(
        &mut self,
        model: &Model,
        take: &Take,
        kind: &Kind,
        draws: &mut impl Rng,
    ) -> Result<(), ModelError> {
        let metadata = model.metadata();
        let mut row = vec![0.0; metadata.feel_row()];
        let (told, cells) = row.split_at_mut(metadata.row());
        metadata.write_row(&self.steps, kind, told);
        let memory = Memory::at(&self.steps, kind.meter);
        let mut logits = model.hits(&mut self.state, told, &memory)?;
        lean_on(&mut logits, &self.lean(model, take, kind));
        if self.steps.is_empty() {
            insist_on(&mut logits, metadata.classes.set(take.held));
        }
        let drums = draw(&logits, take.temperature, draws.random());
        let drums = DrumSet::from_bits(u16::try_from(drums).unwrap_or(0));
        let references = References::at(&self.steps, &memory, kind.meter);
        references.write(drums, cells);
        let feel = model.feel(&mut self.state, &row)?;
        // The same number of draws at every step, whatever is struck.
        let places: [[f32; 4]; CLASSES] = std::array::from_fn(|_| draws.random());
        let mut step = Step::SILENT;
        for drum in drums.iter() {
            let outputs = &feel[drum.index() * CLASS_OUTPUTS..][..CLASS_OUTPUTS];
            let mut logits = [0.0; FEEL_LOGITS];
            add_references(outputs, &references.bins(drum), &mut logits);
            let (velocity, offset) = logits.split_at(VELOCITY_BINS);
            let [v, in_v, o, in_o] = places[drum.index()];
            let velocity = draw(velocity, 1.0, v) as f32 + in_v;
            let offset = draw(offset, 1.0, o) as f32 + in_o;
            step.set(drum, Some(hit_at(velocity, offset)));
        }
        self.steps.push(step);
        Ok(())
    }

    /// The style's balance, but in fills; and the held drums are favoured.
    fn lean(&self, model: &Model, take: &Take, kind: &Kind) -> Lean {
        let mut lean = [0.0; CLASSES];
        if !kind.fill {
            lean = model.metadata().balance(take.style).lean(&self.steps, kind.meter.steps());
        }
        let held = model.metadata().classes.set(take.held);
        held.iter().for_each(|drum| lean[drum.index()] += HELD_BIAS);
        lean
    }
}

/// Leaves the subsets without one of these drums out.
fn insist_on(logits: &mut [f32], drums: DrumSet) {
    for (bits, logit) in (0..).zip(logits.iter_mut()) {
        if bits & drums.bits() != drums.bits() {
            *logit = f32::NEG_INFINITY;
        }
    }
}

/// The outcome at `place` (0 to 1) of the cumulative distribution of logits over a temperature.
fn draw(logits: &[f32], temperature: f32, place: f32) -> usize {
    let temperature = temperature.clamp(0.01, 100.0);
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: f32| f64::from((logit - top) / temperature).exp();
    let total: f64 = logits.iter().map(|&logit| weight(logit)).sum();
    let mut left = f64::from(place) * total;
    for (outcome, &logit) in logits.iter().enumerate() {
        left -= weight(logit);
        if left < 0.0 {
            return outcome;
        }
    }
    // Rounding left a grain over: the likeliest outcome is certainly a possible one.
    logits.iter().position(|&logit| logit >= top).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drum::Drum;
    use crate::metadata::Metadata;
    use crate::model::tests::{kinds, small_bytes};

    fn drummer_of(metadata: &Metadata) -> Drummer {
        Drummer::new(Arc::new(Model::from_bytes(&small_bytes(metadata, false)).expect("a model")))
    }

    fn drummer() -> Drummer {
        drummer_of(&kinds()[0])
    }

    const TAKE: Take = Take {
        seed: 7,
        style: 17,
        temperature: 1.0,
        tempo: 120.0,
        held: DrumSet::EMPTY,
        fills: Fills { every: 0, steps: 0 },
    };

    #[test]
    fn a_bar_depends_on_its_place_alone() {
        let order = [3, 9, -5, 0, 9, 3, 1_000_000, -5];
        let mut one = drummer();
        for bar in order {
            let played = one.bar(&TAKE, Meter::FOUR_FOUR, bar).expect("a bar");
            let fresh = drummer().bar(&TAKE, Meter::FOUR_FOUR, bar).expect("a bar");
            assert_eq!(played, fresh, "bar {bar}");
        }
    }

    #[test]
    fn seed_meter_and_position_each_change_the_bar() {
        let mut one = drummer();
        let first = one.bar(&TAKE, Meter::FOUR_FOUR, 0).expect("a bar");
        let other = one.bar(&Take { seed: 8, ..TAKE }, Meter::FOUR_FOUR, 0).expect("a bar");
        assert_ne!(first, other);
        assert_ne!(first, one.bar(&TAKE, Meter::FOUR_FOUR, 4).expect("a bar"));
        let odd = one.bar(&TAKE, Meter::new(7, 8), 0).expect("a bar");
        assert_eq!(odd.steps().len(), 14);
    }

    #[test]
    fn held_drums_begin_the_theme_and_are_favoured() {
        let held: DrumSet = [Drum::Ride, Drum::LowTom].into_iter().collect();
        let mut one = drummer();
        let mut count = |take: &Take| -> usize {
            let bars: Vec<Bar> =
                (0..8).map(|k| one.bar(take, Meter::FOUR_FOUR, k).expect("a bar")).collect();
            if take.held == held {
                let first = bars[0].steps()[0].drums();
                assert!(held.iter().all(|drum| first.contains(drum)));
            }
            bars.iter()
                .flat_map(|bar| bar.steps())
                .filter(|step| step.drums().contains(Drum::Ride))
                .count()
        };
        assert!(count(&Take { held, ..TAKE }) > count(&TAKE));
    }

    #[test]
    fn a_model_of_any_kind_plays_its_own_classes_at_their_pitches() {
        let all: DrumSet = Drum::ALL.into_iter().collect();
        for metadata in kinds() {
            let kit = &metadata.classes;
            let mut one = drummer_of(&metadata);
            let take = Take { held: all, temperature: 3.0, ..TAKE };
            let bars: Vec<Bar> =
                (-4..8).map(|k| one.bar(&take, Meter::FOUR_FOUR, k).expect("a bar")).collect();
            // Held drums that it has begin the theme; it strikes nothing else.
            assert_eq!(bars[4].steps()[0].drums(), kit.set(all));
            let steps = || bars.iter().flat_map(|bar| bar.steps());
            assert!(steps().all(|step| usize::from(step.drums().bits()) < kit.subsets()));
            let velocities = steps().flat_map(|step| step.hits()).map(|(_, hit)| hit.velocity);
            assert!(velocities.collect::<std::collections::HashSet<_>>().len() > 5);
            for (drum, class) in kit.lanes() {
                assert!(bars.iter().all(|bar| bar.pitch(drum) == class.pitch));
            }
            assert_eq!(
                bars[5],
                drummer_of(&metadata).bar(&take, Meter::FOUR_FOUR, 1).expect("a bar")
            );
        }
    }

    #[test]
    fn a_draw_is_the_cumulative_distribution() {
        let logits = [0.0, f32::NEG_INFINITY, 3f32.ln()];
        for (place, outcome) in [(0.0, 0), (0.2, 0), (0.26, 2), (0.999, 2), (1.0, 2)] {
            assert_eq!(draw(&logits, 1.0, place), outcome, "at {place}");
        }
        assert_eq!(draw(&logits, 0.01, 0.3), 2);
    }
}
