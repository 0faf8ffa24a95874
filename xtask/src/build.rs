//! Steps that several commands share: system packages, building, bundling, copying, and running
//! programs.

pub(crate) mod bundle;
pub(crate) mod files;
pub(crate) mod process;
pub(crate) mod system_packages;
