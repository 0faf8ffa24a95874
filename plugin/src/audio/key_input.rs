//! What the drummer hears: keys that are held, what is played on them, and what the project says
//! of primers and pins. All of it becomes part of the take.

use groove::clock::{Block, Grid, TICKS_PER_BEAT};
use groove::pattern::TICKS_PER_STEP;
use groove::prime::Ear;
use groove::take::{Primer, Take};
use groove::{Drum, DrumSet};
use triple_buffer::Output;

use crate::audio::take_queue::Lineup;
use crate::params::controls::{Controls, Prime};
use crate::project::state::{Extras, State};

/// Changes of the keys that are told apart within a block.
const CHANGES: usize = 32;

/// Bars that a primer is made of.
const LISTENED: usize = 2;

/// A key went down or up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Change {
    pub(crate) sample: u32,
    pitch: u8,
    /// 0: it went up.
    velocity: u8,
    /// All keys that are down from here on, bit by pitch.
    keys: u128,
}

/// The keys, and what the take knows of them.
pub(crate) struct Keys {
    /// Keys that are down, bit by pitch: as the events of the coming block say, and as they are at
    /// the place that is played.
    keys: u128,
    down: u128,
    /// The changes in the coming block.
    changes: Box<[Change; CHANGES]>,
    changed: usize,
    /// What the take knows, by which mode, and whether that is to be looked at again.
    primer: Box<Primer>,
    prime: Prime,
    stale: bool,
    /// Whether what the take has of this is another than it was told.
    fresh: bool,
    /// What was played or tapped last, or came with the project.
    clip: Box<Primer>,
    /// What the project says besides of the take.
    told: Box<Extras>,
    ear: Box<Ear>,
    /// The bar that is listened to, and whether anything was heard in it.
    listens: (i64, bool),
    extras: Option<Output<Extras>>,
}

impl Keys {
    pub(crate) fn new() -> Self {
        Keys {
            keys: 0,
            down: 0,
            changes: Box::default(),
            changed: 0,
            primer: Box::default(),
            prime: Prime::Off,
            stale: true,
            fresh: true,
            clip: Box::default(),
            told: Box::default(),
            ear: Box::default(),
            listens: (0, false),
            extras: None,
        }
    }

    /// Hears what the project says from now on. For the host's main thread.
    pub(crate) fn connect(&mut self, state: &State) {
        self.extras = self.extras.take().or_else(|| state.take_extras());
    }

    /// Whether the project has something new to say.
    pub(crate) fn is_told(&self) -> bool {
        self.extras.as_ref().is_some_and(Output::updated)
    }

    /// All keys are up.
    pub(crate) fn reset(&mut self) {
        (self.keys, self.down, self.changed) = (0, 0, 0);
        self.stale = true;
    }

    /// A key went down, or up with velocity 0, at a sample of the coming block.
    pub(crate) fn key(&mut self, sample: u32, pitch: u8, velocity: u8) {
        if pitch > 127 {
            return;
        }
        let bit = 1u128 << pitch;
        self.keys = if velocity > 0 { self.keys | bit } else { self.keys & !bit };
        // Where there are too many, the last place stands for all that follow.
        let place = self.changed.min(CHANGES - 1);
        self.changes[place] = Change { sample, pitch, velocity, keys: self.keys };
        self.changed = place + 1;
    }

    /// A change of the coming block by its number.
    pub(crate) fn change(&self, number: usize) -> Option<Change> {
        self.changes[..self.changed].get(number).copied()
    }

    /// The block is over: what is left of its changes holds from here on. Says whether there was
    /// anything.
    pub(crate) fn finish(&mut self, done: usize) -> bool {
        let left = self.changes[..self.changed].get(done..).and_then(<[Change]>::last).copied();
        self.changed = 0;
        left.map(|change| self.down = change.keys).is_some()
    }

    /// Whether any key is down at the place that is played.
    pub(crate) fn any(&self) -> bool {
        self.down != 0
    }

    /// The drums of the keys that are down.
    pub(crate) fn held(&self) -> DrumSet {
        let mut keys = self.down;
        let down = std::iter::from_fn(|| {
            let pitch = u8::try_from(keys.trailing_zeros()).ok().filter(|_| keys != 0)?;
            keys &= keys - 1;
            Some(pitch)
        });
        down.filter_map(Drum::from_general_midi).collect()
    }

    /// Whether what [`Keys::complete`] gives a take has changed since this was last asked.
    pub(crate) fn refreshed(&mut self) -> bool {
        std::mem::take(&mut self.fresh)
    }

    /// Gives a take what it has besides the parameters.
    pub(crate) fn complete(&self, take: Take) -> Take {
        let Extras { pins, toward, model, .. } = *self.told;
        Take { primer: *self.primer, pins, toward, model, ..take }
    }

    /// Takes in what the project says, and what was played in the bar that is over.
    pub(crate) fn listen(
        &mut self,
        block: &Block,
        playing: bool,
        controls: &Controls,
        lineup: &Lineup,
    ) {
        self.stale |= self.prime != controls.prime;
        self.prime = controls.prime;
        if let Some(extras) = &mut self.extras
            && extras.update()
        {
            let told = *extras.output_buffer();
            if told.primers != self.told.primers {
                *self.clip = told.primer;
            }
            (*self.told, self.stale, self.fresh) = (told, true, true);
        }
        let bar = block.grid.bar_at(block.position);
        let (heard_in, heard) = self.listens;
        if playing && bar != heard_in {
            self.listens = (bar, false);
            let meter = block.grid.meter;
            let until = bar.saturating_mul(i64::try_from(meter.steps()).unwrap_or(1));
            let clip = match self.prime {
                _ if !heard => None,
                Prime::Play => self.ear.played(until, LISTENED, meter).map(Primer::Play),
                Prime::Tap => self.ear.rhythm(until, LISTENED, meter).map(Primer::Tap),
                Prime::Off | Prime::Hold => None,
            };
            if let Some(clip) = clip {
                (*self.clip, self.stale) = (clip, true);
            }
        }
        if self.stale {
            self.hold(block.position, &block.grid, controls, lineup);
        }
    }

    /// A change has come, at a song position.
    pub(crate) fn turn(
        &mut self,
        change: &Change,
        position: f64,
        grid: &Grid,
        controls: &Controls,
        lineup: &Lineup,
    ) {
        self.down = change.keys;
        if change.velocity > 0 && matches!(self.prime, Prime::Play | Prime::Tap) {
            // Steps are counted in bars, whatever ticks the host's bars begin at.
            let bar = grid.bar_at(position);
            let steps = i64::try_from(grid.meter.steps()).unwrap_or(1);
            let into = position * TICKS_PER_BEAT - grid.bar_ticks(bar);
            let start = bar.saturating_mul(steps) as f64 * f64::from(TICKS_PER_STEP);
            let drum = Drum::from_general_midi(change.pitch);
            self.ear.hear(start + into, drum, change.velocity);
            self.listens.1 = true;
        }
        self.hold(position, grid, controls, lineup);
    }

    /// Decides what the take knows of keys: those that are down since a position, from the next
    /// landing on, or what was played.
    pub(crate) fn hold(&mut self, since: f64, grid: &Grid, controls: &Controls, lineup: &Lineup) {
        let drums = self.held();
        let primer = match (self.prime, *self.clip) {
            (Prime::Hold, _) if !drums.is_empty() => {
                Primer::Hold { drums, at: landing_step(since, grid, controls, lineup) }
            }
            (Prime::Play, clip @ Primer::Play(_)) | (Prime::Tap, clip @ Primer::Tap(_)) => clip,
            _ => Primer::Off,
        };
        self.fresh |= primer != *self.primer;
        (*self.primer, self.stale) = (primer, false);
    }
}

/// The step of the phrase at which a change since a position lands.
fn landing_step(since: f64, grid: &Grid, controls: &Controls, lineup: &Lineup) -> u16 {
    let bars = i64::from(controls.take.phrase_bars).clamp(1, 8);
    let at = lineup.next_landing(since, grid, bars);
    let bar = grid.bar_at(at + 1e-6);
    let place = usize::try_from(bar.rem_euclid(bars)).unwrap_or(0);
    let into = at * TICKS_PER_BEAT - grid.bar_ticks(bar);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let step = (into / f64::from(TICKS_PER_STEP)).round().clamp(0.0, 255.0) as usize;
    u16::try_from(place * grid.meter.steps() + step).unwrap_or(0)
}
