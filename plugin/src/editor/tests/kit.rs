//! The kit's drawer: level, tune and decay of each drum.

use super::*;
use crate::project::kit_trims::LaneTrim;
use egui::Rect;

fn trim(rig: &Rig, drum: Drum) -> LaneTrim {
    rig.params.state.trims().get().0[drum.index()]
}

#[test]
fn bars_set_level_tune_and_decay() {
    let mut rig = Rig::new();
    rig.click("Kit drums");
    rig.drag("Snare level", vec2(-300.0, 0.0), Modifiers::NONE);
    assert!(trim(&rig, Drum::Snare).is_off());
    let says = |rig: &Rig, name: &str| {
        rig.window.get_by_role_and_label(Role::Slider, name).accesskit_node().value()
    };
    assert_eq!(says(&rig, "Snare level").as_deref(), Some("off"));
    rig.double_click("Snare level");
    assert_eq!(trim(&rig, Drum::Snare), LaneTrim::default());
    rig.wheel("Ride tune", vec2(0.0, 1.0), Modifiers::NONE);
    assert_eq!(trim(&rig, Drum::Ride).tune, 10, "a semitone");
    assert_eq!(says(&rig, "Ride tune").as_deref(), Some("+1.0 st"));
    rig.window.get_by_role_and_label(Role::Slider, "Kick decay").focus();
    rig.window.run();
    rig.window.key_press(Key::ArrowRight);
    rig.window.run();
    assert_eq!(trim(&rig, Drum::Kick).decay, 105);
    rig.window.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    rig.window.run();
    assert_eq!(trim(&rig, Drum::Kick).decay, 106);
    let mut others = Drum::ALL.into_iter().filter(|it| ![Drum::Ride, Drum::Kick].contains(it));
    assert!(others.all(|drum| trim(&rig, drum) == LaneTrim::default()));
    rig.click("Kit as built");
    assert!(rig.params.state.trims().get().is_default());
    assert_eq!(rig.params.playing.swing.value(), 0.0, "no parameter moved");
}

#[test]
fn a_fine_drag_goes_a_tenth_as_far() {
    let mut rig = Rig::new();
    rig.click("Kit drums");
    rig.drag("Kick tune", vec2(20.0, 0.0), Modifiers::NONE);
    let coarse = trim(&rig, Drum::Kick).tune;
    rig.double_click("Kick tune");
    rig.drag("Kick tune", vec2(20.0, 0.0), Modifiers::SHIFT);
    let fine = trim(&rig, Drum::Kick).tune;
    assert!(coarse > 40 && (coarse - 10 * fine).abs() <= 5, "{coarse} and {fine}");
}

#[test]
fn a_drag_of_a_bar_is_one_undo() {
    let mut rig = Rig::new();
    rig.click("Kit drums");
    rig.drag("Low tom tune", vec2(30.0, 0.0), Modifiers::NONE);
    rig.window.run_steps(60);
    let after = trim(&rig, Drum::LowTom);
    assert!(after.tune > 0);
    rig.click("Undo");
    assert_eq!(trim(&rig, Drum::LowTom), LaneTrim::default());
    rig.click("Redo");
    assert_eq!(trim(&rig, Drum::LowTom), after);
}

#[test]
fn screen_reader_sets_the_bars_in_their_units() {
    use egui::accesskit::{Action, ActionData, ActionRequest, TreeId};

    let mut rig = Rig::new();
    rig.click("Kit drums");
    for (name, number) in [("Crash level", -6.0), ("Crash tune", -3.0), ("Crash decay", 150.0)] {
        let node = rig.window.get_by_role_and_label(Role::Slider, name);
        let (target, range) = {
            let node = node.accesskit_node();
            (node.locate().0, [node.min_numeric_value(), node.max_numeric_value()])
        };
        assert!(
            range[0].is_some_and(|low| low < number) && range[1].is_some_and(|high| high > number)
        );
        rig.window.event(Event::AccessKitActionRequest(ActionRequest {
            action: Action::SetValue,
            target_tree: TreeId::ROOT,
            target_node: target,
            data: Some(ActionData::NumericValue(number)),
        }));
        rig.window.run();
    }
    assert_eq!(trim(&rig, Drum::Crash), LaneTrim { level: -12, tune: -30, decay: 150 });
}

#[test]
fn the_drawer_fits_into_the_smallest_window() {
    let mut rig = Rig::new();
    rig.window.set_size(vec2(960.0, 540.0));
    rig.window.run();
    rig.click("Kit drums");
    let place = |name: &str| -> Rect {
        rig.window.query_all_by_label(name).next().expect("a control").rect()
    };
    let [last, all] = [place("Kick decay"), place("Kit as built")];
    let panels = place("New take");
    assert!(last.bottom() <= all.top() + 1.0, "{last:?} {all:?}");
    assert!(all.bottom() <= panels.top(), "{all:?} {panels:?}");
}
