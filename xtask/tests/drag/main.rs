//! Dragging out of and dropping on the window of the built plugin, as it is embedded in a host:
//! with a window manager, pointer events, and programs of two other toolkits.

#[path = "../common/mod.rs"]
mod common;
mod rig;

use anyhow::Result;
use common::screen::on_screen;
use groove::midi::{Clip, DrumMap};
use rig::{ESCAPE, Neighbour, Rig, rest};
use std::path::Path;

/// The colour of the dot before a sentence about something that went wrong.
const WRONG: [u8; 3] = [0xff, 0x7d, 0x6b];

/// The notes in a MIDI file: tick, key and velocity, in order.
fn notes(file: &Path) -> Vec<(i64, u8, u8)> {
    let clip = Clip::read(&std::fs::read(file).unwrap(), DrumMap::GeneralMidi).unwrap();
    assert_eq!(clip.tempo, 120.0);
    let mut notes = Vec::new();
    for (place, step) in (0..).zip(&clip.steps) {
        for (drum, hit) in step.hits() {
            let key = groove::Drum::PITCHES[drum.index()];
            notes.push((place * 240 + i64::from(hit.offset_ticks), key, hit.velocity));
        }
    }
    notes.sort_unstable();
    notes
}

/// Whether a file holds what the plugin plays. What stands within half a step of an edge may have
/// been moved into the clip, where a song has it before its start or in its next phrase.
fn assert_same_notes(file: &Path, played: &[(i64, u8, u8)]) {
    let inside = |notes: Vec<(i64, u8, u8)>| {
        let mut notes = notes;
        notes.retain(|note| (120..16 * 960 - 120).contains(&note.0));
        notes.sort_unstable();
        notes
    };
    let (there, played) = (inside(notes(file)), inside(played.to_vec()));
    assert!(played.len() > 40, "{} notes in four bars", played.len());
    assert_eq!(there, played);
}

fn drags_into(script: &str) -> impl FnOnce(&common::screen::Screen) {
    let script = script.to_owned();
    move |screen| {
        let rig = Rig::new(screen).unwrap();
        let played = rig.played().unwrap();
        let neighbour = Neighbour::start(&script, None).unwrap();
        let card = rig.from_corner(75, 95).unwrap();

        // Escape gives it up: the other program has seen it come and go.
        rig.carry(card, neighbour.middle).unwrap();
        neighbour.hear("over").unwrap();
        rig.press(ESCAPE).unwrap();
        neighbour.hear("away").unwrap();
        rig.let_go().unwrap();
        rest(500);
        assert!(neighbour.said().iter().all(|line| !line.starts_with("took")));

        rig.carry(card, neighbour.middle).unwrap();
        rig.let_go().unwrap();
        let file = neighbour.took().unwrap();
        assert!(file.to_string_lossy().contains("clips"), "{}", file.display());
        assert_same_notes(&file, &played);

        // Dropped where nobody takes it, it says so.
        let before = screen.picture(rig.window).unwrap();
        assert!(!before.chunks_exact(4).any(|pixel| pixel[..3] == [WRONG[2], WRONG[1], WRONG[0]]));
        rig.carry(card, (800, 1100)).unwrap();
        rig.let_go().unwrap();
        rig.wait_for("a sentence", WRONG, 20).unwrap();
        assert!(file.is_file(), "a file that was dragged stays");
    }
}

#[test]
fn a_clip_is_dragged_into_a_gtk_window() {
    on_screen("a_clip_is_dragged_into_a_gtk_window", drags_into("gtk.py"));
}

#[test]
fn a_clip_is_dragged_into_a_qt_window() {
    on_screen("a_clip_is_dragged_into_a_qt_window", drags_into("qt.py"));
}
