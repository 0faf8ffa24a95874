//! Screen readers under Linux: hands the window's accessibility tree to the system (AT-SPI) through
//! AccessKit, and returns what the reader asks for.
//!
//! AccessKit's adapter shares one thread per process and never ends it. It is therefore created only
//! while the system reports a screen reader, and [`library`] first pins this library in memory: a
//! host that unloads the plugin leaves the code that the thread runs in place.

mod library;
mod status;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use accesskit_unix::Adapter;
use egui::accesskit::{
    ActionHandler, ActionRequest, ActivationHandler, DeactivationHandler, TreeUpdate,
};

/// Time between two questions to the system while no screen reader is connected.
const LOOK_INTERVAL: Duration = Duration::from_secs(3);

/// Connection of a window to the system's screen readers.
#[derive(Default)]
pub(crate) struct ScreenReader {
    requests: Arc<Requests>,
    /// `None` while no screen reader runs or no window is open.
    adapter: Mutex<Option<Adapter>>,
}

/// Requests of the reader. Written by the adapter's thread, read by the window and its watcher.
#[derive(Default)]
struct Requests {
    /// The reader wants the tree.
    wanted: AtomicBool,
    /// Something has changed since the watcher looked.
    changed: AtomicBool,
    actions: Mutex<Vec<ActionRequest>>,
}

impl ScreenReader {
    /// Returns `true` while a reader wants the accessibility tree.
    pub(crate) fn is_wanted(&self) -> bool {
        self.requests.wanted.load(Ordering::Relaxed)
    }

    /// Returns the actions that the reader has asked for since the last call.
    pub(crate) fn take_actions(&self) -> Vec<ActionRequest> {
        std::mem::take(&mut *lock(&self.requests.actions))
    }

    /// Hands over the whole tree of a frame, and whether the window has the keyboard.
    pub(crate) fn update(&self, tree: TreeUpdate, focused: bool) {
        if let Some(adapter) = lock(&self.adapter).as_mut() {
            adapter.update_window_focus_state(focused);
            adapter.update_if_active(|| tree);
        }
    }

    /// Disconnects the window; it has closed.
    pub(crate) fn disconnect(&self) {
        drop(lock(&self.adapter).take());
        self.requests.wanted.store(false, Ordering::Relaxed);
        lock(&self.requests.actions).clear();
    }

    /// Connects the window to the system's bus.
    fn connect(&self) {
        let handler = || Handler(Arc::clone(&self.requests));
        *lock(&self.adapter) = Some(Adapter::new(handler(), handler(), handler()));
    }
}

/// Looks for a screen reader while a window is open.
#[derive(Default)]
pub(crate) struct ReaderSearch {
    /// Time of the last look.
    looked: Option<Instant>,
    connected: bool,
}

impl ReaderSearch {
    /// Connects `reader` once a screen reader runs. Returns `true` if the window must be redrawn.
    pub(crate) fn poll(&mut self, reader: &ScreenReader) -> bool {
        let due = self.looked.is_none_or(|looked| looked.elapsed() > LOOK_INTERVAL);
        if !self.connected && due {
            self.looked = Some(Instant::now());
            self.connected = status::is_enabled() && library::keep_loaded();
            if self.connected {
                reader.connect();
            }
        }
        reader.requests.changed.swap(false, Ordering::Relaxed)
    }
}

/// Receives the adapter's calls on its thread.
struct Handler(Arc<Requests>);

impl ActivationHandler for Handler {
    /// Returns no tree: the next frame hands over the first one.
    fn request_initial_tree(&mut self) -> Option<TreeUpdate> {
        self.0.wanted.store(true, Ordering::Relaxed);
        self.0.changed.store(true, Ordering::Relaxed);
        None
    }
}

impl ActionHandler for Handler {
    fn do_action(&mut self, request: ActionRequest) {
        lock(&self.0.actions).push(request);
        self.0.changed.store(true, Ordering::Relaxed);
    }
}

impl DeactivationHandler for Handler {
    fn deactivate_accessibility(&mut self) {
        self.0.wanted.store(false, Ordering::Relaxed);
        self.0.changed.store(true, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
