//! Frame and rows of a panel.

use egui::{Align2, CornerRadius, Rect, Ui, pos2};

use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::line;

/// Draws a panel with its title. Returns the space below the title.
pub(super) fn frame(ui: &Ui, scale: Scale, panel: Rect, name: &str) -> Rect {
    ui.painter().rect_filled(panel, CornerRadius::from(scale.px(10.0)), theme::PANEL);
    let margin = scale.px(18.0);
    let title = panel.min + scale.size(18.0, 20.0);
    line(ui, title, Align2::LEFT_CENTER, name, scale.font(FontRole::Caption), theme::MUTED);
    Rect::from_min_max(
        pos2(panel.left() + margin, panel.top() + scale.px(38.0)),
        pos2(panel.right() - margin, panel.bottom() - scale.px(14.0)),
    )
}

/// Draws the name of row `place` of `of` in a panel. Returns the space for its control.
pub(super) fn row(
    ui: &Ui,
    scale: Scale,
    inside: Rect,
    [place, of]: [usize; 2],
    name: &str,
) -> Rect {
    let height = scale.px(28.0);
    let gap = (inside.height() - height * of as f32) / (of.max(2) - 1) as f32;
    let top = inside.top() + (height + gap) * place as f32;
    let rect = Rect::from_x_y_ranges(inside.x_range(), top..=top + height);
    let at = pos2(rect.left(), rect.center().y);
    line(ui, at, Align2::LEFT_CENTER, name, scale.font(FontRole::Small), theme::MUTED);
    rect.with_min_x(rect.left() + scale.px(54.0))
}
