//! Slider: a thin bar that fills.

use egui::{Color32, CursorIcon, Rect, Ui};
use nice_plug::params::Param;

use super::frame::{focus_ring, hint_beside, thin_bar};
use super::value_input::{HOW_TO, ValueInput};
use crate::editor::host_edits::ViewContext;
use crate::editor::theme;

/// A slider for a parameter.
pub(crate) struct Slider<'a, P> {
    pub param: &'a P,
    /// Accessible name.
    pub name: &'a str,
    /// Value at which the bar starts to fill, 0 to 1.
    pub origin: f32,
    /// A knob marks the value.
    pub knob: bool,
    pub colour: Color32,
    /// Tooltip: the effect on the music.
    pub hint: &'a str,
    /// Rectangle that the tooltip appears beside; `None`: the slider.
    pub beside: Option<Rect>,
}

impl<P: Param> Slider<'_, P> {
    /// Draws the bar through the middle of `rect`. The whole rectangle can be dragged.
    pub(crate) fn show(self, ui: &mut Ui, view: &ViewContext<'_>, rect: Rect) {
        let scale = view.scale;
        let value = self.param.unmodulated_normalized_value();
        let room = scale.size(60.0, 24.0).max(rect.size());
        let place = Rect::from_center_size(rect.center(), room);
        let (param, name, travel) = (self.param, self.name, rect.width());
        let (response, typing) =
            ValueInput { param, name, travel, place, click_types: false }.show(ui, view, rect);
        if typing {
            return;
        }
        let hovered = response.hovered() || response.dragged();
        let track = if hovered { theme::BAR_LINE } else { theme::LINE };
        let at = thin_bar(ui, scale, rect, track, ([self.origin, value], self.colour));
        if self.knob || hovered {
            let radius = scale.px(if hovered { 6.0 } else { 5.0 });
            ui.painter().circle_filled(at, radius, self.colour);
        }
        focus_ring(ui, scale, &response);
        let hint = format!("{}: {}\n\n{}\n\n{HOW_TO}", self.name, self.param, self.hint);
        let response = response.on_hover_cursor(CursorIcon::ResizeHorizontal);
        match self.beside {
            Some(area) => hint_beside(&response, area, &hint),
            None => drop(response.on_hover_text(hint)),
        }
    }
}
