//! The layout of the rows of a batch.
//!
//! Rows lie in *parts*: the lanes of a batch are divided into as many parts as there are cores. A
//! part holds its rows in time order, all its lanes at each step, so it is one contiguous block and
//! a core runs its part's sequence without waiting for another.

/// Layout of the rows of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Independent parts, one per core.
    pub parts: usize,
    /// Steps in every lane.
    pub steps: usize,
    /// Lanes in a part.
    pub lanes: usize,
}

impl Rows {
    /// Returns the number of rows.
    #[must_use]
    pub fn count(self) -> usize {
        self.parts * self.steps * self.lanes
    }

    /// Returns the row of a lane (counted over all parts) at a step.
    #[must_use]
    pub fn row(self, lane: usize, step: usize) -> usize {
        (lane / self.lanes * self.steps + step) * self.lanes + lane % self.lanes
    }
}
