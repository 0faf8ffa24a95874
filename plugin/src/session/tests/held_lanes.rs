//! Regeneration of a lane holds the others only until the next take or style.

use super::*;

/// A phrase with a kick, a snare and hats.
fn phrase() -> [Step; 64] {
    let mut steps = [Step::SILENT; 64];
    for (place, step) in steps.iter_mut().enumerate() {
        if place % 8 == 0 {
            step.set(Drum::Kick, Some(Hit::plain(100, 0)));
        }
        if place % 8 == 4 {
            step.set(Drum::Snare, Some(Hit::plain(90, 2)));
        }
        if place % 2 == 0 {
            step.set(Drum::ClosedHat, Some(Hit::plain(60, 0)));
        }
    }
    steps
}

/// A bench with one pin of the user's on the ride and one on the kick.
fn pinned() -> (Bench, Pins) {
    let mut bench = Bench::new();
    bench.session.pin(3, Drum::Ride, Some(Pin::Struck));
    bench.session.pin(3, Drum::Kick, Some(Pin::Struck));
    bench.wait();
    let mut own = Pins::NONE;
    own.set(3, Drum::Ride, Some(Pin::Struck));
    (bench, own)
}

fn regenerate(bench: &mut Bench, drum: Drum) {
    bench.session.regenerate_lane(drum, &phrase(), &mut at_once);
    bench.wait();
}

#[test]
fn a_regenerated_lane_holds_the_others() {
    let (mut bench, _) = pinned();
    let seed = bench.session.take().controls.seed;
    regenerate(&mut bench, Drum::Kick);
    let take = bench.session.take();
    assert_ne!(take.controls.seed, seed);
    assert_eq!(take.pins.get(0, Drum::Kick), None);
    assert_eq!(take.pins.get(4, Drum::Snare), Some(Pin::Hit(Hit::plain(90, 2))));
    assert_eq!(take.pins.get(5, Drum::Snare), Some(Pin::Silent));
    assert_eq!(bench.session.held_around(), Some(Drum::Kick));
}

#[test]
fn a_new_take_or_style_releases_held_lanes_in_one_undo() {
    let acts: [fn(&mut Bench); 5] = [
        |bench| bench.session.new_take(&mut at_once),
        |bench| bench.session.set_seed(7, &mut at_once),
        |bench| bench.turn(|params| &params.style, 6),
        |bench| bench.turn(|params| &params.seed, 9),
        |bench| bench.turn(|params| &params.drummer.blend, 0.4),
    ];
    for act in acts {
        let (mut bench, own) = pinned();
        regenerate(&mut bench, Drum::Kick);
        let (held, takes) = (bench.session.take(), bench.takes());
        act(&mut bench);
        bench.wait();
        assert_eq!(bench.session.pins(), own, "only the user's own pins stay");
        assert_eq!(bench.session.held_around(), None);
        assert_eq!(bench.takes(), takes + 1);
        assert!(bench.session.undo(&mut at_once));
        bench.wait();
        assert!(bench.session.take() == held, "undo brings the held lanes back");
        assert_eq!(bench.session.held_around(), Some(Drum::Kick));
        assert!(bench.session.undo(&mut at_once));
        bench.wait();
        assert_eq!(bench.session.held_around(), None);
        assert_eq!(bench.session.pins().get(3, Drum::Kick), Some(Pin::Struck));
    }
}

#[test]
fn other_knobs_leave_held_lanes() {
    let (mut bench, _) = pinned();
    regenerate(&mut bench, Drum::Snare);
    let pins = bench.session.pins();
    bench.turn(|params| &params.drummer.density, 0.5);
    bench.turn(|params| &params.temperature, 1.4);
    bench.wait();
    assert!(bench.session.pins() == pins && bench.session.held_around() == Some(Drum::Snare));
}

#[test]
fn several_lanes_in_turns_keep_only_own_pins() {
    let (mut bench, own) = pinned();
    regenerate(&mut bench, Drum::Kick);
    regenerate(&mut bench, Drum::Kick);
    regenerate(&mut bench, Drum::Snare);
    assert_eq!(bench.session.held_around(), Some(Drum::Snare));
    bench.session.release_lanes();
    assert_eq!(bench.session.pins(), own);
}

#[test]
fn pins_set_while_lanes_are_held_stay() {
    let (mut bench, mut own) = pinned();
    regenerate(&mut bench, Drum::Kick);
    bench.session.pin(6, Drum::Crash, Some(Pin::Struck));
    bench.session.keep_lane(Drum::Kick, &phrase());
    bench.session.free_lane(Drum::Snare);
    assert_eq!(bench.session.held_around(), Some(Drum::Kick));
    assert_eq!(bench.session.pins().get(4, Drum::Snare), None);
    bench.session.new_take(&mut at_once);
    own.set(6, Drum::Crash, Some(Pin::Struck));
    own.keep_lane(Drum::Kick, &phrase());
    assert_eq!(bench.session.pins(), own);
}

#[test]
fn held_lanes_are_saved() {
    let (mut bench, own) = pinned();
    regenerate(&mut bench, Drum::Kick);
    let saved = bench.saved();
    let mut other = Bench::new();
    other.params.state.set(saved);
    other.wait();
    assert_eq!(other.session.held_around(), Some(Drum::Kick));
    other.session.new_take(&mut at_once);
    assert_eq!(other.session.pins(), own);
    bench.session.release_lanes();
    assert!(bench.saved().held.is_none(), "nothing is held any more");
}
