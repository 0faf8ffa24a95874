//! Contents of an open window, drawn frame by frame.

pub(crate) mod shortcuts;
mod song;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use egui::{Context, Key, Label, Memory, Popup, Rect, RichText, Ui, pos2};
use nice_plug::context::gui::GuiContext;
use nice_plug::plugin::TrackInfo;
use nice_plug_egui::baseview::dpi::LogicalSize;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, NiceEguiApp};

use crate::editor::drawer::{self, Drawer};
use crate::editor::files::action::{Action, FilePurpose};
use crate::editor::files::clip_drag::ClipDrag;
use crate::editor::files::drop_overlay::{self, Dropped};
use crate::editor::files::picker::{self, ChosenFile, FilePicker};
#[cfg(feature = "measure")]
use crate::editor::frame_cost::FrameCost;
use crate::editor::header::take_text::take_text;
use crate::editor::header::{Header, TransportStatus};
use crate::editor::host_edits::{HostEdits, ViewContext};
use crate::editor::panels;
use crate::editor::phrase::layout::GridLayout;
use crate::editor::phrase::view::PhraseView;
use crate::editor::phrase::{cell_edit, cell_keys, lane_headers};
use crate::editor::status::{ActivityLight, Expiring, Playhead, TransientWarnings, greeting, lack};
use crate::editor::styles::{self, style_title};
use crate::editor::theme::{self, Scale};
use crate::editor::widgets::{banner, take_remark};
use crate::editor::window::partial_redraw::PartialRedraw;
#[cfg(target_os = "linux")]
use crate::editor::window::reader_hook::ReaderHook;
use crate::editor::window::shared::{Sources, WindowShared};
use crate::link::{ModelState, Phrases, Status};
use crate::params::controls::Controls;
#[cfg(target_os = "windows")]
use crate::platform::ole_receiver;
use crate::platform::software_renderer::frame_interval;
use crate::project::settings::Settings;
use crate::session::clip_export::{ClipExport, ExportOptions, Extent};

/// Contents of an open window.
pub(crate) struct EditorApp {
    sources: Sources,
    pub shared: Arc<WindowShared>,
    pub edits: HostEdits,
    scale: Option<Scale>,
    playhead: Playhead,
    warnings: TransientWarnings,
    clip_drag: ClipDrag,
    files: FilePicker,
    light: ActivityLight,
    #[cfg(feature = "measure")]
    cost: FrameCost,
    drawer: Option<Drawer>,
    /// The drawer has not been drawn yet.
    opened: bool,
    /// Drawing has panicked.
    failed: bool,
    /// At the end of the last frame something was open or focused that Escape closes first.
    escape_taken: bool,
    /// The song strip is shown; `None` before the user has chosen: shown if there is a chart.
    song: Option<bool>,
    /// Message about the last action.
    pub message: Expiring<Result<String, String>>,
}

/// Sentence of a window that cannot be drawn.
pub(crate) const FAILED: &str =
    "The window failed. The drummer plays on. Close the window and open it again.";

/// Duration of a message, and end of the greeting after the window opened, in seconds.
const SAID: f64 = 8.0;
const GREETED: f64 = 30.0;

impl NiceEguiApp for EditorApp {
    fn build(
        &mut self,
        context: Context,
        host: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.shared.made(frame.baseview_window());
        frame.set_clear_color(theme::CLEAR);
        let interval = frame_interval(frame.baseview_window());
        self.shared.frame_interval.store(interval);
        if !interval.is_zero() {
            context.add_plugin(PartialRedraw::new(theme::CLEAR));
        }
        #[cfg(target_os = "linux")]
        context.add_plugin(ReaderHook(Arc::clone(&self.shared)));
        #[cfg(target_os = "windows")]
        if let Some(window) = self.shared.origin() {
            ole_receiver::receive(window, Arc::clone(&self.shared.drops), context.clone());
        }
        self.start(&context, host);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        self.shared.drawn.store(true, Ordering::Relaxed);
        #[cfg(feature = "measure")]
        let begun = std::time::Instant::now();
        self.show_fenced(ui);
        #[cfg(feature = "measure")]
        self.cost.add(begun);
    }

    fn resized(&mut self, size: WindowSize) {
        let points: LogicalSize<u32> = size.logical.cast();
        self.sources.params.state.set_window(points.width, points.height);
        self.shared.scale.store(size.scale_factor);
    }
}

/// State read at the start of a frame.
struct FrameState {
    status: Status,
    phrases: Phrases,
    model: ModelState,
    controls: Controls,
    /// Song position in quarter notes.
    position: f64,
    /// The plugin plays while the host is stopped.
    free_running: bool,
    /// Track of the plugin.
    track: TrackInfo,
}

impl EditorApp {
    pub(crate) fn new(sources: Sources, shared: Arc<WindowShared>) -> Self {
        let warnings = TransientWarnings::since(&sources.link.status());
        EditorApp {
            edits: HostEdits::new(&sources),
            sources,
            shared,
            scale: None,
            playhead: Playhead::default(),
            warnings,
            clip_drag: ClipDrag::default(),
            files: FilePicker::default(),
            light: ActivityLight::default(),
            #[cfg(feature = "measure")]
            cost: FrameCost::default(),
            drawer: None,
            opened: false,
            failed: false,
            escape_taken: false,
            song: None,
            message: Expiring::default(),
        }
    }

    /// Prepares fonts and the host connection before the first frame.
    fn start(&mut self, context: &Context, host: GuiContext) {
        theme::set_fonts(context);
        self.edits.connect(host);
        if let Some(greeting) = greeting(self.edits.own_transport())
            && !Settings::for_user().0.greeted
        {
            self.message.set(Ok(greeting.to_owned()), GREETED);
            // Without a settings file the greeting comes again, which does no harm.
            let _ = Settings::change(|settings| settings.greeted = true);
        }
        if let Err(why) = self.edits.clock.open_requested() {
            self.message.set(Err(why), GREETED);
        }
    }

    /// Draws a frame. After a panic, which would abort the host outside this function, the window
    /// has only a sentence until it is opened again.
    pub(crate) fn show_fenced(&mut self, ui: &mut Ui) {
        if !self.failed {
            self.failed = catch_unwind(AssertUnwindSafe(|| self.show(ui))).is_err();
        }
        if self.failed {
            let area = ui.max_rect();
            ui.painter().rect_filled(area, 0.0, theme::GROUND);
            ui.put(area, Label::new(RichText::new(FAILED).color(theme::TEXT)));
        }
    }

    /// Draws a frame.
    fn show(&mut self, ui: &mut Ui) {
        let scale = Scale::fitting(ui.max_rect().size());
        if self.scale.replace(scale) != Some(scale) {
            theme::set_style(ui.ctx(), scale);
        }
        if self.files.is_open() {
            ui.disable();
        }
        let now = ui.input(|input| input.time);
        let frame = self.read_frame(now);
        let busy = ui.input(|input| input.pointer.any_down());
        self.follow_keys_and_controllers(ui.ctx(), busy);
        let message = self.current_message(ui.ctx(), now, &frame);
        #[cfg(feature = "fault")]
        crate::fault_injection::in_window(self.sources.params.seed.value());
        if let Some(seconds) = self.edits.with_host(|session, set| session.update(now, busy, set)) {
            ui.ctx().request_repaint_after(Duration::from_secs_f64(seconds.max(0.0)));
        }
        let pins = self.edits.session().pins();
        let FrameState { status, phrases, controls, position, .. } = &frame;
        let phrase = PhraseView::new(status, phrases, controls, &pins, *position);
        match self.edits.options.extent {
            Extent::Phrase => {}
            Extent::Phrases(count) => self.edits.session_mut().play_ahead(count),
            extent @ (Extent::Section | Extent::Song) => {
                self.edits.session_mut().play_song(extent);
            }
        }
        let action = self.draw(ui, scale, &frame, &phrase, message.as_ref());
        self.finish_frame(ui, scale, action);
    }

    fn read_frame(&mut self, now: f64) -> FrameState {
        let Sources { params, link } = &self.sources;
        let status = link.status();
        FrameState {
            status,
            phrases: link.phrases(),
            model: link.model(),
            controls: Controls::new(params),
            position: self.playhead.position(&status, now),
            free_running: link.is_free_running(),
            track: self.shared.track(),
        }
    }

    /// Draws header, message, drawer, phrase and panels. Returns the action to carry out.
    fn draw(
        &mut self,
        ui: &mut Ui,
        scale: Scale,
        frame: &FrameState,
        phrase: &PhraseView<'_>,
        message: Option<&(String, bool)>,
    ) -> Option<Action> {
        let now = ui.input(|input| input.time);
        let sent = self.light.brightness(now, self.sources.link.sent());
        let moves = frame.status.following || sent > 0.0;
        if moves && !self.shared.is_paced(&frame.status) {
            ui.ctx().request_repaint();
        }
        let params = Arc::clone(&self.sources.params);
        let (edits, model) = (&mut self.edits, &frame.model);
        let (asked, hints_above) = (None, None);
        let mut view = ViewContext { scale, params: &params, edits, model, asked, hints_above };
        let area = ui.max_rect();
        let margin = scale.px(18.0);
        let (top, rest) = area.split_top_bottom_at_y(area.top() + scale.px(52.0));
        let rest = rest.shrink(margin).with_min_y(rest.top() + scale.px(8.0));
        let pressed = header(ui, &mut view, top, frame, sent, self.drawer);
        let split = rest.bottom() - scale.px(panels::HEIGHT);
        let mut above = Rect::from_min_max(rest.min, pos2(rest.right(), split - margin));
        if let Some(drawer) = self.drawer {
            let left = above.right() - scale.px(drawer::WIDTH);
            let place = above.with_min_x(left).with_min_y(above.top() + scale.px(8.0));
            let opened = std::mem::take(&mut self.opened);
            // Escape closes one thing at a time: a field, menu or dialog before the drawer.
            let escape = !self.escape_taken && ui.input(|input| input.key_pressed(Key::Escape));
            if !drawer.show(ui, &mut view, place, model, opened) || escape {
                self.drawer = None;
            }
            above.max.x = left - scale.px(panels::GAP);
        }
        above.min.y += song::show(ui, &mut view, above, &mut self.song, &frame.status);
        let grid = GridLayout::new(scale, above, &phrase.meters);
        lane_headers::show(ui, &mut view, &grid, phrase);
        phrase.paint(ui.painter(), scale, &grid);
        cell_edit::edit(ui, &mut view, &grid, phrase);
        cell_keys::edit(ui, &mut view, &grid, phrase);
        if let Some((text, wrong)) = message {
            // The gap above the panels, so that a message neither moves nor covers anything.
            let gap = Rect::from_x_y_ranges(rest.x_range(), split - margin..=split);
            banner(ui, scale, gap.shrink2(scale.size(0.0, 1.0)), text, *wrong);
        }
        let below = Rect::from_min_max(pos2(rest.left(), split), rest.max);
        panels::show(ui, &mut view, below, phrase);
        let action = view.asked;
        if let Some(pressed) = pressed {
            self.drawer = (self.drawer != Some(pressed)).then_some(pressed);
            self.opened = true;
        }
        action
    }

    /// Carries out the frame's action, and handles dialog, dropped files and keyboard focus.
    fn finish_frame(&mut self, ui: &mut Ui, scale: Scale, action: Option<Action>) {
        if let Some(action) = action
            && let Err(why) = self.carry_out(ui.ctx(), scale, action)
        {
            self.say(ui.ctx(), Err(why));
        }
        if let Some(chosen) = self.files.show(ui.ctx())
            && let Some(result) = self.use_file(&chosen).transpose()
        {
            self.say(ui.ctx(), result);
        }
        match drop_overlay::show(ui, scale, &mut self.edits, &self.shared.drops) {
            Some(Dropped::Told(result)) => self.say(ui.ctx(), result),
            Some(Dropped::Learns) => {
                (self.drawer, self.opened) = (Some(Drawer::Model), true);
                ui.ctx().request_repaint();
            }
            None => {}
        }
        if let Some(said) = take_remark(ui.ctx()) {
            self.say(ui.ctx(), Err(said));
        }
        self.share_keys(ui.ctx());
    }

    /// Carries out an action, or starts it if it takes several frames.
    fn carry_out(&mut self, context: &Context, scale: Scale, action: Action) -> Result<(), String> {
        self.message.clear();
        let Sources { params, link } = &self.sources;
        let clip = |options: ExportOptions| ClipExport::of(params, link, options);
        match action {
            Action::DragClip(options) => {
                let clip = clip(options)?;
                let name = format!("{}.mid", clip.name());
                self.clip_drag.take_up(context, &self.shared, &name, &clip.midi(), clip.steps());
            }
            Action::CopyText(options) => {
                context.copy_text(clip(options)?.text());
                let done = "The clip is on the clipboard, as text.";
                self.say(context, Ok(done.to_owned()));
            }
            Action::PickFile(purpose @ (FilePurpose::Midi | FilePurpose::Sound), options) => {
                let clip = clip(options)?;
                self.files.ask(scale, purpose, Some(clip));
            }
            Action::PickFile(purpose, _) => self.files.ask(scale, purpose, None),
        }
        Ok(())
    }

    /// Uses the chosen file.
    fn use_file(&mut self, chosen: &ChosenFile) -> Result<Option<String>, String> {
        match chosen.purpose {
            FilePurpose::Midi | FilePurpose::Sound => chosen.save().map(Some),
            purpose => picker::open(&mut self.edits, purpose, &chosen.path),
        }
    }

    /// Shows a message for [`SAID`] seconds.
    fn say(&mut self, context: &Context, message: Result<String, String>) {
        self.message.set(message, context.input(|input| input.time) + SAID);
        context.request_repaint();
    }

    /// Returns the keyboard to the host, if there is one, while nobody types here: its space bar
    /// starts and stops the song.
    fn share_keys(&mut self, context: &Context) {
        let has_keys = context
            .input(|input| input.viewport().focused == Some(true) && !input.pointer.any_down());
        let typing = context.egui_wants_keyboard_input() || Popup::is_any_open(context);
        self.escape_taken = typing || self.files.is_open() || context.memory(has_focus);
        self.shared.typing.store(typing, Ordering::Relaxed);
        let keys = self.edits.shortcuts && !self.escape_taken;
        self.shared.shortcuts.store(keys, Ordering::Relaxed);
        if has_keys && !typing && !self.edits.is_standalone() {
            self.shared.give_keys_back();
        }
    }

    /// Returns the message to show and whether it is an error.
    fn current_message(
        &mut self,
        context: &Context,
        now: f64,
        frame: &FrameState,
    ) -> Option<(String, bool)> {
        let warning = self.warnings.current(context, now, frame.free_running, &frame.status);
        let drag_message = self.clip_drag.look(context, &self.shared).map(str::to_owned);
        if let Some(report) = self.edits.session().take_report() {
            self.message.set(report, now + SAID);
        }
        if context.input(|input| input.key_pressed(Key::Escape)) && self.edits.midi.cancel() {
            self.escape_taken = true;
        }
        if let Some(prompt) = self.edits.midi.prompt() {
            return Some((prompt, false));
        }
        if let Some(message) = self.message.current(context, now) {
            return Some(match message {
                Ok(done) => (done.clone(), false),
                Err(why) => (why.clone(), true),
            });
        }
        let lack = lack(self.edits.own_transport()).map(str::to_owned);
        let lasting = self.sources.link.notices().into_iter().next().or(lack);
        drag_message
            .or(lasting)
            .or_else(|| self.sources.params.state.notice().map(str::to_owned))
            .or_else(|| styles::unknown_choice(styles::ready(&frame.model), &frame.controls))
            .or_else(|| warning.map(str::to_owned))
            .map(|sentence| (sentence, true))
    }
}

/// Returns `true` if a control has the keyboard.
fn has_focus(memory: &Memory) -> bool {
    memory.focused().is_some()
}

/// Draws the header. Returns the drawer whose button was pressed.
fn header(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    rect: Rect,
    frame: &FrameState,
    sent: f32,
    drawer: Option<Drawer>,
) -> Option<Drawer> {
    let chosen = u8::try_from(view.params.style.value()).unwrap_or(0);
    let take = take_text(view.edits, &style_title(chosen, styles::ready(&frame.model)));
    let Status { following, tempo, meter, bar, .. } = frame.status;
    let transport = if following {
        TransportStatus::Following { tempo, meter, bar: bar + 1, free: frame.free_running }
    } else {
        TransportStatus::Stopped
    };
    let model = match &frame.model {
        // The controls of the transport need the room.
        ModelState::Ready(_) if view.edits.own_transport().is_present() => "Model".to_owned(),
        ModelState::Loading => "Model: loading".to_owned(),
        ModelState::Missing(_) => "No model".to_owned(),
        ModelState::Ready(model) => format!("Model: {}", model.name),
    };
    let track = &frame.track;
    Header { take: &take, transport, track, model: &model, sent, drawer }.show(ui, view, rect)
}
