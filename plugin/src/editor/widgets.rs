//! The window's widgets. Each draws itself, handles pointer and keys, has an accessible name, and
//! sets its parameter through [`crate::editor::host_edits`].

mod button;
mod dial;
mod field;
mod list;
mod menu;
mod segments;
mod slider;
mod toggle;
mod value_input;

use egui::{CornerRadius, Rect, RectAlign, Response, Stroke, StrokeKind, Tooltip, Ui};

pub(crate) use self::button::{Button, ButtonStyle};
pub(crate) use self::dial::{Dial, DialSize};
pub(crate) use self::field::{Field, grouped};
pub(crate) use self::list::{List, choices_of};
pub(crate) use self::menu::{menu_check, menu_choice, menu_item};
pub(crate) use self::segments::Segments;
pub(crate) use self::slider::Slider;
pub(crate) use self::toggle::{letter_toggle, switch};
pub(crate) use self::value_input::{dragged_by, is_drag};
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
fn focus_ring(ui: &Ui, scale: Scale, response: &Response) {
    if response.has_focus() {
        ui.painter().rect_stroke(
            response.rect,
            corners(scale),
            Stroke::new(scale.px(1.5), theme::AMBER),
            StrokeKind::Outside,
        );
    }
}
