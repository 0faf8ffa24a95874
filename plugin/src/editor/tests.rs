//! Drives the window without a host or a display: finds controls by their accessible names, acts on
//! them like a user, and checks the parameters. The tests play the other threads' part.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::accesskit::{Action, Role};
use egui::{Event, Key, Modifiers, MouseWheelUnit, PointerButton, Pos2, TouchPhase, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use groove::{Bar, Drum, DrumSet, Hit, Meter};
use nice_plug::context::PluginApi;
use nice_plug::context::gui::{GuiContext, GuiContextInner};
use nice_plug::params::internals::ParamPtr;
use nice_plug::plugin::PluginState;

mod clips;
mod contrast;
mod controls;
mod first_day;
mod grid;
mod keys;
mod kit;
mod learning;
mod presets;
mod song;
mod standalone;
mod tasks;
mod window;

use crate::editor::app::EditorApp;
use crate::editor::theme;
use crate::editor::window::shared::Sources;
use crate::link::own_transport::{OwnTransport, Sound};
use crate::link::{AudioEnd, Link, Phrase, Phrases, Status, Take, link, link_with};
use crate::params::DeepPocketParams;

/// A host that applies every value at once and checks that it comes inside a gesture.
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
        // SAFETY: the parameters outlive the window under test, the only caller.
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

/// A window with the audio thread's end of the link.
struct Rig {
    window: Harness<'static, EditorApp>,
    params: Arc<DeepPocketParams>,
    host: Arc<Host>,
    link: Arc<Link>,
    audio: AudioEnd,
}

impl Rig {
    fn new() -> Self {
        Rig::with(None)
    }

    /// Opens the window of a host's plugin, or of a standalone program with this sound.
    fn with(sound: Option<Sound>) -> Self {
        let (audio, _, link) = link_with(OwnTransport::new(sound));
        let params = Arc::new(DeepPocketParams::default());
        let host = Arc::new(Host::default());
        let sources = Sources { params: Arc::clone(&params), link: Arc::clone(&link) };
        let mut screen = EditorApp::new(sources, Arc::default());
        screen.edits.connect(GuiContext::new(Arc::clone(&host) as Arc<dyn GuiContextInner>));
        let mut window = Harness::builder()
            .with_size(theme::DESIGN)
            .with_max_steps(120)
            .with_accessibility_check(true)
            .with_step_dt(1.0 / 60.0)
            .with_context_setup(theme::set_fonts)
            .build_ui_state(|ui, screen: &mut EditorApp| screen.show_fenced(ui), screen);
        window.run();
        Rig { window, params, host, link, audio }
    }

    /// Returns the centre of a control. A label beside it may have the same name. The name of a
    /// cell with a hit goes on after a comma.
    fn find(&self, name: &str) -> Pos2 {
        let named = self.window.query_all_by_label(name);
        let mut controls = named.filter(|node| node.accesskit_node().role() != Role::Label);
        let control = controls.next().or_else(|| self.struck_cell(name));
        control.unwrap_or_else(|| panic!("no control named {name}")).rect().center()
    }

    /// Returns the cell at a position if it has a hit.
    fn struck_cell(&self, position: &str) -> Option<egui_kittest::Node<'_>> {
        let start = format!("{position}, ");
        let mut nodes = self.window.root().children_recursive();
        nodes.find(|node| node.accesskit_node().label().is_some_and(|it| it.starts_with(&start)))
    }

    /// Returns the description of a cell's hit.
    fn hit_text(&self, position: &str) -> Option<String> {
        let label = self.struck_cell(position)?.accesskit_node().label()?;
        label.strip_prefix(position)?.strip_prefix(", ").map(str::to_owned)
    }

    /// Returns the names of all nodes that can be clicked or set to a value, and the number of
    /// nameless ones.
    fn names(&self) -> (BTreeSet<String>, usize) {
        let is_control = |node: &egui_kittest::Node<'_>| {
            let acts = [Action::Click, Action::SetValue];
            acts.into_iter().any(|act| node.accesskit_node().data().supports_action(act))
        };
        let nodes = self.window.root().children_recursive().filter(is_control);
        let names: Vec<_> = nodes.map(|node| node.accesskit_node().label()).collect();
        let without = names.iter().filter(|name| name.as_ref().is_none_or(String::is_empty));
        (names.iter().flatten().cloned().collect(), without.count())
    }

    /// Presses or releases a button at a position.
    fn button(&mut self, at: Pos2, button: PointerButton, pressed: bool, modifiers: Modifiers) {
        let event = Event::PointerButton { pos: at, button, pressed, modifiers };
        self.window.event_modifiers(event, modifiers);
    }

    fn click_at(&mut self, at: Pos2, button: PointerButton, modifiers: Modifiers) {
        self.window.event_modifiers(Event::PointerMoved(at), modifiers);
        self.button(at, button, true, modifiers);
        self.window.step();
        self.button(at, button, false, modifiers);
        self.window.run();
        // Prevents a double click.
        self.window.run_steps(20);
    }

    fn click(&mut self, name: &str) {
        self.click_at(self.find(name), PointerButton::Primary, Modifiers::NONE);
    }

    /// Shows a phrase with a snare on each beat, on the grid.
    fn show_phrase(&mut self, take: Take) {
        self.show_bars(take, snares(Meter::FOUR_FOUR));
    }

    /// Shows a phrase of a repeated bar.
    fn show_bars(&mut self, take: Take, bar: Bar) {
        let (bars, next) = (vec![bar; take.bars()], bar);
        let phrase = Arc::new(Phrase { number: 1, take, first_bar: 0, bars, next });
        self.link.show(Phrases { playing: Some(phrase), pending: None });
        self.window.run();
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
        self.drag_in(10, name, by, modifiers);
    }

    /// Drags over `frames` frames and releases the button in the last one.
    fn drag_in(&mut self, frames: u8, name: &str, by: Vec2, modifiers: Modifiers) {
        self.drag_at(frames, self.find(name), by, modifiers);
    }

    /// Drags from a position.
    fn drag_from(&mut self, from: Pos2, by: Vec2) {
        self.drag_at(10, from, by, Modifiers::NONE);
    }

    fn drag_at(&mut self, frames: u8, from: Pos2, by: Vec2, modifiers: Modifiers) {
        let button = |pos, pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers,
        };
        self.window.event(Event::PointerMoved(from));
        self.window.event(button(from, true));
        self.window.step();
        for frame in 1..=frames {
            let share = f32::from(frame) / f32::from(frames);
            self.window.event_modifiers(Event::PointerMoved(from + by * share), modifiers);
            if frame < frames {
                self.window.step();
            }
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

    /// Returns the display text of a parameter by its name.
    fn value(&self, name: &str) -> String {
        use nice_plug::params::Params as _;
        for (_, param, _) in self.params.param_map() {
            // SAFETY: the rig keeps the parameters alive.
            unsafe {
                if param.name() == name {
                    let value = param.unmodulated_normalized_value();
                    return param.normalized_value_to_string(value, true);
                }
            }
        }
        panic!("no parameter named {name}");
    }

    fn shows(&self, label: &str) -> bool {
        self.window.query_by_label(label).is_some() || self.struck_cell(label).is_some()
    }
}

impl Drop for Rig {
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
        source: 16,
        launch: 66.0,
        held: DrumSet::EMPTY,
        playing: 1,
        pending: 0,
        late: 0,
        refused: 0,
    }
}

/// A bar with a snare on each beat.
fn snares(meter: Meter) -> Bar {
    let mut bar = Bar::silent(meter);
    for step in bar.steps_mut().iter_mut().step_by(4) {
        step.set(Drum::Snare, Some(Hit::new(0.8, 0.0)));
    }
    bar
}
