//! Clips of imported files.

use super::error::{MAX_CLIP_STEPS, MidiError};
use super::import::{DrumNote, Import, PitchMap};
use crate::pattern::clip::{Clip, bar_ticks, step_at};
use crate::pattern::{Meter, Step};

/// Default tempo of the MIDI standard, in quarter notes per minute.
pub(super) const DEFAULT_TEMPO: f64 = 120.0;

impl Clip {
    /// Reads the drums of a Standard MIDI File, see [`Import::read`] and [`Import::clip`].
    ///
    /// # Errors
    /// Returns a [`MidiError`] if the file cannot be read as a clip.
    pub fn read(bytes: &[u8], map: PitchMap) -> Result<Clip, MidiError> {
        Ok(Import::read(bytes, map)?.clip(Meter::FOUR_FOUR)?.0)
    }
}

impl Import {
    /// The drums as a clip of one meter and tempo, up to the last hit, and what the user must know:
    /// [`Import::sentence`], and notes that found no room. The meter is that of most of the file,
    /// the given one if it has none; the tempo is the first, else 120. Hits before the first bar of
    /// this meter, a pick-up, stand at the end of a bar before it.
    ///
    /// Every note goes to its nearest sixteenth and keeps the remainder as its offset. A sixteenth
    /// has room for four strokes of a drum.
    ///
    /// # Errors
    /// Returns [`MidiError::Long`] if the clip is too long.
    pub fn clip(&self, meter: Meter) -> Result<(Clip, Option<String>), MidiError> {
        let meter = self.meter().unwrap_or(meter);
        let pick_up = u64::from(self.pick_up(meter));
        let shift = (bar_ticks(meter) - pick_up) % bar_ticks(meter);
        let (mut steps, mut left_out) = (Vec::new(), 0);
        let end = u64::from(self.end) + shift;
        let bars = usize::try_from(end / bar_ticks(meter)).unwrap_or(usize::MAX);
        let whole = match end % bar_ticks(meter) {
            0 => bars.saturating_mul(meter.steps()),
            _ => usize::MAX,
        };
        for note in &self.notes {
            // A meter's steps are at most 64 a bar, and the file has none with longer bars.
            let Some((place, offset_ticks)) = step_at(u64::from(note.tick) + shift, meter) else {
                continue;
            };
            let is_early = place == whole && offset_ticks < 0;
            let wraps = is_early && is_of_start(note, steps.first());
            if place >= MAX_CLIP_STEPS {
                return Err(MidiError::Long(u64::try_from(place).unwrap_or(u64::MAX)));
            }
            let to = if wraps { 0 } else { place };
            steps.resize(steps.len().max(to + 1), Step::SILENT);
            let rejected = steps[to].add(note.drum, note.hit(offset_ticks));
            if wraps && rejected == 0 {
                // The stroke sounds at the end of the last bar, which the clip must reach.
                steps.resize(steps.len().max(place), Step::SILENT);
            }
            left_out += rejected;
        }
        let clip = Clip { steps, tempo: self.tempo().unwrap_or(DEFAULT_TEMPO), meter };
        Ok((clip, self.told(left_out)))
    }

    /// [`Import::sentence`], and one on strokes that find no room.
    pub(super) fn told(&self, left_out: usize) -> Option<String> {
        let sentences: Vec<String> = self.sentence().into_iter().chain(crowded(left_out)).collect();
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }

    /// Ticks before the first bar of a meter, less whole bars.
    fn pick_up(&self, meter: Meter) -> u32 {
        let bars = self.bars(Meter::FOUR_FOUR);
        let first = bars.iter().find(|bar| bar.meter == meter).map_or(0, |bar| bar.start);
        u32::try_from(u64::from(first) % bar_ticks(meter)).unwrap_or(0)
    }
}

/// Returns true if a note shortly before the end belongs to a hit of the first step, as the grace
/// notes of a drag in a loop do: if its drum is struck there, and no choke ends it before.
pub(super) fn is_of_start(note: &DrumNote, first: Option<&Step>) -> bool {
    note.choke == 0 && first.is_some_and(|step| step.hit(note.drum).is_some())
}

/// Sentence on strokes that find no room, if there are any.
fn crowded(left_out: usize) -> Option<String> {
    let notes = match left_out {
        0 => return None,
        1 => "1 note is".to_owned(),
        many => format!("{many} notes are"),
    };
    Some(format!("{notes} left out: a sixteenth has room for four of each drum."))
}
