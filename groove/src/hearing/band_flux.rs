//! Onset function and level of a sound, in frames of 5 ms.

/// Length of a frame, in seconds.
pub const FRAME_SECONDS: f64 = 0.005;

/// Number of bands.
const BANDS: usize = 8;
/// Centres of the lowest and of the highest band, in Hz.
const LOWEST: f64 = 60.0;
const HIGHEST: f64 = 9_000.0;
/// Quality of the filters: centre over bandwidth.
const QUALITY: f64 = 1.1;
/// Frames over which the level of a band is taken.
const LEVEL_FRAMES: usize = 2;
/// Frames between a level and the latest one that it is compared with, and the number of those.
const LAG: usize = 2;
const PAST: usize = 8;
/// Compression: a level of this share of the loudest counts 0.7.
const SOFT: f32 = 0.03;
/// Factor by which the loudest level falls in a frame, a hundredth in about 12 s.
const FALL: f32 = 0.9981;
/// Least loudest level, as a root mean square: -80 dB.
const FLOOR: f32 = 1e-4;
/// Added to each sample, far below hearing, so that silent filters do not compute with subnormal
/// numbers.
const INAUDIBLE: f32 = 1e-15;

/// A frame of sound.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SoundFrame {
    /// Rise of the level, summed over the bands; 0 or more.
    pub flux: f32,
    /// Root mean square; 1 is full scale.
    pub level: f32,
}

/// The filters, and the levels of the last frames. All work is per sample or per frame.
#[derive(Clone, Debug)]
pub struct BandFlux {
    /// Coefficients by band: band-pass filters with a gain of 1 in their centre, from the audio EQ
    /// cookbook by R. Bristow-Johnson.
    input: [f32; BANDS],
    feedback: [[f32; BANDS]; 2],
    /// State by band, in transposed direct form II.
    state: [[f32; BANDS]; 2],
    /// Sums of squares in this frame.
    energy: [f32; BANDS],
    whole: f32,
    /// Samples in a frame, and in this one so far.
    length: u32,
    filled: u32,
    /// Sums of squares of the last frames, the newest first.
    energies: [[f32; BANDS]; LEVEL_FRAMES],
    /// Compressed levels of the last frames, the newest first.
    levels: [[f32; BANDS]; LAG + PAST],
    /// Loudest level of the last seconds.
    loudest: f32,
}

impl BandFlux {
    /// Creates silent filters for a sample rate in Hz, 8,000 or more.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        let (mut input, mut feedback) = ([0.0; BANDS], [[0.0; BANDS]; 2]);
        for band in 0..BANDS {
            let share = band as f64 / (BANDS - 1) as f64;
            let centre = (LOWEST * (HIGHEST / LOWEST).powf(share)).min(0.4 * rate);
            let angle = std::f64::consts::TAU * centre / rate;
            let alpha = angle.sin() / (2.0 * QUALITY);
            #[expect(clippy::cast_possible_truncation, reason = "coefficients")]
            {
                input[band] = (alpha / (1.0 + alpha)) as f32;
                feedback[0][band] = (-2.0 * angle.cos() / (1.0 + alpha)) as f32;
                feedback[1][band] = ((1.0 - alpha) / (1.0 + alpha)) as f32;
            }
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive")]
        let length = (rate * FRAME_SECONDS).round().max(1.0) as u32;
        BandFlux {
            input,
            feedback,
            state: [[0.0; BANDS]; 2],
            energy: [0.0; BANDS],
            whole: 0.0,
            length,
            filled: 0,
            energies: [[0.0; BANDS]; LEVEL_FRAMES],
            levels: [[0.0; BANDS]; LAG + PAST],
            loudest: FLOOR,
        }
    }

    /// Forgets all sound.
    pub fn reset(&mut self) {
        self.state = [[0.0; BANDS]; 2];
        (self.energy, self.whole, self.filled) = ([0.0; BANDS], 0.0, 0);
        self.energies = [[0.0; BANDS]; LEVEL_FRAMES];
        self.levels = [[0.0; BANDS]; LAG + PAST];
        self.loudest = FLOOR;
    }

    /// Number of samples in a frame.
    #[must_use]
    pub fn frame_length(&self) -> u32 {
        self.length
    }

    /// Adds a sample. Returns the frame that it completes.
    pub fn push(&mut self, sample: f32) -> Option<SoundFrame> {
        // A host may pass anything.
        let sample = if sample.is_finite() { sample.clamp(-8.0, 8.0) } else { 0.0 };
        self.whole += sample * sample;
        let sample = sample + INAUDIBLE;
        let [first, second] = &mut self.state;
        for band in 0..BANDS {
            let fed = self.input[band] * sample;
            let out = fed + first[band];
            first[band] = second[band] - self.feedback[0][band] * out;
            second[band] = -fed - self.feedback[1][band] * out;
            self.energy[band] += out * out;
        }
        self.filled += 1;
        (self.filled >= self.length).then(|| self.end_frame())
    }

    fn end_frame(&mut self) -> SoundFrame {
        let count = self.length as f32;
        let level = (self.whole / count).sqrt();
        self.loudest = (self.loudest * FALL).max(level).max(FLOOR);
        self.energies.rotate_right(1);
        self.energies[0] = self.energy;
        let mut now = [0.0; BANDS];
        let mut flux = 0.0;
        for (band, now) in now.iter_mut().enumerate() {
            let energy: f32 = self.energies.iter().map(|energies| energies[band]).sum();
            let level = (energy / (count * LEVEL_FRAMES as f32)).sqrt();
            *now = (level / (SOFT * self.loudest)).ln_1p();
            let past = self.levels[LAG - 1..].iter().map(|levels| levels[band]);
            flux += (*now - past.fold(0.0, f32::max)).max(0.0);
        }
        self.levels.rotate_right(1);
        self.levels[0] = now;
        (self.energy, self.whole, self.filled) = ([0.0; BANDS], 0.0, 0);
        SoundFrame { flux, level }
    }
}
