//! Deep Pocket's chores, as `cargo xtask <chore>`. This file is the command line; each chore
//! stands in a module of its own.

mod build;
mod commands;

use anyhow::Result;
use build::{bundle, system_packages};
use clap::{Parser, Subcommand};
use commands::{
    beat, bench, install, instances, package, pictures, platforms, rtsan, run, test, tidy, torture,
};
use std::path::PathBuf;
use std::process::ExitCode;
use xtask::workspace::Workspace;

/// Deep Pocket's chores.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Line {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Install what the system lacks, build, play eight bars in a host, open the window.
    Run {
        /// Never open a window.
        #[arg(long)]
        headless: bool,
    },
    /// Play eight bars of a built CLAP, print them, and write them as a MIDI file.
    Beat {
        /// The bundle, or the library in it.
        clap: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// Install what the system lacks, build and bundle, and run every test and check.
    Test {
        /// Run only the tests whose names contain this, and leave out the checks of style.
        filter: Option<String>,
        /// Load the bundle in a host that is not ours, and nothing else: pedalboard, of the Python
        /// that the variable PYTHON names.
        #[arg(long, conflicts_with = "filter")]
        daw: bool,
    },
    /// Build the CLAP and VST3 bundles into target/bundled.
    Bundle,
    /// Build the plugin and check every note of it under a host at its worst.
    Torture {
        /// Blocks to process.
        #[arg(long, default_value_t = 1_000_000)]
        blocks: u64,
        /// What the host is made up from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Runs, each with the seed after that of the one before.
        #[arg(long, default_value_t = 1)]
        runs: u64,
        /// Print the figures as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Build the plugin and a host with the compiler's real-time sanitizer, and let it watch.
    Rtsan {
        /// For how long.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// What the hosts are made up from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Be the host that the real-time sanitizer watches.
    #[command(hide = true)]
    Watched {
        /// The bundle.
        clap: PathBuf,
        /// For how long.
        #[arg(long)]
        seconds: u64,
        /// What the hosts are made up from.
        #[arg(long)]
        seed: u64,
        /// Allocate where the sanitizer must see it.
        #[arg(long)]
        plant: bool,
    },
    /// Build the plugin, play many instances of it at once, and print what that costs.
    Instances {
        /// How many.
        #[arg(long, default_value_t = 128)]
        count: u16,
        /// For how long they play, and how long they rest.
        #[arg(long, default_value_t = 10)]
        seconds: u32,
    },
    /// Measure how fast everything is, beside what it can be compared with.
    Bench {
        /// Print the figures as JSON, and everything else to standard error.
        #[arg(long)]
        json: bool,
    },
    /// Build the bundles and put them where this user's hosts look for plugins.
    Install {
        /// Take them away again instead.
        #[arg(long)]
        uninstall: bool,
    },
    /// Build the bundles and make an archive of them for people who build nothing.
    Package,
    /// Build the plugin and make the pictures of its window again, into target/pictures.
    Pictures,
    /// Check that the plugin compiles for macOS and Windows, and that it plays under Wine.
    Platforms {
        /// How many compilers run at once.
        #[arg(long, default_value_t = 1)]
        jobs: u16,
    },
    /// Build the plugin and print what its window costs.
    WindowCost,
    /// Check which module imports which, and how long files are.
    Tidy,
}

fn main() -> ExitCode {
    match chore(Line::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("{fault:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore(chore: Chore) -> Result<()> {
    // Where there is no Cargo, as under Wine, a beat is played all the same.
    let workspace = Workspace::find;
    match chore {
        Chore::Beat { clap, file } => beat::beat(&clap, &file),
        Chore::Run { headless } => run::run(&workspace()?, headless),
        Chore::Test { daw: true, .. } => test::daw(&workspace()?),
        Chore::Test { filter, .. } => test::test(&workspace()?, filter.as_deref()),
        Chore::Bundle => {
            system_packages::ensure_installed(system_packages::Purpose::Build)?;
            bundle::build_bundles(&workspace()?)?.print_paths();
            Ok(())
        }
        Chore::Torture { blocks, seed, runs, json } => {
            torture::torture(&workspace()?, blocks, seed..seed.saturating_add(runs), json)
        }
        Chore::Rtsan { seconds, seed } => rtsan::rtsan(&workspace()?, seconds, seed),
        Chore::Watched { clap, seconds, seed, plant } => {
            rtsan::watched(&clap, seconds, seed, plant)
        }
        Chore::Instances { count, seconds } => {
            println!("{}", instances::measure(&workspace()?, count, seconds)?.report);
            Ok(())
        }
        Chore::Bench { json } => bench::bench(&workspace()?, json),
        Chore::Install { uninstall: true } => install::uninstall(),
        Chore::Install { uninstall: false } => {
            system_packages::ensure_installed(system_packages::Purpose::Build)?;
            install::install(&bundle::build_bundles(&workspace()?)?)
        }
        Chore::Package => {
            system_packages::ensure_installed(system_packages::Purpose::Build)?;
            let workspace = workspace()?;
            let archive = package::package(&workspace, &bundle::build_bundles(&workspace)?)?;
            println!("{}", archive.display());
            Ok(())
        }
        Chore::Pictures => pictures::pictures(&workspace()?),
        Chore::Platforms { jobs } => platforms::platforms(&workspace()?, jobs),
        Chore::WindowCost => pictures::window_cost(&workspace()?),
        Chore::Tidy => tidy::tidy(&workspace()?),
    }
}
