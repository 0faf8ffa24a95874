//! Toggles: a switch with a label, and a letter that lights up.

use egui::accesskit::Role;
use egui::{Align2, Color32, CornerRadius, CursorIcon, Rect, Sense, Ui, WidgetInfo, pos2, vec2};
use nice_plug::params::{BoolParam, Param};

use super::frame::{focus_ring, hint_beside};
use super::param_menu::param_menu;
use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole};

/// Draws a switch with its label to the right. `rect` holds both.
pub(crate) fn switch(
    ui: &mut Ui,
    view: &ViewContext<'_>,
    rect: Rect,
    param: &BoolParam,
    [name, label]: [&str; 2],
    hint: &str,
) {
    let scale = view.scale;
    let on = param.value();
    let response = toggled(ui, view, rect, param, name);
    let size = scale.size(30.0, 17.0);
    let slide = Rect::from_min_size(pos2(rect.left(), rect.center().y - size.y / 2.0), size);
    let fill = match (on, response.hovered()) {
        (true, _) => theme::AMBER,
        (false, true) => theme::BAR_LINE,
        (false, false) => theme::LINE,
    };
    let painter = ui.painter();
    painter.rect_filled(slide, CornerRadius::from(size.y / 2.0), fill);
    let inset = size.y / 2.0;
    let x = if on { slide.right() - inset } else { slide.left() + inset };
    let knob = if on { theme::GROUND } else { theme::MUTED };
    painter.circle_filled(pos2(x, slide.center().y), size.y / 2.0 - scale.px(3.0), knob);
    let at = pos2(slide.right() + scale.px(9.0), rect.center().y);
    let colour = if on { theme::TEXT } else { theme::MUTED };
    painter.text(at, Align2::LEFT_CENTER, label, scale.font(FontRole::Body), colour);
    focus_ring(ui, scale, &response);
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(hint);
}

/// Draws a letter in a small square that is filled while on. The tooltip appears beside `area`.
pub(crate) fn letter_toggle(
    ui: &mut Ui,
    view: &ViewContext<'_>,
    rect: Rect,
    param: &BoolParam,
    [name, letter]: [&str; 2],
    lit: Color32,
    (hint, area): (&str, Rect),
) {
    let scale = view.scale;
    let on = param.value();
    let response = toggled(ui, view, rect, param, name);
    let side = scale.px(19.0);
    let square = Rect::from_center_size(rect.center(), vec2(side, side));
    let (fill, colour) = match (on, response.hovered()) {
        (true, _) => (lit, theme::GROUND),
        (false, true) => (theme::LIFTED, theme::TEXT),
        (false, false) => (Color32::TRANSPARENT, theme::MUTED),
    };
    ui.painter().rect_filled(square, CornerRadius::from(scale.px(5.0)), fill);
    let font = scale.font(FontRole::Caption);
    ui.painter().text(square.center(), Align2::CENTER_CENTER, letter, font, colour);
    focus_ring(ui, scale, &response);
    hint_beside(&response.on_hover_cursor(CursorIcon::PointingHand), area, hint);
}

fn toggled(
    ui: &Ui,
    view: &ViewContext<'_>,
    rect: Rect,
    param: &BoolParam,
    name: &str,
) -> egui::Response {
    let response = ui.interact(rect, ui.make_persistent_id(name), Sense::click());
    let on = param.value();
    response.widget_info(|| WidgetInfo::selected(Role::Switch, true, on, name));
    param_menu(view, param.as_ptr(), name, &response, false);
    if response.clicked() {
        view.edits.set(param, !param.unmodulated_plain_value());
    }
    response
}
