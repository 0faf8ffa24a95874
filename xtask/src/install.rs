//! Puts the bundles into the folders where this user's hosts look for plugins, and takes them
//! away. Folders for all users are left alone: nothing here needs an administrator.

use crate::bundle::{Built, place};
use anyhow::{Context, Result};
use std::env::consts::OS;
use std::fs;
use std::path::{Path, PathBuf};
use xtask::workspace::NAME;

/// Copies both bundles into the user's plugin folders, in place of what is there.
///
/// # Errors
/// The user has no home folder, or a folder cannot be written.
pub(crate) fn install(built: &Built) -> Result<()> {
    for (bundle, folder) in [(&built.clap, folder("clap")?), (&built.vst3, folder("vst3")?)] {
        let name = bundle.file_name().context("a bundle has no name")?;
        let to = folder.join(name);
        remove(&to)?;
        copy(bundle, &to)?;
        println!("Installed {}", to.display());
    }
    println!("Have your host scan its plugins again, and look for {NAME} among the instruments.");
    Ok(())
}

/// Takes both bundles out of the user's plugin folders.
///
/// # Errors
/// The user has no home folder, or a bundle cannot be removed.
pub(crate) fn uninstall() -> Result<()> {
    for kind in ["clap", "vst3"] {
        let bundle = folder(kind)?.join(format!("{NAME}.{kind}"));
        let was = if remove(&bundle)? { "Removed" } else { "Not there:" };
        println!("{was} {}", bundle.display());
    }
    Ok(())
}

/// The user's folder for plugins of a kind, "clap" or "vst3".
fn folder(kind: &str) -> Result<PathBuf> {
    let variable = if OS == "windows" { "LOCALAPPDATA" } else { "HOME" };
    let home = std::env::var_os(variable)
        .filter(|home| !home.is_empty())
        .with_context(|| format!("{variable} is not set, so there is no folder to install into"))?;
    Ok(folder_of(Path::new(&home), OS, kind))
}

/// Where hosts of this system look, as the two formats' documents say.
fn folder_of(home: &Path, os: &str, kind: &str) -> PathBuf {
    let shouted = kind.to_uppercase();
    match os {
        "macos" => home.join("Library/Audio/Plug-Ins").join(shouted),
        "windows" => home.join("Programs").join("Common").join(shouted),
        _ => home.join(format!(".{kind}")),
    }
}

/// Removes a file or a folder; says whether there was one.
fn remove(path: &Path) -> Result<bool> {
    let Ok(kind) = path.symlink_metadata() else { return Ok(false) };
    let removed = if kind.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("{} could not be removed", path.display()))?;
    Ok(true)
}

/// Copies a file, or a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return place(from, to);
    }
    for entry in fs::read_dir(from).with_context(|| format!("{} is gone", from.display()))? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_folders() {
        let home = Path::new("/home/me");
        for (os, kind, expected) in [
            ("linux", "clap", "/home/me/.clap"),
            ("linux", "vst3", "/home/me/.vst3"),
            ("macos", "clap", "/home/me/Library/Audio/Plug-Ins/CLAP"),
            ("macos", "vst3", "/home/me/Library/Audio/Plug-Ins/VST3"),
            ("windows", "clap", "/home/me/Programs/Common/CLAP"),
            ("windows", "vst3", "/home/me/Programs/Common/VST3"),
        ] {
            assert_eq!(folder_of(home, os, kind), Path::new(expected), "{os} {kind}");
        }
    }

    #[test]
    fn a_folder_is_copied_whole_and_removed_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("Contents/x")).unwrap();
        fs::write(from.join("Contents/x/library.so"), "bytes").unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("Contents/x/library.so")).unwrap(), "bytes");
        assert!(remove(&to).unwrap());
        assert!(!to.exists());
        assert!(!remove(&to).unwrap());
    }
}
