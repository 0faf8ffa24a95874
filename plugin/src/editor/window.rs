//! Life cycle of the window in a host: opens at the saved size, enforces readable sizes, reports
//! its size in pixels, draws however late the host attaches it, and repaints when its contents
//! change.

mod changed_areas;
pub(crate) mod partial_redraw;
#[cfg(target_os = "linux")]
pub(crate) mod reader_hook;
pub(crate) mod shared;
mod watcher;

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

use crossbeam_utils::atomic::AtomicCell;
use nice_plug::context::gui::GuiContext;
use nice_plug::editor::dpi::{LogicalSize, NativeSize, Size};
use nice_plug::editor::{
    Editor, EditorHandle, HostMethods, ParentWindowHandle, ResizeHint, SizeConstraints,
    SpawnedEditor,
};
use nice_plug::plugin::TrackInfo;
use nice_plug_egui::baseview;
use nice_plug_egui::{
    EguiEditorHandle, EguiEditorState, EguiNiceSettings, GraphicsConfig, RepaintNotifier,
    create_egui_editor,
};

use self::shared::{Sources, WindowShared};
use self::watcher::WindowWatcher;
use crate::editor::app::EditorApp;
use crate::editor::theme;
#[cfg(target_os = "linux")]
use crate::platform::{window_close::request_close, x11::X11Connection};

/// Minimum and maximum aspect ratio (width over height).
const ASPECTS: [f32; 2] = [1.4, 2.4];

/// Pixels per point that the command line of the standalone program asks for; 0: the system's.
static DISPLAY_SCALE: AtomicCell<f64> = AtomicCell::new(0.0);

/// Sets the pixels per point of windows whose host and system know none: the framework does not pass
/// on the standalone program's `--dpi-scale`.
pub fn set_display_scale(scale: f64) {
    if scale.is_finite() && (0.5..=4.0).contains(&scale) {
        DISPLAY_SCALE.store(scale);
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
        let asked = Some(DISPLAY_SCALE.load()).filter(|scale| *scale > 0.0);
        let fallback_scale_factor = fallback_scale_factor.or(asked);
        let repaint = RepaintNotifier::new();
        let points = self.sources.window_size();
        // baseview opens the window at the system's scale, so that of the command line needs pixels.
        let size = match asked {
            Some(scale) => Size::Physical(points.to_physical(scale)),
            None => Size::Logical(points.cast()),
        };
        let editor = create_egui_editor(
            EguiEditorState::from_size(size, 1.0),
            repaint.clone(),
            EguiNiceSettings::new()
                .with_tile("Deep Pocket")
                .with_resize_hint(self.resize_hint())
                // The window has no gradients, in which dithering would hide steps.
                .with_graphics_config(GraphicsConfig { dithering: false, ..Default::default() }),
            EditorApp::new(self.sources.clone(), Arc::clone(&self.shared)),
        )
        .ok_or("The window could not be set up.")?;
        // A panic in a function of the framework would abort the host.
        let spawned = catch_unwind(AssertUnwindSafe(|| {
            editor.spawn(parent, wait_for_parent, fallback_scale_factor, gui_context, host)
        }))
        .unwrap_or_else(|_| Err("The window failed to open.".into()))?;
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

    fn track_info_updated(&self, track: TrackInfo) {
        self.shared.set_track(track);
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
        request_close(&mut X11Connection::default(), self.shared.window());
        let asked = Instant::now();
        while window.is_open() && asked.elapsed() < Duration::from_secs(1) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.shared.closed();
    }

    /// The window closes on this thread.
    #[cfg(not(target_os = "linux"))]
    fn drop(&mut self) {
        self.shared.set_drag(None);
        drop(self.window.take());
    }
}
