//! Banks of two-pole resonators, computed side by side.

use super::dsp::decay;

/// Resonators per bank.
pub(super) const LANES: usize = 16;

/// One value per resonator of a bank.
pub(super) type Lanes = [f32; LANES];

/// Maximum number of samples that plates compute at once.
pub(super) const PIECE: usize = 64;

/// Level that keeps resonators out of the denormal numbers.
const TRACE: f32 = 1e-15;

/// A bank of resonators. Resonances above 0.45 of the sample rate are left out.
#[derive(Clone, Default)]
#[repr(align(64))]
pub(super) struct Bank {
    /// The last output, and the one before.
    past: [Lanes; 2],
    /// Feedback from them.
    back: [Lanes; 2],
    /// Twice the cosine of the angle per sample, and the radius of the poles without damping.
    turn: Lanes,
    radius: Lanes,
    /// Input gain for an output of the level 1.
    unit: Lanes,
}

impl Bank {
    /// Tunes a resonator to a frequency in Hz and a decay to -60 dB in seconds. Its input is a
    /// sound minus the same sound one sample earlier, which has nothing far below the frequency;
    /// an impulse of 1 in that sound rings at an amplitude of 1.
    pub(super) fn tune(&mut self, lane: usize, hertz: f32, seconds: f32, rate: f32) {
        let angle = std::f32::consts::TAU * hertz / rate;
        self.turn[lane] = 2.0 * angle.cos();
        self.radius[lane] = decay(seconds, rate);
        self.unit[lane] = if hertz > 0.45 * rate { 0.0 } else { (0.5 * angle).cos() };
        self.damp(1.0);
    }

    /// Tunes a resonator to a band of noise: frequency in Hz, and width as a share of it. Its input
    /// is white noise minus the same noise two samples earlier, which has nothing far below the
    /// band; its output has the power of the noise.
    pub(super) fn tune_band(&mut self, lane: usize, hertz: f32, width: f32, rate: f32) {
        self.tune(lane, hertz, 2.2 / (width * hertz), rate);
        let radius = self.radius[lane];
        if self.unit[lane] > 0.0 {
            self.unit[lane] = (0.5 * (1.0 - radius * radius)).sqrt();
        }
    }

    pub(super) fn unit(&self) -> Lanes {
        self.unit
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

    /// Begins a run of samples; returns the last two outputs.
    #[inline(always)]
    pub(super) fn begin(&self) -> [Lanes; 2] {
        let [mut last, before] = self.past;
        last.iter_mut().for_each(|last| *last += TRACE);
        [last, before]
    }

    /// The next outputs. Loops over samples keep `past` in registers.
    #[inline(always)]
    pub(super) fn next(&self, past: &mut [Lanes; 2], input: &Lanes) -> Lanes {
        let mut now = [0.0; LANES];
        for lane in 0..LANES {
            let fed = input[lane] - self.back[1][lane] * past[1][lane];
            now[lane] = fed + self.back[0][lane] * past[0][lane];
        }
        *past = [now, past[0]];
        now
    }

    /// Ends a run of samples.
    #[inline(always)]
    pub(super) fn end(&mut self, past: [Lanes; 2]) {
        self.past = past;
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

/// Sum of half of the lanes.
#[inline(always)]
pub(super) fn sum([a, b, c, d, e, f, g, h]: [f32; LANES / 2]) -> f32 {
    ((a + e) + (b + f)) + ((c + g) + (d + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impulse_rings_at_its_pitch_level_and_decay() {
        let mut bank = Bank::default();
        bank.tune(3, 1_000.0, 0.5, 48_000.0);
        let unit = bank.unit()[3];
        let mut past = bank.begin();
        let mut sound = Vec::new();
        for place in 0..24_001 {
            let mut input = [0.0; LANES];
            input[3] = [unit, -unit, 0.0][place.min(2)];
            sound.push(bank.next(&mut past, &input)[3]);
        }
        bank.end(past);
        let loudest = |part: &[f32]| part.iter().fold(0f32, |most, now| most.max(now.abs()));
        assert!((0.97..1.0).contains(&loudest(&sound[..96])), "{}", loudest(&sound[..96]));
        let crossings = sound.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
        assert!((498..=502).contains(&crossings), "{crossings}");
        let last = loudest(&sound[23_904..]);
        assert!((0.9e-3..1.1e-3).contains(&last), "{last}");
        assert!((bank.loudest(&[1.0; LANES]) - 1e-3).abs() < 5e-5);
    }

    #[test]
    fn a_band_of_noise_has_the_power_of_the_noise() {
        let mut bank = Bank::default();
        bank.tune_band(0, 5_000.0, 0.3, 48_000.0);
        let unit = bank.unit()[0];
        let mut source = super::super::dsp::Noise::new(1);
        let noise: Vec<f32> = (0..100_000).map(|_| source.next()).collect();
        let mut past = bank.begin();
        let outputs = noise
            .windows(3)
            .map(|three| bank.next(&mut past, &[unit * (three[2] - three[0]); LANES])[0]);
        let power: f32 = outputs.map(|output| output * output).sum();
        let share = power / noise.iter().map(|noise| noise * noise).sum::<f32>();
        assert!((0.8..1.25).contains(&share), "{share}");
    }
}
