//! Which take it is: another one, back and forth, two to compare and what lies between them, the
//! seed, and the clip that one can grab.

use egui::{CornerRadius, CursorIcon, Rect, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::editor::files::clip_card;
use crate::editor::host_edits::Tools;
use crate::editor::phrase::view::Phrase;
use crate::editor::theme;
use crate::editor::widgets::{Button, Field, Look, dragged_by, grouped, is_drag};
use crate::session::{Desk, Overview, Side};

pub(crate) fn show(ui: &mut Ui, tools: &mut Tools<'_>, inside: Rect, phrase: &Phrase<'_>) {
    let (scale, params) = (tools.scale, tools.params);
    let overview = tools.hand.desk().overview();
    let first = inside.with_max_y(inside.top() + scale.px(36.0));
    let again = first.with_max_x(first.right() - scale.px(100.0));
    let hint = "Another beat with the same settings.";
    let button = Button { name: "New take", label: "New take", look: Look::Main, hint };
    if button.show(ui, scale, again) {
        tools.hand.with_host(Desk::new_take);
    }
    history(ui, tools, first.with_min_x(again.right() + scale.px(6.0)), &overview);

    let second = Rect::from_x_y_ranges(
        inside.x_range(),
        first.bottom() + scale.px(9.0)..=first.bottom() + scale.px(36.0),
    );
    compare(ui, tools, second.with_max_x(second.left() + scale.px(120.0)), &overview);
    Field {
        param: &params.seed,
        name: "Seed",
        shown: format!("seed {}", grouped(params.seed.value())),
        turns: false,
        hint: "The number behind this take: the same seed with the same settings plays the same \
               beat, always. Click to type one.",
    }
    .show(ui, tools, second.with_min_x(second.right() - scale.px(88.0)));
    let card = inside.with_min_y(second.bottom() + scale.px(11.0));
    clip_card::card(ui, tools, card, phrase);
}

/// Undo, redo, favourite.
fn history(ui: &mut Ui, tools: &mut Tools<'_>, rect: Rect, overview: &Overview) {
    let scale = tools.scale;
    let width = rect.width() / 3.0;
    let place = |place: f32| {
        let left = rect.left() + width * place;
        Rect::from_x_y_ranges(left..=left + width, rect.y_range())
    };
    let look = |can: bool| if can { Look::Flat } else { Look::Dead };
    let hint = "Back to the take before. Every take is kept.";
    let undo = Button { name: "Undo", label: "↺", look: look(overview.can_undo), hint };
    if undo.show(ui, scale, place(0.0)) {
        tools.hand.with_host(Desk::undo);
    }
    let hint = "On to the take after.";
    let redo = Button { name: "Redo", label: "↻", look: look(overview.can_redo), hint };
    if redo.show(ui, scale, place(1.0)) {
        tools.hand.with_host(Desk::redo);
    }
    let favourite = overview.favourite;
    let (label, look) = if favourite { ("★", Look::Lit) } else { ("☆", Look::Flat) };
    let hint = "A favourite is kept however many takes come after it.";
    if (Button { name: "Favourite", label, look, hint }).show(ui, scale, place(2.0)) {
        tools.hand.at_desk().set_favourite(!favourite);
    }
}

/// Two takes to compare, and how far the one has come to the other.
fn compare(ui: &mut Ui, tools: &mut Tools<'_>, rect: Rect, overview: &Overview) {
    let scale = tools.scale;
    let width = scale.px(26.0);
    let a = rect.with_max_x(rect.left() + width);
    let b = a.translate(vec2(width, 0.0));
    for (side, name, label, place) in [(Side::A, "Take A", "A", a), (Side::B, "Take B", "B", b)] {
        let present = overview.side == side;
        let look = if present { Look::Lit } else { Look::Flat };
        let hint = "Two takes to compare: the lit one is played. Shift and click: make the other \
                    one the same.";
        if (Button { name, label, look, hint }).show(ui, scale, place) {
            if ui.input(|input| input.modifiers.shift) {
                tools.hand.at_desk().copy_to_other_side();
            } else if !present {
                tools.hand.with_host(Desk::switch_sides);
            }
        }
    }
    if overview.has_beside {
        morph(ui, tools, rect.with_min_x(b.right() + scale.px(8.0)), overview.morph);
    }
}

/// A slider from the present take to the other one.
fn morph(ui: &Ui, tools: &mut Tools<'_>, rect: Rect, share: f32) {
    let scale = tools.scale;
    let response = ui.interact(rect, ui.make_persistent_id("Morph"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, f64::from(share), "Morph"));
    let mut to = share;
    if response.double_clicked() {
        to = 0.0;
    } else if is_drag(&response) {
        to = (share + dragged_by(ui, &response).x / rect.width().max(1.0)).clamp(0.0, 1.0);
    }
    if to != share {
        tools.hand.at_desk().set_morph(to);
    }
    let bar = Rect::from_center_size(rect.center(), vec2(rect.width(), scale.px(5.0)));
    let round = CornerRadius::from(scale.px(2.5));
    let painter = ui.painter();
    painter.rect_filled(bar, round, theme::LINE);
    let x = bar.left() + bar.width() * share;
    painter.rect_filled(bar.with_max_x(x), round, theme::AMBER);
    painter.circle_filled(pos2(x, bar.center().y), scale.px(5.0), theme::AMBER);
    let hint = "Morph: from this take to the other one. Double click: back.";
    response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text(hint);
}
