//! Limits on the openings of comments, the length of files, and the size of folders.

use super::source::RustFile;
use std::collections::BTreeMap;
use std::path::Path;

/// Words that no comment opens with: a comment opens with a noun phrase or a verb.
const OPENINGS: [&str; 7] = ["What", "Whether", "Where", "Who", "When", "How", "That"];

/// Limits of the workspace.
pub(crate) struct Limits {
    /// Groups of files that import each other.
    pub(crate) circles: usize,
    /// Comments in the whole workspace that open with one of [`OPENINGS`].
    pub(crate) comment_openings: usize,
    /// Lines of a file.
    pub(crate) file_lines: usize,
    /// Rust files in a folder of sources, folders below it aside.
    pub(crate) folder_files: usize,
}

/// Limits that `cargo xtask tidy` applies.
pub(crate) const WORKSPACE: Limits =
    Limits { circles: 0, comment_openings: 60, file_lines: 450, folder_files: 14 };

/// Returns the violations of the limits, one sentence each.
pub(crate) fn check(files: &[RustFile], limits: &Limits) -> Vec<String> {
    let mut found = Vec::new();
    for RustFile { path, text } in files {
        let lines = text.lines().count();
        if lines > limits.file_lines {
            found.push(format!(
                "{path} has {lines} lines: split it (the limit is {}).",
                limits.file_lines
            ));
        }
        if !text.starts_with("//!") {
            found.push(format!("{path} does not begin with its purpose (`//!`)."));
        }
    }
    for (folder, count) in source_folders(files) {
        if count > limits.folder_files {
            let limit = limits.folder_files;
            found.push(format!("{folder} has {count} files: group them (the limit is {limit})."));
        }
    }
    found.extend(check_openings(files, limits.comment_openings));
    found
}

/// Returns the number of Rust files of each folder below a `src` folder.
fn source_folders(files: &[RustFile]) -> BTreeMap<String, usize> {
    let mut folders = BTreeMap::new();
    for file in files {
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        if folder.iter().any(|part| part == "src") {
            *folders.entry(folder.to_string_lossy().into_owned()).or_default() += 1;
        }
    }
    folders
}

/// Returns a sentence that lists the comments with an opening, if they are more than the limit.
fn check_openings(files: &[RustFile], limit: usize) -> Option<String> {
    let lines = files.iter().flat_map(|file| {
        let numbered = file.text.lines().enumerate();
        let opens = numbered.filter(|(_, line)| opens_with_a_question(line));
        opens.map(move |(number, line)| format!("{}:{}: {}", file.path, number + 1, line.trim()))
    });
    let lines: Vec<String> = lines.collect();
    (lines.len() > limit).then(|| {
        format!(
            "{} comments open with {} (the limit is {limit}):\n{}",
            lines.len(),
            OPENINGS.join(", "),
            lines.join("\n")
        )
    })
}

/// Returns true for a line that is a comment and opens with one of [`OPENINGS`].
fn opens_with_a_question(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("//") else { return false };
    let comment = comment.strip_prefix(['/', '!']).unwrap_or(comment).trim_start_matches(' ');
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let word = comment.find(|c| !is_word(c)).map_or(comment, |end| &comment[..end]);
    OPENINGS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> RustFile {
        RustFile { path: path.into(), text: text.into() }
    }

    const LIMITS: Limits =
        Limits { circles: 0, comment_openings: 1, file_lines: 3, folder_files: 2 };

    #[test]
    fn a_long_file_is_found() {
        let text = "//! Long.\n\n\n\n";
        let found = check(&[file("a/src/b.rs", text)], &LIMITS);
        assert_eq!(found, ["a/src/b.rs has 4 lines: split it (the limit is 3)."]);
    }

    #[test]
    fn a_file_without_a_purpose_is_found() {
        assert_eq!(check(&[file("a/src/b.rs", "fn f() {}\n")], &LIMITS).len(), 1);
    }

    #[test]
    fn a_large_source_folder_is_found_and_one_of_tests_is_not() {
        let flat = ["a/src/x/1.rs", "a/src/x/2.rs", "a/src/x/y/3.rs"];
        let mut files: Vec<_> = flat.iter().map(|path| file(path, "//! A.\n")).collect();
        assert!(check(&files, &LIMITS).is_empty());
        files.push(file("a/src/x/4.rs", "//! A.\n"));
        assert_eq!(check(&files, &LIMITS), ["a/src/x has 3 files: group them (the limit is 2)."]);
        let tests: Vec<_> = (0..9).map(|at| file(&format!("a/tests/{at}.rs"), "//! A.")).collect();
        assert!(check(&tests, &LIMITS).is_empty());
    }

    #[test]
    fn comments_that_open_with_a_question_are_counted() {
        for line in ["/// What it is.", "    //! Who", "//How?", "//   When: now", "/// That's it."]
        {
            assert!(opens_with_a_question(line), "{line}");
        }
        for line in ["/// Whatever.", "let what = 1; // What", "/// The way: How.", "////What", ""]
        {
            assert!(!opens_with_a_question(line), "{line}");
        }
        let files = [file("a.rs", "//! A.\n// What\n"), file("b.rs", "//! B.\n/// How\n")];
        let [found] = &check(&files, &LIMITS)[..] else { panic!("one sentence") };
        assert!(found.starts_with("2 comments") && found.contains("b.rs:2: /// How"), "{found}");
    }
}
