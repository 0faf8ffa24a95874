//! The pad *Intensity* by *Complexity*.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, CursorIcon, Rect, Response, Sense, Stroke, Ui, WidgetInfo, pos2};
use groove::take::PadPoint;
use nice_plug::params::Param as _;

use crate::editor::host_edits::{ParamGesture, ViewContext};
use crate::editor::theme::{self, FontRole};
use crate::editor::widgets::{
    ValueRequest, axis, describe, focus_ring, hint_of, offer_value_requests, pad_arrows, pad_menu,
    value_request,
};
use crate::params::pad::PadParams;

/// Distance from the edge at which the ends of both ranges lie, in design points.
const EDGE: f32 = 9.0;
/// Step of an arrow key, and of one with shift.
const STEPS: [f32; 2] = [0.05, 0.01];

const NAME: &str = "Intensity and complexity";
const HINT: &str = "Up: louder, with more of open hat, ride and crash. Right: busier and more daring, \
                    with fuller fills. The middle is as drummers of the style play.\n\nDrag, or use the \
                    arrow keys, with shift for fine steps. Double click: the middle. Right click: MIDI \
                    learn. It adds to Density, Daring, Fill amount, Velocity and the densities of three \
                    lanes, which stay where they are.";

pub(super) fn show(ui: &mut Ui, view: &ViewContext<'_>, rect: Rect) {
    let scale = view.scale;
    let response = ui.interact(rect, ui.make_persistent_id(NAME), Sense::click_and_drag());
    let inner = rect.shrink(scale.px(EDGE));
    let PadParams { intensity, complexity } = &view.params.pad;
    let point = view.params.pad.point();
    let text = text(point);
    expose(ui, &response, point, &text);
    let moved = response.interact_pointer_pos().map(|at| {
        let across = (at.x - inner.left()) / inner.width().max(1.0);
        let up = (inner.bottom() - at.y) / inner.height().max(1.0);
        PadPoint::new(across, up)
    });
    if let Some(intensity) = asked(ui, &response, point) {
        set(view, PadPoint::new(point.complexity, intensity), ParamGesture::Jump);
    } else if response.double_clicked() {
        set(view, PadPoint::MIDDLE, ParamGesture::Jump);
    } else if response.drag_started() || response.dragged() || response.drag_stopped() {
        if response.drag_started() {
            gesture(view, |_| ParamGesture::Begin);
        }
        if let Some(to) = moved.filter(|to| *to != point) {
            set(view, to, ParamGesture::To);
        }
        if response.drag_stopped() {
            gesture(view, |_| ParamGesture::End);
        }
    } else if response.has_focus() {
        let [across, up] = pad_arrows(ui, &response);
        let fine = usize::from(ui.input(|input| input.modifiers.shift));
        if across != 0.0 || up != 0.0 {
            let by = STEPS[fine];
            let to = PadPoint::new(point.complexity + by * across, point.intensity + by * up);
            set(view, to, ParamGesture::Jump);
        }
    }
    draw(ui, view, rect, inner, point);
    let half = 0.5 * rect.height();
    axis(ui, view, rect.with_max_y(rect.top() + half), intensity);
    axis(ui, view, rect.with_min_y(rect.top() + half), complexity);
    pad_menu(view, &[intensity, complexity], &response);
    focus_ring(ui, scale, &response);
    let response = response.on_hover_cursor(CursorIcon::Crosshair);
    let response = hint_of(view, response, &format!("{text}\n\n{HINT}"));
    describe(&response, &text);
}

fn text(point: PadPoint) -> String {
    let percent = |share: f32| (100.0 * share).round();
    let PadPoint { complexity, intensity } = point;
    format!("Intensity {} %, complexity {} %", percent(intensity), percent(complexity))
}

/// Exposes the pad to assistive tools as a slider of the intensity in percent, with both values in
/// words.
fn expose(ui: &Ui, response: &Response, point: PadPoint, text: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Slider, true, NAME));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_value(text);
        node.set_numeric_value((100.0 * point.intensity).round().into());
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value(100.0);
        offer_value_requests(node);
    });
}

/// Returns the intensity that an assistive tool asks for, 0 to 1.
fn asked(ui: &Ui, response: &Response, point: PadPoint) -> Option<f32> {
    match value_request(ui, response)? {
        #[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
        ValueRequest::Number(percent) => Some(percent as f32 / 100.0),
        ValueRequest::Steps(steps) => Some(point.intensity + STEPS[0] * steps),
        ValueRequest::Text(_) => None,
    }
}

/// Moves both parameters of the pad to a point.
fn set(view: &ViewContext<'_>, to: PadPoint, act: impl Fn(f32) -> ParamGesture) {
    let PadParams { intensity, complexity } = &view.params.pad;
    let to = PadPoint::new(to.complexity, to.intensity);
    view.edits.gesture(intensity, act(intensity.preview_normalized(to.intensity)));
    view.edits.gesture(complexity, act(complexity.preview_normalized(to.complexity)));
}

/// Begins or ends the gestures of both parameters of the pad.
fn gesture(view: &ViewContext<'_>, act: impl Fn(f32) -> ParamGesture) {
    set(view, PadPoint::MIDDLE, act);
}

fn draw(ui: &Ui, view: &ViewContext<'_>, rect: Rect, inner: Rect, point: PadPoint) {
    let scale = view.scale;
    let painter = ui.painter();
    painter.rect_filled(rect, CornerRadius::from(scale.px(7.0)), theme::RAISED);
    let line = Stroke::new(scale.px(1.0), theme::BAR_LINE);
    painter.hline(inner.x_range(), inner.center().y, line);
    // Between the names.
    let upright = inner.y_range().shrink(scale.px(13.0));
    painter.vline(inner.center().x, upright, line);
    let font = scale.font(FontRole::Small);
    let top = pos2(inner.left(), inner.top() + scale.px(5.0));
    painter.text(top, Align2::LEFT_CENTER, "Intensity ↑", font.clone(), theme::MUTED);
    let bottom = pos2(inner.right(), inner.bottom() - scale.px(5.0));
    painter.text(bottom, Align2::RIGHT_CENTER, "Complexity →", font, theme::MUTED);
    let at = pos2(
        inner.left() + inner.width() * point.complexity,
        inner.bottom() - inner.height() * point.intensity,
    );
    painter.circle_filled(at, scale.px(7.0), theme::AMBER);
}
