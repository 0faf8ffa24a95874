//! The standard library's atomics and threads for [`crate::queue`] and [`crate::signal`], under a
//! name of their own: `tests/interleavings.rs` compiles those two with a model checker's instead.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
pub(crate) use std::sync::{Arc, OnceLock};
pub(crate) use std::thread::{Thread, current, park};
