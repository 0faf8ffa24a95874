//! Any bytes as a MIDI file: a clip or an error, and a clip survives being written.
#![no_main]

use groove::Drum;
use groove::pattern::midi::{Clip, DrumMap, MAX_CLIP_STEPS, MidiLayout};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for map in [DrumMap::GeneralMidi, DrumMap::Roland, DrumMap::Rhythm] {
        let Ok(clip) = Clip::read(bytes, map) else { continue };
        assert!(clip.steps.len() <= MAX_CLIP_STEPS);
        let written = clip.write(&MidiLayout::new("clip", Drum::PITCHES));
        let back = Clip::read(&written, DrumMap::GeneralMidi).expect("our own file");
        assert_eq!((back.steps, back.meter), (clip.steps, clip.meter));
    }
});
