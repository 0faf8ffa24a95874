//! The commands of the trainer, one module each.

pub mod calibrate;
pub mod clips;
pub mod compare;
mod compare_styles;
pub mod evaluate;
pub mod generate;
pub mod inspect;
pub mod measure;
pub mod play;
pub mod prepare;
pub mod presets;
pub mod report;
pub mod sheet;
pub mod sweep;
pub mod train;
