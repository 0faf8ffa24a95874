//! Any bytes as a MIDI file: a clip or an error, and a clip survives being written. A file that is
//! read without damage has the notes that another reader finds.
#![no_main]

use groove::pattern::input_maps::InputMap;
use groove::pattern::midi::{Clip, Import, MAX_CLIP_STEPS, MidiFile, MidiLayout, PitchMap};
use groove::{Meter, Pitches, Step};
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
        // It drops a track at the first meta event of an unusual length.
        assert!(file.notes.len() >= notes(&smf));
    }
    if let Ok(import) = Import::read(bytes, PitchMap::Detect) {
        assert!(import.notes.len() <= file.notes.len());
        assert!(!import.bars(Meter::FOUR_FOUR).is_empty());
        assert!(import.sentence().is_none_or(|sentence| sentence.ends_with('.')));
    }
    for map in [PitchMap::Detect, PitchMap::Fixed(InputMap::Roland), PitchMap::Rhythm] {
        let Ok(clip) = Clip::read(bytes, map) else { continue };
        assert!(clip.steps.len() <= MAX_CLIP_STEPS);
        // A stroke just before the end may move to the start, as in a loop, once.
        let (back, told) = again(&clip);
        let is_crowded = told.as_ref().is_some_and(|it| it.contains("left out"));
        assert!(strokes(&back) == strokes(&clip) || is_crowded);
        assert_eq!(back.meter, clip.meter);
        assert!(told.is_some() || back.onsets() == clip.onsets());
        assert!(is_crowded || again(&back).0.steps == back.steps);
    }
});

/// The clip, written with a pitch for each articulation and read, and what was told of it.
fn again(clip: &Clip) -> (Clip, Option<String>) {
    let pitches = Pitches::from((0..54).collect::<Vec<u8>>());
    let written = clip.write(&MidiLayout::new("clip", pitches));
    let import = Import::read(&written, PitchMap::Detect).expect("our own file");
    import.clip(Meter::FOUR_FOUR).expect("our own file")
}

/// Number of strokes.
fn strokes(clip: &Clip) -> usize {
    let hits = clip.steps.iter().flat_map(Step::hits);
    hits.map(|(_, hit)| hit.strokes().count()).sum()
}

/// Number of note-ons.
fn notes(smf: &Smf) -> usize {
    let is_on = |kind| match kind {
        TrackEventKind::Midi { message: MidiMessage::NoteOn { vel, .. }, .. } => vel > 0,
        _ => false,
    };
    smf.tracks.iter().flatten().filter(|event| is_on(event.kind)).count()
}
