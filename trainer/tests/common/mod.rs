//! The trainer's program, run to its end without the data that the machine may have.

use std::process::{Command, Output};

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
