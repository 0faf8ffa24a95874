//! Model drawer: the model that plays, how well, who recorded its training data, and behind
//! *Details* its held-out figures beside the n-gram baselines.

use std::sync::Arc;

use egui::{Align2, Rect, ScrollArea, Sense, Ui, pos2, vec2};

use crate::editor::drawer::learning;
use crate::editor::files::action::{Action, FilePurpose};
use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole};
use crate::editor::widgets::{Button, ButtonStyle, line, menu_item, paragraph};
use crate::link::{Figures, Metadata, ModelState};
use crate::project::folders::Folders;
use crate::project::models::{self, ModelEntry};

/// Perplexities of n-gram baselines on the same held-out beats, for all styles and for rock, as in
/// the README.
const BASELINES: [(&str, [f64; 2]); 3] = [
    ("position in the bar (n-gram)", [13.4, 13.5]),
    ("and one bar ago (n-gram)", [5.8, 7.3]),
    ("and two bars ago (n-gram)", [5.2, 7.0]),
];

/// Height of the page, of which the used part scrolls; larger than any text.
const HEIGHT: f32 = 10_000.0;

/// Contents of the user's folder when the drawer was opened.
type Folder = Arc<Vec<ModelEntry>>;

pub(crate) fn show(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    inside: Rect,
    model: &ModelState,
    opened: bool,
) {
    let scale = view.scale;
    let id = ui.make_persistent_id("models");
    if opened {
        let folder = Folders::for_user().map(|folders| folders.models);
        let listed: Folder = Arc::new(folder.map_or_else(Vec::new, |folder| models::list(&folder)));
        ui.data_mut(|data| data.insert_temp(id, listed));
    }
    let listed: Folder = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    ui.scope_builder(egui::UiBuilder::new().max_rect(inside), |ui| {
        ScrollArea::vertical().id_salt("model").auto_shrink(false).show(ui, |ui| {
            let size = vec2(ui.available_width() - scale.px(10.0), HEIGHT);
            let page = Rect::from_min_size(ui.cursor().min, size);
            // What is learned comes first, so that Keep and Cancel are seen without scrolling.
            let (gap, first) = (scale.px(12.0), learning::is_busy(view));
            let bottom = if first {
                let bottom = learning::show(ui, view, page);
                describe(ui, view, page.with_min_y(bottom + gap), model) + gap
            } else {
                let bottom = describe(ui, view, page, model);
                learning::show(ui, view, page.with_min_y(bottom + gap))
            };
            ui.allocate_rect(page.with_max_y(bottom), Sense::hover());
            if let ModelState::Ready(model) = model {
                learning::unlearn_items(ui, view, model);
            }
            choose(ui, view, &listed);
        });
    });
}

/// Describes the model that plays, or says why none does. Returns the bottom of the text.
fn describe(ui: &mut Ui, view: &mut ViewContext<'_>, page: Rect, model: &ModelState) -> f32 {
    let font = view.scale.font(FontRole::Body);
    match model {
        ModelState::Loading => {
            paragraph(ui, page, "The model is loading.", font, theme::MUTED).bottom()
        }
        ModelState::Missing(why) => {
            let text = format!("{why}\n\nThe notes saved in the project play without it.");
            paragraph(ui, page, &text, font, theme::WRONG).bottom()
        }
        ModelState::Ready(model) => about(ui, view, page, model).bottom(),
    }
}

/// Lists the built-in model and those in the user's folder.
fn choose(ui: &mut Ui, view: &mut ViewContext<'_>, listed: &[ModelEntry]) {
    let scale = view.scale;
    let hint = "A model file of the trainer (.safetensors). It is copied to your models.";
    if menu_item(ui, scale, "Load model", "Load model…", hint) {
        view.asked = Some(Action::PickFile(FilePurpose::Model, view.edits.options));
    }
    let hint = "Writes the model that plays to one file, with the styles that it learned.";
    if menu_item(ui, scale, "Save model", "Save model…", hint) {
        view.asked = Some(Action::PickFile(FilePurpose::ExportModel, view.edits.options));
    }
    let hint = "The model that comes with the plugin.";
    if menu_item(ui, scale, "Built-in model", "Built-in model", hint) {
        view.edits.session_mut().choose_model(None);
    }
    for ModelEntry { path, about } in listed {
        match about {
            Ok(about) => {
                let hint = path.display().to_string();
                if menu_item(ui, scale, &about.name, &about.name, &hint) {
                    view.edits.session_mut().choose_model(Some(path.clone()));
                }
            }
            Err(why) => {
                // The full sentence appears on hover.
                let why = egui::RichText::new(why).color(theme::WRONG);
                ui.horizontal(|ui| {
                    ui.add_space(scale.px(10.0));
                    ui.add(egui::Label::new(why).truncate());
                });
            }
        }
    }
}

/// Describes a model: what it plays, how well, and who recorded it; its figures after a click on
/// *Details*. Returns the rectangle of the last paragraph.
fn about(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect, model: &Metadata) -> Rect {
    let scale = view.scale;
    let gap = scale.px(10.0);
    let name = paragraph(ui, inside, &model.name, scale.font(FontRole::Title), theme::TEXT);
    let mut rest = inside.with_min_y(name.bottom() + gap);
    let paragraphs = [Some(plays(model)), how_well(model), Some(learned_from(model))];
    for text in paragraphs.into_iter().flatten() {
        let drawn = paragraph(ui, rest, &text, scale.font(FontRole::Small), theme::TEXT);
        rest = rest.with_min_y(drawn.bottom() + gap);
    }
    let id = ui.make_persistent_id("model details");
    let open = ui.data(|data| data.get_temp::<bool>(id)).unwrap_or_default();
    let row = rest.with_max_y(rest.top() + scale.px(26.0));
    let row = row.with_max_x(row.left() + scale.px(84.0));
    let style = if open { ButtonStyle::Selected } else { ButtonStyle::Raised };
    let hint = "Figures of the model beside those of simple rules.";
    if (Button { name: "Details", label: "Details", style, hint }).show(ui, scale, row) {
        ui.data_mut(|data| data.insert_temp(id, !open));
    }
    if !open {
        return row;
    }
    let rest = rest.with_min_y(row.bottom() + gap);
    let below = figures(ui, view, rest, &model.validation);
    let text = "Perplexity per sixteenth on held-out beats: lower is better.";
    let rest = rest.with_min_y(below + gap);
    paragraph(ui, rest, text, scale.font(FontRole::Small), theme::MUTED)
}

/// Says which styles a model plays.
fn plays(model: &Metadata) -> String {
    let own: Vec<&str> = model.own_styles().collect();
    let count = model.styles.len();
    match &own[..] {
        [] => format!("Plays {count} styles, and blends of them."),
        own => format!("Plays {count} styles, and blends of them. Added: {}.", own.join(", ")),
    }
}

/// Says how well a model knows beats that it was not trained on: the user's, if it learned from
/// them.
fn how_well(model: &Metadata) -> Option<String> {
    let [_, _, (_, [best, _])] = BASELINES;
    let figures = &model.validation;
    let choices = figures.beats?;
    let mut text = match model.own_styles().next() {
        Some(_) => format!(
            "In clips of yours that it never heard, it narrows each sixteenth down to \
             {choices:.1} likely choices."
        ),
        None => format!(
            "In beats that it never heard, it narrows each sixteenth down to {choices:.1} likely \
             choices, where a rule that remembers two bars has {best:.1}."
        ),
    };
    if let (Some(velocity), Some(offset)) = (figures.velocity_mae, figures.offset_mae_ms) {
        text += &format!(
            " Its velocities are within {velocity:.0} of 127, its timing within {offset:.0} ms of \
             the drummer's."
        );
    }
    Some(text)
}

/// Names the recordings, and their licence if the model file has it.
fn learned_from(model: &Metadata) -> String {
    format!("Learned from recordings of drummers: {}.", model.trained_on.trim_end_matches('.'))
}

/// Draws the model's perplexities below those of the baselines. Returns the bottom of the table.
fn figures(ui: &mut Ui, view: &ViewContext<'_>, rect: Rect, own: &Figures) -> f32 {
    let scale = view.scale;
    let columns = [rect.right() - scale.px(70.0), rect.right()];
    let mut y = rect.top() + scale.px(8.0);
    for (x, head) in columns.into_iter().zip(["all beats", "rock"]) {
        let font = scale.font(FontRole::Small);
        line(ui, pos2(x, y), Align2::RIGHT_CENTER, head, font, theme::MUTED);
    }
    let baselines = BASELINES.map(|(name, figures)| (name, figures.map(Some), false));
    let rows = baselines.into_iter().chain([("this model", [own.beats, own.rock_beats], true)]);
    for (name, figures, this) in rows {
        y += scale.px(22.0);
        if this {
            let row = Rect::from_center_size(pos2(rect.center().x, y), vec2(rect.width(), 1.0));
            let row = row.expand2(scale.size(8.0, 11.0));
            ui.painter().rect_filled(row, crate::editor::widgets::corners(scale), theme::RAISED);
        }
        let (voice, colour) =
            if this { (FontRole::Strong, theme::AMBER) } else { (FontRole::Small, theme::TEXT) };
        line(ui, pos2(rect.left(), y), Align2::LEFT_CENTER, name, scale.font(voice), colour);
        for (x, figure) in columns.into_iter().zip(figures) {
            let digits = usize::from(this) + 1;
            let text = figure.map_or("–".to_owned(), |figure| format!("{figure:.digits$}"));
            let at = pos2(x, y);
            ui.painter().text(at, Align2::RIGHT_CENTER, text, scale.font(voice), colour);
        }
    }
    y + scale.px(14.0)
}
