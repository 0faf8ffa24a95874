//! The clip as an object in the window: a card that one can take hold of. What is dragged, and
//! where it goes, is not decided here.

use egui::accesskit::Role;
use egui::{
    Align2, CornerRadius, CursorIcon, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2,
};

use super::theme::{self, Scale, Type};

/// Draws the card, and says whether it is taken hold of in this very frame.
pub(super) fn card(ui: &Ui, scale: Scale, rect: Rect) -> bool {
    let response = ui.interact(rect, ui.make_persistent_id("clip"), Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Drag clip"));
    let corners = CornerRadius::from(scale.px(10.0));
    let ground = if response.hovered() { theme::LIFTED } else { theme::RAISED };
    let line = Stroke::new(scale.px(1.5), theme::AMBER);
    ui.painter().rect(rect, corners, ground, line, StrokeKind::Inside);
    for (down, text, voice, colour) in [
        (-11.0, "Drag clip", Type::Strong, theme::TEXT),
        (13.0, "into a track", Type::Small, theme::MUTED),
    ] {
        let at = rect.center() + vec2(0.0, scale.px(down));
        ui.painter().text(at, Align2::CENTER_CENTER, text, scale.font(voice), colour);
    }
    let hint = "Take hold of it and drop it on a track of your host or in a folder.";
    let begins = response.drag_started();
    response.on_hover_cursor(CursorIcon::Grab).on_hover_text(hint);
    begins
}
