//! Thread that watches an open window: it requests repaints when the contents change, and polls the
//! repairs of the platform.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, park_timeout};
use std::time::{Duration, Instant};

use nice_plug::plugin::TrackInfo;
use nice_plug_egui::RepaintNotifier;

#[cfg(target_os = "linux")]
use crate::editor::app::shortcuts::KEY_SYMBOLS;
use crate::editor::window::shared::{Sources, WindowShared};
use crate::link::midi_clock::ClockState;
use crate::link::{ModelState, Phrase, Status};
#[cfg(target_os = "linux")]
use crate::platform::{
    first_frame::request_first_frame, host_keys::KeyForwarder, screen_reader::ReaderSearch,
    x11::X11Connection, xdnd_receiver::XdndReceiver,
};

/// Watches an open window from its own thread and requests a repaint when its contents change, so
/// that the audio thread and the worker need not know of the window. Under X11 it also requests the
/// first frame, receives dropped files, forwards keys to the host, and looks for a screen reader.
pub(crate) struct WindowWatcher {
    closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WindowWatcher {
    /// Polling interval.
    const INTERVAL: Duration = Duration::from_millis(10);

    /// Starts watching.
    ///
    /// # Errors
    /// Returns the system's error if it provides no thread.
    pub(crate) fn start(
        sources: Sources,
        shared: Arc<WindowShared>,
        repaint: RepaintNotifier,
    ) -> std::io::Result<Self> {
        let closed = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&closed);
        let watch = move || {
            let mut platform = Platform::new(Arc::clone(&shared));
            let mut shown = WindowContent::of(&sources, &shared);
            let mut drawn = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                if platform.poll() {
                    repaint.request_repaint();
                }
                let now = WindowContent::of(&sources, &shared);
                let due =
                    shared.is_paced(&now.status) && drawn.elapsed() >= shared.frame_interval.load();
                if now != shown || due {
                    repaint.request_repaint();
                    (shown, drawn) = (now, Instant::now());
                }
                park_timeout(Self::INTERVAL);
            }
            platform.finish();
        };
        let thread = std::thread::Builder::new().name("window watch".to_owned()).spawn(watch)?;
        Ok(WindowWatcher { closed, thread: Some(thread) })
    }

    /// Wakes the watcher; the window has just been shown.
    pub(crate) fn hurry(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for WindowWatcher {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        self.hurry();
        if let Some(thread) = self.thread.take() {
            // A panic has been reported already; the window can close without the thread.
            drop(thread.join());
        }
    }
}

/// Repairs of the window that need polling; only X11 has any.
struct Platform {
    #[cfg(target_os = "linux")]
    shared: Arc<WindowShared>,
    #[cfg(target_os = "linux")]
    display: X11Connection,
    #[cfg(target_os = "linux")]
    keys: KeyForwarder,
    #[cfg(target_os = "linux")]
    drops: Option<XdndReceiver>,
    #[cfg(target_os = "linux")]
    readers: ReaderSearch,
}

#[cfg(target_os = "linux")]
impl Platform {
    fn new(shared: Arc<WindowShared>) -> Self {
        let (display, keys) = (X11Connection::default(), KeyForwarder::default());
        let readers = ReaderSearch::default();
        Platform { shared, display, keys, drops: XdndReceiver::new(), readers }
    }

    /// Polls the repairs. Returns `true` if the window must be redrawn.
    fn poll(&mut self) -> bool {
        let Platform { shared, display, keys, drops, readers } = self;
        if !shared.drawn.load(Ordering::Relaxed) {
            request_first_frame(display, shared.window());
        }
        let changed =
            drops.as_mut().is_some_and(|drops| drops.poll(shared.window(), &shared.drops));
        let asked = readers.poll(&shared.reader);
        if shared.origin().is_some() {
            let own = match shared.shortcuts.load(Ordering::Relaxed) {
                true => KEY_SYMBOLS,
                false => &[],
            };
            keys.forward(display, shared.window(), shared.typing.load(Ordering::Relaxed), own);
        }
        changed || asked
    }

    fn finish(&self) {
        // A drag that still hovers is reported to the next window if it is still there.
        self.shared.drops.set_hovered(None);
    }
}

#[cfg(not(target_os = "linux"))]
impl Platform {
    fn new(_shared: Arc<WindowShared>) -> Self {
        Platform {}
    }

    fn poll(&mut self) -> bool {
        false
    }

    fn finish(&self) {}
}

/// The drawn data that decides whether to repaint.
#[derive(PartialEq)]
struct WindowContent {
    status: Status,
    phrases: [Option<Arc<Phrase>>; 2],
    loading: bool,
    sent: u32,
    /// State of the followed MIDI clock, and beat of the count-in.
    clock: (ClockState, u8),
    /// Messages of MIDI controllers.
    controllers: u32,
    /// Change counter of the project.
    changes: u32,
    /// Change counter of the learning.
    learning: u32,
    has_report: bool,
    notices: Vec<String>,
    track: TrackInfo,
}

impl WindowContent {
    fn of(sources: &Sources, shared: &WindowShared) -> Self {
        let phrases = sources.link.phrases();
        let status = sources.link.status();
        let own = sources.link.own_transport();
        // While no take waits, the launch position is the song position.
        let launch = if status.pending == 0 { 0.0 } else { status.launch };
        let lights = if shared.is_paced(&status) { 0 } else { sources.link.sent() };
        WindowContent {
            // While the song moves, the window repaints at the display's rate by itself or is paced.
            status: Status { position: 0.0, bar_start: 0.0, launch, ..status },
            phrases: [phrases.playing, phrases.pending],
            loading: matches!(sources.link.model(), ModelState::Loading),
            sent: lights,
            clock: (own.clock.state(), own.counted()),
            controllers: sources.link.controllers().heard().0,
            changes: sources.params.state.kept().changes(),
            learning: sources.link.learning().changes(),
            has_report: sources.link.mailbox().has_report(),
            notices: sources.link.notices(),
            track: shared.track(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::link;

    #[test]
    fn a_moving_song_alone_is_no_new_content() {
        let (audio, _, link) = link();
        let sources = Sources { params: Arc::default(), link: Arc::clone(&link) };
        let shared = WindowShared::default();
        let content = |status: Status| {
            audio.publish(&status);
            WindowContent::of(&sources, &shared)
        };
        let at = |position| Status { following: true, position, launch: position, ..link.status() };
        let before = content(at(1.0));
        assert!(content(at(1.5)) == before);
        assert!(content(Status { bar: 1, ..at(1.5) }) != before);
    }

    #[test]
    fn only_a_moving_song_is_paced() {
        let shared = WindowShared::default();
        let moving = Status { following: true, ..link().2.status() };
        assert!(!shared.is_paced(&moving), "at the display's rate");
        shared.frame_interval.store(Duration::from_millis(60));
        assert!(shared.is_paced(&moving));
        assert!(!shared.is_paced(&Status { following: false, ..moving }));
    }
}
