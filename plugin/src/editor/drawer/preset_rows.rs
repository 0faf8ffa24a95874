//! Rows of the preset drawer: presets, favourite takes, and the menu that renames, tags and
//! deletes a preset of the user.

use std::path::Path;

use egui::accesskit::Role;
use egui::text::{LayoutJob, TextWrapping};
use egui::{
    Align2, Color32, CursorIcon, Popup, PopupCloseBehavior, Rect, Response, Sense, TextEdit, Ui,
    WidgetInfo, pos2, vec2,
};
use groove::take::Take;

use crate::editor::host_edits::ViewContext;
use crate::editor::styles::{ready, style_title};
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{corners, grouped, line, menu_item, remark};
use crate::project::presets::{self, Preset};

/// Draws the title of a part of the list.
pub(super) fn section(ui: &mut Ui, scale: Scale, title: &str) {
    let size = vec2(ui.available_width(), scale.px(22.0));
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let at = pos2(rect.left() + scale.px(8.0), rect.center().y);
    line(ui, at, Align2::LEFT_CENTER, title, scale.font(FontRole::Caption), theme::MUTED);
}

/// Plays a preset.
pub(super) fn play(view: &mut ViewContext<'_>, preset: &Preset) {
    let (take, performance) = (preset.take, preset.performance);
    view.edits.with_host(|session, set| session.play(&take, &performance, set));
    view.edits.preset = Some(preset.clone());
}

/// Draws a text field whose text persists while the drawer is open.
pub(super) fn field(
    ui: &mut Ui,
    view: &ViewContext<'_>,
    rect: Rect,
    name: &str,
    hint: &str,
) -> String {
    let id = ui.make_persistent_id(name);
    let mut text = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_default();
    let edit = TextEdit::singleline(&mut text)
        .id(id.with("field"))
        .font(view.scale.font(FontRole::Body))
        .hint_text(hint)
        .margin(egui::Margin::symmetric(8, 4));
    let shown = ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
        ui.add(edit.desired_width(rect.width()).min_size(rect.size()))
    });
    shown.inner.accessible_name(name);
    ui.data_mut(|data| data.insert_temp(id, text.clone()));
    text
}

/// Draws a preset.
pub(super) fn row(ui: &mut Ui, scale: Scale, preset: &Preset, own: bool) -> Response {
    let Preset { name, feel, take, meter: (beats, value), .. } = preset;
    let mut about = format!("{} · {:.0} bpm", preset.style(), take.controls.tempo);
    if (*beats, *value) != (4, 4) {
        about += &format!(" · {beats}/{value}");
    }
    if !feel.is_empty() {
        about += &format!(" · {feel}");
    }
    let colour = if own { theme::TEAL } else { theme::TEXT };
    entry(ui, scale, [name, &about], colour, (name, own))
}

/// Draws a favourite take. Returns `true` if it was clicked.
pub(super) fn take_row(ui: &mut Ui, view: &ViewContext<'_>, place: usize, take: &Take) -> bool {
    let controls = &take.controls;
    let number = grouped(i32::try_from(controls.seed).unwrap_or(i32::MAX));
    let name = format!("★ {} · take {number}", style_title(controls.style, ready(view.model)));
    let about = format!("{:.0} bpm", controls.tempo);
    entry(ui, view.scale, [&name, &about], theme::AMBER, place).clicked()
}

/// Draws a row of two lines.
fn entry(
    ui: &mut Ui,
    scale: Scale,
    [name, about]: [&str; 2],
    colour: Color32,
    salt: impl std::hash::Hash + std::fmt::Debug,
) -> Response {
    let size = vec2(ui.available_width(), scale.px(34.0));
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(rect, ui.make_persistent_id(salt), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, name));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, corners(scale), theme::LIFTED);
    }
    let at = |x: f32, y: f32| pos2(rect.left() + scale.px(x), rect.top() + scale.px(y));
    let strong = scale.font(FontRole::Strong);
    ui.painter().text(at(8.0, 10.0), Align2::LEFT_CENTER, name, strong, colour);
    let small = scale.font(FontRole::Small);
    let mut about = LayoutJob::simple_singleline(about.to_owned(), small, theme::MUTED);
    about.wrap = TextWrapping::truncate_at_width(rect.width() - scale.px(16.0));
    let about = ui.painter().layout_job(about);
    let corner = at(8.0, 25.0) - vec2(0.0, about.size().y / 2.0);
    ui.painter().galley(corner, about, theme::MUTED);
    if response.clicked() {
        ui.ctx().request_repaint();
    }
    response.on_hover_cursor(CursorIcon::PointingHand)
}

/// Draws a preset of the user; a right click renames, tags or deletes it. Returns `true` if its file was
/// changed.
pub(super) fn own_row(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    preset: &Preset,
    path: &Path,
) -> bool {
    let response = row(ui, view.scale, preset, true);
    if response.clicked() {
        play(view, preset);
    }
    let response = response.on_hover_text("Right click: rename, tag or delete.");
    let popup = Popup::context_menu(&response)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .gap(view.scale.px(4.0));
    let changed = popup.show(|ui| file_menu(ui, view, preset, path));
    changed.is_some_and(|shown| shown.inner)
}

/// Draws the menu of a preset file. Returns `true` if the file was changed.
fn file_menu(ui: &mut Ui, view: &mut ViewContext<'_>, preset: &Preset, path: &Path) -> bool {
    let scale = view.scale;
    let (rect, _) = ui.allocate_exact_size(scale.size(230.0, 28.0), Sense::hover());
    let name = field(ui, view, rect, "New name", "New name");
    let hint = "Gives the preset the name above.";
    if menu_item(ui, scale, "Rename preset", "Rename", hint) {
        return match presets::rename(path, &name) {
            Ok(_) => {
                if let Some(loaded) = view.edits.preset.as_mut().filter(|it| **it == *preset) {
                    loaded.name = name.trim().into();
                }
                true
            }
            Err(why) => {
                remark(ui.ctx(), why);
                false
            }
        };
    }
    let (rect, _) = ui.allocate_exact_size(scale.size(230.0, 28.0), Sense::hover());
    let tags = field(ui, view, rect, "New tags", "Tags: verse, brushes, late");
    let hint = "The words above are shown with the preset, and the search finds them.";
    if menu_item(ui, scale, "Tag preset", "Set tags", hint) {
        let tagged = presets::tag(path, &tags);
        if let Some(loaded) = view.edits.preset.as_mut().filter(|it| **it == *preset) {
            loaded.feel = tags.trim().into();
        }
        return tagged.map_err(|why| remark(ui.ctx(), why)).is_ok();
    }
    let hint = "Deletes the file. It cannot be undone.";
    if menu_item(ui, scale, "Delete preset", "Delete for good", hint) {
        if let Err(why) = presets::delete(path) {
            remark(ui.ctx(), why);
        }
        return true;
    }
    false
}
