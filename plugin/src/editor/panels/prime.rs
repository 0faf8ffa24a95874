//! Prime panel: the use of MIDI keys, and the keys that are held or were recorded.

use egui::{Align2, CornerRadius, Popup, PopupCloseBehavior, Rect, RectAlign, Ui, pos2, vec2};
use groove::pattern::drum::{Drum, DrumSet};
use groove::take::Primer;

use crate::editor::files::action::{Action, FilePurpose};
use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::view::PhraseView;
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{
    Button, ButtonStyle, Segments, line, menu_item, menu_percent, switch,
};
use crate::params::PrimeMode;

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect, phrase: &PhraseView<'_>) {
    let (scale, params) = (view.scale, &view.params.prime);
    let modes = inside.with_max_y(inside.top() + scale.px(28.0));
    Segments {
        param: &params.mode,
        name: "Listen to keys",
        choices: &[(0, "Off"), (1, "Hold"), (2, "Jam"), (3, "Tap")],
        hint: "What the drummer does with drum keys that you play into the plugin. Hold: it favours \
               held drums. Jam: it continues a bar that you play. Tap: the kit plays to your rhythm.",
    }
    .show(ui, view, modes);
    let gate = inside.with_min_y(inside.bottom() - scale.px(24.0));
    let hint = "The kit sounds only while a key is held.";
    switch(ui, view, gate, &params.gate, ["Only while held"; 2], hint);
    let middle = Rect::from_min_max(
        pos2(inside.left(), modes.bottom() + scale.px(12.0)),
        pos2(inside.right(), gate.top() - scale.px(6.0)),
    );
    let kept = kept(view, params.mode.value());
    if phrase.held.is_empty() {
        file(ui, view, middle.with_min_y(middle.bottom() - scale.px(26.0)));
    }
    if !phrase.held.is_empty() {
        chips(ui, scale, middle, phrase.held);
    } else if let Some(kept) = kept {
        let at = middle.min + scale.size(0.0, 8.0);
        line(ui, at, Align2::LEFT_CENTER, &kept, scale.font(FontRole::Small), theme::TEAL);
        let below = middle.min + scale.size(0.0, 22.0);
        let clear = Rect::from_min_size(below, scale.size(64.0, 24.0));
        let hint = "Forgets what was played, tapped or dropped.";
        let button = Button { name: "Forget", label: "Forget", style: ButtonStyle::Raised, hint };
        if button.show(ui, scale, clear) {
            view.edits.session_mut().clear_primer();
        }
    } else {
        explain(ui, scale, middle, params.mode.value());
    }
}

/// Draws the menu of uses of a MIDI file.
fn file(ui: &mut Ui, view: &mut ViewContext<'_>, rect: Rect) {
    let scale = view.scale;
    let hint = "The drummer continues a drum clip, or humanises it.";
    let button =
        Button { name: "MIDI file", label: "MIDI file…", style: ButtonStyle::Raised, hint };
    let response = button.respond(ui, scale, rect);
    let popup = Popup::menu(&response).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    popup.align(RectAlign::TOP_START).gap(scale.px(4.0)).show(|ui| {
        let options = view.edits.options;
        let hint = "The drummer carries on from its last bars.";
        if menu_item(ui, scale, "Continue a MIDI file", "Continue a MIDI file…", hint) {
            view.asked = Some(Action::PickFile(FilePurpose::Prime, options));
        }
        let hint = "Its hits are pinned, with a drummer's velocities and timing.";
        if menu_item(ui, scale, "Humanise a MIDI file", "Humanise a MIDI file…", hint) {
            view.asked = Some(Action::PickFile(FilePurpose::Humanise, options));
        }
        let mut percent = view.edits.session().amount();
        let hint = "How far a humanised file goes from its own feel to the drummer's. 0 %: as it \
                    is, hit for hit. 50 %: accents, ghost notes and swing stay, flat hits come \
                    alive. 100 %: the drummer's own velocities and timing. A change plays the last \
                    file again, until you edit its pins.";
        let response = menu_percent(ui, scale, "Amount", hint, &mut percent);
        if response.changed() {
            view.edits.session_mut().set_amount(percent);
        }
        if response.drag_stopped() || response.changed() && !response.dragged() {
            view.edits.session_mut().humanise_again();
        }
    });
}

/// Summarises the recorded primer.
fn kept(view: &ViewContext<'_>, mode: PrimeMode) -> Option<String> {
    let count = |count: usize, what: &str| {
        format!("{count} {what}{} kept", if count == 1 { "" } else { "s" })
    };
    match (mode, view.edits.session().primer()) {
        (PrimeMode::Play, Primer::Play(played)) => {
            let hits = played.steps().iter().flat_map(groove::Step::hits).count();
            Some(count(hits, "played hit"))
        }
        (PrimeMode::Tap, Primer::Tap(rhythm)) => {
            Some(count(usize::try_from(rhythm.onsets.count_ones()).unwrap_or(0), "tap"))
        }
        _ => None,
    }
}

fn explain(ui: &Ui, scale: Scale, rect: Rect, mode: PrimeMode) {
    let lines = match mode {
        PrimeMode::Off => ["Keys have no effect.", ""],
        PrimeMode::Hold => ["Hold drum keys: the", "drummer plays to them."],
        PrimeMode::Play => ["Play a bar: the drummer", "continues from it."],
        PrimeMode::Tap => ["Tap a rhythm: the kit", "plays to it."],
    };
    for (row, text) in lines.into_iter().filter(|text| !text.is_empty()).enumerate() {
        let at = rect.min + scale.size(0.0, 8.0 + 18.0 * row as f32);
        line(ui, at, Align2::LEFT_CENTER, text, scale.font(FontRole::Small), theme::MUTED);
    }
}

/// Draws one chip per held drum, wrapped into rows.
fn chips(ui: &Ui, scale: Scale, rect: Rect, held: DrumSet) {
    let mut at = rect.min;
    let height = scale.px(23.0);
    for drum in Drum::ALL.into_iter().filter(|&drum| held.contains(drum)) {
        let font = scale.font(FontRole::Small);
        let text = ui.painter().layout_no_wrap(drum.name().to_owned(), font, theme::GROUND);
        let size = vec2(text.size().x + scale.px(14.0), height);
        if at.x + size.x > rect.right() {
            at = pos2(rect.left(), at.y + height + scale.px(5.0));
        }
        let chip = Rect::from_min_size(at, size);
        ui.painter().rect_filled(chip, CornerRadius::from(scale.px(6.0)), theme::TEAL);
        ui.painter().galley(chip.center() - text.size() / 2.0, text, theme::GROUND);
        at.x = chip.right() + scale.px(5.0);
    }
}
