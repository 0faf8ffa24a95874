//! Measures the time spent building frames and prints it when the window closes, for `cargo xtask
//! window-cost`. Compiled only with the feature `measure`, which no bundle has.

use std::time::{Duration, Instant};

/// Time spent in our drawing code including the toolkit's widgets, without tessellation and
/// rendering.
#[derive(Default)]
pub(crate) struct FrameCost {
    pictures: u32,
    spent: Duration,
}

impl FrameCost {
    /// Adds a frame that began at `begun` and ends now.
    pub(crate) fn add(&mut self, begun: Instant) {
        self.pictures += 1;
        self.spent += begun.elapsed();
    }
}

impl Drop for FrameCost {
    fn drop(&mut self) {
        println!("window {} {}", self.pictures, self.spent.as_micros());
    }
}
