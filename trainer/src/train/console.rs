//! The progress bar of a training, and Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

/// Returns a flag that Ctrl-C sets; a second Ctrl-C exits at once.
pub(crate) fn stop_on_interrupt() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("stopping after this update; the best weights so far are on disk");
    })
    .context("the Ctrl-C handler cannot be installed")?;
    Ok(stop)
}

pub(crate) fn progress_bar(updates: u64, done: u64) -> ProgressBar {
    let bar = ProgressBar::new(updates).with_position(done);
    let style = "{bar:30} {pos}/{len} updates, {per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.reset_eta();
    bar
}
