//! Drop overlay: shows the uses of files held over the window, and applies the chosen one when they
//! are dropped. The platform code delivers the files.

use egui::{Align2, Color32, CornerRadius, Rect, Stroke, StrokeKind, Ui};

use crate::editor::files::action::FilePurpose;
use crate::editor::files::picker;
use crate::editor::host_edits::HostEdits;
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::line;
use crate::platform::file_drops::{FileDrops, HoveredFiles};
use crate::session::dropped_file::{self, FileKind};

/// Title and description of a use.
const fn words(purpose: FilePurpose) -> [&'static str; 2] {
    match purpose {
        FilePurpose::Humanise => ["Humanise it", "Its hits are pinned"],
        FilePurpose::Song => ["Follow the song", "Its sections, stops and bass"],
        FilePurpose::Model => ["Play with this model", "It is copied to your models."],
        FilePurpose::Learn => {
            ["Learn a style from them", "Nothing leaves this computer, or is kept without a click."]
        }
        _ => ["Continue it", "The drummer hears its last bars and continues from them."],
    }
}

/// Uses of a kind of file, one per zone from left to right.
const fn uses(kind: FileKind) -> &'static [FilePurpose] {
    match kind {
        FileKind::Midi => &[FilePurpose::Prime, FilePurpose::Humanise],
        FileKind::Model => &[FilePurpose::Model],
        FileKind::Clips => &[FilePurpose::Learn],
    }
}

/// Height of the zone of the song at the top of the window, as a share of it.
const SONG: f32 = 0.24;

/// Returns the use of a file at the pointer's position.
fn use_at(kind: FileKind, over: &HoveredFiles) -> FilePurpose {
    match kind {
        FileKind::Midi if over.at[1] < SONG => FilePurpose::Song,
        kind => uses(kind)[part(over, uses(kind).len())],
    }
}

/// Returns the index of the zone under the pointer.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to a few")]
fn part(over: &HoveredFiles, parts: usize) -> usize {
    ((over.at[0] * parts as f32).max(0.0) as usize).min(parts.saturating_sub(1))
}

/// Result of dropped files.
pub(crate) enum Dropped {
    /// A message.
    Told(Result<String, String>),
    /// A style is learned, which the model drawer shows.
    Learns,
}

/// Draws the overlay and handles dropped files. Returns a result that is known at once; the worker
/// reports others later.
pub(crate) fn show(
    ui: &mut Ui,
    scale: Scale,
    edits: &mut HostEdits,
    drops: &FileDrops,
) -> Option<Dropped> {
    let (hovered, dropped) = drops.read();
    if let Some(hovered) = hovered {
        paint(ui, scale, &hovered, edits.session().amount());
    }
    let over = dropped?;
    if let Ok((FileKind::Clips, _)) = dropped_file::classify(&over.files) {
        edits.session_mut().learn(over.files);
        return Some(Dropped::Learns);
    }
    land(edits, &over).transpose().map(Dropped::Told)
}

/// Applies the use of the zone that the files were dropped on.
fn land(edits: &mut HostEdits, over: &HoveredFiles) -> Result<Option<String>, String> {
    let (kind, file) = dropped_file::classify(&over.files)?;
    picker::open(edits, use_at(kind, over), file)
}

/// Draws the zones. `amount` is that of humanising, in percent.
fn paint(ui: &mut Ui, scale: Scale, over: &HoveredFiles, amount: u8) {
    let window = ui.max_rect();
    ui.painter().rect_filled(window, 0.0, theme::GROUND.gamma_multiply(0.86));
    let area = window.shrink(scale.px(18.0));
    let kind = match dropped_file::classify(&over.files) {
        Ok((kind, _)) => kind,
        Err(sentence) => return zone(ui, scale, area, [&sentence, ""], theme::WRONG),
    };
    let (uses, chosen) = (uses(kind), use_at(kind, over));
    let colour = |purpose| if purpose == chosen { theme::TEAL } else { theme::BAR_LINE };
    let gap = scale.px(14.0);
    let mut area = area;
    if kind == FileKind::Midi {
        let song;
        (song, area) = area.split_top_bottom_at_y(window.top() + SONG * window.height());
        area.min.y += gap;
        zone(ui, scale, song, words(FilePurpose::Song), colour(FilePurpose::Song));
    }
    let width = (area.width() + gap) / uses.len() as f32;
    for (place, what) in uses.iter().enumerate() {
        let left = area.left() + place as f32 * width;
        let zone_area = area.with_min_x(left).with_max_x(left + width - gap);
        let [title, more] = words(*what);
        let more = match what {
            FilePurpose::Humanise => &format!("{more}, {amount} % of the way to a drummer's feel."),
            _ => more,
        };
        zone(ui, scale, zone_area, [title, more], colour(*what));
    }
}

/// Draws a drop zone.
fn zone(ui: &mut Ui, scale: Scale, area: Rect, [words, more]: [&str; 2], colour: Color32) {
    let corners = CornerRadius::from(scale.px(10.0));
    let edge = Stroke::new(scale.px(2.0), colour);
    ui.painter().rect(area, corners, colour.gamma_multiply(0.12), edge, StrokeKind::Inside);
    let text = if colour == theme::BAR_LINE { theme::MUTED } else { theme::TEXT };
    let centre = area.center();
    let title = scale.font(if more.is_empty() { FontRole::Strong } else { FontRole::Title });
    line(ui, centre, Align2::CENTER_BOTTOM, words, title, text);
    if !more.is_empty() {
        let below = centre + scale.size(0.0, 8.0);
        line(ui, below, Align2::CENTER_TOP, more, scale.font(FontRole::Body), theme::MUTED);
    }
}
