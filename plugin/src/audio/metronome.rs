//! Metronome of the standalone program: a short sine on each beat, higher at the start of a bar.

use std::f32::consts::TAU;

use groove::Meter;

/// Pitches of a beat and of the first beat of a bar, in Hz.
const PITCHES: [f32; 2] = [1_000.0, 1_500.0];

/// Level at the start of a click, and the time in which it falls to a third, in seconds.
const LEVEL: f32 = 0.25;
const DECAY: f32 = 0.012;

/// The metronome.
#[derive(Debug, Default)]
pub(crate) struct Metronome {
    /// Beat of the last sample.
    beat: Option<i64>,
    /// Phase and its change in a sample, in turns.
    phase: f32,
    step: f32,
    level: f32,
}

impl Metronome {
    /// Forgets the beat; the next one clicks.
    pub(crate) fn rest(&mut self) {
        *self = Metronome::default();
    }

    /// Adds the clicks of a block to both channels. The block starts at a song position in quarter
    /// notes, with `per_sample` quarter notes per sample.
    pub(crate) fn play(
        &mut self,
        output: &mut [&mut [f32]],
        (start, per_sample): (f64, f64),
        meter: Meter,
        sample_rate: f32,
    ) {
        let frames = output.first().map_or(0, |channel| channel.len());
        let decay = (-1.0 / (DECAY * sample_rate)).exp();
        for sample in 0..frames {
            let position = start + sample as f64 * per_sample;
            #[expect(clippy::cast_possible_truncation, reason = "songs are short")]
            let beat = (position * f64::from(meter.denominator) / 4.0 + 1e-6).floor() as i64;
            if self.beat.replace(beat) != Some(beat) {
                let first = beat.rem_euclid(meter.numerator.max(1).into()) == 0;
                (self.phase, self.level) = (0.0, LEVEL);
                self.step = PITCHES[usize::from(first)] / sample_rate;
            }
            let click = self.level * (TAU * self.phase).sin();
            self.phase = (self.phase + self.step).fract();
            self.level *= decay;
            for channel in output.iter_mut() {
                channel[sample] += click;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the samples at which clicks start: loud after quiet.
    fn clicks(meter: Meter, start: f64, beats: usize) -> Vec<usize> {
        let rate = 48_000.0;
        let frames = 24_000 * beats;
        let (mut left, mut right) = (vec![0.0; frames], vec![0.0; frames]);
        let mut metronome = Metronome::default();
        for (at, (left, right)) in left.chunks_mut(100).zip(right.chunks_mut(100)).enumerate() {
            let position = start + at as f64 * 100.0 / 24_000.0;
            metronome.play(&mut [left, right], (position, 1.0 / 24_000.0), meter, rate);
        }
        assert_eq!(left, right);
        let loud = |at: &usize| left[*at].abs() > 0.02;
        let quiet = |at: usize| left[at.saturating_sub(2_000)..at].iter().all(|x| x.abs() <= 0.02);
        (0..frames).filter(|at| loud(at) && quiet(*at)).collect()
    }

    #[test]
    fn the_metronome_clicks_on_the_beats_of_the_meter() {
        for (meter, start, beats, expected) in [
            (Meter::FOUR_FOUR, 0.0, 4, vec![0, 24_000, 48_000, 72_000]),
            (Meter::FOUR_FOUR, -1.5, 2, vec![0, 12_000, 36_000]),
            (Meter::new(6, 8), 0.0, 2, vec![0, 12_000, 24_000, 36_000]),
        ] {
            let found = clicks(meter, start, beats);
            assert_eq!(found.len(), expected.len(), "{found:?}");
            for (found, expected) in found.into_iter().zip(expected) {
                assert!(found.abs_diff(expected) < 10, "{found} {expected}");
            }
        }
    }
}
