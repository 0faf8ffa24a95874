//! The audition kit: the kits, of which one is struck, the level, and the soft clipper.

use multiversion::multiversion;

use super::acoustic_kit::AcousticKit;
use super::dsp::decay;
use super::electronic::ElectronicKit;
use super::kits::Kit;
use super::outputs::Outputs;
use super::trims::{Trims, UNTRIMMED};
use crate::model::kernels::activation::tanh;
use crate::pattern::Articulation;
use crate::pattern::drum::Drum;

/// Decay to -60 dB of a cymbal that a hand holds, in seconds.
const HAND: f32 = 0.2;

/// Decay to -60 dB of everything when the kit is silenced, in seconds.
const SILENCE: f32 = 0.005;

/// Smoothing time of level changes, in seconds.
const FOLLOW: f32 = 0.01;

/// Headroom before the soft clipper, as a factor: the middle of a beat stays in its linear range.
const HEADROOM: f32 = 0.5;

/// The audition kit.
pub struct AuditionKit {
    rate: f32,
    /// The kit that is struck; the other one rings out.
    kit: Kit,
    acoustic: AcousticKit,
    electronic: ElectronicKit,
    trims: Trims,
    level: f32,
    target: f32,
    /// True from a stroke until the kit is silent again.
    sounds: bool,
}

impl AuditionKit {
    /// A silent acoustic kit at full level, for a sample rate in Hz. Invalid rates count as 48,000.
    #[must_use]
    pub fn new(rate: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "within a few hundred thousand")]
        let rate = if (1_000.0..=1e6).contains(&rate) { rate as f32 } else { 48_000.0 };
        AuditionKit {
            rate,
            kit: Kit::Acoustic,
            acoustic: AcousticKit::new(rate),
            electronic: ElectronicKit::new(rate),
            trims: UNTRIMMED,
            level: 1.0,
            target: 1.0,
            sounds: false,
        }
    }

    /// Sets the kit that the next strokes sound on. Strokes on the one before ring out.
    pub fn set_kit(&mut self, kit: Kit) {
        self.kit = kit;
    }

    /// Sets level, pitch and decay of the lanes. They hold from the next stroke of a lane on.
    pub fn set_trims(&mut self, trims: &Trims) {
        self.trims = *trims;
    }

    /// Sets the level as a factor, 0 to 2. Changes are smoothed over some milliseconds.
    pub fn set_level(&mut self, level: f32) {
        self.target = if level.is_finite() { level.clamp(0.0, 2.0) } else { 1.0 };
        if !self.sounds {
            self.level = self.target;
        }
    }

    /// Strikes a drum at the next rendered sample, at a MIDI velocity of 1 to 127. An articulation
    /// that the drum lacks counts as plain.
    pub fn strike(&mut self, drum: Drum, articulation: Articulation, velocity: u8) {
        self.sounds = true;
        let velocity = f32::from(velocity.clamp(1, 127)) / 127.0;
        let trim = &self.trims[drum.index()];
        match self.kit {
            Kit::Acoustic => self.acoustic.strike(drum, articulation, velocity, trim),
            Kit::Machine(machine) => {
                self.electronic.strike(machine, (drum, articulation), velocity, trim);
            }
        }
    }

    /// Damps a crash or ride as a hand does, from the next rendered sample on. Other drums ring on.
    pub fn choke(&mut self, drum: Drum, articulation: Articulation) {
        self.acoustic.choke(drum, articulation, HAND);
        self.electronic.choke(drum, articulation, HAND);
    }

    /// Fades everything out as fast as possible without a click.
    pub fn silence(&mut self) {
        self.acoustic.fade(SILENCE);
        self.electronic.fade(SILENCE);
    }

    /// Returns true if nothing sounds until the next stroke.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        !self.sounds
    }

    /// Renders the next samples, replacing the contents. All are within -1 and 1.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        self.render_into(&mut Outputs::stereo(left, right));
    }

    /// Renders the next samples into several outputs, each with its own soft clipper.
    pub fn render_into(&mut self, outputs: &mut Outputs) {
        outputs.all().flatten().for_each(|channel| channel.fill(0.0));
        if !self.sounds {
            return;
        }
        self.acoustic.add(outputs);
        self.electronic.add(outputs);
        let nearer = 1.0 - decay(FOLLOW, self.rate);
        let before = self.level;
        for [left, right] in outputs.all() {
            self.level = before;
            for (left, right) in left.iter_mut().zip(right.iter_mut()) {
                self.level += nearer * (self.target - self.level);
                *left *= HEADROOM * self.level;
                *right *= HEADROOM * self.level;
            }
            soft_clip(left);
            soft_clip(right);
        }
        self.sounds = !(self.acoustic.is_silent() && self.electronic.is_silent());
        if !self.sounds {
            self.level = self.target;
        }
    }
}

/// Soft clipper that keeps every sample within full scale.
#[multiversion(targets("x86_64+avx512f+avx2+fma", "x86_64+avx2+fma"))]
fn soft_clip(samples: &mut [f32]) {
    samples.iter_mut().for_each(|sample| *sample = tanh(*sample));
}
