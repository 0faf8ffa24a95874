//! Menu entries: an action, a check box, a slider, and choices of a few values as letters or words.

use egui::accesskit::Role;
use egui::{
    Align2, CursorIcon, Key, Modifiers, Rect, Response, Sense, Slider, Ui, WidgetInfo, pos2, vec2,
};

use super::frame::{choice_cell, corners};
use crate::editor::theme::{self, FontRole, Scale};

/// Width and height of an entry, in design points.
const LINE: [f32; 2] = [230.0, 26.0];

/// Draws an action. Returns `true` if it was clicked; the menu closes then.
pub(crate) fn menu_item(ui: &mut Ui, scale: Scale, name: &str, label: &str, hint: &str) -> bool {
    let (response, rect) = line(ui, scale, name);
    response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, true, name));
    write(ui, scale, rect, label);
    let chosen = response.clicked();
    tell(response, hint);
    if chosen {
        ui.close();
    }
    chosen
}

/// Draws a check box. Returns `true` if it was toggled; the menu stays open.
pub(crate) fn menu_check(
    ui: &mut Ui,
    scale: Scale,
    name: &str,
    label: &str,
    hint: &str,
    on: bool,
) -> bool {
    let (response, rect) = line(ui, scale, name);
    response.widget_info(|| WidgetInfo::selected(Role::MenuItemCheckBox, true, on, name));
    write(ui, scale, rect, label);
    let centre = pos2(rect.right() - scale.px(16.0), rect.center().y);
    let square = Rect::from_center_size(centre, scale.size(14.0, 14.0));
    let round = scale.px(4.0);
    ui.painter().rect_filled(square, round, if on { theme::AMBER } else { theme::BAR_LINE });
    if on {
        let at = |x: f32, y: f32| square.min + scale.size(x, y);
        let stroke = (scale.px(1.8), theme::GROUND);
        ui.painter().line(vec![at(3.2, 7.2), at(6.0, 10.0), at(10.8, 4.4)], stroke);
    }
    let turned = response.clicked();
    tell(response, hint);
    turned
}

/// Draws a row of choices. Returns the index of a new choice; the menu stays open.
pub(crate) fn menu_choice(
    ui: &mut Ui,
    scale: Scale,
    [name, label]: [&str; 2],
    choices: &[(&str, &str)],
    hint: &str,
    chosen: usize,
) -> Option<usize> {
    let (rect, _) = ui.allocate_exact_size(scale.size(LINE[0], LINE[1]), Sense::hover());
    write(ui, scale, rect, label);
    let cell = scale.size(28.0, 21.0);
    let left = rect.right() - (cell.x + scale.px(4.0)) * choices.len() as f32;
    let mut picked = None;
    for (place, (label, description)) in choices.iter().enumerate() {
        let left = left + (cell.x + scale.px(4.0)) * place as f32;
        let area = Rect::from_min_size(pos2(left, rect.center().y - cell.y / 2.0), cell);
        let name = format!("{name}: {description}");
        let response = ui.interact(area, ui.make_persistent_id(&name), Sense::click());
        let is = place == chosen;
        response.widget_info(|| WidgetInfo::selected(Role::MenuItemRadio, true, is, &name));
        let near = response.hovered() || response.has_focus();
        choice_cell(ui, scale, &response, label, (is, near), [theme::LINE, theme::BAR_LINE]);
        picked = picked.or((response.clicked() && !is).then_some(place));
        tell(response, hint);
    }
    picked
}

/// Draws a slider from 0 to 100 %; the menu stays open.
pub(crate) fn menu_percent(
    ui: &mut Ui,
    scale: Scale,
    name: &str,
    hint: &str,
    percent: &mut u8,
) -> Response {
    let (rect, _) = ui.allocate_exact_size(scale.size(LINE[0], LINE[1]), Sense::hover());
    write(ui, scale, rect, name);
    let area = rect.with_min_x(rect.left() + scale.px(75.0)).shrink2(scale.size(4.0, 2.0));
    ui.spacing_mut().slider_width = area.width() - scale.px(62.0);
    ui.spacing_mut().interact_size.x = scale.px(50.0);
    let response = ui.put(area, Slider::new(percent, 0..=100).suffix(" %"));
    response.widget_info(|| WidgetInfo::slider(true, f64::from(*percent), name));
    response.on_hover_text(hint)
}

/// Draws a title and choices in as many rows as they need, each with its key in front. Returns the
/// index of a new choice, clicked or by its key; the menu stays open.
pub(crate) fn menu_words(
    ui: &mut Ui,
    scale: Scale,
    title: &str,
    choices: &[(Key, &str)],
    hint: &str,
    chosen: Option<usize>,
) -> Option<usize> {
    let (rect, _) = ui.allocate_exact_size(scale.size(LINE[0], LINE[1]), Sense::hover());
    write(ui, scale, rect, title);
    let (gap, height) = (scale.px(4.0), scale.px(21.0));
    let left = rect.left() + scale.px(10.0);
    let mut at = pos2(left, rect.bottom());
    let mut areas = Vec::with_capacity(choices.len());
    let label = |(key, choice): (Key, &str)| format!("{}  {choice}", key.symbol_or_name());
    for &choice in choices {
        let font = scale.font(FontRole::Chosen);
        let text = ui.painter().layout_no_wrap(label(choice), font, theme::TEXT);
        let width = text.size().x + scale.px(9.0);
        if at.x > left && at.x + width > rect.right() {
            at = pos2(left, at.y + height + gap);
        }
        areas.push(Rect::from_min_size(at, vec2(width, height)));
        at.x += width + gap;
    }
    ui.allocate_exact_size(vec2(rect.width(), at.y + height - rect.bottom()), Sense::hover());
    let mut picked = None;
    for (place, (&(key, choice), area)) in choices.iter().zip(areas).enumerate() {
        let name = format!("{title}: {choice}");
        let response = ui.interact(area, ui.make_persistent_id(&name), Sense::click());
        let is = Some(place) == chosen;
        response.widget_info(|| WidgetInfo::selected(Role::MenuItemRadio, true, is, &name));
        let near = response.hovered() || response.has_focus();
        let label = label((key, choice));
        choice_cell(ui, scale, &response, &label, (is, near), [theme::LINE, theme::BAR_LINE]);
        let pressed =
            ui.input(|input| input.modifiers == Modifiers::NONE && input.key_pressed(key));
        picked = picked.or(((pressed || response.clicked()) && !is).then_some(place));
        tell(response, hint);
    }
    picked
}

/// Allocates an entry, highlighted under the pointer.
fn line(ui: &mut Ui, scale: Scale, name: &str) -> (Response, Rect) {
    let (rect, _) = ui.allocate_exact_size(scale.size(LINE[0], LINE[1]), Sense::hover());
    let response = ui.interact(rect, ui.make_persistent_id(name), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, corners(scale), theme::LIFTED);
    }
    (response, rect)
}

fn write(ui: &Ui, scale: Scale, rect: Rect, label: &str) {
    let at = pos2(rect.left() + scale.px(10.0), rect.center().y);
    ui.painter().text(at, Align2::LEFT_CENTER, label, scale.font(FontRole::Body), theme::TEXT);
}

fn tell(response: Response, hint: &str) {
    response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(hint);
}
