//! Panels below the phrase: drummer, phrase, feel, keys, take.

mod drummer;
mod feel;
mod form;
mod pad;
mod prime;
mod rows;
mod take;

use egui::{Rect, Ui};

use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::view::PhraseView;

use self::rows::frame;

/// Height of the panels, in design points.
pub(crate) const HEIGHT: f32 = 228.0;
/// Space between panels, in design points.
pub(crate) const GAP: f32 = 12.0;
/// Relative widths of the panels.
const SHARES: [f32; 5] = [292.0, 272.0, 206.0, 190.0, 236.0];

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
    view.hints_above = Some(rect);
    let [drummer, form, feel, prime, take] = SHARES.map(&mut panel);
    drummer::show(ui, view, frame(ui, scale, drummer, "DRUMMER"));
    form::show(ui, view, frame(ui, scale, form, "PHRASE"));
    feel::show(ui, view, frame(ui, scale, feel, "FEEL"));
    prime::show(ui, view, frame(ui, scale, prime, "LISTEN TO KEYS"), phrase);
    take::show(ui, view, frame(ui, scale, take, "TAKE"), phrase);
    view.hints_above = None;
}
