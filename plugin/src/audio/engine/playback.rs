//! Playback of a block: spans, launches of waiting takes, and the notes of the playing take.

use groove::play::clock::{Block, Entry, Span};
use groove::play::schedule::{Note, first_bar};

use crate::audio::bar_cache::{BarKey, BarState};
use crate::audio::engine::{Engine, NoteMessage, UNREPLACED};
use crate::audio::key_input::KeyChange;
use crate::audio::take_queue::{EARLY_REACH, LaunchPoint};
use crate::params::controls::Controls;
use crate::params::stage::StageKey;

impl Engine {
    /// Plays all spans of a block. Returns the last span and the number of key changes applied.
    pub(super) fn play_block(
        &mut self,
        block: &Block,
        controls: &Controls,
        out: &mut impl FnMut(NoteMessage) -> bool,
    ) -> (Option<Span>, usize) {
        let mut next_change = 0;
        let mut last = None;
        for span in block.spans {
            last = Some(span);
            self.enter_span(&span);
            self.play_parts(&span, &mut next_change, controls, out);
        }
        (last, next_change)
    }

    /// Plays a span in parts, cut at key changes, launch points and ends of stage requests.
    fn play_parts(
        &mut self,
        span: &Span,
        next_change: &mut usize,
        controls: &Controls,
        out: &mut impl FnMut(NoteMessage) -> bool,
    ) {
        let mut rest = Some(*span);
        while let Some(part) = rest {
            let change = self.keys.change(*next_change);
            let change = change.filter(|change| change.sample < span.first + span.frames);
            let change_at = change.map_or(f64::INFINITY, |change| {
                let into = f64::from(change.sample) - f64::from(span.first);
                into.mul_add(span.beats_per_sample, span.start)
            });
            let launch = self.take_queue.next_launch(span);
            let launch_at = launch.map_or(f64::INFINITY, |launch| launch.cut);
            let far = part.from + 2.0 * span.grid.meter.beats();
            let stage_until = self.stage.until();
            let cut = change_at.min(launch_at).min(stage_until).min(far);
            let (before, after) = part.split(cut);
            if let Some(before) = before {
                if controls.bypass || controls.gate && !self.keys.any_down() {
                    self.release_at(before.sample_of(before.from), out);
                } else {
                    self.play_span(&before, out);
                }
            }
            rest = after;
            match (&rest, launch, change) {
                (Some(rest), Some(launch), _) if launch.cut <= rest.from => {
                    self.launch_at(span, launch);
                }
                (Some(rest), ..) if stage_until <= rest.from => {
                    self.stage.expire();
                    self.update_wanted_take();
                    self.queue_wanted_take(rest.from, span);
                }
                (Some(rest), _, Some(change)) if change_at <= rest.from => {
                    *next_change += 1;
                    if change.all {
                        self.release_at(change.sample, out);
                    }
                    self.apply_change(&change, change_at, span, controls);
                }
                _ => {}
            }
        }
    }

    /// Applies a key change at a song position.
    fn apply_change(&mut self, change: &KeyChange, at: f64, span: &Span, controls: &Controls) {
        let Engine { keys, stage, take_queue, .. } = self;
        if let Some(key) = change.stage {
            stage.key(key, at, span, keys.chart());
        } else {
            keys.apply_change(change, at, &span.grid, controls, take_queue);
            if change.all {
                stage.key((StageKey::Break, false), at, span, keys.chart());
            }
        }
        self.push_acts();
        self.update_wanted_take();
        self.queue_wanted_take(at, span);
    }

    /// Starts a span. After a jump, a waiting take starts at once if it can.
    fn enter_span(&mut self, span: &Span) {
        match (span.entry, span.seam) {
            (Entry::Continues, _) => {}
            (Entry::Wraps, Some((start, end))) => self.stage.wrap(end - start),
            (Entry::Jumps | Entry::Wraps, _) => self.end_stage(),
        }
        self.queue_wanted_take(span.from, span);
        if span.entry != Entry::Continues {
            self.take_queue.restart_waits(span.from);
            self.jumped_to = f64::NEG_INFINITY;
        }
        if span.entry == Entry::Jumps {
            self.render_cache.forget_played();
            self.jumped_to = span.start;
            self.take_queue.start_song();
            self.launch_at(span, LaunchPoint { cut: span.from, bar: span.grid.bar_at(span.start) });
        }
    }

    /// Queues the wanted take to start at the first launch point after a position.
    fn queue_wanted_take(&mut self, since: f64, span: &Span) {
        let patient = self.offline.max_wait().is_some();
        let Engine { take_queue, bar_cache, render_cache, .. } = self;
        take_queue.queue_wanted(since, span, patient, |number, bar| {
            let place = |bar| bar_cache.state(BarKey::of(number, &span.grid, bar));
            render_cache
                .sources(bar)
                .all(|bar| matches!(place(bar), BarState::Ready | BarState::Failed))
        });
        self.end.set_takes_in_use(self.take_queue.in_use());
    }

    /// Launches the newest waiting take whose bar is ready.
    fn launch_at(&mut self, span: &Span, launch: LaunchPoint) {
        let waiting = self.take_queue.launchable_at(launch, span);
        waiting.for_each(|number| self.fetch(number, &span.grid, launch.bar));
        let Engine { take_queue, bar_cache, render_cache, .. } = self;
        take_queue.launch(launch, span, |number| {
            let is_here = |bar| bar_cache.get(BarKey::of(number, &span.grid, bar)).is_some();
            render_cache.sources(launch.bar).all(is_here)
        });
        self.end.set_takes_in_use(self.take_queue.in_use());
    }

    /// Plays the notes of the playing take in a span.
    fn play_span(&mut self, span: &Span, out: &mut impl FnMut(NoteMessage) -> bool) {
        let Some(playing) = self.take_queue.playing() else { return };
        let grid = &span.grid;
        for bar in first_bar(grid, span.from)..=grid.bar_at(span.to + EARLY_REACH) {
            self.prepare_bar(playing, grid, bar);
        }
        if let Some((start, _)) = span.seam.filter(|(_, end)| span.to > end - EARLY_REACH) {
            for bar in grid.bar_at(start)..=grid.bar_at(start + EARLY_REACH) {
                self.prepare_bar(playing, grid, bar);
            }
        }
        let is_replaced =
            span.start - self.jumped_to > UNREPLACED * self.sample_rate * span.beats_per_sample;
        let style = self.take_queue.main_style(playing);
        let Engine { scheduler, bar_cache, render_cache, last_late, late, refused, .. } = self;
        let bars = |bar: i64| {
            let key = BarKey::of(playing, grid, bar);
            render_cache.get(key).or_else(|| {
                let failed = |bar| bar_cache.state(BarKey { bar, ..key }) == BarState::Failed;
                if *last_late != Some(key) && !render_cache.sources(bar).any(failed) {
                    *last_late = Some(key);
                    *late = late.saturating_add(1);
                }
                render_cache.fallback(key).filter(|_| is_replaced)
            })
        };
        scheduler.play(span, bars, &mut |note| send(note, style, refused, out));
        self.render_cache.mark_played(BarKey::of(playing, grid, grid.bar_at(span.to)));
    }

    pub(super) fn release_at(&mut self, sample: u32, out: &mut impl FnMut(NoteMessage) -> bool) {
        let Engine { scheduler, refused, .. } = self;
        scheduler.release(sample, &mut |note| send(note, 0, refused, out));
    }
}

/// Sends a note of a take of a style to the host and counts it if the host refuses it. A refused
/// choke is not counted: the note-off beside it is.
fn send(note: Note, style: u8, refused: &mut u32, out: &mut impl FnMut(NoteMessage) -> bool) {
    let message = match note {
        Note::On { sample, channel, drum, articulation, pitch, velocity } => {
            let struck = Some((drum, articulation));
            NoteMessage { sample, channel, pitch, velocity, struck, style, pressure: None }
        }
        Note::Off { sample, channel, pitch } => NoteMessage::off(sample, channel, pitch),
        Note::Choke { sample, channel, drum, articulation, pitch } => NoteMessage {
            struck: Some((drum, articulation)),
            pressure: Some(127),
            ..NoteMessage::off(sample, channel, pitch)
        },
        Note::LetGo { sample, channel, pitch } => {
            NoteMessage { pressure: Some(0), ..NoteMessage::off(sample, channel, pitch) }
        }
    };
    if !out(message) && message.pressure.is_none() {
        *refused = refused.saturating_add(1);
    }
}
