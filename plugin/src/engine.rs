//! The audio half: follows the host, decides which take sounds from which beat on, asks the worker
//! for bars ahead of the song, and plays them.
//!
//! It allocates when it is made and never after. While it processes it takes no lock, logs
//! nothing, and waits only where [`crate::pace`] says that the host is not in real time. Which
//! bars exist is the worker's business; what the host's events look like, `lib.rs` knows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use groove::clock::{Block, Clock, Entry, Grid, Span, TICKS_PER_BEAT, Transport};
use groove::pattern::TICKS_PER_STEP;
use groove::schedule::{Note, Scheduler};
use groove::take::{Primer, Take};
use groove::{Bar, Drum, DrumSet};

use crate::lineup::{Landing, Lineup, Numbered, REACH, next_beat};
use crate::link::{AudioEnd, Fault, PHRASE_BARS, Request, Status, Takes};
use crate::pace::{Mode, Pace};
use crate::params::State;
use crate::shelf::{Key, Place, Shelf};

/// Changes of the held drums that are told apart within a block.
const CHANGES: usize = 32;

/// Bars of the playing take at hand after the one at the song position.
const AHEAD: i64 = 2;

/// Most bars ahead that are asked for, however long the blocks.
const FARTHEST: i64 = 40;

/// How long an activation may wait for the first bars.
const FIRST_BARS: Duration = Duration::from_millis(250);

/// The parameters, as the engine needs them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// Style number, see [`groove::style`].
    pub style: u8,
    /// Temperature of the draws.
    pub temperature: f32,
    /// Which take.
    pub seed: u32,
    /// MIDI channel of what is played, 0 to 15.
    pub channel: u8,
}

/// A note message to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Sample, counted from the start of the block.
    pub sample: u32,
    /// MIDI channel, 0 to 15.
    pub channel: u8,
    /// MIDI pitch.
    pub pitch: u8,
    /// MIDI velocity, 1 to 127; 0 ends the note.
    pub velocity: u8,
}

/// The audio half of an instance.
#[derive(Debug)]
pub struct Engine {
    end: AudioEnd,
    clock: Clock,
    scheduler: Scheduler,
    shelf: Shelf,
    pace: Pace,
    lineup: Lineup,
    /// The last bar that was played: it repeats where the next one is late.
    last: Option<(Key, Bar)>,
    /// Where the last late bar was, so that each counts once.
    missed: Option<Key>,
    late: u32,
    refused: u32,
    /// Keys that are down, bit by pitch.
    keys: u128,
    held: DrumSet,
    /// What of it the take knows.
    primer: Primer,
    /// Sample and held drums of the changes in the next block.
    changes: [(u32, DrumSet); CHANGES],
    changed: usize,
    /// Channel of the notes that sound, and of the next ones.
    channel: u8,
    /// Seed of the take that the latched tempo belongs to, and the load that it came with.
    latched: Option<(u32, u32)>,
    /// A reset came while notes sounded.
    release: bool,
    faulted: bool,
}

impl Engine {
    /// An engine that has yet to be activated.
    #[must_use]
    pub fn new(end: AudioEnd) -> Self {
        Engine {
            end,
            clock: Clock::new(48_000.0),
            scheduler: Scheduler::default(),
            shelf: Shelf::new(),
            pace: Pace::new(48_000.0, Mode::Realtime),
            lineup: Lineup::default(),
            last: None,
            missed: None,
            late: 0,
            refused: 0,
            keys: 0,
            held: DrumSet::EMPTY,
            primer: Primer::Off,
            changes: [(0, DrumSet::EMPTY); CHANGES],
            changed: 0,
            channel: 0,
            latched: None,
            release: false,
            faulted: false,
        }
    }

    /// Prepares for blocks at a sample rate in Hertz, and waits a moment for the first bars of the
    /// song. For the host's main thread.
    pub fn activate(&mut self, rate: f64, mode: Mode, controls: &Controls, state: &State) {
        self.faulted = false;
        self.clock = Clock::new(rate);
        self.pace = Pace::new(rate, mode);
        self.reset();
        let block = self.clock.block(&Transport { beats: Some(0.0), ..Transport::default() }, 0);
        let take = self.take_of(controls, state, &block, false);
        self.lineup.settle(take);
        self.end.set_takes(self.lineup.takes());
        self.look_ahead(&block, 0.0);
        self.publish(&block, false);
        let until = Instant::now() + FIRST_BARS;
        while let Some(now) = self.lineup.playing()
            && self.shelf.place(now.key(&block.grid, AHEAD)) == Place::Asked
            && Instant::now() < until
        {
            self.end.wake();
            std::thread::sleep(Duration::from_millis(1));
            self.collect();
        }
    }

    /// Forgets keys and position. Notes that sound end in the next block. For the audio thread.
    pub fn reset(&mut self) {
        self.clock.restart();
        self.keys = 0;
        self.held = DrumSet::EMPTY;
        self.primer = Primer::Off;
        self.changed = 0;
        self.release = true;
    }

    /// A key went down or up at a sample of the coming block. Keys that mean no drum count for
    /// nothing.
    pub fn key(&mut self, sample: u32, pitch: u8, down: bool) {
        if pitch > 127 || Drum::from_general_midi(pitch).is_none() {
            return;
        }
        let bit = 1u128 << pitch;
        self.keys = if down { self.keys | bit } else { self.keys & !bit };
        let held = (0..128u8)
            .filter(|pitch| self.keys >> pitch & 1 == 1)
            .filter_map(Drum::from_general_midi)
            .collect();
        // Where there are too many, the last place stands for all that follow.
        let place = self.changed.min(CHANGES - 1);
        self.changes[place] = (sample, held);
        self.changed = place + 1;
    }

    /// Plays a block. `out` takes the messages in order of time and says whether the host took
    /// them. A fault in here ends in silence until the next activation, never in a panic.
    pub fn process(
        &mut self,
        transport: &Transport,
        frames: u32,
        controls: &Controls,
        state: &State,
        mut out: impl FnMut(Message) -> bool,
    ) {
        if self.faulted {
            return;
        }
        self.pace.begin();
        let played = catch_unwind(AssertUnwindSafe(|| {
            self.run(transport, frames, controls, state, &mut out);
        }));
        if played.is_err() {
            self.faulted = true;
            self.end.raise(Fault::Engine);
            let last = frames.saturating_sub(1);
            // If even this fails there is nothing left to try.
            let _ = catch_unwind(AssertUnwindSafe(|| self.release_at(last, &mut out)));
        }
        self.pace.end(frames);
    }

    fn run(
        &mut self,
        transport: &Transport,
        frames: u32,
        controls: &Controls,
        state: &State,
        out: &mut impl FnMut(Message) -> bool,
    ) {
        self.collect();
        let block = self.clock.block(transport, frames);
        let mut take = self.take_of(controls, state, &block, transport.playing);
        // A song that plays but stays where it is, as some do while they count in, has no time in
        // which a note could end.
        let stands = frames > 0 && block.spans.is_empty();
        if self.release || stands || !transport.playing || self.channel != controls.channel {
            self.release_at(0, out);
            self.release = false;
            self.channel = controls.channel;
        }
        let mut next = 0;
        for span in block.spans {
            self.enter(&span, take);
            let mut rest = Some(span);
            while let Some(part) = rest {
                let change = self.changes[next..self.changed].first().copied();
                let change = change.filter(|(sample, _)| *sample < span.first + span.frames);
                let change_at = change.map_or(f64::INFINITY, |(sample, _)| {
                    let into = f64::from(sample) - f64::from(span.first);
                    into.mul_add(span.beats_per_sample, span.start)
                });
                let landing = self.lineup.landing(&span);
                let land_at = landing.map_or(f64::INFINITY, |landing| landing.cut);
                let far = part.from + 2.0 * span.grid.meter.beats();
                let (before, after) = part.split(change_at.min(land_at).min(far));
                if let Some(before) = before {
                    self.play(&before, out);
                }
                rest = after;
                match (&rest, landing, change) {
                    (Some(rest), Some(landing), _) if landing.cut <= rest.from => {
                        self.land(&span, landing);
                    }
                    (Some(rest), _, Some((_, held))) if change_at <= rest.from => {
                        next += 1;
                        take.primer = self.hold(held, change_at, &span.grid);
                        self.want(take, change_at, &span);
                    }
                    _ => {}
                }
            }
        }
        if let Some((_, held)) = self.changes[next..self.changed].last() {
            take.primer = self.hold(*held, block.position, &block.grid);
        }
        self.changed = 0;
        if !transport.playing {
            self.lineup.settle(take);
            self.end.set_takes(self.lineup.takes());
        }
        let beats = f64::from(frames) * block.spans.beats_per_sample();
        self.look_ahead(&block, beats);
        self.publish(&block, transport.playing);
    }

    /// The take that the controls ask for. Its tempo is the one at which it is first played, and
    /// stays: notes must not depend on when they were asked for.
    fn take_of(
        &mut self,
        controls: &Controls,
        state: &State,
        block: &Block,
        playing: bool,
    ) -> Take {
        let mut kept = state.take_tempo();
        // Another seed is another take, unless both came with a project.
        if self.latched.is_some_and(|(seed, load)| load == kept.load() && seed != controls.seed) {
            kept = state.latch_tempo(kept, None);
        }
        self.latched = Some((controls.seed, kept.load()));
        #[expect(clippy::cast_possible_truncation, reason = "the clock's tempo is below 10,000")]
        let now = block.tempo as f32;
        if kept.tempo().is_none() && playing {
            kept = state.latch_tempo(kept, Some(now));
        }
        Take {
            seed: controls.seed,
            style: controls.style,
            temperature: controls.temperature,
            tempo: kept.tempo().unwrap_or(now),
            primer: self.primer,
            ..Take::default()
        }
    }

    /// Drums are held from a position on: the take knows them from the next beat on.
    fn hold(&mut self, drums: DrumSet, since: f64, grid: &Grid) -> Primer {
        self.held = drums;
        let at = next_beat(since, grid);
        let bar = grid.bar_at(at + 1e-6);
        let into = at * TICKS_PER_BEAT - grid.bar_ticks(bar);
        let place = usize::try_from(bar.rem_euclid(PHRASE_BARS)).unwrap_or(0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let step = (into / f64::from(TICKS_PER_STEP)).round().clamp(0.0, 255.0) as usize;
        let at = u16::try_from(place * grid.meter.steps() + step).unwrap_or(0);
        self.primer = match drums.is_empty() {
            true => Primer::Off,
            false => Primer::Hold { drums, at },
        };
        self.primer
    }

    /// At the start of a span: after a jump, a waiting take begins at once if it can.
    fn enter(&mut self, span: &Span, take: Take) {
        self.want(take, span.from, span);
        if span.entry != Entry::Continues {
            self.lineup.wait_from(span.from);
        }
        if span.entry == Entry::Jumps {
            self.lineup.begin();
            self.land(span, Landing { cut: span.from, bar: span.grid.bar_at(span.start) });
        }
    }

    /// Notes that another take is to play from the next beat after a position on.
    fn want(&mut self, take: Take, since: f64, span: &Span) {
        let patient = self.pace.patience().is_some();
        self.lineup.want(take, since, span, &self.shelf, patient);
        self.end.set_takes(self.lineup.takes());
    }

    /// A beat has come.
    fn land(&mut self, span: &Span, landing: Landing) {
        if let Some(asked) = self.lineup.asked() {
            self.fetch(asked, &span.grid, landing.bar);
        }
        self.lineup.land(span, landing, &self.shelf);
        self.end.set_takes(self.lineup.takes());
    }

    /// Plays notes of the playing take.
    fn play(&mut self, span: &Span, out: &mut impl FnMut(Message) -> bool) {
        let Some(playing) = self.lineup.playing() else { return };
        let grid = &span.grid;
        for bar in grid.bar_at(span.from - REACH)..=grid.bar_at(span.to + REACH) {
            self.fetch(playing, grid, bar);
        }
        if let Some((start, _)) = span.seam.filter(|(_, end)| span.to > end - REACH) {
            for bar in grid.bar_at(start)..=grid.bar_at(start + REACH) {
                self.fetch(playing, grid, bar);
            }
        }
        let Engine { scheduler, shelf, last, missed, late, refused, channel, .. } = self;
        let bars = |bar: i64| {
            let key = playing.key(grid, bar);
            shelf.get(key).or_else(|| {
                if shelf.place(key) != Place::Failed && *missed != Some(key) {
                    *missed = Some(key);
                    *late = late.saturating_add(1);
                }
                last.as_ref().filter(|(of, _)| of.number == key.number).map(|(_, bar)| bar)
            })
        };
        scheduler.play(span, bars, &mut |note| send(note, *channel, refused, out));
        let now = playing.key(grid, grid.bar_at(span.to));
        if self.last.as_ref().is_none_or(|(of, _)| *of != now) {
            self.last = self.shelf.get(now).map(|bar| (now, *bar)).or(self.last);
        }
    }

    fn release_at(&mut self, sample: u32, out: &mut impl FnMut(Message) -> bool) {
        let Engine { scheduler, refused, channel, .. } = self;
        scheduler.release(sample, &mut |note| send(note, *channel, refused, out));
    }

    /// Takes the worker's bars in.
    fn collect(&mut self) {
        while let Some(answer) = self.end.answers.pop() {
            self.pace.hope();
            self.shelf.put(&answer);
        }
    }

    /// Asks for a bar unless that has been done.
    fn ask(&mut self, numbered: Numbered, grid: &Grid, bar: i64, near: i64) {
        let wanted = numbered.key(grid, bar);
        if self.shelf.place(wanted) == Place::Absent
            && self.end.requests.has_room()
            && self.shelf.reserve(wanted, self.lineup.takes(), near)
        {
            let Numbered { number, take } = numbered;
            // There is room: nobody else asks.
            let _ = self.end.ask(Request { number, take, meter: grid.meter, bar });
        }
    }

    /// Asks for a bar that is needed now, and waits for it where the pace allows that.
    fn fetch(&mut self, numbered: Numbered, grid: &Grid, bar: i64) {
        self.ask(numbered, grid, bar, bar);
        let wanted = numbered.key(grid, bar);
        let Some(patience) = self.pace.patience() else { return };
        if self.shelf.place(wanted) != Place::Asked {
            return;
        }
        let begin = Instant::now();
        loop {
            self.collect();
            if self.shelf.place(wanted) != Place::Asked {
                break;
            }
            if begin.elapsed() > patience {
                self.pace.give_up(patience);
                break;
            }
            self.end.wake();
            std::thread::sleep(Duration::from_micros(100));
        }
        self.pace.waited(begin.elapsed());
    }

    /// Asks for the bars to come: of the playing take from the end of the block on, of waiting
    /// takes from the next beat on, and those at the start of the loop.
    fn look_ahead(&mut self, block: &Block, beats: f64) {
        let grid = &block.grid;
        let seam = block.loop_range.filter(|(_, end)| block.position < *end);
        let here = grid.bar_at(block.position);
        // At least a second, and two blocks.
        let time = (block.tempo / 60.0).max(2.0 * beats);
        let far = grid.bar_at(block.position + beats + time).max(here + AHEAD);
        let far = far.min(here + FARTHEST);
        let last = seam.map_or(far, |(_, end)| far.min(grid.bar_at(end)));
        if let Some(playing) = self.lineup.playing() {
            for bar in here..=last {
                self.ask(playing, grid, bar, here);
            }
            if let Some((start, _)) = seam {
                let first = grid.bar_at(start);
                for bar in first..=(first + AHEAD).min(last) {
                    self.ask(playing, grid, bar, here);
                }
            }
        }
        for waiting in self.lineup.waiting() {
            let next = grid.bar_at(waiting.since.max(block.position) + REACH);
            for bar in next..=next + 1 {
                self.ask(waiting.numbered, grid, bar, here);
            }
            if let Some((start, _)) = seam {
                self.ask(waiting.numbered, grid, grid.bar_at(start), here);
            }
        }
    }

    fn publish(&self, block: &Block, following: bool) {
        let Takes { playing, ready, asked } = self.lineup.takes();
        self.end.publish(&Status {
            following,
            tempo: block.tempo,
            meter: block.grid.meter,
            position: block.position,
            bar_start: block.grid.bar_ticks(block.grid.bar_at(block.position)) / TICKS_PER_BEAT,
            bar: block.grid.bar_at(block.position),
            held: self.held,
            playing,
            pending: if asked == 0 { ready } else { asked },
            late: self.late,
            refused: self.refused,
        });
    }
}

/// Gives the host a note, and counts it if the host does not take it.
fn send(note: Note, channel: u8, refused: &mut u32, out: &mut impl FnMut(Message) -> bool) {
    let (sample, pitch, velocity) = match note {
        Note::On { sample, pitch, velocity } => (sample, pitch, velocity),
        Note::Off { sample, pitch } => (sample, pitch, 0),
    };
    if !out(Message { sample, channel, pitch, velocity }) {
        *refused = refused.saturating_add(1);
    }
}
