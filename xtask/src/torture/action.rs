//! Actions of a host on the plugin.

use super::truth::GroundTruth;
use crate::host::{Event, Setup, Transport};

/// Abilities of a plugin format's host.
#[derive(Clone, Copy, Debug)]
pub struct HostAbilities {
    /// The host reports loops and bar lines, and can leave out the position.
    pub full: bool,
}

/// Next action of the host.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are blocks")]
pub enum HostAction {
    /// Deactivates and activates the plugin.
    Activate(Setup),
    /// Resets the plugin.
    Reset,
    /// Loads the saved state with this index.
    Load(usize),
    /// Sets a parameter to a fraction of its range.
    Set(String, f64),
    /// Processes a block.
    Block(HostBlock),
}

/// A block.
#[derive(Clone, Debug)]
pub struct HostBlock {
    /// Transport as the host reports it.
    pub transport: Transport,
    /// Keys of the user.
    pub input: Vec<Event>,
    /// Facts that the oracle checks the output against.
    pub truth: GroundTruth,
    /// Index of the saved state that is playing.
    pub take: usize,
    /// The host may process this block and the next in one call, with the transport change between
    /// them as an event.
    pub may_join_next: bool,
}
