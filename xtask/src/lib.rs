//! Parts that the commands and the host tests share: hosts for the built plugin, the torture test,
//! and the paths of the workspace.

pub mod host;
pub mod process_usage;
pub mod torture;
pub mod workspace;
