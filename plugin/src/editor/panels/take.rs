//! Take panel: new take, history, A/B comparison with morph, seed, and the clip card.

use egui::{CursorIcon, Rect, Sense, Ui, WidgetInfo, vec2};

use crate::editor::files::clip_card;
use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::view::PhraseView;
use crate::editor::theme;
use crate::editor::widgets::{
    Button, ButtonStyle, Field, button_menu, dragged_by, grouped, is_drag, thin_bar,
};
use crate::params::button::LearnedButton;
use crate::session::{HistoryOverview, Session, Side};

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect, phrase: &PhraseView<'_>) {
    let (scale, params) = (view.scale, view.params);
    let overview = view.edits.session().overview();
    let first = inside.with_max_y(inside.top() + scale.px(36.0));
    let again = first.with_max_x(first.right() - scale.px(100.0));
    let hint = "Another beat with the same settings.";
    let button = Button { name: "New take", label: "New take", style: ButtonStyle::Primary, hint };
    let response = button.respond(ui, scale, again);
    button_menu(view, LearnedButton::NewTake, &response);
    if response.clicked() {
        view.edits.press(LearnedButton::NewTake);
    }
    history(ui, view, first.with_min_x(again.right() + scale.px(6.0)), &overview);

    let second = Rect::from_x_y_ranges(
        inside.x_range(),
        first.bottom() + scale.px(9.0)..=first.bottom() + scale.px(36.0),
    );
    compare(ui, view, second.with_max_x(second.left() + scale.px(120.0)), &overview);
    Field {
        param: &params.seed,
        name: "Take number",
        shown: format!("take {}", grouped(params.seed.value())),
        turns: false,
        hint: "The number of this take: the same number with the same settings and tempo always \
               plays the same beat. Click to type one.",
    }
    .show(ui, view, second.with_min_x(second.right() - scale.px(88.0)));
    let card = inside.with_min_y(second.bottom() + scale.px(11.0));
    clip_card::card(ui, view, card, phrase);
}

/// Draws undo, redo and favourite.
fn history(ui: &mut Ui, view: &mut ViewContext<'_>, rect: Rect, overview: &HistoryOverview) {
    let scale = view.scale;
    let width = rect.width() / 3.0;
    let place = |place: f32| {
        let left = rect.left() + width * place;
        Rect::from_x_y_ranges(left..=left + width, rect.y_range())
    };
    let look = |can: bool| if can { ButtonStyle::Flat } else { ButtonStyle::Disabled };
    let hint = "Back to the previous take, with shift to the first one. No take is lost.";
    let undo = Button { name: "Undo", label: "↺", style: look(overview.can_undo), hint };
    let response = undo.respond(ui, scale, place(0.0));
    button_menu(view, LearnedButton::Undo, &response);
    if response.clicked() {
        let all = ui.input(|input| input.modifiers.shift);
        let back = if all { Session::undo_all } else { Session::undo };
        view.edits.with_host(back);
    }
    let hint = "On to the next take.";
    let redo = Button { name: "Redo", label: "↻", style: look(overview.can_redo), hint };
    let response = redo.respond(ui, scale, place(1.0));
    button_menu(view, LearnedButton::Redo, &response);
    if response.clicked() {
        view.edits.press(LearnedButton::Redo);
    }
    let favourite = overview.favourite;
    let (label, look) =
        if favourite { ("★", ButtonStyle::Selected) } else { ("☆", ButtonStyle::Flat) };
    let hint = "Keeps this take, however many takes follow.";
    if (Button { name: "Favourite", label, style: look, hint }).show(ui, scale, place(2.0)) {
        view.edits.session_mut().set_favourite(!favourite);
    }
}

/// Draws the A/B switch and the morph slider.
fn compare(ui: &mut Ui, view: &mut ViewContext<'_>, rect: Rect, overview: &HistoryOverview) {
    let scale = view.scale;
    let width = scale.px(26.0);
    let a = rect.with_max_x(rect.left() + width);
    let b = a.translate(vec2(width, 0.0));
    for (side, name, label, place) in [(Side::A, "Take A", "A", a), (Side::B, "Take B", "B", b)] {
        let present = overview.side == side;
        let look = if present { ButtonStyle::Selected } else { ButtonStyle::Flat };
        let hint = "Two takes to compare: the lit one plays. Shift and click: copy it to the other \
                    side.";
        let response = Button { name, label, style: look, hint }.respond(ui, scale, place);
        button_menu(view, LearnedButton::OtherSide, &response);
        if response.clicked() {
            if ui.input(|input| input.modifiers.shift) {
                view.edits.session_mut().copy_to_other_side();
            } else if !present {
                view.edits.press(LearnedButton::OtherSide);
            }
        }
    }
    if overview.has_other_side {
        morph(ui, view, rect.with_min_x(b.right() + scale.px(8.0)), overview.morph);
    }
}

/// Draws a slider from the current take to the other side.
fn morph(ui: &Ui, view: &mut ViewContext<'_>, rect: Rect, share: f32) {
    let scale = view.scale;
    let response = ui.interact(rect, ui.make_persistent_id("Morph"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::slider(true, f64::from(share), "Morph"));
    let mut to = share;
    if response.double_clicked() {
        to = 0.0;
    } else if is_drag(&response) {
        to = (share + dragged_by(ui, &response).x / rect.width().max(1.0)).clamp(0.0, 1.0);
    }
    if to != share {
        view.edits.session_mut().set_morph(to);
    }
    let at = thin_bar(ui, scale, rect, theme::LINE, ([0.0, share], theme::AMBER));
    ui.painter().circle_filled(at, scale.px(5.0), theme::AMBER);
    let hint = "Morph: from this take to the other one. Double click: back.";
    response.on_hover_cursor(CursorIcon::ResizeHorizontal).on_hover_text(hint);
}
