//! Text of the header's preset button: the preset that is loaded, or style and number of the take.

use crate::editor::host_edits::HostEdits;
use crate::editor::widgets::grouped;

/// Returns the name of the take, given the display name of its style: the preset that was loaded,
/// with a star if it was changed since; both ends and the share of a morph; otherwise style and
/// number.
pub(crate) fn take_text(edits: &HostEdits, style: &str) -> String {
    let session = edits.session();
    let seed = session.take().controls.seed;
    let number = |seed: u32| grouped(i32::try_from(seed).unwrap_or(i32::MAX));
    if let Some((share, to)) = session.morph() {
        return format!("{} → {} · {:.0} %", number(seed), number(to), 100.0 * share);
    }
    match edits.preset.as_ref().filter(|preset| preset.take.controls.seed == seed) {
        Some(preset) if session.sounds_as(preset) => preset.name.clone(),
        Some(preset) => format!("{} *", preset.name),
        None => format!("{style} · take {}", number(seed)),
    }
}
