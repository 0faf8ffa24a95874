//! Fields: a value in a box that can be typed, and the text field itself.

use egui::accesskit::Role;
use egui::{Align2, CursorIcon, Rect, Sense, Ui, WidgetInfo};
use nice_plug::params::Param;

use super::frame::{corners, focus_ring};
use super::labels::describe;
use super::value_input::{HOW_TO, ValueInput, typing};
use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole, Scale};

/// Pointer travel over the full range, in design points.
const TRAVEL: f32 = 300.0;

/// A field for a parameter.
pub(crate) struct Field<'a, P> {
    pub param: &'a P,
    /// Accessible name.
    pub name: &'a str,
    /// Value as drawn.
    pub shown: String,
    /// The value can be dragged and scrolled; otherwise it can only be typed.
    pub turns: bool,
    /// Tooltip: the effect on the music.
    pub hint: &'a str,
}

impl<P: Param> Field<'_, P> {
    /// Draws the field in `rect`.
    pub(crate) fn show(self, ui: &mut Ui, view: &ViewContext<'_>, rect: Rect) {
        let Field { param, name, hint, .. } = self;
        if self.turns {
            let travel = view.scale.px(TRAVEL);
            let input = ValueInput { param, name, travel, place: rect, click_types: true };
            let (response, typing) = input.show(ui, view, rect);
            if !typing {
                self.paint(ui, view.scale, &response);
                let hint = format!("{hint}\n\nClick: type a value. {HOW_TO}");
                response.on_hover_cursor(CursorIcon::ResizeVertical).on_hover_text(hint);
            }
            return;
        }
        let response = ui.interact(rect, ui.make_persistent_id(name), Sense::click());
        response.widget_info(|| WidgetInfo {
            current_text_value: Some(param.to_string()),
            ..WidgetInfo::labeled(Role::SpinButton, true, name)
        });
        if !typing(ui, view, param, name, &response, rect, true) {
            self.paint(ui, view.scale, &response);
            let response = response.on_hover_cursor(CursorIcon::Text).on_hover_text(hint);
            describe(&response, &param.to_string());
        }
    }

    fn paint(&self, ui: &Ui, scale: Scale, response: &egui::Response) {
        let fill = if response.hovered() { theme::LIFTED } else { theme::RAISED };
        ui.painter().rect_filled(response.rect, corners(scale), fill);
        focus_ring(ui, scale, response);
        ui.painter().text(
            response.rect.center(),
            Align2::CENTER_CENTER,
            &self.shown,
            scale.font(FontRole::Strong),
            theme::TEXT,
        );
    }
}

/// Formats a number with thin spaces between thousands.
pub(crate) fn grouped(value: i32) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::from(if value < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{2009}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(48213), "48\u{2009}213");
        assert_eq!(grouped(-1_234_567), "-1\u{2009}234\u{2009}567");
    }
}
