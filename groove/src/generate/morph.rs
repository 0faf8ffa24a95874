//! From one take to another: beats between their themes, each played by a drummer who has both in
//! mind.
//!
//! What the themes have in common stays. Of the rest the distribution decides that lies between
//! those of the two takes (their logarithms mixed), pulled towards the one theme or the other as
//! far as the morph has come. [`crate::generate`] asks for it where a take is on the way to another.

use std::sync::Arc;

use crate::generate::drummer::Drummer;
use crate::model::{Model, ModelError};
use crate::pattern::{Bar, Meter};
use crate::take::{Take, Toward};

/// The theme of one take, so many beats between, and the theme of the other: `count` in all, at
/// least 2. All have the form of the first one, and what is held there.
///
/// # Errors
/// When a take is another model's, or the network cannot be computed.
pub fn morph(
    model: &Arc<Model>,
    [one, other]: [&Take; 2],
    meter: Meter,
    count: usize,
) -> Result<Vec<Vec<Bar>>, ModelError> {
    let mut drummer = Drummer::new(Arc::clone(model));
    let count = count.max(2);
    let beat = |place: usize| {
        let share = place as f32 / (count - 1) as f32;
        let take = Take { toward: Some(Toward::new(other, share)), ..*one };
        drummer.phrase(&take, meter, 0)
    };
    (0..count).map(beat).collect()
}
