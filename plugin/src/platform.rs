//! Code for one operating system or one plugin format: repairs around the frameworks, dragging files
//! in and out of the window, MIDI ports of our own, and the frame rate where OpenGL renders on the CPU.
//!
//! Each repair says what it works around, the upstream place, and when it can be deleted. The texts
//! for the upstream crates are in `docs/upstream.md`.

pub mod drag;
pub(crate) mod file_drops;
#[cfg(target_os = "linux")]
pub(crate) mod first_frame;
#[cfg(target_os = "linux")]
pub(crate) mod host_keys;
pub(crate) mod memory;
pub(crate) mod midi_ports;
#[cfg(target_os = "windows")]
pub(crate) mod ole_receiver;
#[cfg(target_os = "linux")]
pub(crate) mod screen_reader;
pub(crate) mod software_renderer;
pub(crate) mod thread_priority;
#[cfg(target_os = "linux")]
pub(crate) mod window_close;
#[cfg(target_os = "linux")]
pub(crate) mod x11;
#[cfg(target_os = "linux")]
mod xdnd_atoms;
#[cfg(target_os = "linux")]
pub(crate) mod xdnd_receiver;
