//! Which take it is: another one, its seed, and the clip that one can grab.

use egui::{Align2, Rect, Ui, pos2, vec2};

use crate::editor::clip;
use crate::editor::controls::{Button, Field, Look, grouped};
use crate::editor::hand::Tools;
use crate::editor::header::line;
use crate::editor::phrase::Phrase;
use crate::editor::theme::{self, Type};

/// Says whether a drag of the clip has begun.
pub(super) fn show(ui: &mut Ui, tools: &mut Tools<'_>, inside: Rect, phrase: &Phrase<'_>) -> bool {
    let (scale, params) = (tools.scale, tools.params);
    let again =
        Rect::from_min_size(inside.min, vec2(inside.width() - scale.px(96.0), scale.px(36.0)));
    let hint = "Another beat with the same settings.";
    let button = Button { name: "New take", label: "New take", look: Look::Main, hint };
    if button.show(ui, scale, again) {
        tools.hand.new_take();
    }
    let seed = Rect::from_min_max(
        pos2(inside.left() + scale.px(40.0), again.bottom() + scale.px(10.0)),
        pos2(inside.left() + scale.px(108.0), again.bottom() + scale.px(36.0)),
    );
    let at = pos2(inside.left(), seed.center().y);
    line(ui, at, Align2::LEFT_CENTER, "Seed", scale.font(Type::Small), theme::MUTED);
    Field {
        param: &params.seed,
        name: "Seed",
        shown: grouped(params.seed.value()),
        turns: false,
        hint: "The number behind this take: the same seed with the same settings plays the same \
               beat, always. Click to type one.",
    }
    .show(ui, tools, seed);
    let card = inside.with_min_y(seed.bottom() + scale.px(12.0));
    clip::card(ui, tools, card, phrase)
}
