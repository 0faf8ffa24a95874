//! Atomic replacement of files.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// Writes a file atomically: to a temporary file beside it first, which then replaces it. Creates
/// the folder if necessary.
///
/// # Errors
/// Returns the system's error; an existing file is kept.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)?;
    let mut beside = temporary_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(path)?;
    Ok(())
}

/// Creates a temporary file with the permissions of an ordinary new one.
fn temporary_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_no_temporary_file_is_left() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("a/settings.json");
        for text in ["one", "another"] {
            write_atomic(&path, text.as_bytes()).expect("written");
            assert_eq!(fs::read_to_string(&path).expect("text"), text);
        }
        assert_eq!(fs::read_dir(root.path().join("a")).expect("a folder").count(), 1);
        let fresh = root.path().join("fresh");
        fs::write(&fresh, "").expect("written");
        let permissions = |path: &Path| fs::metadata(path).expect("a file").permissions();
        assert_eq!(permissions(&path), permissions(&fresh));
        assert!(write_atomic(&path.join("below a file"), b"").is_err());
    }
}
