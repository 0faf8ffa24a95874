//! Clips of imported files.

use super::DrumMap;
use super::error::{MAX_CLIP_STEPS, MidiError};
use super::import::{Import, PitchMap};
use crate::pattern::clip::{Clip, bar_ticks, step_at};
use crate::pattern::input_maps::InputMap;
use crate::pattern::{Hit, Meter, Step};

/// Default tempo of the MIDI standard, in quarter notes per minute.
const DEFAULT_TEMPO: f64 = 120.0;

impl Clip {
    /// Reads the drums of a Standard MIDI File, see [`Import::read`] and [`Import::clip`].
    ///
    /// # Errors
    /// Returns a [`MidiError`] if the file cannot be read as a clip.
    pub fn read(bytes: &[u8], map: DrumMap) -> Result<Clip, MidiError> {
        let map = match map {
            DrumMap::Roland => PitchMap::Fixed(InputMap::Roland),
            DrumMap::GeneralMidi => PitchMap::Detect,
            DrumMap::Rhythm => PitchMap::Rhythm,
        };
        Import::read(bytes, map)?.clip(Meter::FOUR_FOUR)
    }
}

impl Import {
    /// The drums as a clip of one meter and tempo, up to the last hit: the meter of most of the
    /// file, the given one if it has none, and its first tempo, else 120. Hits before the first bar of this
    /// meter, a pick-up, stand at the end of a bar before it.
    ///
    /// Every note goes to its nearest sixteenth and keeps the remainder as its offset; the loudest
    /// of colliding hits wins.
    ///
    /// # Errors
    /// Returns [`MidiError::Long`] if the clip is too long.
    pub fn clip(&self, meter: Meter) -> Result<Clip, MidiError> {
        let meter = self.meter().unwrap_or(meter);
        let pick_up = u64::from(self.pick_up(meter));
        let shift = (bar_ticks(meter) - pick_up) % bar_ticks(meter);
        let mut steps = Vec::new();
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
            // A note shortly before the end belongs to the start, as in a loop.
            let place = if place == whole && offset_ticks < 0 { 0 } else { place };
            if place >= MAX_CLIP_STEPS {
                return Err(MidiError::Long(u64::try_from(place).unwrap_or(u64::MAX)));
            }
            if place >= steps.len() {
                steps.resize(place + 1, Step::SILENT);
            }
            let hit =
                Hit { articulation: note.articulation, ..Hit::plain(note.velocity, offset_ticks) };
            steps[place].add(note.drum, hit);
        }
        Ok(Clip { steps, tempo: self.tempo().unwrap_or(DEFAULT_TEMPO), meter })
    }

    /// Ticks before the first bar of a meter, less whole bars.
    fn pick_up(&self, meter: Meter) -> u32 {
        let bars = self.bars(Meter::FOUR_FOUR);
        let first = bars.iter().find(|bar| bar.meter == meter).map_or(0, |bar| bar.start);
        u32::try_from(u64::from(first) % bar_ticks(meter)).unwrap_or(0)
    }
}
