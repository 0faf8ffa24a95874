//! Context menu of a parameter's control, of a pad, or of a button: typing a value, and MIDI learn.

use egui::{Popup, Response, Ui};
use nice_plug::params::Param;
use nice_plug::params::internals::ParamPtr;

use super::labels::remark;
use super::menu::menu_item;
use crate::editor::host_edits::ViewContext;
use crate::editor::host_edits::midi_learn::LearnTarget;
use crate::params::button::LearnedButton;

/// Draws the menu while it is open; with an entry for typing if `types`. Returns `true` if the user
/// wants to type a value.
pub(super) fn param_menu(
    view: &ViewContext<'_>,
    param: ParamPtr,
    name: &str,
    response: &Response,
    types: bool,
) -> bool {
    let scale = view.scale;
    let mut typed = false;
    menu(view, response, |ui| {
        let hint = "Enter does the same on the control with the keyboard.";
        typed = types && menu_item(ui, scale, &format!("Type {name}"), "Type a value", hint);
        let hint = "The next knob, fader or pedal of your MIDI controller that moves is connected with \
                    this control, in every project.";
        learn_entries(ui, view, LearnTarget::Param(param), name, "MIDI learn", hint);
    });
    typed
}

/// Draws the menu of a pad of several parameters while it is open.
pub(crate) fn pad_menu<P: Param>(view: &ViewContext<'_>, params: &[&P], response: &Response) {
    menu(view, response, |ui| {
        for param in params {
            let (target, name) = (LearnTarget::Param(param.as_ptr()), param.name());
            let hint = "The next knob, fader or pedal of your MIDI controller that moves is connected \
                        with this side of the pad, in every project.";
            learn_entries(ui, view, target, name, &format!("MIDI learn: {name}"), hint);
        }
    });
}

/// Draws the menu of a button while it is open.
pub(crate) fn button_menu(view: &ViewContext<'_>, button: LearnedButton, response: &Response) {
    let hint = "The next pad or pedal of your MIDI controller that is pressed presses this button from \
                now on, in every project, while this window is open.";
    menu(view, response, |ui| {
        let target = LearnTarget::Button(button);
        learn_entries(ui, view, target, button.name(), "MIDI learn", hint);
    });
}

/// Shows a menu while it is open. A closed one costs a frame nothing more.
fn menu(view: &ViewContext<'_>, response: &Response, entries: impl FnOnce(&mut Ui)) {
    let id = response.id.with("menu");
    if response.secondary_clicked() || Popup::is_id_open(&response.ctx, id) {
        Popup::context_menu(response).id(id).gap(view.scale.px(4.0)).show(entries);
    }
}

/// Draws the entries of MIDI learn.
fn learn_entries(
    ui: &mut Ui,
    view: &ViewContext<'_>,
    target: LearnTarget,
    name: &str,
    entry: &str,
    hint: &str,
) {
    let (scale, midi) = (view.scale, &view.edits.midi);
    if menu_item(ui, scale, &format!("Learn {name}"), entry, hint) {
        midi.begin(target);
    }
    for controller in midi.controllers_of(target) {
        let label = format!("Disconnect MIDI controller {controller}");
        if menu_item(ui, scale, &label, &label, "It moves nothing any more.")
            && let Err(why) = midi.forget(controller)
        {
            remark(ui.ctx(), why);
        }
    }
}
