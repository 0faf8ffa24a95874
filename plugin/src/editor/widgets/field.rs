//! Fields: a value in a box that can be typed, and the text field itself.

use egui::accesskit::Role;
use egui::{Align2, CursorIcon, Id, Key, Rect, Sense, Ui, WidgetInfo};
use nice_plug::params::Param;

use super::frame::{corners, focus_ring};
use super::text_field::text_field;
use super::value_input::{HOW_TO, adjust};
use crate::editor::host_edits::{ParamGesture, ViewContext};
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
        let scale = view.scale;
        let id = ui.make_persistent_id(self.name);
        if self.turns {
            let response = ui.interact(rect, id, Sense::click_and_drag());
            let value = f64::from(self.param.unmodulated_normalized_value());
            response.widget_info(|| WidgetInfo::slider(true, value, self.name));
            let travel = scale.px(TRAVEL);
            if !adjust(ui, view, self.param, self.name, &response, travel, rect) {
                self.paint(ui, scale, &response);
                let hint = format!("{}\n\n{HOW_TO}", self.hint);
                response.on_hover_cursor(CursorIcon::ResizeVertical).on_hover_text(hint);
            }
        } else if let Some(to) = self.typed(ui, scale, rect, id) {
            view.edits.gesture(self.param, ParamGesture::Jump(to));
        }
    }

    /// Opens the field for typing on a click. Returns the typed value.
    fn typed(&self, ui: &mut Ui, scale: Scale, rect: Rect, id: Id) -> Option<f32> {
        let text_id = id.with("typed");
        let open = ui.data(|data| data.get_temp::<String>(text_id));
        if let Some(mut text) = open {
            let opened = ui.data_mut(|data| data.remove_temp::<bool>(text_id)).unwrap_or(false);
            let field = id.with("field");
            return match text_field(ui, scale, rect, field, self.name, &mut text, opened) {
                None => {
                    ui.data_mut(|data| data.insert_temp(text_id, text));
                    None
                }
                Some(typed) => {
                    ui.data_mut(|data| data.remove::<String>(text_id));
                    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                    typed.then(|| self.param.string_to_normalized_value(&digits)).flatten()
                }
            };
        }
        let response = ui.interact(rect, id, Sense::click());
        response.widget_info(|| WidgetInfo {
            current_text_value: Some(self.param.to_string()),
            ..WidgetInfo::labeled(Role::SpinButton, true, self.name)
        });
        let enter = response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if response.clicked() || response.secondary_clicked() || enter {
            ui.data_mut(|data| {
                data.insert_temp(text_id, self.param.to_string());
                data.insert_temp(text_id, true);
            });
            ui.ctx().request_repaint();
        }
        self.paint(ui, scale, &response);
        response.on_hover_cursor(CursorIcon::Text).on_hover_text(self.hint);
        None
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
