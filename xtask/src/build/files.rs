//! Copying and removing files and folders.

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::Path;
use tempfile::NamedTempFile;

/// Copies a file and creates the folders of the target. The copy replaces an older one atomically;
/// a host that has the older one open keeps it.
pub(crate) fn copy_file(from: &Path, to: &Path) -> Result<()> {
    let failed = || format!("{} could not be copied to {}", from.display(), to.display());
    let folder = to.parent().with_context(failed)?;
    fs::create_dir_all(folder).with_context(failed)?;
    let fresh = NamedTempFile::new_in(folder).with_context(failed)?.into_temp_path();
    fs::copy(from, &fresh).with_context(failed)?;
    fresh.persist(to).with_context(failed)
}

/// Returns the SHA-256 of bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the last part of a path.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Removes a file or a folder; returns false if there was none.
pub(crate) fn remove_tree(path: &Path) -> Result<bool> {
    let Ok(kind) = path.symlink_metadata() else { return Ok(false) };
    let removed = if kind.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("{} could not be removed", path.display()))?;
    Ok(true)
}

/// Copies a file, or a folder with its contents.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return copy_file(from, to);
    }
    for entry in
        fs::read_dir(from).with_context(|| format!("{} could not be read", from.display()))?
    {
        let entry = entry?;
        copy_tree(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_file_replaces_the_old_one_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("a/b/to.so"));
        for contents in ["one", "two"] {
            fs::write(&from, contents).unwrap();
            copy_file(&from, &to).unwrap();
            assert_eq!(fs::read_to_string(&to).unwrap(), contents);
        }
        assert_eq!(fs::read_dir(to.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_source_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error =
            copy_file(&folder.path().join("absent.so"), &folder.path().join("to")).unwrap_err();
        assert!(error.to_string().contains("absent.so"), "{error}");
    }

    #[test]
    fn a_folder_is_copied_and_removed_with_its_contents() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("Contents/x")).unwrap();
        fs::write(from.join("Contents/x/library.so"), "bytes").unwrap();
        copy_tree(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("Contents/x/library.so")).unwrap(), "bytes");
        assert!(remove_tree(&to).unwrap());
        assert!(!to.exists());
        assert!(!remove_tree(&to).unwrap());
    }
}
