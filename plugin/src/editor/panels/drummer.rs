//! Drummer panel: style and blend, repeat, daring, density.

use egui::{Rect, Ui, pos2, vec2};
use nice_plug::params::{IntParam, Param as _};

use crate::editor::host_edits::ViewContext;
use crate::editor::styles::{ready, style_numbers, style_title};
use crate::editor::theme;
use crate::editor::widgets::{Dial, DialSize, List, Slider};

/// Dial position that matches human drummers of the style.
const HUMAN: f32 = 0.5;

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect) {
    let (scale, params) = (view.scale, view.params);
    let stick = Rect::from_min_size(inside.min + scale.size(-4.0, 14.0), scale.size(118.0, 136.0));
    Dial {
        param: &params.drummer.stick,
        name: "Repeat",
        label: "Repeat",
        size: DialSize::Large,
        origin: 0.0,
        mark: Some(HUMAN),
        hint: "How closely bars repeat. 0 % drifts, 100 % repeats the first bar exactly; the teal \
               mark is like human drummers of the style.",
    }
    .show(ui, view, stick);

    let right = inside.with_min_x(inside.left() + scale.px(130.0));
    let first = right.with_max_y(right.top() + scale.px(30.0));
    style(ui, view, first, &params.style, "Style", "The style of music that the drummer plays.");
    let second = first.translate(vec2(0.0, scale.px(36.0)));
    let field = second.with_max_x(second.left() + second.width() * 0.62);
    let hint = "The style that the slider beside it mixes in.";
    style(ui, view, field, &params.drummer.blend_style, "Second style", hint);
    let share = params.drummer.blend.value();
    Slider {
        param: &params.drummer.blend,
        name: "Blend",
        origin: 0.0,
        knob: true,
        colour: if share > 0.0 { theme::AMBER } else { theme::MUTED },
        hint: "Share of the second style: none on the left, only it on the right.",
        beside: None,
    }
    .show(
        ui,
        view,
        second
            .with_min_x(field.right() + scale.px(14.0))
            .with_max_x(second.right() - scale.px(6.0)),
    );

    let below = Rect::from_min_max(pos2(right.left(), inside.bottom() - scale.px(78.0)), right.max);
    let dial = |place: f32| {
        let centre = below.left() + below.width() * place;
        Rect::from_center_size(pos2(centre, below.center().y), scale.size(78.0, 78.0))
    };
    let hint = "How daring the beat is: low plays the most usual one, 1.00 is like the drummers who \
                were recorded, higher is wild.";
    Dial::small(&params.temperature, "Daring", hint).show(ui, view, dial(0.22));
    let hint = "Number of hits: 0 % is like drummers of the style. Each lane also has its own \
                density.";
    Dial { origin: 0.5, ..Dial::small(&params.drummer.density, "Density", hint) }.show(
        ui,
        view,
        dial(0.8),
    );
}

fn style(
    ui: &mut Ui,
    view: &ViewContext<'_>,
    rect: Rect,
    param: &IntParam,
    name: &str,
    hint: &str,
) {
    let model = ready(view.model);
    let [chosen, usual] = [param.value(), param.default_plain_value()]
        .map(|number| u8::try_from(number).unwrap_or(0));
    let numbers = style_numbers(model, chosen);
    let styles: Vec<String> = numbers.iter().map(|&style| style_title(style, model)).collect();
    let [chosen, usual] =
        [chosen, usual].map(|number| numbers.iter().position(|&n| n == number).unwrap_or(0));
    let list = List { name, choices: &styles, chosen, usual, columns: 3, column: 140.0, hint };
    if let Some(choice) = list.show(ui, view, rect, Some(param.as_ptr())) {
        view.edits.set(param, numbers[choice].into());
    }
}
