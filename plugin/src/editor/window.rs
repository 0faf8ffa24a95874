//! Life cycle of the window in a host: opens at the saved size, enforces readable sizes, reports
//! its size in pixels, draws however late the host attaches it, and repaints when its contents
//! change.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, park_timeout};
use std::time::Duration;
#[cfg(target_os = "linux")]
use std::time::Instant;

use crossbeam_utils::atomic::AtomicCell;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize, Size};
use nice_plug::editor::{
    Editor, EditorHandle, HostMethods, ParentWindowHandle, ResizeHint, SizeConstraints,
    SpawnedEditor,
};
use nice_plug_egui::baseview::{self, WindowContext};
use nice_plug_egui::{
    EguiEditorHandle, EguiEditorState, EguiNiceSettings, RepaintNotifier, create_egui_editor,
};

use crate::editor::files::drop_overlay::FileDrops;
use crate::editor::{EditorApp, Sources, theme};
use crate::link::{ModelState, Phrase, Status};
use crate::platform::drag::{Drag, DragState, WindowId};
#[cfg(target_os = "linux")]
use crate::platform::{x11::Display, xdnd_receiver::XdndReceiver};

/// Minimum and maximum aspect ratio (width over height).
const ASPECTS: [f32; 2] = [1.4, 2.4];

/// State shared between the open window, its owner and its watcher.
#[derive(Default)]
pub(crate) struct WindowShared {
    /// Pixels per point reported by the windowing system; 0 before the first window is created.
    pub scale: AtomicCell<f64>,
    /// Native window, once created.
    origin: AtomicCell<Option<WindowId>>,
    /// The first frame has been drawn.
    pub drawn: AtomicBool,
    /// Drag out of the window. It ends with the window.
    drag: Mutex<Option<Drag>>,
    /// Files held over the window and dropped on it.
    pub drops: FileDrops,
    /// A text field has focus or a list is open.
    pub typing: AtomicBool,
}

impl WindowShared {
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
    fn window(&self) -> u32 {
        self.origin().and_then(|origin| u32::try_from(origin.number()).ok()).unwrap_or(0)
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

    fn drags(&self) -> std::sync::MutexGuard<'_, Option<Drag>> {
        self.drag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns keyboard focus to the host, where a click takes it permanently.
    pub(crate) fn give_keys_back(&self) {
        #[cfg(target_os = "linux")]
        Display::default().give_keys_back(self.window());
    }
}

/// The plugin's editor as the host sees it. Every open window is created from the same sources.
pub struct Window {
    sources: Sources,
    shared: Arc<WindowShared>,
}

impl Window {
    pub(crate) fn new(sources: Sources) -> Self {
        Window { sources, shared: Arc::default() }
    }
}

impl Editor for Window {
    type Handle = WindowHandle;

    fn spawn(
        &self,
        parent: Option<ParentWindowHandle>,
        wait_for_parent: bool,
        fallback_scale_factor: Option<f64>,
        gui_context: GuiContext,
        host: Option<HostMethods>,
    ) -> Result<SpawnedEditor<WindowHandle>, Box<dyn Error>> {
        self.shared.drawn.store(false, Ordering::Relaxed);
        let repaint = RepaintNotifier::new();
        let size = self.sources.window_size();
        let editor = create_egui_editor(
            EguiEditorState::from_size(Size::Logical(size.cast()), 1.0),
            repaint.clone(),
            EguiNiceSettings::new().with_tile("Deep Pocket").with_resize_hint(self.resize_hint()),
            EditorApp::new(self.sources.clone(), Arc::clone(&self.shared)),
        )
        .ok_or("The window could not be set up.")?;
        let spawned =
            editor.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)?;
        let watch = WindowWatcher::start(self.sources.clone(), Arc::clone(&self.shared), repaint)?;
        Ok(SpawnedEditor {
            handle: WindowHandle { watch, window: spawned.handle },
            window: HostedWindow { window: Some(spawned.window), shared: Arc::clone(&self.shared) },
        })
    }

    fn size(&self) -> NativeSize<u32> {
        let scale = match self.shared.scale.load() {
            unknown if unknown <= 0.0 => 1.0,
            scale => scale,
        };
        NativeSize::from_size(Size::Logical(self.sources.window_size().cast()), scale)
    }

    fn resize_hint(&self) -> ResizeHint {
        let points = |size: egui::Vec2| Some(LogicalSize::new(size.x, size.y));
        ResizeHint {
            size_constraints: SizeConstraints::logical(
                points(theme::SMALLEST),
                points(theme::LARGEST),
            ),
            ..ResizeHint::RESIZABLE
        }
    }
}

/// Handle of an open window.
pub struct WindowHandle {
    /// Ends before the window does.
    watch: WindowWatcher,
    window: EguiEditorHandle,
}

impl EditorHandle for WindowHandle {
    type Window = HostedWindow;
    type Error = baseview::Error;

    fn run_until_closed(mut window: HostedWindow) -> Result<(), baseview::Error> {
        window.window.take().map_or(Ok(()), EguiEditorHandle::run_until_closed)
    }

    fn set_parent(
        &self,
        parent: ParentWindowHandle,
        window: &HostedWindow,
    ) -> Result<(), baseview::Error> {
        window.open().map_or(Ok(()), |window| self.window.set_parent(parent, window))
    }

    fn show(&self, window: &HostedWindow) -> Result<(), baseview::Error> {
        let shown = window.open().map_or(Ok(()), |window| self.window.show(window));
        self.watch.hurry();
        shown
    }

    fn hide(&self, window: &HostedWindow) -> Result<(), baseview::Error> {
        window.open().map_or(Ok(()), |window| self.window.hide(window))
    }

    fn set_size(
        &self,
        size: NativeSize<u32>,
        window: &HostedWindow,
    ) -> Result<(), baseview::Error> {
        window.open().map_or(Ok(()), |window| self.window.set_size(size, window))
    }

    fn host_main_thread_callback(&self, window: &HostedWindow) {
        if let Some(window) = window.open() {
            self.window.host_main_thread_callback(window);
        }
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn adjust_size(
        &self,
        asked: NativeSize<u32>,
        window: &HostedWindow,
    ) -> Option<NativeSize<u32>> {
        let window = window.open()?;
        let mut size = self.window.adjust_size(asked, window)?;
        let [least, greatest] = ASPECTS;
        let height = size.height as f32;
        size.width = (size.width as f32).clamp(height * least, height * greatest).round() as u32;
        // Widening a tall window may exceed the limits.
        self.window.adjust_size(size, window)
    }

    fn set_fallback_scale_factor(
        &self,
        scale_factor: f64,
        window: &HostedWindow,
    ) -> Result<(), baseview::Error> {
        window
            .open()
            .map_or(Ok(()), |window| self.window.set_fallback_scale_factor(scale_factor, window))
    }

    fn state_changed(&self) {
        self.window.state_changed();
    }

    fn param_value_changed(&self, id: &str, normalized_value: f32) {
        self.window.param_value_changed(id, normalized_value);
    }

    fn param_modulation_changed(&self, id: &str, modulation_offset: f32) {
        self.window.param_modulation_changed(id, modulation_offset);
    }
}

/// The native window; it closes before its owner continues.
pub struct HostedWindow {
    /// `None` only after it has run to its end.
    window: Option<baseview::Window>,
    shared: Arc<WindowShared>,
}

impl HostedWindow {
    fn open(&self) -> Option<&baseview::Window> {
        self.window.as_ref()
    }
}

impl Drop for HostedWindow {
    /// Waits up to one second for the window to close: the host may unload the library right
    /// afterwards.
    #[cfg(target_os = "linux")]
    fn drop(&mut self) {
        let Some(window) = self.window.take() else { return };
        Display::default().ask_to_close(self.shared.window());
        let asked = Instant::now();
        while window.is_open() && asked.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.shared.set_drag(None);
        self.shared.origin.store(None);
    }

    /// The window closes on this thread.
    #[cfg(not(target_os = "linux"))]
    fn drop(&mut self) {
        self.shared.set_drag(None);
        drop(self.window.take());
    }
}

/// Watches an open window from its own thread and requests a repaint when its contents change, so
/// that the audio thread and the worker need not know of the window. Under X11 it also requests the
/// first frame, receives dropped files, and forwards keys to the host.
struct WindowWatcher {
    closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WindowWatcher {
    /// Polling interval.
    const INTERVAL: Duration = Duration::from_millis(10);

    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_variables, reason = "only X11 needs the window looked after")
    )]
    fn start(
        sources: Sources,
        shared: Arc<WindowShared>,
        repaint: RepaintNotifier,
    ) -> std::io::Result<Self> {
        let closed = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&closed);
        let watch = move || {
            #[cfg(target_os = "linux")]
            let (mut display, mut xdnd) = (Display::default(), XdndReceiver::new());
            let mut shown = WindowContent::of(&sources);
            while !stop.load(Ordering::Relaxed) {
                #[cfg(target_os = "linux")]
                if !shared.drawn.load(Ordering::Relaxed) {
                    display.ask_first_frame(shared.window());
                }
                #[cfg(target_os = "linux")]
                if xdnd.as_mut().is_some_and(|xdnd| xdnd.poll(shared.window(), &shared.drops)) {
                    repaint.request_repaint();
                }
                #[cfg(target_os = "linux")]
                if shared.origin().is_some() {
                    display.hand_keys_on(shared.window(), shared.typing.load(Ordering::Relaxed));
                }
                let now = WindowContent::of(&sources);
                if now != shown {
                    repaint.request_repaint();
                    shown = now;
                }
                park_timeout(Self::INTERVAL);
            }
            // A drag that still hovers is reported to the next window if it is still there.
            #[cfg(target_os = "linux")]
            shared.drops.set_hovered(None);
        };
        let thread = std::thread::Builder::new().name("window watch".to_owned()).spawn(watch)?;
        Ok(WindowWatcher { closed, thread: Some(thread) })
    }

    /// Wakes the watcher; the window has just been shown.
    fn hurry(&self) {
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

/// The drawn data that decides whether to repaint.
#[derive(PartialEq)]
struct WindowContent {
    status: Status,
    phrases: [Option<Arc<Phrase>>; 2],
    loading: bool,
    sent: u32,
    /// Change counter of the project, and whether the worker has a report.
    kept: (u32, bool),
    notices: Vec<String>,
}

impl WindowContent {
    fn of(sources: &Sources) -> Self {
        let phrases = sources.link.phrases();
        let kept = sources.params.state.kept();
        WindowContent {
            // While the song moves, the window repaints at the display's rate by itself.
            status: Status { position: 0.0, bar_start: 0.0, ..sources.link.status() },
            phrases: [phrases.playing, phrases.pending],
            loading: matches!(sources.link.model(), ModelState::Loading),
            sent: sources.link.sent(),
            kept: (kept.changes(), kept.has_report()),
            notices: sources.link.notices(),
        }
    }
}
