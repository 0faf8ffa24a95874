//! The clip as an object: a card with a picture of the phrase.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use groove::drum::CLASSES;
use groove::pattern::STEPS_PER_BEAT;

use super::controls::corners;
use super::grid::LANES;
use super::hand::Tools;
use super::phrase::Phrase;
use super::theme::{self, Type};

/// Draws the card in `rect`, and says whether a drag of it has begun.
pub(super) fn card(ui: &Ui, tools: &Tools<'_>, rect: Rect, phrase: &Phrase<'_>) -> bool {
    let scale = tools.scale;
    let response = ui.interact(rect, ui.make_persistent_id("clip"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Drag clip"));
    let painter = ui.painter();
    let (fill, edge) = if response.hovered() {
        (theme::LIFTED, theme::AMBER)
    } else {
        (theme::RAISED, theme::AMBER.gamma_multiply(0.8))
    };
    painter.rect_filled(rect, corners(scale), fill);
    painter.rect_stroke(rect, corners(scale), Stroke::new(scale.px(1.3), edge), StrokeKind::Inside);
    let inside = rect.shrink2(scale.size(14.0, 12.0));
    let picture = inside.with_max_x(inside.right() - scale.px(84.0));
    paint(ui, tools, picture, phrase);
    let text = pos2(picture.right() + scale.px(14.0), inside.center().y);
    let above = text - vec2(0.0, scale.px(9.0));
    painter.text(above, Align2::LEFT_CENTER, "Drag clip", scale.font(Type::Strong), theme::TEXT);
    let below = text + vec2(0.0, scale.px(10.0));
    let font = scale.font(Type::Small);
    painter.text(below, Align2::LEFT_CENTER, "into a track", font, theme::MUTED);
    response.drag_started()
}

/// A small picture of the phrase.
fn paint(ui: &Ui, tools: &Tools<'_>, rect: Rect, phrase: &Phrase<'_>) {
    let Some(shown) = phrase.pending.or(phrase.playing) else { return };
    let scale = tools.scale;
    let total: f64 = shown.bars.iter().map(|bar| bar.meter().beats()).sum::<f64>() * STEPS_PER_BEAT;
    let row = rect.height() / CLASSES as f32;
    let height = (row - scale.px(1.0)).clamp(1.0, scale.px(4.0));
    let mut first = 0;
    for bar in &shown.bars {
        for (step, struck) in bar.steps().iter().enumerate() {
            #[expect(clippy::cast_possible_truncation)]
            let x = |place: f64| rect.left() + rect.width() * (place / total) as f32;
            let left = x((first + step) as f64);
            let right = x((first + step) as f64 + 0.7).max(left + 1.0);
            for (lane, drum) in LANES.into_iter().enumerate() {
                let Some(hit) = struck.hit(drum) else { continue };
                let middle = rect.top() + row * (lane as f32 + 0.5);
                let area = Rect::from_min_max(
                    pos2(left, middle - height / 2.0),
                    pos2(right, middle + height / 2.0),
                );
                let share = 0.5 + 0.5 * hit.velocity();
                let colour = theme::RAISED.lerp_to_gamma(theme::AMBER, share);
                ui.painter().rect_filled(area, CornerRadius::from(1.0), colour);
            }
        }
        first += bar.steps().len();
    }
}
