//! State of the random host's stage keys.

use super::truth::StageWindow;

/// State of the stage keys.
#[derive(Debug, Default)]
pub struct StageState {
    /// Effect of the keys that were pressed.
    pub window: Option<StageWindow>,
    /// Start of the break whose key is down, in quarter notes.
    pub break_start: Option<f64>,
    /// A parameter that is pressed with the next block.
    pub pressed: Option<u8>,
}
