//! Ten tasks of a producer, each in at most four gestures: clicks, drags, keys and typed words.

use super::*;
use crate::params::controls::Controls;
use crate::project::folders::Folders;
use crate::project::presets;

/// A producer who counts gestures.
struct Producer {
    rig: Rig,
    gestures: usize,
}

impl Producer {
    fn new() -> Self {
        let mut rig = Rig::new();
        rig.show_phrase(Take::default());
        Producer { rig, gestures: 0 }
    }

    fn click(&mut self, name: &str) {
        self.rig.click(name);
        self.gestures += 1;
    }

    fn click_with(&mut self, name: &str, button: PointerButton, modifiers: Modifiers) {
        let at = self.rig.find(name);
        self.rig.click_at(at, button, modifiers);
        self.gestures += 1;
    }

    fn drag(&mut self, name: &str, by: Vec2) {
        self.rig.drag(name, by, Modifiers::NONE);
        self.gestures += 1;
    }

    fn write(&mut self, text: &str) {
        self.rig.window.event(Event::Text(text.to_owned()));
        self.rig.window.run();
        self.gestures += 1;
    }

    fn settle(&mut self) {
        self.rig.window.run_steps(60);
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert!((1..=4).contains(&self.gestures), "{} gestures", self.gestures);
        }
    }
}

#[test]
fn task_1_a_new_beat_of_a_style() {
    let mut user = Producer::new();
    let seed = user.rig.params.seed.value();
    user.click("Style");
    user.click("Funk");
    user.click("New take");
    assert_eq!(user.rig.value("Style"), "funk");
    assert_ne!(user.rig.params.seed.value(), seed);
}

#[test]
fn task_2_a_fill_now() {
    let mut user = Producer::new();
    user.click("Fill now");
    assert_eq!(Controls::new(&user.rig.params).stage.presses[0], 1);
}

#[test]
fn task_3_a_chorus_in_half_time() {
    let mut user = Producer::new();
    user.click("Time: Half time");
    assert_eq!(user.rig.value("Time"), "Half time");
}

#[test]
fn task_4_swung_jazz() {
    // The tempo, 140, is the host's.
    let mut user = Producer::new();
    user.click("Style");
    user.click("Jazz");
    user.click("Swing of: 1/8");
    user.drag("Swing", vec2(0.0, -111.0));
    assert_eq!(
        (user.rig.value("Style"), user.rig.value("Swing of")),
        ("jazz".into(), "1/8".into())
    );
    let swing = user.rig.params.playing.swing.value();
    assert!((0.6..0.75).contains(&swing), "near a triplet: {swing}");
}

#[test]
fn task_5_mute_the_ride() {
    let mut user = Producer::new();
    user.click("Ride mute");
    assert_eq!(user.rig.value("Ride mute"), "On");
}

#[test]
fn task_6_another_part_for_the_kick_only() {
    let mut user = Producer::new();
    let seed = user.rig.params.seed.value();
    user.click_with("Kick", PointerButton::Secondary, Modifiers::NONE);
    user.click("Regenerate Kick");
    assert_ne!(user.rig.params.seed.value(), seed);
    assert!(user.rig.shows("Held: all but Kick"));
}

#[test]
fn task_7_save_a_preset_and_find_it_again() {
    let mut user = Producer::new();
    user.click("Presets");
    user.click("Preset name");
    user.write("Back alley");
    user.click("Save preset");
    let folder = Folders::for_user().expect("a folder").presets;
    assert_eq!(presets::list(&folder).len(), 1);
    assert!(user.rig.shows("Back alley"), "it is in the list");
}

#[test]
fn task_8_three_clips_into_a_track() {
    let mut user = Producer::new();
    for _ in 0..3 {
        user.drag("Drag clip", vec2(-80.0, -200.0));
        // Without a display the drag is taken up but goes nowhere.
        assert!(user.rig.shows("The clip cannot be dragged: the window is not open."));
        user.rig.window.run_steps(600);
    }
}

#[test]
fn task_9_a_pedal_for_the_fill() {
    let mut user = Producer::new();
    user.click_with("Fill now", PointerButton::Secondary, Modifiers::NONE);
    user.click("Learn Fill now");
    for value in [0.0, 1.0] {
        user.rig.link.controllers().receive(64, value);
        user.rig.window.run();
    }
    user.gestures += 1;
    assert_eq!(user.rig.value("Fill now"), "On");
}

#[test]
fn task_10_undo_everything() {
    let mut user = Producer::new();
    let first = user.rig.params.seed.value();
    for _ in 0..5 {
        user.rig.click("New take");
        user.settle();
    }
    assert_ne!(user.rig.params.seed.value(), first);
    user.click_with("Undo", PointerButton::Primary, Modifiers::SHIFT);
    assert_eq!(user.rig.params.seed.value(), first);
}
