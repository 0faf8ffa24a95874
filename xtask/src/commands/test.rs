//! `cargo xtask test`: everything that must hold before a change is merged.
//!
//! The fastest checks come first: import rules, formatting, lints, licences. Then the bundles are
//! built, and the tests load them in hosts. The last line counts the tests.

use super::tidy;
use crate::build::{bundle, process, system_packages};
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use xtask::workspace::{BUNDLES_VARIABLE, Workspace};

/// Environment variable with the folder of the Groove MIDI Dataset, for the tests that read it.
const DATA_VARIABLE: &str = "GROOVE_DIR";

/// Folder of the dataset if the variable is not set, relative to the workspace.
const DATA: &str = "../shared/data/groove";

/// Runs every check and test, or only the tests whose names contain the filter.
///
/// # Errors
/// If a check or a test fails or cannot be run.
pub(crate) fn test(workspace: &Workspace, filter: Option<&str>) -> Result<()> {
    system_packages::ensure_installed(system_packages::Purpose::Test)?;
    if filter.is_none() {
        check_style(workspace)?;
    }
    bundle::build_bundles(workspace)?;
    let mut tests = if has_subcommand(workspace, "nextest") {
        workspace.cargo(&["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests=pass"])
    } else {
        println!("cargo-nextest is not installed; running the tests with `cargo test`.");
        let arguments = ["test", "--workspace", "--no-fail-fast", "--lib", "--bins", "--tests"];
        workspace.cargo(&arguments)
    };
    tests.args(filter).env(BUNDLES_VARIABLE, workspace.bundles());
    let data = std::env::var_os(DATA_VARIABLE).map(Into::into).or_else(|| {
        let beside = workspace.root.join(DATA);
        beside.is_dir().then_some(beside)
    });
    if let Some(data) = &data {
        tests.env(DATA_VARIABLE, data);
    }
    let mut counts = run_tests(&mut tests)?;
    // Neither runner above runs the documentation tests.
    let arguments = ["test", "--workspace", "--doc", "--no-fail-fast"];
    counts.add(&run_tests(workspace.cargo(&arguments).args(filter))?);
    if data.is_none() {
        println!(
            "{DATA_VARIABLE} is not set and {DATA} does not exist: the tests that read the Groove \
             MIDI Dataset had nothing to test."
        );
    }
    println!("{counts}");
    ensure!(counts.failed == 0 && counts.succeeded, "Some tests failed; see the lines above.");
    Ok(())
}

/// Loads the VST3 in a third-party host (pedalboard) and compares its output with its output after
/// the project was saved and loaded.
///
/// # Errors
/// If the plugin does not build, the host is not installed, or the outputs differ.
pub(crate) fn daw(workspace: &Workspace) -> Result<()> {
    let built = bundle::build_bundles(workspace)?;
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut host = Command::new(python);
    host.arg(workspace.root.join("xtask/python/juce_host.py")).arg(built.vst3);
    process::run(
        &mut host,
        "The host found a fault or is not installed; see the lines above. Install it with \
         `pip install pedalboard`.",
    )
    .context("The test in a third-party host failed; the variable PYTHON names its Python")
}

/// Runs the checks that need no test: import rules, formatting, lints, and licences.
fn check_style(workspace: &Workspace) -> Result<()> {
    tidy::tidy(workspace)?;
    let checks: [(&str, &str, &[&str], &str); 3] = [
        ("fmt", "the formatting", &["--all", "--check"], "Run `cargo fmt`."),
        (
            "clippy",
            "lints",
            &["--workspace", "--all-targets", "--", "--deny", "warnings"],
            "Fix the lints above.",
        ),
        (
            "deny",
            "licences and sources of packages",
            &["--workspace", "check", "licenses", "bans", "sources"],
            "Change the package, or deny.toml.",
        ),
    ];
    for (subcommand, subject, arguments, remedy) in checks {
        if has_subcommand(workspace, subcommand) {
            process::run(workspace.cargo(&[subcommand]).args(arguments), remedy)?;
        } else {
            println!("cargo {subcommand} is not installed; {subject} could not be checked.");
        }
    }
    Ok(())
}

/// Returns true if Cargo has this subcommand.
fn has_subcommand(workspace: &Workspace, subcommand: &str) -> bool {
    process::succeeds(&mut workspace.cargo(&[subcommand, "--version"]))
}

/// Numbers of tests by result.
#[derive(Debug, PartialEq, Eq)]
struct TestCounts {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// The runner succeeded: everything was built and no test failed.
    succeeded: bool,
}

impl TestCounts {
    fn add(&mut self, other: &TestCounts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.succeeded &= other.succeeded;
    }

    /// Adds the counts of a line of a runner's output, if it is a summary.
    fn read(&mut self, line: &str) {
        // An indented result belongs to a failed test, which nextest counts itself.
        let is_summary =
            line.trim_start().starts_with("Summary [") || line.starts_with("test result:");
        if !is_summary {
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

impl std::fmt::Display for TestCounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let result = if self.failed == 0 && self.succeeded { "ok" } else { "FAILED" };
        let run = self.passed + self.failed;
        write!(
            f,
            "test result: {result}. {run} tests run: {} passed, {} failed, {} skipped",
            self.passed, self.failed, self.skipped
        )
    }
}

/// Runs a test runner, forwards its output, and counts its tests.
fn run_tests(command: &mut Command) -> Result<TestCounts> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("CARGO_TERM_COLOR", "never")
        .spawn()
        .context("`cargo` could not be run")?;
    let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
        bail!("Cargo's output could not be read");
    };
    let errors = std::thread::spawn(move || forward(err));
    let mut counts = TestCounts { passed: 0, failed: 0, skipped: 0, succeeded: true };
    let mut lines = forward(out);
    lines.extend(errors.join().unwrap_or_default());
    lines.iter().for_each(|line| counts.read(line));
    counts.succeeded = child.wait()?.success();
    Ok(counts)
}

/// Prints the lines of a stream as they arrive, and returns them.
fn forward(stream: impl Read) -> Vec<String> {
    BufReader::new(stream)
        .lines()
        .map_while(Result::ok)
        .inspect(|line| println!("{line}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> TestCounts {
        let mut counts = TestCounts { passed: 0, failed: 0, skipped: 0, succeeded: true };
        lines.iter().for_each(|line| counts.read(line));
        counts
    }

    #[test]
    fn summaries_of_both_runners_are_counted() {
        let expected = TestCounts { passed: 15, failed: 2, skipped: 4, succeeded: true };
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
    fn other_lines_are_not_counted() {
        let nothing = TestCounts { passed: 0, failed: 0, skipped: 0, succeeded: true };
        assert_eq!(read(&["running 12 tests", "12 passed the door", "test a ... ok"]), nothing);
        // Output of a failed test, which nextest prints before its own summary.
        assert_eq!(read(&["    test result: FAILED. 0 passed; 1 failed; 0 ignored"]), nothing);
    }

    #[test]
    fn a_runner_that_fails_is_no_success() {
        let mut broken = Command::new("false");
        let counts = run_tests(&mut broken).unwrap();
        assert!(counts.to_string().contains("FAILED"), "{counts}");
    }
}
