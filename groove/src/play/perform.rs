//! Performance controls: changes to playback that need no model. They are pure functions from bars
//! to bars. They preserve all strokes, except that lanes can be muted and that double time can
//! bring more than four strokes of a drum into a step.

use serde::{Deserialize, Serialize};

use crate::pattern::drum::{Drum, DrumSet};
use crate::pattern::{Bar, Hit, MAX_CHOKE_TICKS, Meter, Step, TICKS_PER_STEP};

/// Velocity that dynamics scale around, of 127.
const MIDDLE: f32 = 80.0;

/// Speed of the pattern relative to the song.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeFeel {
    /// A bar of the pattern fills two bars of the song.
    Half,
    /// The song's speed.
    #[default]
    Plain,
    /// Two bars of the pattern fill a bar of the song.
    Double,
}

/// Note value whose pairs swing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SwingOf {
    /// Pairs of sixteenths, as in funk and hip-hop.
    #[default]
    Sixteenths,
    /// Pairs of eighths, as in shuffle and jazz.
    Eighths,
}

/// Performance controls. The default changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Performance {
    /// Swing, 0 to 1: the second note of a pair starts at 50 to 75 % of it, at 2/3 with the last of
    /// a triplet.
    pub swing: f32,
    /// Note value whose pairs swing.
    pub swing_of: SwingOf,
    /// Scale of the drummer's offsets, 0 to 2; 1 is unchanged.
    pub timing: f32,
    /// Scale of the velocities' distance from their middle, 0 to 2; 1 is unchanged.
    pub dynamics: f32,
    /// Added to every velocity, of 127.
    pub velocity: f32,
    /// Muted lanes.
    pub mute: DrumSet,
    /// Soloed lanes. If any are, only they are heard.
    pub solo: DrumSet,
    /// Speed of the pattern relative to the song.
    pub pace: TimeFeel,
}

impl Default for Performance {
    fn default() -> Self {
        Performance {
            swing: 0.0,
            swing_of: SwingOf::Sixteenths,
            timing: 1.0,
            dynamics: 1.0,
            velocity: 0.0,
            mute: DrumSet::EMPTY,
            solo: DrumSet::EMPTY,
            pace: TimeFeel::Plain,
        }
    }
}

impl Performance {
    /// Bars of the pattern that a bar of the song is made of: the first, and their number.
    #[must_use]
    pub fn sources(&self, bar: i64) -> (i64, usize) {
        match self.pace {
            TimeFeel::Half => (bar.div_euclid(2), 1),
            TimeFeel::Plain => (bar, 1),
            TimeFeel::Double => (bar.saturating_mul(2), 2),
        }
    }

    /// A bar of the song, given the pattern's bars of [`Performance::sources`]. A missing one is
    /// silent. The bars have the song's meter and pitches.
    #[must_use]
    pub fn play(&self, bar: i64, sources: &[Bar]) -> Bar {
        let Some(first) = sources.first() else { return Bar::silent(Meter::FOUR_FOUR) };
        let mut played = *first;
        played.steps_mut().fill(Step::SILENT);
        let length = first.steps().len();
        for (number, source) in sources.iter().enumerate() {
            for (place, step) in source.steps().iter().enumerate() {
                for (drum, hit) in step.hits().filter(|(drum, _)| self.is_heard(*drum)) {
                    // Position in the song's bar, in half steps, before swing.
                    let halves = match self.pace {
                        TimeFeel::Plain => 2 * place,
                        TimeFeel::Half => match (4 * place).checked_sub(2 * length * odd(bar)) {
                            Some(halves) if halves < 2 * length => halves,
                            _ => continue,
                        },
                        TimeFeel::Double => number * length + place,
                    };
                    let (place, hit) = self.reshape(hit, halves, length);
                    if let Some(cell) = played.steps_mut().get_mut(place) {
                        cell.add(drum, hit);
                    }
                }
            }
        }
        played
    }

    fn is_heard(&self, drum: Drum) -> bool {
        !self.mute.contains(drum) && (self.solo.is_empty() || self.solo.contains(drum))
    }

    /// Delay by swing, in steps, of a position in half steps in a bar of `length` steps. An eighth
    /// without a partner in the bar stays.
    #[must_use]
    pub fn delay(&self, halves: usize, length: usize) -> f32 {
        match self.swing_of {
            SwingOf::Sixteenths if halves / 2 % 2 == 1 => 0.5 * self.swing,
            SwingOf::Eighths if halves / 8 * 4 + 4 <= length => {
                // The sixteenths between stay in the middle of their eighths.
                let steps = 0.5 * (halves % 8) as f32;
                self.swing * (0.5 * steps).min(2.0 - 0.5 * steps)
            }
            _ => 0.0,
        }
    }

    /// Returns a hit at a position in half steps as it is played, and its step.
    fn reshape(&self, hit: Hit, halves: usize, length: usize) -> (usize, Hit) {
        let louder = |velocity: u8| {
            let velocity = f32::from(velocity);
            let velocity = MIDDLE + (velocity - MIDDLE) * self.dynamics + self.velocity;
            Hit::new(velocity / 127.0, 0.0).velocity
        };
        let distances = match self.pace {
            TimeFeel::Half => 2.0,
            TimeFeel::Plain => 1.0,
            TimeFeel::Double => 0.5,
        };
        let mut offset = hit.offset() * self.timing + 0.5 * (halves % 2) as f32;
        offset += self.delay(halves, length);
        let mut place = halves / 2;
        // A swung eighth may sound nearer to the next step.
        while self.swing_of == SwingOf::Eighths && offset >= 0.5 && place + 1 < length {
            (place, offset) = (place + 1, offset - 1.0);
        }
        // A choke keeps its position in time.
        let late = if halves % 2 == 1 { 0.5 * f32::from(TICKS_PER_STEP) } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "limited")]
        let choke_ticks = match hit.choke_ticks {
            0 => 0,
            ticks => (f32::from(ticks) * distances + late).min(MAX_CHOKE_TICKS.into()) as u16,
        };
        (place, Hit { choke_ticks, ..hit.moved(offset, distances, louder) })
    }
}

/// 1 in the second of each pair of bars.
fn odd(bar: i64) -> usize {
    usize::from(bar.rem_euclid(2) == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bar(meter: Meter, seed: usize) -> Bar {
        let mut bar = Bar::silent(meter).at([1, 2, 3, 4, 5, 6, 7, 8, 9].into());
        for (place, step) in bar.steps_mut().iter_mut().enumerate() {
            for drum in
                Drum::ALL.into_iter().filter(|d| (place * 7 + d.index() + seed).is_multiple_of(3))
            {
                let velocity = u8::try_from(1 + (place * 11 + drum.index() * 5 + seed) % 127);
                let offset_ticks =
                    i8::try_from((place * 29 + drum.index() + seed) % 240).unwrap_or(-120);
                step.set(drum, Some(Hit::plain(velocity.unwrap_or(1), offset_ticks)));
            }
        }
        bar
    }

    fn drums(bar: &Bar) -> Vec<DrumSet> {
        bar.steps().iter().map(Step::drums).collect()
    }

    #[test]
    fn default_performance_changes_nothing() {
        for seed in 0..9 {
            let bar = bar(Meter::new(7, 8), seed);
            assert_eq!(Performance::default().play(3, &[bar]), bar);
        }
    }

    proptest! {
        #[test]
        fn performance_controls_preserve_all_hits(
            swing in 0.0f32..=1.0, timing in 0.0f32..=2.0, dynamics in 0.0f32..=2.0,
            velocity in -64.0f32..=64.0, seed in 0usize..20,
        ) {
            let bar = bar(Meter::FOUR_FOUR, seed);
            let performance = Performance { swing, timing, dynamics, velocity, ..Performance::default() };
            prop_assert_eq!(drums(&performance.play(0, &[bar])), drums(&bar));
        }
    }

    #[test]
    fn mute_and_solo_silence_lanes() {
        let bar = bar(Meter::FOUR_FOUR, 1);
        let set = |drums: &[Drum]| drums.iter().copied().collect::<DrumSet>();
        let (mute, solo) = (set(&[Drum::Snare]), set(&[Drum::Kick, Drum::Snare]));
        let heard = |mute, solo| {
            let played = Performance { mute, solo, ..Performance::default() }.play(0, &[bar]);
            drums(&played).into_iter().fold(DrumSet::EMPTY, DrumSet::with)
        };
        assert_eq!(heard(mute, DrumSet::EMPTY), DrumSet::ALL.without(mute));
        assert_eq!(heard(mute, solo), set(&[Drum::Kick]));
    }

    #[test]
    fn swing_delays_every_second_sixteenth() {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        let hit = Hit::plain(80, 0);
        bar.steps_mut().iter_mut().for_each(|step| step.set(Drum::Ride, Some(hit)));
        let played = Performance { swing: 2.0 / 3.0, ..Performance::default() }.play(0, &[bar]);
        for (place, step) in played.steps().iter().enumerate() {
            let offset = step.hit(Drum::Ride).expect("a hit").offset_ticks;
            assert_eq!(offset, if place % 2 == 1 { 80 } else { 0 });
        }
    }

    /// Plays a ride on every step of a bar with swung eighths. Returns the onsets in ticks.
    fn swung_eighths(swing: f32, meter: Meter) -> Vec<i32> {
        let mut bar = Bar::silent(meter);
        let hit = Hit::plain(80, 0);
        bar.steps_mut().iter_mut().for_each(|step| step.set(Drum::Ride, Some(hit)));
        let performance =
            Performance { swing, swing_of: SwingOf::Eighths, ..Performance::default() };
        let played = performance.play(0, &[bar]);
        let onsets = played.steps().iter().enumerate().flat_map(|(place, step)| {
            let start = i32::try_from(place).unwrap_or(0) * i32::from(TICKS_PER_STEP);
            let hit = step.hit(Drum::Ride).into_iter();
            hit.flat_map(Hit::strokes).map(move |stroke| start + i32::from(stroke.offset_ticks))
        });
        let mut onsets: Vec<_> = onsets.collect();
        onsets.sort_unstable();
        onsets
    }

    #[test]
    fn swing_delays_every_second_eighth_to_75_percent_of_its_pair() {
        let beat = i32::from(TICKS_PER_STEP) * 4;
        for (swing, second) in [(0.0, 480), (0.5, 600), (2.0 / 3.0, 640), (1.0, 720)] {
            let onsets = swung_eighths(swing, Meter::FOUR_FOUR);
            assert_eq!(onsets.len(), 16, "no hit is lost");
            for (beats, start) in (0..4).map(|beats| (beats, beats * beat)) {
                let place = usize::try_from(4 * beats).unwrap_or(0);
                let expected = [0, second / 2, second, (second + beat) / 2];
                // The last step of a bar reaches at most a tick before its middle.
                let expected = expected.map(|at| (start + at).min(15 * 240 + 119));
                assert_eq!(onsets[place..place + 4], expected, "{swing}");
            }
        }
    }

    #[test]
    fn an_eighth_without_a_partner_does_not_swing() {
        let onsets = swung_eighths(1.0, Meter::new(7, 8));
        assert_eq!(onsets[12..], [12 * 240, 13 * 240]);
    }

    #[test]
    fn a_choke_keeps_its_position_in_time() {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        let hit = Hit { choke_ticks: 480, ..Hit::plain(80, 30) };
        bar.steps_mut()[1].set(Drum::Crash, Some(hit));
        for (pace, step, choke) in
            [(TimeFeel::Plain, 1, 480), (TimeFeel::Half, 2, 960), (TimeFeel::Double, 0, 360)]
        {
            let performance = Performance { pace, swing: 1.0, ..Performance::default() };
            let played = performance.play(0, &[bar, bar]);
            let crash = played.steps()[step].hit(Drum::Crash).expect("a crash");
            assert_eq!(crash.choke_ticks, choke, "{pace:?}");
        }
    }

    #[test]
    fn half_and_double_time_are_inverse() {
        for meter in [Meter::FOUR_FOUR, Meter::new(7, 8), Meter::new(3, 4)] {
            let half = Performance { pace: TimeFeel::Half, ..Performance::default() };
            let double = Performance { pace: TimeFeel::Double, ..Performance::default() };
            let mut pattern = bar(meter, 2);
            // Micro-timing keeps its duration, except between two steps.
            for step in pattern.steps_mut() {
                for drum in Drum::ALL {
                    let hit =
                        step.hit(drum).map(|hit| Hit { offset_ticks: hit.offset_ticks / 4, ..hit });
                    step.set(drum, hit);
                }
            }
            let slow: Vec<Bar> = (6..8)
                .map(|song| {
                    assert_eq!(half.sources(song), (3, 1));
                    half.play(song, &[pattern])
                })
                .collect();
            assert!(
                slow.iter().flat_map(|bar| bar.steps()).filter(|s| !s.drums().is_empty()).count()
                    > 3
            );
            assert_eq!(double.sources(3), (6, 2));
            assert_eq!(double.play(3, &slow), pattern);
        }
    }

    #[test]
    fn double_time_merges_two_bars() {
        let double = Performance { pace: TimeFeel::Double, ..Performance::default() };
        let mut bars = [Bar::silent(Meter::FOUR_FOUR); 2];
        let hit = |velocity| Some(Hit::plain(velocity, 0));
        bars[0].steps_mut()[4].set(Drum::Snare, hit(90));
        bars[1].steps_mut()[5].set(Drum::Kick, hit(70));
        let played = double.play(0, &bars);
        assert_eq!(played.steps()[2].hit(Drum::Snare), hit(90));
        assert_eq!(played.steps()[10].hit(Drum::Kick), Some(Hit::plain(70, 119)));
    }
}
