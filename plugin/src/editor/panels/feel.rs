//! Feel panel: swing, timing, dynamics, velocity, pace.

use egui::{Rect, Ui, vec2};

use crate::editor::host_edits::ViewContext;
use crate::editor::widgets::{Dial, Segments};

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect) {
    let (scale, params) = (view.scale, &view.params.playing);
    let segments = inside.with_min_y(inside.bottom() - scale.px(28.0));
    let dials = inside.with_max_y(segments.top() - scale.px(6.0));
    let size = dials.size() / 2.0;
    let dial = |column: f32, row: f32| {
        Rect::from_min_size(dials.min + vec2(size.x * column, size.y * row), size)
    };
    let hint = "Delay of every second sixteenth: 67 % makes each pair a triplet.";
    Dial::small(&params.swing, "Swing", hint).show(ui, view, dial(0.0, 0.0));
    let hint = "Amount of the drummer's micro-timing: 0 % is on the grid, 100 % as the drummer \
                plays, more exaggerates.";
    Dial::small(&params.timing, "Timing", hint).show(ui, view, dial(1.0, 0.0));
    let hint =
        "Range between soft and loud: 0 % is even, 100 % as the drummer plays, more exaggerates.";
    Dial::small(&params.dynamics, "Dynamics", hint).show(ui, view, dial(0.0, 1.0));
    let hint = "Added to every MIDI velocity.";
    Dial { origin: 0.5, ..Dial::small(&params.velocity, "Velocity", hint) }.show(
        ui,
        view,
        dial(1.0, 1.0),
    );
    Segments {
        param: &params.pace,
        name: "Time",
        choices: &[(0, "Half"), (1, "Normal"), (2, "Double")],
        hint: "Plays the pattern in half, normal or double time.",
    }
    .show(ui, view, segments);
}
