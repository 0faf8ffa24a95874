//! Development commands of Deep Pocket: `cargo xtask <command>`. This file is the command line;
//! [`commands`] has one file per command.

mod build;
mod commands;

use anyhow::Result;
use build::bundle;
use clap::{Parser, Subcommand};
use commands::{
    beat, bench, install, instances, package, pictures, platforms, reproducible, rtsan, run, site,
    test, tidy, torture,
};
use std::path::PathBuf;
use std::process::ExitCode;
use xtask::workspace::Workspace;

/// Development commands of Deep Pocket.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install missing system packages, build, play eight bars in a host, and open the window.
    Run {
        /// Never open a window.
        #[arg(long)]
        headless: bool,
    },
    /// Play eight bars of a built CLAP, print them, and write them to a MIDI file.
    Beat {
        /// Path of the bundle, or of the library in it.
        clap: PathBuf,
        /// Path of the MIDI file.
        file: PathBuf,
    },
    /// Install missing system packages, build and bundle, and run every test and check.
    Test {
        /// Run only the tests whose names contain this, without the style checks.
        filter: Option<String>,
        /// Run only the test in a third-party host: pedalboard, in the Python that the variable
        /// PYTHON names.
        #[arg(long, conflicts_with = "filter")]
        daw: bool,
    },
    /// Build the CLAP and VST3 bundles into target/bundled.
    Bundle,
    /// Build the plugin and check every note of it under a host at its worst.
    Torture {
        /// Number of blocks.
        #[arg(long, default_value_t = 1_000_000)]
        blocks: u64,
        /// Seed of the random host.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Number of runs; each run increments the seed.
        #[arg(long, default_value_t = 1)]
        runs: u64,
        /// Print the figures as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Build the plugin and a host, and run them under the compiler's real-time sanitizer.
    Rtsan {
        /// Running time, in seconds.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// Seed of the random hosts.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Host that runs under the real-time sanitizer.
    #[command(hide = true)]
    Watched {
        /// Path of the bundle.
        clap: PathBuf,
        /// Running time, in seconds.
        #[arg(long)]
        seconds: u64,
        /// Seed of the random hosts.
        #[arg(long)]
        seed: u64,
        /// Allocate in the real-time context, to check that the sanitizer detects it.
        #[arg(long)]
        plant: bool,
    },
    /// Build the plugin, play many instances of it at once, and print their costs.
    Instances {
        /// Number of instances.
        #[arg(long, default_value_t = 128)]
        count: u16,
        /// Seconds of playing, and of each of the two pauses.
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// Measure performance figures and print them beside their targets.
    Bench {
        /// Print the figures as JSON, and everything else to standard error.
        #[arg(long)]
        json: bool,
    },
    /// Build the bundles and copy them into this user's plugin folders.
    Install {
        /// Remove the bundles instead.
        #[arg(long)]
        uninstall: bool,
    },
    /// Build the bundles and pack them into an archive for users, with a Debian package where
    /// possible, the list of contents and checksums.
    Package {
        /// File with a secret key of minisign that signs the checksums. MINISIGN_PASSWORD has its
        /// password.
        #[arg(long)]
        sign: Option<PathBuf>,
    },
    /// Build the committed sources twice, in two folders and with two homes, and compare the bytes.
    Reproducible {
        /// Number of parallel compilers.
        #[arg(long, default_value_t = 1)]
        jobs: u16,
    },
    /// Write README and docs as a static site to target/site, and check their links.
    Site,
    /// Build the plugin and write screenshots of its window to target/pictures.
    Pictures,
    /// Check that the plugin compiles for macOS and Windows, and plays under Wine.
    Platforms {
        /// Number of parallel compilers.
        #[arg(long, default_value_t = 1)]
        jobs: u16,
    },
    /// Build the plugin and print the CPU time of its window.
    WindowCost,
    /// Check imports between files and folders, lengths of files, and comments.
    Tidy,
}

fn main() -> ExitCode {
    match run_command(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_command(command: Command) -> Result<()> {
    // Under Wine `beat` runs without Cargo, so only the other commands look for the workspace.
    let workspace = Workspace::find;
    match command {
        Command::Beat { clap, file } => beat::beat(&clap, &file),
        Command::Run { headless } => run::run(&workspace()?, headless),
        Command::Test { daw: true, .. } => test::daw(&workspace()?),
        Command::Test { filter, .. } => test::test(&workspace()?, filter.as_deref()),
        Command::Bundle => {
            bundle::build_bundles(&workspace()?)?.print_paths();
            Ok(())
        }
        Command::Torture { blocks, seed, runs, json } => {
            torture::torture(&workspace()?, blocks, seed..seed.saturating_add(runs), json)
        }
        Command::Rtsan { seconds, seed } => rtsan::rtsan(&workspace()?, seconds, seed),
        Command::Watched { clap, seconds, seed, plant } => {
            rtsan::watched(&clap, seconds, seed, plant)
        }
        Command::Instances { count, seconds } => {
            println!("{}", instances::measure(&workspace()?, count, seconds)?.report);
            Ok(())
        }
        Command::Bench { json } => bench::bench(&workspace()?, json),
        Command::Install { uninstall: true } => install::uninstall(),
        Command::Install { uninstall: false } => {
            install::install(&bundle::build_bundles(&workspace()?)?)
        }
        Command::Package { sign } => {
            let workspace = workspace()?;
            let built = bundle::build_for_others(&workspace)?;
            for path in package::package(&workspace, &built, sign.as_deref())? {
                println!("{}", path.display());
            }
            Ok(())
        }
        Command::Reproducible { jobs } => reproducible::reproducible(&workspace()?, jobs),
        Command::Site => {
            println!("{}", site::site(&workspace()?)?.display());
            Ok(())
        }
        Command::Pictures => pictures::pictures(&workspace()?),
        Command::Platforms { jobs } => platforms::platforms(&workspace()?, jobs),
        Command::WindowCost => pictures::window_cost(&workspace()?),
        Command::Tidy => tidy::tidy(&workspace()?),
    }
}
