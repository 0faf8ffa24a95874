//! A button that holds its parameter.

use egui::{Rect, Ui};
use nice_plug::params::{BoolParam, Param as _};

use super::button::{Button, ButtonStyle};
use super::param_menu::param_menu;
use crate::editor::host_edits::{ParamGesture, ViewContext};

/// Draws a button whose parameter is on while it is pressed.
pub(crate) fn momentary(
    ui: &Ui,
    view: &ViewContext<'_>,
    rect: Rect,
    (param, label, hint): (&BoolParam, &str, &str),
) {
    let button = Button { name: param.name(), label, style: ButtonStyle::Raised, hint };
    let response = button.respond(ui, view.scale, rect);
    let held_id = response.id.with("held");
    let was_held = ui.data(|data| data.get_temp(held_id)).unwrap_or(false);
    param_menu(view, param.as_ptr(), param.name(), &response, false);
    let is_primary = ui.input(|input| input.pointer.primary_down());
    let is_held = is_primary && response.is_pointer_button_down_on();
    if is_held && !was_held {
        view.edits.gesture(param, ParamGesture::Begin);
        if let Some(key) = view.params.stage.key_of(param.as_ptr()).filter(|_| param.value()) {
            // The project was saved with it down, so that its value does not change.
            view.params.stage.tap(key);
        }
        view.edits.gesture(param, ParamGesture::To(1.0));
    } else if was_held && !is_held {
        view.edits.gesture(param, ParamGesture::To(0.0));
        view.edits.gesture(param, ParamGesture::End);
    } else if response.clicked()
        && let Some(key) = view.params.stage.key_of(param.as_ptr())
    {
        // By the keyboard, or between two frames.
        view.params.stage.tap(key);
    }
    ui.data_mut(|data| data.insert_temp(held_id, is_held));
}
