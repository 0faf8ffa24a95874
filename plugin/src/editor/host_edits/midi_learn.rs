//! MIDI learn: a control waits for the next controller, which then moves it. The choices are the
//! user's, in the settings, and the same in every project.

use std::cell::Cell;
use std::sync::Arc;

use nice_plug::params::Params as _;
use nice_plug::params::internals::ParamPtr;

use crate::link::Link;
use crate::params::DeepPocketParams;
use crate::project::settings::Settings;

/// Parameters by place, and the one that waits for a controller.
pub(crate) struct MidiLearn {
    link: Arc<Link>,
    /// Ids and pointers in the order of [`DeepPocketParams`]; the parameters outlive the window.
    params: Vec<(String, ParamPtr)>,
    /// Place of the parameter that waits, and the messages that were counted when it began.
    waiting: Cell<Option<(usize, u32)>>,
}

impl MidiLearn {
    pub(crate) fn new(params: &DeepPocketParams, link: Arc<Link>) -> Self {
        let params = params.param_map().into_iter().map(|(id, param, _)| (id, param)).collect();
        MidiLearn { link, params, waiting: Cell::new(None) }
    }

    fn place(&self, param: ParamPtr) -> Option<usize> {
        self.params.iter().position(|(_, known)| *known == param)
    }

    /// Returns the controllers that move a parameter.
    pub(crate) fn controllers_of(&self, param: ParamPtr) -> Vec<u8> {
        let place = self.place(param);
        place.map_or_else(Vec::new, |place| self.link.controllers().of(place).collect())
    }

    /// Lets a parameter wait for the next controller.
    pub(crate) fn begin(&self, param: ParamPtr) {
        let heard = self.link.controllers().heard().0;
        self.waiting.set(self.place(param).map(|place| (place, heard)));
    }

    /// Stops waiting. Returns `true` if a parameter waited.
    pub(crate) fn cancel(&self) -> bool {
        self.waiting.take().is_some()
    }

    /// Returns what to tell the user while a parameter waits.
    pub(crate) fn prompt(&self) -> Option<String> {
        let (place, _) = self.waiting.get()?;
        let name = self.name(place);
        Some(format!("Move a knob, fader or pedal of your controller for {name}. Escape: stop."))
    }

    /// Connects the waiting parameter to a controller that has moved meanwhile. Returns a message.
    pub(crate) fn update(&self) -> Option<Result<String, String>> {
        let (place, before) = self.waiting.get()?;
        let (count, controller) = self.link.controllers().heard();
        if count == before {
            return None;
        }
        self.waiting.set(None);
        self.link.controllers().set_target(controller, Some(place));
        let id = self.params[place].0.clone();
        let saved = Settings::change(|settings| {
            settings.controllers.insert(controller, id);
        });
        let name = self.name(place);
        Some(
            saved.map(|()| format!("MIDI controller {controller} moves {name}, in every project.")),
        )
    }

    /// Disconnects a controller.
    pub(crate) fn forget(&self, controller: u8) -> Result<(), String> {
        self.link.controllers().set_target(controller, None);
        Settings::change(|settings| drop(settings.controllers.remove(&controller)))
    }

    /// Returns the parameters that controllers have moved since the last call, and their values.
    pub(crate) fn moved(&self) -> Vec<(ParamPtr, f32)> {
        let moved = self.link.controllers().take_moved().into_iter();
        moved.filter_map(|(place, value)| Some((self.params.get(place)?.1, value))).collect()
    }

    fn name(&self, place: usize) -> &str {
        // SAFETY: the parameters outlive the window.
        unsafe { self.params[place].1.name() }
    }
}
