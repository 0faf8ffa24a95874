//! Data that an open window shares with its owner and its watcher.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_utils::atomic::AtomicCell;
use nice_plug::plugin::TrackInfo;
use nice_plug_egui::baseview::WindowContext;
use nice_plug_egui::baseview::dpi::LogicalSize;

use crate::editor::theme;
use crate::link::{Link, Status};
use crate::params::DeepPocketParams;
use crate::platform::drag::{Drag, DragState, WindowId};
use crate::platform::file_drops::FileDrops;
#[cfg(target_os = "linux")]
use crate::platform::{host_keys::return_focus, screen_reader::ScreenReader, x11::X11Connection};

/// Data sources of the window.
#[derive(Clone)]
pub(crate) struct Sources {
    pub params: Arc<DeepPocketParams>,
    pub link: Arc<Link>,
}

impl Sources {
    /// Returns the saved window size in points, clamped to readable sizes.
    pub(crate) fn window_size(&self) -> LogicalSize<f32> {
        let (width, height) = self.params.state.window();
        LogicalSize::new(
            (width as f32).clamp(theme::SMALLEST.x, theme::LARGEST.x),
            (height as f32).clamp(theme::SMALLEST.y, theme::LARGEST.y),
        )
    }
}

/// State shared between the open window, its owner and its watcher.
#[derive(Default)]
pub(crate) struct WindowShared {
    /// Pixels per point reported by the windowing system; 0 before the first window is created.
    pub scale: AtomicCell<f64>,
    /// Time between frames while the song moves; 0 for the display's rate.
    pub frame_interval: AtomicCell<Duration>,
    /// Native window, once created.
    origin: AtomicCell<Option<WindowId>>,
    /// The first frame has been drawn.
    pub drawn: AtomicBool,
    /// Drag out of the window. It ends with the window.
    drag: Mutex<Option<Drag>>,
    /// Files held over the window and dropped on it.
    pub drops: Arc<FileDrops>,
    /// Screen reader that the window is connected to.
    #[cfg(target_os = "linux")]
    pub reader: ScreenReader,
    /// Track of the plugin, as far as the host names it. Written on the host's main thread.
    track: Mutex<TrackInfo>,
    /// A text field has focus or a list is open.
    pub typing: AtomicBool,
    /// The window's shortcuts act; the host does not get their keys.
    pub shortcuts: AtomicBool,
}

impl WindowShared {
    /// Returns `true` while the watcher requests the frames of a moving song. Requests of the window
    /// itself would add up: each one is a timer, and so is that of each frame for another reason.
    pub(crate) fn is_paced(&self, status: &Status) -> bool {
        status.following && !self.frame_interval.load().is_zero()
    }

    /// Records the native window after its creation.
    pub(crate) fn made(&self, window: &WindowContext) {
        self.scale.store(window.scale_factor());
        self.origin.store(WindowId::of(window));
    }

    /// Returns the native window; `None` before it is created.
    pub(crate) fn origin(&self) -> Option<WindowId> {
        self.origin.load()
    }

    /// Returns the X11 window id, 0 if there is none.
    #[cfg(target_os = "linux")]
    pub(crate) fn window(&self) -> u32 {
        self.origin().and_then(|origin| u32::try_from(origin.number()).ok()).unwrap_or(0)
    }

    /// Sets the track of the plugin.
    pub(crate) fn set_track(&self, track: TrackInfo) {
        *self.track.lock().unwrap_or_else(PoisonError::into_inner) = track;
    }

    /// Returns the track of the plugin.
    pub(crate) fn track(&self) -> TrackInfo {
        self.track.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the drag.
    pub(crate) fn set_drag(&self, drag: Option<Drag>) {
        let before = std::mem::replace(&mut *self.drags(), drag);
        // Dropping a drag may wait for its thread; the lock is released by now.
        drop(before);
    }

    /// Returns the state of the drag, if there is one.
    pub(crate) fn drag_state(&self) -> Option<DragState> {
        self.drags().as_ref().map(Drag::state)
    }

    fn drags(&self) -> MutexGuard<'_, Option<Drag>> {
        self.drag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns keyboard focus to the host, where a click takes it permanently.
    pub(crate) fn give_keys_back(&self) {
        #[cfg(target_os = "linux")]
        return_focus(&mut X11Connection::default(), self.window());
    }

    /// Forgets the native window after it has closed.
    #[cfg(target_os = "linux")]
    pub(crate) fn closed(&self) {
        self.set_drag(None);
        self.reader.disconnect();
        self.origin.store(None);
    }
}
