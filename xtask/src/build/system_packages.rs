//! What the operating system must provide, and how to get it there.
//!
//! The system's own package manager is asked which packages are missing, and told to install
//! those. Only Linux needs any: on macOS and Windows, audio, windows and fonts are part of the
//! system.

use super::process;
use anyhow::{Context, Result, bail, ensure};
use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

/// What the packages are wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Building the plugin and the standalone program, and opening their window.
    Build,
    /// That, and the tests, which bring a screen of their own.
    Test,
}

/// A package, and others that serve as well: the first is the one that gets installed.
type Choice = &'static [&'static str];

/// A package manager: how to ask it and what it calls things.
struct Manager {
    name: &'static str,
    /// Whether the command that answers for one package means that it is installed.
    has: fn(&str) -> bool,
    /// Run before installing, because a bare system does not know what there is.
    refresh: &'static [&'static str],
    /// Installs the packages whose names follow, without asking and without removing any.
    install: &'static [&'static str],
    build: &'static [Choice],
    test: &'static [Choice],
}

/// Alsa and Jack are for the standalone program, which links to them; the rest is what the
/// window opens when it is drawn.
const APT: Manager = Manager {
    name: "apt-get",
    has: |package| {
        output_of("dpkg-query", &["-W", "-f=${db:Status-Status}", package])
            .is_some_and(|status| status == "installed")
    },
    refresh: &["apt-get", "-o", "DPkg::Lock::Timeout=300", "update"],
    // The development packages of the two Jacks would remove each other: never remove anything.
    install: &[
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=300",
        "install",
        "--yes",
        "--no-remove",
        "--no-install-recommends",
    ],
    build: &[
        &["pkg-config", "pkgconf"],
        &["libasound2-dev"],
        &["libjack-jackd2-dev", "libjack-dev"],
        &["libx11-6"],
        &["libx11-xcb1"],
        &["libxcb1"],
        &["libxkbcommon0"],
        &["libxkbcommon-x11-0"],
        &["libegl1"],
        &["libegl-mesa0"],
        &["libgl1"],
        &["libgl1-mesa-dri"],
    ],
    test: &[
        &["libxcb1-dev"],
        &["xvfb"],
        &["openbox"],
        &["python3-gi"],
        &["gir1.2-gtk-3.0"],
        &["python3-pyqt5"],
        &["python3-mido"],
        &["imagemagick"],
    ],
};

const DNF: Manager = Manager {
    name: "dnf",
    has: |package| output_of("rpm", &["--query", "--whatprovides", package]).is_some(),
    refresh: &[],
    install: &["dnf", "install", "--assumeyes", "--setopt=install_weak_deps=False"],
    build: &[
        &["pkgconf-pkg-config"],
        &["alsa-lib-devel"],
        &["pipewire-jack-audio-connection-kit-devel", "jack-audio-connection-kit-devel"],
        &["libX11"],
        &["libX11-xcb"],
        &["libxcb"],
        &["libxkbcommon"],
        &["libxkbcommon-x11"],
        &["mesa-libEGL"],
        &["mesa-libGL"],
        &["mesa-dri-drivers"],
    ],
    test: &[
        &["libxcb-devel"],
        &["xorg-x11-server-Xvfb"],
        &["openbox"],
        &["python3-gobject"],
        &["gtk3"],
        &["python3-qt5", "python3-pyqt5"],
        &["python3-mido"],
        &["ImageMagick"],
    ],
};

const PACMAN: Manager = Manager {
    name: "pacman",
    has: |package| output_of("pacman", &["--deptest", package]).is_some(),
    refresh: &[],
    install: &["pacman", "--sync", "--needed", "--noconfirm"],
    build: &[
        &["pkgconf"],
        &["alsa-lib"],
        &["jack"],
        &["libx11"],
        &["libxcb"],
        &["libxkbcommon"],
        &["libxkbcommon-x11"],
        &["libglvnd"],
        &["mesa"],
    ],
    test: &[
        &["xorg-server-xvfb"],
        &["openbox"],
        &["python-gobject"],
        &["gtk3"],
        &["python-pyqt5"],
        &["python-mido"],
        &["imagemagick"],
    ],
};

/// Checks for what the system lacks, and installs it. On a terminal it asks first; without one,
/// or where `CI` is set, it says what it does and does it.
///
/// # Errors
/// The packages could not be installed, or no known package manager is there; the message names
/// the packages.
pub(crate) fn ensure_installed(purpose: Purpose) -> Result<()> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let Some(manager) = [APT, DNF, PACMAN]
        .into_iter()
        .find(|manager| output_of(manager.name, &["--version"]).is_some())
    else {
        println!(
            "This system has neither apt-get nor dnf nor pacman. If the build or the window \
             fails, install what these Debian packages hold: {}.",
            names(&choices(&APT, purpose)).join(" ")
        );
        return Ok(());
    };
    let missing: Vec<Choice> = choices(&manager, purpose)
        .into_iter()
        .filter(|choice| !choice.iter().any(|package| (manager.has)(package)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = names(&missing);
    let command = [manager.install, &packages].concat().join(" ");
    let asks = std::io::stdin().is_terminal() && std::env::var_os("CI").is_none();
    println!("The system lacks {}.", packages.join(", "));
    if asks && !agreed(&command)? {
        bail!("Nothing was installed. Run this yourself, and then the chore again: {command}");
    }
    let by_hand = format!("Install the packages yourself, and run the chore again: {command}");
    if !manager.refresh.is_empty() {
        // Lists that are a day old are better than none: the installation tells.
        let _ = as_root(manager.refresh, asks);
    }
    as_root(&[manager.install, &packages].concat(), asks).with_context(|| by_hand.clone())?;
    for choice in missing {
        ensure!((manager.has)(choice[0]), "{} is still missing. {by_hand}", choice[0]);
    }
    Ok(())
}

fn choices(manager: &Manager, purpose: Purpose) -> Vec<Choice> {
    match purpose {
        Purpose::Build => manager.build.to_vec(),
        Purpose::Test => [manager.build, manager.test].concat(),
    }
}

fn names(choices: &[Choice]) -> Vec<&'static str> {
    choices.iter().map(|choice| choice[0]).collect()
}

fn agreed(command: &str) -> Result<bool> {
    print!("Install with `{command}`? [Y/n] ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

/// Runs a command as root: as it is where we are root, else through sudo, which may ask for a
/// password only where someone is there to be asked.
fn as_root(command: &[&str], may_ask: bool) -> Result<()> {
    let is_root = output_of("id", &["-u"]).is_some_and(|id| id == "0");
    let sudo: &[&str] = match (is_root, may_ask) {
        (true, _) => &[],
        (false, true) => &["sudo"],
        (false, false) => &["sudo", "--non-interactive"],
    };
    let words = [sudo, command].concat();
    println!("> {}", words.join(" "));
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).env("DEBIAN_FRONTEND", "noninteractive");
    if !may_ask {
        command.stdin(Stdio::null());
    }
    process::run(&mut command, &format!("`{}` failed", words.join(" ")))
}

/// What a command prints, if it can be run and succeeds.
fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_want_what_building_wants_and_more() {
        for manager in [APT, DNF, PACMAN] {
            let build = names(&choices(&manager, Purpose::Build));
            let test = names(&choices(&manager, Purpose::Test));
            assert!(build.iter().all(|package| test.contains(package)), "{}", manager.name);
            assert!(test.len() > build.len(), "{}", manager.name);
        }
    }

    #[test]
    fn a_command_that_fails_or_is_not_there_answers_nothing() {
        assert_eq!(output_of("false", &[]), None);
        assert_eq!(output_of("no-such-program-anywhere", &[]), None);
        assert_eq!(output_of("echo", &["words"]).as_deref(), Some("words"));
    }
}
