//! Preset drawer: the factory presets and the user's own, with a search field and a field to save
//! the current beat.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::text::{LayoutJob, TextWrapping};
use egui::{Align2, CursorIcon, Rect, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, pos2, vec2};

use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole};
use crate::editor::widgets::{Button, ButtonStyle, corners, paragraph};
use crate::project::folders::Folders;
use crate::project::presets::{self, Preset, PresetEntry};

/// The user's presets when the drawer was opened or a preset was saved.
type Own = Arc<Vec<PresetEntry>>;

fn read() -> Own {
    let folder = Folders::for_user().map(|folders| folders.presets);
    Arc::new(folder.map_or_else(Vec::new, |folder| presets::list(&folder)))
}

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect, opened: bool) {
    let scale = view.scale;
    let own_id = ui.make_persistent_id("own presets");
    if opened {
        ui.data_mut(|data| data.insert_temp(own_id, read()));
    }
    let own: Own = ui.data(|data| data.get_temp(own_id)).unwrap_or_default();
    let height = scale.px(28.0);
    let search = inside.with_max_y(inside.top() + height);
    let words = field(ui, view, search, "Search presets", "Search: rock, slow, shuffle, 90 bpm");
    let save = inside.with_min_y(inside.bottom() - height);
    let name_field = save.with_max_x(save.right() - scale.px(76.0));
    let name = field(ui, view, name_field, "Preset name", "Name of the new preset");
    let button = save.with_min_x(save.right() - scale.px(68.0));
    let look = if name.trim().is_empty() { ButtonStyle::Disabled } else { ButtonStyle::Primary };
    let hint = "Saves the current beat as a preset file.";
    if (Button { name: "Save preset", label: "Save", style: look, hint }).show(ui, scale, button) {
        keep(ui, view, &name, own_id);
    }
    let list = Rect::from_min_max(
        pos2(inside.left(), search.bottom() + scale.px(8.0)),
        pos2(inside.right(), save.top() - scale.px(8.0)),
    );
    let fault_id = ui.make_persistent_id("preset fault");
    if let Some(fault) = ui.data(|data| data.get_temp::<String>(fault_id)) {
        paragraph(ui, list, &fault, scale.font(FontRole::Small), theme::WRONG);
        return;
    }
    ui.scope_builder(egui::UiBuilder::new().max_rect(list), |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for listed in own.iter() {
                match &listed.preset {
                    Ok(preset) if preset.matches(&words) => row(ui, view, preset, true),
                    Ok(_) => {}
                    Err(why) => {
                        ui.add(
                            egui::Label::new(egui::RichText::new(why).color(theme::WRONG))
                                .truncate(),
                        );
                    }
                }
            }
            for preset in presets::factory().iter().filter(|preset| preset.matches(&words)) {
                row(ui, view, preset, false);
            }
        });
    });
}

fn play(view: &mut ViewContext<'_>, preset: &Preset) {
    let (take, performance) = (preset.take, preset.performance);
    view.edits.with_host(|session, set| session.play(&take, &performance, set));
    view.edits.preset = Some(preset.clone());
}

/// Plays the preset `by` places after the current one in the list, with wrap-around.
pub(crate) fn turn(view: &mut ViewContext<'_>, by: i64) {
    let own = read();
    let own = own.iter().filter_map(|listed| listed.preset.as_ref().ok());
    let all: Vec<&Preset> = own.chain(presets::factory()).collect();
    let last = view.edits.preset.as_ref().map(|preset| &preset.name);
    let at = last.and_then(|last| all.iter().position(|preset| preset.name == *last));
    let at = at.map_or(if by > 0 { -1 } else { 0 }, |at| i64::try_from(at).unwrap_or(0));
    let count = i64::try_from(all.len()).unwrap_or(1).max(1);
    let next = usize::try_from((at + by).rem_euclid(count)).unwrap_or(0);
    if let Some(preset) = all.get(next) {
        play(view, preset);
    }
}

/// Draws a text field whose text persists while the drawer is open.
fn field(ui: &mut Ui, view: &ViewContext<'_>, rect: Rect, name: &str, hint: &str) -> String {
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

fn keep(ui: &Ui, view: &ViewContext<'_>, name: &str, own_id: egui::Id) {
    let session = view.edits.session();
    let preset = Preset::new(name, "", session.take(), session.performance());
    let kept = Folders::for_user()
        .ok_or_else(|| "The preset cannot be saved: the system reports no user folder.".to_owned())
        .and_then(|folders| presets::save(&folders.presets, &preset));
    let fault_id = ui.make_persistent_id("preset fault");
    ui.data_mut(|data| match kept {
        Ok(_) => {
            data.insert_temp(own_id, read());
        }
        Err(why) => {
            data.insert_temp(fault_id, why);
        }
    });
}

fn row(ui: &mut Ui, view: &mut ViewContext<'_>, preset: &Preset, own: bool) {
    let scale = view.scale;
    let size = vec2(ui.available_width(), scale.px(34.0));
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let response = ui.interact(rect, ui.make_persistent_id((&preset.name, own)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::ListItem, true, &preset.name));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, corners(scale), theme::LIFTED);
    }
    let at = |x: f32, y: f32| pos2(rect.left() + scale.px(x), rect.top() + scale.px(y));
    let colour = if own { theme::TEAL } else { theme::TEXT };
    let strong = scale.font(FontRole::Strong);
    ui.painter().text(at(8.0, 10.0), Align2::LEFT_CENTER, &preset.name, strong, colour);
    let about = format!("{} · {:.0} · {}", preset.style(), preset.take.controls.tempo, preset.feel);
    let mut about = LayoutJob::simple_singleline(about, scale.font(FontRole::Small), theme::MUTED);
    about.wrap = TextWrapping::truncate_at_width(rect.width() - scale.px(16.0));
    let about = ui.painter().layout_job(about);
    let corner = at(8.0, 25.0) - vec2(0.0, about.size().y / 2.0);
    ui.painter().galley(corner, about, theme::MUTED);
    if response.clicked() {
        play(view, preset);
        ui.ctx().request_repaint();
    }
    response.on_hover_cursor(CursorIcon::PointingHand);
}
