//! Data that outlives a session: the state a project saves, presets, settings and model files.

mod factory_presets;
pub mod folders;
pub mod kit_trims;
pub mod models;
pub mod presets;
pub mod saved_bars;
pub mod saved_state;
pub mod settings;
pub mod state;
mod state_reader;
pub mod store;
pub mod take_tempo;
