//! Panels below the phrase: drummer, phrase, feel, prime, take.

mod drummer;
mod feel;
mod form;
mod prime;
mod take;

use egui::{Align2, CornerRadius, Rect, Ui, pos2};

use crate::editor::header::line;
use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::view::PhraseView;
use crate::editor::theme::{self, FontRole, Scale};

/// Height of the panels, in design points.
pub(crate) const HEIGHT: f32 = 228.0;
/// Space between panels, in design points.
pub(crate) const GAP: f32 = 12.0;
/// Relative widths of the panels.
const SHARES: [f32; 5] = [300.0, 284.0, 186.0, 186.0, 240.0];

/// Draws the panels in `rect`.
pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, rect: Rect, phrase: &PhraseView<'_>) {
    let scale = view.scale;
    let gaps = scale.px(GAP) * (SHARES.len() - 1) as f32;
    let unit = (rect.width() - gaps) / SHARES.iter().sum::<f32>();
    let mut left = rect.left();
    let mut panel = |share: f32| {
        let panel = Rect::from_x_y_ranges(left..=left + share * unit, rect.y_range());
        left = panel.right() + scale.px(GAP);
        panel
    };
    let [drummer, form, feel, prime, take] = SHARES.map(&mut panel);
    drummer::show(ui, view, frame(ui, scale, drummer, "DRUMMER"));
    form::show(ui, view, frame(ui, scale, form, "PHRASE"));
    feel::show(ui, view, frame(ui, scale, feel, "FEEL"));
    prime::show(ui, view, frame(ui, scale, prime, "PRIME"), phrase);
    take::show(ui, view, frame(ui, scale, take, "TAKE"), phrase);
}

/// Draws a panel with its title. Returns the space below the title.
fn frame(ui: &Ui, scale: Scale, panel: Rect, name: &str) -> Rect {
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
fn row(ui: &Ui, scale: Scale, inside: Rect, [place, of]: [usize; 2], name: &str) -> Rect {
    let height = scale.px(28.0);
    let gap = (inside.height() - height * of as f32) / (of.max(2) - 1) as f32;
    let top = inside.top() + (height + gap) * place as f32;
    let rect = Rect::from_x_y_ranges(inside.x_range(), top..=top + height);
    let at = pos2(rect.left(), rect.center().y);
    line(ui, at, Align2::LEFT_CENTER, name, scale.font(FontRole::Small), theme::MUTED);
    rect.with_min_x(rect.left() + scale.px(54.0))
}
