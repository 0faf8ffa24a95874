//! Feel panel: swing, timing, dynamics, velocity, pace.

use egui::{Pos2, Rect, Ui, vec2};

use crate::editor::host_edits::ViewContext;
use crate::editor::widgets::{Dial, Segments};

/// Width of the choice of the note value that swings, in design points.
const SWING_OF: f32 = 26.0;

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect) {
    let (scale, params) = (view.scale, &view.params.playing);
    let segments = inside.with_min_y(inside.bottom() - scale.px(28.0));
    let dials = inside.with_max_y(segments.top() - scale.px(6.0));
    let size = dials.size() / 2.0;
    let dial = |column: f32, row: f32| {
        Rect::from_min_size(dials.min + vec2(size.x * column, size.y * row), size)
    };
    // Beside the choice of the note value, which has its own tooltip.
    let upper = |column: f32| dial(column, 0.0).shrink2(scale.size(SWING_OF / 2.0, 0.0));
    let hint = "Where the second note of each pair falls: 50 % is straight, 67 % a triplet shuffle, 75 % \
                dotted. The pairs are sixteenths or eighths, as chosen beside it.";
    Dial::new(&params.swing, "Swing", hint).show(ui, view, upper(0.0));
    let hint = "Amount of the drummer's micro-timing: 0 % is on the grid, 100 % as the drummer \
                plays, more exaggerates.";
    Dial::new(&params.timing, "Timing", hint).show(ui, view, upper(1.0));
    let hint =
        "Range between soft and loud: 0 % is even, 100 % as the drummer plays, more exaggerates.";
    Dial::new(&params.dynamics, "Dynamics", hint).show(ui, view, dial(0.0, 1.0));
    let hint = "Added to every MIDI velocity.";
    Dial { origin: 0.5, ..Dial::new(&params.velocity, "Velocity", hint) }.show(
        ui,
        view,
        dial(1.0, 1.0),
    );
    // Between the dials.
    swing_of(ui, view, dial(0.0, 0.0).right_center());
    Segments {
        param: &params.pace,
        name: "Time",
        choices: &[(0, "Half"), (1, "Normal"), (2, "Double")],
        hint: "Plays the pattern in half, normal or double time.",
    }
    .show(ui, view, segments);
}

/// Draws the note value that swings, around a point to the right of the dial.
fn swing_of(ui: &mut Ui, view: &ViewContext<'_>, middle: Pos2) {
    let scale = view.scale;
    for (step, label, place) in [(0, "16", -23.0), (1, "8", 1.0)] {
        let corner = middle + scale.size(-SWING_OF / 2.0, place - 4.0);
        Segments {
            param: &view.params.playing.swing_of,
            name: "Swing of",
            choices: &[(step, label)],
            hint: "Sixteenths swing in funk and hip-hop, eighths in shuffle and jazz.",
        }
        .show(ui, view, Rect::from_min_size(corner, scale.size(SWING_OF, 20.0)));
    }
}
