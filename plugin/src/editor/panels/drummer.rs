//! Drummer panel: intensity and complexity, style and blend, repeat, daring, density.

use egui::{Rect, Ui, pos2, vec2};
use nice_plug::params::{IntParam, Param as _};

use super::pad;
use crate::editor::host_edits::ViewContext;
use crate::editor::styles::{ready, style_numbers, style_title};
use crate::editor::theme;
use crate::editor::widgets::{Dial, List, Slider};

/// Dial position that matches human drummers of the style.
const HUMAN: f32 = 0.5;

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect) {
    let (scale, params) = (view.scale, view.params);
    pad::show(ui, view, Rect::from_min_size(inside.min, scale.size(118.0, 92.0)));

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

    let width = inside.width() / 3.0;
    let dial = |place: f32| {
        let left = inside.left() + width * place;
        let top = inside.bottom() - scale.px(70.0);
        Rect::from_min_max(pos2(left, top), pos2(left + width, inside.bottom()))
    };
    let hint = "How closely bars repeat. 0 % drifts, 100 % repeats the first bar exactly; the teal mark \
                is like human drummers of the style.";
    Dial { mark: Some(HUMAN), ..Dial::new(&params.drummer.stick, "Repeat", hint) }.show(
        ui,
        view,
        dial(0.0),
    );
    let hint = "How daring the beat is: low plays the most usual one, 1.00 is like the drummers who \
                were recorded, higher is wild.";
    Dial::new(&params.temperature, "Daring", hint).show(ui, view, dial(1.0));
    let hint = "Number of hits: 0 % is like drummers of the style. Each lane also has its own \
                density.";
    Dial { origin: 0.5, ..Dial::new(&params.drummer.density, "Density", hint) }.show(
        ui,
        view,
        dial(2.0),
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
