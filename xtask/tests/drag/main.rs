//! Dragging out of and dropping on the window of the built plugin, as it is embedded in a host:
//! with a window manager, pointer events, and programs of two other toolkits.

#[path = "../common/mod.rs"]
mod common;
mod rig;

use anyhow::{Result, ensure};
use common::scenarios::SONG;
use common::screen::{Screen, on_screen};
use groove::midi::{Clip, DrumMap};
use rig::{ESCAPE, Neighbour, Rig, rest};
use std::path::Path;

/// The colour of the dot before a sentence about something that went wrong.
const WRONG: [u8; 3] = [0xff, 0x7d, 0x6b];

/// The notes in a MIDI file: tick, key and velocity.
fn notes(file: &Path) -> Result<Vec<(i64, u8, u8)>> {
    let clip = Clip::read(&std::fs::read(file)?, DrumMap::GeneralMidi)?;
    ensure!(clip.tempo == SONG.tempo, "the clip's tempo is {}", clip.tempo);
    let mut notes = Vec::new();
    for (place, step) in (0..).zip(&clip.steps) {
        for (drum, hit) in step.hits() {
            let key = groove::Drum::PITCHES[drum.index()];
            notes.push((place * 240 + i64::from(hit.offset_ticks), key, hit.velocity));
        }
    }
    Ok(notes)
}

/// Of notes, in order, those that stand further than half a step from both edges of four bars: a
/// hit nearer to an edge may have been moved into the clip, where a song has it before its start
/// or in its next phrase.
fn inside(mut notes: Vec<(i64, u8, u8)>) -> Vec<(i64, u8, u8)> {
    notes.retain(|note| (120..16 * 960 - 120).contains(&note.0));
    notes.sort_unstable();
    notes
}

fn drags_into(script: &str, screen: &Screen) -> Result<()> {
    let rig = Rig::new(screen)?;
    let neighbour = Neighbour::start(script, None)?;
    let card = rig.near_corner(75, 95)?;

    // Escape gives it up: the other program has seen it come and go.
    rig.carry(card, neighbour.middle)?;
    neighbour.hear("over")?;
    rig.press(ESCAPE)?;
    neighbour.hear("away")?;
    rig.let_go()?;
    rest(500);
    let said = neighbour.said();
    ensure!(!said.iter().any(|line| line.starts_with("took")), "after Escape: {said:?}");

    rig.carry(card, neighbour.middle)?;
    rig.let_go()?;
    let file = neighbour.took()?;
    ensure!(file.parent().is_some_and(|folder| folder.ends_with("Clips")), "{}", file.display());
    let played = inside(rig.played()?);
    ensure!(played.len() > 40, "{} notes in four bars", played.len());
    assert_eq!(inside(notes(&file)?), played);

    // Dropped where nobody takes it, it says so.
    ensure!(rig.count(WRONG)? == 0, "all is well, and yet it says that something is wrong");
    rig.carry(card, (800, 1100))?;
    rig.let_go()?;
    rig.wait_for("a sentence", WRONG, 20)?;
    ensure!(file.is_file(), "{} has gone", file.display());
    Ok(())
}

#[test]
fn a_clip_is_dragged_into_a_gtk_window() {
    on_screen("a_clip_is_dragged_into_a_gtk_window", |screen| {
        drags_into("gtk.py", screen).unwrap();
    });
}

#[test]
fn a_clip_is_dragged_into_a_qt_window() {
    on_screen("a_clip_is_dragged_into_a_qt_window", |screen| {
        drags_into("qt.py", screen).unwrap();
    });
}
