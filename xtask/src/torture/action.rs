//! What a host can do to the plugin.

use super::truth::GroundTruth;
use crate::host::{Event, Setup, Transport};

/// What the format can say.
#[derive(Clone, Copy, Debug)]
pub struct HostAbilities {
    /// Whether loops and bar lines can be told, and a position left out.
    pub full: bool,
}

/// What the host does next.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are blocks")]
pub enum HostAction {
    /// Deactivates the plugin and activates it again.
    Activate(Setup),
    /// Resets the plugin.
    Reset,
    /// Loads the saved state of this number.
    Load(usize),
    /// Sets the parameter of this name to a fraction of its range.
    Set(String, f64),
    /// Has a block processed.
    Block(HostBlock),
}

/// A block.
#[derive(Clone, Debug)]
pub struct HostBlock {
    /// What the host says.
    pub transport: Transport,
    /// Keys of the user.
    pub input: Vec<Event>,
    /// What is true.
    pub truth: GroundTruth,
    /// Whose notes they are: number of a saved state.
    pub take: usize,
    /// Whether the host may give it to the plugin in one piece with the block that follows, and say
    /// in the middle what changes there.
    pub may_join_next: bool,
}
