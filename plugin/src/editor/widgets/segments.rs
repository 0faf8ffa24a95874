//! Segmented choice of a few values.

use egui::accesskit::Role;
use egui::{CursorIcon, Rect, Sense, Ui, WidgetInfo};
use nice_plug::params::Param;

use super::frame::{choice_cell, focus_ring, hint_of};
use super::param_menu::param_menu;
use crate::editor::host_edits::{ParamGesture, ViewContext};
use crate::editor::theme;

/// Segments for a parameter with a few values.
pub(crate) struct Segments<'a, P> {
    pub param: &'a P,
    /// Accessible name.
    pub name: &'a str,
    /// Step of the parameter and text of each segment.
    pub choices: &'a [(usize, &'a str)],
    /// Tooltip: the effect on the music.
    pub hint: &'a str,
}

impl<P: Param> Segments<'_, P> {
    /// Draws the segments side by side in `rect`.
    pub(crate) fn show(self, ui: &mut Ui, view: &ViewContext<'_>, rect: Rect) {
        let scale = view.scale;
        let steps = self.param.step_count().unwrap_or(1).max(1) as f32;
        let value = self.param.unmodulated_normalized_value();
        let gap = scale.px(5.0);
        let count = self.choices.len().max(1) as f32;
        let width = (rect.width() - gap * (count - 1.0)) / count;
        for (place, &(step, label)) in self.choices.iter().enumerate() {
            let to = step as f32 / steps;
            let chosen = (to - value).abs() < 0.5 / steps;
            let left = rect.left() + (width + gap) * place as f32;
            let cell = Rect::from_x_y_ranges(left..=left + width, rect.y_range());
            let value_text = self.param.normalized_value_to_string(to, true);
            let name = format!("{}: {value_text}", self.name);
            let response = ui.interact(cell, ui.make_persistent_id(&name), Sense::click());
            response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, chosen, &name));
            let fills = [theme::RAISED, theme::LIFTED];
            choice_cell(ui, scale, &response, label, (chosen, response.hovered()), fills);
            focus_ring(ui, scale, &response);
            param_menu(view, self.param.as_ptr(), self.name, &response, false);
            if response.clicked() && !chosen {
                view.edits.gesture(self.param, ParamGesture::Jump(to));
            }
            let usual = self.param.default_normalized_value();
            let usual = self.param.normalized_value_to_string(usual, true);
            let hint = format!("{}: {value_text}\n\n{}\n\nDefault: {usual}.", self.name, self.hint);
            hint_of(view, response.on_hover_cursor(CursorIcon::PointingHand), &hint);
        }
    }
}
