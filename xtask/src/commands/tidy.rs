//! `cargo xtask tidy`: rules of the workspace that the compiler does not check.
//!
//! - [`circles`]: no files of a crate import each other in a circle.
//! - [`layers`]: imports between the folders of a crate, and names that a path must not contain.
//! - [`limits`]: length of files, size of folders, and openings of comments.
//!
//! [`imports`] finds the imports; test code (`#[cfg(test)]`, `tests/`) has none in this sense.

mod circles;
mod imports;
mod layers;
mod limits;
mod source;
mod syntax;

use anyhow::{Result, ensure};
use imports::ImportGraph;
use layers::MEMBERS;
use limits::Limits;
use source::{RustFile, read_sources};
use xtask::workspace::Workspace;

/// Checks every Rust file of the workspace.
///
/// # Errors
/// If a rule is broken; the message lists every violation.
pub(crate) fn tidy(workspace: &Workspace) -> Result<()> {
    let mut files = Vec::new();
    for member in MEMBERS {
        files.extend(read_sources(&workspace.root, member.folder)?);
    }
    let violations = violations(&files, &limits::WORKSPACE);
    ensure!(violations.is_empty(), "{}", violations.join("\n"));
    println!("{} files are tidy.", files.len());
    Ok(())
}

/// Returns all violations, one sentence each.
fn violations(files: &[RustFile], limits: &Limits) -> Vec<String> {
    let mut found = limits::check(files, limits);
    let mut circles = Vec::new();
    for member in MEMBERS {
        let graph = ImportGraph::new(files, member.folder, member.library);
        found.extend(layers::check_folders(&graph, member));
        circles.extend(circles::find(&graph));
    }
    if circles.len() > limits.circles {
        found.append(&mut circles);
    }
    found.extend(files.iter().flat_map(layers::check_names));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Writes files into a temporary workspace and reads those of a member.
    fn sources(files: &[(&str, &str)]) -> Vec<RustFile> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        read_sources(root.path(), "xtask").unwrap()
    }

    #[test]
    fn a_tree_with_one_violation_of_each_kind_reports_each() {
        let files = sources(&[
            ("xtask/src/lib.rs", "//! Root.\npub mod host;\npub mod workspace;\n"),
            ("xtask/src/host.rs", "//! Host.\nmod a;\nmod b;\nuse crate::workspace::X;\n"),
            ("xtask/src/host/a.rs", "//! A.\nuse super::b::B;\npub struct A;\n"),
            ("xtask/src/host/b.rs", "//! B.\nuse super::a::A;\npub struct B;\n"),
            ("xtask/src/workspace.rs", "pub struct X;\n/// Whether it is so.\nfn f() {}\n"),
            ("xtask/tests/long.rs", "//! Long.\n\n\n\n\n"),
            ("xtask/README.md", "Not Rust."),
        ]);
        let limits = Limits { circles: 0, comment_openings: 0, file_lines: 4, folder_files: 2 };
        let found = violations(&files, &limits);
        let has = |part: &str| found.iter().any(|sentence| sentence.contains(part));
        assert!(has("xtask/src/host/a.rs -> xtask/src/host/b.rs -> xtask/src/host/a.rs"));
        assert!(has("xtask/src/host.rs: `host` must not import `workspace`"), "{found:?}");
        assert!(has("xtask/tests/long.rs has 5 lines"), "{found:?}");
        assert!(has("xtask/src has 3 files"), "{found:?}");
        assert!(has("1 comments open with"), "{found:?}");
        assert!(has("xtask/src/workspace.rs does not begin with"), "{found:?}");
        assert_eq!(found.len(), 6, "{found:?}");
    }

    #[test]
    fn the_workspace_is_tidy() {
        let workspace = Workspace::find().unwrap();
        tidy(&workspace).unwrap_or_else(|error| panic!("{error}"));
    }
}
