//! Ground truth about a block, as the random host that generates the block knows it.

use super::random_user::LaneSettings;
use super::reference::BarLines;

/// How the song goes in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// The transport stands.
    Stopped,
    /// The host says that it plays, but it stays where it was.
    Stalled,
    /// It plays from somewhere else than where the last block ended.
    Jumps,
    /// It goes on.
    Continues,
}

/// The truth about a block.
#[derive(Clone, Copy, Debug)]
pub struct GroundTruth {
    /// How the song goes.
    pub motion: Motion,
    /// Position of the first sample as the host says it, in quarter notes.
    pub position: f64,
    /// Quarter notes a sample.
    pub beats_per_sample: f64,
    /// Number of samples.
    pub frames: u32,
    /// The loop.
    pub cycle: Option<(f64, f64)>,
    /// How often the song has gone round the loop since it was set or jumped into.
    pub loop_passes: u64,
    /// Where bar lines are.
    pub bar_lines: BarLines,
    /// Where notes go.
    pub lanes: LaneSettings,
    /// Whether all that sounded before must end with the first sample.
    pub ends_all_notes: bool,
    /// Whether it is not known what must sound, because keys are held or the host is in real
    /// time: then only the order of the notes and their ends are judged.
    pub unpredictable: bool,
}
