//! The clip card: a picture of the phrase that can be dragged into the host, and a menu of other
//! exports. The window carries the actions out.

use egui::accesskit::Role;
use egui::{
    Align2, CornerRadius, CursorIcon, PointerButton, Popup, PopupCloseBehavior, Rect, RectAlign,
    Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};
use groove::pattern::STEPS_PER_BEAT;
use groove::pattern::drum::CLASSES;

use crate::editor::files::action::{Action, FilePurpose};
use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::layout::LANES;
use crate::editor::phrase::view::PhraseView;
use crate::editor::theme::{self, FontRole};
use crate::editor::widgets::{corners, menu_check, menu_choice, menu_item};
use crate::session::clip_export::{ExportOptions, Extent};

/// Lengths of a clip, in phrases; a song with a chart has the last two.
const LENGTHS: [(&str, &str, Extent); 6] = [
    ("1", "this phrase", Extent::Phrase),
    ("2", "2 phrases", Extent::Phrases(2)),
    ("4", "4 phrases", Extent::Phrases(4)),
    ("8", "8 phrases", Extent::Phrases(8)),
    ("Sec", "this section of the song", Extent::Section),
    ("All", "the whole song", Extent::Song),
];
/// Number of lengths without a chart.
const PHRASE_LENGTHS: usize = 4;

/// Draws the card in `rect`.
pub(crate) fn card(ui: &mut Ui, view: &mut ViewContext<'_>, rect: Rect, phrase: &PhraseView<'_>) {
    let scale = view.scale;
    let response = ui.interact(rect, ui.make_persistent_id("clip"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Drag clip"));
    let painter = ui.painter();
    let (fill, edge) = if response.hovered() {
        (theme::LIFTED, theme::AMBER)
    } else {
        (theme::RAISED, theme::AMBER.gamma_multiply(0.8))
    };
    painter.rect_filled(rect, corners(scale), fill);
    painter.rect_stroke(rect, corners(scale), Stroke::new(scale.px(1.3), edge), StrokeKind::Inside);
    let inside = rect.shrink2(scale.size(14.0, 12.0));
    let picture = inside.with_max_x(inside.right() - scale.px(88.0));
    paint(ui, view, picture, phrase);
    let text = pos2(picture.right() + scale.px(14.0), inside.center().y);
    let above = text - vec2(0.0, scale.px(9.0));
    let painter = ui.painter();
    painter.text(
        above,
        Align2::LEFT_CENTER,
        "Drag clip",
        scale.font(FontRole::Strong),
        theme::TEXT,
    );
    let below = text + vec2(0.0, scale.px(10.0));
    let font = scale.font(FontRole::Small);
    painter.text(below, Align2::LEFT_CENTER, summary(view.edits.options), font, theme::MUTED);
    if response.drag_started_by(PointerButton::Primary) {
        view.asked = Some(Action::DragClip(view.edits.options));
    }

    let corner =
        Rect::from_min_size(rect.right_top() + scale.size(-30.0, 3.0), scale.size(27.0, 20.0));
    let more = ui.interact(corner, ui.make_persistent_id("clip menu"), Sense::click());
    more.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Clip menu"));
    let lit = if more.hovered() { theme::AMBER } else { theme::MUTED };
    for x in [-1.0, 0.0, 1.0] {
        let at = corner.center() + scale.size(5.0 * x, 0.0);
        ui.painter().circle_filled(at, scale.px(1.6), lit);
    }
    let hint = "Drag it into a track or a folder. Right click: save, copy, length.";
    let response = response.on_hover_cursor(CursorIcon::Grab).on_hover_text(hint);
    let more = more.on_hover_cursor(CursorIcon::PointingHand);
    for popup in [Popup::context_menu(&response), Popup::menu(&more)] {
        popup
            .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
            .align(RectAlign::TOP_END)
            .gap(scale.px(4.0))
            .show(|ui| menu(ui, view));
    }
}

/// Summarises the export options.
fn summary(options: ExportOptions) -> String {
    let length = match options.extent {
        Extent::Phrase => None,
        Extent::Phrases(count) => Some(format!("{count} phrases")),
        Extent::Section => Some("this section".to_owned()),
        Extent::Song => Some("the song".to_owned()),
    };
    match (length, options.quantised) {
        (Some(length), true) => format!("{length}, quantised"),
        (Some(length), false) => length,
        (None, true) => "quantised".to_owned(),
        (None, false) => "into a track".to_owned(),
    }
}

/// Draws the menu of exports and export options.
fn menu(ui: &mut Ui, view: &mut ViewContext<'_>) {
    let scale = view.scale;
    let options = view.edits.options;
    let hint = "A MIDI file: tempo, meter, velocities and micro-timing, with the drum map of the \
                output.";
    if menu_item(ui, scale, "Save MIDI", "Save .mid…", hint) {
        view.asked = Some(Action::PickFile(FilePurpose::Midi, options));
    }
    let hint = "Rendered with the audition kit, in stereo at 48 kHz.";
    if menu_item(ui, scale, "Save sound", "Save .wav…", hint) {
        view.asked = Some(Action::PickFile(FilePurpose::Sound, options));
    }
    let hint = "The clip as a grid of letters, to paste into a message.";
    if menu_item(ui, scale, "Copy text", "Copy as text", hint) {
        view.asked = Some(Action::CopyText(options));
    }
    let hint = "Clips leave out the drummer's micro-timing and keep your swing.";
    if menu_check(ui, scale, "Quantised", "Quantised", hint, options.quantised) {
        view.edits.options.quantised = !options.quantised;
    }
    let hint = "Number of phrases in the clip, starting with the one that is shown. Sec is the section \
                of the song that plays, All the whole song, with markers for its sections.";
    let (label, count) = match view.edits.session().chart().is_empty() {
        true => ("Phrases", PHRASE_LENGTHS),
        // There is no room for a longer word beside six lengths.
        false => ("Clip", LENGTHS.len()),
    };
    let words: Vec<(&str, &str)> =
        LENGTHS[..count].iter().map(|&(label, name, _)| (label, name)).collect();
    let chosen = LENGTHS[..count].iter().position(|(.., extent)| *extent == options.extent);
    let chosen = chosen.unwrap_or(0);
    if let Some(place) = menu_choice(ui, scale, ["Clip", label], &words, hint, chosen) {
        view.edits.options.extent = LENGTHS[place].2;
    }
}

/// Draws a thumbnail of the phrase.
fn paint(ui: &Ui, view: &ViewContext<'_>, rect: Rect, phrase: &PhraseView<'_>) {
    let Some(shown) = phrase.pending.or(phrase.playing) else { return };
    let scale = view.scale;
    let total: f64 = shown.bars.iter().map(|bar| bar.meter().beats()).sum::<f64>() * STEPS_PER_BEAT;
    let row = rect.height() / CLASSES as f32;
    let height = (row - scale.px(1.0)).clamp(1.0, scale.px(4.0));
    let mut first = 0;
    for bar in &shown.bars {
        for (step, struck) in bar.steps().iter().enumerate() {
            #[expect(clippy::cast_possible_truncation)]
            let x = |place: f64| rect.left() + rect.width() * (place / total) as f32;
            let left = x((first + step) as f64);
            let right = x((first + step) as f64 + 0.7).max(left + 1.0);
            for (lane, drum) in LANES.into_iter().enumerate() {
                let Some(hit) = struck.hit(drum) else { continue };
                let middle = rect.top() + row * (lane as f32 + 0.5);
                let area = Rect::from_min_max(
                    pos2(left, middle - height / 2.0),
                    pos2(right, middle + height / 2.0),
                );
                let share = 0.5 + 0.5 * hit.velocity();
                let colour = theme::RAISED.lerp_to_gamma(theme::AMBER, share);
                ui.painter().rect_filled(area, CornerRadius::from(1.0), colour);
            }
        }
        first += bar.steps().len();
    }
}
