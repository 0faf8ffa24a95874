//! The standard library's atomics and threads for [`crate::link::queue`], [`crate::link::notify`] and
//! [`crate::link::takes_in_use`], under a name of their own: `tests/interleavings.rs` compiles those with a
//! model checker's instead.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
pub(crate) use std::sync::{Arc, OnceLock};
pub(crate) use std::thread::{Thread, current, park};
