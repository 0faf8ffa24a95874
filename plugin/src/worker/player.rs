//! A loaded model as a function from take and bar index to a bar.

use std::sync::Arc;

use groove::generate::Drummer;
use groove::model::{Metadata, Model};
use groove::take::Take;
use groove::{Bar, Meter};

/// Generates a bar as a pure function of take, meter and bar index. The error is a message.
pub type PlayFn = Box<dyn FnMut(&Take, Meter, i64) -> Result<Bar, String>>;

/// A loaded model.
pub struct ModelPlayer {
    /// Header, for the window.
    pub metadata: Arc<Metadata>,
    /// Generator.
    pub play: PlayFn,
}

impl ModelPlayer {
    /// Creates a player for a model.
    #[must_use]
    pub fn of(model: &Arc<Model>) -> ModelPlayer {
        let metadata = Arc::new(model.metadata().clone());
        // The playing and the waiting take alternate, and each drummer caches one take.
        let mut drummers = Drummer::several::<2>(model);
        let mut takes: [Option<Take>; 2] = [None; 2];
        let mut newest = 0;
        let play = move |take: &Take, meter: Meter, bar: i64| {
            let known = takes.iter().position(|known| known.as_ref() == Some(take));
            newest = known.unwrap_or(1 - newest);
            takes[newest] = Some(*take);
            drummers[newest].bar(take, meter, bar).map_err(|fault| fault.to_string())
        };
        ModelPlayer { metadata, play: Box::new(play) }
    }
}
