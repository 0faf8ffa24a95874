//! Parts that the tests of both formats share: the VST3 host, a screen, and the scenarios that a
//! plugin must pass in any host.

#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    reason = "each test binary uses its own part of this"
)]

pub mod pointer;
pub mod recording;
pub mod scenarios;
pub mod screen;
pub mod setup;
pub mod studio;
pub mod timing;
pub mod vst3;

use vst3::Vst3Host;
use xtask::host::clap::ClapHost;
use xtask::workspace::{CLAP_ID, built_bundle};

/// Loads the built `.clap` into a host.
pub fn load_clap() -> ClapHost {
    let bundle = built_bundle("clap").unwrap_or_else(|fault| panic!("{fault}"));
    ClapHost::load(&bundle, CLAP_ID).expect("the bundle loads")
}

/// Loads the built `.vst3` into a host.
pub fn load_vst3() -> Vst3Host {
    let bundle = built_bundle("vst3").unwrap_or_else(|fault| panic!("{fault}"));
    Vst3Host::load(&bundle).expect("the bundle loads")
}
