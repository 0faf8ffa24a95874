//! Rust compiler for a foreign target.
//!
//! If the installed toolchain has no standard library for the target, Cargo builds it from its
//! sources. If it has no sources either, Debian's compiler, which includes them, is unpacked into
//! the target folder without being installed.

use crate::build::process;
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use xtask::workspace::Workspace;

/// Debian's packages of a compiler, its standard library, and the sources of that. Two more
/// packages have a version in their names; [`dependency`] looks them up.
const PACKAGES: [&str; 3] = ["rustc-web", "libstd-rust-web-dev", "rust-web-src"];

/// A Rust compiler.
pub(crate) struct Compiler {
    /// Folder of an unpacked compiler; `None` for the installed one.
    unpacked: Option<PathBuf>,
}

impl Compiler {
    /// Returns a compiler that can build for a target.
    ///
    /// # Errors
    /// If neither the installed nor Debian's compiler can.
    pub(crate) fn for_target(workspace: &Workspace, target: &str) -> Result<Compiler> {
        let installed = Compiler { unpacked: None };
        if installed.has_library(target)? || installed.has_sources()? {
            return Ok(installed);
        }
        let folder = workspace.target.join("platforms/debian");
        let unpacked = Compiler { unpacked: Some(folder.clone()) };
        if !folder.join("usr/bin/rustc").exists() {
            unpack(&folder).with_context(|| {
                format!(
                    "This toolchain has no standard library for {target}. With rustup, run \
                     `rustup target add {target}`. Debian's compiler could not be downloaded"
                )
            })?;
        }
        ensure!(unpacked.has_sources()?, "Debian's compiler has no standard library sources.");
        Ok(unpacked)
    }

    /// Makes a Cargo command use this compiler.
    ///
    /// # Errors
    /// If the compiler cannot be run.
    pub(crate) fn configure(&self, command: &mut Command, target: &str) -> Result<()> {
        self.set_library_path(command);
        if let Some(folder) = &self.unpacked {
            command.env("RUSTC", folder.join("usr/bin/rustc"));
        }
        if !self.has_library(target)? {
            command.arg("-Zbuild-std").env("RUSTC_BOOTSTRAP", "1");
        }
        Ok(())
    }

    /// Sets the library path of an unpacked compiler.
    fn set_library_path(&self, command: &mut Command) {
        if let Some(folder) = &self.unpacked {
            let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
            command.env("LD_LIBRARY_PATH", folder.join(libraries));
        }
    }

    /// Returns a path that the compiler prints.
    fn print(&self, arguments: &[&str]) -> Result<PathBuf> {
        let program = self.unpacked.as_ref().map(|folder| folder.join("usr/bin/rustc"));
        let mut command = Command::new(program.unwrap_or_else(|| "rustc".into()));
        self.set_library_path(&mut command);
        Ok(process::print(command.arg("--print").args(arguments))?.into())
    }

    fn has_library(&self, target: &str) -> Result<bool> {
        Ok(self.print(&["target-libdir", "--target", target])?.is_dir())
    }

    fn has_sources(&self) -> Result<bool> {
        Ok(self.print(&["sysroot"])?.join("lib/rustlib/src/rust/library/std").is_dir())
    }
}

/// Returns the dependency of a Debian package whose name starts with `prefix`.
fn dependency(package: &str, prefix: &str) -> Result<String> {
    let output = process::capture(Command::new("apt-cache").args(["depends", package]))?;
    let text = String::from_utf8(output.stdout)?;
    let mut names = text.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    let found = names.rfind(|name| name.starts_with(prefix));
    Ok(found.with_context(|| format!("apt-cache does not know {package}"))?.to_owned())
}

/// Downloads Debian's packages and unpacks them into a folder.
fn unpack(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    let run = |program: &str, arguments: &[&str]| -> Result<()> {
        println!("> {program} {}", arguments.join(" "));
        let mut command = Command::new(program);
        process::run(command.current_dir(folder).args(arguments), &format!("{program} failed"))
    };
    let library = dependency("libstd-rust-web-dev", "libstd-rust-web-")?;
    let code_generator = dependency(&library, "libllvm")?;
    let versioned = [library.as_str(), code_generator.as_str()];
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
