//! The phrase: its contents, and editing it with the pointer.

use super::*;
use groove::take::TakeControls;

fn struck(rig: &Rig, place: usize) -> DrumSet {
    rig.params.state.kept().extras().pins.struck(place)
}

fn silent(rig: &Rig, place: usize) -> DrumSet {
    rig.params.state.kept().extras().pins.silent(place)
}

fn only(drum: Drum) -> DrumSet {
    [drum].into_iter().collect()
}

#[test]
fn a_click_strikes_an_empty_cell_and_silences_a_hit() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    rig.click("Kick, bar 2, sixteenth 3");
    assert_eq!(struck(&rig, 18), only(Drum::Kick));
    rig.click("Snare, bar 1, sixteenth 5");
    assert_eq!(silent(&rig, 4), only(Drum::Snare));
}

#[test]
fn shift_and_click_pins_what_sounds() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    for (name, hit, rest) in [
        ("Snare, bar 4, sixteenth 13", only(Drum::Snare), DrumSet::EMPTY),
        ("Ride, bar 4, sixteenth 13", only(Drum::Snare), only(Drum::Ride)),
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
    let to =
        rig.find("Closed hat, bar 1, sixteenth 7") - rig.find("Closed hat, bar 1, sixteenth 3");
    rig.drag("Closed hat, bar 1, sixteenth 3", to, Modifiers::NONE);
    for place in 2..7 {
        assert_eq!(struck(&rig, place), only(Drum::ClosedHat), "{place}");
    }
    assert_eq!((struck(&rig, 1), struck(&rig, 7)), (DrumSet::EMPTY, DrumSet::EMPTY));
}

#[test]
fn the_menu_pins_and_frees_cells_and_lanes() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    let ask = |rig: &mut Rig, cell: &str, entry: &str| {
        let at = rig.find(cell);
        rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
        rig.click(entry);
    };
    ask(&mut rig, "Snare, bar 1, sixteenth 1", "Pin cell");
    assert_eq!(struck(&rig, 0), only(Drum::Snare));
    ask(&mut rig, "Snare, bar 1, sixteenth 1", "Unpin cell");
    assert_eq!(struck(&rig, 0), DrumSet::EMPTY);
    ask(&mut rig, "Snare, bar 1, sixteenth 2", "Pin Snare");
    assert_eq!((struck(&rig, 4), silent(&rig, 5)), (only(Drum::Snare), only(Drum::Snare)));
    ask(&mut rig, "Snare, bar 1, sixteenth 2", "Unpin Snare");
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
    rig.click("New lane: Snare");
    assert_ne!(rig.params.seed.value(), seed);
}

#[test]
fn whole_phrases_of_any_length_are_shown() {
    let mut rig = Rig::new();
    for bars in [1u8, 2, 4, 8] {
        rig.show_phrase(Take { phrase_bars: bars, ..Take::default() });
        assert!(rig.shows(&format!("Snare, bar {bars}, sixteenth 16")));
        assert!(!rig.shows(&format!("Snare, bar {}, sixteenth 1", bars + 1)));
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
        assert!(rig.shows("Snare, bar -3, sixteenth 1"), "{numerator}/{denominator}");
        let last = format!("Kick, bar 0, sixteenth {}", meter.steps());
        assert!(rig.shows(&last), "{numerator}/{denominator}");
    }
}
