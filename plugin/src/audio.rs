//! The audio thread's half of the plugin: follows the host's transport, chooses the take that
//! sounds, and sends its notes.
//!
//! Nothing here allocates, locks, logs or makes a system call while it processes, except where
//! [`offline_detect`] says that the host is bouncing.

pub(crate) mod audition;
mod bar_cache;
pub mod engine;
mod idle_span;
mod key_input;
mod listener;
mod metronome;
pub(crate) mod midi_clock;
mod note_message;
pub mod offline_detect;
mod pass_through;
mod render_cache;
mod stage_keys;
mod take_queue;
