//! Bar for a whole number that is no parameter: its value above a thin bar.

use egui::accesskit::Role;
use egui::{Align2, CursorIcon, Rect, Response, Sense, Ui, WidgetInfo, pos2};

use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{
    ValueRequest, arrow_keys, describe, dragged_by, focus_ring, hint_below, is_drag,
    offer_value_requests, thin_bar, value_request, wheel_notches,
};

/// Speed of a fine drag relative to a normal one.
const FINE: f32 = 0.1;

/// A bar.
pub(crate) struct NumberBar<'a> {
    /// Accessible name.
    pub name: &'a str,
    /// Value, as drawn and spoken.
    pub shown: &'a str,
    /// Lowest and highest value.
    pub range: [i16; 2],
    /// Value that a double click sets.
    pub usual: i16,
    /// Step of wheel and arrow keys; with shift it is 1.
    pub step: i16,
    /// The value 1 in the unit that is shown.
    pub unit: f64,
    /// Tooltip.
    pub hint: &'a str,
}

impl NumberBar<'_> {
    /// Draws the bar in `rect`. Returns a new value.
    pub(crate) fn show(&self, ui: &mut Ui, scale: Scale, rect: Rect, value: i16) -> Option<i16> {
        let id = ui.make_persistent_id(self.name);
        let response = ui.interact(rect, id, Sense::click_and_drag());
        self.expose(ui, &response, value);
        let to = self.asked(ui, &response, value).clamp(self.range[0], self.range[1]);
        let near = response.hovered() || response.dragged() || response.has_focus();
        let text = pos2(rect.center().x, rect.center().y - scale.px(5.0));
        let colour = if to == self.usual { theme::MUTED } else { theme::TEXT };
        let font = scale.font(FontRole::Small);
        ui.painter().text(text, Align2::CENTER_CENTER, self.shown, font, colour);
        let bar = rect.with_min_y(rect.bottom() - scale.px(9.0));
        let track = if near { theme::BAR_LINE } else { theme::LINE };
        let ends = [self.share(self.usual), self.share(to)];
        let at = thin_bar(ui, scale, bar, track, (ends, theme::AMBER));
        ui.painter().circle_filled(at, scale.px(if near { 5.0 } else { 4.0 }), theme::AMBER);
        focus_ring(ui, scale, &response);
        let response = response.on_hover_cursor(CursorIcon::ResizeHorizontal);
        let hint = format!(
            "{}: {}\n\n{}\n\nDrag sideways, or scroll, with shift for fine steps. Double click: as built.",
            self.name, self.shown, self.hint
        );
        hint_below(&response, rect, &hint);
        describe(&response, self.shown);
        (to != value).then_some(to)
    }

    /// Returns the place of a value, 0 to 1.
    fn share(&self, value: i16) -> f32 {
        f32::from(value - self.range[0]) / f32::from(self.range[1] - self.range[0])
    }

    fn expose(&self, ui: &Ui, response: &Response, value: i16) {
        response.widget_info(|| WidgetInfo::labeled(Role::Slider, true, self.name));
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_value(self.shown);
            node.set_numeric_value(f64::from(value) * self.unit);
            node.set_min_numeric_value(f64::from(self.range[0]) * self.unit);
            node.set_max_numeric_value(f64::from(self.range[1]) * self.unit);
            offer_value_requests(node);
        });
    }

    /// Returns the value that pointer, keys or an assistive tool ask for in this frame.
    #[expect(clippy::cast_possible_truncation, reason = "casts to integers saturate")]
    fn asked(&self, ui: &Ui, response: &Response, value: i16) -> i16 {
        let shift = ui.input(|input| input.modifiers.shift);
        let stepped =
            |steps: f32, step: i16| value.saturating_add((steps * f32::from(step)) as i16);
        match value_request(ui, response) {
            Some(ValueRequest::Number(number)) => return (number / self.unit).round() as i16,
            Some(ValueRequest::Steps(steps)) => return stepped(steps, self.step),
            Some(ValueRequest::Text(_)) | None => {}
        }
        if response.double_clicked() {
            return self.usual;
        }
        if is_drag(response) {
            return self.dragged(ui, response, value, if shift { FINE } else { 1.0 });
        }
        let mut steps = if response.hovered() { wheel_notches(ui) } else { 0.0 };
        if response.has_focus() {
            steps += arrow_keys(ui, response);
        }
        stepped(steps, if shift { 1 } else { self.step })
    }

    /// Continues a drag, whose exact place is kept between frames.
    #[expect(clippy::cast_possible_truncation, reason = "within the range")]
    fn dragged(&self, ui: &Ui, response: &Response, value: i16, speed: f32) -> i16 {
        let held = response.id.with("held");
        let known = ui.data(|data| data.get_temp(held)).filter(|_| !response.drag_started());
        let from: f32 = known.unwrap_or_else(|| f32::from(value));
        let [low, high] = self.range.map(f32::from);
        let travel = response.rect.width().max(1.0);
        let by = speed * dragged_by(ui, response).x * (high - low) / travel;
        let to = (from + by).clamp(low, high);
        ui.data_mut(|data| data.insert_temp(held, to));
        to.round() as i16
    }
}
