//! Stage keys: a fill, the next section, a break and the end, at once. They change the wanted take
//! for a while, from the next beat or bar on, and leave nothing in the project unless the user keeps
//! the performance. A stop or a jump of the song ends all of them.

use groove::pattern::STEPS_PER_BEAT;
use groove::play::clock::{Grid, Span, TICKS_PER_BEAT};
use groove::take::StageAct;
use groove::take::chart::{Chart, SectionKind};
use groove::take::stage::{Cue, SectionJump, SongStep, Stage};

use crate::audio::take_queue::{EARLY_REACH, POSITION_TOLERANCE, launch_position};
use crate::params::controls::LaunchGrid;
use crate::params::stage::StageKey;

/// Length of a step, in quarter notes.
const STEP: f64 = 1.0 / STEPS_PER_BEAT;

/// A position of a pass of the loop, and the length of the passes before it, in quarter notes; 0 in
/// the current pass.
#[derive(Clone, Copy, Debug)]
struct Upcoming {
    at: f64,
    ahead: f64,
}

/// A moment of the song at which a key changes.
struct Moment<'a> {
    /// Position in quarter notes.
    since: f64,
    grid: &'a Grid,
    /// Loop ahead, in quarter notes.
    seam: Option<(f64, f64)>,
}

impl Moment<'_> {
    /// The next position at which another take can start.
    fn next(&self, launch: LaunchGrid) -> Upcoming {
        let first = |since| launch_position(launch, since, self.grid, 1);
        let Some((start, end)) = self.seam else {
            return Upcoming { at: first(self.since), ahead: 0.0 };
        };
        let (mut at, mut ahead) = (first(self.since), 0.0);
        if self.since + EARLY_REACH > end + POSITION_TOLERANCE {
            (at, ahead) = (first(start), end - start);
        }
        if at > end - POSITION_TOLERANCE {
            (at, ahead) = (start, ahead + end - start);
        }
        Upcoming { at, ahead }
    }

    /// First bar line at or after a position.
    fn bar_line(&self, position: f64) -> f64 {
        let bar = self.grid.bar_at(position - POSITION_TOLERANCE) + 1;
        self.grid.bar_ticks(bar) / TICKS_PER_BEAT
    }

    /// End of what begins at a position and lasts up to a line, or up to the end of the loop, and
    /// the position that follows.
    fn end(&self, from: f64, line: f64) -> (f64, f64) {
        match self.seam {
            Some((start, end)) if from < end && line > end - POSITION_TOLERANCE => (end, start),
            _ => (line, line),
        }
    }

    /// The step nearest to a position.
    fn step(&self, position: f64) -> SongStep {
        let bar = self.grid.bar_at(position + POSITION_TOLERANCE);
        let into = position - self.grid.bar_ticks(bar) / TICKS_PER_BEAT;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
        let step = (into / STEP).round().max(0.0) as usize;
        match step < self.grid.meter.steps() {
            true => SongStep { bar, step },
            false => SongStep { bar: bar + 1, step: 0 },
        }
    }
}

/// A break whose key is down.
#[derive(Clone, Copy, Debug)]
struct Held {
    /// Its start in quarter notes, less the loops that have passed since.
    since: f64,
    /// Its start in the song: in quarter notes, and the step.
    at: f64,
    from: SongStep,
}

impl Held {
    /// The act of this break, whose fill begins and ends at positions that are some quarter notes
    /// ahead.
    fn act(&self, [pick_up, to]: [f64; 2], ahead: f64, now: &Moment) -> StageAct {
        let is_over = self.since - ahead < self.at - STEP;
        let over =
            now.seam.filter(|_| is_over).map(|(start, end)| [start, end].map(|at| now.step(at)));
        StageAct::Rest { from: self.from, pick_up: now.step(pick_up), to: now.step(to), over }
    }
}

/// The requests in effect.
#[derive(Debug)]
pub(crate) struct StageKeys {
    stage: Stage,
    /// Position in quarter notes at which the request ends.
    until: f64,
    /// Position at which the next section starts, in quarter notes.
    section_at: f64,
    /// The break whose key is down.
    held: Option<Held>,
    /// Grid on which the last change starts, until it is taken.
    launch: Option<LaunchGrid>,
    /// Acts of the last key, until they are taken.
    acts: [Option<StageAct>; 2],
    /// The next act is the first one since the song started.
    begins: bool,
}

impl Default for StageKeys {
    fn default() -> Self {
        StageKeys {
            stage: Stage::default(),
            until: f64::INFINITY,
            section_at: f64::NEG_INFINITY,
            held: None,
            launch: None,
            acts: [None; 2],
            begins: true,
        }
    }
}

impl StageKeys {
    /// Returns the requests, for the wanted take.
    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    /// Returns the position at which the current request ends, in quarter notes.
    pub(crate) fn until(&self) -> f64 {
        self.until
    }

    /// Returns the grid on which the last change starts, once.
    pub(crate) fn take_launch(&mut self) -> Option<LaunchGrid> {
        self.launch.take()
    }

    /// Returns the next act of the last key, and true for the first one since the song started.
    pub(crate) fn next_act(&mut self) -> Option<(bool, StageAct)> {
        let act = self.acts.iter_mut().find_map(Option::take)?;
        Some((std::mem::take(&mut self.begins), act))
    }

    /// The song stands: the next act begins another performance.
    pub(crate) fn rest(&mut self) {
        self.begins = true;
    }

    /// Applies a key that goes down or up at a position in a span.
    pub(crate) fn key(
        &mut self,
        (key, down): (StageKey, bool),
        since: f64,
        span: &Span,
        chart: &Chart,
    ) {
        let now = Moment { since, grid: &span.grid, seam: span.seam };
        match (key, down) {
            (StageKey::Fill, true) => self.fill(&now),
            (StageKey::NextSection, true) => self.next_section(&now, chart),
            (StageKey::Break, true) => self.start_break(&now),
            (StageKey::Break, false) => self.end_break(&now),
            (StageKey::End, true) => self.end(&now),
            (StageKey::Fill | StageKey::NextSection | StageKey::End, false) => {}
        }
    }

    /// Replaces the request at a position, from the next beat on.
    fn set(&mut self, cue: Cue, entry: Option<SongStep>, until: f64) {
        (self.stage.cue, self.stage.entry, self.until) = (cue, entry, until);
        self.launch = Some(LaunchGrid::Beat);
        self.held = None;
    }

    /// A fill from the next beat up to the bar line after it.
    fn fill(&mut self, now: &Moment) {
        let Upcoming { at, ahead } = now.next(LaunchGrid::Beat);
        let (end, entry) = now.end(at, now.bar_line(at + STEP));
        let (pick_up, to) = (now.step(at), now.step(end));
        // A break whose key is down ends with the fill.
        let alone = StageAct::Rest { from: pick_up, pick_up, to, over: None };
        self.acts[0] = Some(self.held.map_or(alone, |held| held.act([at, end], ahead, now)));
        let cue = Cue::Fill { from: pick_up, to };
        self.set(cue, Some(now.step(entry)), end + ahead + STEP);
    }

    /// Silence from the next beat on.
    fn start_break(&mut self, now: &Moment) {
        let Upcoming { at, ahead } = now.next(LaunchGrid::Beat);
        let from = now.step(at);
        let before = self.held.map(|held| held.act([at, at], ahead, now));
        self.set(Cue::Silence, None, f64::INFINITY);
        let held = Held { since: at + ahead, at, from };
        self.held = Some(held);
        // The shortest break, until the key is released.
        let (_, pick_up, end, _) = Self::break_end(now, held.since);
        let shortest = held.act([pick_up, end], ahead, now);
        self.acts = [before, Some(shortest)];
    }

    /// End of a break that started at a position: the next beat, the start of the pick-up, its end,
    /// and the position that follows.
    fn break_end(now: &Moment, start: f64) -> (Upcoming, f64, f64, f64) {
        let upcoming = now.next(LaunchGrid::Beat);
        let Upcoming { at: from, ahead } = upcoming;
        let meter = now.grid.meter;
        #[expect(clippy::cast_precision_loss, reason = "a beat has few steps")]
        let beat = meter.beat_steps() as f64 * STEP;
        let line = now.bar_line((start - ahead + meter.beats()).max(from + beat));
        let (to, entry) = now.end(from, line);
        (upcoming, (to - beat).max(from), to, entry)
    }

    /// The end of a break: at the first bar line that is a bar after its start and a beat after the
    /// next one. The last beat before it leads back in.
    fn end_break(&mut self, now: &Moment) {
        let Some(held) = self.held else { return };
        let (Upcoming { at, ahead }, pick_up, end, entry) = Self::break_end(now, held.since);
        self.acts[0] = Some(held.act([pick_up, end], ahead, now));
        let (pick_up, to) = (now.step(pick_up), now.step(end));
        let cue = Cue::Return { from: now.step(at), pick_up, to };
        self.set(cue, Some(now.step(entry)), end + ahead + STEP);
    }

    /// Kick and crash on the next beat, then silence.
    fn end(&mut self, now: &Moment) {
        let Upcoming { at, ahead } = now.next(LaunchGrid::Beat);
        let step = now.step(at);
        // It ends a break whose key is down.
        let before = self.held.map(|held| held.act([at, at], ahead, now));
        self.acts = [before, Some(StageAct::End { at: step })];
        self.set(Cue::End { at: step }, None, at + ahead + STEP);
    }

    /// The next section of the chart, or the chorus and the take's own theme in turns, from the next
    /// bar on.
    fn next_section(&mut self, now: &Moment, chart: &Chart) {
        let Upcoming { at, ahead } = now.next(LaunchGrid::Bar);
        let from = now.step(at).bar;
        if let Some(first) = chart.sections().first() {
            // A second press before the bar line goes on to the section after the next.
            let pending = self.stage.section.filter(|jump| jump.from == from);
            let here = || self.stage.chart_bar(now.grid.bar_at(now.since));
            let here = pending.map_or_else(here, |jump| jump.to);
            let to = chart.next_section(here).unwrap_or(first.start.into());
            let bars = |(start, end): (f64, f64)| {
                let last = now.grid.bar_at(end - POSITION_TOLERANCE);
                last + 1 - now.grid.bar_at(start + POSITION_TOLERANCE)
            };
            let cycle = now.seam.filter(|(_, end)| at < *end).map_or(0, bars);
            self.stage.section = Some(SectionJump { from, to, cycle });
            self.acts[0] = Some(StageAct::Jump { from, to });
        } else {
            let kind = match self.stage.kind {
                None => Some(SectionKind::Chorus),
                Some(_) => None,
            };
            self.stage.kind = kind;
            self.acts[0] = Some(StageAct::Theme { from, kind });
        }
        self.section_at = at + ahead;
        let ended = self.stage.cue == Cue::Silence && self.held.is_none();
        if ended || matches!(self.stage.cue, Cue::None | Cue::End { .. }) {
            self.set(Cue::None, Some(now.step(at)), at + ahead + STEP);
        }
        self.launch = Some(LaunchGrid::Bar);
    }

    /// Ends the request whose end is reached. An end of the song stays silent.
    pub(crate) fn expire(&mut self) {
        let cue = match self.stage.cue {
            Cue::End { .. } => Cue::Silence,
            _ => Cue::None,
        };
        let is_before_section = self.until < self.section_at;
        self.set(cue, None, f64::INFINITY);
        if is_before_section {
            self.launch = Some(LaunchGrid::Bar);
        }
    }

    /// Follows the song from the end of a loop of this length, in quarter notes, to its start.
    pub(crate) fn wrap(&mut self, length: f64) {
        self.until -= length;
        self.section_at -= length;
        self.held = self.held.map(|held| Held { since: held.since - length, ..held });
    }

    /// Ends a break whose key was released while the song stood.
    pub(crate) fn release_standing(&mut self) {
        if self.held.is_some() {
            self.expire();
        }
    }

    /// Ends all requests. Returns `true` if there were any.
    pub(crate) fn clear(&mut self) -> bool {
        let begins = self.begins;
        let StageKeys { stage, until, held, .. } =
            std::mem::replace(self, StageKeys { begins, ..StageKeys::default() });
        !stage.is_empty() || until.is_finite() || held.is_some()
    }
}
