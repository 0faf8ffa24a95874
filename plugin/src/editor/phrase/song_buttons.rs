//! Buttons beside the song: where its chart comes from, and the stage keys.

use egui::{Rect, Ui, pos2};
use groove::Meter;
use groove::take::chart::Chart;

use crate::editor::files::action::{Action, FilePurpose};
use crate::editor::host_edits::ViewContext;
use crate::editor::theme::Scale;
use crate::editor::widgets::{Button, ButtonStyle, momentary};
use crate::params::stage::StageParams;

/// Height of a button and of a row, in design points.
const BUTTON: f32 = 23.0;
const ROW: f32 = 26.0;

/// Left edge of the buttons, in design points.
const LEFT: f32 = 14.0;

/// Width of a stage key with the gap beside it, in design points.
const KEY: f32 = 43.6;

/// The rectangle of a button: row, left edge and width in design points.
fn place(scale: Scale, area: Rect, row: f32, left: f32, width: f32) -> Rect {
    let at = pos2(area.left() + scale.px(left), area.top() + scale.px(row * ROW));
    Rect::from_min_size(at, scale.size(width, BUTTON))
}

/// Draws the buttons.
pub(crate) fn show(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    area: Rect,
    (chart, meter): (&Chart, Meter),
) {
    let scale = view.scale;
    let at = |left: f32, width: f32| place(scale, area, 0.0, left, width);
    let hint = "Sections from the markers of a MIDI file, and accents and stops from its bass and \
                the other parts. You can also drop the file here.";
    let button = Button { name: "Song file", label: "File…", style: ButtonStyle::Raised, hint };
    if button.show(ui, scale, at(62.0, 52.0)) {
        view.asked = Some(Action::PickFile(FilePurpose::Song, view.edits.options));
    }
    let is_on = view.edits.session().is_listening();
    let style = if is_on { ButtonStyle::Primary } else { ButtonStyle::Raised };
    let hint = "Press it and let the song run once: accents, stops and intensity come from the \
                notes that arrive meanwhile. They are no drum keys then.";
    if (Button { name: "Listen", label: "Listen", style, hint }).show(ui, scale, at(117.0, 58.0)) {
        view.edits.session().set_listening(!is_on);
    }
    let style = if chart.is_empty() { ButtonStyle::Disabled } else { ButtonStyle::Raised };
    let hint = "Removes all sections, stops and accents.";
    let button = Button { name: "Clear song", label: "Clear", style, hint };
    if button.show(ui, scale, at(178.0, 51.0)) {
        view.edits.session_mut().change_chart(|chart| *chart = Chart::default());
    }
    // The panel of the phrase has a key with the same parameter.
    let left = ui.push_id("stage keys", |ui| stage_keys(ui, view, area)).inner;
    keep(ui, view, place(scale, area, 1.0, left, KEY - 3.0), meter);
}

/// Draws the button that keeps a performance.
fn keep(ui: &mut Ui, view: &mut ViewContext<'_>, rect: Rect, meter: Meter) {
    let style = match view.edits.session().has_performance() {
        true => ButtonStyle::Primary,
        false => ButtonStyle::Disabled,
    };
    let hint = "Keeps what you did with these keys since the song started: fills, breaks, sections and \
                the end become part of the song. Undo takes it back.";
    if (Button { name: "Keep performance", label: "Keep", style, hint }).show(ui, view.scale, rect)
    {
        view.edits.session_mut().keep_performance(meter);
    }
}

/// Draws the stage keys. Returns the left edge of the space beside them, in design points.
fn stage_keys(ui: &Ui, view: &ViewContext<'_>, area: Rect) -> f32 {
    let StageParams { fill, section, pause, end, .. } = &view.params.stage;
    let hints = [
        "A fill from the next beat up to the bar line. Key: C0.",
        "The next section of the song from the next bar on; without sections, the chorus and back. \
         Key: C#0.",
        "Silence from the next beat on, while you hold it and for a bar at least; then a pick-up. \
         Key: D0.",
        "Kick and crash on the next beat, then silence until another of these keys, or until the \
         song stops. Key: D#0.",
    ];
    let keys = [(fill, "Fill"), (section, "Next"), (pause, "Break"), (end, "End")];
    let mut left = LEFT;
    for ((param, label), hint) in keys.into_iter().zip(hints) {
        let rect = place(view.scale, area, 1.0, left, KEY - 3.0);
        momentary(ui, view, rect, (param, label, hint));
        left += KEY;
    }
    left
}
