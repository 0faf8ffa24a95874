//! The commands of the trainer, one module each, and the charts that they draw.

pub mod calibrate;
pub mod compare;
mod drum_map;
pub mod evaluate;
pub mod generate;
pub mod inspect;
pub mod measure;
pub mod play;
mod plot;
pub mod prepare;
pub mod presets;
pub mod report;
pub mod sheet;
pub mod sweep;
pub mod train;
