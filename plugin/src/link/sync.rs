//! Atomics and threads of the standard library for [`crate::link::queue`], [`crate::link::notify`]
//! and [`crate::link::takes_in_use`]. `tests/thread_interleavings.rs` replaces this module with a
//! model checker's.

pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
pub(crate) use std::sync::{Arc, OnceLock};
pub(crate) use std::thread::{Thread, current, park};
