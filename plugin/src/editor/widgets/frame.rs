//! Shapes that several widgets share, and the placement of their tooltips.

use egui::{
    Align2, Color32, CornerRadius, Pos2, Rect, RectAlign, Response, Stroke, StrokeKind, Tooltip,
    Ui, pos2, vec2,
};

use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole, Scale};

/// Corner radius of fields and buttons.
pub(crate) fn corners(scale: Scale) -> CornerRadius {
    CornerRadius::from(scale.px(7.0))
}

/// Shows a tooltip to the right of `area`, so that it does not cover neighbouring controls.
pub(crate) fn hint_beside(response: &Response, area: Rect, hint: &str) {
    let mut tooltip = Tooltip::for_enabled(response);
    tooltip.popup = tooltip.popup.anchor(area).align(RectAlign::RIGHT);
    tooltip.show(|ui| ui.label(hint));
}

/// Shows a tooltip below `area`, or above it where there is no room.
pub(crate) fn hint_below(response: &Response, area: Rect, hint: &str) {
    let mut tooltip = Tooltip::for_enabled(response);
    let popup = tooltip.popup.anchor(area).align(RectAlign::BOTTOM_START);
    tooltip.popup = popup.align_alternatives(&[RectAlign::TOP_START]);
    tooltip.show(|ui| ui.label(hint));
}

/// Shows a tooltip beside a control, or above the area of [`ViewContext::hints_above`].
pub(crate) fn hint_of(view: &ViewContext<'_>, response: Response, hint: &str) -> Response {
    let Some(area) = view.hints_above else { return response.on_hover_text(hint) };
    let mut tooltip = Tooltip::for_enabled(&response);
    let anchor = Rect::from_x_y_ranges(response.rect.x_range(), area.y_range());
    tooltip.popup = tooltip.popup.anchor(anchor).align(RectAlign::TOP);
    tooltip.show(|ui| ui.label(hint));
    response
}

/// Draws one of a few choices: chosen, lit while the pointer is near, or idle.
pub(super) fn choice_cell(
    ui: &Ui,
    scale: Scale,
    response: &Response,
    label: &str,
    (chosen, near): (bool, bool),
    [idle, lit]: [Color32; 2],
) {
    let (fill, colour) = match (chosen, near) {
        (true, _) => (theme::AMBER, theme::GROUND),
        (false, true) => (lit, theme::TEXT),
        (false, false) => (idle, theme::TEXT),
    };
    ui.painter().rect_filled(response.rect, corners(scale), fill);
    let font = scale.font(if chosen { FontRole::Chosen } else { FontRole::Small });
    ui.painter().text(response.rect.center(), Align2::CENTER_CENTER, label, font, colour);
}

/// Draws a bar through the middle of `rect`, filled between two places, 0 to 1. Returns the second
/// place.
pub(crate) fn thin_bar(
    ui: &Ui,
    scale: Scale,
    rect: Rect,
    track: Color32,
    ([from, to], colour): ([f32; 2], Color32),
) -> Pos2 {
    let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), scale.px(5.0)));
    let round = CornerRadius::from(scale.px(2.5));
    ui.painter().rect_filled(bar, round, track);
    let at = |share: f32| bar.left() + bar.width() * share;
    let ends = at(from.min(to))..=at(from.max(to));
    ui.painter().rect_filled(Rect::from_x_y_ranges(ends, bar.y_range()), round, colour);
    pos2(at(to), bar.center().y)
}

/// Outlines the control with keyboard focus.
pub(crate) fn focus_ring(ui: &Ui, scale: Scale, response: &Response) {
    if response.has_focus() {
        ui.painter().rect_stroke(
            response.rect,
            corners(scale),
            Stroke::new(scale.px(1.5), theme::AMBER),
            StrokeKind::Outside,
        );
    }
}
