//! Code for one operating system or one plugin format: repairs around the frameworks, and dragging
//! files in and out of the window.
//!
//! Each repair says what it works around, the upstream place, and when it can be deleted.

mod clap_entry;
pub mod drag;
#[cfg(target_os = "linux")]
pub(crate) mod x11;
#[cfg(target_os = "linux")]
pub(crate) mod xdnd_receiver;
