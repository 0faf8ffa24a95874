//! Free run: the song counts the samples processed while the host is stopped.

use groove::play::clock::Transport;

use super::Engine;

impl Engine {
    /// Sets the count-in of free run, in quarter notes; it holds from the next start on.
    pub fn set_count_in(&mut self, beats: f64) {
        self.count_in = beats;
    }

    /// Returns the position at which the last block started, and quarter notes per sample, in free
    /// run. Positions below 0 are the count-in.
    #[must_use]
    pub fn free_block(&self) -> Option<(f64, f64)> {
        self.free_block
    }

    /// Returns the host's transport or, while the host is stopped and free run is on, a transport
    /// that counts the samples processed.
    pub(super) fn free_running(&mut self, host: &Transport, frames: u32) -> Transport {
        let Some(tempo) = self.controls.free_run.filter(|_| !host.playing) else {
            (self.free_position, self.free_block) = (0.0 - self.count_in, None);
            return *host;
        };
        let (start, per_sample) = (self.free_position, tempo / 60.0 / self.sample_rate);
        self.free_position += f64::from(frames) * per_sample;
        self.free_block = Some((start, per_sample));
        // The block in which the count-in ends plays. Before it the song stands at its start.
        let playing = start >= 0.0 || self.free_position > 0.0;
        Transport {
            playing,
            tempo: Some(tempo),
            meter: host.meter,
            beats: Some(if playing { start } else { 0.0 }),
            ..Transport::default()
        }
    }
}
