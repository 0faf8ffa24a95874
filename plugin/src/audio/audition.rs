//! Renders the audition kit into the stereo output: each note of the block sounds at its sample.
//! Runs on the audio thread and allocates nothing after construction. [`groove::synth`]
//! synthesises the drums.

use groove::synth::{AuditionKit, chosen_kit};
use nice_plug::prelude::util::db_to_gain;

use crate::audio::engine::NoteMessage;
use crate::params::controls::Controls;

/// The kit and the number of samples rendered so far in this block.
pub(crate) struct Audition {
    kit: Box<AuditionKit>,
    on: bool,
    /// Number of the chosen kit.
    choice: u8,
    /// Level, in dB.
    level: f32,
    done: usize,
}

impl Audition {
    /// Creates a silent kit for a sample rate in Hz. Allocates; call it on the host's main thread.
    pub(crate) fn new(rate: f64) -> Self {
        Audition { kit: Box::new(AuditionKit::new(rate)), on: true, choice: 0, level: 0.0, done: 0 }
    }

    /// Applies the parameters from the next block on. Switching the kit off fades what still
    /// sounds.
    pub(crate) fn set(&mut self, controls: &Controls) {
        let Controls { audition: on, level, kit, .. } = *controls;
        if self.level != level {
            self.kit.set_level(db_to_gain(level));
        }
        if self.on && !on {
            self.kit.silence();
        }
        (self.on, self.level, self.choice) = (on, level, kit);
    }

    /// Renders up to the note's sample and strikes its drum, or chokes it.
    pub(crate) fn hear(&mut self, message: NoteMessage, output: &mut [&mut [f32]]) {
        let NoteMessage { sample, velocity, struck, style, pressure, .. } = message;
        let Some((drum, articulation)) = struck.filter(|_| self.on) else { return };
        self.play_to(usize::try_from(sample).unwrap_or(usize::MAX), output);
        match pressure {
            None => {
                // The kit follows the take that strikes, which may begin later than a style was
                // chosen.
                self.kit.set_kit(chosen_kit(self.choice, style));
                self.kit.strike(drum, articulation, velocity);
            }
            Some(_) => self.kit.choke(drum, articulation),
        }
    }

    /// Renders the rest of the block, so that every output sample is written.
    pub(crate) fn end(&mut self, output: &mut [&mut [f32]]) {
        self.play_to(usize::MAX, output);
        self.done = 0;
    }

    /// Fades out everything that sounds.
    pub(crate) fn silence(&mut self) {
        self.kit.silence();
    }

    fn play_to(&mut self, sample: usize, output: &mut [&mut [f32]]) {
        let [left, right] = output else { return };
        let end = sample.min(left.len()).min(right.len());
        if self.done < end {
            self.kit.render(&mut left[self.done..end], &mut right[self.done..end]);
            self.done = end;
        }
    }
}
