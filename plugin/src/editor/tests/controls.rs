//! Controls and their effect on parameters.

use super::*;
use crate::editor::styles::style_title;
use nice_plug::params::{Param as _, Params as _};

#[test]
fn every_parameter_has_a_control_and_every_control_a_name() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    rig.params.output.map.preview_plain(1.0);
    let (mut names, mut nameless) = rig.names();
    let mut look = |rig: &Rig| {
        let (more, without) = rig.names();
        names.extend(more);
        nameless += without;
    };
    rig.click("Show song");
    look(&rig);
    rig.click("Output");
    rig.click("Drum map");
    look(&rig);
    rig.click("My own");
    look(&rig);
    rig.click("Close");
    rig.click("Model");
    look(&rig);
    rig.click("Close");
    for drum in Drum::ALL {
        let at = rig.find(drum.name());
        rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
        look(&rig);
        rig.window.key_press(Key::Escape);
        rig.window.run();
    }
    assert_eq!(nameless, 0);
    for (_, param, _) in rig.params.param_map() {
        // SAFETY: the rig keeps the parameters alive.
        let name = unsafe { param.name() };
        // Bypass belongs to the host; Generation is hidden.
        if ["Bypass", "Generation"].contains(&name) {
            continue;
        }
        let choice = format!("{name}: ");
        let found = names.iter().any(|known| known == name || known.starts_with(&choice));
        assert!(found, "{name} has no control");
    }
}

#[test]
fn segments_select_a_choice() {
    let mut rig = Rig::new();
    for (name, choices) in [
        ("Phrase length", &["1 bar", "2 bars", "4 bars", "8 bars"][..]),
        ("Phrase variation", &["Vary", "Loop"]),
        ("Fill", &["Never", "Every bar", "Every 4 bars", "Every 16 bars"]),
        ("Changes start", &["Next 1/16", "Next beat", "Next bar", "Next phrase"]),
        ("Time", &["Half time", "Normal", "Double time"]),
        ("Swing of", &["1/8", "1/16"]),
        ("Listen to keys", &["Off", "Hold", "Jam", "Tap"]),
    ] {
        for choice in choices {
            rig.click(&format!("{name}: {choice}"));
            let value = rig.value(name);
            assert_eq!(&value, choice, "{name}");
        }
    }
}

#[test]
fn switches_and_lane_buttons_toggle() {
    let mut rig = Rig::new();
    assert_eq!(rig.value("Audition kit"), "On", "a newcomer hears it at once");
    rig.click("Audition kit");
    for name in ["Audition kit", "Only while held", "Snare mute", "Ride solo"] {
        assert_eq!(rig.value(name), "Off");
        rig.click(name);
        assert_eq!(rig.value(name), "On", "{name}");
        rig.click(name);
        assert_eq!(rig.value(name), "Off");
    }
}

#[test]
fn knobs_and_sliders_respond_to_wheel_drag_and_double_click() {
    let mut rig = Rig::new();
    for name in [
        "Repeat",
        "Daring",
        "Density",
        "Blend",
        "Swing",
        "Timing",
        "Dynamics",
        "Velocity",
        "Fill amount",
        "Fill length",
        "Audition level",
        "Kick density",
        "Crash density",
    ] {
        let usual = rig.value(name);
        rig.wheel(name, vec2(0.0, 2.0), Modifiers::NONE);
        let wheeled = rig.value(name);
        assert_ne!(wheeled, usual, "{name} and the wheel");
        rig.drag(name, vec2(40.0, 0.0), Modifiers::NONE);
        assert_ne!(rig.value(name), wheeled, "{name} dragged");
        rig.double_click(name);
        assert_eq!(rig.value(name), usual, "{name} and a double click");
        rig.window.run_steps(20);
    }
}

#[test]
fn output_drawer_sets_map_channel_and_free_run() {
    let mut rig = Rig::new();
    rig.click("Output");
    rig.click("Channel");
    rig.click("16");
    assert_eq!(rig.params.channel.value(), 16);
    rig.click("Drum map");
    rig.click("Addictive Drums");
    assert_eq!(rig.value("Drum map"), "Addictive Drums");
    rig.click("Articulations");
    assert!(!rig.params.output.articulations.value());
    rig.click("MIDI thru");
    rig.click("Free run");
    assert!(rig.params.output.through.value() && rig.params.output.free_run.value());
    rig.wheel("Free tempo", vec2(0.0, 1.0), Modifiers::NONE);
    assert!(rig.params.output.free_tempo.value() > 120.0);
    rig.click("Drum map");
    rig.click("My own");
    rig.wheel("Snare pitch", vec2(0.0, 1.0), Modifiers::NONE);
    assert!(rig.params.lanes[Drum::Snare.index()].pitch.value() > 38);
    rig.window.key_press(Key::Escape);
    rig.window.run();
    assert!(rig.window.query_by_label("MIDI thru").is_none(), "Escape closes it");
}

#[test]
fn list_responds_to_wheel_and_double_click() {
    let mut rig = Rig::new();
    rig.wheel("Style", vec2(0.0, -1.0), Modifiers::NONE);
    assert_eq!(rig.value("Style"), "soul");
    rig.wheel("Style", vec2(0.0, 1.0), Modifiers::NONE);
    rig.wheel("Style", vec2(0.0, 1.0), Modifiers::NONE);
    assert_eq!(rig.value("Style"), "reggaeton");
    rig.double_click("Style");
    assert_eq!(rig.value("Style"), "rock");
    assert!(rig.window.query_by_role(Role::ListBoxOption).is_none(), "the list stays closed");
    rig.click("Second style");
    rig.click("Jazz");
    assert_eq!(rig.value("Second style"), "jazz");
}

#[test]
fn added_styles_of_a_model_are_in_the_list() {
    let mut rig = Rig::new();
    let mut about = crate::project::models::built_in().expect("a model").metadata().clone();
    about.add_style("polka").expect("room");
    rig.link.set_model(crate::link::ModelState::Ready(Arc::new(about)));
    rig.window.run();
    rig.click("Style");
    rig.click("Polka");
    assert_eq!(rig.params.style.value(), 19);
}

#[test]
fn a_style_that_the_model_lacks_is_shown_with_a_message() {
    let mut rig = Rig::new();
    let about = crate::project::models::built_in().expect("a model").metadata().clone();
    let lacks = format!("The model {} has no style Own 2: it plays any style instead.", about.name);
    let unknown = "This version has no drum map 63: the notes are those of General MIDI.";
    rig.link.set_model(crate::link::ModelState::Ready(Arc::new(about)));
    let set = |param: &nice_plug::prelude::IntParam, value: i32| {
        // SAFETY: the parameters outlive the pointer.
        unsafe { param.as_ptr()._internal_set_normalized_value(param.preview_normalized(value)) };
    };
    set(&rig.params.style, 20);
    rig.window.run();
    assert_eq!(rig.value("Style"), "own 2");
    assert!(rig.shows(&lacks));
    set(&rig.params.style, 17);
    set(&rig.params.output.map, 63);
    rig.window.run();
    assert!(!rig.shows(&lacks) && rig.shows(unknown));
    rig.click("Output");
    rig.click("Drum map");
    rig.click("General MIDI");
    rig.window.run();
    assert_eq!(rig.params.output.map.value(), 0);
    assert!(!rig.shows(unknown));
}

#[test]
fn preset_arrows_step_through_the_list() {
    let mut rig = Rig::new();
    let all = crate::project::presets::factory();
    rig.click("Next preset");
    assert_eq!(rig.params.seed.value(), i32::try_from(all[0].take.controls.seed).expect("a seed"));
    assert_eq!(
        rig.window.state().edits.preset.as_ref().map(|preset| &preset.name),
        Some(&all[0].name)
    );
    rig.click("Next preset");
    rig.click("Previous preset");
    rig.click("Previous preset");
    let last = &all[all.len() - 1];
    assert_eq!(rig.params.seed.value(), i32::try_from(last.take.controls.seed).expect("a seed"));
}

#[test]
fn new_take_is_another_seed() {
    let mut rig = Rig::new();
    let before = rig.params.seed.value();
    rig.window.get_by_label("New take").click();
    rig.window.run();
    assert_ne!(rig.params.seed.value(), before);
}

#[test]
fn a_seed_can_be_typed() {
    let mut rig = Rig::new();
    let seed = |rig: &Rig| rig.params.seed.value();
    rig.window.get_by_role_and_label(Role::SpinButton, "Take number").click();
    rig.window.run();
    rig.type_over("48213");
    assert_eq!(seed(&rig), 48213);

    rig.window.get_by_role_and_label(Role::SpinButton, "Take number").click();
    rig.window.run();
    rig.type_over("rock");
    assert_eq!(seed(&rig), 48213, "what is not a number changes nothing");
}

#[test]
fn a_tempo_is_typed_after_a_click() {
    let mut rig = Rig::new();
    rig.click("Output");
    rig.click("Free tempo");
    rig.type_over("97.5");
    assert_eq!(rig.value("Free tempo"), "97.5 bpm");
    rig.double_click("Free tempo");
    assert_eq!(rig.value("Free tempo"), "120.0 bpm", "a double click is the default");
}

#[test]
fn escape_leaves_the_seed_as_it_was() {
    let mut rig = Rig::new();
    let before = rig.params.seed.value();
    rig.window.get_by_role_and_label(Role::SpinButton, "Take number").click();
    rig.window.run();
    rig.window.event(Event::Text("7777".to_owned()));
    rig.window.run();
    rig.window.key_press(Key::Escape);
    rig.window.run();
    assert_eq!(rig.params.seed.value(), before);
}

#[test]
fn a_style_is_chosen_from_the_list() {
    let mut rig = Rig::new();
    let field =
        |rig: &Rig| rig.window.get_by_role_and_label(Role::ComboBox, "Style").rect().center();
    let at = field(&rig);
    rig.window.get_by_role_and_label(Role::ComboBox, "Style").click();
    rig.window.run();
    rig.window.get_by_role_and_label(Role::ListBoxOption, "Middle Eastern").click();
    rig.window.run();
    let chosen = rig.params.style.value();
    assert_eq!(style_title(u8::try_from(chosen).expect("a style"), None), "Middle Eastern");
    assert!(rig.window.query_by_role(Role::ListBoxOption).is_none());
    assert_eq!(field(&rig), at, "nothing moved");
}

#[test]
fn dial_responds_to_wheel_drag_keys_typing_and_double_click() {
    let mut rig = Rig::new();
    let temperature = |rig: &Rig| rig.params.temperature.unmodulated_normalized_value();
    let usual = rig.params.temperature.default_normalized_value();

    rig.wheel("Daring", vec2(0.0, 3.0), Modifiers::NONE);
    let wheeled = temperature(&rig);
    assert!(wheeled > usual + 0.03, "{usual} -> {wheeled}");

    rig.drag("Daring", vec2(0.0, -60.0), Modifiers::NONE);
    let dragged = temperature(&rig);
    assert!(dragged > wheeled + 0.2, "{wheeled} -> {dragged}");

    // The distance does not depend on the number of frames.
    let mut lowered = |frames| {
        let before = temperature(&rig);
        rig.drag_in(frames, "Daring", vec2(0.0, 20.0), Modifiers::NONE);
        before - temperature(&rig)
    };
    let (few, many) = (lowered(2), lowered(40));
    assert!((few - many).abs() < 5e-3, "{few} in two frames, {many} in forty");
    let dragged = temperature(&rig);

    rig.drag("Daring", vec2(0.0, 60.0), Modifiers::SHIFT);
    let fine = dragged - temperature(&rig);
    assert!((0.01..0.06).contains(&fine), "{fine}");

    rig.double_click("Daring");
    assert!((temperature(&rig) - usual).abs() < 1e-3);

    rig.window.get_by_label("Daring").click_secondary();
    rig.window.run();
    rig.click("Type Daring");
    rig.type_over("0.45");
    assert!((rig.params.temperature.value() - 0.45).abs() < 1e-3);

    rig.window.get_by_label("Daring").focus();
    rig.window.run();
    rig.window.key_press(Key::ArrowUp);
    rig.window.run();
    assert!(rig.params.temperature.value() > 0.451);
}

#[test]
fn the_pad_moves_its_parameters_by_pointer_and_keys() {
    use groove::take::PadPoint;
    const PAD: &str = "Intensity and complexity";

    let mut rig = Rig::new();
    let point = |rig: &Rig| rig.params.pad.point();
    let said = |rig: &Rig, words: &str| {
        let node = rig.window.get_by_label(PAD);
        let text = node.accesskit_node().data().description().unwrap_or_default().to_owned();
        assert!(text.starts_with(words), "{text}");
    };
    assert_eq!(point(&rig), PadPoint::MIDDLE);
    said(&rig, "Intensity 50 %, complexity 50 %");
    // To the corner at the right and the top, in one gesture of each parameter.
    rig.drag("Density", vec2(0.0, -17.0), Modifiers::NONE);
    let density = rig.value("Density");
    rig.drag(PAD, vec2(200.0, -200.0), Modifiers::NONE);
    assert_eq!(point(&rig), PadPoint::new(1.0, 1.0));
    said(&rig, "Intensity 100 %, complexity 100 %");
    let values = ["Intensity", "Complexity", "Density", "Velocity"].map(|name| rig.value(name));
    assert_eq!(values, ["100 %", "100 %", &density, "0"], "the dials stay");
    assert!(rig.value("Crash density") == "0 %" && rig.value("Fill amount") == "50 %");
    assert_ne!(density, "0 %");
    assert!(rig.host.open().is_empty(), "every gesture has ended");
    rig.window.get_by_label(PAD).focus();
    rig.window.run();
    for key in [Key::ArrowLeft, Key::ArrowLeft, Key::ArrowDown] {
        rig.window.key_press(key);
        rig.window.run();
    }
    assert!(
        (point(&rig).complexity - 0.9).abs() < 0.01 && (point(&rig).intensity - 0.95).abs() < 0.01
    );
    rig.double_click(PAD);
    assert_eq!(point(&rig), PadPoint::MIDDLE);
    assert_eq!((rig.value("Daring"), rig.value("Density")), ("1.00".into(), density));
}
