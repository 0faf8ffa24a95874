//! `cargo xtask platforms`: whether the plugin compiles for the systems that Linux is not, and plays
//! under Wine what it plays here.
//!
//! For macOS it is checked, because Apple's libraries cannot be had here to link with; for Windows
//! it is linked too where MinGW is installed, and then runs where Wine is. Where the toolchain has
//! no standard library for a system, that is built from its sources; and where it has no sources,
//! Debian's newest compiler, which comes with them, is unpacked into the target folder, without
//! being installed.

use crate::{bundle, wine};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use xtask::workspace::{Workspace, cargo};

/// The compilers' names of the systems.
const MAC: &str = "aarch64-apple-darwin";
const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// MinGW's linker.
const LINKER: &str = "x86_64-w64-mingw32-gcc";

/// Debian's packages with a compiler, its own standard library, and the sources of that. Others,
/// whose names have a version in them, are found by whom they are needed by.
const PACKAGES: [&str; 3] = ["rustc-web", "libstd-rust-web-dev", "rust-web-src"];

/// A compiler.
struct Compiler {
    /// `None`: the one that is installed.
    unpacked: Option<PathBuf>,
}

/// Checks for macOS and checks or links for Windows, with so many jobs at once.
///
/// # Errors
/// The plugin does not compile there, or no compiler can be had that knows the system.
pub(crate) fn platforms(workspace: &Workspace, jobs: u16) -> Result<()> {
    let links = Command::new(LINKER)
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    let windows = if links { "build" } else { "check" };
    for (system, chore) in [(MAC, "check"), (WINDOWS, windows)] {
        let compiler = Compiler::for_system(workspace, system)?;
        let mut build = cargo();
        build.current_dir(&workspace.root).args([chore, "--package", "plugin", "--target", system]);
        build.args(["--jobs", &jobs.to_string(), "--target-dir"]);
        build.arg(workspace.target.join("platforms"));
        if chore == "build" {
            // With our host, which is to load it.
            build.args(["--package", "xtask", "--release"]);
        }
        compiler.compiles(&mut build, system)?;
        println!("> {build:?}");
        let status = build.status().context("Cargo could not be run")?;
        ensure!(status.success(), "It does not compile for {system}; the lines above say why.");
        println!("{system}: {}", if chore == "build" { "linked" } else { "compiles, not linked" });
    }
    if !links {
        println!("{LINKER} is not installed, so nothing was linked for Windows.");
        return Ok(());
    }
    if !wine::is_there() {
        println!("Wine is not installed, so nothing of it ran.");
        return Ok(());
    }
    let folder = workspace.target.join("platforms").join(WINDOWS).join("release");
    wine::plays(&folder, LINKER, &bundle::bundle(workspace)?)
}

impl Compiler {
    fn for_system(workspace: &Workspace, system: &str) -> Result<Compiler> {
        let installed = Compiler { unpacked: None };
        if installed.has_library(system)? || installed.has_sources()? {
            return Ok(installed);
        }
        let folder = workspace.target.join("platforms/debian");
        let unpacked = Compiler { unpacked: Some(folder.clone()) };
        if !folder.join("usr/bin/rustc").exists() {
            unpack(&folder).with_context(|| {
                format!(
                    "This toolchain has no standard library for {system}. With rustup: `rustup \
                     target add {system}`. Debian's compiler could not be had instead"
                )
            })?;
        }
        ensure!(unpacked.has_sources()?, "Debian's compiler has no sources of its library.");
        Ok(unpacked)
    }

    /// Has Cargo use it.
    fn compiles(&self, command: &mut Command, system: &str) -> Result<()> {
        self.at_home(command);
        if let Some(folder) = &self.unpacked {
            command.env("RUSTC", folder.join("usr/bin/rustc"));
        }
        if !self.has_library(system)? {
            command.arg("-Zbuild-std").env("RUSTC_BOOTSTRAP", "1");
        }
        Ok(())
    }

    /// Lets the unpacked compiler find its libraries.
    fn at_home(&self, command: &mut Command) {
        if let Some(folder) = &self.unpacked {
            let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
            command.env("LD_LIBRARY_PATH", folder.join(libraries));
        }
    }

    fn answer(&self, ask: &[&str]) -> Result<PathBuf> {
        let program = self.unpacked.as_ref().map(|folder| folder.join("usr/bin/rustc"));
        let mut command = Command::new(program.unwrap_or_else(|| "rustc".into()));
        self.at_home(&mut command);
        let output = command.args(ask).output().context("rustc could not be run")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "rustc failed: {said}");
        Ok(String::from_utf8(output.stdout)?.trim().into())
    }

    fn has_library(&self, system: &str) -> Result<bool> {
        Ok(self.answer(&["--print", "target-libdir", "--target", system])?.is_dir())
    }

    fn has_sources(&self) -> Result<bool> {
        let root = self.answer(&["--print", "sysroot"])?;
        Ok(root.join("lib/rustlib/src/rust/library/std").is_dir())
    }
}

/// The package with a name that begins so which another one needs.
fn needs(package: &str, beginning: &str) -> Result<String> {
    let output = Command::new("apt-cache").args(["depends", package]).output();
    let said = String::from_utf8(output.context("apt-cache could not be run")?.stdout)?;
    let mut names = said.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let found = names.rfind(|name| name.starts_with(beginning));
    Ok(found.with_context(|| format!("apt-cache knows no {package}"))?.to_owned())
}

/// Gets Debian's packages and unpacks them into a folder.
fn unpack(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let run = |program: &str, arguments: &[&str]| -> Result<()> {
        println!("> {program} {}", arguments.join(" "));
        let status = Command::new(program).current_dir(folder).args(arguments).status();
        let status = status.with_context(|| format!("{program} could not be run"))?;
        ensure!(status.success(), "{program} failed");
        Ok(())
    };
    let library = needs("libstd-rust-web-dev", "libstd-rust-web-")?;
    let generator = needs(&library, "libllvm")?;
    let versioned = [library.as_str(), generator.as_str()];
    run("apt-get", &[&["download"], PACKAGES.as_slice(), &versioned].concat())?;
    for file in fs::read_dir(folder)? {
        let file = file?.path();
        if let Some(name) = file.to_str().filter(|name| name.ends_with(".deb")) {
            run("dpkg", &["-x", name, "."])?;
            fs::remove_file(name)?;
        }
    }
    Ok(())
}
