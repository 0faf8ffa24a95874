//! Input shared by dials, sliders and fields: drag, wheel, arrow keys, double click, and typing.

use egui::accesskit::{Action, ActionData, Node};
use egui::{
    Event, Key, MouseWheelUnit, PointerButton, Rect, Response, Sense, Ui, Vec2, WidgetInfo,
};
use nice_plug::params::Param;

use super::frame::focus_ring;
use super::labels::remark;
use super::param_menu::param_menu;
use super::text_field::text_field;
use crate::editor::host_edits::{ParamGesture, ViewContext};

/// Speed of a fine drag relative to a normal one.
const FINE: f32 = 0.1;
/// Step of a wheel notch or arrow key for a continuous parameter.
const NOTCH: f32 = 0.02;

/// Usage note at the end of tooltips.
pub(crate) const HOW_TO: &str = "Drag up or sideways, or scroll, with shift for fine steps. Double \
                              click: the default. Enter: type a value. Right click: more.";

/// Control of a parameter that can be dragged, scrolled and typed.
pub(crate) struct ValueInput<'a, P> {
    pub param: &'a P,
    /// Accessible name.
    pub name: &'a str,
    /// Pointer travel over the full range, in points.
    pub travel: f32,
    /// Place of the field in which a value is typed.
    pub place: Rect,
    /// A click opens the field.
    pub click_types: bool,
}

impl<P: Param> ValueInput<'_, P> {
    /// Lets the user adjust the parameter in `rect`. Returns `true` while a value is typed.
    pub(crate) fn show(self, ui: &mut Ui, view: &ViewContext<'_>, rect: Rect) -> (Response, bool) {
        let ValueInput { param, name, travel, place, click_types } = self;
        let response = ui.interact(rect, ui.make_persistent_id(name), Sense::click_and_drag());
        let value = f64::from(param.unmodulated_normalized_value());
        response.widget_info(|| WidgetInfo::slider(true, value, name));
        expose_value(ui, param, &response);
        let typed = typing(ui, view, param, name, &response, place, click_types);
        let fine = if ui.input(|input| input.modifiers.shift) { FINE } else { 1.0 };
        if typed {
            return (response, true);
        }
        if is_drag(&response) {
            drag(ui, view, param, &response, travel / fine);
        } else if let Some(to) =
            asked(ui, param, &response).or_else(|| jumped(ui, param, &response, fine))
        {
            view.edits.gesture(param, ParamGesture::Jump(to));
        }
        (response, false)
    }
}

/// Exposes the value to assistive tools as it is shown, for example 50 for "50 %", with its range.
pub(super) fn expose_value<P: Param>(ui: &Ui, param: &P, response: &Response) {
    ui.ctx().accesskit_node_builder(response.id, |node| {
        let shown = |value| leading_number(&param.normalized_value_to_string(value, false));
        node.set_value(param.to_string());
        if let [Some(least), Some(now), Some(most)] =
            [0.0, param.unmodulated_normalized_value(), 1.0].map(shown)
        {
            node.set_numeric_value(now);
            node.set_min_numeric_value(least.min(most));
            node.set_max_numeric_value(least.max(most));
        }
        offer_value_requests(node);
    });
}

/// Returns the number at the start of a text.
fn leading_number(text: &str) -> Option<f64> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && !"+-.".contains(letter));
    text[..end.unwrap_or(text.len())].parse().ok()
}

/// Returns the value, 0 to 1, that an assistive tool asks for.
pub(super) fn asked<P: Param>(ui: &Ui, param: &P, response: &Response) -> Option<f32> {
    match value_request(ui, response)? {
        ValueRequest::Number(value) => read(param, &value.to_string()).ok(),
        ValueRequest::Text(text) => read(param, &text).ok(),
        ValueRequest::Steps(steps) => Some(stepped(param, steps, 1.0)),
    }
}

/// Request of an assistive tool for another value.
pub(crate) enum ValueRequest {
    /// The value as a number, in the units of the exposed one.
    Number(f64),
    /// The value in words.
    Text(Box<str>),
    /// Steps up; negative ones are down.
    Steps(f32),
}

/// Exposes that a control takes requests for another value.
pub(crate) fn offer_value_requests(node: &mut Node) {
    for action in [Action::SetValue, Action::Increment, Action::Decrement] {
        node.add_action(action);
    }
}

/// Returns what an assistive tool asks of a control in this frame.
pub(crate) fn value_request(ui: &Ui, response: &Response) -> Option<ValueRequest> {
    let set = ui.input(|input| {
        let mut asked = input.accesskit_action_requests(response.id, Action::SetValue);
        asked.find_map(|request| request.data.clone())
    });
    match set {
        Some(ActionData::NumericValue(value)) => Some(ValueRequest::Number(value)),
        Some(ActionData::Value(text)) => Some(ValueRequest::Text(text)),
        _ => {
            let count =
                |action| ui.input(|input| input.num_accesskit_action_requests(response.id, action));
            let steps = count(Action::Increment) as f32 - count(Action::Decrement) as f32;
            (steps != 0.0).then_some(ValueRequest::Steps(steps))
        }
    }
}

/// Returns `true` if a drag starts, continues or ends in this frame.
pub(crate) fn is_drag(response: &Response) -> bool {
    response.dragged() || response.drag_stopped()
}

/// Returns the pointer movement of a drag in this frame, in points. The sum over all frames is the
/// distance from press to release, whatever the frame rate.
pub(crate) fn dragged_by(ui: &Ui, response: &Response) -> Vec2 {
    if response.drag_started() {
        return response.total_drag_delta().unwrap_or_default();
    }
    if !response.drag_stopped() {
        return response.drag_delta();
    }
    ui.input(|input| {
        let let_go = |event: &Event| match event {
            Event::PointerButton { pos, pressed: false, .. } => Some(*pos),
            _ => None,
        };
        let before = input.pointer.latest_pos().map(|now| now - input.pointer.delta());
        let at = input.events.iter().find_map(let_go);
        at.zip(before).map_or(Vec2::ZERO, |(at, before)| at - before)
    })
}

/// Continues a drag; `travel` is the pointer travel over the full range, in points.
fn drag<P: Param>(ui: &Ui, view: &ViewContext<'_>, param: &P, response: &Response, travel: f32) {
    // The host may apply a value late, so the drag keeps its own.
    let held = response.id.with("held");
    let begins = response.drag_started();
    let known = ui.data(|data| data.get_temp(held)).filter(|_| !begins);
    let from = known.unwrap_or_else(|| param.unmodulated_normalized_value());
    let delta = dragged_by(ui, response);
    let to = (from + (delta.x - delta.y) / travel.max(1.0)).clamp(0.0, 1.0);
    ui.data_mut(|data| data.insert_temp(held, to));
    if begins {
        view.edits.gesture(param, ParamGesture::Begin);
    }
    if to != from {
        view.edits.gesture(param, ParamGesture::To(to));
    }
    if response.drag_stopped() {
        view.edits.gesture(param, ParamGesture::End);
    }
}

/// Returns the value set by wheel, arrow keys or a double click.
pub(super) fn jumped<P: Param>(ui: &Ui, param: &P, response: &Response, fine: f32) -> Option<f32> {
    if response.double_clicked() {
        return Some(param.default_normalized_value());
    }
    let value = param.unmodulated_normalized_value();
    let mut steps = if response.hovered() { wheel_notches(ui) } else { 0.0 };
    if response.has_focus() {
        steps += arrow_keys(ui, response);
    }
    let to = stepped(param, steps, fine);
    (to != value).then_some(to)
}

/// Returns the value, 0 to 1, a number of notches away. Parameters with few steps move by whole ones.
fn stepped<P: Param>(param: &P, steps: f32, fine: f32) -> f32 {
    let value = param.unmodulated_normalized_value();
    let to = match param.step_count() {
        Some(count) if count < 50 => value + steps / count as f32,
        Some(count) => value + steps * (NOTCH * fine).max(1.0 / count as f32),
        None => value + steps * NOTCH * fine,
    };
    to.clamp(0.0, 1.0)
}

/// Returns the arrow keys pressed in this frame, up and right positive. Keeps the focus.
pub(crate) fn arrow_keys(ui: &Ui, response: &Response) -> f32 {
    pad_arrows(ui, response).into_iter().sum()
}

/// Returns the arrow keys pressed in this frame: right and up, positive. Keeps the focus.
pub(crate) fn pad_arrows(ui: &Ui, response: &Response) -> [f32; 2] {
    ui.memory_mut(|memory| {
        memory.set_focus_lock_filter(
            response.id,
            egui::EventFilter {
                horizontal_arrows: true,
                vertical_arrows: true,
                ..Default::default()
            },
        );
    });
    ui.input(|input| {
        let pressed = |key| if input.key_pressed(key) { 1.0 } else { 0.0 };
        [
            pressed(Key::ArrowRight) - pressed(Key::ArrowLeft),
            pressed(Key::ArrowUp) - pressed(Key::ArrowDown),
        ]
    })
}

/// Returns the wheel notches of this frame, upwards positive.
pub(crate) fn wheel_notches(ui: &Ui) -> f32 {
    ui.input(|input| {
        let notch = |event: &Event| match event {
            Event::MouseWheel { unit: MouseWheelUnit::Point, delta, .. } => delta.y / 50.0,
            // Some systems turn shift and wheel into a horizontal scroll.
            Event::MouseWheel { delta, .. } => delta.y + delta.x,
            _ => 0.0,
        };
        input.events.iter().map(notch).sum()
    })
}

/// Reads a typed value, 0 to 1.
///
/// # Errors
/// Returns a sentence for the user if it is no value or out of range.
fn read<P: Param>(param: &P, text: &str) -> Result<f32, String> {
    let digits: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let shown = |value: f32| param.normalized_value_to_string(value, true);
    let fault = || {
        let (name, text) = (param.name(), text.trim());
        format!("“{text}” is no value of {name}, which goes from {} to {}.", shown(0.0), shown(1.0))
    };
    let read = |text: &str| param.string_to_normalized_value(text);
    let value = read(text.trim()).or_else(|| read(&digits)).ok_or_else(fault)?;
    // A number beyond the range would become its end.
    let end = param.normalized_value_to_string(value, false).parse::<f64>();
    match (digits.parse::<f64>(), end) {
        (Ok(typed), Ok(end)) if (value == 0.0 && typed < end) || (value == 1.0 && typed > end) => {
            Err(fault())
        }
        _ => Ok(value),
    }
}

/// Draws the field for typing a value while it is open, and sets the parameter when it closes.
/// Returns `true` if it was open.
pub(super) fn typing<P: Param>(
    ui: &mut Ui,
    view: &ViewContext<'_>,
    param: &P,
    name: &str,
    response: &Response,
    place: Rect,
    click_types: bool,
) -> bool {
    let text_id = response.id.with("typed");
    let asked = param_menu(view, param.as_ptr(), name, response, true)
        || response.clicked() && click_types
        || response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    let open = ui.data(|data| data.get_temp::<String>(text_id));
    let twice = ui.input(|input| input.pointer.button_double_clicked(PointerButton::Primary));
    if open.is_some() && twice && response.sense.senses_drag() && ui.rect_contains_pointer(place) {
        // The first click has opened the field.
        ui.data_mut(|data| data.remove::<String>(text_id));
        view.edits.gesture(param, ParamGesture::Jump(param.default_normalized_value()));
        return false;
    }
    let Some(mut text) = open.or_else(|| asked.then(|| param.to_string())) else { return false };
    let name = format!("{name} value");
    let field = text_id.with("field");
    match text_field(ui, view.scale, place, field, &name, &mut text, asked) {
        None => {
            ui.data_mut(|data| data.insert_temp(text_id, text));
        }
        Some(typed) => {
            ui.data_mut(|data| data.remove::<String>(text_id));
            if typed {
                match read(param, &text) {
                    Ok(value) => view.edits.gesture(param, ParamGesture::Jump(value)),
                    Err(why) => remark(ui.ctx(), why),
                }
            }
        }
    }
    true
}

/// Axis of a pad: an invisible slider for the keyboard and assistive tools, in `rect`, which ignores
/// the pointer. Arrow keys change the value, and Enter opens a field to type it.
pub(crate) fn axis<P: Param>(ui: &mut Ui, view: &ViewContext<'_>, rect: Rect, param: &P) {
    let name = param.name();
    let id = ui.make_persistent_id(name);
    let response = ui.interact(rect, id, Sense::focusable_noninteractive());
    let value = f64::from(param.unmodulated_normalized_value());
    response.widget_info(|| WidgetInfo::slider(true, value, name));
    expose_value(ui, param, &response);
    if !typing(ui, view, param, name, &response, rect, false)
        && let Some(to) = asked(ui, param, &response).or_else(|| keyed(ui, param, &response))
    {
        view.edits.gesture(param, ParamGesture::Jump(to));
    }
    focus_ring(ui, view.scale, &response);
}

/// Returns the value set by arrow keys.
fn keyed<P: Param>(ui: &Ui, param: &P, response: &egui::Response) -> Option<f32> {
    response.has_focus().then(|| jumped(ui, param, response, 1.0)).flatten()
}
