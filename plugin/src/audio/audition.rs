//! Renders the audition kit into the outputs: each note of the block sounds at its sample.
//! Runs on the audio thread and allocates nothing after construction. [`groove::synth`]
//! synthesises the drums.

use groove::synth::{AuditionKit, Outputs, chosen_kit};
use nice_plug::prelude::util::db_to_gain;

use crate::audio::engine::NoteMessage;
use crate::params::controls::Controls;
use crate::project::kit_trims::LiveTrims;

/// The kit and the number of samples rendered so far in this block.
pub(crate) struct Audition {
    kit: Box<AuditionKit>,
    on: bool,
    /// Number of the chosen kit.
    choice: u8,
    /// Level, in dB.
    level: f32,
    /// [`LiveTrims::changes`] when the lanes' settings were read; `None` before the first block.
    trims: Option<u32>,
    done: usize,
}

impl Audition {
    /// Creates a silent kit for a sample rate in Hz. Allocates; call it on the host's main thread.
    pub(crate) fn new(rate: f64) -> Self {
        let kit = Box::new(AuditionKit::new(rate));
        Audition { kit, on: true, choice: 0, level: 0.0, trims: None, done: 0 }
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

    /// Applies the settings of the lanes, if they changed, from the next stroke on.
    pub(crate) fn follow(&mut self, live: &LiveTrims) {
        let changes = live.changes();
        if self.trims != Some(changes) {
            self.trims = Some(changes);
            self.kit.set_trims(&live.get().factors());
        }
    }

    /// Renders up to the note's sample and strikes its drum, or chokes it.
    pub(crate) fn hear(&mut self, message: NoteMessage, outputs: &mut Outputs) {
        let NoteMessage { sample, velocity, struck, style, pressure, .. } = message;
        let Some((drum, articulation)) = struck.filter(|_| self.on) else { return };
        self.play_to(usize::try_from(sample).unwrap_or(usize::MAX), outputs);
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
    pub(crate) fn end(&mut self, outputs: &mut Outputs) {
        self.play_to(usize::MAX, outputs);
        self.done = 0;
    }

    /// Fades out everything that sounds.
    pub(crate) fn silence(&mut self) {
        self.kit.silence();
    }

    fn play_to(&mut self, sample: usize, outputs: &mut Outputs) {
        let end = sample.min(outputs.frames());
        if self.done < end {
            self.kit.render_into(&mut outputs.part(self.done..end));
            self.done = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::{Articulation, Drum};

    #[test]
    fn lanes_follow_their_settings_at_the_next_stroke() {
        let live = LiveTrims::default();
        let mut audition = Audition::new(48_000.0);
        let mut peak = |level: i8| {
            let mut trims = live.get();
            trims.0[Drum::Snare.index()].level = level;
            live.set(trims);
            audition.follow(&live);
            audition.kit.strike(Drum::Snare, Articulation::Plain, 30);
            let [mut left, mut right] = [[0f32; 480]; 2];
            audition.end(&mut Outputs::stereo(&mut left, &mut right));
            audition.silence();
            audition.end(&mut Outputs::stereo(&mut [0.0; 48_000], &mut [0.0; 48_000]));
            left.iter().fold(0f32, |most, now| most.max(now.abs()))
        };
        let [built, soft, off] = [0, -20, -49].map(&mut peak);
        assert!(built > 0.005, "{built}");
        assert!((0.2..0.45).contains(&(soft / built)), "{soft} of {built}");
        assert_eq!(off, 0.0);
    }
}
