//! Drawn text that assistive tools can read.

use egui::accesskit::{Live, Role};
use egui::{
    Align2, Color32, Context, CornerRadius, FontId, Id, Pos2, Rect, Response, Sense, Ui,
    WidgetInfo, pos2,
};

use crate::editor::theme::{self, FontRole, Scale};

/// Draws a message in `rect`: an error if `wrong`, else a confirmation.
pub(crate) fn banner(ui: &mut Ui, scale: Scale, rect: Rect, text: &str, wrong: bool) {
    let colour = if wrong { theme::WRONG } else { theme::TEAL };
    let round = CornerRadius::from(scale.px(5.0));
    ui.painter().rect_filled(rect, round, theme::GROUND.lerp_to_gamma(colour, 0.16));
    let dot = pos2(rect.left() + scale.px(16.0), rect.center().y);
    ui.painter().circle_filled(dot, scale.px(4.5), colour);
    let left = pos2(rect.left() + scale.px(30.0), rect.center().y);
    line(ui, left, Align2::LEFT_CENTER, text, scale.font(FontRole::Small), theme::TEXT);
    // A screen reader says it at once.
    let id = text_id(ui, text);
    ui.ctx().accesskit_node_builder(id, |node| node.set_live(Live::Polite));
}

/// Draws a line of text that assistive tools can read. Returns its rectangle.
pub(crate) fn line(
    ui: &Ui,
    at: Pos2,
    anchor: Align2,
    text: &str,
    font: FontId,
    colour: Color32,
) -> Rect {
    let rect = ui.painter().text(at, anchor, text, font, colour);
    expose_text(ui, rect, text);
    rect
}

/// Draws wrapped text at the top of `rect`. Returns its rectangle.
pub(crate) fn paragraph(ui: &Ui, rect: Rect, text: &str, font: FontId, colour: Color32) -> Rect {
    let laid = ui.painter().layout(text.to_owned(), font, colour, rect.width());
    let area = Rect::from_min_size(rect.min, laid.size());
    ui.painter().galley(rect.min, laid, colour);
    expose_text(ui, area, text);
    area
}

/// Key of the sentence of [`remark`].
const REMARK: &str = "remark";

/// Leaves a sentence for the window's message line.
pub(crate) fn remark(context: &Context, sentence: String) {
    context.data_mut(|data| data.insert_temp(Id::unique(REMARK), sentence));
}

/// Takes the sentence that a widget left for the window's message line.
pub(crate) fn take_remark(context: &Context) -> Option<String> {
    context.data_mut(|data| data.remove_temp(Id::unique(REMARK)))
}

/// Exposes a control's value in words, before its tooltip: AT-SPI reads only numbers as values. Call it
/// after the tooltip is set.
pub(crate) fn describe(control: &Response, value: &str) {
    control.ctx.accesskit_node_builder(control.id, |node| {
        let hint = node.description().unwrap_or_default();
        let text = format!("{value}. {hint}");
        node.set_description(text);
    });
}

fn text_id(ui: &Ui, text: &str) -> Id {
    ui.make_persistent_id(("line", text))
}

/// Exposes drawn text to assistive tools.
pub(crate) fn expose_text(ui: &Ui, rect: Rect, text: &str) {
    ui.interact(rect, text_id(ui, text), Sense::empty())
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
}
