//! The trainer's program, run to its end without the data that the machine may have, and clips for
//! it to learn from.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part of this")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use groove::midi::{Clip, Sheet};
use groove::{Drum, Hit, Meter, Step};

/// Writes eight clips of so many steps into a folder, given the step of a clip at a place.
pub fn write_clips(folder: &Path, steps: usize, step: impl Fn(usize, usize) -> Step) {
    for number in 0..8 {
        let steps = (0..steps).map(|at| step(number, at)).collect();
        let clip = Clip { steps, tempo: 100.0, meter: Meter::FOUR_FOUR };
        let written = clip.write(&Sheet::new("clip", Drum::PITCHES));
        fs::write(folder.join(format!("{number}.mid")), written).expect("written");
    }
}

/// A step with those of the drums that are struck, at their velocities.
pub fn step(offset_ticks: i8, drums: &[(Drum, u8, bool)]) -> Step {
    let mut step = Step::SILENT;
    for &(drum, velocity, struck) in drums {
        if struck {
            step.set(drum, Some(Hit { velocity, offset_ticks }));
        }
    }
    step
}

/// The offset of a hit at a place, in ticks: five that go round.
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

/// What it prints, and what it says besides.
pub fn succeed(arguments: &[&str]) -> (String, String) {
    let output = trainer(arguments);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    (text(&output.stdout), said)
}

/// What it says of a fault that it finds.
pub fn fail(arguments: &[&str]) -> String {
    let output = trainer(arguments);
    let said = text(&output.stderr);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert!(!said.contains("panicked"), "{said}");
    said
}
