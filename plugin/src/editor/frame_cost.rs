//! What the pictures of a window cost of our own: printed when it closes, for `cargo xtask
//! window-cost`. Only with the feature `measure`, which no bundle has.

use std::time::{Duration, Instant};

/// Counts what is spent in the code that says what to draw, the toolkit's widgets included. What
/// makes triangles and pixels of it is not.
#[derive(Default)]
pub(crate) struct FrameCost {
    pictures: u32,
    spent: Duration,
}

impl FrameCost {
    /// Another picture, begun then and ended now.
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
