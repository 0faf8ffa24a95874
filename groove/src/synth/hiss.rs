//! Bands of noise for the dense resonances of a plate, each with its own rise and decay.

use super::dsp::{along, decay};
use super::resonators::{Bank, LANES, Lanes, PIECE, sum};

/// Bands on each side.
const BANDS: usize = LANES / 2;

/// Parameters of the bands.
pub(super) struct HissSpec {
    /// Lowest and highest band, in Hz.
    pub(super) range: (f32, f32),
    /// Decay to -60 dB of the lowest and of the highest band, in seconds.
    pub(super) ring: (f32, f32),
    /// Rise time of these, in seconds.
    pub(super) rise: (f32, f32),
    /// Emphasis of the high bands as a power of frequency.
    pub(super) tilt: f32,
    /// Depth of the irregular rattle of two plates that touch, 0 to 1.
    pub(super) sizzle: f32,
}

/// Bands of noise, eight on the left and eight on the right. The level of each is the difference of
/// two decays: the fast one is the rise.
pub(super) struct Hiss {
    bank: Bank,
    /// The last two samples of the noise.
    past: [[f32; 2]; 2],
    slow: Lanes,
    fast: Lanes,
    /// Factors of both per sample, without damping.
    falls: [Lanes; 2],
    gains: Lanes,
    /// Slow noise, its smoothing factor per sample, and its gain.
    sizzle: (f32, f32, f32),
}

impl Hiss {
    pub(super) fn new(spec: &HissSpec, rate: f32) -> Self {
        let follow = 1.0 - decay(0.03, rate);
        let mut hiss = Hiss {
            bank: Bank::default(),
            past: [[0.0; 2]; 2],
            slow: [0.0; LANES],
            fast: [0.0; LANES],
            falls: [[0.0; LANES]; 2],
            gains: [0.0; LANES],
            sizzle: (0.0, follow, spec.sizzle * (6.0 / follow).sqrt()),
        };
        hiss.tune(spec, (1.0, 1.0), rate);
        hiss
    }

    /// Tunes the bands by factors of pitch and decay time. Their levels stay.
    pub(super) fn tune(&mut self, spec: &HissSpec, (pitch, length): (f32, f32), rate: f32) {
        let (low, high) = spec.range;
        let width = (high / low).powf(1.0 / (BANDS - 1) as f32) - 1.0;
        for lane in 0..LANES {
            let place = (lane % BANDS) as f32 / (BANDS - 1) as f32;
            let hertz = along(spec.range, place);
            self.bank.tune_band(lane, pitch * hertz, width, rate);
            self.falls[0][lane] = decay(length * along(spec.ring, place), rate);
            self.falls[1][lane] = decay(6.908 * along(spec.rise, place), rate);
            self.gains[lane] = self.bank.unit()[lane] * (hertz / 6_000.0).powf(spec.tilt);
        }
    }

    pub(super) fn strike(&mut self, level: f32) {
        for lane in 0..LANES {
            // A new stroke on a ringing plate does not add its full level.
            let now = self.slow[lane];
            let then = (now * now * 0.5 + level * level).sqrt().max(now);
            self.fast[lane] += then - now;
            self.slow[lane] = then;
        }
    }

    pub(super) fn reset(&mut self) {
        self.bank.reset();
        (self.slow, self.fast) = ([0.0; LANES], [0.0; LANES]);
    }

    pub(super) fn loudest(&self) -> f32 {
        self.slow.iter().fold(0.0, |most, &now| most.max(now))
    }

    /// Differences of white noise and the same noise two samples earlier, with the rattle.
    #[inline(always)]
    pub(super) fn steps(&mut self, noise: &[[f32; PIECE]; 2], samples: usize) -> [[f32; PIECE]; 2] {
        let mut steps = [[0.0; PIECE]; 2];
        for (side, steps) in steps.iter_mut().enumerate() {
            for (step, &noise) in steps.iter_mut().zip(&noise[side]).take(samples) {
                let [before, last] = self.past[side];
                self.past[side] = [last, noise];
                *step = noise - before;
            }
        }
        if self.sizzle.2 > 0.0 {
            for at in 0..samples {
                let (slow, follow, gain) = &mut self.sizzle;
                *slow += *follow * (noise[0][at] - *slow);
                let rattle = (1.0 + *gain * *slow).clamp(0.15, 3.0);
                steps.iter_mut().for_each(|steps| steps[at] *= rattle);
            }
        }
        steps
    }

    /// Adds the next samples, given the differences of noise, to the lanes of both sides, and
    /// returns the sums of these.
    #[expect(clippy::needless_range_loop, reason = "a lane of several arrays")]
    #[inline(always)]
    pub(super) fn sums(
        &mut self,
        steps: &[[f32; PIECE]; 2],
        damping: f32,
        lanes: &[[Lanes; PIECE]; 2],
        samples: usize,
    ) -> [[f32; PIECE]; 2] {
        // An inaudible rise ends before it reaches the denormal numbers.
        self.fast.iter_mut().filter(|fast| **fast < 1e-9).for_each(|fast| *fast = 0.0);
        let falls = self.falls.map(|falls| falls.map(|fall| fall * damping));
        let mut sums = [[0.0; PIECE]; 2];
        let mut past = self.bank.begin();
        for at in 0..samples {
            let mut input = [0.0; LANES];
            for lane in 0..LANES {
                let level = self.gains[lane] * (self.slow[lane] - self.fast[lane]);
                input[lane] = level * steps[lane / BANDS][at];
            }
            for lane in 0..LANES {
                self.slow[lane] *= falls[0][lane];
                self.fast[lane] *= falls[1][lane];
            }
            let hiss = self.bank.next(&mut past, &input);
            for side in 0..2 {
                let mut half = [0.0; BANDS];
                for lane in 0..BANDS {
                    let [first, second] = [lane, lane + BANDS].map(|lane| lanes[side][at][lane]);
                    half[lane] = first + second + hiss[side * BANDS + lane];
                }
                sums[side][at] = sum(half);
            }
        }
        self.bank.end(past);
        sums
    }
}
