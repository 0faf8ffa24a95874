//! An axis of a pad: a slider that is not drawn, for the keyboard and assistive tools.

use egui::{Rect, Sense, Ui, WidgetInfo};
use nice_plug::params::Param;

use super::frame::focus_ring;
use super::value_input::{asked, expose_value, jumped, typing};
use crate::editor::host_edits::{ParamGesture, ViewContext};

/// Offers a parameter in `rect` without taking the pointer there. Arrow keys turn it, and Enter
/// opens a field for its value.
pub(crate) fn axis<P: Param>(ui: &mut Ui, view: &ViewContext<'_>, rect: Rect, param: &P) {
    let name = param.name();
    let id = ui.make_persistent_id(name);
    let response = ui.interact(rect, id, Sense::focusable_noninteractive());
    let value = f64::from(param.unmodulated_normalized_value());
    response.widget_info(|| WidgetInfo::slider(true, value, name));
    expose_value(ui, param, &response);
    if !typing(ui, view, param, name, &response, rect, false)
        && let Some(to) = asked(ui, param, &response).or_else(|| keyed(ui, param, &response))
    {
        view.edits.gesture(param, ParamGesture::Jump(to));
    }
    focus_ring(ui, view.scale, &response);
}

/// Returns the value set by arrow keys.
fn keyed<P: Param>(ui: &Ui, param: &P, response: &egui::Response) -> Option<f32> {
    response.has_focus().then(|| jumped(ui, param, response, 1.0)).flatten()
}
