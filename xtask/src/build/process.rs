//! Running programs.

use anyhow::{Context, Result, ensure};
use std::process::{Command, ExitStatus, Output, Stdio};

/// Runs a command to its end.
///
/// # Errors
/// If the program cannot be started, or exits with a failure: then the message is `failure`.
pub(crate) fn run(command: &mut Command, failure: &str) -> Result<()> {
    ensure!(status(command)?.success(), "{failure}");
    Ok(())
}

/// Runs a command to its end and returns its exit status.
///
/// # Errors
/// If the program cannot be started.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    command.status().with_context(|| not_started(command))
}

/// Runs a command to its end and captures its output.
///
/// # Errors
/// If the program cannot be started.
pub(crate) fn capture(command: &mut Command) -> Result<Output> {
    command.output().with_context(|| not_started(command))
}

/// Returns an answer of `rustc --print`.
///
/// # Errors
/// If the compiler cannot be run or has no answer.
pub(crate) fn rustc_print(arguments: &[&str]) -> Result<String> {
    print(Command::new("rustc").arg("--print").args(arguments))
}

/// Runs a command and returns the line that it prints.
///
/// # Errors
/// If the program cannot be started or fails.
pub(crate) fn print(command: &mut Command) -> Result<String> {
    let Output { status, stdout, stderr } = capture(command)?;
    ensure!(status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&stderr).trim());
    Ok(String::from_utf8(stdout)?.trim().to_owned())
}

/// Returns true if a program can be started and exits successfully; its output is discarded.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Error sentence for a program that could not be started.
fn not_started(command: &Command) -> String {
    format!("`{}` could not be run", command.get_program().to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_returns_the_given_message() {
        let error = run(&mut Command::new("false"), "The build failed.").unwrap_err();
        assert_eq!(error.to_string(), "The build failed.");
        assert!(run(&mut Command::new("true"), "").is_ok());
    }

    #[test]
    fn a_missing_program_is_named() {
        let mut command = Command::new("no-such-program-anywhere");
        assert!(!succeeds(&mut command));
        let error = run(&mut command, "").unwrap_err();
        assert!(error.to_string().contains("no-such-program-anywhere"), "{error}");
    }
}
