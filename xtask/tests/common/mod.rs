//! What the tests of both formats share: the VST3 host, a screen, and the scenarios that a
//! plugin must pass in any host.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part of this")]

pub mod pointer;
pub mod recording;
pub mod scenarios;
pub mod screen;
pub mod studio;
pub mod timing;
pub mod vst3;
