//! State of a drag, shared between the window and the platform's code.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use raw_window_handle::{HasWindowHandle, RawWindowHandle};

/// Native window id. It does not imply that the window still exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowId(usize);

impl WindowId {
    /// Returns the id of a window; `None` if its kind is not supported.
    #[must_use]
    pub fn of(window: &impl HasWindowHandle) -> Option<WindowId> {
        let number = match window.window_handle().ok()?.as_raw() {
            RawWindowHandle::Xlib(handle) => usize::try_from(handle.window).ok()?,
            RawWindowHandle::Xcb(handle) => usize::try_from(handle.window.get()).ok()?,
            RawWindowHandle::Win32(handle) => handle.hwnd.get().cast_unsigned(),
            RawWindowHandle::AppKit(handle) => handle.ns_view.as_ptr().addr(),
            _ => return None,
        };
        Some(WindowId(number))
    }

    /// Returns the X11 id, the Windows handle, or the address of the view.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0
    }
}

/// State of a drag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DragState {
    /// The pointer carries the file.
    Running {
        /// The window under the pointer accepts the file.
        accepted: bool,
    },
    /// Dropped and accepted.
    Delivered,
    /// Cancelled by the user.
    Cancelled,
    /// Dropped but not accepted, with a message for the user.
    Refused(String),
}

/// State shared between the drag and the window.
pub(super) struct DragReport {
    pub(super) state: Mutex<DragState>,
    /// The window has abandoned the drag.
    pub(super) abandoned: AtomicBool,
}

impl DragReport {
    pub(super) fn set(&self, state: DragState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "nothing calls a session back"))]
    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}

/// Message if nothing under the pointer accepts files.
pub(super) const NO_TARGET: &str =
    "Nothing there accepts a clip. Drop it on a track or in a folder, or save it from its menu.";
