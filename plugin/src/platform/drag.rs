//! Dragging a file out of the window into a track of the host or a folder. No crate supports this
//! for a window inside another program's window. Each platform has its own file; this one holds the
//! common interface.
//!
//! The file stays after the drop, because hosts read it when they like.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use egui::ColorImage;
use raw_window_handle::{HasWindowHandle, RawWindowHandle};

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "windows")]
mod windows;
#[cfg(target_os = "linux")]
mod x11;

#[cfg(target_os = "macos")]
use self::macos::PlatformDrag;
#[cfg(target_os = "windows")]
use self::windows::PlatformDrag;
#[cfg(target_os = "linux")]
use self::x11::PlatformDrag;

/// Atoms of the XDND protocol, shared with the receiver.
#[cfg(target_os = "linux")]
pub(crate) use x11::Atoms;

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
struct DragReport {
    state: Mutex<DragState>,
    /// The window has abandoned the drag.
    abandoned: AtomicBool,
}

impl DragReport {
    fn set(&self, state: DragState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    #[cfg_attr(target_os = "macos", expect(dead_code, reason = "nothing calls a session back"))]
    fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }
}

/// A running drag. Dropping it abandons the drag and waits until its thread has ended.
pub struct Drag {
    report: Arc<DragReport>,
    #[expect(dead_code, reason = "it is held until the drag is over")]
    carrier: PlatformDrag,
}

impl Drag {
    /// Starts a drag while the primary mouse button is down. Call it on the window's thread.
    /// `picture` follows the pointer; its size is in pixels.
    ///
    /// # Errors
    /// Returns a message if the windowing system refuses the drag.
    pub fn start(origin: WindowId, file: &Path, picture: ColorImage) -> Result<Drag, String> {
        let state = Mutex::new(DragState::Running { accepted: false });
        let report = Arc::new(DragReport { state, abandoned: AtomicBool::new(false) });
        let carrier = PlatformDrag::start(origin, file, picture, Arc::clone(&report))?;
        Ok(Drag { report, carrier })
    }

    /// Returns the state of the drag.
    #[must_use]
    pub fn state(&self) -> DragState {
        self.report.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Drag {
    fn drop(&mut self) {
        // The platform's part is dropped next and checks this flag.
        self.report.abandoned.store(true, Ordering::Relaxed);
    }
}

/// Message if nothing under the pointer accepts files.
const NO_TARGET: &str =
    "Nothing there takes a clip. Try a track or a folder, or its menu to save it.";
