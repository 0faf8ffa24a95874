//! `cargo xtask test`: everything that must hold before a change is taken in.
//!
//! First what fails fastest: formatting, import rules. Then the lints, the bundles, and the
//! tests, which load those bundles in hosts. The last line counts the tests.

use crate::{bundle, system, tidy};
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use xtask::workspace::{BUNDLES_VARIABLE, Workspace, cargo};

/// Names the folder of the Groove MIDI Dataset for the tests that read it.
const DATA_VARIABLE: &str = "GROOVE_DIR";

/// Where the dataset is looked for when the variable is not set: beside the workspace.
const DATA: &str = "../shared/data/groove";

/// Runs every check and test, or only the tests whose names contain the filter.
///
/// # Errors
/// A check or a test fails, or could not be run.
pub(crate) fn test(workspace: &Workspace, filter: Option<&str>) -> Result<()> {
    system::provide(system::Purpose::Test)?;
    if filter.is_none() {
        style(workspace)?;
    }
    bundle::bundle(workspace)?;
    let mut run = if has("nextest") {
        let mut run = cargo();
        run.args(["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests=pass"]);
        run
    } else {
        println!("cargo-nextest is not installed; running the tests with `cargo test`.");
        let mut run = cargo();
        run.args(["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"]);
        run
    };
    run.args(filter);
    run.env(BUNDLES_VARIABLE, workspace.bundles());
    let data = std::env::var_os(DATA_VARIABLE).map(Into::into).or_else(|| {
        let beside = workspace.root.join(DATA);
        beside.is_dir().then_some(beside)
    });
    if let Some(data) = &data {
        run.env(DATA_VARIABLE, data);
    }
    let mut tally = counted(in_workspace(&mut run, workspace))?;
    // Neither runner above runs the examples in the documentation.
    let mut examples = cargo();
    examples.args(["test", "--workspace", "--doc", "--no-fail-fast"]).args(filter);
    tally.add(&counted(in_workspace(&mut examples, workspace))?);
    if data.is_none() {
        println!(
            "{DATA_VARIABLE} is not set and {DATA} is not there: the tests that read the Groove \
             MIDI Dataset had nothing to test."
        );
    }
    println!("{tally}");
    ensure!(tally.failed == 0 && tally.sound, "Not everything passed; the lines above say what.");
    Ok(())
}

/// Loads the VST3 in a host that is not ours and holds what it plays against what it plays after
/// its project was saved and loaded.
///
/// # Errors
/// The plugin does not build, that host is not there, or it finds a fault.
pub(crate) fn daw(workspace: &Workspace) -> Result<()> {
    system::provide(system::Purpose::Build)?;
    let built = bundle::bundle(workspace)?;
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut host = Command::new(python);
    host.arg(workspace.root.join("xtask/python/juce_host.py")).arg(built.vst3);
    let status = host.status().context("Python could not be run; the variable PYTHON names it")?;
    ensure!(
        status.success(),
        "The host found a fault, or is not there; the lines above say which. It comes with \
         `pip install pedalboard`."
    );
    Ok(())
}

/// The checks that need no test to run.
fn style(workspace: &Workspace) -> Result<()> {
    tidy::tidy(workspace)?;
    if has("fmt") {
        let mut format = cargo();
        format.args(["fmt", "--all", "--check"]);
        must(in_workspace(&mut format, workspace), "Run `cargo fmt`.")?;
    } else {
        println!("rustfmt is not installed; the formatting was not checked.");
    }
    if has("clippy") {
        let mut lints = cargo();
        lints.args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]);
        must(in_workspace(&mut lints, workspace), "Mend what the lints say.")?;
    } else {
        println!("clippy is not installed; the lints were not checked.");
    }
    if has("deny") {
        let mut deny = cargo();
        deny.args(["deny", "--workspace", "check", "licenses", "bans", "sources"]);
        must(in_workspace(&mut deny, workspace), "Change the package, or deny.toml.")?;
    } else {
        println!("cargo-deny is not installed; licences and sources of packages were not checked.");
    }
    Ok(())
}

fn in_workspace<'a>(command: &'a mut Command, workspace: &Workspace) -> &'a mut Command {
    command.current_dir(&workspace.root).env("CARGO_TARGET_DIR", &workspace.target)
}

fn must(command: &mut Command, remedy: &str) -> Result<()> {
    let status = command.status().context("Cargo could not be run")?;
    ensure!(status.success(), "{remedy}");
    Ok(())
}

/// Whether Cargo has this subcommand.
fn has(subcommand: &str) -> bool {
    let mut asked = cargo();
    asked.args([subcommand, "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// How many tests ran, and how they went.
#[derive(Debug, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// The runner itself was content: it built everything and no test failed.
    sound: bool,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.sound &= other.sound;
    }

    /// Counts what a line of a runner's output says, if it is one that counts.
    fn read(&mut self, line: &str) {
        // An indented result is that of a test which failed, and which nextest counts itself.
        let counts = line.trim_start().starts_with("Summary [") || line.starts_with("test result:");
        if !counts {
            return;
        }
        // "12 passed (1 slow), 1 failed, 3 skipped" and "12 passed; 1 failed; 3 ignored".
        let words: Vec<&str> = line.split_whitespace().collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<u64>() else { continue };
            match pair[1].trim_matches(|c: char| !c.is_alphabetic()) {
                "passed" => self.passed += count,
                "failed" | "timed" => self.failed += count,
                "skipped" | "ignored" => self.skipped += count,
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let result = if self.failed == 0 && self.sound { "ok" } else { "FAILED" };
        let run = self.passed + self.failed;
        write!(
            f,
            "test result: {result}. {run} tests run: {} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Runs a test runner, passes on what it prints, and counts.
fn counted(command: &mut Command) -> Result<Tally> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("CARGO_TERM_COLOR", "never")
        .spawn()
        .context("Cargo could not be run")?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("Cargo's output could not be read");
    };
    let errors = std::thread::spawn(move || passed_on(err));
    let mut tally = Tally { passed: 0, failed: 0, skipped: 0, sound: true };
    let mut lines = passed_on(out);
    lines.extend(errors.join().unwrap_or_default());
    lines.iter().for_each(|line| tally.read(line));
    tally.sound = child.wait()?.success();
    Ok(tally)
}

/// Prints a stream as it comes, and returns its lines.
fn passed_on(stream: impl Read) -> Vec<String> {
    BufReader::new(stream)
        .lines()
        .map_while(Result::ok)
        .inspect(|line| println!("{line}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Tally {
        let mut tally = Tally { passed: 0, failed: 0, skipped: 0, sound: true };
        lines.iter().for_each(|line| tally.read(line));
        tally
    }

    #[test]
    fn the_lines_of_both_runners_are_counted() {
        let expected = Tally { passed: 15, failed: 2, skipped: 4, sound: true };
        let nextest =
            "     Summary [   3.145s] 17 tests run: 15 passed (1 slow), 2 failed, 4 skipped";
        assert_eq!(read(&[nextest]), expected);
        let cargo = [
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished",
            "test result: FAILED. 3 passed; 2 failed; 3 ignored; 0 measured; 7 filtered out",
        ];
        assert_eq!(read(&cargo), expected);
    }

    #[test]
    fn other_lines_are_not() {
        let nothing = Tally { passed: 0, failed: 0, skipped: 0, sound: true };
        assert_eq!(read(&["running 12 tests", "12 passed the door", "test a ... ok"]), nothing);
        // What nextest shows of a test that failed, before its own summary.
        assert_eq!(read(&["    test result: FAILED. 0 passed; 1 failed; 0 ignored"]), nothing);
    }

    #[test]
    fn a_runner_that_breaks_is_no_success() {
        let mut broken = Command::new("false");
        let tally = counted(&mut broken).unwrap();
        assert!(tally.to_string().contains("FAILED"), "{tally}");
    }
}
