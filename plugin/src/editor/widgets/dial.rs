//! Dial: a ring that fills, with its value inside and its name below.

use egui::{Align2, CursorIcon, Pos2, Rect, Stroke, Ui, pos2, vec2};
use nice_plug::params::Param;

use super::frame::hint_of;
use super::value_input::{HOW_TO, ValueInput};
use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole, Scale};

/// Pointer travel over the full range, in design points.
const TRAVEL: f32 = 170.0;

/// Radius of the ring and width of its line, in design points.
const RING: [f32; 2] = [25.0, 4.5];

/// A dial for a parameter.
pub(crate) struct Dial<'a, P> {
    pub param: &'a P,
    /// Name, as drawn.
    pub name: &'a str,
    /// Value at which the ring starts to fill, 0 to 1.
    pub origin: f32,
    /// Marked value, 0 to 1.
    pub mark: Option<f32>,
    /// Tooltip: the effect on the music.
    pub hint: &'a str,
}

impl<'a, P: Param> Dial<'a, P> {
    /// Creates a dial that fills from its minimum.
    pub(crate) fn new(param: &'a P, name: &'a str, hint: &'a str) -> Self {
        Dial { param, name, origin: 0.0, mark: None, hint }
    }

    /// Draws the dial with the top of its ring in the middle of the top edge of `rect`.
    pub(crate) fn show(self, ui: &mut Ui, view: &ViewContext<'_>, rect: Rect) {
        let scale = view.scale;
        let value = self.param.unmodulated_normalized_value();
        let [radius, width] = RING;
        let centre = pos2(rect.center().x, rect.top() + scale.px(radius + width / 2.0 + 1.0));
        let place = Rect::from_center_size(centre, scale.size(66.0, 26.0));
        let (param, name, travel) = (self.param, self.name, scale.px(TRAVEL));
        let (response, typing) =
            ValueInput { param, name, travel, place, click_types: false }.show(ui, view, rect);

        let painter = ui.painter();
        let track = if response.hovered() { theme::BAR_LINE } else { theme::LINE };
        arc(ui, scale, centre, [radius, width], [0.0, 1.0], track);
        let ends = [self.origin.min(value), self.origin.max(value)];
        arc(ui, scale, centre, [radius, width], ends, theme::AMBER);
        if let Some(mark) = self.mark {
            let at = on_ring(scale, centre, radius + width / 2.0 + 5.0, mark);
            painter.circle_filled(at, scale.px(3.0), theme::TEAL);
        }
        if !typing {
            let shown = self.param.to_string().replace(" %", "%");
            let font = scale.font(FontRole::Figure);
            painter.text(centre, Align2::CENTER_CENTER, shown, font, theme::TEXT);
        }
        // Between the open ends of the ring, so that rows of dials keep their distance.
        let below = pos2(centre.x, centre.y + scale.px(radius + 4.0));
        let colour = if response.has_focus() { theme::AMBER } else { theme::MUTED };
        let font = scale.font(FontRole::Small);
        painter.text(below, Align2::CENTER_CENTER, self.name, font, colour);
        let response = response.on_hover_cursor(CursorIcon::ResizeVertical);
        hint_of(view, response, &format!("{}\n\n{HOW_TO}", self.hint));
    }
}

/// Returns a point on a ring of three quarters of a circle, open at the bottom.
fn on_ring(scale: Scale, centre: Pos2, radius: f32, share: f32) -> Pos2 {
    const FROM: f32 = 0.75 * std::f32::consts::PI;
    const SWEEP: f32 = 1.5 * std::f32::consts::PI;
    let angle = FROM + SWEEP * share;
    centre + scale.px(radius) * vec2(angle.cos(), angle.sin())
}

fn arc(
    ui: &Ui,
    scale: Scale,
    centre: Pos2,
    [radius, width]: [f32; 2],
    [from, to]: [f32; 2],
    colour: egui::Color32,
) {
    let points = 48;
    let line: Vec<Pos2> = (0..=points)
        .map(|point| {
            let share = from + (to - from) * point as f32 / points as f32;
            on_ring(scale, centre, radius, share)
        })
        .collect();
    for end in [line.first(), line.last()].into_iter().flatten() {
        ui.painter().circle_filled(*end, scale.px(width) / 2.0, colour);
    }
    ui.painter().line(line, Stroke::new(scale.px(width), colour));
}
