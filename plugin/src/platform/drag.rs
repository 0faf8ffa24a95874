//! Dragging a file out of the window into a track of the host or a folder. Each platform has its own
//! file; this one holds the common interface. The file stays after the drop, because hosts read it
//! at any later time.
//!
//! Fills a gap: baseview cannot start a drag, and no other crate can for a window inside another
//! program's window. Upstream: report 6 of `docs/upstream.md`. Delete this folder once baseview has
//! such an interface.

mod drag_state;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use egui::ColorImage;

#[cfg(target_os = "macos")]
mod macos;
#[cfg(target_os = "windows")]
mod windows;
#[cfg(target_os = "linux")]
mod xdnd_picture;
#[cfg(target_os = "linux")]
mod xdnd_source;

use self::drag_state::DragReport;
pub use self::drag_state::{DragState, WindowId};
#[cfg(target_os = "macos")]
use self::macos::PlatformDrag;
#[cfg(target_os = "windows")]
use self::windows::PlatformDrag;
#[cfg(target_os = "linux")]
use self::xdnd_source::PlatformDrag;

/// A running drag. Dropping it abandons the drag and waits until its thread has ended.
pub struct Drag {
    report: Arc<DragReport>,
    #[expect(dead_code, reason = "held until the drag is over")]
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
