//! The window's own controls: dial, list, number, button. Each draws itself, answers pointer and
//! keys, carries a name for assistive tools and tests, and returns what the user asks for. What
//! that does to a parameter is decided in one place, in the parent module.

use egui::accesskit::Role;
use egui::{
    Align2, CornerRadius, CursorIcon, Event, Id, Key, MouseWheelUnit, Popup, Pos2, Rect, RectAlign,
    Response, Sense, Stroke, TextEdit, Ui, WidgetInfo, pos2, vec2,
};

use super::theme::{self, Scale, Type};

/// What a dial asks of its parameter. A drag is one gesture from press to release, so that a
/// host writes it as one stroke of automation and undoes it in one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Turn {
    /// A drag starts.
    Begin,
    /// The value while it is dragged, 0 to 1.
    To(f32),
    /// The drag is over.
    End,
    /// A whole gesture at once: reset, wheel, key or a typed value, 0 to 1.
    Jump(f32),
}

/// A dial over a range from 0 to 1.
pub(super) struct Dial<'a> {
    /// Name, drawn below and told to assistive tools.
    pub name: &'a str,
    /// Where it stands, 0 to 1.
    pub value: f32,
    /// Where a double click puts it, 0 to 1.
    pub usual: f32,
    /// The value in words or figures.
    pub shown: String,
    /// Reads a typed value; `None` is not understood and leaves things as they are.
    pub read: &'a dyn Fn(&str) -> Option<f32>,
    /// What it does to the music.
    pub hint: &'a str,
}

/// Points of the design that a pointer travels from one end of a dial to the other.
const TRAVEL: f32 = 170.0;
/// Share of the travel that a fine drag makes.
const FINE: f32 = 0.1;
/// Step of a wheel notch or an arrow key.
const NOTCH: f32 = 0.02;

impl Dial<'_> {
    /// Draws the dial in `rect` and returns what is asked of it, at most one thing a frame.
    pub(super) fn show(self, ui: &mut Ui, scale: Scale, rect: Rect) -> Option<Turn> {
        let id = ui.make_persistent_id(self.name);
        let response = ui.interact(rect, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::slider(true, f64::from(self.value), self.name));

        let typing = self.typing(ui, scale, &response);
        let turn = match typing {
            Typing::Idle => self.turned(ui, scale, &response),
            Typing::Open => None,
            Typing::Done(value) => value.map(Turn::Jump),
        };
        self.paint(ui, scale, &response, !matches!(typing, Typing::Idle));
        response.on_hover_cursor(CursorIcon::ResizeVertical).on_hover_text(format!(
            "{}\n\nDrag or scroll, with shift for fine steps. Double click: back to the usual. \
             Right click or Enter: type a value.",
            self.hint
        ));
        turn
    }

    /// Drag, wheel, arrow keys, double click.
    fn turned(&self, ui: &Ui, scale: Scale, response: &Response) -> Option<Turn> {
        let fine = if ui.input(|input| input.modifiers.shift) { FINE } else { 1.0 };
        if response.double_clicked() {
            return Some(Turn::Jump(self.usual));
        }
        // The host may take a while to take a value over, so the drag keeps its own.
        let held = response.id.with("held");
        if response.drag_started() {
            ui.data_mut(|data| data.insert_temp(held, self.value));
            return Some(Turn::Begin);
        }
        if response.drag_stopped() {
            return Some(Turn::End);
        }
        if response.dragged() {
            let delta = response.drag_delta();
            let from = ui.data(|data| data.get_temp(held)).unwrap_or(self.value);
            let to = (from + (delta.x - delta.y) / scale.px(TRAVEL) * fine).clamp(0.0, 1.0);
            ui.data_mut(|data| data.insert_temp(held, to));
            return (to != from).then_some(Turn::To(to));
        }
        let mut steps = if response.hovered() { wheel_notches(ui) } else { 0.0 };
        if response.has_focus() {
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
            steps += ui.input(|input| {
                let pressed = |key| if input.key_pressed(key) { 1.0 } else { 0.0 };
                pressed(Key::ArrowUp) + pressed(Key::ArrowRight)
                    - pressed(Key::ArrowDown)
                    - pressed(Key::ArrowLeft)
            });
        }
        let to = (self.value + steps * NOTCH * fine).clamp(0.0, 1.0);
        (to != self.value).then_some(Turn::Jump(to))
    }

    /// The field for typing a value, while it is open.
    fn typing(&self, ui: &mut Ui, scale: Scale, response: &Response) -> Typing {
        let text_id = response.id.with("typed");
        let asked = response.secondary_clicked()
            || response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        let open = ui.data(|data| data.get_temp::<String>(text_id));
        let Some(mut text) = open.or_else(|| asked.then(|| self.shown.clone())) else {
            return Typing::Idle;
        };
        let size = scale.size(64.0, 26.0);
        let field = Rect::from_center_size(dial_centre(scale, response.rect), size);
        let name = format!("{} value", self.name);
        let outcome = text_field(ui, scale, field, text_id.with("field"), &name, &mut text, asked);
        match outcome {
            None => {
                ui.data_mut(|data| data.insert_temp(text_id, text));
                Typing::Open
            }
            Some(typed) => {
                ui.data_mut(|data| data.remove::<String>(text_id));
                Typing::Done(typed.then(|| (self.read)(text.trim())).flatten())
            }
        }
    }

    fn paint(&self, ui: &Ui, scale: Scale, response: &Response, typing: bool) {
        // Three quarters of a circle, open at the bottom.
        const FROM: f32 = 0.75 * std::f32::consts::PI;
        const SWEEP: f32 = 1.5 * std::f32::consts::PI;
        let painter = ui.painter();
        let centre = dial_centre(scale, response.rect);
        let radius = scale.px(DIAL_RADIUS);
        let width = scale.px(6.0);
        let arc = |to: f32| -> Vec<Pos2> {
            let points = 48;
            (0..=points)
                .map(|point| {
                    let angle = FROM + SWEEP * to * point as f32 / points as f32;
                    centre + radius * vec2(angle.cos(), angle.sin())
                })
                .collect()
        };
        let track = if response.hovered() { theme::LIFTED } else { theme::LINE };
        for (to, colour) in [(1.0, track), (self.value, theme::AMBER)] {
            let line = arc(to);
            for end in [line.first(), line.last()].into_iter().flatten() {
                painter.circle_filled(*end, width / 2.0, colour);
            }
            painter.line(line, Stroke::new(width, colour));
        }
        if !typing {
            painter.text(
                centre,
                Align2::CENTER_CENTER,
                &self.shown,
                scale.font(Type::Figure),
                theme::TEXT,
            );
        }
        let name = pos2(centre.x, response.rect.bottom() - scale.px(12.0));
        let colour = if response.has_focus() { theme::AMBER } else { theme::MUTED };
        painter.text(name, Align2::CENTER_CENTER, self.name, scale.font(Type::Small), colour);
    }
}

/// Radius of a dial's ring, in points of the design.
const DIAL_RADIUS: f32 = 38.0;

fn dial_centre(scale: Scale, rect: Rect) -> Pos2 {
    pos2(rect.center().x, rect.top() + scale.px(DIAL_RADIUS + 4.0))
}

/// Whether a value is being typed into a dial.
enum Typing {
    Idle,
    Open,
    /// Closed in this frame, with a value if one was typed and understood.
    Done(Option<f32>),
}

/// Notches that the wheel was turned in this frame, upwards positive.
fn wheel_notches(ui: &Ui) -> f32 {
    ui.input(|input| {
        let notch = |event: &Event| match event {
            Event::MouseWheel { unit: MouseWheelUnit::Point, delta, .. } => delta.y / 50.0,
            // Some systems turn a wheel with shift into one that goes sideways.
            Event::MouseWheel { delta, .. } => delta.y + delta.x,
            _ => 0.0,
        };
        input.events.iter().map(notch).sum()
    })
}

/// A field for a short text. `Some(true)` when Enter ends it or the focus goes elsewhere,
/// `Some(false)` when Escape does.
fn text_field(
    ui: &mut Ui,
    scale: Scale,
    rect: Rect,
    id: Id,
    name: &str,
    text: &mut String,
    opened: bool,
) -> Option<bool> {
    let field = TextEdit::singleline(text)
        .id(id)
        .font(scale.font(Type::Strong))
        .align(egui::Align2::CENTER_CENTER)
        .margin(egui::Margin::same(2));
    let mut output = ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
        field.desired_width(rect.width()).min_size(rect.size()).show(ui)
    });
    let output = &mut output.inner;
    let response = output.response.response.clone().accessible_name(name);
    if opened {
        response.request_focus();
        let all = egui::text::CCursorRange::two(
            egui::text::CCursor::new(0),
            egui::text::CCursor::new(text.chars().count()),
        );
        output.state.cursor.set_char_range(Some(all));
        output.state.clone().store(ui.ctx(), id);
        return None;
    }
    if ui.input(|input| input.key_pressed(Key::Escape)) {
        response.surrender_focus();
        return Some(false);
    }
    (response.lost_focus() || !response.has_focus()).then_some(true)
}

/// A whole number that can be typed. Returns the new one when it was.
pub(super) fn number(
    ui: &mut Ui,
    scale: Scale,
    rect: Rect,
    name: &str,
    value: i32,
    hint: &str,
) -> Option<i32> {
    let id = ui.make_persistent_id(name);
    let text_id = id.with("typed");
    let open = ui.data(|data| data.get_temp::<String>(text_id));
    if let Some(mut text) = open {
        let opened = ui.data_mut(|data| data.remove_temp::<bool>(text_id)).unwrap_or(false);
        return match text_field(ui, scale, rect, id.with("field"), name, &mut text, opened) {
            None => {
                ui.data_mut(|data| data.insert_temp(text_id, text));
                None
            }
            Some(typed) => {
                ui.data_mut(|data| data.remove::<String>(text_id));
                let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                typed.then(|| digits.parse().ok()).flatten().filter(|&new| new != value)
            }
        };
    }
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo {
        value: Some(f64::from(value)),
        ..WidgetInfo::labeled(Role::SpinButton, true, name)
    });
    let enter = response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if response.clicked() || response.secondary_clicked() || enter {
        ui.data_mut(|data| {
            data.insert_temp(text_id, value.to_string());
            data.insert_temp(text_id, true);
        });
        ui.ctx().request_repaint();
    }
    let fill = if response.hovered() { theme::LIFTED } else { theme::RAISED };
    ui.painter().rect_filled(rect, radius(scale), fill);
    focus_ring(ui, scale, &response);
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        grouped(value),
        scale.font(Type::Strong),
        theme::TEXT,
    );
    response.on_hover_cursor(CursorIcon::Text).on_hover_text(hint);
    None
}

/// A number with thin spaces between its thousands.
pub(super) fn grouped(value: i32) -> String {
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

/// A button for the one thing that a panel is there to do. Returns whether it was pressed.
pub(super) fn button(ui: &mut Ui, scale: Scale, rect: Rect, name: &str, hint: &str) -> bool {
    let response = ui.interact(rect, ui.make_persistent_id(name), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let fill = if response.is_pointer_button_down_on() {
        theme::AMBER.gamma_multiply(0.8)
    } else if response.hovered() {
        theme::AMBER.lerp_to_gamma(theme::TEXT, 0.35)
    } else {
        theme::AMBER
    };
    ui.painter().rect_filled(rect, radius(scale), fill);
    focus_ring(ui, scale, &response);
    ui.painter().text(
        rect.center(),
        Align2::CENTER_CENTER,
        name,
        scale.font(Type::Strong),
        theme::GROUND,
    );
    let pressed = response.clicked();
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(hint);
    pressed
}

/// A choice from a list that opens above or below its field.
pub(super) struct List<'a> {
    /// Name for assistive tools.
    pub name: &'a str,
    /// The choices, in order.
    pub choices: &'a [String],
    /// Which one is chosen.
    pub chosen: usize,
    /// Which one a double click on the field chooses.
    pub usual: usize,
    /// Columns of the opened list.
    pub columns: usize,
    /// Width of a column, in points of the design.
    pub column: f32,
    /// What the choice does to the music.
    pub hint: &'a str,
}

impl List<'_> {
    /// Draws the field in `rect`, and the list while it is open. Returns a new choice.
    pub(super) fn show(self, ui: &mut Ui, scale: Scale, rect: Rect) -> Option<usize> {
        let response = ui.interact(rect, ui.make_persistent_id(self.name), Sense::click());
        let chosen = self.choices.get(self.chosen).map_or("", String::as_str);
        response.widget_info(|| WidgetInfo {
            current_text_value: Some(chosen.to_owned()),
            ..WidgetInfo::labeled(Role::ComboBox, true, self.name)
        });
        let fill = if response.hovered() { theme::LIFTED } else { theme::RAISED };
        let painter = ui.painter();
        painter.rect_filled(rect, radius(scale), fill);
        focus_ring(ui, scale, &response);
        let inset = scale.px(13.0);
        painter.text(
            pos2(rect.left() + inset, rect.center().y),
            Align2::LEFT_CENTER,
            chosen,
            scale.font(Type::Strong),
            theme::TEXT,
        );
        let tip = pos2(rect.right() - inset - scale.px(4.0), rect.center().y + scale.px(3.0));
        let (wide, high) = (scale.px(5.0), scale.px(5.5));
        painter.add(egui::Shape::convex_polygon(
            vec![tip, tip + vec2(-wide, -high), tip + vec2(wide, -high)],
            theme::MUTED,
            Stroke::NONE,
        ));

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
            response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(format!(
                "{}\n\nClick for the list, scroll for the next one. Double click: {}.",
                self.hint,
                self.choices.get(self.usual).map_or("the usual", String::as_str),
            ));
        }
        choice.filter(|&choice| choice != self.chosen)
    }

    /// The open list: read down its columns, like a page.
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
        let voice = if chosen { Type::Strong } else { Type::Body };
        ui.painter().rect_filled(rect, radius(scale), fill);
        let left = pos2(rect.left() + scale.px(10.0), rect.center().y);
        ui.painter().text(left, Align2::LEFT_CENTER, name, scale.font(voice), text);
        response.clicked()
    }
}

/// Corners of fields and buttons.
fn radius(scale: Scale) -> CornerRadius {
    CornerRadius::from(scale.px(7.0))
}

/// Shows which control the keys go to.
fn focus_ring(ui: &Ui, scale: Scale, response: &Response) {
    if response.has_focus() {
        ui.painter().rect_stroke(
            response.rect,
            radius(scale),
            Stroke::new(scale.px(1.5), theme::AMBER),
            egui::StrokeKind::Outside,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(48213), "48\u{2009}213");
        assert_eq!(grouped(-1_234_567), "-1\u{2009}234\u{2009}567");
    }
}
