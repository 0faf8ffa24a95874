//! The window: the phrase that is played, what the host is doing, and the controls. It draws what
//! [`crate::link`] and [`crate::params`] say, sets parameters through the host, and reaches
//! neither the engine nor the model.
//!
//! Every frame goes one way: read what goes on, draw it, and apply the one thing that the user
//! asked for, if anything. While the host plays the window draws at the display's rate; else only
//! when something has changed.

mod attach;
mod carry;
mod clip;
mod controls;
mod header;
mod panels;
mod phrase;
#[cfg(test)]
mod tests;
mod theme;
#[cfg(target_os = "linux")]
mod x11;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use egui::{Context, Rect, Ui, pos2};
use groove::Bar;
use groove::style::{STYLES, style_name};
use nice_plug::context::gui::{GuiContext, ParamSetter};
use nice_plug::params::{FloatParam, Param};
use nice_plug_egui::baseview::dpi::LogicalSize;
use nice_plug_egui::baseview::{HandlerError, WindowSize};
use nice_plug_egui::{Frame, NiceEguiApp};

pub use self::attach::Window;

use self::attach::Opening;
use self::carry::Carry;
use self::controls::Turn;
use self::header::{Header, Transport, message};
use self::panels::{Ask, Panels};
use self::phrase::Phrase;
use self::theme::Scale;
use crate::link::{Link, ModelState, PHRASE_BARS, Status};
use crate::params::DeepPocketParams;

/// Makes the editor that the plugin gives its host.
#[must_use]
pub fn create(params: Arc<DeepPocketParams>, link: Arc<Link>) -> Option<Window> {
    Some(Window::new(Sources { params, link }))
}

/// Where everything in the window comes from.
#[derive(Clone)]
struct Sources {
    params: Arc<DeepPocketParams>,
    link: Arc<Link>,
}

impl Sources {
    /// The window's size in points, as it was left, within what can be read.
    fn window_size(&self) -> LogicalSize<f32> {
        let (width, height) = self.params.state.window();
        LogicalSize::new(
            (width as f32).clamp(theme::SMALLEST.x, theme::LARGEST.x),
            (height as f32).clamp(theme::SMALLEST.y, theme::LARGEST.y),
        )
    }
}

/// What one open window shows.
struct Screen {
    sources: Sources,
    opening: Arc<Opening>,
    /// The way to the host's parameters. `None` before the window is built.
    host: Option<GuiContext>,
    scale: Option<Scale>,
    playhead: Playhead,
    hitches: Hitches,
    carry: Carry,
}

impl NiceEguiApp for Screen {
    fn build(
        &mut self,
        context: Context,
        host: GuiContext,
        frame: &mut Frame,
    ) -> Result<(), HandlerError> {
        self.opening.made(frame.baseview_window());
        self.start(&context, host);
        Ok(())
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut Frame) {
        self.opening.drawn.store(true, Ordering::Relaxed);
        self.show(ui);
    }

    fn resized(&mut self, size: WindowSize) {
        let points: LogicalSize<u32> = size.logical.cast();
        self.sources.params.state.set_window(points.width, points.height);
        self.opening.scale.store(size.scale_factor);
    }
}

impl Screen {
    fn new(sources: Sources, opening: Arc<Opening>) -> Self {
        let hitches = Hitches::since(&sources.link.status());
        Screen {
            sources,
            opening,
            host: None,
            scale: None,
            playhead: Playhead::default(),
            hitches,
            carry: Carry::default(),
        }
    }

    /// Everything that a window needs before its first frame.
    fn start(&mut self, context: &Context, host: GuiContext) {
        theme::set_fonts(context);
        self.host = Some(host);
    }

    /// One frame.
    fn show(&mut self, ui: &mut Ui) {
        let area = ui.max_rect();
        let scale = Scale::fitting(area.size());
        if self.scale.replace(scale) != Some(scale) {
            theme::set_style(ui.ctx(), scale);
        }
        let status = self.sources.link.status();
        let now = ui.input(|input| input.time);
        if status.following {
            ui.ctx().request_repaint();
        }

        ui.painter().rect_filled(area, 0.0, theme::GROUND);
        let margin = scale.px(18.0);
        let (top, rest) = area.split_top_bottom_at_y(area.top() + scale.px(52.0));
        let mut rest = rest.shrink(margin).with_min_y(rest.top() + scale.px(8.0));
        self.header(ui, scale, top, &status);
        if let Some(text) = self.trouble(ui.ctx(), now, &status) {
            let height = scale.px(30.0);
            message(ui, scale, rest.with_max_y(rest.top() + height), &text);
            rest.min.y += height + scale.px(4.0);
        }
        let split = rest.bottom() - scale.px(panels::HEIGHT);
        let phrase = Rect::from_min_max(rest.min, pos2(rest.right(), split - margin));
        self.phrase(ui, scale, phrase, &status, now);
        let below = Rect::from_min_max(pos2(rest.left(), split), rest.max);
        let (below, card) = below.split_left_right_at_x(below.right() - scale.px(132.0));
        self.clip_card(ui, scale, card.with_min_x(card.left() + scale.px(panels::GAP)));
        if let Some(ask) = self.panels(ui, scale, below, &status) {
            self.apply(ask);
        }
    }

    fn header(&self, ui: &mut Ui, scale: Scale, rect: Rect, status: &Status) {
        let params = &*self.sources.params;
        let take = format!(
            "{} · take {}",
            style_title(params.style.value()),
            controls::grouped(params.seed.value())
        );
        let transport = if status.following {
            let Status { tempo, meter, bar, .. } = *status;
            Transport::Following { tempo, meter, bar: bar + 1 }
        } else {
            Transport::Stopped
        };
        let (model, model_hint) = match self.sources.link.model() {
            ModelState::Loading => ("Model: loading".to_owned(), String::new()),
            ModelState::Missing(why) => ("No model".to_owned(), why),
            ModelState::Ready(model) => {
                let figure = model.validation.beats;
                let figure =
                    figure.map_or(String::new(), |beats| format!(" · perplexity {beats:.2}"));
                let hint = "Perplexity on beats that it was not trained on: among how many equally \
                            likely choices it still wavers at each sixteenth, of 512 that there \
                            are. Less is better.";
                let learned = format!("{hint}\n\nLearned from: {}", model.trained_on);
                (format!("Model: {}{figure}", model.name), learned)
            }
        };
        Header { take: &take, transport, model: &model, model_hint: &model_hint }
            .show(ui, scale, rect);
    }

    /// The sentence to show when something is wrong.
    fn trouble(&mut self, context: &Context, now: f64, status: &Status) -> Option<String> {
        let hitch = self.hitches.notice(context, now, status);
        let lasting = self.sources.link.notices().into_iter().next();
        let carried = self.carry.look(context, &self.opening).map(str::to_owned);
        carried
            .or(lasting)
            .or_else(|| self.sources.params.state.notice().map(str::to_owned))
            .or_else(|| hitch.map(str::to_owned))
    }

    fn phrase(&mut self, ui: &mut Ui, scale: Scale, rect: Rect, status: &Status, now: f64) {
        let phrases = self.sources.link.phrases();
        let (playing, pending) = (phrases.playing.as_deref(), phrases.pending.as_deref());
        let here = status.bar.div_euclid(PHRASE_BARS) * PHRASE_BARS;
        let first = playing.map_or(here, |phrase| phrase.first_bar);
        let place = usize::try_from(status.bar - first).ok();
        let beats = self.playhead.position(status, now) - status.bar_start;
        Phrase {
            bars: playing.map_or(&[], |phrase| &phrase.bars),
            coming: pending.filter(|next| next.first_bar == first).map_or(&[], |next| &next.bars),
            first_number: first + 1,
            meter: status.meter,
            playhead: place.filter(|_| status.following).map(|place| (place, beats)),
            held: status.held,
        }
        .show(ui, scale, rect);
    }

    fn panels(&self, ui: &mut Ui, scale: Scale, rect: Rect, status: &Status) -> Option<Ask> {
        let params = &*self.sources.params;
        let place = |value: i32, least: i32| usize::try_from(value - least).unwrap_or(0);
        let style = [params.style.value(), params.style.default_plain_value()];
        let channel = [params.channel.value(), params.channel.default_plain_value()];
        // Styles that a user trained are listed once one of them is chosen.
        let last = i32::try_from(STYLES.len()).unwrap_or(0).max(style[0]);
        let styles: Vec<String> = (0..=last).map(style_title).collect();
        Panels {
            styles: &styles,
            style: style.map(|style| place(style, 0)),
            dials: dials(params),
            held: status.held,
            seed: params.seed.value(),
            channel: channel.map(|channel| place(channel, 1)),
        }
        .show(ui, scale, rect)
    }

    /// The card that the clip is dragged by.
    fn clip_card(&mut self, ui: &Ui, scale: Scale, rect: Rect) {
        if !clip::card(ui, scale, rect) {
            return;
        }
        let Some(phrase) = self.sources.link.phrases().playing else {
            self.carry.say(ui.ctx(), "There is no clip yet: nothing has been played.".to_owned());
            return;
        };
        let status = self.sources.link.status();
        let clip = groove::midi::Clip {
            steps: phrase.bars.iter().flat_map(Bar::steps).copied().collect(),
            tempo: status.tempo,
            meter: status.meter,
        };
        let bytes = clip.write("Deep Pocket", &groove::Drum::PITCHES);
        let style = style_name(phrase.take.style);
        let name = format!("{style}-{:.0}bpm-take{}.mid", status.tempo, phrase.take.seed);
        self.carry.take_up(ui.ctx(), &self.opening, &name, &bytes, &phrase.bars);
    }

    /// Does what the user asked for: the one place from which parameters are set.
    fn apply(&self, ask: Ask) {
        let Some(host) = &self.host else { return };
        let setter = host.param_setter();
        let params = &*self.sources.params;
        let number = |place: usize| i32::try_from(place).unwrap_or(0);
        match ask {
            Ask::Style(place) => set(&setter, &params.style, number(place)),
            Ask::Channel(place) => set(&setter, &params.channel, number(place) + 1),
            Ask::Seed(seed) => set(&setter, &params.seed, seed),
            Ask::NewTake => {
                let last = params.seed.preview_plain(1.0);
                set(&setter, &params.seed, other_seed(params.seed.value(), last));
            }
            Ask::Turn(which, turn) => {
                let dial = dials(params)[which as usize];
                match turn {
                    Turn::Begin => setter.begin_set_parameter(dial),
                    Turn::To(to) => setter.set_parameter(dial, dial.preview_plain(to)),
                    Turn::End => setter.end_set_parameter(dial),
                    Turn::Jump(to) => set(&setter, dial, dial.preview_plain(to)),
                }
            }
        }
    }
}

/// The parameters of the dials, by [`panels::Which`].
fn dials(params: &DeepPocketParams) -> [&FloatParam; 3] {
    [&params.drummer.stick, &params.temperature, &params.drummer.density]
}

/// One whole gesture.
fn set<P: Param>(setter: &ParamSetter<'_>, param: &P, value: P::Plain) {
    setter.begin_set_parameter(param);
    setter.set_parameter(param, value);
    setter.end_set_parameter(param);
}

/// A seed from 0 to `last` that is not this one. Chance comes from the hasher that the standard
/// library seeds anew for every use: what is drawn is kept in the project, so nothing depends on
/// how it was drawn.
fn other_seed(seed: i32, last: i32) -> i32 {
    let drawn = RandomState::new().hash_one(seed);
    let others = u64::try_from(last).unwrap_or(0).max(1);
    let drawn = i32::try_from(drawn % others).unwrap_or(0);
    if drawn < seed { drawn } else { drawn + 1 }
}

/// A style's name as one would write it.
fn style_title(number: i32) -> String {
    let own = number - i32::try_from(STYLES.len()).unwrap_or(0);
    if own > 0 {
        return format!("Own {own}");
    }
    match style_name(u8::try_from(number).unwrap_or(0)) {
        "any" => "Any style".to_owned(),
        "afrocuban" => "Afro-Cuban".to_owned(),
        "hiphop" => "Hip-hop".to_owned(),
        "middleeastern" => "Middle Eastern".to_owned(),
        "neworleans" => "New Orleans".to_owned(),
        name => name[..1].to_uppercase() + &name[1..],
    }
}

/// Where the song is between two blocks: the audio thread tells its position once a block, and
/// the playhead goes on from there at the song's tempo.
#[derive(Default)]
struct Playhead {
    /// The position that was told last, in quarter notes, and when it was first seen, in seconds.
    told: f64,
    at: f64,
    /// What was drawn last, in quarter notes.
    drawn: f64,
}

impl Playhead {
    /// How long a block may last before the playhead stops and waits, in seconds.
    const PATIENCE: f64 = 0.1;
    /// How far a block may come too late before the playhead goes back, in seconds.
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

/// Troubles that pass: they are said for a while and then forgotten.
struct Hitches {
    late: u32,
    refused: u32,
    /// What is said, and until when, in seconds.
    said: Option<(&'static str, f64)>,
}

impl Hitches {
    /// For how long a hitch is said, in seconds.
    const SAID: f64 = 4.0;

    fn since(status: &Status) -> Self {
        Hitches { late: status.late, refused: status.refused, said: None }
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
