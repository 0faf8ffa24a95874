//! Preset drawer: the project's favourite takes, the user's presets and the factory presets, with a
//! search field and a field to save the current beat.

use std::sync::Arc;

use egui::{Rect, ScrollArea, Ui, pos2};

use super::preset_rows::{field, own_row, play, row, section, take_row};
use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole};
use crate::editor::widgets::{Button, ButtonStyle, line, paragraph, remark};
use crate::project::folders::Folders;
use crate::project::presets::{self, Preset, PresetEntry};

/// Difference from the song's tempo from which a preset's tempo is offered, as a share.
const OTHER_TEMPO: f64 = 0.02;

/// The user's presets when the drawer was opened or a preset was changed.
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
    let words =
        field(ui, view, search, "Search presets", "Search: rock, slow, shuffle, 90 bpm, 6/8");
    let save = inside.with_min_y(inside.bottom() - height);
    let name_field = save.with_max_x(save.right() - scale.px(76.0));
    let name = field(ui, view, name_field, "Preset name", "Name of the new preset");
    let button = save.with_min_x(save.right() - scale.px(68.0));
    let look = if name.trim().is_empty() { ButtonStyle::Disabled } else { ButtonStyle::Primary };
    let hint = "Saves the current beat as a preset file.";
    let mut changed = false;
    if (Button { name: "Save preset", label: "Save", style: look, hint }).show(ui, scale, button) {
        changed = keep(ui, view, &name);
    }
    let bottom = offer_tempo(ui, view, save);
    let list = Rect::from_min_max(
        pos2(inside.left(), search.bottom() + scale.px(8.0)),
        pos2(inside.right(), bottom - scale.px(8.0)),
    );
    ui.scope_builder(egui::UiBuilder::new().max_rect(list), |ui| {
        ScrollArea::vertical().id_salt("presets").auto_shrink(false).show(ui, |ui| {
            changed |= rows(ui, view, &own, &words);
        });
    });
    if changed {
        ui.data_mut(|data| data.insert_temp(own_id, read()));
    }
}

/// Draws all presets that match the words. Returns `true` if a file was changed.
fn rows(ui: &mut Ui, view: &mut ViewContext<'_>, own: &Own, words: &str) -> bool {
    let scale = view.scale;
    let mut changed = false;
    let favourites = view.edits.session().favourites();
    if words.trim().is_empty() && !favourites.is_empty() {
        section(ui, scale, "FAVOURITE TAKES OF THIS PROJECT");
        for (place, take) in favourites {
            if take_row(ui, view, place, &take) {
                view.edits.with_host(|session, set| session.go_to(place, set));
            }
        }
    }
    let fits = |entry: &&PresetEntry| entry.preset.as_ref().map_or(true, |it| it.matches(words));
    let found: Vec<_> = own.iter().filter(fits).collect();
    if !found.is_empty() {
        section(ui, scale, "YOUR PRESETS");
    }
    for entry in &found {
        match &entry.preset {
            Ok(preset) => changed |= own_row(ui, view, preset, &entry.path),
            Err(why) => {
                let text = egui::RichText::new(why).color(theme::WRONG);
                ui.add(egui::Label::new(text).truncate());
            }
        }
    }
    let factory: Vec<_> =
        presets::factory().iter().filter(|preset| preset.matches(words)).collect();
    if !factory.is_empty() {
        section(ui, scale, "FACTORY PRESETS");
    }
    for preset in &factory {
        if row(ui, scale, preset, false).clicked() {
            play(view, preset);
        }
    }
    if factory.is_empty() && !found.iter().any(|entry| entry.preset.is_ok()) {
        let text = format!(
            "No preset has all of these words: {}. Try a style, a feel, a tempo such as 90 bpm, or a \
             meter such as 6/8.",
            words.trim()
        );
        let font = scale.font(FontRole::Body);
        paragraph(ui, ui.available_rect_before_wrap(), &text, font, theme::MUTED);
    }
    changed
}

/// Says above the save field which tempo the loaded preset was made for, if the song has another
/// one, and offers it to free run. Returns the top of what was drawn.
fn offer_tempo(ui: &mut Ui, view: &ViewContext<'_>, save: Rect) -> f32 {
    let scale = view.scale;
    let (tempo, _) = view.edits.session().song();
    let Some(preset) = &view.edits.preset else { return save.top() };
    let made_for = f64::from(preset.take.controls.tempo);
    let output = &view.params.output;
    let free = output.free_run.value();
    let now = if free { f64::from(output.free_tempo.value()) } else { tempo };
    if (now - made_for).abs() < OTHER_TEMPO * made_for {
        return save.top();
    }
    let note = save.translate(egui::vec2(0.0, -scale.px(34.0)));
    let whose = if free { "Free run" } else { "The song" };
    let text = format!("Made for {made_for:.0} bpm. {whose} has {now:.0}.");
    let at = note.left_center();
    line(ui, at, egui::Align2::LEFT_CENTER, &text, scale.font(FontRole::Small), theme::MUTED);
    let label = format!("Play at {made_for:.0}");
    let hint = "Sets the tempo of free run. The tempo of a song is the host's.";
    let button = Button { name: "Use tempo", label: &label, style: ButtonStyle::Raised, hint };
    if free && button.show(ui, scale, note.with_min_x(note.right() - scale.px(92.0))) {
        view.edits.set(&output.free_tempo, preset.take.controls.tempo);
    }
    note.top()
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

/// Saves the current beat. Returns `true` if it was saved.
fn keep(ui: &Ui, view: &mut ViewContext<'_>, name: &str) -> bool {
    let session = view.edits.session();
    let (_, meter) = session.song();
    let preset = Preset::new(name, "", session.take(), session.performance()).in_meter(meter);
    let kept = Folders::for_user()
        .ok_or_else(|| "The preset cannot be saved: the system reports no user folder.".to_owned())
        .and_then(|folders| presets::save(&folders.presets, &preset));
    match kept {
        Ok(_) => {
            view.edits.preset = Some(preset);
            true
        }
        Err(why) => {
            remark(ui.ctx(), why);
            false
        }
    }
}
