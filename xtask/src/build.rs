//! Steps that several commands share: system packages, building, bundling, copying, and running
//! programs.

pub(crate) mod bundle;
pub(crate) mod files;
mod mac_bundle;
pub(crate) mod process;
pub(crate) mod system_packages;
