//! MIDI files that are dropped onto the window: what of them a take can hear or hold. The desk
//! decides what is done with it.

use groove::midi::{Clip, DrumMap};
use groove::{Meter, Step};

/// Reads a MIDI file of drums, whichever General MIDI or Roland keys they are on, into whole bars
/// of the song's meter. A single last hit on the first step of a bar is the end of the clip, not a
/// bar more.
///
/// # Errors
/// A sentence that says what is wrong with the file, or that its bars are not the song's.
pub fn read(bytes: &[u8], song: Meter) -> Result<Clip, String> {
    let mut clip = Clip::read(bytes, DrumMap::GeneralMidi)
        .map_err(|fault| format!("The file cannot be used: {fault}."))?;
    let (own, bar) = (clip.meter, song.steps());
    if own.steps() != bar {
        return Err(format!(
            "The file is in {}/{} and the song in {}/{}, so its hits would stand in other places \
             of the bar.",
            own.numerator, own.denominator, song.numerator, song.denominator
        ));
    }
    if clip.steps.len() > bar && clip.steps.len() % bar == 1 {
        clip.steps.pop();
    }
    clip.steps.resize(clip.steps.len().next_multiple_of(bar), Step::SILENT);
    clip.meter = song;
    Ok(clip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::midi::Sheet;
    use groove::{Drum, Hit};

    /// A file with a snare at each of these steps.
    pub(crate) fn file(places: &[usize], meter: Meter) -> Vec<u8> {
        let mut steps = vec![Step::SILENT; places.iter().max().map_or(0, |last| last + 1)];
        for &place in places {
            steps[place].set(Drum::Snare, Some(Hit { velocity: 90, offset_ticks: -9 }));
        }
        Clip { steps, tempo: 97.0, meter }.write(&Sheet::new("Drums", Drum::PITCHES))
    }

    #[test]
    fn a_clip_comes_in_whole_bars_of_the_song() {
        let clip = |places: &[usize]| read(&file(places, Meter::FOUR_FOUR), Meter::FOUR_FOUR);
        let one = clip(&[4, 12]).expect("a clip");
        assert_eq!(one.steps.len(), 16);
        assert_eq!(one.steps[4].hit(Drum::Snare), Some(Hit { velocity: 90, offset_ticks: -9 }));
        assert_eq!(clip(&[4, 17]).expect("a clip").steps.len(), 32);
        // The end of a recording of two bars.
        assert_eq!(clip(&[4, 32]).expect("a clip").steps.len(), 32);
    }

    #[test]
    fn what_cannot_be_used_is_said() {
        let waltz = file(&[4], Meter::new(3, 4));
        let sentence = read(&waltz, Meter::FOUR_FOUR).expect_err("other bars");
        assert!(sentence.contains("in 3/4 and the song in 4/4"), "{sentence}");
        assert!(read(&waltz, Meter::new(6, 8)).is_ok(), "bars as long as its own");
        let sentence = read(b"RIFF", Meter::FOUR_FOUR).expect_err("no MIDI");
        assert!(sentence.starts_with("The file cannot be used: "), "{sentence}");
    }
}
