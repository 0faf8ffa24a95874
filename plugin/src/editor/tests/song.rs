//! The song above the phrase: sections, intensity, stops, and a dropped file.

use super::*;
use crate::platform::file_drops::HoveredFiles;
use groove::take::chart::{Chart, Place, SectionKind, Stop};

fn chart(rig: &Rig) -> Chart {
    rig.params.state.kept().extras().chart
}

/// A window with the song shown.
fn opened() -> Rig {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    assert!(!rig.shows("Clear song"), "without a chart the song is hidden");
    rig.click("Show song");
    rig
}

fn starts(rig: &Rig) -> Vec<(u16, SectionKind)> {
    chart(rig).sections().iter().map(|section| (section.start, section.kind)).collect()
}

#[test]
fn sections_are_added_named_moved_and_deleted() {
    let mut rig = opened();
    // The middle of 32 bars.
    rig.double_click("Song");
    assert_eq!(starts(&rig), [(16, SectionKind::Verse)]);
    rig.drag("Verse, bar 17", vec2(0.0, -200.0), Modifiers::NONE);
    assert_eq!(chart(&rig).sections()[0].intensity, 1.0);
    rig.drag("Verse, bar 17", vec2(0.0, 200.0), Modifiers::NONE);
    assert_eq!(chart(&rig).sections()[0].intensity, 0.0);
    let block = rig.window.get_by_label("Verse, bar 17").rect();
    let edge = egui::pos2(block.left() + 2.0, block.center().y);
    rig.drag_from(edge, vec2(-block.width() / 2.0, 0.0));
    assert_eq!(starts(&rig), [(8, SectionKind::Verse)]);
    let at = rig.find("Verse, bar 9");
    rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
    let entry = rig.names().0.into_iter().find(|name| name.ends_with(": Chorus"));
    rig.click(&entry.expect("the kinds"));
    assert_eq!(starts(&rig), [(8, SectionKind::Verse), (20, SectionKind::Chorus)]);
    rig.window.key_press(Key::Escape);
    rig.window.run();
    let at = rig.find("Chorus, bar 21");
    rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
    rig.click("Delete section");
    assert_eq!(starts(&rig), [(8, SectionKind::Verse)]);
    rig.click("Clear song");
    assert!(chart(&rig).is_empty());
    rig.click("Show song");
    assert!(!rig.shows("Clear song"), "a second click hides it");
}

#[test]
fn stops_are_painted_and_erased() {
    let mut rig = opened();
    let row = rig.window.get_by_label("Stops").rect();
    let bar = row.width() / 32.0;
    let at = |bars: f32| egui::pos2(row.left() + bars * bar, row.center().y);
    let place = |bar, step| Place { bar, step };
    rig.drag_from(at(4.3), vec2(0.5 * bar, 0.0));
    assert_eq!(
        chart(&rig).stops(),
        [Stop { start: place(4, 4), end: place(5, 0), pick_up: 4, hit: false }]
    );
    rig.click_at(at(4.6), PointerButton::Primary, Modifiers::NONE);
    let left: Vec<_> = chart(&rig).stops().iter().map(|stop| (stop.start, stop.end)).collect();
    assert_eq!(left, [(place(4, 4), place(4, 8)), (place(4, 12), place(5, 0))]);
    rig.drag_from(at(4.3), vec2(0.6 * bar, 0.0));
    assert!(chart(&rig).stops().is_empty());
}

#[test]
fn a_file_dropped_on_the_song_becomes_its_chart() {
    let mut rig = Rig::new();
    let change = |chart: &mut Chart| (chart.follow, chart.choke) = (0.9, true);
    rig.params.state.kept().change(|extras| change(&mut extras.chart));
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo/song.mid");
    let over = HoveredFiles { files: vec![file], at: [0.5, 0.1] };
    let shared = Arc::clone(&rig.window.state().shared);
    shared.drops.set_hovered(Some(over.clone()));
    rig.window.step();
    assert!(rig.shows("Follow the song"));
    shared.drops.set_hovered(None);
    shared.drops.set_dropped(over);
    rig.window.step();
    rig.window.step();
    let chart = chart(&rig);
    assert_eq!((chart.sections().len(), chart.follow, chart.choke), (10, 0.9, true));
    assert!(!chart.stops().is_empty() && !chart.accents.is_empty());
    assert!(rig.window.query_by_label_contains("The kick follows the part Bass.").is_some());
    assert!(rig.shows("Chorus, bar 17"), "the song is shown with its chart");
}

#[test]
fn a_click_within_one_frame_presses_a_stage_key() {
    use crate::params::controls::Controls;

    let mut rig = opened();
    let presses = |rig: &Rig| Controls::new(&rig.params).stage.presses;
    let at = rig.find("Crash and end");
    let changes = rig.params.changes();
    for pressed in [true, false] {
        rig.window.event(Event::PointerMoved(at));
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        rig.window.event(Event::PointerButton { pos: at, button, pressed, modifiers });
    }
    rig.window.run();
    assert_eq!(presses(&rig), [0, 0, 0, 1]);
    assert!(rig.params.changes() != changes && !rig.params.stage.end.value());
    assert!(rig.host.open().is_empty());
}

#[test]
fn a_stage_key_that_a_project_has_down_can_be_pressed() {
    use nice_plug::prelude::Param;

    use crate::params::controls::Controls;

    let mut rig = opened();
    // SAFETY: the parameter lives as long as the window.
    unsafe { Param::as_ptr(&rig.params.stage.end)._internal_set_normalized_value(1.0) };
    let before = Controls::new(&rig.params).stage.presses[3];
    let at = rig.find("Crash and end");
    rig.window.event(Event::PointerMoved(at));
    for pressed in [true, false] {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        rig.window.event(Event::PointerButton { pos: at, button, pressed, modifiers });
        rig.window.step();
    }
    assert_eq!(Controls::new(&rig.params).stage.presses[3], before + 1);
    assert!(!rig.params.stage.end.value());
}

#[test]
fn a_performance_is_kept_by_one_click() {
    use groove::take::StageAct;
    use groove::take::stage::SongStep;

    let mut rig = opened();
    rig.click("Keep performance");
    assert!(chart(&rig).is_empty(), "there is nothing to keep");
    let step = |bar, step| SongStep { bar, step };
    let fill = StageAct::Rest { from: step(1, 8), pick_up: step(1, 8), to: step(2, 0), over: None };
    rig.link.performance().add(true, fill);
    rig.link.performance().add(false, StageAct::End { at: step(4, 0) });
    rig.window.run();
    rig.click("Keep performance");
    let place = |bar, step| Place { bar, step };
    let expected = [
        Stop { start: place(1, 8), end: place(2, 0), pick_up: 8, hit: false },
        Stop { start: place(4, 0), end: Stop::SONG_END, pick_up: 0, hit: true },
    ];
    assert_eq!(chart(&rig).stops(), expected);
    // One click removes the end again.
    let row = rig.window.get_by_label("Stops").rect();
    let at = egui::pos2(row.left() + 4.1 / 32.0 * row.width(), row.center().y);
    rig.click_at(at, PointerButton::Primary, Modifiers::NONE);
    assert_eq!(chart(&rig).stops(), &expected[..1]);
}
