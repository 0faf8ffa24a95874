//! What the user does: the one place from which the window changes anything. Parameters are set
//! through the host, in whole gestures, so that it writes automation and undoes as one would
//! expect.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use groove::drum::Drum;
use groove::pattern::{Hit, Step};
use groove::pins::{MOST_PINNED, Pins};
use nice_plug::context::gui::GuiContext;
use nice_plug::params::Param;

use super::Sources;
use super::theme::Scale;
use crate::params::DeepPocketParams;

/// What a control asks of its parameter. A drag is one gesture from press to release.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turn {
    /// A drag starts.
    Begin,
    /// The value while it is dragged, 0 to 1.
    To(f32),
    /// The drag is over.
    End,
    /// A whole gesture at once: reset, wheel, key, click or a typed value, 0 to 1.
    Jump(f32),
}

/// What each part of the window is drawn and acts with.
pub(super) struct Tools<'a> {
    pub scale: Scale,
    pub params: &'a DeepPocketParams,
    pub hand: &'a mut Hand,
}

/// The way from the window to the host and the project.
pub(super) struct Hand {
    sources: Sources,
    /// `None` before the window is built.
    host: Option<GuiContext>,
}

impl Hand {
    pub(super) fn new(sources: Sources) -> Self {
        Hand { sources, host: None }
    }

    /// From now on, parameters can be set.
    pub(super) fn reaches(&mut self, host: GuiContext) {
        self.host = Some(host);
    }

    /// Does to a parameter what a control asks.
    pub(super) fn turn<P: Param>(&self, param: &P, turn: Turn) {
        let Some(host) = &self.host else { return };
        let setter = host.param_setter();
        match turn {
            Turn::Begin => setter.begin_set_parameter(param),
            Turn::To(to) => setter.set_parameter(param, param.preview_plain(to)),
            Turn::End => setter.end_set_parameter(param),
            Turn::Jump(to) => {
                setter.begin_set_parameter(param);
                setter.set_parameter(param, param.preview_plain(to));
                setter.end_set_parameter(param);
            }
        }
    }

    /// Gives a parameter a value, as one whole gesture.
    pub(super) fn set<P: Param>(&self, param: &P, value: P::Plain) {
        self.turn(param, Turn::Jump(param.preview_normalized(value)));
    }

    /// What is pinned.
    pub(super) fn pins(&self) -> Pins {
        self.sources.params.state.pins()
    }

    fn pin(&mut self, change: impl FnOnce(&mut Pins)) {
        let mut pins = self.pins();
        change(&mut pins);
        self.sources.params.state.set_pins(pins);
    }

    /// Turns a cell that sounds silent, and strikes one that does not.
    pub(super) fn toggle(&mut self, place: usize, drum: Drum, sounds: bool) {
        self.pin(|pins| pins.set(place, drum, Some(!sounds)));
    }

    /// Pins a hit.
    pub(super) fn paint(&mut self, place: usize, drum: Drum, _hit: Hit) {
        self.pin(|pins| pins.set(place, drum, Some(true)));
    }

    /// Pins a cell as it sounds.
    pub(super) fn keep(&mut self, place: usize, drum: Drum, hit: Option<Hit>) {
        self.pin(|pins| pins.set(place, drum, Some(hit.is_some())));
    }

    /// A cell is no longer pinned.
    pub(super) fn free(&mut self, place: usize, drum: Drum) {
        self.pin(|pins| pins.set(place, drum, None));
    }

    /// Pins a lane as it is in these steps of the phrase.
    pub(super) fn keep_lane(&mut self, drum: Drum, steps: &[Step]) {
        self.pin(|pins| pins.keep_lane(drum, steps));
    }

    /// Nothing of a lane is pinned any more.
    pub(super) fn clear_lane(&mut self, drum: Drum) {
        self.pin(|pins| (0..MOST_PINNED).for_each(|place| pins.set(place, drum, None)));
    }

    /// Nothing is pinned any more.
    pub(super) fn clear_pins(&mut self) {
        self.pin(|pins| *pins = Pins::NONE);
    }

    /// Another take in which all lanes but one are kept.
    pub(super) fn new_lane(&mut self, drum: Drum, steps: &[Step]) {
        self.pin(|pins| {
            Drum::ALL.into_iter().filter(|&other| other != drum).for_each(|other| {
                pins.keep_lane(other, steps);
            });
            (0..MOST_PINNED).for_each(|place| pins.set(place, drum, None));
        });
        self.new_take();
    }

    /// Any other take with the same settings.
    pub(super) fn new_take(&self) {
        let seed = &self.sources.params.seed;
        self.set(seed, other_seed(seed.value(), seed.preview_plain(1.0)));
    }
}

/// A seed from 0 to `last` that is not this one. Chance comes from the hasher that the standard
/// library seeds anew for every use: what is drawn is kept in the project, so nothing depends on
/// how it was drawn.
pub(super) fn other_seed(seed: i32, last: i32) -> i32 {
    let drawn = RandomState::new().hash_one(seed);
    let others = u64::try_from(last).unwrap_or(0).max(1);
    let drawn = i32::try_from(drawn % others).unwrap_or(0);
    if drawn < seed { drawn } else { drawn + 1 }
}
