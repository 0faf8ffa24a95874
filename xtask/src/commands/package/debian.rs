//! Debian package: the bundles where hosts look for them, and the standalone program with its
//! desktop entry, icon and man page.

use crate::build::files::copy_tree;
use crate::build::process;
use anyhow::{Context, Result, bail, ensure};
use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use walkdir::WalkDir;

/// Libraries that the program links to, and that the window opens at run time. The C library is
/// added with the version that the files need.
const DEPENDS: &str = "libasound2 | libasound2t64, libx11-6, libx11-xcb1, libxcb1, libxkbcommon0, \
    libxkbcommon-x11-0, libegl1, libgl1";

/// Without JACK the program uses ALSA.
const RECOMMENDS: &str = "libgl1-mesa-dri, libjack-jackd2-0 | libjack0 | pipewire-jack";

/// Files of the package besides the bundles: path from the workspace's root, and in the system.
const DESKTOP: [(&str, &str); 3] = [
    (
        "assets/desktop/org.deeppocket.DeepPocket.desktop",
        "usr/share/applications/org.deeppocket.DeepPocket.desktop",
    ),
    (
        "assets/desktop/org.deeppocket.DeepPocket.metainfo.xml",
        "usr/share/metainfo/org.deeppocket.DeepPocket.metainfo.xml",
    ),
    ("assets/desktop/deep-pocket.svg", "usr/share/icons/hicolor/scalable/apps/deep-pocket.svg"),
];

const MAN_PAGE: &str = "usr/share/man/man1/deep-pocket.1";

/// Writes the package beside the unpacked archive, from the files of which it is made. Returns
/// `None` on systems without `dpkg-deb`.
///
/// # Errors
/// If the files cannot be copied or the package cannot be written.
pub(super) fn write(root: &Path, packages: &Path, archive: &Path) -> Result<Option<PathBuf>> {
    if !process::succeeds(Command::new("dpkg-deb").arg("--version")) {
        return Ok(None);
    }
    let architecture = match ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => bail!("Debian's name for {other} is not known here."),
    };
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("deep-pocket_{version}_{architecture}");
    let folder = packages.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for entry in fs::read_dir(archive)? {
        let path = entry?.path();
        let name = path.file_name().context("a file has no name")?.to_string_lossy().into_owned();
        let place = match name.as_str() {
            "Deep Pocket.clap" => "usr/lib/clap",
            "Deep Pocket.vst3" => "usr/lib/vst3",
            "deep-pocket" => "usr/bin",
            "install.sh" | "README.txt" => continue,
            _ => "usr/share/doc/deep-pocket",
        };
        copy_tree(&path, &folder.join(place).join(name))?;
    }
    for (from, to) in DESKTOP {
        copy_tree(&root.join(from), &folder.join(to))?;
    }
    copy_tree(&root.join("assets/desktop/deep-pocket.1"), &folder.join(MAN_PAGE))?;
    let mut gzip = Command::new("gzip");
    process::run(gzip.arg("-9n").arg(folder.join(MAN_PAGE)), "The man page is not compressed.")?;
    fs::write(folder.join("usr/share/doc/deep-pocket/copyright"), copyright(archive)?)?;
    set_modes(&folder)?;
    let control = control(&folder, version, architecture)?;
    fs::create_dir(folder.join("DEBIAN"))?;
    fs::write(folder.join("DEBIAN/control"), control)?;
    let package = packages.join(format!("{name}.deb"));
    let mut build = Command::new("dpkg-deb");
    // Equal files give equal packages.
    build.env("SOURCE_DATE_EPOCH", "0").args(["--root-owner-group", "--build"]);
    build.arg(&folder).arg(&package);
    process::run(&mut build, &format!("{} could not be written", package.display()))?;
    fs::remove_dir_all(&folder)?;
    Ok(Some(package))
}

/// Returns the file that Debian has instead of a licence: both licences of the code.
fn copyright(archive: &Path) -> Result<String> {
    let texts =
        ["LICENSE-MIT", "LICENSE-APACHE"].map(|file| fs::read_to_string(archive.join(file)));
    let [mit, apache] = texts;
    Ok(format!(
        "Deep Pocket is under the MIT licence or the Apache licence 2.0, at your choice. The\n\
         licences of its typeface and of all packages in it, and the credits of its training data,\n\
         are in this folder.\n\n{}\n{}",
        mit?, apache?
    ))
}

/// Sets the modes that the system's package manager expects, whatever the user's mask is.
fn set_modes(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    for entry in WalkDir::new(folder) {
        use std::os::unix::fs::PermissionsExt as _;
        let entry = entry?;
        let runs = entry.file_type().is_dir() || entry.path().starts_with(folder.join("usr/bin"));
        let mode = if runs { 0o755 } else { 0o644 };
        fs::set_permissions(entry.path(), fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

fn control(folder: &Path, version: &str, architecture: &str) -> Result<String> {
    let (mut bytes, mut libc) = (0, (0, 0));
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let file = fs::read(entry.path())?;
            bytes += file.len();
            libc = libc.max(needed_libc(&file).unwrap_or_default());
        }
    }
    ensure!(libc > (0, 0), "No file of the package names a version of the C library.");
    let (major, minor) = libc;
    Ok(format!(
        "Package: deep-pocket\nVersion: {version}\nArchitecture: {architecture}\n\
         Maintainer: {}\n\
         Section: sound\nPriority: optional\nInstalled-Size: {}\n\
         Depends: libc6 (>= {major}.{minor}), {DEPENDS}\nRecommends: {RECOMMENDS}\n\
         Description: neural drummer as CLAP, VST3 and standalone program\n \
         Deep Pocket plays a drum beat in time with the song: nine drums with the\n \
         velocities and the micro-timing of the drummers that it learned from. It\n \
         needs no network, no account and no graphics card.\n",
        maintainer(|name| std::env::var(name).ok()),
        bytes.div_ceil(1024)
    ))
}

/// Returns the maintainer: whoever Debian's variables name, or the authors of the workspace.
fn maintainer(variable: impl Fn(&str) -> Option<String>) -> String {
    match (variable("DEBFULLNAME"), variable("DEBEMAIL")) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        _ => env!("CARGO_PKG_AUTHORS").to_owned(),
    }
}

/// Returns the newest version of the GNU C library that a binary names among its symbols.
fn needed_libc(file: &[u8]) -> Option<(u32, u32)> {
    const MARK: &[u8] = b"GLIBC_2.";
    let version = |after: &[u8]| {
        let digits: Vec<u8> = after.iter().copied().take_while(u8::is_ascii_digit).collect();
        Some((2, std::str::from_utf8(&digits).ok()?.parse().ok()?))
    };
    let starts = file.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK);
    starts.filter_map(|(at, _)| version(&file[at + MARK.len()..])).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::process::print;
    use xtask::workspace::Workspace;

    #[test]
    fn the_package_has_all_files_at_their_places() -> Result<()> {
        if !process::succeeds(Command::new("dpkg-deb").arg("--version")) {
            println!("dpkg-deb is missing, so nothing was tested.");
            return Ok(());
        }
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("archive");
        for (file, text) in [
            ("Deep Pocket.clap", "..GLIBC_2.9.GLIBC_2.30.."),
            ("Deep Pocket.vst3/Contents/x86_64-linux/Deep Pocket.so", "GLIBC_2.17"),
            ("deep-pocket", "program"),
            ("install.sh", "not here"),
            ("LICENSE-MIT", "Permission is hereby granted"),
            ("LICENSE-APACHE", "Apache License"),
            ("CREDITS.txt", "credits"),
            ("first-use/1-scan.png", "picture"),
        ] {
            let path = archive.join(file);
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(path, text)?;
        }
        let root = Workspace::find()?.root;
        let write = || write(&root, folder.path(), &archive)?.context("a package");
        let package = write()?;
        let first = fs::read(&package)?;
        assert_eq!(first, fs::read(write()?)?, "equal files give equal packages");

        let field =
            |name: &str| print(Command::new("dpkg-deb").arg("--field").arg(&package).arg(name));
        assert_eq!(field("Version")?, env!("CARGO_PKG_VERSION"));
        assert_eq!(field("Maintainer")?, maintainer(|name| std::env::var(name).ok()));
        assert!(field("Depends")?.starts_with("libc6 (>= 2.30), libasound2 "));
        let out = folder.path().join("out");
        process::run(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&out), "unpacked")?;
        let doc = "usr/share/doc/deep-pocket";
        for (path, text) in [
            ("usr/lib/clap/Deep Pocket.clap".to_owned(), "GLIBC_2.30"),
            ("usr/lib/vst3/Deep Pocket.vst3/Contents/x86_64-linux/Deep Pocket.so".to_owned(), "."),
            ("usr/bin/deep-pocket".to_owned(), "program"),
            (
                "usr/share/applications/org.deeppocket.DeepPocket.desktop".to_owned(),
                "Exec=deep-pocket\n",
            ),
            ("usr/share/metainfo/org.deeppocket.DeepPocket.metainfo.xml".to_owned(), "<component "),
            ("usr/share/icons/hicolor/scalable/apps/deep-pocket.svg".to_owned(), "<svg "),
            (format!("{doc}/copyright"), "Permission is hereby granted"),
            (format!("{doc}/CREDITS.txt"), "credits"),
            (format!("{doc}/first-use/1-scan.png"), "picture"),
        ] {
            let found = fs::read_to_string(out.join(&path)).with_context(|| path.clone())?;
            assert!(found.contains(text), "{path}");
        }
        assert!(!out.join(doc).join("install.sh").exists());
        let page = out.join(format!("{MAN_PAGE}.gz"));
        assert!(print(Command::new("gzip").arg("-dc").arg(page))?.starts_with(".TH DEEP-POCKET 1"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode =
                |path: &str| Ok::<_, anyhow::Error>(out.join(path).metadata()?.permissions());
            assert_eq!(mode("usr/bin/deep-pocket")?.mode() & 0o777, 0o755);
            assert_eq!(mode("usr/lib/clap/Deep Pocket.clap")?.mode() & 0o777, 0o644);
        }
        Ok(())
    }

    #[test]
    fn the_maintainer_is_whom_the_variables_name_or_the_authors() {
        let named =
            |name: &str| Some(if name == "DEBEMAIL" { "me@example.org" } else { "Me" }.into());
        assert_eq!(maintainer(named), "Me <me@example.org>");
        let authors = "Deep Pocket developers <developers@deep-pocket.invalid>";
        assert_eq!(maintainer(|_| None), authors);
        assert_eq!(maintainer(|name| (name == "DEBEMAIL").then(String::new)), authors, "no name");
    }
}
