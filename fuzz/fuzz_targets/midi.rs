//! Any bytes as a MIDI file: a clip or an error, and a clip survives being written. A file that is
//! read without damage has the notes that another reader finds.
#![no_main]

use groove::pattern::midi::{
    Clip, DrumMap, Import, MAX_CLIP_STEPS, MidiFile, MidiLayout, PitchMap,
};
use groove::{Drum, Meter};
use libfuzzer_sys::fuzz_target;
use midly::{MidiMessage, Smf, TrackEventKind};

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = MidiFile::read(bytes) else { return };
    assert!(file.notes.len() <= bytes.len() && file.track_names.len() <= bytes.len());
    // The lengths of a RIFF container are not needed here, but there.
    if file.losses.is_empty()
        && bytes.starts_with(b"MThd")
        && let Ok(smf) = Smf::parse(bytes)
    {
        assert_eq!(file.notes.len(), notes(&smf));
    }
    if let Ok(import) = Import::read(bytes, PitchMap::Detect) {
        assert!(import.notes.len() <= file.notes.len());
        assert!(!import.bars(Meter::FOUR_FOUR).is_empty());
        assert!(import.sentence().is_none_or(|sentence| sentence.ends_with('.')));
    }
    for map in [DrumMap::GeneralMidi, DrumMap::Roland, DrumMap::Rhythm] {
        let Ok(clip) = Clip::read(bytes, map) else { continue };
        assert!(clip.steps.len() <= MAX_CLIP_STEPS);
        let written = clip.write(&MidiLayout::new("clip", Drum::PITCHES));
        let back = Clip::read(&written, DrumMap::GeneralMidi).expect("our own file");
        assert_eq!((back.steps, back.meter), (clip.steps, clip.meter));
    }
});

/// Number of note-ons.
fn notes(smf: &Smf) -> usize {
    let is_on = |kind| match kind {
        TrackEventKind::Midi { message: MidiMessage::NoteOn { vel, .. }, .. } => vel > 0,
        _ => false,
    };
    smf.tracks.iter().flatten().filter(|event| is_on(event.kind)).count()
}
