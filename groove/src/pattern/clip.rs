//! Clips: bars for import and export on a timeline of ticks.
//!
//! Every export starts from this timeline: MIDI files ([`crate::pattern::midi`]) and rendered
//! audio. The text grid is here too. The caller chooses the bars and their performance.

use std::fmt::Write as _;

use crate::pattern::drum::{Drum, DrumSet};
use crate::pattern::{Articulation, Bar, Hit, Meter, Step, Stroke, TICKS_PER_STEP, bars};

/// Ticks per whole note.
const WHOLE: u64 = 16 * TICKS_PER_STEP as u64;

/// Width of the text grid, which fits terminals and most chats.
const COLUMNS: usize = 80;

/// Width of the longest lane name and a space.
const NAMES: usize = 11;

/// A clip of drums.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Steps from the clip's start, bar after bar. The last bar may be incomplete.
    pub steps: Vec<Step>,
    /// Tempo in quarter notes per minute.
    pub tempo: f64,
    /// Time signature.
    pub meter: Meter,
}

/// A stroke on a clip's timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onset {
    /// Ticks from the clip's start, 240 per step; below [`Clip::ticks`].
    pub tick: u32,
    /// Struck drum.
    pub drum: Drum,
    /// Way of striking.
    pub articulation: Articulation,
    /// MIDI velocity, 1 to 127.
    pub velocity: u8,
    /// Tick of the choke of the cymbal, after the stroke and up to the end; `None` if it rings on
    /// or is struck again before.
    pub choke: Option<u32>,
}

impl Clip {
    /// The clip of these bars. All have the meter of the first one. Without bars the clip is empty.
    #[must_use]
    pub fn of(bars: &[Bar], tempo: f64) -> Clip {
        let meter = bars.first().map_or(Meter::FOUR_FOUR, Bar::meter);
        let steps = bars.iter().flat_map(|bar| bar.steps().iter().copied()).collect();
        Clip { steps, tempo, meter }
    }

    /// Length in ticks: whole bars. A last step adds no bar if it is the first of one and all its
    /// strokes are early, such as the last 32nd of a roll.
    #[must_use]
    pub fn ticks(&self) -> u32 {
        let bar = self.meter.steps();
        let is_early = |(_, hit): (Drum, Hit)| hit.strokes().all(|stroke| stroke.offset_ticks < 0);
        let bars = match self.steps.last() {
            Some(last)
                if self.steps.len() % bar == 1
                    && !last.drums().is_empty()
                    && last.hits().all(is_early) =>
            {
                (self.steps.len() / bar).max(1)
            }
            _ => self.steps.len().div_ceil(bar),
        };
        narrowed(u64::try_from(bars).unwrap_or(u64::MAX).saturating_mul(bar_ticks(self.meter)))
    }

    /// Strokes in order of time. Of a hit at the clip's start that is early as a whole, the last
    /// stroke is moved to the start: at the end of the clip, the first pass would lack the hit.
    /// Other early strokes, such as the grace notes of a drag, sound before the clip's end, as in a
    /// loop.
    #[must_use]
    pub fn onsets(&self) -> Vec<Onset> {
        let mut onsets = self.onsets_within(0, self.ticks());
        drop_late_chokes(&mut onsets);
        onsets
    }

    /// As [`Clip::onsets`], for a clip that begins at a tick of a whole of this length in ticks.
    pub(crate) fn onsets_within(&self, first: u32, end: u32) -> Vec<Onset> {
        let last = i64::from(end) - 1;
        let mut onsets = Vec::new();
        for (place, step) in self.steps.iter().enumerate() {
            let start = i64::from(narrowed(start_of(place, self.meter))) + i64::from(first);
            for (drum, hit) in step.hits() {
                let latest = hit.strokes().map(|stroke| stroke.offset_ticks).max();
                for stroke in hit.strokes() {
                    let Stroke { velocity, offset_ticks, articulation } = stroke;
                    let mut tick = start + i64::from(offset_ticks);
                    let wraps = tick < 0 && Some(offset_ticks) != latest;
                    if wraps {
                        tick += last + 1;
                    }
                    let tick = u32::try_from(tick.clamp(0, last)).unwrap_or(0);
                    let choke = (hit.choke_ticks > 0 && !wraps).then(|| {
                        let at = start + i64::from(hit.choke_ticks);
                        u32::try_from(at.min(last + 1)).unwrap_or(end).max(tick + 1)
                    });
                    onsets.push(Onset { tick, drum, articulation, velocity, choke });
                }
            }
        }
        onsets.sort_by_key(|onset| (onset.tick, onset.drum, onset.articulation));
        onsets
    }

    /// The bars from which a drummer continues: the last ones of at most `most` steps, at least
    /// one, without silent bars at the end and without an ending. An ending is what stands on the
    /// bar line after the last bar, or a last bar with nothing after its first beat, unless all
    /// bars are so.
    #[must_use]
    pub fn last_bars(&self, most: usize) -> Vec<Step> {
        let bar = self.meter.steps();
        let is_silent = |steps: &[Step]| steps.iter().all(|step| step.drums().is_empty());
        let mut bars: Vec<&[Step]> = self.steps.chunks(bar).collect();
        let beat = self.meter.beat_steps().min(bar);
        let is_ending = |steps: &[Step]| is_silent(&steps[beat.min(steps.len())..]);
        let trim = |bars: &mut Vec<&[Step]>| {
            while bars.len() > 1 && bars.last().is_some_and(|last| is_silent(last)) {
                bars.pop();
            }
        };
        trim(&mut bars);
        if bars.last().is_some_and(|last| is_ending(last)) && !bars.iter().all(|it| is_ending(it)) {
            bars.pop();
            trim(&mut bars);
        }
        let first = bars.len().saturating_sub((most / bar).max(1));
        let mut steps = bars[first..].concat();
        steps.resize(steps.len().next_multiple_of(bar), Step::SILENT);
        steps
    }

    /// All drums that the clip strikes.
    #[must_use]
    pub fn drums(&self) -> DrumSet {
        self.steps.iter().flat_map(|step| step.drums().iter()).collect()
    }

    /// The clip reduced to these lanes.
    #[must_use]
    pub fn lanes(&self, lanes: DrumSet) -> Clip {
        let mut clip = self.clone();
        for step in &mut clip.steps {
            step.drums().without(lanes).iter().for_each(|drum| step.set(drum, None));
        }
        clip
    }

    /// The clip as nine rows of text: `.` silent, `o` soft, `x` medium, `X` loud; as many bars side
    /// by side as fit 80 columns.
    #[must_use]
    pub fn grid(&self) -> String {
        let mut text = String::new();
        let across = ((COLUMNS - NAMES) / (self.meter.steps() + 1)).max(1);
        for row in bars(&self.steps, self.meter).chunks(across) {
            for drum in Drum::ALL.into_iter().rev() {
                // Writing to a string cannot fail.
                let _ = write!(text, "{:<NAMES$}", drum.name());
                for bar in row {
                    text.extend(bar.steps().iter().map(|step| match step.hit(drum) {
                        None => '.',
                        Some(hit) if hit.velocity < 48 => 'o',
                        Some(hit) if hit.velocity < 96 => 'x',
                        Some(_) => 'X',
                    }));
                    text.push('|');
                }
                text.push('\n');
            }
            text.push('\n');
        }
        text.truncate(text.trim_end().len());
        text
    }
}

/// Drops the chokes of cymbals that are struck again before. Onsets are in order of time.
pub(crate) fn drop_late_chokes(onsets: &mut [Onset]) {
    let cymbal = |onset: &Onset| (onset.drum, onset.articulation.piece());
    for place in 0..onsets.len() {
        let onset = onsets[place];
        let Some(choke) = onset.choke else { continue };
        let until = onsets[place + 1..].iter().take_while(|later| later.tick <= choke);
        if until.filter(|later| later.tick > onset.tick).any(|it| cymbal(it) == cymbal(&onset)) {
            onsets[place].choke = None;
        }
    }
}

/// Name of a clip, for tracks and files: style, tempo and seed of its take. Letters that are unsafe
/// in file names become hyphens.
#[must_use]
pub fn name(style: &str, tempo: f64, seed: u32) -> String {
    let plain = |letter: char| if letter.is_alphanumeric() { letter } else { '-' };
    let style: String = style.to_lowercase().chars().map(plain).collect();
    format!("{style}-{tempo:.0}bpm-{seed}")
}

/// Ticks per bar. If half a step remains, that is less than its steps would take.
#[must_use]
pub(crate) fn bar_ticks(meter: Meter) -> u64 {
    u64::from(meter.numerator) * WHOLE / u64::from(meter.denominator)
}

/// Start of a step in ticks.
fn start_of(place: usize, meter: Meter) -> u64 {
    let (bar, step) = (place / meter.steps(), place % meter.steps());
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    count(bar)
        .saturating_mul(bar_ticks(meter))
        .saturating_add(count(step) * u64::from(TICKS_PER_STEP))
}

/// The nearest step to a tick, counted from the start, and the offset from it. `None` if the tick
/// is beyond the last step of a bar longer than [`MAX_STEPS`](crate::pattern::MAX_STEPS).
pub(crate) fn step_at(tick: u64, meter: Meter) -> Option<(usize, i8)> {
    let (length, step) = (bar_ticks(meter), u64::from(TICKS_PER_STEP));
    let steps = u64::try_from(meter.steps()).unwrap_or(u64::MAX);
    let (bar, into) = (tick / length, tick % length);
    let near = ((into + step / 2) / step).min(steps - 1);
    let late = into.cast_signed() - (near * step).cast_signed();
    let early = into.cast_signed() - length.cast_signed();
    let (place, offset) = match early.abs() <= late.abs() && early >= -120 {
        true => ((bar + 1) * steps, early),
        false => (bar * steps + near, late),
    };
    let offset = i8::try_from(offset).ok().filter(|offset| Hit::OFFSETS.contains(offset))?;
    Some((usize::try_from(place).ok()?, offset))
}

fn narrowed(ticks: u64) -> u32 {
    // Lengths in MIDI files have 28 bits.
    u32::try_from(ticks).unwrap_or(u32::MAX).min((1 << 28) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(velocity: u8, offset_ticks: i8) -> Option<Hit> {
        Some(Hit::plain(velocity, offset_ticks))
    }

    #[test]
    fn early_first_and_late_last_hits_are_clamped_to_the_clip() {
        // The fourth step of 7/32 is half as long as the others.
        for (meter, last) in [(Meter::FOUR_FOUR, 3_719), (Meter::new(7, 32), 839)] {
            let mut bar = Bar::silent(meter);
            let end = meter.steps() - 1;
            bar.steps_mut()[0].set(Drum::Kick, hit(90, -50));
            bar.steps_mut()[end].set(Drum::Ride, hit(80, 119));
            let clip = Clip::of(&[bar], 120.0);
            let ticks: Vec<u32> = clip.onsets().iter().map(|onset| onset.tick).collect();
            assert_eq!(ticks, [0, last], "{meter:?}");
            assert!(last < clip.ticks());
        }
    }

    #[test]
    fn step_at_maps_every_tick_to_its_nearest_step() {
        for meter in [Meter::FOUR_FOUR, Meter::new(7, 8), Meter::new(7, 32)] {
            for tick in 0..3 * bar_ticks(meter) {
                let (place, offset) = step_at(tick, meter).expect("a step");
                let start = start_of(place, meter);
                assert_eq!(start.cast_signed() + i64::from(offset), tick.cast_signed());
            }
        }
        assert_eq!(step_at(70 * 240, Meter::new(5, 1)), None, "a bar has 64 steps at most");
    }

    #[test]
    fn the_text_grid_shows_each_lane_and_its_velocities() {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        for (place, drum, velocity) in
            [(0, Drum::Kick, 127), (1, Drum::Kick, 12), (2, Drum::ClosedHat, 64)]
        {
            bar.steps_mut()[place].set(drum, hit(velocity, 0));
        }
        let grid = Clip::of(&[bar; 5], 120.0).grid();
        let lane = |name: &str| grid.lines().find(|line| line.starts_with(name)).expect("a lane");
        assert!(lane("Kick").contains("Xo..............|Xo"), "{grid}");
        assert!(lane("Closed hat").contains("..x............."), "{grid}");
        assert_eq!(grid.lines().filter(|line| line.contains('|')).count(), 18);
        assert!(grid.lines().all(|line| line.len() <= COLUMNS));
    }

    #[test]
    fn chokes_lie_within_the_clip_and_before_the_next_stroke_of_the_cymbal() {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        let crash = |articulation, choke_ticks| {
            Some(Hit { articulation, choke_ticks, ..Hit::plain(100, -10) })
        };
        let steps = bar.steps_mut();
        steps[0].set(Drum::Crash, crash(Articulation::Plain, 960));
        steps[2].set(Drum::Crash, crash(Articulation::Second, 960));
        steps[3].set(Drum::Crash, crash(Articulation::Edge, 240));
        steps[12].set(Drum::Crash, crash(Articulation::Plain, 2_000));
        let onsets = Clip::of(&[bar], 120.0).onsets();
        let chokes: Vec<_> = onsets.iter().map(|onset| (onset.tick, onset.choke)).collect();
        let (first, second) = ((0, None), (470, Some(1_440)));
        assert_eq!(chokes, [first, second, (710, Some(960)), (2_870, Some(3_840))]);
    }

    #[test]
    fn single_lane_keeps_its_hits() {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        bar.steps_mut()[4].set(Drum::Snare, hit(90, 3));
        bar.steps_mut()[4].set(Drum::Kick, hit(80, -3));
        let snare = Clip::of(&[bar], 120.0).lanes([Drum::Snare].into_iter().collect());
        assert_eq!(
            snare.onsets(),
            [Onset {
                tick: 963,
                drum: Drum::Snare,
                articulation: Articulation::Plain,
                velocity: 90,
                choke: None,
            }]
        );
        assert_eq!(snare.ticks(), 3_840, "as long as the whole");
    }

    #[test]
    fn clip_names_are_valid_file_names() {
        assert_eq!(name("Rock", 119.7, 464), "rock-120bpm-464");
        assert_eq!(name("my/own: style", 90.0, 1), "my-own--style-90bpm-1");
    }
}
