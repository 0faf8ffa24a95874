//! The commands of the trainer, one module each.

pub mod calibrate;
pub mod clips;
pub mod compare;
mod compare_styles;
pub mod evaluate;
pub mod generate;
pub mod inspect;
pub mod listening_test;
pub mod measure;
pub mod play;
pub mod prepare;
pub mod presets;
pub mod protocol;
pub mod report;
pub mod sheet;
pub mod sweep;
pub mod train;
