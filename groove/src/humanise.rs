//! Velocity and timing for hits that are given: a clip is kept as it is, and played by hand.

use crate::drum::DrumSet;
use crate::encode::Kind;
use crate::model::{Model, ModelError};
use crate::pattern::Step;
use crate::player::{Draws, Player, Touch};

/// Plays these hits, of a piece that begins with a bar: as the drummer strikes them, drawn with a
/// seed; without one, each with the medians of its distributions. The hits are the model's
/// classes.
///
/// # Errors
/// When the network cannot be computed.
pub fn humanise(
    model: &Model,
    kind: &Kind,
    hits: &[DrumSet],
    seed: Option<u32>,
) -> Result<Vec<Step>, ModelError> {
    let bar = kind.meter.steps();
    let mut player = Player::new(model);
    for (place, &drums) in hits.iter().enumerate() {
        let outlook = player.outlook(model, kind)?;
        let number = i64::try_from(place / bar).unwrap_or(i64::MAX);
        let mut draws = seed.map(|seed| Draws::at(seed, number, place % bar, 0));
        let touch = draws.as_mut().map_or(Touch::Median, Touch::Drawn);
        player.strike(model, kind, outlook, drums, touch)?;
    }
    Ok(player.steps)
}
