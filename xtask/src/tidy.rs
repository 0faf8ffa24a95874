//! `cargo xtask tidy`: the rules of the house that a compiler does not check.
//!
//! Who may name whom: the musical engine knows no plugin framework and no window; the model's
//! mathematics stay in the model; the audio half of the plugin knows neither the thread that
//! thinks nor the window; the window knows neither of those; plugin and trainer are strangers.
//! And a file that has grown too long to be read in one sitting is split.

use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use xtask::workspace::Workspace;

/// Longest file, in lines.
const LONGEST: usize = 600;

/// In files whose path starts so, these names must not stand.
struct Rule {
    /// Path from the workspace's root, with forward slashes.
    within: &'static str,
    /// Paths that the rule leaves alone although they start like `within`.
    except: &'static [&'static str],
    /// Names that must not stand there, as whole words.
    names: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        within: "groove/src/",
        except: &["groove/src/model", "groove/src/step"],
        names: &["candle_core", "candle_nn"],
    },
    Rule {
        within: "groove/",
        except: &[],
        names: &["nice_plug", "nice_plug_egui", "egui", "deep_pocket::", "trainer::"],
    },
    Rule {
        within: "groove/src/clock",
        except: &[],
        names: &["crate::model", "crate::generate", "crate::encode", "crate::midi"],
    },
    Rule {
        within: "groove/src/schedule",
        except: &[],
        names: &["crate::model", "crate::generate", "crate::encode", "crate::midi"],
    },
    Rule { within: "plugin/", except: &[], names: &["candle_core", "candle_nn", "trainer::"] },
    Rule {
        within: "plugin/src/audio",
        except: &[],
        names: &["crate::worker", "crate::editor", "egui", "nice_plug_egui"],
    },
    Rule {
        within: "plugin/src/editor",
        except: &[],
        names: &["crate::worker", "crate::audio", "groove::model", "groove::generate"],
    },
    Rule {
        within: "plugin/src/session",
        except: &[],
        names: &["crate::worker", "crate::audio", "groove::model", "groove::generate", "egui"],
    },
    Rule {
        within: "plugin/src/worker",
        except: &[],
        names: &["crate::audio", "crate::editor", "egui"],
    },
    Rule { within: "trainer/", except: &[], names: &["deep_pocket::", "nice_plug"] },
    Rule {
        within: "xtask/",
        except: &["xtask/src/tidy.rs"],
        names: &["deep_pocket::", "trainer::"],
    },
];

/// Checks every Rust file of the workspace.
///
/// # Errors
/// A rule is broken; the message names file, line and rule.
pub(crate) fn tidy(workspace: &Workspace) -> Result<()> {
    let mut faults = Vec::new();
    let mut files = 0;
    for member in ["groove", "plugin", "trainer", "xtask"] {
        for file in rust_files(&workspace.root.join(member))? {
            let text = fs::read_to_string(&file)
                .with_context(|| format!("{} could not be read", file.display()))?;
            let path = file.strip_prefix(&workspace.root)?.to_string_lossy().replace('\\', "/");
            faults.extend(faults_of(&path, &text));
            files += 1;
        }
    }
    ensure!(faults.is_empty(), "{}", faults.join("\n"));
    println!("{files} files are tidy.");
    Ok(())
}

fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} is missing", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// What is wrong with one file, a sentence each.
fn faults_of(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > LONGEST {
        faults
            .push(format!("{path} has {lines} lines: split it (the longest may have {LONGEST})."));
    }
    if !text.starts_with("//!") {
        faults.push(format!("{path} does not begin by saying what it is for (`//!`)."));
    }
    for rule in RULES.iter().filter(|rule| {
        path.starts_with(rule.within) && !rule.except.iter().any(|except| path.starts_with(except))
    }) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for name in rule.names.iter().filter(|name| has_word(code, name)) {
                faults.push(format!("{path}:{}: `{name}` must not be named here.", number + 1));
            }
        }
    }
    faults
}

/// Whether the name stands in the line with no letter, digit or underscore joined to it.
fn has_word(line: &str, name: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        !line[..at].ends_with(joins)
            && (name.ends_with(':') || !line[at + name.len()..].starts_with(joins))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_import_is_found_and_the_same_word_elsewhere_is_not() {
        let text = "//! What it is for.\nuse crate::worker::Worker;\n";
        assert_eq!(faults_of("plugin/src/audio/engine.rs", text).len(), 1);
        assert!(faults_of("plugin/src/lib.rs", text).is_empty());
        let text = "//! Names crate::worker.\n// crate::worker\nuse crate::workers;\n";
        assert!(faults_of("plugin/src/audio/engine.rs", text).is_empty());
    }

    #[test]
    fn candle_may_be_named_in_the_model_only() {
        let text = "//! What it is for.\nuse candle_core::Tensor;\n";
        assert!(faults_of("groove/src/model.rs", text).is_empty());
        assert!(faults_of("groove/src/model/lstm.rs", text).is_empty());
        assert_eq!(faults_of("groove/src/generate.rs", text).len(), 1);
        assert_eq!(faults_of("plugin/src/worker.rs", text).len(), 1);
    }

    #[test]
    fn a_long_file_and_one_without_a_purpose_are_found() {
        assert_eq!(faults_of("groove/src/a.rs", "fn a() {}\n").len(), 1);
        let long = format!("//! Long.\n{}", "\n".repeat(LONGEST));
        assert_eq!(faults_of("groove/src/a.rs", &long).len(), 1);
    }
}
