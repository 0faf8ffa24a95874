//! What the user does with takes: the one way from the window to what is played, besides single
//! parameters.
//!
//! The window owns a [`Session`] while it is open and calls [`Session::look`] once a frame. Whatever
//! changes the take then becomes an entry of the history when it has settled: a drag of a knob is
//! one entry, and so is a stroke of painted velocities. Where something is to be set in the host,
//! the window passes a closure, see [`SetParam`]. Nothing here runs the model: what takes time is an
//! errand for the worker, and [`Session::said`] tells what came of it.

pub mod clip_export;
pub mod clip_files;
pub(crate) mod dropped_file;
#[cfg(test)]
mod tests;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::PathBuf;
use std::sync::Arc;

use groove::history::History;
use groove::output::MAPS;
use groove::perform::Performance;
use groove::pins::{MOST_PINNED, Pin, Pins};
use groove::take::{Played, Primer, Take, Toward};
use groove::{Bar, Drum, Step};
use nice_plug::params::Param;

use crate::link::Link;
use crate::params::controls::Controls;
use crate::params::writer::ParamWriter;
pub use crate::params::writer::SetParam;
use crate::params::{DeepPocketParams, LaneParams, PhraseBars, PrimeMode};
use crate::project::settings::{Settings, UserMap};
use crate::project::state::{ProjectStore, WorkerCommand};

/// How long a take must stay as it is until it counts as one, in seconds.
const SETTLE_SECONDS: f64 = 0.4;

/// How long the host may take until a parameter has the value that was set, in seconds.
const HOST_TIMEOUT_SECONDS: f64 = 1.0;

/// What the user does with takes. See the top of this module.
pub struct Session {
    params: Arc<DeepPocketParams>,
    link: Arc<Link>,
    /// The time of the last look, in seconds.
    now: f64,
    /// The take as it was last seen, and since when.
    seen: Take,
    seen_since: f64,
    /// The take that was set, until the host has brought it, and how long that may take.
    in_flight: Option<(Take, f64)>,
    /// Whether the last entry of the history is there because other notes were played as primer.
    entry_is_primer: bool,
    /// What the hidden parameter has counted.
    reported_changes: u32,
    /// Of which phrases bars were asked for ahead: number of the take, first bar, how many.
    requested_ahead: Option<(u32, i64, u8)>,
}

/// Which of the two takes that are compared is the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The first.
    A,
    /// The second.
    B,
}

/// What there is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistoryOverview {
    /// There is a take before.
    pub can_undo: bool,
    /// There is a take after.
    pub can_redo: bool,
    /// The present take is a favourite.
    pub favourite: bool,
    /// Takes in the history, and the place of the present one.
    pub takes: usize,
    /// From 0.
    pub at: usize,
    /// Which side is the present take.
    pub side: Side,
    /// The other side has a take.
    pub has_other_side: bool,
    /// How far the present take has come to the other side, 0 to 1.
    pub morph: f32,
}

/// An entry of the history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistoryEntry {
    /// Its place, for [`Session::go`].
    pub place: usize,
    /// Its seed.
    pub seed: u32,
    /// Its style number.
    pub style: u8,
    /// Whether it is a favourite.
    pub favourite: bool,
}

impl Session {
    /// A desk with the take as it is.
    #[must_use]
    pub fn new(params: Arc<DeepPocketParams>, link: Arc<Link>) -> Self {
        let marked = params.state.kept().changes();
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
        };
        session.seen = session.take();
        session
    }

    fn store(&self) -> &ProjectStore {
        self.params.state.kept()
    }

    /// The take as parameters and project have it now, but for keys that are held.
    #[must_use]
    pub fn take(&self) -> Take {
        let Controls { take, prime, .. } = Controls::new(&self.params);
        let extras = self.store().extras();
        let primer = match (prime, extras.primer) {
            (PrimeMode::Play, clip @ Primer::Play(_)) | (PrimeMode::Tap, clip @ Primer::Tap(_)) => {
                clip
            }
            _ => Primer::Off,
        };
        #[expect(clippy::cast_possible_truncation, reason = "the clock's tempo is below 10,000")]
        let now = self.link.status().tempo as f32;
        let tempo = self.params.state.take_tempo().tempo().unwrap_or(now);
        let (pins, toward, model) = (extras.pins, extras.toward, extras.model);
        Take { tempo, primer, pins, toward, model, ..take.into() }
    }

    /// Looks what has changed. To be called once a frame; `now` is in seconds, and `busy` says that
    /// a gesture is going on. Gives the seconds after which to look again, if there is a reason.
    pub fn update(&mut self, now: f64, busy: bool, set: &mut SetParam) -> Option<f64> {
        self.now = now;
        let take = self.take();
        if let Some((coming, until)) = self.in_flight {
            if !equal_within_rounding(&take, &coming) && now < until {
                return Some(until - now);
            }
            self.in_flight = None;
            (self.seen, self.seen_since) = (take, now);
        }
        if take != self.seen {
            (self.seen, self.seen_since) = (take, now);
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

    /// The take as it was last seen is the present entry of the history.
    fn record(&mut self) {
        let (seen, primed) = (self.seen, self.entry_is_primer);
        let known = self.history(|history| history.take());
        if known == seen {
            return;
        }
        if equal_within_rounding(&known, &seen) {
            self.history(|history| history.correct(seen));
        } else {
            // As long as somebody plays, the primer is another one in each bar.
            let only_primed = equal_within_rounding(&Take { primer: seen.primer, ..known }, &seen);
            self.history(|history| match only_primed && primed {
                true => history.amend(seen),
                false => history.push(seen),
            });
            self.entry_is_primer = only_primed;
        }
        self.store().mark_changed();
    }

    /// What has not settled yet is an entry of its own now.
    fn commit_pending(&mut self) {
        if self.in_flight.is_none() {
            self.seen = self.take();
            self.record();
        }
    }

    /// What there is to be done.
    #[must_use]
    pub fn overview(&self) -> HistoryOverview {
        let toward = self.store().extras().toward;
        self.history(|history| {
            let (all, at) = history.all();
            HistoryOverview {
                // What has not settled can be undone as well.
                can_undo: at > 0 || !equal_within_rounding(&history.take(), &self.seen),
                can_redo: at + 1 < all.len(),
                favourite: history.is_favourite(),
                takes: all.len(),
                at,
                side: if history.is_b() { Side::B } else { Side::A },
                has_other_side: history.beside().is_some(),
                morph: toward.map_or(0.0, |toward| toward.share),
            }
        })
    }

    /// All takes, in the order of undo.
    #[must_use]
    pub fn history_entries(&self) -> Vec<HistoryEntry> {
        self.history(|history| {
            let entry = |(place, kept): (usize, &groove::history::Kept)| HistoryEntry {
                place,
                seed: kept.take.seed,
                style: kept.take.style,
                favourite: kept.favourite,
            };
            history.all().0.iter().enumerate().map(entry).collect()
        })
    }

    /// Another take with the same controls.
    pub fn new_take(&mut self, set: &mut SetParam) {
        let last = u32::try_from(self.params.seed.preview_plain(1.0)).unwrap_or(0);
        let seed = random_other_seed(self.intended_take().seed, last);
        self.set_seed(seed, set);
    }

    /// The take with this number.
    pub fn set_seed(&mut self, seed: u32, set: &mut SetParam) {
        self.commit_pending();
        let last = u32::try_from(self.params.seed.preview_plain(1.0)).unwrap_or(0);
        let take = Take { seed: seed.min(last), ..self.intended_take() };
        self.push_take(take);
        // It is played at the tempo of the song when it is first heard.
        let value = i32::try_from(take.seed).unwrap_or(0);
        ParamWriter { send: set, force: true }.set(&self.params.seed, value);
        self.in_flight = Some((take, self.now + HOST_TIMEOUT_SECONDS));
    }

    /// Back to the take before; says whether there was one.
    pub fn undo(&mut self, set: &mut SetParam) -> bool {
        self.move_in_history(set, History::undo)
    }

    /// On to the take after; says whether there was one.
    pub fn redo(&mut self, set: &mut SetParam) -> bool {
        self.move_in_history(set, History::redo)
    }

    /// To a take by its place in the history; says whether there is one.
    pub fn go_to(&mut self, place: usize, set: &mut SetParam) -> bool {
        self.move_in_history(set, |history| history.go(Some(place)))
    }

    /// The present take becomes the other side, and the other side the present one. The first time
    /// both are the same.
    pub fn switch_sides(&mut self, set: &mut SetParam) {
        self.move_in_history(set, |history| {
            history.swap();
            true
        });
    }

    fn move_in_history(
        &mut self,
        set: &mut SetParam,
        act: impl FnOnce(&mut History) -> bool,
    ) -> bool {
        self.commit_pending();
        let moved = self.history(act);
        if moved {
            let take = self.history(|history| history.take());
            self.apply(&take, None, set);
        }
        moved
    }

    /// The other side is the present take as well.
    pub fn copy_to_other_side(&mut self) {
        self.commit_pending();
        self.history(History::copy_beside);
        self.store().mark_changed();
    }

    /// Makes the present take a favourite, or no longer.
    pub fn set_favourite(&mut self, favourite: bool) {
        self.commit_pending();
        self.history(|history| history.set_favourite(favourite));
        self.store().mark_changed();
    }

    /// Leads the present take so far to the other side's, 0 to 1; 0 leaves it as it is. Says
    /// whether there is another side.
    pub fn set_morph(&mut self, share: f32) -> bool {
        let Some(other) = self.history(|history| history.beside()) else { return false };
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let toward = (share > 0.0).then(|| Toward::new(&other, share));
        self.store().change(|extras| extras.toward = toward);
        true
    }

    /// Plays a preset's take, as it says.
    pub fn play(&mut self, take: &Take, performance: &Performance, set: &mut SetParam) {
        self.commit_pending();
        self.push_take(*take);
        self.apply(take, Some(performance), set);
    }

    /// How hits are played now, for a preset.
    #[must_use]
    pub fn performance(&self) -> Performance {
        Controls::new(&self.params).performance
    }

    /// The take that will be there when the host has set what is on its way.
    fn intended_take(&self) -> Take {
        self.in_flight.map_or_else(|| self.take(), |(take, _)| take)
    }

    fn push_take(&mut self, take: Take) {
        self.history(|history| history.push(take));
        self.store().mark_changed();
        (self.seen, self.entry_is_primer) = (take, false);
    }

    /// Sets all that a take is.
    fn apply(&mut self, take: &Take, performance: Option<&Performance>, set: &mut SetParam) {
        let keeps = matches!(Controls::new(&self.params).prime, PrimeMode::Off | PrimeMode::Hold);
        self.store().change(|extras| {
            (extras.pins, extras.toward) = (take.pins, take.toward);
            extras.model = take.model;
            // Where nobody listens, no primer says nothing about the clip that is kept.
            if take.primer != Primer::Off || !keeps {
                extras.primer = take.primer;
            }
        });
        self.params.state.restore_tempo(take.seed, take.tempo);
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

/// Pins. Steps are those of the take's phrase, from 0.
impl Session {
    /// What is pinned.
    #[must_use]
    pub fn pins(&self) -> Pins {
        self.store().extras().pins
    }

    /// Pins a cell, or frees it.
    pub fn pin(&mut self, step: usize, drum: Drum, pin: Option<Pin>) {
        self.store().change(|extras| extras.pins.set(step, drum, pin));
    }

    /// Turns a cell over, given whether it sounds: what sounds is pinned silent, what does not is
    /// pinned struck.
    pub fn toggle(&mut self, step: usize, drum: Drum, sounds: bool) {
        self.pin(step, drum, Some(if sounds { Pin::Silent } else { Pin::Struck }));
    }

    /// Pins a lane as it sounds in these steps, the first of the phrase.
    pub fn keep_lane(&mut self, drum: Drum, steps: &[Step]) {
        self.store().change(|extras| extras.pins.keep_lane(drum, steps));
    }

    /// Frees a lane.
    pub fn free_lane(&mut self, drum: Drum) {
        self.store().change(|extras| extras.pins.free_lane(drum));
    }

    /// Pins all lanes as they sound in these steps, the first of the phrase.
    pub fn keep_all(&mut self, steps: &[Step]) {
        self.store().change(|extras| extras.pins = Pins::all(steps));
    }

    /// Frees everything.
    pub fn free_all(&mut self) {
        self.store().change(|extras| extras.pins = Pins::NONE);
    }

    /// Pins a lane as it sounds in these steps, the whole phrase, moved later by so many of them
    /// round the phrase.
    pub fn shift_lane(&mut self, drum: Drum, steps: &[Step], by: i32) {
        let count = steps.len().min(MOST_PINNED);
        let by = i64::from(by).rem_euclid(i64::try_from(count.max(1)).unwrap_or(1));
        let mut moved = steps[..count].to_vec();
        moved.rotate_right(usize::try_from(by).unwrap_or(0));
        self.keep_lane(drum, &moved);
    }
}

/// Dropped files, models and what is played.
impl Session {
    /// What was played, tapped or dropped last, whether or not the drummer listens to it.
    #[must_use]
    pub fn primer(&self) -> Primer {
        self.store().extras().primer
    }

    /// The drummer carries on from a MIDI file: its last four bars. Says how much of it.
    ///
    /// # Errors
    /// A sentence that says why it cannot.
    pub fn prime_with(&mut self, file: &[u8], set: &mut SetParam) -> Result<String, String> {
        self.commit_pending();
        let meter = self.link.status().meter;
        let clip = dropped_file::read(file, meter)?;
        let played = Played::new(&clip.steps);
        if played.steps().iter().all(|step| step.drums().is_empty()) {
            return Err("The last bars of the file are silent.".into());
        }
        self.entry_is_primer = false;
        self.store().change(|extras| extras.primer = Primer::Play(played));
        ParamWriter { send: set, force: true }.set(&self.params.prime.mode, PrimeMode::Play);
        let bars = played.steps().len() / meter.steps();
        let bars = if bars == 1 { "1 bar".to_owned() } else { format!("{bars} bars") };
        Ok(format!("The drummer carries on from {bars} of the file."))
    }

    /// Forgets what was played, tapped or dropped.
    pub fn clear_primer(&mut self) {
        self.commit_pending();
        self.entry_is_primer = false;
        self.store().change(|extras| extras.primer = Primer::Off);
    }

    /// Plays the hits of a MIDI file as the drummer would strike them: its first phrase is pinned
    /// so, in a moment.
    ///
    /// # Errors
    /// A sentence that says why it cannot.
    pub fn humanise(&mut self, file: &[u8], set: &mut SetParam) -> Result<(), String> {
        self.commit_pending();
        let meter = self.link.status().meter;
        let mut clip = dropped_file::read(file, meter)?;
        let bars = match clip.steps.len() / meter.steps() {
            0 | 1 => PhraseBars::One,
            2 | 3 => PhraseBars::Two,
            4..8 => PhraseBars::Four,
            _ => PhraseBars::Eight,
        };
        let count = [1, 2, 4, 8][bars as usize];
        clip.steps.truncate((count * meter.steps()).min(MOST_PINNED));
        ParamWriter { send: set, force: true }.set(&self.params.drummer.phrase, bars);
        self.send(WorkerCommand::Humanise(clip, Box::new(self.take())));
        Ok(())
    }

    /// Plays with a model file; `None`: with the built-in model. It is read while the old one plays.
    pub fn choose_model(&mut self, file: Option<PathBuf>) {
        self.commit_pending();
        self.send(WorkerCommand::ChooseModel(file));
    }

    /// Takes a model file into the user's folder and plays with it.
    pub fn load_model(&mut self, file: PathBuf) {
        self.commit_pending();
        self.send(WorkerCommand::ImportModel(file));
    }

    /// New instances begin with the present drum map. What came of it is said with the next errand.
    pub fn save_default_map(&self) {
        let DeepPocketParams { output, lanes, .. } = &*self.params;
        let place = usize::try_from(output.map.value()).unwrap_or(0).min(MAPS.len() - 1);
        let pitch = |lane: &LaneParams| u8::try_from(lane.pitch.value()).unwrap_or(0);
        let map = UserMap { name: MAPS[place].0.into(), pitches: lanes.each_ref().map(pitch) };
        let said = format!("New instances begin with the drum map {}.", map.name);
        self.store().report(Settings::change(|settings| settings.map = Some(map)).map(|()| said));
    }

    /// Has the phrases played that follow the one that is shown, so that a clip can have so many:
    /// it is there in a moment. To be called as often as one likes.
    pub fn play_ahead(&mut self, phrases: u8) {
        let Some(shown) = self.link.phrases().playing else { return };
        let wanted = (shown.number, shown.first_bar, phrases);
        let bars = u16::try_from(shown.bars.len()).unwrap_or(1);
        let Some(meter) = shown.bars.first().map(Bar::meter) else { return };
        if self.requested_ahead.replace(wanted) != Some(wanted) {
            // In double time a bar of the song may be made of the bar before or after, too.
            let count = bars * u16::from(phrases) + 2;
            self.send(WorkerCommand::PlayAhead(
                Box::new(shown.take),
                meter,
                shown.first_bar - 1,
                count,
            ));
        }
    }

    /// What came of the last errand, once: a sentence either way.
    #[must_use]
    pub fn take_report(&self) -> Option<Result<String, String>> {
        self.store().take_report()
    }

    fn send(&self, errand: WorkerCommand) {
        self.store().send(errand);
        self.link.worker_notify().wake();
    }
}

/// Whether two takes are the same but for the tempo at which they were first played, and for what
/// a parameter rounds off.
fn equal_within_rounding(one: &Take, other: &Take) -> bool {
    let near = |a: f32, b: f32| (a - b).abs() < 1e-3;
    let controls = [
        (one.blend.1, other.blend.1),
        (one.temperature, other.temperature),
        (one.stick, other.stick),
        (one.density, other.density),
        (one.fills.amount, other.fills.amount),
    ];
    let lanes = one.lanes.into_iter().zip(other.lanes);
    let mut rounded = *other;
    (rounded.tempo, rounded.temperature) = (one.tempo, one.temperature);
    (rounded.blend.1, rounded.stick, rounded.density) = (one.blend.1, one.stick, one.density);
    (rounded.fills.amount, rounded.lanes) = (one.fills.amount, one.lanes);
    controls.into_iter().chain(lanes).all(|(a, b)| near(a, b)) && rounded == *one
}

/// A seed from 0 to `last` that is not this one. Chance comes from the hasher that the standard
/// library seeds anew for every use: what is drawn is kept in the project, so nothing depends on
/// how it was drawn.
fn random_other_seed(seed: u32, last: u32) -> u32 {
    let drawn = RandomState::new().hash_one(seed) % u64::from(last.max(1));
    let drawn = u32::try_from(drawn).unwrap_or(0);
    if drawn < seed { drawn } else { drawn + 1 }
}
