//! MIDI learn: a control or a button waits for the next controller, which then moves or presses it.
//! The choices are the user's, in the settings, and the same in every project.

use std::cell::Cell;
use std::sync::Arc;

use nice_plug::params::Params as _;
use nice_plug::params::internals::ParamPtr;

use crate::link::Link;
use crate::params::DeepPocketParams;
use crate::params::button::LearnedButton;
use crate::project::settings::Settings;

/// Target of a controller.
#[derive(Clone, Copy)]
pub(crate) enum LearnTarget {
    /// A parameter.
    Param(ParamPtr),
    /// A button that is none.
    Button(LearnedButton),
}

/// Targets by place, the parameters first, and the one that waits for a controller.
pub(crate) struct MidiLearn {
    link: Arc<Link>,
    /// Ids and pointers in the order of [`DeepPocketParams`]; the parameters outlive the window.
    params: Vec<(String, ParamPtr)>,
    /// Place of the target that waits, and the messages that were counted when it began.
    waiting: Cell<Option<(usize, u32)>>,
}

impl MidiLearn {
    pub(crate) fn new(params: &DeepPocketParams, link: Arc<Link>) -> Self {
        let params = params.param_map().into_iter().map(|(id, param, _)| (id, param)).collect();
        MidiLearn { link, params, waiting: Cell::new(None) }
    }

    fn place(&self, target: LearnTarget) -> Option<usize> {
        match target {
            LearnTarget::Param(param) => self.params.iter().position(|(_, known)| *known == param),
            LearnTarget::Button(button) => {
                let place = LearnedButton::ALL.iter().position(|known| *known == button);
                place.map(|place| self.params.len() + place)
            }
        }
    }

    fn button(&self, place: usize) -> Option<LearnedButton> {
        let place = place.checked_sub(self.params.len())?;
        LearnedButton::ALL.get(place).copied()
    }

    /// Returns the controllers that move a target.
    pub(crate) fn controllers_of(&self, target: LearnTarget) -> Vec<u8> {
        let place = self.place(target);
        place.map_or_else(Vec::new, |place| self.link.controllers().of(place).collect())
    }

    /// Lets a target wait for the next controller.
    pub(crate) fn begin(&self, target: LearnTarget) {
        let heard = self.link.controllers().heard().0;
        self.waiting.set(self.place(target).map(|place| (place, heard)));
    }

    /// Stops waiting. Returns `true` if a target waited.
    pub(crate) fn cancel(&self) -> bool {
        self.waiting.take().is_some()
    }

    /// Returns what to tell the user while a target waits.
    pub(crate) fn prompt(&self) -> Option<String> {
        let (place, _) = self.waiting.get()?;
        let name = self.name(place);
        Some(format!("Move a knob, fader or pedal of your controller for {name}. Escape: stop."))
    }

    /// Connects the waiting target to a controller that has moved meanwhile. Returns a message.
    pub(crate) fn update(&self) -> Option<Result<String, String>> {
        let (place, before) = self.waiting.get()?;
        let (count, controller) = self.link.controllers().heard();
        if count == before {
            return None;
        }
        self.waiting.set(None);
        self.link.controllers().set_target(controller, Some(place));
        let button = self.button(place);
        let id = button.map_or_else(|| self.params[place].0.clone(), |button| button.id().into());
        let saved = Settings::change(|settings| {
            settings.controllers.insert(controller, id);
        });
        let name = self.name(place);
        let does = match button {
            Some(_) => format!("presses {name} while the window is open"),
            None => format!("moves {name}"),
        };
        Some(saved.map(|()| format!("MIDI controller {controller} {does}, in every project.")))
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

    /// Returns the buttons that controllers have pressed since the last call.
    pub(crate) fn pressed(&self) -> Vec<LearnedButton> {
        let pressed = self.link.controllers().take_pressed().into_iter();
        pressed.filter_map(|place| self.button(place)).collect()
    }

    fn name(&self, place: usize) -> &str {
        if let Some(button) = self.button(place) {
            return button.name();
        }
        // SAFETY: the parameters outlive the window.
        unsafe { self.params[place].1.name() }
    }
}
