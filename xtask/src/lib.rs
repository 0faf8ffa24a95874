//! What the chores and the host tests share: a host for the built plugin, the place where the
//! built plugin is, what tries the plugin's timing, and what it uses of the machine. The commands
//! themselves stand in `main.rs` and the modules beside it.

pub mod host;
pub mod process_usage;
pub mod torture;
pub mod workspace;
