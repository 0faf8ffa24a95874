//! The trainer of the drummer's model, as a library: folders of data, metrics, training and the
//! commands of `main.rs`. Imports run one way: `commands` to `train` to `metrics` to `network` to
//! `data`. Networks, batches and optimiser are in [`groove::learn`].

pub mod commands;
mod data;
mod drum_map;
mod files;
mod metrics;
mod network;
mod playback;
mod plot;
mod train;
