//! Ground truth about a block, from the random host that generates the block.

use super::random_user::LaneSettings;
use super::reference::BarLines;

/// Motion of the song in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// The transport is stopped.
    Stopped,
    /// The transport is playing, but the position does not advance.
    Stalled,
    /// The song continues from another position than the end of the last block.
    Jumps,
    /// The song continues.
    Continues,
}

/// Span of a song in which stage keys change the notes, in quarter notes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageWindow {
    /// Bar lines by which it was derived.
    pub bar_lines: BarLines,
    /// Position of the first changed note.
    pub from: f64,
    /// Position of the first note that is as before again.
    pub to: f64,
    /// Part in which nothing is struck; empty if both are infinite.
    pub silent: (f64, f64),
}

impl StageWindow {
    /// A window without known ends.
    #[must_use]
    pub const fn unknown(bar_lines: BarLines) -> Self {
        let (from, to) = (f64::NEG_INFINITY, f64::INFINITY);
        StageWindow { bar_lines, from, to, silent: (to, to) }
    }

    /// Returns true if a note at a position may be changed. A note on the first samples after the
    /// window can be covered by one of its last.
    #[must_use]
    pub fn covers(&self, at: f64, beats_per_sample: f64) -> bool {
        (self.from..self.to + 2.0 * beats_per_sample).contains(&at)
    }

    /// Returns true if a note heard at a position, to a sample, may be changed.
    #[must_use]
    pub fn may_cover(&self, at: f64, beats_per_sample: f64) -> bool {
        let tolerance = 4.0 * beats_per_sample;
        (self.from - tolerance..self.to + tolerance).contains(&at)
    }

    /// Returns true if a note heard at a position, to a sample, is struck in silence.
    #[must_use]
    pub fn is_silent(&self, at: f64, beats_per_sample: f64) -> bool {
        let (from, to) = self.silent;
        (from + 2.0 * beats_per_sample..to - 2.0 * beats_per_sample).contains(&at)
    }
}

/// Facts about a block.
#[derive(Clone, Copy, Debug)]
pub struct GroundTruth {
    /// Motion of the song.
    pub motion: Motion,
    /// Position of the first sample as the host reports it, in quarter notes.
    pub position: f64,
    /// Duration of a sample, in quarter notes.
    pub beats_per_sample: f64,
    /// Number of samples.
    pub frames: u32,
    /// Loop range, in quarter notes.
    pub cycle: Option<(f64, f64)>,
    /// Number of passes since the loop was set or jumped into.
    pub loop_passes: u64,
    /// Bar lines.
    pub bar_lines: BarLines,
    /// Keys, channels and mutes.
    pub lanes: LaneSettings,
    /// All sounding notes must end with the first sample.
    pub ends_all_notes: bool,
    /// Effect of stage keys.
    pub stage: Option<StageWindow>,
    /// The notes are unknown, because keys are held or the host is in real time: only their order
    /// and their ends are checked.
    pub unpredictable: bool,
}
