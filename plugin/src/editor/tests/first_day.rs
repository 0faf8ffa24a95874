//! A producer's first day: words and messages that need no page, and Escape.

use super::*;
use crate::editor::header::take_text::take_text;
use crate::session::Side;

/// Opens the field of the take's number and types into it.
fn type_take(rig: &mut Rig, text: &str) {
    rig.window.get_by_role_and_label(Role::SpinButton, "Take number").click();
    rig.window.run();
    rig.type_over(text);
}

/// Returns `true` if a list is open.
fn lists(rig: &Rig) -> bool {
    rig.window.query_all_by_role(Role::ListBoxOption).next().is_some()
}

#[test]
fn an_invalid_take_number_is_said() {
    let mut rig = Rig::new();
    let before = rig.params.seed.value();
    for text in ["abc", "70000"] {
        type_take(&mut rig, text);
        let said = format!("“{text}” is no value of Take number, which goes from 0 to 65535.");
        assert!(rig.shows(&said), "{text}");
        assert_eq!(rig.params.seed.value(), before, "{text}");
    }
    type_take(&mut rig, "65535");
    assert_eq!(rig.params.seed.value(), 65_535);
}

#[test]
fn escape_closes_one_thing_at_a_time() {
    let mut rig = Rig::new();
    rig.click("Output");
    rig.click("Drum map");
    assert!(lists(&rig));
    rig.window.key_press(Key::Escape);
    rig.window.run();
    assert!(!lists(&rig), "the list is closed");
    assert!(rig.shows("MIDI thru"), "the drawer is open");
    // A list in the header, which is drawn before the drawer.
    rig.click("Kit");
    rig.window.key_press(Key::Escape);
    rig.window.run();
    assert!(!lists(&rig), "the kits are closed");
    assert!(rig.shows("MIDI thru"), "the drawer is open");
    rig.window.key_press(Key::Escape);
    rig.window.run();
    assert!(!rig.shows("MIDI thru"), "the drawer is closed");
}

#[test]
fn escape_in_the_search_leaves_the_drawer_open() {
    let mut rig = Rig::new();
    rig.click("Presets");
    rig.window.get_by_label("Search presets").focus();
    rig.window.run();
    rig.window.key_press(Key::Escape);
    rig.window.run();
    assert!(rig.shows("Save preset"), "only the field lost the keyboard");
    rig.window.key_press(Key::Escape);
    rig.window.run();
    assert!(!rig.shows("Save preset"));
}

#[test]
fn a_message_moves_nothing() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    let names = ["Bar 1, beat 1, snare", "New take", "Output"];
    let before = names.map(|name| rig.find(name));
    type_take(&mut rig, "abc");
    assert_eq!(names.map(|name| rig.find(name)), before);
}

#[test]
fn the_window_says_which_lanes_are_held() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    let at = rig.find("Kick");
    rig.window.event(Event::PointerMoved(at));
    rig.window.run();
    rig.click("New part: Kick");
    assert!(rig.shows("Held: all but Kick"));
    assert!(rig.params.state.kept().extras().pins.struck(0).contains(Drum::Snare));
    rig.click("Release lanes");
    assert!(!rig.shows("Held: all but Kick"));
    assert_eq!(rig.params.state.kept().extras().pins, groove::take::pins::Pins::NONE);
}

#[test]
fn the_kit_is_chosen_beside_the_audition() {
    let mut rig = Rig::new();
    assert_eq!(rig.value("Kit"), "Automatic");
    rig.click("Kit");
    rig.click("808 style");
    assert_eq!(rig.value("Kit"), "808 style");
    rig.double_click("Kit");
    assert_eq!(rig.value("Kit"), "Automatic");
}

#[test]
fn figures_of_the_model_are_behind_details() {
    let mut rig = Rig::new();
    let about = crate::project::models::built_in().expect("a model").metadata().clone();
    rig.link.set_model(crate::link::ModelState::Ready(Arc::new(about)));
    rig.click("Model");
    let figures = "Perplexity per sixteenth on held-out beats: lower is better.";
    assert!(rig.shows("Plays 30 styles, and blends of them."));
    assert!(!rig.shows(figures));
    rig.click("Details");
    assert!(rig.shows(figures));
    rig.click("Details");
    assert!(!rig.shows(figures));
}

#[test]
fn the_header_names_both_ends_of_a_morph() {
    let mut rig = Rig::new();
    let first = rig.params.seed.value();
    rig.window.get_by_label("Take B").click();
    rig.window.run();
    rig.click("New take");
    rig.window.run_steps(60);
    let second = rig.params.seed.value();
    assert_eq!(rig.window.state().edits.session().overview().side, Side::B);
    rig.window.state_mut().edits.session_mut().set_morph(0.4);
    rig.window.run();
    let [first, second] = [first, second].map(crate::editor::widgets::grouped);
    assert_eq!(take_text(&rig.window.state().edits, "Rock"), format!("{second} → {first} · 40 %"));
}

#[test]
fn the_header_shows_the_preset_and_that_it_was_changed() {
    let mut rig = Rig::new();
    let text = |rig: &Rig| take_text(&rig.window.state().edits, "Rock");
    assert_eq!(text(&rig), "Rock · take 530");
    for preset in crate::project::presets::factory() {
        rig.click("Next preset");
        assert_eq!(text(&rig), preset.name);
    }
    rig.wheel("Density", vec2(0.0, 1.0), Modifiers::NONE);
    let name = &crate::project::presets::factory().last().expect("presets").name;
    assert_eq!(text(&rig), format!("{name} *"));
    rig.wheel("Density", vec2(0.0, -1.0), Modifiers::NONE);
    assert_eq!(text(&rig), *name);
    rig.wheel("Swing", vec2(0.0, 2.0), Modifiers::NONE);
    assert_eq!(text(&rig), format!("{name} *"), "the performance is part of a preset");
    rig.click("New take");
    assert!(text(&rig).starts_with("Rock · take "), "another take is no preset");
}

#[test]
fn help_lists_gestures_and_keys() {
    let mut rig = Rig::new();
    rig.click("Help");
    for text in ["Shift and click", "Escape", "closes what was opened last"] {
        assert!(rig.shows(text), "{text}");
    }
    rig.window.key_press(Key::Escape);
    rig.window.run();
    assert!(!rig.shows("Shift and click"));
}

#[test]
fn tooltips_of_the_dials_cover_no_panel() {
    for size in [theme::DESIGN, theme::SMALLEST] {
        let mut rig = Rig::new();
        rig.window.set_size(size);
        rig.window.run();
        for (name, hint) in [
            ("Swing", "Where the second note of each pair falls"),
            ("Swing of: 1/8", "Sixteenths swing in funk"),
            ("Timing", "Amount of the drummer's micro-timing"),
            ("Dynamics", "Range between soft and loud"),
            ("Velocity", "Added to every MIDI velocity"),
            ("Time: Double time", "Plays the pattern in half"),
            ("Daring", "Double click: the default"),
            ("Intensity and complexity", "Up: louder"),
        ] {
            let at = rig.find(name);
            rig.window.event(Event::PointerMoved(at));
            rig.window.run_steps(60);
            let shown = rig.window.query_by_label_contains(hint);
            let shown = shown.unwrap_or_else(|| panic!("no tooltip of {name}")).rect();
            let panels = rig.window.get_by_label("FEEL").rect();
            assert!(shown.bottom() <= panels.top(), "{name}: {shown:?} covers {panels:?}");
            assert!(shown.top() >= 0.0 && shown.right() <= size.x, "{name}: {shown:?}");
            rig.window.event(Event::PointerMoved(Pos2::new(2.0, 2.0)));
            rig.window.run_steps(60);
        }
    }
}
