//! The phrase: its contents, and editing it with the pointer.

use super::*;
use groove::Articulation;
use groove::pattern::Stroke;
use groove::pattern::rudiment::Rudiment;
use groove::take::TakeControls;
use groove::take::pins::Pin;

use crate::editor::phrase::spoken;

fn struck(rig: &Rig, place: usize) -> DrumSet {
    rig.params.state.kept().extras().pins.struck(place)
}

fn silent(rig: &Rig, place: usize) -> DrumSet {
    rig.params.state.kept().extras().pins.silent(place)
}

fn pin(rig: &Rig, place: usize, drum: Drum) -> Option<Pin> {
    rig.params.state.kept().extras().pins.get(place, drum)
}

/// Clicks an entry of the menu of a cell or a lane.
fn ask(rig: &mut Rig, cell: &str, entry: &str) {
    let at = rig.find(cell);
    rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
    rig.click(entry);
}

/// A bar with this hit of a drum on each beat.
fn bar_of(drum: Drum, hit: Hit) -> Bar {
    let mut bar = Bar::silent(Meter::FOUR_FOUR);
    bar.steps_mut().iter_mut().step_by(4).for_each(|step| step.set(drum, Some(hit)));
    bar
}

/// A drag on the rim of the snare.
fn rim_drag() -> Hit {
    let rim = Hit { articulation: Articulation::Rim, ..Hit::plain(96, 3) };
    Rudiment::Drag.apply(rim, 97.5)
}

fn only(drum: Drum) -> DrumSet {
    [drum].into_iter().collect()
}

#[test]
fn a_click_strikes_an_empty_cell_and_silences_a_hit() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    rig.click("Bar 2, beat 1 and, kick");
    assert_eq!(struck(&rig, 18), only(Drum::Kick));
    rig.click("Bar 1, beat 2, snare");
    assert_eq!(silent(&rig, 4), only(Drum::Snare));
}

#[test]
fn shift_and_click_pins_what_sounds() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    for (name, hit, rest) in [
        ("Bar 4, beat 4, snare", only(Drum::Snare), DrumSet::EMPTY),
        ("Bar 4, beat 4, ride", only(Drum::Snare), only(Drum::Ride)),
    ] {
        let at = rig.find(name);
        rig.click_at(at, PointerButton::Primary, Modifiers::SHIFT);
        assert_eq!((struck(&rig, 60), silent(&rig, 60)), (hit, rest), "{name}");
    }
}

#[test]
fn a_drag_paints_every_cell_that_it_crosses() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    let to = rig.find("Bar 1, beat 2 and, closed hat") - rig.find("Bar 1, beat 1 and, closed hat");
    rig.drag("Bar 1, beat 1 and, closed hat", to, Modifiers::NONE);
    for place in 2..7 {
        assert_eq!(struck(&rig, place), only(Drum::ClosedHat), "{place}");
    }
    assert_eq!((struck(&rig, 1), struck(&rig, 7)), (DrumSet::EMPTY, DrumSet::EMPTY));
}

#[test]
fn the_menu_pins_and_frees_cells_and_lanes() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    ask(&mut rig, "Bar 1, beat 1, snare", "Pin cell");
    assert_eq!(struck(&rig, 0), only(Drum::Snare));
    ask(&mut rig, "Bar 1, beat 1, snare", "Unpin cell");
    assert_eq!(struck(&rig, 0), DrumSet::EMPTY);
    ask(&mut rig, "Bar 1, beat 1 e, snare", "Pin Snare");
    assert_eq!((struck(&rig, 4), silent(&rig, 5)), (only(Drum::Snare), only(Drum::Snare)));
    ask(&mut rig, "Bar 1, beat 1 e, snare", "Unpin Snare");
    assert_eq!(rig.params.state.kept().extras().pins, groove::take::pins::Pins::NONE);
    let seed = rig.params.seed.value();
    ask(&mut rig, "Ride", "Regenerate Ride");
    let others = DrumSet::ALL.without(only(Drum::Ride));
    assert_eq!(struck(&rig, 0).with(silent(&rig, 0)), others);
    assert_ne!(rig.params.seed.value(), seed);
    ask(&mut rig, "Crash", "Unpin all");
    assert_eq!(rig.params.state.kept().extras().pins, groove::take::pins::Pins::NONE);
    ask(&mut rig, "Crash", "Crash off");
    assert!(rig.params.lanes[Drum::Crash.index()].off.value());
    assert!(rig.shows("Crash, off"));
}

#[test]
fn cells_name_articulation_velocity_and_strokes() {
    let mut rig = Rig::new();
    rig.show_bars(Take::default(), bar_of(Drum::Snare, rim_drag()));
    let text = rig.hit_text("Bar 1, beat 2, snare");
    assert_eq!(text.as_deref(), Some("rim shot, velocity 96, drag (2 strokes before)"));
    assert_eq!(rig.hit_text("Bar 1, beat 2 e, snare"), None);
    let pedal = Stroke { velocity: 50, offset_ticks: 0, articulation: Articulation::Pedal };
    let both = Hit::of_strokes([Hit::plain(80, 0).main(), pedal]).expect("a hit");
    rig.show_bars(Take::default(), bar_of(Drum::ClosedHat, both));
    let text = rig.hit_text("Bar 4, beat 4, closed hat");
    assert_eq!(text.as_deref(), Some("bow, velocity 80, with pedal"));
}

#[test]
fn the_pointer_shows_the_strokes_of_a_cell() {
    let mut rig = Rig::new();
    rig.show_bars(Take::default(), bar_of(Drum::Snare, rim_drag()));
    let at = rig.find("Bar 1, beat 2, snare");
    rig.window.event(Event::PointerMoved(at));
    rig.window.run_steps(60);
    let text = "Bar 1, beat 2, snare, rim shot, velocity 96, drag (2 strokes before)\n\
                1% of a sixteenth late";
    let shown = rig.window.query_by_label_contains(text).expect("a tooltip").rect();
    assert!(!shown.contains(at), "it does not cover the cell");
}

#[test]
fn the_menu_changes_articulation_and_strokes_and_pins_the_cell() {
    let mut rig = Rig::new();
    rig.show_bars(Take::default(), bar_of(Drum::Snare, Hit::plain(90, 5)));
    let cell = "Bar 1, beat 2, snare";
    ask(&mut rig, cell, "Articulation: cross-stick");
    let cross = Hit { articulation: Articulation::CrossStick, ..Hit::plain(90, 5) };
    assert_eq!(pin(&rig, 4, Drum::Snare), Some(Pin::Hit(cross)));
    // The menu is still open, and the worker has not answered.
    for rudiment in [Rudiment::Flam, Rudiment::Drag, Rudiment::Double, Rudiment::Roll] {
        rig.click(&format!("Strokes: {}", rudiment.name()));
        let Some(Pin::Hit(hit)) = pin(&rig, 4, Drum::Snare) else { panic!("no hit") };
        assert_eq!((hit.main(), Rudiment::of(hit, 97.5)), (cross.main(), rudiment));
        assert!(hit.strokes().all(|s| s.articulation == Articulation::CrossStick));
    }
    rig.click("Strokes: single");
    assert_eq!(pin(&rig, 4, Drum::Snare), Some(Pin::Hit(cross)));
}

#[test]
fn keys_change_articulation_and_strokes_while_the_menu_of_a_cell_is_open() {
    let mut rig = Rig::new();
    rig.show_bars(Take::default(), bar_of(Drum::Snare, Hit::plain(90, 5)));
    let press = |rig: &mut Rig, key| {
        rig.window.key_press(key);
        rig.window.run();
    };
    press(&mut rig, Key::Num3);
    assert_eq!(pin(&rig, 4, Drum::Snare), None, "no menu is open");
    let at = rig.find("Bar 1, beat 2, snare");
    rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
    press(&mut rig, Key::Num3);
    let cross = Hit { articulation: Articulation::CrossStick, ..Hit::plain(90, 5) };
    assert_eq!(pin(&rig, 4, Drum::Snare), Some(Pin::Hit(cross)));
    for (key, rudiment) in [
        (Key::F, Rudiment::Flam),
        (Key::D, Rudiment::Drag),
        (Key::B, Rudiment::Double),
        (Key::R, Rudiment::Roll),
        (Key::S, Rudiment::Single),
    ] {
        press(&mut rig, key);
        let Some(Pin::Hit(hit)) = pin(&rig, 4, Drum::Snare) else { panic!("no hit") };
        assert_eq!((hit.main(), Rudiment::of(hit, 97.5)), (cross.main(), rudiment));
    }
    press(&mut rig, Key::Num6);
    assert_eq!(pin(&rig, 4, Drum::Snare), Some(Pin::Hit(cross)), "the snare has four");
    press(&mut rig, Key::Escape);
    press(&mut rig, Key::Num1);
    assert_eq!(pin(&rig, 4, Drum::Snare), Some(Pin::Hit(cross)), "the menu is closed");
}

#[test]
fn the_menu_lists_the_articulations_of_each_class() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    for drum in Drum::ALL {
        let empty = format!("Bar 2, beat 1 e, {}", drum.name().to_lowercase());
        let last = Articulation::of(drum).last().copied().expect("an articulation");
        ask(&mut rig, &empty, &format!("Articulation: {}", last.name(drum)));
        let Some(Pin::Hit(hit)) = pin(&rig, 17, drum) else { panic!("no hit of {drum:?}") };
        assert_eq!((hit.articulation, hit.velocity), (last, 96));
        rig.window.key_press(Key::Escape);
        rig.window.run();
    }
}

#[test]
fn painting_velocities_scales_all_strokes() {
    let mut rig = Rig::new();
    let drag = rim_drag();
    rig.show_bars(Take::default(), bar_of(Drum::Snare, drag));
    let [from, floor] =
        ["Bar 1, beat 2, snare", "Bar 1, beat 2, kick"].map(|name| rig.find(name).y);
    // Down to the softest and back to the centre of the lane.
    let at = rig.find("Bar 1, beat 2, snare");
    let button = |pressed| Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    rig.window.event(Event::PointerMoved(at));
    rig.window.event(button(true));
    rig.window.step();
    let mut painted = |y: f32| {
        rig.window.event(Event::PointerMoved(egui::pos2(at.x, y)));
        rig.window.step();
        let Some(Pin::Hit(hit)) = pin(&rig, 4, Drum::Snare) else { panic!("no hit") };
        hit
    };
    let softest = painted(floor);
    let half = painted(from - 1.0);
    rig.window.event(button(false));
    rig.window.run();
    assert_eq!(softest.strokes().map(|s| s.velocity).collect::<Vec<_>>(), [1, 1, 1]);
    assert!((40..90).contains(&half.velocity), "{}", half.velocity);
    assert_eq!(half, drag.with_velocity(half.velocity));
}

#[test]
fn pins_are_kept_without_the_performance_controls() {
    let mut rig = Rig::new();
    let mut bar = Bar::silent(Meter::FOUR_FOUR);
    let ride = Some(Hit::plain(70, 4));
    bar.steps_mut().iter_mut().for_each(|step| step.set(Drum::Ride, ride));
    rig.show_bars(Take::default(), bar);
    let swing = &rig.params.playing.swing;
    rig.window.state().edits.set(swing, 1.0);
    rig.window.run();
    let at = rig.find("Bar 1, beat 1 e, ride");
    rig.click_at(at, PointerButton::Primary, Modifiers::SHIFT);
    assert_eq!(pin(&rig, 1, Drum::Ride), Some(Pin::Hit(Hit::plain(70, 4))));
}

#[test]
fn a_lane_header_pins_and_regenerates_its_lane() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    let at = rig.find("Snare");
    rig.window.event(Event::PointerMoved(at));
    rig.window.run();
    rig.click("Pin lane: Snare");
    assert_eq!(struck(&rig, 32), only(Drum::Snare));
    rig.click("Unpin lane: Snare");
    assert_eq!(rig.params.state.kept().extras().pins, groove::take::pins::Pins::NONE);
    let seed = rig.params.seed.value();
    rig.click("New part: Snare");
    assert_ne!(rig.params.seed.value(), seed);
}

#[test]
fn whole_phrases_of_any_length_are_shown() {
    let mut rig = Rig::new();
    for bars in [1u8, 2, 4, 8] {
        rig.show_phrase(Take { phrase_bars: bars, ..Take::default() });
        assert!(rig.shows(&format!("Bar {bars}, beat 4 a, snare")));
        assert!(!rig.shows(&format!("Bar {}, beat 1, snare", bars + 1)));
    }
}

#[test]
fn held_drums_light_up() {
    let mut rig = Rig::new();
    let held = [Drum::Kick, Drum::ClosedHat].into_iter().collect();
    rig.audio.publish(&Status { following: false, held, ..playing() });
    rig.window.run();
    assert!(rig.shows("Kick, held") && rig.shows("Closed hat, held"));
    assert!(rig.shows("Snare") && !rig.shows("Snare, held"));
}

#[test]
fn the_phrase_is_numbered_as_in_the_host_in_any_meter() {
    let mut rig = Rig::new();
    for (numerator, denominator) in [(4, 4), (7, 8), (3, 4), (12, 8), (1, 4), (16, 4), (5, 32)] {
        let meter = Meter::new(numerator, denominator);
        let mut bar = Bar::silent(meter);
        for step in bar.steps_mut() {
            step.set(Drum::Snare, Some(Hit::new(0.8, -0.5)));
        }
        let take = Take::from(TakeControls { seed: 1, style: 17, ..TakeControls::default() });
        let bars = vec![bar; 4];
        let phrase = Arc::new(Phrase { number: 1, take, first_bar: -4, bars, next: bar });
        rig.link.show(Phrases { playing: Some(phrase.clone()), pending: Some(phrase) });
        let status =
            Status { meter, bar: -1, source: -1, position: -1.0, bar_start: -1.0, ..playing() };
        rig.audio.publish(&status);
        rig.window.run_steps(2);
        assert!(rig.shows("Bar -3, beat 1, snare"), "{numerator}/{denominator}");
        let last = format!("Bar 0, {}, kick", spoken::count(meter, meter.steps() - 1));
        assert!(rig.shows(&last), "{numerator}/{denominator}");
    }
}

#[test]
fn a_cymbal_is_choked_in_the_menu_of_its_cell() {
    let mut rig = Rig::new();
    rig.show_bars(Take::default(), bar_of(Drum::Crash, Hit::plain(100, -4)));
    ask(&mut rig, "Bar 1, beat 2, crash", "Choke: a quarter");
    let choked = Hit { choke_ticks: 960, ..Hit::plain(100, -4) };
    assert_eq!(pin(&rig, 4, Drum::Crash), Some(Pin::Hit(choked)));
    rig.show_bars(Take::default(), bar_of(Drum::Crash, choked));
    let text = rig.hit_text("Bar 1, beat 2, crash");
    assert_eq!(text.as_deref(), Some("first crash, bow, velocity 100, choked after a quarter"));
    // The menu is still open.
    rig.click("Choke: rings on");
    assert_eq!(pin(&rig, 4, Drum::Crash), Some(Pin::Hit(Hit::plain(100, -4))));
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    let at = rig.find("Bar 1, beat 2, snare");
    rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
    assert!(rig.window.query_by_label("Choke: rings on").is_none(), "a snare rings on");
}
