//! `cargo xtask install`: copies the bundles into this user's plugin folders, or removes them. No
//! administrator rights are needed.

use crate::build::bundle::BuiltPlugin;
use crate::build::files::{copy_tree, file_name, remove_tree};
use anyhow::{Context, Result};
use std::env::consts::OS;
use std::path::{Path, PathBuf};
use xtask::workspace::NAME;

/// Copies all bundles into the user's plugin folders and replaces older ones.
///
/// # Errors
/// If the user has no home folder, or a folder cannot be written.
pub(crate) fn install(built: &BuiltPlugin) -> Result<()> {
    for bundle in built.bundles() {
        let ending = bundle.extension().and_then(|ending| ending.to_str());
        let to = plugin_folder(ending.context("a bundle has no ending")?)?.join(file_name(bundle));
        remove_tree(&to)?;
        copy_tree(bundle, &to)?;
        println!("Installed {}", to.display());
    }
    println!("Rescan the plugins in your host; {NAME} is an instrument.");
    Ok(())
}

/// Removes all bundles from the user's plugin folders.
///
/// # Errors
/// If the user has no home folder, or a bundle cannot be removed.
pub(crate) fn uninstall() -> Result<()> {
    let kinds = ["clap", "vst3", "component"];
    for kind in &kinds[..if OS == "macos" { 3 } else { 2 }] {
        let bundle = plugin_folder(kind)?.join(format!("{NAME}.{kind}"));
        let was = if remove_tree(&bundle)? { "Removed" } else { "Not installed:" };
        println!("{was} {}", bundle.display());
    }
    Ok(())
}

/// Returns the user's plugin folder of a format: "clap", "vst3" or, on macOS, "component".
fn plugin_folder(kind: &str) -> Result<PathBuf> {
    let variable = if OS == "windows" { "LOCALAPPDATA" } else { "HOME" };
    let home = std::env::var_os(variable)
        .filter(|home| !home.is_empty())
        .with_context(|| format!("{variable} is not set, so there is no folder to install into"))?;
    Ok(plugin_folder_of(Path::new(&home), OS, kind))
}

/// Returns a system's plugin folder of a format, as the documents of CLAP, VST3 and Apple define it.
fn plugin_folder_of(home: &Path, os: &str, kind: &str) -> PathBuf {
    let shouted = kind.to_uppercase();
    match os {
        "macos" if kind == "component" => home.join("Library/Audio/Plug-Ins/Components"),
        "macos" => home.join("Library/Audio/Plug-Ins").join(shouted),
        "windows" => home.join("Programs").join("Common").join(shouted),
        _ => home.join(format!(".{kind}")),
    }
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
            ("macos", "component", "/home/me/Library/Audio/Plug-Ins/Components"),
            ("windows", "clap", "/home/me/Programs/Common/CLAP"),
            ("windows", "vst3", "/home/me/Programs/Common/VST3"),
        ] {
            assert_eq!(plugin_folder_of(home, os, kind), Path::new(expected), "{os} {kind}");
        }
    }
}
