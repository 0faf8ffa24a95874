//! Learning: from drum MIDI files to a new style of a model, and the parts of which the trainer
//! makes whole trainings. The networks as Candle differentiates them are in [`network`].

pub mod bar_f1;
pub mod data;
pub mod initial;
pub mod lead_ins;
pub mod network;
pub mod optimise;
pub mod own_style;
pub mod prediction;
pub mod training;
