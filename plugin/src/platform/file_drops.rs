//! Hand-over of files that are dragged over the window from the platform's code to the window.
//!
//! Stands in for `egui::RawInput::hovered_files` and `dropped_files`, which egui-baseview leaves
//! empty: report 5 of `docs/upstream.md`. Deleted with `xdnd_receiver` and `ole_receiver`.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Files held over the window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HoveredFiles {
    pub files: Vec<PathBuf>,
    /// Pointer position, from 0 to 1 across and down.
    pub at: [f32; 2],
}

/// Files held over the window and dropped files. Written by the platform code, read by the window.
#[derive(Default)]
pub(crate) struct FileDrops(Mutex<DropState>);

#[derive(Default)]
struct DropState {
    hovered: Option<HoveredFiles>,
    dropped: Option<HoveredFiles>,
}

impl FileDrops {
    /// Returns the files held over the window, and once the dropped ones.
    pub(crate) fn read(&self) -> (Option<HoveredFiles>, Option<HoveredFiles>) {
        let mut state = self.state();
        (state.hovered.clone(), state.dropped.take())
    }

    fn state(&self) -> MutexGuard<'_, DropState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the files held over the window. Returns `true` if they changed.
    #[cfg(any(target_os = "linux", target_os = "windows", test))]
    pub(crate) fn set_hovered(&self, hovered: Option<HoveredFiles>) -> bool {
        let mut state = self.state();
        let changed = state.hovered != hovered;
        state.hovered = hovered;
        changed
    }

    /// Sets the dropped files.
    #[cfg(any(target_os = "linux", target_os = "windows", test))]
    pub(crate) fn set_dropped(&self, dropped: HoveredFiles) {
        self.state().dropped = Some(dropped);
    }
}
