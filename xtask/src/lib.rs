//! What the chores and the host tests share: a host for the built plugin, and the place where
//! the built plugin is. The commands themselves stand in `main.rs` and the modules beside it.

pub mod host;
pub mod workspace;
