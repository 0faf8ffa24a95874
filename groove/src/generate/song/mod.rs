//! Takes with a chart: the sections' takes, and the changes of their phrases that the chart makes.
//!
//! Each section is played by a take of its own without a chart. Where the chart has a fill, a stop,
//! an accent or an entry, a phrase of that take is decoded again, and only what the chart concerns
//! is free: the kick in bars with accents, everything in fills. All else stays as it is. The energy
//! of the band makes what is played louder and softer, but changes no drums.

mod energy;
mod marked_step;
mod section_take;
#[cfg(test)]
mod tests;

pub(crate) use energy::follow_energy;
pub(crate) use section_take::{SongBar, SongBars};
