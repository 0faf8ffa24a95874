//! Dragging a file out of the window, into a track of the host or a folder: no crate does it for
//! a window inside another program's. One file a platform holds how; this one holds what the
//! window sees of it. What is in the file, and who starts a drag, is not decided here.
//!
//! Whatever the other side does with a file, it stays: hosts read it when they please.

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

/// The names of the protocol, for who hears what is dropped here.
#[cfg(target_os = "linux")]
pub(crate) use x11::Atoms;

/// A window that can be dragged from, as the windowing system numbers it. It says
/// nothing of whether that window still exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowId(usize);

impl WindowId {
    /// The number of a window; `None` where it has none that we know how to use.
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

    /// The number under X11, Windows' handle, or the address of the view.
    #[must_use]
    pub const fn number(self) -> usize {
        self.0
    }
}

/// How a drag goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DragState {
    /// The pointer carries the file.
    Running {
        /// Whether what is under the pointer takes it.
        accepted: bool,
    },
    /// It was dropped, and the other side has it.
    Delivered,
    /// The user thought better of it.
    Cancelled,
    /// It was dropped where nothing took it, and this sentence says so.
    Refused(String),
}

/// What the drag tells the window, and what the window tells the drag.
struct DragReport {
    state: Mutex<DragState>,
    /// Set when the window has no more use for the drag.
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

/// A file under way. Dropping this gives it up, and waits until nothing of it runs any more.
pub struct Drag {
    report: Arc<DragReport>,
    #[expect(dead_code, reason = "it is held until the drag is over")]
    carrier: PlatformDrag,
}

impl Drag {
    /// Takes the file up while the first button of the mouse is down. To be called from the
    /// window's own thread. `picture` goes along with the pointer; its size is in pixels.
    ///
    /// # Errors
    /// The windowing system does not let us; the sentence says why.
    pub fn start(origin: WindowId, file: &Path, picture: ColorImage) -> Result<Drag, String> {
        let state = Mutex::new(DragState::Running { accepted: false });
        let report = Arc::new(DragReport { state, abandoned: AtomicBool::new(false) });
        let carrier = PlatformDrag::start(origin, file, picture, Arc::clone(&report))?;
        Ok(Drag { report, carrier })
    }

    /// How it goes.
    #[must_use]
    pub fn state(&self) -> DragState {
        self.report.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Drag {
    fn drop(&mut self) {
        // The carrier goes next, and sees this.
        self.report.abandoned.store(true, Ordering::Relaxed);
    }
}

/// Nothing under the pointer takes files.
const NO_TARGET: &str =
    "Nothing there takes a clip. Try a track or a folder, or its menu to save it.";
