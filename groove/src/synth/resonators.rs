//! Banks of eight two-pole resonators, computed side by side.

use super::dsp::decay;

/// Resonators per bank.
pub(super) const LANES: usize = 8;

/// One value per resonator of a bank.
pub(super) type Lanes = [f32; LANES];

/// Eight resonators. Resonances above 0.45 of the sample rate are left out.
#[derive(Clone, Default)]
#[repr(align(32))]
pub(super) struct Bank {
    /// The last two outputs.
    past: [Lanes; 2],
    /// Feedback from them, and the same without damping: twice the cosine of the angle per sample,
    /// and the radius of the poles.
    back: [Lanes; 2],
    turn: Lanes,
    radius: Lanes,
    /// Input gain for an output of the level 1.
    unit: Lanes,
}

impl Bank {
    /// Tunes a resonator to a frequency in Hz and a decay to -60 dB in seconds. An impulse of 1
    /// rings at an amplitude of 1.
    pub(super) fn tune(&mut self, lane: usize, hertz: f32, seconds: f32, rate: f32) {
        let angle = std::f32::consts::TAU * hertz / rate;
        self.turn[lane] = 2.0 * angle.cos();
        self.radius[lane] = decay(seconds, rate);
        self.unit[lane] = if hertz > 0.45 * rate { 0.0 } else { angle.sin() };
        self.damp(1.0);
    }

    /// Tunes a resonator to a band of noise: frequency in Hz, and width as a share of it. Its input
    /// is white noise minus the same noise two samples earlier, which has nothing below the band;
    /// its output has the power of the noise.
    pub(super) fn tune_band(&mut self, lane: usize, hertz: f32, width: f32, rate: f32) {
        self.tune(lane, hertz, 2.2 / (width * hertz), rate);
        let radius = self.radius[lane];
        if self.unit[lane] > 0.0 {
            self.unit[lane] = (0.5 * (1.0 - radius * radius)).sqrt();
        }
    }

    pub(super) fn unit(&self) -> &Lanes {
        &self.unit
    }

    /// Applies a damping, as a factor per sample, until the next call.
    pub(super) fn damp(&mut self, factor: f32) {
        for lane in 0..LANES {
            let radius = factor * self.radius[lane];
            self.back[0][lane] = self.turn[lane] * radius;
            self.back[1][lane] = radius * radius;
        }
    }

    /// Stops all resonators.
    pub(super) fn reset(&mut self) {
        self.past = Default::default();
    }

    /// The next outputs.
    #[inline(always)]
    pub(super) fn tick(&mut self, input: &Lanes) -> Lanes {
        let mut output = [0.0; LANES];
        for lane in 0..LANES {
            output[lane] = input[lane] - self.back[1][lane] * self.past[1][lane]
                + self.back[0][lane] * self.past[0][lane];
        }
        self.past = [output, self.past[0]];
        output
    }

    /// Amplitude of the loudest resonator at gains.
    pub(super) fn loudest(&self, gains: &Lanes) -> f32 {
        let mut loudest = 0f32;
        for lane in 0..LANES {
            let [now, before] = self.past.map(|past| past[lane]);
            // The squared radius of the circle that both outputs are on, times the sine's square.
            let circle = now * now + before * before - self.turn[lane] * now * before;
            let sine = 1.0 - 0.25 * self.turn[lane] * self.turn[lane];
            loudest = loudest.max(circle * gains[lane] * gains[lane] / sine.max(1e-6));
        }
        loudest.sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impulse_rings_at_its_pitch_level_and_decay() {
        let mut bank = Bank::default();
        bank.tune(3, 1_000.0, 0.5, 48_000.0);
        let mut input = [0.0; LANES];
        input[3] = bank.unit()[3];
        let mut sound = vec![bank.tick(&input)[3]];
        sound.extend((0..24_000).map(|_| bank.tick(&[0.0; LANES])[3]));
        let loudest = |part: &[f32]| part.iter().fold(0f32, |most, now| most.max(now.abs()));
        assert!((0.97..1.0).contains(&loudest(&sound[..96])), "{}", loudest(&sound[..96]));
        let crossings = sound.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
        assert!((498..=502).contains(&crossings), "{crossings}");
        let last = loudest(&sound[23_904..]);
        assert!((0.9e-3..1.1e-3).contains(&last), "{last}");
        assert!((bank.loudest(&[1.0; LANES]) - 1e-3).abs() < 5e-5);
    }

    #[test]
    fn a_band_of_noise_has_the_noise_s_power() {
        let mut bank = Bank::default();
        bank.tune_band(0, 5_000.0, 0.3, 48_000.0);
        let mut rng = super::super::dsp::StrokeRng::of(1, 1);
        let noise: Vec<f32> = (0..100_000).map(|_| rng.draw()).collect();
        let mut power = 0.0;
        for three in noise.windows(3) {
            let mut input = [0.0; LANES];
            input[0] = bank.unit()[0] * (three[2] - three[0]);
            power += bank.tick(&input)[0].powi(2);
        }
        let share = power / noise.iter().map(|noise| noise * noise).sum::<f32>();
        assert!((0.8..1.25).contains(&share), "{share}");
    }
}
