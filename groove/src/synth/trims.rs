//! Level, tune and decay of the lanes of the audition kit.

use crate::pattern::drum::CLASSES;

/// Settings of a lane, as factors. A factor of 1 changes nothing, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trim {
    /// Level, 0 (off) to 4.
    pub level: f32,
    /// Pitch, 0.5 to 2.
    pub pitch: f32,
    /// Decay time, 0.25 to 2.
    pub decay: f32,
}

/// Settings of all lanes, in class order.
pub type Trims = [Trim; CLASSES];

/// The kit as it was built.
pub const UNTRIMMED: Trims = [Trim { level: 1.0, pitch: 1.0, decay: 1.0 }; CLASSES];
