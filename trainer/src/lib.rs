//! The trainer of the drummer's model, as a library: data, networks, metrics, training and the
//! commands of `main.rs`. Imports run one way: `commands` to `train` to `metrics` to `network` to
//! `data`. The benchmark compares the ops of `network` with other implementations.

pub mod commands;
pub mod data;
mod drum_map;
mod files;
mod metrics;
pub mod network;
mod playback;
mod plot;
mod train;
