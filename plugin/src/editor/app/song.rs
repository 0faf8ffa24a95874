//! The song above the phrase, and the button that shows it.

use egui::{Rect, Ui};

use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::song_strip;
use crate::editor::theme::Scale;
use crate::editor::widgets::{Button, ButtonStyle};
use crate::link::Status;

/// Draws the song, if it is shown, and its button at the top of an area. Returns the height of the
/// song. A song with a chart is shown until the user hides it.
pub(super) fn show(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    area: Rect,
    chosen: &mut Option<bool>,
    status: &Status,
) -> f32 {
    let scale = view.scale;
    let shown = chosen.unwrap_or_else(|| !view.edits.session().chart().is_empty());
    if song_button(ui, scale, area, shown) {
        *chosen = Some(!shown);
    }
    if !shown {
        return 0.0;
    }
    let height = scale.px(song_strip::HEIGHT);
    song_strip::show(ui, view, area.with_max_y(area.top() + height), status);
    height
}

/// Draws the button that shows and hides the song. Returns `true` if it was clicked.
fn song_button(ui: &mut Ui, scale: Scale, above: Rect, shown: bool) -> bool {
    // Open, it is the first of the song's buttons.
    let at = above.min + if shown { scale.size(14.0, 0.0) } else { scale.size(8.0, 2.0) };
    let hint = "Sections, stops and accents of the song, which the drummer follows.";
    let style = if shown { ButtonStyle::Selected } else { ButtonStyle::Flat };
    let rect = Rect::from_min_size(at, scale.size(if shown { 46.0 } else { 52.0 }, 23.0));
    Button { name: "Show song", label: "Song", style, hint }.show(ui, scale, rect)
}
