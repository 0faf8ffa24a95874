//! Who plays: style and blend, stick, temperature, density.

use egui::{Align2, Rect, Ui, pos2};
use nice_plug::params::IntParam;

use crate::editor::controls::{Dial, List, Size, Slider, choices_of};
use crate::editor::hand::Tools;
use crate::editor::header::line;
use crate::editor::theme::{self, Type};

/// The middle of the dial, where the drummers of the style are.
const HUMAN: f32 = 0.5;

pub(super) fn show(ui: &mut Ui, tools: &mut Tools<'_>, inside: Rect) {
    let (scale, params) = (tools.scale, tools.params);
    let stick = Rect::from_min_size(inside.min + scale.size(-4.0, 6.0), scale.size(124.0, 146.0));
    Dial {
        param: &params.drummer.stick,
        name: "Stick",
        label: "Stick",
        size: Size::Large,
        origin: 0.0,
        mark: Some(HUMAN),
        hint: "How closely the drummer sticks to the beat. 0 % drifts, 100 % repeats the first bar \
               exactly; at the teal mark it is as human drummers of the style.",
    }
    .show(ui, tools, stick);

    let right = inside.with_min_x(inside.left() + scale.px(136.0));
    let half = (right.width() - scale.px(8.0)) / 2.0;
    let field =
        |left: f32| Rect::from_min_size(pos2(left, right.top()), egui::vec2(half, scale.px(30.0)));
    let (first, second) = (field(right.left()), field(right.right() - half));
    style(ui, tools, first, &params.style, "Style", "The kind of music that the drummer plays.");
    let hint = "The style that is blended in, as far as the slider below says.";
    style(ui, tools, second, &params.drummer.blend_style, "Second style", hint);
    let blend = Rect::from_min_max(
        pos2(right.left() + scale.px(6.0), first.bottom() + scale.px(4.0)),
        pos2(right.right() - scale.px(6.0), first.bottom() + scale.px(26.0)),
    );
    let share = params.drummer.blend.value();
    Slider {
        param: &params.drummer.blend,
        name: "Blend",
        origin: 0.0,
        knob: true,
        colour: if share > 0.0 { theme::AMBER } else { theme::MUTED },
        hint: "From the first style to the second.",
    }
    .show(ui, tools, blend);
    let says = pos2(blend.center().x, blend.bottom() + scale.px(7.0));
    let text = if share > 0.0 {
        format!("blend {}", params.drummer.blend.to_string().replace(" %", "%"))
    } else {
        "no blend".to_owned()
    };
    line(ui, says, Align2::CENTER_CENTER, &text, scale.font(Type::Small), theme::MUTED);

    let below = Rect::from_min_max(pos2(right.left(), inside.bottom() - scale.px(86.0)), right.max);
    let dial = |place: f32| {
        let centre = below.left() + below.width() * place;
        Rect::from_center_size(pos2(centre, below.center().y), scale.size(84.0, 86.0))
    };
    let hint = "How far the theme strays from the likeliest beat: low is plain, 1.00 is as in the \
                recordings that the model learned from, above that it gets wild.";
    Dial::small(&params.temperature, "Temperature", hint).show(ui, tools, dial(0.25));
    let hint = "How much is struck: 0 % is as the drummers of the style. Each lane has its own \
                density besides.";
    Dial { origin: 0.5, ..Dial::small(&params.drummer.density, "Density", hint) }.show(
        ui,
        tools,
        dial(0.75),
    );
}

fn style(ui: &mut Ui, tools: &Tools<'_>, rect: Rect, param: &IntParam, name: &str, hint: &str) {
    let [chosen, usual] = choices_of(param);
    let styles = crate::editor::styles(chosen);
    let list = List { name, choices: &styles, chosen, usual, columns: 2, column: 140.0, hint };
    if let Some(choice) = list.show(ui, tools.scale, rect) {
        tools.hand.set(param, i32::try_from(choice).unwrap_or(0));
    }
}
