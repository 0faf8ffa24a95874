//! Drop-down list.

use egui::accesskit::Role;
use egui::{
    Align2, CursorIcon, Popup, Rect, RectAlign, Response, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};
use nice_plug::params::internals::ParamPtr;
use nice_plug::params::{IntParam, Param};

use super::frame::{corners, focus_ring};
use super::labels::describe;
use super::param_menu::param_menu;
use super::value_input::wheel_notches;
use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole, Scale};

/// Returns the indices of the current and the default value of a parameter.
pub(crate) fn choices_of(param: &IntParam) -> [usize; 2] {
    let least = param.preview_plain(0.0);
    [param.value(), param.default_plain_value()]
        .map(|value| usize::try_from(value - least).unwrap_or(0))
}

/// A choice from a list that opens above or below its field.
pub(crate) struct List<'a> {
    /// Accessible name.
    pub name: &'a str,
    /// Choices, in order.
    pub choices: &'a [String],
    /// Index of the current choice.
    pub chosen: usize,
    /// Index of the default, chosen by a double click.
    pub usual: usize,
    /// Columns of the open list.
    pub columns: usize,
    /// Width of a column, in design points.
    pub column: f32,
    /// Tooltip: the effect on the music.
    pub hint: &'a str,
}

impl List<'_> {
    /// Draws the field in `rect` and the list while it is open; `param` is what it chooses. Returns a
    /// new choice.
    pub(crate) fn show(
        self,
        ui: &mut Ui,
        view: &ViewContext<'_>,
        rect: Rect,
        param: Option<ParamPtr>,
    ) -> Option<usize> {
        let scale = view.scale;
        let response = ui.interact(rect, ui.make_persistent_id(self.name), Sense::click());
        let chosen = self.choices.get(self.chosen).map_or("", String::as_str);
        response.widget_info(|| WidgetInfo {
            current_text_value: Some(chosen.to_owned()),
            ..WidgetInfo::labeled(Role::ComboBox, true, self.name)
        });
        draw_field(ui, scale, &response, chosen);
        if let Some(param) = param {
            param_menu(view, param, self.name, &response, false);
        }
        let mut choice = self.picked(scale, &response);
        if response.double_clicked() {
            Popup::close_id(ui.ctx(), Popup::default_response_id(&response));
            choice = Some(self.usual);
        } else if response.hovered() {
            let step = -wheel_notches(ui).clamp(-1.0, 1.0);
            if step != 0.0 {
                let last = self.choices.len().saturating_sub(1);
                let next = if step > 0.0 { self.chosen + 1 } else { self.chosen.saturating_sub(1) };
                choice = Some(next.min(last));
            }
        }
        if !Popup::is_id_open(ui.ctx(), Popup::default_response_id(&response)) {
            let response = response.clone();
            response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(format!(
                "{}\n\nClick for the list, scroll to step. Double click: {}.",
                self.hint,
                self.choices.get(self.usual).map_or("the default", String::as_str),
            ));
        }
        describe(&response, chosen);
        choice.filter(|&choice| choice != self.chosen)
    }

    /// Draws the open list in column-major order. Returns the picked choice.
    fn picked(&self, scale: Scale, field: &Response) -> Option<usize> {
        let rows = self.choices.len().div_ceil(self.columns.max(1));
        let cell = scale.size(self.column, 25.0);
        let popup = Popup::menu(field)
            .align(RectAlign::TOP_START)
            .align_alternatives(&[RectAlign::BOTTOM_START])
            .gap(scale.px(4.0))
            .accessible_name(format!("{} list", self.name));
        popup
            .show(|ui| {
                let size = vec2(cell.x * self.columns as f32, cell.y * rows as f32);
                let (area, _) = ui.allocate_exact_size(size, Sense::hover());
                let mut picked = None;
                for (place, name) in self.choices.iter().enumerate() {
                    let corner =
                        vec2((place / rows) as f32 * cell.x, (place % rows) as f32 * cell.y);
                    let rect = Rect::from_min_size(area.min + corner, cell);
                    if self.row(ui, scale, rect, place, name) {
                        picked = Some(place);
                    }
                }
                if picked.is_some() {
                    ui.close();
                }
                picked
            })
            .and_then(|shown| shown.inner)
    }

    fn row(&self, ui: &Ui, scale: Scale, rect: Rect, place: usize, name: &str) -> bool {
        let response = ui.interact(rect, ui.make_persistent_id(("row", place)), Sense::click());
        let chosen = place == self.chosen;
        response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen, name));
        let (fill, text) = match (chosen, response.hovered() || response.has_focus()) {
            (true, _) => (theme::AMBER, theme::GROUND),
            (false, true) => (theme::LIFTED, theme::TEXT),
            (false, false) => (theme::RAISED, theme::TEXT),
        };
        let voice = if chosen { FontRole::Strong } else { FontRole::Body };
        ui.painter().rect_filled(rect, corners(scale), fill);
        let left = pos2(rect.left() + scale.px(10.0), rect.center().y);
        ui.painter().text(left, Align2::LEFT_CENTER, name, scale.font(voice), text);
        response.clicked()
    }
}

/// Draws the closed list: its choice and an arrow.
fn draw_field(ui: &Ui, scale: Scale, response: &Response, chosen: &str) {
    let (painter, rect) = (ui.painter(), response.rect);
    let fill = if response.hovered() { theme::LIFTED } else { theme::RAISED };
    painter.rect_filled(rect, corners(scale), fill);
    focus_ring(ui, scale, response);
    let inset = scale.px(13.0);
    // A long name ends before the arrow.
    painter.with_clip_rect(rect.with_max_x(rect.right() - 1.9 * inset)).text(
        pos2(rect.left() + inset, rect.center().y),
        Align2::LEFT_CENTER,
        chosen,
        scale.font(FontRole::Strong),
        theme::TEXT,
    );
    let tip = pos2(rect.right() - inset - scale.px(4.0), rect.center().y + scale.px(3.0));
    let (wide, high) = (scale.px(5.0), scale.px(5.5));
    painter.add(egui::Shape::convex_polygon(
        vec![tip, tip + vec2(-wide, -high), tip + vec2(wide, -high)],
        theme::MUTED,
        Stroke::NONE,
    ));
}
