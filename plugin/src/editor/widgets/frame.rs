//! Corners, focus ring and tooltip placement of the widgets.

use egui::{CornerRadius, Rect, RectAlign, Response, Stroke, StrokeKind, Tooltip, Ui};

use crate::editor::theme::{self, Scale};

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

/// Outlines the control with keyboard focus.
pub(super) fn focus_ring(ui: &Ui, scale: Scale, response: &Response) {
    if response.has_focus() {
        ui.painter().rect_stroke(
            response.rect,
            corners(scale),
            Stroke::new(scale.px(1.5), theme::AMBER),
            StrokeKind::Outside,
        );
    }
}
