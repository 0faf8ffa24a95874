//! Hosts for the built plugin, independent of the plugin format.
//!
//! [`clap`] is a CLAP host; the integration tests add a VST3 host with the same interface. [`HostSong`]
//! is the transport clock: it cuts a stretch of a song into blocks, passes each block's position to
//! the plugin, and records the output with its position in samples. The tests decide which output
//! is correct.

pub mod allocations;
pub mod clap;
mod interface;
mod notes;
pub mod realtime;
pub mod saved_state;
mod song;

pub use interface::{Event, Host, Message, Setup, Transport};
pub use notes::{RecordedNote, pair_notes};
pub use song::{HostSong, TimedMessage, record_block};
