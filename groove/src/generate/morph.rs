//! Morphs: a series of beats from one take to another.

use std::sync::Arc;

use crate::generate::drummer::Drummer;
use crate::model::{Model, ModelError};
use crate::pattern::{Bar, Meter};
use crate::take::{Take, Toward};

/// A series of `count` beats, at least 2: the theme of the first take, beats between, and the theme
/// of the second. All have the first take's form, primer and pins.
///
/// # Errors
/// Returns an error if a take belongs to another model, or if the network cannot be computed.
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
        let take = Take { toward: Some(Toward { share, controls: other.controls }), ..*one };
        drummer.phrase(&take, meter, 0)
    };
    (0..count).map(beat).collect()
}
