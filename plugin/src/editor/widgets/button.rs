//! Buttons.

use egui::accesskit::Role;
use egui::{Align2, Color32, CursorIcon, Rect, Response, Sense, Ui, WidgetInfo};

use super::frame::{corners, focus_ring, hint_beside};
use crate::editor::theme::{self, FontRole, Scale};

/// Style of a button.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ButtonStyle {
    /// Main action of a panel.
    Primary,
    /// Secondary action.
    Raised,
    /// Outlined only under the pointer.
    Flat,
    /// Flat, and selected.
    Selected,
    /// Not clickable.
    Disabled,
}

/// A button.
pub(crate) struct Button<'a> {
    /// Accessible name.
    pub name: &'a str,
    /// Text on the button.
    pub label: &'a str,
    pub style: ButtonStyle,
    /// Tooltip.
    pub hint: &'a str,
}

impl Button<'_> {
    /// Draws the button in `rect`. Returns `true` if it was clicked.
    pub(crate) fn show(self, ui: &mut Ui, scale: Scale, rect: Rect) -> bool {
        self.respond(ui, scale, rect).clicked()
    }

    /// Draws the button in `rect`.
    pub(crate) fn respond(self, ui: &Ui, scale: Scale, rect: Rect) -> Response {
        let hint = self.hint;
        self.paint(ui, scale, rect).on_hover_text(hint)
    }

    /// Like [`Button::show`], with the tooltip beside `area`.
    pub(crate) fn show_in(self, ui: &Ui, scale: Scale, rect: Rect, area: Rect) -> bool {
        let hint = self.hint;
        let response = self.paint(ui, scale, rect);
        hint_beside(&response, area, hint);
        response.clicked()
    }

    fn paint(self, ui: &Ui, scale: Scale, rect: Rect) -> Response {
        let dead = self.style == ButtonStyle::Disabled;
        let sense = if dead { Sense::hover() } else { Sense::click() };
        let response = ui.interact(rect, ui.make_persistent_id(self.name), sense);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, !dead, self.name));
        let (hovered, down) = (response.hovered(), response.is_pointer_button_down_on());
        let (fill, colour) = match self.style {
            ButtonStyle::Primary if down => (theme::AMBER.gamma_multiply(0.8), theme::GROUND),
            ButtonStyle::Primary if hovered => {
                (theme::AMBER.lerp_to_gamma(theme::TEXT, 0.35), theme::GROUND)
            }
            ButtonStyle::Primary => (theme::AMBER, theme::GROUND),
            ButtonStyle::Raised | ButtonStyle::Flat if down => (theme::LINE, theme::TEXT),
            ButtonStyle::Raised | ButtonStyle::Flat if hovered => (theme::LIFTED, theme::TEXT),
            ButtonStyle::Raised => (theme::RAISED, theme::TEXT),
            ButtonStyle::Flat => (Color32::TRANSPARENT, theme::TEXT),
            ButtonStyle::Selected if hovered => (theme::LIFTED, theme::AMBER),
            ButtonStyle::Selected => (Color32::TRANSPARENT, theme::AMBER),
            ButtonStyle::Disabled => (Color32::TRANSPARENT, theme::FAINT),
        };
        ui.painter().rect_filled(rect, corners(scale), fill);
        focus_ring(ui, scale, &response);
        let font = scale.font(FontRole::Strong);
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, self.label, font, colour);
        let cursor = if dead { CursorIcon::Default } else { CursorIcon::PointingHand };
        response.on_hover_cursor(cursor)
    }
}
