//! Phrase panel: phrase length, loop or evolve, fills, launch grid.

use egui::{Rect, Ui};

use super::rows::row;
use crate::editor::host_edits::ViewContext;
use crate::editor::theme;
use crate::editor::widgets::{Field, Segments, Slider, momentary};

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect) {
    let (scale, params) = (view.scale, view.params);
    let place = row(ui, scale, inside, [0, 5], "Length");
    Segments {
        param: &params.drummer.phrase,
        name: "Phrase length",
        choices: &[(0, "1"), (1, "2"), (2, "4"), (3, "8")],
        hint: "Bars in a phrase: the part that is shown, looped, and dragged as a clip.",
    }
    .show(ui, view, place);
    let place = row(ui, scale, inside, [1, 5], "Phrases");
    Segments {
        param: &params.drummer.order,
        name: "Phrase variation",
        choices: &[(1, "Loop"), (0, "Vary")],
        hint: "Loop repeats the first phrase. Vary changes it from phrase to phrase, always in the \
               same way: a song position sounds the same every time.",
    }
    .show(ui, view, place);
    let place = row(ui, scale, inside, [2, 5], "Fill at");
    Segments {
        param: &params.fills.every,
        name: "Fill",
        choices: &[(0, "–"), (1, "1"), (2, "2"), (3, "4"), (4, "8"), (5, "16")],
        hint: "Ends every so many bars of the song with a fill. Dash: no fills.",
    }
    .show(ui, view, place);
    fill_row(ui, view, row(ui, scale, inside, [3, 5], "Fill is"));
    let place = row(ui, scale, inside, [4, 5], "Start at");
    Segments {
        param: &params.drummer.launch,
        name: "Changes start",
        choices: &[(0, "1/16"), (1, "Beat"), (2, "Bar"), (3, "Phrase")],
        hint: "A change starts at the next sixteenth, beat, bar or phrase. Columns that will change \
               glow until then.",
    }
    .show(ui, view, place);
}

/// Draws the length and the amount of fills, and the button for one now.
fn fill_row(ui: &mut Ui, view: &mut ViewContext<'_>, place: Rect) {
    let (scale, params) = (view.scale, view.params);
    let beats = params.fills.length.value();
    Field {
        param: &params.fills.length,
        name: "Fill length",
        shown: if beats == 1 { "1 beat".to_owned() } else { format!("{beats} beats") },
        turns: true,
        hint: "Length of a fill.",
    }
    .show(ui, view, place.with_max_x(place.left() + scale.px(70.0)));
    let now = place.with_min_x(place.right() - scale.px(42.0));
    let hint = "A fill from the next beat up to the bar line.";
    momentary(ui, view, now, (&params.stage.fill, "Now", hint));
    let share =
        place.with_min_x(place.left() + scale.px(80.0)).with_max_x(now.left() - scale.px(4.0));
    Slider {
        param: &params.fills.amount,
        name: "Fill amount",
        origin: 0.0,
        knob: true,
        colour: theme::AMBER,
        hint: "Amount of toms and crash in a fill.",
        beside: None,
    }
    .show(ui, view, share.with_max_x(share.right() - scale.px(6.0)));
}
