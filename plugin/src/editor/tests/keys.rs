//! The window by keys and by a screen reader.

use super::*;
use crate::params::button::LearnedButton;
use crate::params::controls::Controls;
use egui::accesskit::{Action, ActionData, ActionRequest, TreeId};
use groove::take::pins::{Pin, Pins};

/// Sends a screen reader's request to the control with this name.
fn ask(rig: &mut Rig, name: &str, action: Action, data: Option<ActionData>) {
    let target_node = {
        let mut nodes = rig.window.root().children_recursive();
        let is = |node: &egui_kittest::Node<'_>| {
            let label = node.accesskit_node().label().unwrap_or_default();
            node.accesskit_node().role() != Role::Label
                && (label == name || label.starts_with(&format!("{name}, ")))
        };
        nodes.find(is).expect("a control of this name").accesskit_node().locate().0
    };
    let request = ActionRequest { action, target_tree: TreeId::ROOT, target_node, data };
    rig.window.event(Event::AccessKitActionRequest(request));
    rig.window.run();
}

/// Returns the pin of a cell.
fn pin(rig: &Rig, place: usize, drum: Drum) -> Option<Pin> {
    pins(rig).get(place, drum)
}

fn pins(rig: &Rig) -> Pins {
    rig.params.state.kept().extras().pins
}

fn press(rig: &mut Rig, keys: &[Key]) {
    for &key in keys {
        rig.window.key_press(key);
        rig.window.run();
    }
}

/// Returns the name of the control with the keyboard.
fn focused(rig: &Rig) -> Option<String> {
    let mut nodes = rig.window.root().children_recursive();
    nodes.find(|node| node.accesskit_node().is_focused())?.accesskit_node().label()
}

#[test]
fn screen_reader_cells_are_reached_and_edited_by_keys() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    ask(&mut rig, "Bar 1, beat 4 a, snare", Action::Focus, None);
    assert_eq!(focused(&rig).as_deref(), Some("Bar 1, beat 4 a, snare"));
    press(&mut rig, &[Key::ArrowRight]);
    assert_eq!(focused(&rig).as_deref(), Some("Bar 2, beat 1, snare, head, velocity 102"));
    press(&mut rig, &[Key::ArrowDown, Key::ArrowRight]);
    assert_eq!(focused(&rig).as_deref(), Some("Bar 2, beat 1 e, kick"));
    press(&mut rig, &[Key::Enter]);
    assert!(pins(&rig).struck(17).contains(Drum::Kick));
    press(&mut rig, &[Key::ArrowLeft, Key::ArrowUp, Key::Delete]);
    assert_eq!(pin(&rig, 16, Drum::Snare), Some(Pin::Silent));
    press(&mut rig, &[Key::Home, Key::Minus]);
    assert_eq!(pin(&rig, 0, Drum::Snare), Some(Pin::Hit(Hit::new(0.8, 0.0).with_velocity(97))));
    press(&mut rig, &[Key::Num2]);
    let Some(Pin::Hit(hit)) = pin(&rig, 0, Drum::Snare) else { panic!("a hit is pinned") };
    assert_eq!(hit.articulation, groove::Articulation::of(Drum::Snare)[1]);
    press(&mut rig, &[Key::End]);
    assert_eq!(focused(&rig).as_deref(), Some("Bar 4, beat 4 a, snare"));
    press(&mut rig, &[Key::Escape]);
    assert_eq!(focused(&rig), None, "Escape returns the keys to the host");
}

#[test]
fn screen_reader_actions_edit_cells_and_dials() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    ask(&mut rig, "Bar 1, beat 1 and, kick", Action::Click, None);
    assert!(pins(&rig).struck(2).contains(Drum::Kick));
    let value = |value| Some(ActionData::NumericValue(value));
    ask(&mut rig, "Bar 1, beat 2, snare", Action::SetValue, value(34.0));
    assert_eq!(pin(&rig, 4, Drum::Snare), Some(Pin::Hit(Hit::new(0.8, 0.0).with_velocity(34))));
    ask(&mut rig, "Bar 1, beat 3, snare", Action::SetValue, value(0.0));
    assert_eq!(pin(&rig, 8, Drum::Snare), Some(Pin::Silent));
    ask(&mut rig, "Repeat", Action::SetValue, value(80.0));
    assert_eq!(rig.value("Repeat"), "80 %");
    ask(&mut rig, "Repeat", Action::Increment, None);
    assert_eq!(rig.value("Repeat"), "82 %");
    ask(&mut rig, "Intensity and complexity", Action::SetValue, value(80.0));
    assert_eq!(rig.value("Intensity"), "80 %");
    ask(&mut rig, "Intensity and complexity", Action::Decrement, None);
    assert_eq!((rig.value("Intensity"), rig.value("Complexity")), ("75 %".into(), "50 %".into()));
    ask(&mut rig, "Complexity", Action::SetValue, value(30.0));
    ask(&mut rig, "Complexity", Action::Increment, None);
    assert_eq!((rig.value("Intensity"), rig.value("Complexity")), ("75 %".into(), "32 %".into()));
    ask(&mut rig, "Audition kit", Action::Click, None);
    assert_eq!(rig.value("Audition kit"), "Off");
}

#[test]
fn screen_reader_controls_have_name_role_and_value() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    for drawer in ["Presets", "Output", "Model", "Help"] {
        rig.click(drawer);
        for node in rig.window.root().children_recursive() {
            let node = node.accesskit_node();
            let data = node.data();
            if !data.supports_action(Action::Focus) {
                continue;
            }
            let name = node.label().unwrap_or_default();
            assert!(!name.is_empty(), "a {:?} in {drawer} without a name", node.role());
            match node.role() {
                Role::Slider => assert!(node.numeric_value().is_some(), "{name}"),
                Role::SpinButton | Role::ComboBox => assert!(node.value().is_some(), "{name}"),
                Role::Switch | Role::RadioButton | Role::Cell | Role::MenuItemCheckBox => {
                    assert!(node.toggled().is_some(), "{name}");
                }
                Role::Button | Role::Row | Role::RowHeader | Role::TextInput => {}
                Role::ListBoxOption | Role::ListItem | Role::MenuItem | Role::SearchInput => {}
                role => panic!("{name} is a {role:?}"),
            }
        }
        rig.click("Close");
    }
}

#[test]
fn shortcuts_act_while_nobody_types() {
    let mut rig = Rig::new();
    let first = rig.params.seed.value();
    press(&mut rig, &[Key::N]);
    let second = rig.params.seed.value();
    assert_ne!(second, first, "N is a new take");
    rig.window.run_steps(60);
    press(&mut rig, &[Key::Z]);
    assert_eq!(rig.params.seed.value(), first, "Z goes back");
    rig.window.run_steps(60);
    rig.window.key_press_modifiers(Modifiers::SHIFT, Key::Z);
    rig.window.run();
    assert_eq!(rig.params.seed.value(), second, "shift and Z goes on");
    press(&mut rig, &[Key::Num1, Key::Num9]);
    assert!(rig.params.lanes[Drum::Kick.index()].mute.value());
    assert!(rig.params.lanes[Drum::Crash.index()].mute.value());
    // A control with the keyboard takes the keys.
    rig.window.get_by_label("Repeat").focus();
    rig.window.run();
    press(&mut rig, &[Key::N, Key::Num2]);
    assert_eq!(rig.params.seed.value(), second);
    assert!(!rig.params.lanes[Drum::Snare.index()].mute.value());
    press(&mut rig, &[Key::Escape]);
    rig.window.key_press_modifiers(Modifiers::CTRL, Key::N);
    rig.window.run();
    assert_eq!(rig.params.seed.value(), second, "Ctrl and N is the host's");
}

#[test]
fn shortcuts_are_switched_off_for_the_user() {
    let mut rig = Rig::new();
    rig.click("Help");
    rig.click("Keys of this window");
    let seed = rig.params.seed.value();
    press(&mut rig, &[Key::N]);
    assert_eq!(rig.params.seed.value(), seed);
    let another = Rig::new();
    assert!(!another.window.state().edits.shortcuts, "another window has the setting");
}

#[test]
fn a_key_presses_the_fill_once() {
    let mut rig = Rig::new();
    rig.audio.publish(&playing());
    rig.window.step();
    let before = rig_presses(&rig);
    rig.window.key_press(Key::F);
    rig.window.run_steps(3);
    assert_eq!(rig_presses(&rig), before + 1);
    assert!(!rig.params.stage.fill.value());
    assert_eq!(rig.value("Fill"), "Never", "the interval stays as it was");
}

/// Number of times that a fill was demanded.
fn rig_presses(rig: &Rig) -> u32 {
    Controls::new(&rig.params).stage.presses[0]
}

#[test]
fn a_controller_is_learned_moves_its_control_and_is_forgotten() {
    let mut rig = Rig::new();
    let learn = |rig: &mut Rig, name: &str, entry: &str| {
        let at = rig.find(name);
        rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
        rig.click(entry);
    };
    learn(&mut rig, "Repeat", "Learn Repeat");
    assert!(rig.shows("Move a knob, fader or pedal of your controller for Repeat. Escape: stop."));
    assert_eq!(rig.link.controllers().receive(11, 0.3), None);
    rig.window.run();
    assert!(rig.shows("MIDI controller 11 moves Repeat, in every project."));
    assert!(rig.link.controllers().receive(11, 0.8).is_some());
    rig.window.run();
    assert_eq!(rig.value("Repeat"), "80 %");
    // A segment, a switch, and a list.
    for (name, entry, controller) in [
        ("Fill: Never", "Learn Fill", 12),
        ("Fill now", "Learn Fill now", 64),
        ("Style", "Learn Style", 13),
        ("Intensity and complexity", "Learn Complexity", 15),
        ("Snare mute", "Learn Snare mute", 14),
    ] {
        learn(&mut rig, name, entry);
        assert_eq!(rig.link.controllers().receive(controller, 0.0), None, "{name}");
        rig.window.run();
        assert!(rig.link.controllers().receive(controller, 1.0).is_some(), "{name}");
        rig.window.run();
    }
    assert!(rig.params.stage.fill.value() && rig.params.lanes[Drum::Snare.index()].mute.value());
    assert_eq!(rig.params.pad.complexity.value(), 1.0);
    let saved = crate::project::settings::Settings::for_user().0.controllers;
    assert_eq!(saved.get(&64).map(String::as_str), Some("stage_fill"));
    learn(&mut rig, "Repeat", "Disconnect MIDI controller 11");
    assert_eq!(rig.link.controllers().receive(11, 0.1), None);
    let saved = crate::project::settings::Settings::for_user().0.controllers;
    assert_eq!(saved.get(&11), None);
    // Escape ends waiting.
    learn(&mut rig, "Repeat", "Learn Repeat");
    press(&mut rig, &[Key::Escape]);
    assert_eq!(rig.link.controllers().receive(20, 0.1), None);
    rig.window.run();
    assert_eq!(rig.link.controllers().receive(20, 0.1), None);
}

#[test]
fn a_controller_presses_a_button() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    let first = rig.params.seed.value();
    for (name, controller) in [("New take", 70), ("Undo", 71)] {
        // Undo can be learned once there is something to undo.
        let at = rig.find(name);
        rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
        rig.click(&format!("Learn {name}"));
        assert_eq!(rig.link.controllers().receive(controller, 1.0), None);
        rig.window.run();
        let told = format!(
            "MIDI controller {controller} presses {name} while the window is open, in every project."
        );
        assert!(rig.shows(&told));
        // Down and up again between two frames.
        for value in [1.0, 0.0] {
            assert!(rig.link.controllers().receive(controller, value).is_some());
        }
        rig.window.run();
        assert_eq!(rig.params.seed.value() != first, name == "New take", "{name}");
    }
    let saved = crate::project::settings::Settings::for_user().0.controllers;
    assert_eq!(saved.get(&71).map(String::as_str), Some("button_undo"));
    let listed = ["stick", "seed"];
    let place = |id| LearnedButton::place_of(id, listed.into_iter());
    assert_eq!([place("seed"), place("button_undo"), place("gone")], [Some(1), Some(3), None]);
}
