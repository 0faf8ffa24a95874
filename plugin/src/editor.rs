//! The window: the phrase, the host's transport, and the controls. It draws the data of
//! [`mod@crate::link`] and [`crate::params`], sets parameters through the host, and accesses
//! neither the engine nor the model.
//!
//! Each frame reads the state, draws it, and carries out at most one action. While the host plays,
//! the window draws at the display's rate, otherwise only after a change.

mod drawer;
pub(crate) mod files;
#[cfg(feature = "measure")]
mod frame_cost;
mod header;
mod host_edits;
mod panels;
mod phrase;
#[cfg(test)]
mod tests;
mod theme;
mod widgets;
mod window;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use egui::{Context, Popup, Rect, Ui, pos2};
use groove::take::Take;
use nice_plug::context::gui::GuiContext;
use nice_plug_egui::baseview::dpi::LogicalSize;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, NiceEguiApp};

pub use self::window::Window;

use self::drawer::Drawer;
use self::files::clip_drag::ClipDrag;
use self::files::picker::{Action, ChosenFile, FilePicker, FilePurpose};
use self::header::{Header, Transport, message};
use self::host_edits::{HostEdits, ViewContext};
use self::phrase::layout::{GridLayout, PatternPosition};
use self::phrase::view::PhraseView;
use self::theme::Scale;
use self::window::WindowShared;
use crate::link::{Link, Metadata, ModelState, Phrases, Status};
use crate::params::DeepPocketParams;
use crate::params::controls::Controls;
use crate::project::models;
use crate::session::clip_export::{ClipExport, ExportOptions, Extent};

/// Creates the editor for the host.
#[must_use]
pub fn create(params: Arc<DeepPocketParams>, link: Arc<Link>) -> Option<Window> {
    Some(Window::new(Sources { params, link }))
}

/// Data sources of the window.
#[derive(Clone)]
pub(crate) struct Sources {
    params: Arc<DeepPocketParams>,
    link: Arc<Link>,
}

impl Sources {
    /// Returns the saved window size in points, clamped to readable sizes.
    fn window_size(&self) -> LogicalSize<f32> {
        let (width, height) = self.params.state.window();
        LogicalSize::new(
            (width as f32).clamp(theme::SMALLEST.x, theme::LARGEST.x),
            (height as f32).clamp(theme::SMALLEST.y, theme::LARGEST.y),
        )
    }
}

/// Contents of an open window.
struct EditorApp {
    sources: Sources,
    shared: Arc<WindowShared>,
    edits: HostEdits,
    scale: Option<Scale>,
    playhead: Playhead,
    warnings: TransientWarnings,
    carry: ClipDrag,
    files: FilePicker,
    light: ActivityLight,
    #[cfg(feature = "measure")]
    cost: frame_cost::FrameCost,
    drawer: Option<Drawer>,
    /// The drawer has not been drawn yet.
    opened: bool,
    /// Message about the last action and the time at which it disappears, in seconds.
    said: Option<(Result<String, String>, f64)>,
}

/// Duration of a message, in seconds.
const SAID: f64 = 8.0;

impl NiceEguiApp for EditorApp {
    fn build(
        &mut self,
        context: Context,
        host: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.shared.made(frame.baseview_window());
        self.start(&context, host);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        self.shared.drawn.store(true, Ordering::Relaxed);
        #[cfg(feature = "measure")]
        let begun = std::time::Instant::now();
        self.show(ui);
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
    alone: bool,
}

impl EditorApp {
    fn new(sources: Sources, shared: Arc<WindowShared>) -> Self {
        let warnings = TransientWarnings::since(&sources.link.status());
        EditorApp {
            edits: HostEdits::new(&sources),
            sources,
            shared,
            scale: None,
            playhead: Playhead::default(),
            warnings,
            carry: ClipDrag::default(),
            files: FilePicker::default(),
            light: ActivityLight::default(),
            #[cfg(feature = "measure")]
            cost: frame_cost::FrameCost::default(),
            drawer: None,
            opened: false,
            said: None,
        }
    }

    /// Prepares fonts and the host connection before the first frame.
    fn start(&mut self, context: &Context, host: GuiContext) {
        theme::set_fonts(context);
        self.edits.connect(host);
    }

    /// Draws a frame.
    fn show(&mut self, ui: &mut Ui) {
        let area = ui.max_rect();
        let scale = Scale::fitting(area.size());
        if self.scale.replace(scale) != Some(scale) {
            theme::set_style(ui.ctx(), scale);
        }
        if self.files.is_open() {
            ui.disable();
        }
        let Sources { params, link } = self.sources.clone();
        let now = ui.input(|input| input.time);
        let status = link.status();
        let moment = FrameState {
            status,
            phrases: link.phrases(),
            model: link.model(),
            controls: Controls::new(&params),
            position: self.playhead.position(&status, now),
            alone: link.is_free_running(),
        };
        if status.following {
            ui.ctx().request_repaint();
        }
        let trouble = self.trouble(ui.ctx(), now, &status);
        let busy = ui.input(|input| input.pointer.any_down());
        if let Some(seconds) = self.edits.with_host(|session, set| session.update(now, busy, set)) {
            ui.ctx().request_repaint_after(Duration::from_secs_f64(seconds.max(0.0)));
        }
        let pins = self.edits.session().pins();
        let phrase = shown(&moment, &pins);
        if let Extent::Phrases(count) = self.edits.options.extent {
            self.edits.session_mut().play_ahead(count);
        }
        let sent = self.light.look(ui.ctx(), now, link.sent());
        let mut view = ViewContext {
            scale,
            params: &params,
            edits: &mut self.edits,
            model: &moment.model,
            asked: None,
        };

        ui.painter().rect_filled(area, 0.0, theme::GROUND);
        let margin = scale.px(18.0);
        let (top, rest) = area.split_top_bottom_at_y(area.top() + scale.px(52.0));
        let mut rest = rest.shrink(margin).with_min_y(rest.top() + scale.px(8.0));
        let door = header(ui, &mut view, top, &moment, sent, self.drawer);
        if let Some((text, true)) = &trouble {
            let height = scale.px(30.0);
            message(ui, scale, rest.with_max_y(rest.top() + height), text, true);
            rest.min.y += height + scale.px(4.0);
        }
        let split = rest.bottom() - scale.px(panels::HEIGHT);
        let mut above = Rect::from_min_max(rest.min, pos2(rest.right(), split - margin));
        if let Some(drawer) = self.drawer {
            let left = above.right() - scale.px(drawer::WIDTH);
            let place = above.with_min_x(left).with_min_y(above.top() + scale.px(8.0));
            let opened = std::mem::take(&mut self.opened);
            if !drawer.show(ui, &mut view, place, &moment.model, opened) {
                self.drawer = None;
            }
            above.max.x = left - scale.px(panels::GAP);
        }
        let grid = GridLayout::new(scale, above, &phrase.meters());
        phrase::lane_headers::show(ui, &mut view, &grid, &phrase);
        phrase.paint(ui.painter(), scale, &grid);
        phrase::cell_edit::edit(ui, &mut view, &grid, &phrase);
        if let Some((text, false)) = &trouble {
            // Confirmations do not move the layout; they cover the bar numbers.
            let over = above.with_max_y(above.top() + scale.px(phrase::layout::RULER - 3.0));
            message(ui, scale, over, text, false);
        }
        let below = Rect::from_min_max(pos2(rest.left(), split), rest.max);
        panels::show(ui, &mut view, below, &phrase);
        let asked = view.asked;
        if let Some(door) = door {
            self.drawer = (self.drawer != Some(door)).then_some(door);
            self.opened = true;
        }
        if let Some(asked) = asked
            && let Err(sentence) = self.start_on(ui.ctx(), scale, asked)
        {
            self.say(ui.ctx(), Err(sentence));
        }
        if let Some(chosen) = self.files.show(ui.ctx()) {
            let said = self.use_file(&chosen).transpose();
            if let Some(said) = said {
                self.say(ui.ctx(), said);
            }
        }
        if let Some(said) =
            files::drop_overlay::show(ui, scale, &mut self.edits, &self.shared.drops)
        {
            self.say(ui.ctx(), said);
        }
        self.share_keys(ui.ctx());
    }

    /// Carries out an action, or starts it if it takes several frames.
    fn start_on(&mut self, context: &Context, scale: Scale, asked: Action) -> Result<(), String> {
        self.said = None;
        let Sources { params, link } = &self.sources;
        let clip = |options: ExportOptions| ClipExport::of(params, link, options);
        match asked {
            Action::DragClip(options) => {
                let clip = clip(options)?;
                let name = format!("{}.mid", clip.name());
                self.carry.take_up(context, &self.shared, &name, &clip.midi(), clip.steps());
            }
            Action::CopyText(options) => {
                context.copy_text(clip(options)?.text());
                let said = "The clip is on the clipboard, as text.";
                self.say(context, Ok(said.to_owned()));
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
            purpose => files::picker::open(&mut self.edits, purpose, &chosen.path),
        }
    }

    /// Shows a message for [`SAID`] seconds.
    fn say(&mut self, context: &Context, said: Result<String, String>) {
        self.said = Some((said, context.input(|input| input.time) + SAID));
        context.request_repaint();
    }

    /// Returns the keyboard to the host while nobody types here: its space bar starts and stops the
    /// song.
    fn share_keys(&self, context: &Context) {
        let has_keys = context
            .input(|input| input.viewport().focused == Some(true) && !input.pointer.any_down());
        let typing = context.egui_wants_keyboard_input() || Popup::is_any_open(context);
        self.shared.typing.store(typing, Ordering::Relaxed);
        if has_keys && !typing {
            self.shared.give_keys_back();
        }
    }

    /// Returns the message to show and whether it is an error.
    fn trouble(&mut self, context: &Context, now: f64, status: &Status) -> Option<(String, bool)> {
        let hitch = self.warnings.notice(context, now, status);
        let carried = self.carry.look(context, &self.shared).map(str::to_owned);
        if let Some(said) = self.edits.session().take_report() {
            self.said = Some((said, now + SAID));
        }
        self.said = self.said.take().filter(|(_, until)| now < *until);
        if let Some((_, until)) = &self.said {
            context.request_repaint_after(Duration::from_secs_f64((until - now).max(0.0)));
        }
        if let Some((said, _)) = &self.said {
            return Some(match said {
                Ok(done) => (done.clone(), false),
                Err(why) => (why.clone(), true),
            });
        }
        let lasting = self.sources.link.notices().into_iter().next();
        carried
            .or(lasting)
            .or_else(|| self.sources.params.state.notice().map(str::to_owned))
            .or_else(|| hitch.map(str::to_owned))
            .map(|sentence| (sentence, true))
    }
}

/// Builds the view of the phrase.
fn shown<'a>(moment: &'a FrameState, pins: &'a groove::pins::Pins) -> PhraseView<'a> {
    let FrameState { status, phrases, controls, .. } = moment;
    let take = Take::from(controls.take);
    let playing = phrases.playing.as_deref();
    let first = playing
        .map_or_else(|| take.first_bar(take.phrase_of(status.source).0), |phrase| phrase.first_bar);
    let pace = controls.performance.pace;
    let place = |position: f64| PatternPosition::of(position, status, pace, first);
    // A phrase of another length does not match the layout.
    let like = |next: &&crate::link::Phrase| {
        playing
            .is_some_and(|now| now.first_bar == next.first_bar && now.bars.len() == next.bars.len())
    };
    PhraseView {
        playing,
        pending: phrases.pending.as_deref().filter(like),
        launch: place(status.launch),
        playhead: status.following.then(|| place(moment.position)),
        performance: controls.performance,
        pins,
        held: status.held,
        first,
        meter: status.meter,
        bars: take.bars(),
    }
}

fn header(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    rect: Rect,
    moment: &FrameState,
    sent: f32,
    drawer: Option<Drawer>,
) -> Option<Drawer> {
    let params = view.params;
    let chosen = usize::try_from(params.style.value()).unwrap_or(0);
    let seed = params.seed.value();
    let kept = |(name, take): &(String, Take)| {
        let same = i64::from(take.seed) == i64::from(seed) && usize::from(take.style) == chosen;
        same.then(|| name.clone())
    };
    let take = view.edits.preset.as_ref().and_then(kept).unwrap_or_else(|| {
        let style = styles(&moment.model, chosen).swap_remove(chosen);
        format!("{style} · take {}", widgets::grouped(seed))
    });
    let Status { following, tempo, meter, bar, .. } = moment.status;
    let transport = if following {
        Transport::Following { tempo, meter, bar: bar + 1, free: moment.alone }
    } else {
        Transport::Stopped
    };
    let model = match &moment.model {
        ModelState::Loading => "Model: loading".to_owned(),
        ModelState::Missing(_) => "No model".to_owned(),
        ModelState::Ready(model) => format!("Model: {}", model.name),
    };
    Header { take: &take, transport, model: &model, sent, drawer }.show(ui, view, rect)
}

/// Returns the selectable styles: those of the model, and the selected one even if the model lacks
/// it.
fn styles(model: &ModelState, chosen: usize) -> Vec<String> {
    let model = match model {
        ModelState::Ready(model) => Some(&**model),
        ModelState::Loading | ModelState::Missing(_) => None,
    };
    let known = models::style_numbers(model).last().map_or(0, usize::from);
    let numbers = (0..=known.max(chosen)).filter_map(|number| u8::try_from(number).ok());
    numbers.map(|number| style_title(number, model)).collect()
}

/// Returns the display name of a style, short for "any style".
fn style_title(number: u8, model: Option<&Metadata>) -> String {
    match number {
        0 => "Any".to_owned(),
        number => models::style_title(number, model),
    }
}

/// The light that flashes when the host accepts notes.
#[derive(Default)]
struct ActivityLight {
    /// Accepted notes at the last frame.
    sent: Option<u32>,
    /// Time of the last accepted note, in seconds.
    at: Option<f64>,
}

impl ActivityLight {
    /// Fade-out time, in seconds.
    const FADES: f64 = 0.18;

    /// Returns the brightness, 0 to 1.
    fn look(&mut self, context: &Context, now: f64, sent: u32) -> f32 {
        if self.sent.replace(sent).is_some_and(|before| before != sent) {
            self.at = Some(now);
        }
        let Some(at) = self.at else { return 0.0 };
        let left = 1.0 - (now - at) / Self::FADES;
        if left <= 0.0 {
            self.at = None;
            return 0.0;
        }
        context.request_repaint();
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let bright = left.min(1.0) as f32;
        bright
    }
}

/// Interpolates the song position between blocks: the audio thread publishes its position once per
/// block, and the playhead advances from there at the song's tempo.
#[derive(Default)]
struct Playhead {
    /// Last published position in quarter notes, and when it was first seen, in seconds.
    told: f64,
    at: f64,
    /// Last drawn position, in quarter notes.
    drawn: f64,
}

impl Playhead {
    /// Longest interpolation without a new block, in seconds.
    const PATIENCE: f64 = 0.1;
    /// Largest lateness of a block that does not move the playhead back, in seconds.
    const SLACK: f64 = 0.05;

    fn position(&mut self, status: &Status, now: f64) -> f64 {
        if status.position != self.told {
            self.told = status.position;
            self.at = now;
        }
        let beats = |seconds: f64| seconds * status.tempo / 60.0;
        let ahead = (now - self.at).clamp(0.0, Self::PATIENCE);
        let here = self.told + beats(ahead);
        let behind = self.drawn - here;
        if !(0.0..beats(Self::SLACK)).contains(&behind) {
            self.drawn = here;
        }
        self.drawn
    }
}

/// Warnings that disappear after a while.
struct TransientWarnings {
    late: u32,
    refused: u32,
    /// Current warning and the time at which it disappears, in seconds.
    said: Option<(&'static str, f64)>,
}

impl TransientWarnings {
    /// Duration of a warning, in seconds.
    const SAID: f64 = 4.0;

    fn since(status: &Status) -> Self {
        TransientWarnings { late: status.late, refused: status.refused, said: None }
    }

    fn notice(&mut self, context: &Context, now: f64, status: &Status) -> Option<&'static str> {
        let until = now + Self::SAID;
        if status.refused != self.refused {
            self.said = Some(("The host did not take all of the notes.", until));
        } else if status.late != self.late {
            let text = "A bar was not ready in time: another was played in its place.";
            self.said = Some((text, until));
        }
        (self.late, self.refused) = (status.late, status.refused);
        let (text, until) = self.said?;
        if now >= until {
            self.said = None;
            return None;
        }
        context.request_repaint_after(Duration::from_secs_f64(until - now));
        Some(text)
    }
}
