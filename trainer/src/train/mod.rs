//! Training: what is learned, from what and how fast; the loop with its checkpoints; calibration.

pub(crate) mod calibration;
mod checkpoint;
pub(crate) mod console;
pub(crate) mod curve;
pub(crate) mod lead_ins;
pub(crate) mod plan;
pub(crate) mod programmed;
pub(crate) mod strokes;
mod teachers;
pub(crate) mod training;
mod training_preset;
