//! Runs the trainer without the real data, and writes clips for it.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part of this")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use groove::pattern::midi::{Clip, MidiLayout};
use groove::{Drum, Hit, Meter, Step};

/// Writes eight clips into a folder, given the step of a clip at a place.
pub fn write_clips(folder: &Path, steps: usize, step: impl Fn(usize, usize) -> Step) {
    for number in 0..8 {
        let steps = (0..steps).map(|at| step(number, at)).collect();
        let clip = Clip { steps, tempo: 100.0, meter: Meter::FOUR_FOUR };
        let written = clip.write(&MidiLayout::new("clip", Drum::PITCHES));
        fs::write(folder.join(format!("{number}.mid")), written).expect("written");
    }
}

/// A step with the drums that are struck, at their velocities.
pub fn step(offset_ticks: i8, drums: &[(Drum, u8, bool)]) -> Step {
    let mut step = Step::SILENT;
    for &(drum, velocity, struck) in drums {
        if struck {
            step.set(drum, Some(Hit::plain(velocity, offset_ticks)));
        }
    }
    step
}

/// Offset of a hit at a place, in ticks: a cycle of five.
pub fn offset_at(at: usize) -> i8 {
    i8::try_from(at % 5).expect("small") * 3 - 6
}

fn trainer(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trainer"))
        .args(arguments)
        .env_remove("GROOVE_DIR")
        .output()
        .expect("the trainer runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the trainer; returns its standard output and standard error.
pub fn succeed(arguments: &[&str]) -> (String, String) {
    let output = trainer(arguments);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    (text(&output.stdout), said)
}

/// Runs the trainer, which must fail; returns its standard error.
pub fn fail(arguments: &[&str]) -> String {
    let output = trainer(arguments);
    let said = text(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert!(!said.contains("panicked"), "{said}");
    said
}
