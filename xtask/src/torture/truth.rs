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
    /// The notes are unknown, because keys are held or the host is in real time: only their order
    /// and their ends are checked.
    pub unpredictable: bool,
}
