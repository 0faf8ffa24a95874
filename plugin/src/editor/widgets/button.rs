//! Buttons.

use egui::accesskit::Role;
use egui::{Align2, Color32, CursorIcon, Rect, Response, Sense, Ui, WidgetInfo};

use super::{corners, focus_ring, tell_beside};
use crate::editor::theme::{self, Scale, Type};

/// How a button looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// What a panel is there to do.
    Main,
    /// What can be done besides.
    Raised,
    /// What only shows that it can be pressed when the pointer is there.
    Flat,
    /// Flat, and chosen.
    Lit,
    /// Nothing happens when it is pressed.
    Dead,
}

/// A button.
pub(crate) struct Button<'a> {
    /// Name, told to assistive tools.
    pub name: &'a str,
    /// What stands on it.
    pub label: &'a str,
    pub look: Look,
    /// What it does.
    pub hint: &'a str,
}

impl Button<'_> {
    /// Draws the button in `rect`, and says whether it was pressed.
    pub(crate) fn show(self, ui: &mut Ui, scale: Scale, rect: Rect) -> bool {
        self.respond(ui, scale, rect).clicked()
    }

    /// Draws the button in `rect`.
    pub(crate) fn respond(self, ui: &Ui, scale: Scale, rect: Rect) -> Response {
        let hint = self.hint;
        self.paint(ui, scale, rect).on_hover_text(hint)
    }

    /// As [`Button::show`], with the hint beside `area`.
    pub(crate) fn show_in(self, ui: &Ui, scale: Scale, rect: Rect, area: Rect) -> bool {
        let hint = self.hint;
        let response = self.paint(ui, scale, rect);
        tell_beside(&response, area, hint);
        response.clicked()
    }

    fn paint(self, ui: &Ui, scale: Scale, rect: Rect) -> Response {
        let dead = self.look == Look::Dead;
        let sense = if dead { Sense::hover() } else { Sense::click() };
        let response = ui.interact(rect, ui.make_persistent_id(self.name), sense);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, !dead, self.name));
        let (hovered, down) = (response.hovered(), response.is_pointer_button_down_on());
        let (fill, colour) = match self.look {
            Look::Main if down => (theme::AMBER.gamma_multiply(0.8), theme::GROUND),
            Look::Main if hovered => (theme::AMBER.lerp_to_gamma(theme::TEXT, 0.35), theme::GROUND),
            Look::Main => (theme::AMBER, theme::GROUND),
            Look::Raised | Look::Flat if down => (theme::LINE, theme::TEXT),
            Look::Raised | Look::Flat if hovered => (theme::LIFTED, theme::TEXT),
            Look::Raised => (theme::RAISED, theme::TEXT),
            Look::Flat => (Color32::TRANSPARENT, theme::TEXT),
            Look::Lit if hovered => (theme::LIFTED, theme::AMBER),
            Look::Lit => (Color32::TRANSPARENT, theme::AMBER),
            Look::Dead => (Color32::TRANSPARENT, theme::BAR_LINE),
        };
        ui.painter().rect_filled(rect, corners(scale), fill);
        focus_ring(ui, scale, &response);
        let font = scale.font(Type::Strong);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, self.label, font, colour);
        let cursor = if dead { CursorIcon::Default } else { CursorIcon::PointingHand };
        response.on_hover_cursor(cursor)
    }
}
