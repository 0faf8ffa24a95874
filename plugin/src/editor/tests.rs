//! Drives the window without a host or a screen: finds controls by the names that assistive tools
//! read, acts on them as a user does, and looks at the parameters. What the link says is played
//! by hand.

use std::sync::Arc;

use egui::{Event, Key, Modifiers, MouseWheelUnit, PointerButton, Pos2, TouchPhase, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use groove::{Bar, Drum, DrumSet, Hit, Meter};
use nice_plug::context::PluginApi;
use nice_plug::context::gui::{GuiContext, GuiContextInner};
use nice_plug::editor::Editor as _;
use nice_plug::params::Param as _;
use nice_plug::params::internals::ParamPtr;
use nice_plug::plugin::PluginState;

use super::{Hitches, Playhead, Screen, Sources, Window, other_seed, style_title, theme};
use crate::link::{AudioEnd, Phrase, Phrases, Status, Take, WorkerEnd, link};
use crate::params::DeepPocketParams;

/// A host that takes every value over at once, as long as it comes inside a gesture.
#[derive(Default)]
struct Host {
    gestures: std::sync::Mutex<Vec<ParamPtr>>,
}

impl Host {
    fn open(&self) -> std::sync::MutexGuard<'_, Vec<ParamPtr>> {
        self.gestures.lock().expect("no test panics in here")
    }
}

impl GuiContextInner for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }

    unsafe fn raw_begin_set_parameter(&self, param: ParamPtr) {
        assert!(!self.open().contains(&param), "a gesture inside a gesture");
        self.open().push(param);
    }

    unsafe fn raw_set_parameter_normalized(&self, param: ParamPtr, normalized: f32) {
        assert!(self.open().contains(&param), "a value outside of a gesture");
        // SAFETY: the parameters live as long as the window under test, which is what calls.
        unsafe { param._internal_set_normalized_value(normalized) };
    }

    unsafe fn raw_end_set_parameter(&self, param: ParamPtr) {
        let mut open = self.open();
        let place = open.iter().position(|&begun| begun == param).expect("a gesture to end");
        open.remove(place);
    }

    fn get_state(&self) -> PluginState {
        unreachable!("the window does not read states")
    }

    fn set_state(&self, _state: PluginState) {
        unreachable!("the window does not write states")
    }

    fn request_restart(&self) {
        unreachable!("the window does not restart the plugin")
    }
}

/// A window and both threads behind it.
struct Desk {
    window: Harness<'static, Screen>,
    params: Arc<DeepPocketParams>,
    host: Arc<Host>,
    audio: AudioEnd,
    worker: WorkerEnd,
}

impl Desk {
    fn new() -> Self {
        let (audio, worker, link) = link();
        let params = Arc::new(DeepPocketParams::default());
        let host = Arc::new(Host::default());
        let sources = Sources { params: Arc::clone(&params), link };
        let mut screen = Screen::new(sources, Arc::default());
        screen.host = Some(GuiContext::new(Arc::clone(&host) as Arc<dyn GuiContextInner>));
        let mut window = Harness::builder()
            .with_size(theme::DESIGN)
            .with_max_steps(120)
            .with_step_dt(1.0 / 60.0)
            .with_context_setup(theme::set_fonts)
            .build_ui_state(|ui, screen: &mut Screen| screen.show(ui), screen);
        window.run();
        Desk { window, params, host, audio, worker }
    }

    /// The middle of a control. Words beside it may have the same name.
    fn find(&self, name: &str) -> Pos2 {
        let named = self.window.query_all_by_label(name);
        let label = egui::accesskit::Role::Label;
        let mut controls = named.filter(|node| node.accesskit_node().role() != label);
        controls.next().expect(name).rect().center()
    }

    fn wheel(&mut self, name: &str, lines: Vec2, modifiers: Modifiers) {
        let at = self.find(name);
        self.window.event(Event::PointerMoved(at));
        self.window.run();
        self.window.event(Event::MouseWheel {
            unit: MouseWheelUnit::Line,
            delta: lines,
            phase: TouchPhase::Move,
            modifiers,
            source: egui::MouseWheelSource::Unknown,
        });
        self.window.run();
    }

    fn drag(&mut self, name: &str, by: Vec2, modifiers: Modifiers) {
        let from = self.find(name);
        let button = |pos, pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers,
        };
        self.window.event(Event::PointerMoved(from));
        self.window.event(button(from, true));
        self.window.step();
        for step in 1..=10 {
            self.window
                .event_modifiers(Event::PointerMoved(from + by * step as f32 / 10.0), modifiers);
            self.window.step();
        }
        self.window.event(button(from + by, false));
        self.window.run();
    }

    fn double_click(&mut self, name: &str) {
        let at = self.find(name);
        for pressed in [true, false, true, false] {
            self.window.event(Event::PointerMoved(at));
            self.window.event(Event::PointerButton {
                pos: at,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
            self.window.step();
        }
        self.window.run();
    }

    fn type_over(&mut self, text: &str) {
        self.window.event(Event::Text(text.to_owned()));
        self.window.run();
        self.window.key_press(Key::Enter);
        self.window.run();
    }

    fn shows(&self, label: &str) -> bool {
        self.window.query_by_label(label).is_some()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!(self.host.open().is_empty(), "a gesture was left open");
        }
    }
}

fn playing() -> Status {
    Status {
        following: true,
        tempo: 97.5,
        meter: Meter::new(4, 4),
        position: 65.5,
        bar_start: 64.0,
        bar: 16,
        held: DrumSet::EMPTY,
        playing: 1,
        pending: 0,
        late: 0,
        refused: 0,
    }
}

#[test]
fn every_control_has_a_name() {
    let desk = Desk::new();
    for name in ["Style", "Stick", "Temperature", "Density", "New take", "Seed", "MIDI channel"] {
        let found = desk.window.query_all_by_label(name);
        assert!(found.count() > 0, "no {name}");
    }
}

#[test]
fn new_take_is_another_seed() {
    let mut desk = Desk::new();
    let before = desk.params.seed.value();
    desk.window.get_by_label("New take").click();
    desk.window.run();
    assert_ne!(desk.params.seed.value(), before);
}

#[test]
fn another_seed_is_never_the_same_and_never_out_of_range() {
    for seed in [0, 1, 2, 3] {
        for _ in 0..200 {
            let other = other_seed(seed, 3);
            assert!((0..=3).contains(&other) && other != seed, "{seed} -> {other}");
        }
    }
}

#[test]
fn a_seed_can_be_typed() {
    let mut desk = Desk::new();
    let seed = |desk: &Desk| desk.params.seed.value();
    desk.window.get_by_role_and_label(egui::accesskit::Role::SpinButton, "Seed").click();
    desk.window.run();
    desk.type_over("48213");
    assert_eq!(seed(&desk), 48213);

    desk.window.get_by_role_and_label(egui::accesskit::Role::SpinButton, "Seed").click();
    desk.window.run();
    desk.type_over("rock");
    assert_eq!(seed(&desk), 48213, "what is not a number changes nothing");
}

#[test]
fn escape_leaves_the_seed_as_it_was() {
    let mut desk = Desk::new();
    let before = desk.params.seed.value();
    desk.window.get_by_role_and_label(egui::accesskit::Role::SpinButton, "Seed").click();
    desk.window.run();
    desk.window.event(Event::Text("7777".to_owned()));
    desk.window.run();
    desk.window.key_press(Key::Escape);
    desk.window.run();
    assert_eq!(desk.params.seed.value(), before);
}

#[test]
fn a_style_is_chosen_from_the_list() {
    let mut desk = Desk::new();
    let field = |desk: &Desk| {
        desk.window.get_by_role_and_label(egui::accesskit::Role::ComboBox, "Style").rect().center()
    };
    let at = field(&desk);
    desk.window.get_by_role_and_label(egui::accesskit::Role::ComboBox, "Style").click();
    desk.window.run();
    desk.window
        .get_by_role_and_label(egui::accesskit::Role::ListBoxOption, "Middle Eastern")
        .click();
    desk.window.run();
    let chosen = desk.params.style.value();
    assert_eq!(style_title(chosen), "Middle Eastern");
    assert!(desk.window.query_by_role(egui::accesskit::Role::ListBoxOption).is_none());
    assert_eq!(field(&desk), at, "nothing moved");
}

#[test]
fn a_channel_is_chosen_from_the_list() {
    let mut desk = Desk::new();
    let role = egui::accesskit::Role::ComboBox;
    desk.window.get_by_role_and_label(role, "MIDI channel").click();
    desk.window.run();
    desk.window.get_by_role_and_label(egui::accesskit::Role::ListBoxOption, "16").click();
    desk.window.run();
    assert_eq!(desk.params.channel.value(), 16);
}

#[test]
fn a_list_answers_wheel_and_double_click() {
    let mut desk = Desk::new();
    let channel = |desk: &Desk| desk.params.channel.value();
    assert_eq!(channel(&desk), 10);
    desk.wheel("MIDI channel", vec2(0.0, -1.0), Modifiers::NONE);
    assert_eq!(channel(&desk), 11);
    desk.wheel("MIDI channel", vec2(0.0, 1.0), Modifiers::NONE);
    desk.wheel("MIDI channel", vec2(0.0, 1.0), Modifiers::NONE);
    assert_eq!(channel(&desk), 9);
    desk.double_click("MIDI channel");
    assert_eq!(channel(&desk), 10);
    let open = desk.window.query_by_role(egui::accesskit::Role::ListBoxOption);
    assert!(open.is_none(), "the list stays closed");
}

#[test]
fn the_dial_answers_wheel_drag_keys_typing_and_double_click() {
    let mut desk = Desk::new();
    let temperature = |desk: &Desk| desk.params.temperature.unmodulated_normalized_value();
    let usual = desk.params.temperature.default_normalized_value();

    desk.wheel("Temperature", vec2(0.0, 3.0), Modifiers::NONE);
    let wheeled = temperature(&desk);
    assert!(wheeled > usual + 0.03, "{usual} -> {wheeled}");

    desk.drag("Temperature", vec2(0.0, -60.0), Modifiers::NONE);
    let dragged = temperature(&desk);
    assert!(dragged > wheeled + 0.2, "{wheeled} -> {dragged}");

    desk.drag("Temperature", vec2(0.0, 60.0), Modifiers::SHIFT);
    let fine = dragged - temperature(&desk);
    assert!((0.01..0.06).contains(&fine), "{fine}");

    desk.double_click("Temperature");
    assert!((temperature(&desk) - usual).abs() < 1e-3);

    desk.window.get_by_label("Temperature").click_secondary();
    desk.window.run();
    desk.type_over("0.45");
    assert!((desk.params.temperature.value() - 0.45).abs() < 1e-3);

    desk.window.get_by_label("Temperature").focus();
    desk.window.run();
    desk.window.key_press(Key::ArrowUp);
    desk.window.run();
    assert!(desk.params.temperature.value() > 0.451);
}

#[test]
fn the_header_says_what_the_host_does() {
    let mut desk = Desk::new();
    assert!(desk.shows("stopped: press play in the host"));
    desk.audio.publish(&playing());
    desk.window.run_steps(2);
    assert!(desk.shows("following host · 97.5 · 4/4 · bar 17"));
}

#[test]
fn held_drums_light_up() {
    let mut desk = Desk::new();
    let held = [Drum::Bass, Drum::ClosedHat].into_iter().collect();
    desk.audio.publish(&Status { following: false, held, ..playing() });
    desk.window.run();
    assert!(desk.shows("Bass, held") && desk.shows("Closed hat, held"));
    assert!(desk.shows("Snare") && !desk.shows("Snare, held"));
}

#[test]
fn the_phrase_is_numbered_as_in_the_host_in_any_meter() {
    let mut desk = Desk::new();
    for (numerator, denominator) in [(4, 4), (7, 8), (3, 4), (12, 8), (1, 4), (16, 4), (5, 32)] {
        let meter = Meter::new(numerator, denominator);
        let mut bar = Bar::silent(meter);
        for step in bar.steps_mut() {
            step.set(Drum::Snare, Some(Hit::new(0.8, -0.5)));
        }
        let take = Take { seed: 1, style: 17, ..Take::default() };
        let phrase = Arc::new(Phrase { number: 1, take, first_bar: -4, bars: [bar; 4] });
        desk.worker.show(Phrases { playing: Some(phrase.clone()), pending: Some(phrase) });
        let status = Status { meter, bar: -1, position: -1.0, bar_start: -1.0, ..playing() };
        desk.audio.publish(&status);
        desk.window.run_steps(2);
        assert!(desk.shows("Phrase, bars -3 to 0"), "{numerator}/{denominator}");
    }
}

#[test]
fn a_late_bar_is_said_for_a_while() {
    let mut desk = Desk::new();
    let said = "A bar was not ready in time: another was played in its place.";
    desk.audio.publish(&Status { following: false, late: 1, ..playing() });
    desk.window.step();
    assert!(desk.shows(said));
    let mut hitches = Hitches::since(&playing());
    let context = egui::Context::default();
    let late = Status { late: 1, ..playing() };
    assert_eq!(hitches.notice(&context, 10.0, &late), Some(said));
    assert_eq!(hitches.notice(&context, 13.9, &late), Some(said));
    assert_eq!(hitches.notice(&context, 14.1, &late), None);
}

#[test]
fn a_fault_is_said_until_it_is_gone() {
    let mut desk = Desk::new();
    desk.worker.set_model(crate::link::ModelState::Missing("There is no model.".to_owned()));
    desk.window.run();
    assert!(desk.shows("There is no model.") && desk.shows("No model"));
}

#[test]
fn the_playhead_runs_on_between_blocks_and_waits_for_late_ones() {
    let mut head = Playhead::default();
    let status = Status { tempo: 120.0, position: 8.0, ..playing() };
    assert_eq!(head.position(&status, 1.0), 8.0);
    assert!((head.position(&status, 1.01) - 8.02).abs() < 1e-9);
    // The next block comes 5 ms late: the playhead does not step back.
    let next = Status { position: 8.02, ..status };
    assert!((head.position(&next, 1.015) - 8.02).abs() < 1e-9);
    // No block for a second: it stops a tenth of a second on.
    assert!((head.position(&next, 2.0) - 8.22).abs() < 1e-9);
    // A loop goes back to the start.
    let back = Status { position: 0.0, ..status };
    assert_eq!(head.position(&back, 2.1), 0.0);
}

#[test]
fn nothing_is_repainted_when_nothing_changes() {
    let mut desk = Desk::new();
    desk.window.step();
    let wait = |desk: &Desk| {
        let outputs = desk.window.output().viewport_output.values();
        outputs.map(|viewport| viewport.repaint_delay).min()
    };
    assert_eq!(wait(&desk), Some(std::time::Duration::MAX));
    desk.audio.publish(&playing());
    desk.window.step();
    assert_eq!(wait(&desk), Some(std::time::Duration::ZERO));
}

#[test]
fn a_window_of_any_size_is_survived() {
    let mut desk = Desk::new();
    desk.audio.publish(&Status { following: false, late: 1, ..playing() });
    for size in [vec2(1.0, 1.0), vec2(40.0, 900.0), vec2(900.0, 40.0), vec2(6000.0, 4000.0)] {
        desk.window.set_size(size);
        desk.window.run_steps(2);
    }
}

#[test]
fn a_window_opens_as_it_was_left_and_never_too_small_to_read() {
    let (_audio, _worker, link) = link();
    let params = Arc::new(DeepPocketParams::default());
    let window = Window::new(Sources { params: Arc::clone(&params), link });
    let left_at = |width, height| {
        params.state.set_window(width, height);
        let size = window.size();
        (size.width, size.height)
    };
    assert_eq!(left_at(1300, 700), (1300, 700));
    assert_eq!(left_at(1, 1), (900, 520));
    assert_eq!(left_at(8_192, 8_192), (2_360, 1_320));
}

#[test]
fn a_clip_that_cannot_be_dragged_says_why() {
    let mut desk = Desk::new();
    desk.drag("Drag clip", vec2(-80.0, -200.0), Modifiers::NONE);
    assert!(desk.shows("There is no clip yet: nothing has been played."));
    let phrase = Phrase {
        number: 1,
        take: Take::default(),
        first_bar: 0,
        bars: [Bar::silent(Meter::FOUR_FOUR); crate::link::PHRASE],
    };
    desk.worker.show(Phrases { playing: Some(Arc::new(phrase)), pending: None });
    desk.window.run();
    desk.drag("Drag clip", vec2(-80.0, -200.0), Modifiers::NONE);
    assert!(desk.shows("Only an open window can be dragged from."));
}
