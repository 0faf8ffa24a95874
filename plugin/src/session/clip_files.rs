//! Exported clip files. Dragged clips are stored in the user's data folder instead of a temporary
//! one, because a host may read a clip from there as long as its project exists.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Number of newest clips that are always kept.
const NEWEST: usize = 200;
/// Minimum age of other clips before they are deleted.
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Stores a clip for dragging and returns its path. See [`write`] for existing files. Deletes clips
/// older than a month, except the newest two hundred.
///
/// # Errors
/// Returns a message if the folder or the file cannot be written.
pub fn keep(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, String> {
    let file = write(folder, name, bytes)?;
    // Cleaning is retried next time.
    drop(clean(folder, &file, SystemTime::now()));
    Ok(file)
}

/// Writes a file into a folder and returns its path. `name` has an extension. Creates the folder if
/// necessary. If a file of that name has other contents, the new file gets a number.
///
/// # Errors
/// Returns a message if the folder or the file cannot be written.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, String> {
    let failed = |path: &Path, fault: std::io::Error| {
        format!("{} could not be written: {fault}.", path.display())
    };
    fs::create_dir_all(folder).map_err(|fault| failed(folder, fault))?;
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "mid"));
    let mut number = 1;
    loop {
        let name = if number == 1 { name.to_owned() } else { format!("{stem}-{number}.{ending}") };
        let file = folder.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&file) {
            Ok(mut open) => {
                open.write_all(bytes).map_err(|fault| failed(&file, fault))?;
                return Ok(file);
            }
            Err(fault) if fault.kind() == ErrorKind::AlreadyExists => {
                if fs::read(&file).is_ok_and(|there| there == bytes) {
                    return Ok(file);
                }
                number += 1;
            }
            Err(fault) => return Err(failed(&file, fault)),
        }
    }
}

/// Deletes old clips except `except`.
fn clean(folder: &Path, except: &Path, now: SystemTime) -> std::io::Result<()> {
    let mut clips = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        clips.push((entry.metadata()?.modified()?, entry.path()));
    }
    clips.sort_by(|one, other| other.cmp(one));
    for (written, file) in clips.into_iter().skip(NEWEST) {
        if file != except && now.duration_since(written).is_ok_and(|age| age > MONTH) {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_dragged_clip_is_never_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("data/clips");
        let first = keep(&folder, "rock.mid", b"one").unwrap();
        assert_eq!(first, keep(&folder, "rock.mid", b"one").unwrap());
        let second = keep(&folder, "rock.mid", b"two").unwrap();
        assert_eq!(second, keep(&folder, "rock.mid", b"two").unwrap());
        assert_eq!(names(&folder), ["rock-2.mid", "rock.mid"]);
        assert_eq!(
            (fs::read(first).unwrap(), fs::read(second).unwrap()),
            (b"one".into(), b"two".into())
        );
    }

    #[test]
    fn an_unwritable_folder_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("file");
        fs::write(&file, b"").unwrap();
        let fault = keep(&file.join("clips"), "rock.mid", b"one").unwrap_err();
        assert!(fault.contains("clips could not be written"), "{fault}");
    }

    #[test]
    fn only_old_clips_beyond_the_newest_are_deleted() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path();
        let now = SystemTime::now();
        let write = |name: &str, age: Duration| {
            let file = fs::File::create(folder.join(name)).unwrap();
            file.set_modified(now - age).unwrap();
        };
        write("oldest.mid", 3 * MONTH);
        write("dragged now.mid", 3 * MONTH);
        write("old.mid", 2 * MONTH);
        for number in 0..NEWEST - 1 {
            write(&format!("{number}.mid"), MONTH + Duration::from_secs(60));
        }
        clean(folder, &folder.join("dragged now.mid"), now).unwrap();
        // The newest two hundred stay although they are older than a month.
        let left = names(folder);
        assert_eq!(left.len(), NEWEST + 1);
        assert!(!left.contains(&"oldest.mid".to_owned()));
        assert!(
            left.contains(&"dragged now.mid".to_owned()) && left.contains(&"old.mid".to_owned())
        );
        write("young.mid", Duration::ZERO);
        write("younger.mid", Duration::ZERO);
        clean(folder, &folder.join("young.mid"), now).unwrap();
        assert!(!names(folder).contains(&"old.mid".to_owned()));
        // Beyond the newest, only old clips are deleted.
        for number in 0..NEWEST {
            write(&format!("new {number}.mid"), Duration::ZERO);
            write(&format!("{number}.mid"), MONTH / 2);
        }
        clean(folder, &folder.join("young.mid"), now).unwrap();
        assert!(names(folder).len() >= 2 * NEWEST);
    }
}
