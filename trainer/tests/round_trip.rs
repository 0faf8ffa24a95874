//! Real drumming through the pattern and back: nearly every note of the Groove MIDI Dataset keeps
//! its tick, velocity and pitch.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use groove::learn::data::search;
use groove::pattern::input_maps::InputMap;
use groove::pattern::midi::{Clip, MidiLayout, PitchMap, TICKS_PER_BEAT};
use groove::pattern::{Articulation, MAX_STROKES};
use groove::{Drum, Pitches};
use midly::{MidiMessage, Smf, Timing, TrackEventKind};

/// Tick, pitch and velocity.
type Note = (u64, u8, u8);

/// Drum notes of a file at 960 ticks per quarter note, rounded as the reader rounds, in order.
fn notes(bytes: &[u8]) -> Vec<Note> {
    let smf = Smf::parse(bytes).expect("a MIDI file");
    let Timing::Metrical(per_beat) = smf.header.timing else { panic!("musical time") };
    let (per_beat, fine) = (u64::from(per_beat.as_int()), u64::from(TICKS_PER_BEAT));
    let mut notes = Vec::new();
    for track in &smf.tracks {
        let mut tick = 0;
        for event in track {
            tick += u64::from(event.delta.as_int());
            let TrackEventKind::Midi { message: MidiMessage::NoteOn { key, vel }, .. } = event.kind
            else {
                continue;
            };
            let (pitch, velocity) = (key.as_int(), vel.as_int());
            if velocity > 0 && Articulation::from_roland(pitch).is_some() {
                notes.push(((tick * fine + per_beat / 2) / per_beat, pitch, velocity));
            }
        }
    }
    notes.sort_unstable();
    notes
}

/// Reason for which a note is missing, given all notes of its file.
fn reason((tick, pitch, velocity): Note, given: &[Note], found: &[Note]) -> &'static str {
    let class = |pitch| Articulation::from_roland(pitch).map(|(drum, _)| drum);
    let step = |tick: u64| (tick + 120) / 240;
    let same = |other: &&Note| (other.0, other.1) == (tick, pitch);
    let moved = |other: &&Note| (other.1, other.2) == (pitch, velocity) && !given.contains(other);
    let in_cell = |other: &&Note| step(other.0) == step(tick) && class(other.1) == class(pitch);
    let distinct: BTreeSet<(u64, u8)> =
        given.iter().filter(in_cell).map(|&(tick, pitch, _)| (tick, pitch)).collect();
    if given.iter().filter(same).count() > 1 {
        "twice at one tick and pitch"
    } else if distinct.len() > MAX_STROKES {
        "beyond four strokes of a class in a sixteenth"
    } else if found.iter().any(|note| moved(&note)) {
        "moved"
    } else {
        "other"
    }
}

#[test]
fn real_notes_survive_reading_and_writing() {
    let Some(groove) = std::env::var_os("GROOVE_DIR") else {
        println!("skipped: GROOVE_DIR names no Groove MIDI Dataset");
        return;
    };
    let (mut total, mut lost, mut classes) = (0, BTreeMap::new(), BTreeSet::new());
    let (files, unread) = search(Path::new(&groove), &|| false);
    assert!(unread.is_empty(), "{unread:?}");
    for file in files.into_iter().map(|file| Path::new(&groove).join(file)) {
        let bytes = std::fs::read(&file).expect("a readable file");
        let given = notes(&bytes);
        total += given.len();
        let clip = match Clip::read(&bytes, PitchMap::Fixed(InputMap::Roland)) {
            Ok(clip) => clip,
            Err(fault) => panic!("{}: {fault}", file.display()),
        };
        classes.extend(clip.drums().iter().map(Drum::index));
        let found = notes(&clip.write(&MidiLayout::new("", Pitches::ROLAND)));
        let mut left: BTreeMap<Note, usize> = BTreeMap::new();
        found.iter().for_each(|&note| *left.entry(note).or_default() += 1);
        for &note in &given {
            match left.get_mut(&note).filter(|count| **count > 0) {
                Some(count) => *count -= 1,
                None => *lost.entry(reason(note, &given, &found)).or_insert(0) += 1,
            }
        }
    }
    let all: usize = lost.values().sum();
    let kept = 1.0 - all as f64 / total.max(1) as f64;
    println!("{total} notes, {:.4} % kept; lost: {lost:?}", 100.0 * kept);
    assert!(total > 100_000 && classes.len() == 9, "{total} notes of {classes:?}");
    assert!(kept >= 0.999, "{lost:?}");
}
