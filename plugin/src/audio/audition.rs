//! The audition kit in a block: it plays the notes that leave, each at its sample, into the stereo
//! output. For the audio thread, which allocates nothing here.
//!
//! How the drums sound is [`groove::audition`]'s business.

use groove::audition::AuditionKit;
use nice_plug::prelude::util::db_to_gain;

use crate::audio::engine::NoteMessage;
use crate::params::controls::Controls;

/// The kit, and how much of the block it has played.
pub(crate) struct Audition {
    kit: Box<AuditionKit>,
    on: bool,
    /// Its level in dB.
    level: f32,
    done: usize,
}

impl Audition {
    /// A silent kit for a sample rate in Hertz. Allocates: for the host's main thread.
    pub(crate) fn new(rate: f64) -> Self {
        Audition { kit: Box::new(AuditionKit::new(rate)), on: true, level: 0.0, done: 0 }
    }

    /// What the parameters say from the coming block on. A kit that has been switched off ends
    /// what sounds, without a click.
    pub(crate) fn set(&mut self, controls: &Controls) {
        let Controls { audition: on, level, .. } = *controls;
        if self.level != level {
            self.kit.set_level(db_to_gain(level));
        }
        if self.on && !on {
            self.kit.silence();
        }
        (self.on, self.level) = (on, level);
    }

    /// A note leaves: plays up to it, and strikes its drum.
    pub(crate) fn hear(&mut self, message: NoteMessage, output: &mut [&mut [f32]]) {
        if let (NoteMessage { sample, velocity, drum: Some(drum), .. }, true) = (message, self.on) {
            self.play_to(usize::try_from(sample).unwrap_or(usize::MAX), output);
            self.kit.strike(drum, velocity);
        }
    }

    /// Plays the rest of the block: every sample of the output has been written then.
    pub(crate) fn end(&mut self, output: &mut [&mut [f32]]) {
        self.play_to(usize::MAX, output);
        self.done = 0;
    }

    /// Ends what sounds, without a click.
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
