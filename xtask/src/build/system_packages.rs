//! Operating system packages that the build and the tests need.
//!
//! The system's package manager is asked for missing packages and installs them. Only Linux needs
//! any: on macOS and Windows, audio, windows and fonts are part of the system.

use super::process;
use anyhow::{Context, Result, bail, ensure};
use std::io::{IsTerminal, Write};
use std::process::{Command, Stdio};

/// Purpose of the packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Building the plugin and the standalone program, and opening their window.
    Build,
    /// Building and testing; the tests need a screen of their own.
    Test,
}

/// A package manager and its package names.
struct Manager {
    name: &'static str,
    /// Returns true if a package is installed.
    has: fn(&str) -> bool,
    /// Command that updates the package lists before an installation; may be empty.
    refresh: &'static str,
    /// Command that installs the packages after it, without asking and without removing any.
    install: &'static str,
    /// Packages. Of alternatives, separated by bars, the first is installed if all are missing.
    build: &'static str,
    test: &'static str,
}

/// The standalone program links to ALSA and JACK; the window opens the other libraries at run time.
const APT: Manager = Manager {
    name: "apt-get",
    has: |package| {
        output_of("dpkg-query", &["-W", "-f=${db:Status-Status}", package])
            .is_some_and(|status| status == "installed")
    },
    refresh: "apt-get -o DPkg::Lock::Timeout=300 update",
    // The development packages of JACK 1 and 2 conflict; `--no-remove` keeps the installed one.
    install: "apt-get -o DPkg::Lock::Timeout=300 install --yes --no-remove --no-install-recommends",
    build: "pkg-config|pkgconf libasound2-dev libjack-jackd2-dev|libjack-dev libx11-6 \
        libx11-xcb1 libxcb1 libxkbcommon0 libxkbcommon-x11-0 libegl1 libegl-mesa0 libgl1 \
        libgl1-mesa-dri",
    test: "libxcb1-dev xvfb openbox python3-gi gir1.2-gtk-3.0 python3-pyqt5 python3-mido \
        imagemagick dbus at-spi2-core gir1.2-atspi-2.0",
};

const DNF: Manager = Manager {
    name: "dnf",
    has: |package| output_of("rpm", &["--query", "--whatprovides", package]).is_some(),
    refresh: "",
    install: "dnf install --assumeyes --setopt=install_weak_deps=False",
    build: "pkgconf-pkg-config alsa-lib-devel \
        pipewire-jack-audio-connection-kit-devel|jack-audio-connection-kit-devel libX11 \
        libX11-xcb libxcb libxkbcommon libxkbcommon-x11 mesa-libEGL mesa-libGL \
        mesa-dri-drivers",
    test: "libxcb-devel xorg-x11-server-Xvfb openbox python3-gobject gtk3 \
        python3-qt5|python3-pyqt5 python3-mido ImageMagick dbus-daemon at-spi2-core",
};

const PACMAN: Manager = Manager {
    name: "pacman",
    has: |package| output_of("pacman", &["--deptest", package]).is_some(),
    refresh: "",
    install: "pacman --sync --needed --noconfirm",
    build: "pkgconf alsa-lib jack libx11 libxcb libxkbcommon libxkbcommon-x11 libglvnd mesa",
    test: "xorg-server-xvfb openbox python-gobject gtk3 python-pyqt5 python-mido imagemagick \
        dbus at-spi2-core",
};

/// Installs missing packages. Asks first on a terminal, unless `CI` is set.
///
/// # Errors
/// If the packages cannot be installed, or the user declines.
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
             fails, install the equivalents of these Debian packages: {}.",
            names(&choices(&APT, purpose)).join(" ")
        );
        return Ok(());
    };
    let mut missing = choices(&manager, purpose);
    missing.retain(|choice| !choice.iter().any(|package| (manager.has)(package)));
    if missing.is_empty() {
        return Ok(());
    }
    let packages = names(&missing);
    let command = format!("{} {}", manager.install, packages.join(" "));
    let asks = std::io::stdin().is_terminal() && std::env::var_os("CI").is_none();
    println!("Missing system packages: {}.", packages.join(", "));
    if asks && !agreed(&command)? {
        bail!("Nothing was installed. Run this command, and then `cargo xtask` again: {command}");
    }
    let by_hand =
        format!("Install the packages with this command, and run `cargo xtask` again: {command}");
    if !manager.refresh.is_empty() {
        // The installation may succeed with old package lists, so a failure here is ignored.
        let _ = as_root(manager.refresh, asks);
    }
    as_root(&command, asks).with_context(|| by_hand.clone())?;
    for choice in missing {
        ensure!((manager.has)(choice[0]), "{} is still missing. {by_hand}", choice[0]);
    }
    Ok(())
}

/// Returns the packages with their alternatives.
fn choices(manager: &Manager, purpose: Purpose) -> Vec<Vec<&'static str>> {
    let test = if purpose == Purpose::Test { manager.test } else { "" };
    let words = manager.build.split_whitespace().chain(test.split_whitespace());
    words.map(|choice| choice.split('|').collect()).collect()
}

fn names(choices: &[Vec<&'static str>]) -> Vec<&'static str> {
    choices.iter().map(|choice| choice[0]).collect()
}

fn agreed(command: &str) -> Result<bool> {
    print!("Install with `{command}`? [Y/n] ");
    std::io::stdout().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

/// Runs a command as root, through sudo if needed. sudo may ask for a password only on a terminal.
fn as_root(command: &str, may_ask: bool) -> Result<()> {
    let is_root = output_of("id", &["-u"]).is_some_and(|id| id == "0");
    let line = match (is_root, may_ask) {
        (true, _) => command.to_owned(),
        (false, true) => format!("sudo {command}"),
        (false, false) => format!("sudo --non-interactive {command}"),
    };
    println!("> {line}");
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    if !may_ask {
        command.stdin(Stdio::null());
    }
    process::run(&mut command, &format!("`{line}` failed"))
}

/// Returns the output of a command, or `None` if it cannot be run or fails.
fn output_of(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_packages_include_build_packages() {
        for manager in [APT, DNF, PACMAN] {
            let build = names(&choices(&manager, Purpose::Build));
            let test = names(&choices(&manager, Purpose::Test));
            assert!(build.iter().all(|package| test.contains(package)), "{}", manager.name);
            assert!(test.len() > build.len(), "{}", manager.name);
        }
    }

    #[test]
    fn a_failing_or_missing_command_has_no_output() {
        assert_eq!(output_of("false", &[]), None);
        assert_eq!(output_of("no-such-program-anywhere", &[]), None);
        assert_eq!(output_of("echo", &["words"]).as_deref(), Some("words"));
    }
}
