//! The commands of `cargo xtask`, one per file.

pub(crate) mod beat;
pub(crate) mod bench;
pub(crate) mod install;
pub(crate) mod instances;
pub(crate) mod package;
pub(crate) mod pictures;
pub(crate) mod platforms;
pub(crate) mod reproducible;
pub(crate) mod rtsan;
pub(crate) mod run;
pub(crate) mod site;
pub(crate) mod test;
pub(crate) mod tidy;
pub(crate) mod torture;
