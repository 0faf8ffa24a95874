//! Context menu of a parameter's control: typing a value, and MIDI learn.

use egui::{Popup, Response};
use nice_plug::params::internals::ParamPtr;

use super::labels::remark;
use super::menu::menu_item;
use crate::editor::host_edits::ViewContext;

/// Draws the menu while it is open; with an entry for typing if `types`. Returns `true` if the user
/// wants to type a value.
pub(super) fn param_menu(
    view: &ViewContext<'_>,
    param: ParamPtr,
    name: &str,
    response: &Response,
    types: bool,
) -> bool {
    let (scale, midi) = (view.scale, &view.edits.midi);
    let id = response.id.with("menu");
    // A closed menu costs a frame nothing more.
    if !response.secondary_clicked() && !Popup::is_id_open(&response.ctx, id) {
        return false;
    }
    let mut typed = false;
    let popup = Popup::context_menu(response).id(id).gap(scale.px(4.0));
    popup.show(|ui| {
        let hint = "Enter does the same on the control with the keyboard.";
        typed = types && menu_item(ui, scale, &format!("Type {name}"), "Type a value", hint);
        let hint = "The next knob, fader or pedal of your MIDI controller that moves is connected with \
                    this control, in every project.";
        if menu_item(ui, scale, &format!("Learn {name}"), "MIDI learn", hint) {
            midi.begin(param);
        }
        for controller in midi.controllers_of(param) {
            let label = format!("Disconnect MIDI controller {controller}");
            if menu_item(ui, scale, &label, &label, "It moves nothing any more.")
                && let Err(why) = midi.forget(controller)
            {
                remark(ui.ctx(), why);
            }
        }
    });
    typed
}
