//! The user's session: takes, history, A/B sides, pins, primers and models. The window changes the
//! music only through it and through single parameters.
//!
//! The window owns a [`Session`] while it is open and calls [`Session::update`] once per frame. A
//! change of the take becomes a history entry once it is stable: a drag of a knob is one entry, and
//! so is a stroke of painted velocities. To set parameters, the window passes a closure, see
//! [`SetParam`]. Nothing here runs the model: slow work is a command to the worker, and
//! [`Session::take_report`] returns its result.

mod chart;
pub mod clip_export;
pub mod clip_files;
pub(crate) mod dropped_file;
mod file_actions;
mod gestures;
mod kit;
mod learning;
mod pins;
#[cfg(test)]
mod tests;
mod undo;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;

use groove::Meter;
use groove::pattern::midi::Clip;
use groove::play::perform::Performance;
use groove::take::history::History;
use groove::take::{Primer, Take, TakeControls, Toward};
use nice_plug::params::Param;

use crate::link::Link;
use crate::params::controls::{self, Controls};
use crate::params::writer::ParamWriter;
pub use crate::params::writer::SetParam;
use crate::params::{DeepPocketParams, PrimeMode};
use crate::project::presets::Preset;
use crate::project::store::ProjectStore;
use crate::session::gestures::{Gesture, Gestures, Rest, equal_performance};

/// Time for which a take must be stable to become a history entry, in seconds.
const SETTLE_SECONDS: f64 = 0.4;

/// Maximum time for the host to apply a parameter, in seconds.
const HOST_TIMEOUT_SECONDS: f64 = 1.0;

/// The user's session. See the module documentation.
pub struct Session {
    params: Arc<DeepPocketParams>,
    link: Arc<Link>,
    /// Time of the last update, in seconds.
    now: f64,
    /// Take at the last update, and since when it is unchanged.
    seen: Take,
    seen_since: f64,
    /// Take that was set but not applied by the host yet, and its timeout.
    in_flight: Option<(Take, f64)>,
    /// The last history entry differs from the one before only by its primer.
    entry_is_primer: bool,
    /// Change counter last reported through the hidden parameter.
    reported_changes: u32,
    /// Last request for bars ahead: number of the take, first bar, phrases.
    requested_ahead: Option<(u32, i64, u8)>,
    /// Last request for a clip of the song: number of the take, meter, first bar, bars.
    requested_song: Option<(u32, Meter, i64, u16)>,
    /// Clip that was humanised last, and notes on it, until its pins are edited.
    humanised: Option<(Clip, String)>,
    /// Gestures to undo.
    gestures: Gestures,
}

/// Side of the A/B comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// First side.
    A,
    /// Second side.
    B,
}

/// Summary of the history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistoryOverview {
    /// There is an earlier take or chart.
    pub can_undo: bool,
    /// There is a later take or chart.
    pub can_redo: bool,
    /// The current take is a favourite.
    pub favourite: bool,
    /// Current side.
    pub side: Side,
    /// The other side has a take.
    pub has_other_side: bool,
    /// Morph position toward the other side, 0 to 1.
    pub morph: f32,
}

impl Session {
    /// Creates a session with the current take.
    #[must_use]
    pub fn new(params: Arc<DeepPocketParams>, link: Arc<Link>) -> Self {
        let marked = params.state.kept().changes();
        let performance = controls::performance(&params);
        let chart = params.state.kept().extras().chart;
        let rest = Rest { performance, chart, trims: params.state.trims().get() };
        let project = params.state.kept().loads();
        let mut session = Session {
            params,
            link,
            now: 0.0,
            seen: Take::default(),
            seen_since: f64::NEG_INFINITY,
            in_flight: None,
            entry_is_primer: false,
            reported_changes: marked,
            requested_ahead: None,
            requested_song: None,
            humanised: None,
            gestures: Gestures::new(rest, project),
        };
        session.seen = session.take();
        session
    }

    fn store(&self) -> &ProjectStore {
        self.params.state.kept()
    }

    /// Returns the take of parameters and project, without held keys.
    #[must_use]
    pub fn take(&self) -> Take {
        let controls = Controls::new(&self.params);
        let extras = self.store().extras();
        let primer = match (controls.prime, extras.primer) {
            (PrimeMode::Play, clip @ Primer::Play(_)) | (PrimeMode::Tap, clip @ Primer::Tap(_)) => {
                clip
            }
            _ => Primer::Off,
        };
        #[expect(clippy::cast_possible_truncation, reason = "the clock's tempo is below 10,000")]
        let now = self.link.status().tempo as f32;
        let tempo = self.params.state.tempo().get().tempo().unwrap_or(now);
        let (pins, toward, model) = (extras.pins, extras.toward, extras.model);
        Take { primer, pins, toward, model, ..controls.take_at(tempo) }
    }

    /// Detects changes; call it once per frame. `now` is in seconds; `busy` means that a gesture is
    /// in progress. Returns the seconds until the next necessary call, if any.
    pub fn update(&mut self, now: f64, busy: bool, set: &mut SetParam) -> Option<f64> {
        self.now = now;
        let rest = self.update_rest(now, busy);
        self.update_take(now, busy, set).into_iter().chain(rest).reduce(f64::min)
    }

    fn update_take(&mut self, now: f64, busy: bool, set: &mut SetParam) -> Option<f64> {
        let take = self.take();
        if let Some((coming, until)) = self.in_flight {
            if !equal_within_rounding(&take, &coming) && now < until {
                return Some(until - now);
            }
            self.in_flight = None;
            (self.seen, self.seen_since) = (take, now);
        }
        if take != self.seen {
            if is_another_beat(&take, &self.seen) {
                self.release_lanes();
            }
            (self.seen, self.seen_since) = (self.take(), now);
        }
        let left = self.seen_since + SETTLE_SECONDS - now;
        if busy || left > 0.0 {
            return Some(left.max(0.0)).filter(|_| !busy && !self.is_recorded());
        }
        self.record();
        let changes = self.store().changes();
        if changes != self.reported_changes {
            self.reported_changes = changes;
            let generation = &self.params.generation;
            let last = generation.preview_plain(1.0);
            let next = if generation.value() < last { generation.value() + 1 } else { 0 };
            set(generation.as_ptr(), generation.preview_normalized(next));
        }
        None
    }

    fn history<R>(&self, act: impl FnOnce(&mut History) -> R) -> R {
        self.store().with_history(&self.seen, act)
    }

    fn is_recorded(&self) -> bool {
        self.history(|history| history.take() == self.seen)
            && self.store().changes() == self.reported_changes
    }

    /// Records the take in the history if it differs from the current entry.
    fn record(&mut self) {
        let (seen, primed) = (self.seen, self.entry_is_primer);
        let known = self.history(|history| history.take());
        if known == seen {
            return;
        }
        if equal_within_rounding(&known, &seen) {
            self.history(|history| history.correct(seen));
        } else {
            // A player changes the primer in every bar.
            let only_primed = equal_within_rounding(&Take { primer: seen.primer, ..known }, &seen);
            let amends = only_primed && primed;
            self.history(|history| if amends { history.amend(seen) } else { history.push(seen) });
            if !amends {
                let gesture = Gesture { take: true, rest: None };
                self.gestures.push_seen(gesture, self.seen_since);
            }
            self.entry_is_primer = only_primed;
        }
        self.store().mark_changed();
    }

    /// Records a change that is not stable yet.
    fn commit_pending(&mut self) {
        self.commit_rest();
        if self.in_flight.is_none() {
            self.seen = self.take();
            self.record();
        }
    }

    /// Returns a summary of the history.
    #[must_use]
    pub fn overview(&self) -> HistoryOverview {
        let toward = self.store().extras().toward;
        let [undoes, redoes] = [self.gestures.can_undo(), self.gestures.can_redo()];
        self.history(|history| {
            let (all, at) = history.all();
            HistoryOverview {
                // An unrecorded change can be undone, too.
                can_undo: undoes || at > 0 || !equal_within_rounding(&history.take(), &self.seen),
                can_redo: redoes || at + 1 < all.len(),
                favourite: history.is_favourite(),
                side: if history.is_b() { Side::B } else { Side::A },
                has_other_side: history.beside().is_some(),
                morph: toward.map_or(0.0, |toward| toward.share),
            }
        })
    }

    /// Starts another take with the same controls, and releases held lanes.
    pub fn new_take(&mut self, set: &mut SetParam) {
        self.set_seed(self.another_seed(), set);
    }

    fn another_seed(&self) -> u32 {
        random_other_seed(self.intended_take().controls.seed, self.last_seed())
    }

    /// Starts the take with this seed, and releases held lanes.
    pub fn set_seed(&mut self, seed: u32, set: &mut SetParam) {
        self.commit_pending();
        self.release_lanes();
        self.start_seed(seed, set);
    }

    /// Starts the take with this seed and the current pins.
    fn start_seed(&mut self, seed: u32, set: &mut SetParam) {
        let take = self.intended_take().with(|take| take.seed = seed.min(self.last_seed()));
        let take = Take { pins: self.pins(), ..take };
        if self.push_take(take) {
            self.gestures.push_take();
        }
        // Its tempo is latched when it is first played.
        let value = i32::try_from(take.controls.seed).unwrap_or(0);
        ParamWriter { send: set, force: true }.set(&self.params.seed, value);
        self.in_flight = Some((take, self.now + HOST_TIMEOUT_SECONDS));
    }

    fn last_seed(&self) -> u32 {
        u32::try_from(self.params.seed.preview_plain(1.0)).unwrap_or(0)
    }

    /// Copies the current take to the other side.
    pub fn copy_to_other_side(&mut self) {
        self.commit_pending();
        self.history(History::copy_beside);
        self.store().mark_changed();
    }

    /// Marks or unmarks the current take as a favourite.
    pub fn set_favourite(&mut self, favourite: bool) {
        self.commit_pending();
        self.history(|history| history.set_favourite(favourite));
        self.store().mark_changed();
    }

    /// Morphs the current take toward the other side, 0 to 1; 0 removes the morph. Returns `false`
    /// if there is no other side.
    pub fn set_morph(&mut self, share: f32) -> bool {
        let Some(other) = self.history(|history| history.beside()) else { return false };
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let toward = (share > 0.0).then_some(Toward { share, controls: other.controls });
        self.store().change(|extras| extras.toward = toward);
        true
    }

    /// Returns the share of the current morph, above 0, and the number of the take at its other
    /// end.
    #[must_use]
    pub fn morph(&self) -> Option<(f32, u32)> {
        let Toward { share, controls } = self.store().extras().toward?;
        Some((share, controls.seed))
    }

    /// Returns `true` if the current take and performance are those of a preset, except for the
    /// tempo.
    #[must_use]
    pub fn sounds_as(&self, preset: &Preset) -> bool {
        equal_within_rounding(&self.intended_take(), &preset.take)
            && equal_performance(&self.performance(), &preset.performance)
    }

    /// Plays a preset.
    pub fn play(&mut self, take: &Take, performance: &Performance, set: &mut SetParam) {
        self.commit_pending();
        let added = self.push_take(*take);
        self.record_preset(added, performance);
        self.apply(take, Some(performance), set);
    }

    /// Takes the preset that the host has loaded since the last call.
    pub(crate) fn take_loaded_preset(&self) -> Option<Preset> {
        self.store().take_loaded_preset()
    }

    /// Returns the favourite takes of the project, the newest first, with their places in the
    /// history.
    #[must_use]
    pub fn favourites(&self) -> Vec<(usize, Take)> {
        self.history(|history| {
            let takes = history.all().0.iter().enumerate().rev();
            takes.filter(|(_, kept)| kept.favourite).map(|(at, kept)| (at, kept.take)).collect()
        })
    }

    /// Returns tempo, in quarter notes per minute, and meter of the song.
    #[must_use]
    pub fn song(&self) -> (f64, Meter) {
        let status = self.link.status();
        (status.tempo, status.meter)
    }

    /// Returns the current performance, for a preset.
    #[must_use]
    pub fn performance(&self) -> Performance {
        controls::performance(&self.params)
    }

    /// Returns the take that will be current once the host has applied all parameters.
    fn intended_take(&self) -> Take {
        self.in_flight.map_or_else(|| self.take(), |(take, _)| take)
    }

    /// Adds a take to the history. Returns `false` if it is the current one.
    fn push_take(&mut self, take: Take) -> bool {
        let added = self.history(|history| {
            let added = history.take() != take;
            history.push(take);
            added
        });
        self.store().mark_changed();
        (self.seen, self.entry_is_primer) = (take, false);
        added
    }

    /// Applies a take to parameters and project.
    fn apply(&mut self, take: &Take, performance: Option<&Performance>, set: &mut SetParam) {
        self.humanised = None;
        let keeps = matches!(Controls::new(&self.params).prime, PrimeMode::Off | PrimeMode::Hold);
        self.store().change(|extras| {
            (extras.pins, extras.toward) = (take.pins, take.toward);
            extras.model = take.model;
            // While nothing is recorded, an empty primer does not replace the stored one.
            if take.primer != Primer::Off || !keeps {
                extras.primer = take.primer;
            }
        });
        self.params.state.tempo().restore(take.controls.seed, take.controls.tempo);
        let mut apply = ParamWriter { send: set, force: self.in_flight.is_some() };
        apply.take(&self.params, take);
        if let Some(performance) = performance {
            apply.performance(&self.params, performance);
        }
        self.store().mark_changed();
        self.link.worker_notify().wake();
        (self.seen, self.entry_is_primer) = (*take, false);
        self.in_flight = Some((*take, self.now + HOST_TIMEOUT_SECONDS));
    }
}

/// Returns `true` if two takes are equal except for their tempo and parameter rounding.
fn equal_within_rounding(one: &Take, other: &Take) -> bool {
    let numbers = |take: &Take| {
        let TakeControls { blend, temperature, stick, density, lanes, pad, .. } = take.controls;
        let single = [blend.1, temperature, stick, density, take.fills.amount];
        single.into_iter().chain([pad.complexity, pad.intensity]).chain(lanes)
    };
    let TakeControls { seed, style, blend, off, .. } = other.controls;
    let blend = (blend.0, one.controls.blend.1);
    let mut rounded = *other;
    rounded.controls = TakeControls { seed, style, blend, off, ..one.controls };
    rounded.fills.amount = one.fills.amount;
    numbers(one).zip(numbers(other)).all(|(a, b)| (a - b).abs() < 1e-3) && rounded == *one
}

/// Returns `true` if two takes differ in what held lanes give way to: seed or styles.
fn is_another_beat(one: &Take, other: &Take) -> bool {
    let of = |take: &Take| {
        let TakeControls { seed, style, blend, .. } = take.controls;
        (seed, style, blend)
    };
    of(one) != of(other)
}

/// Returns a random seed from 0 to `last` that differs from `seed`. The randomness comes from the
/// standard library's hasher, which is seeded anew for every use; the result is saved in the
/// project, so it need not be reproducible.
fn random_other_seed(seed: u32, last: u32) -> u32 {
    let drawn = RandomState::new().hash_one(seed) % u64::from(last.max(1));
    let drawn = u32::try_from(drawn).unwrap_or(0);
    if drawn < seed { drawn } else { drawn + 1 }
}
