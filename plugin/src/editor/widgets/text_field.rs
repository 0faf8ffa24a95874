//! Text field for typing a short value.

use egui::{Id, Key, Rect, TextEdit, Ui};

use crate::editor::theme::{FontRole, Scale};

/// Draws a short text field. Returns `Some(true)` when Enter or a focus change ends it,
/// `Some(false)` when Escape does.
pub(crate) fn text_field(
    ui: &mut Ui,
    scale: Scale,
    rect: Rect,
    id: Id,
    name: &str,
    text: &mut String,
    opened: bool,
) -> Option<bool> {
    let field = TextEdit::singleline(text)
        .id(id)
        .font(scale.font(FontRole::Strong))
        .align(egui::Align2::CENTER_CENTER)
        .margin(egui::Margin::same(2));
    let mut output = ui.scope_builder(egui::UiBuilder::new().max_rect(rect), |ui| {
        field.desired_width(rect.width()).min_size(rect.size()).show(ui)
    });
    let output = &mut output.inner;
    let response = output.response.response.clone().accessible_name(name);
    if opened {
        response.request_focus();
        let all = egui::text::CCursorRange::two(
            egui::text::CCursor::new(0),
            egui::text::CCursor::new(text.chars().count()),
        );
        output.state.cursor.set_char_range(Some(all));
        output.state.clone().store(ui.ctx(), id);
        return None;
    }
    if ui.input(|input| input.key_pressed(Key::Escape)) {
        response.surrender_focus();
        return Some(false);
    }
    (response.lost_focus() || !response.has_focus()).then_some(true)
}
