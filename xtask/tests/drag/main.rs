//! Drag and drop between the built plugin's window and other programs: with a window manager,
//! pointer events, and programs of two other toolkits.

#[path = "../common/mod.rs"]
mod common;
mod rig;

use anyhow::{Context, Result, ensure};
use common::screen::{Screen, on_screen};
use common::setup::SONG;
use common::timing::play;
use groove::pattern::midi::{Clip, MidiLayout};
use groove::{Drum, Hit, Meter, Step};
use rig::{ESCAPE, Neighbour, Rig, notes_of, pause, until, without_edges};
use std::path::Path;
use xtask::host::Host;

/// Colour of the dot of an error message.
const WRONG: [u8; 3] = [0xff, 0x7d, 0x6b];
/// Colour of the outline of a drop target.
const TEAL: [u8; 3] = [0x5c, 0xc8, 0xc0];
/// Path of a model, from this crate's folder.
const SHIPPED: &str = "../assets/deep-pocket.safetensors";

fn drags_into(script: &str, screen: &Screen) -> Result<()> {
    let rig = Rig::new(screen)?;
    let neighbour = Neighbour::start(script, None)?;
    let card = rig.near_corner(75, 95)?;

    // Escape cancels the drag; the other program sees it enter and leave.
    rig.drag_to(card, neighbour.middle)?;
    neighbour.wait_for_line("over")?;
    rig.press(&[ESCAPE])?;
    neighbour.wait_for_line("away")?;
    rig.release()?;
    pause(500);
    let said = neighbour.unread_lines();
    ensure!(!said.iter().any(|line| line.starts_with("took")), "after Escape: {said:?}");

    rig.drag_to(card, neighbour.middle)?;
    rig.release()?;
    let file = neighbour.received_file()?;
    ensure!(file.parent().is_some_and(|folder| folder.ends_with("Clips")), "{}", file.display());
    let played = without_edges(rig.played()?);
    ensure!(played.len() > 40, "{} notes in four bars", played.len());
    assert_eq!(without_edges(notes_of(&file)?), played);

    // A drop that no program accepts is reported.
    ensure!(rig.count(WRONG)? == 0, "all is well, and yet it says that something is wrong");
    rig.drag_to(card, (800, 1100))?;
    rig.release()?;
    rig.wait_for("a sentence", WRONG, 20)?;
    ensure!(file.is_file(), "{} has gone", file.display());
    Ok(())
}

/// Drags a file from a program to the left or right half of the plugin's window. `hovers` is the
/// colour of the drop target.
fn drop_on(
    rig: &mut Rig<'_>,
    script: &str,
    file: &Path,
    right: bool,
    hovers: [u8; 3],
) -> Result<()> {
    let place = rig.near_corner(if right { 200 } else { 900 }, 300)?;
    let neighbour = Neighbour::start(script, Some(file))?;
    rig.drag_to(neighbour.middle, place)?;
    // The target is highlighted before the drop.
    rig.wait_for("the place where it would go", hovers, 3_000)?;
    rig.release()?;
    neighbour.wait_for_line("done")?;
    until("the window as it was", || Ok(rig.count(hovers)? < 3_000))
}

/// Writes a bar with the low tom on every beat.
fn toms(file: &Path) -> Result<()> {
    let mut steps = vec![Step::SILENT; 16];
    for beat in 0..4 {
        steps[4 * beat].set(Drum::LowTom, Some(Hit::plain(100, 0)));
    }
    let clip = Clip { steps, tempo: SONG.tempo, meter: Meter::FOUR_FOUR };
    Ok(std::fs::write(file, clip.write(&MidiLayout::new("Toms", Drum::PITCHES)))?)
}

fn drops_from(script: &str, screen: &Screen) -> Result<()> {
    let mut rig = Rig::new(screen)?;
    let folder = tempfile::tempdir()?;
    let midi = folder.path().join("Toms, 1 bar.mid");
    toms(&midi)?;
    let value = |rig: &mut Rig<'_>, name: &str| -> Result<f64> {
        SONG.roll_stopped(&mut rig.host, 0.0, SONG.block.into())?;
        let values = rig.host.parameters();
        let value = values.iter().find(|(known, _)| known == name);
        Ok(value.context("a parameter of this name")?.1)
    };

    // Files of other kinds change nothing and are reported.
    let before = rig.host.save()?;
    for (name, what) in [("kick.wav", "no kind that it takes"), ("text.mid", "no MIDI inside")] {
        let file = folder.path().join(name);
        std::fs::write(&file, what)?;
        ensure!(rig.count(WRONG)? == 0, "it says that something is wrong before {name} is there");
        let hovers = if name == "kick.wav" { WRONG } else { TEAL };
        drop_on(&mut rig, script, &file, false, hovers)?;
        rig.wait_for("a sentence", WRONG, 20)?;
        until("the end of the sentence", || Ok(rig.count(WRONG)? == 0))?;
    }
    assert_eq!(rig.host.save()?, before, "a wrong file changes nothing");

    // Left: the generator continues from the file.
    let held = value(&mut rig, "Listen to keys")?;
    drop_on(&mut rig, script, &midi, false, TEAL)?;
    // Play follows Hold in the parameter's range.
    until("the primer", || Ok(value(&mut rig, "Listen to keys")? > held))?;

    // Right: the bar of the file is played, and nothing else.
    drop_on(&mut rig, script, &midi, true, TEAL)?;
    let mut heard = Vec::new();
    until("the hits of the file", || {
        let notes = play(&mut rig.host, &SONG, 0.0, 8.0)?;
        heard = notes.iter().map(|note| note.key).collect();
        Ok(heard.len() == 8 && heard.iter().all(|&key| key == Drum::PITCHES[Drum::LowTom.index()]))
    })
    .with_context(|| format!("it plays {heard:?}"))?;

    // A model is copied into the models folder and played.
    let model = folder.path().join("mine.safetensors");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(SHIPPED), &model)?;
    drop_on(&mut rig, script, &model, true, TEAL)?;
    let data = std::env::var_os("XDG_DATA_HOME").context("a home of its own")?;
    let copy = Path::new(&data).join("Deep Pocket/Models/mine.safetensors");
    until("the copy", || Ok(copy.is_file()))?;
    assert_eq!(std::fs::read(copy)?, std::fs::read(model)?);
    until("the model in the project", || {
        SONG.roll_stopped(&mut rig.host, 0.0, SONG.block.into())?;
        Ok(String::from_utf8_lossy(&rig.host.save()?).contains("mine.safetensors"))
    })
}

#[test]
fn files_are_dropped_from_a_gtk_window() {
    on_screen("files_are_dropped_from_a_gtk_window", |screen| {
        drops_from("gtk.py", screen).unwrap();
    });
}

#[test]
fn files_are_dropped_from_a_qt_window() {
    on_screen("files_are_dropped_from_a_qt_window", |screen| {
        drops_from("qt.py", screen).unwrap();
    });
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
