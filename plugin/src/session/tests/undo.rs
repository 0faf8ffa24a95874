//! Undo covers every musical gesture.

use super::*;
use groove::take::PadPoint;
use groove::take::chart::Place;
use nice_plug::params::Params as _;

/// Prefixes of the ids of parameters that undo ignores: output, audition, the use of the keys, the
/// grid of changes, momentary fills, and parameters for the host.
const SETTINGS: [&str; 14] = [
    "channel",
    "generation",
    "landing",
    "prime",
    "gate",
    "map",
    "through",
    "free",
    "articulations",
    "lane_pitch",
    "lane_channel",
    "bypass",
    "audition",
    "stage",
];

#[test]
fn undo_covers_every_parameter_of_the_music() {
    let mut bench = Bench::new();
    let listed = bench.params.param_map();
    let mut covered = 0;
    for (id, param, _) in &listed {
        // SAFETY: the bench keeps the parameters alive.
        let value = || unsafe { param.unmodulated_normalized_value() };
        let before = value();
        let to = if before > 0.5 { 0.0 } else { 1.0 };
        at_once(*param, to);
        let changed = value();
        bench.wait();
        if SETTINGS.iter().any(|setting| id.starts_with(setting)) {
            continue;
        }
        covered += 1;
        assert!(bench.session.overview().can_undo, "{id}");
        assert!(bench.session.undo(&mut at_once), "{id}");
        bench.wait();
        assert!((value() - before).abs() < 1e-3, "{id} is back");
        assert!(bench.session.redo(&mut at_once), "{id}");
        bench.wait();
        assert!((value() - changed).abs() < 1e-3, "{id} is on again");
    }
    assert_eq!(covered, 14 + 6 + 4 * 9, "takes, feel, lanes");
}

#[test]
fn undo_covers_takes_pins_and_the_song_in_order() {
    let mut bench = Bench::new();
    let first = bench.session.take();
    bench.session.new_take(&mut at_once);
    bench.wait();
    bench.turn(|params| &params.playing.swing, 0.5);
    bench.wait();
    bench.session.toggle(3, Drum::Kick, false);
    bench.wait();
    bench.session.add_stop(Place { bar: 4, step: 0 }, Place { bar: 5, step: 0 }, Meter::FOUR_FOUR);
    bench.wait();
    let last = (bench.session.take(), bench.session.chart());
    let undo = |bench: &mut Bench| {
        assert!(bench.session.undo(&mut at_once));
        bench.wait();
    };
    undo(&mut bench);
    assert!(bench.session.chart().stops().is_empty(), "the stop");
    undo(&mut bench);
    assert_eq!(bench.session.take().pins, Pins::NONE, "the hit");
    assert_eq!(bench.params.playing.swing.value(), 0.5);
    undo(&mut bench);
    assert_eq!(bench.params.playing.swing.value(), 0.0, "the swing");
    assert_ne!(bench.session.take().controls.seed, first.controls.seed);
    undo(&mut bench);
    assert_eq!(bench.session.take(), first, "the take");
    assert!(!bench.session.overview().can_undo);
    for _ in 0..4 {
        assert!(bench.session.redo(&mut at_once));
        bench.wait();
    }
    assert_eq!((bench.session.take(), bench.session.chart()), last);
    assert!(bench.session.undo_all(&mut at_once));
    bench.wait();
    assert_eq!(bench.session.take(), first);
    assert_eq!(bench.params.playing.swing.value(), 0.0);
    assert!(bench.session.chart().is_empty());
}

#[test]
fn undo_covers_the_lanes_of_the_kit() {
    let mut bench = Bench::new();
    let mut trims = bench.session.trims();
    let built = trims;
    trims.0[Drum::Ride.index()].level = -6;
    bench.session.set_trims(trims);
    bench.wait();
    bench.turn(|params| &params.playing.swing, 0.5);
    bench.wait();
    assert!(bench.session.undo(&mut at_once));
    bench.wait();
    assert_eq!(bench.session.trims(), trims, "the swing is undone");
    assert!(bench.session.undo(&mut at_once));
    bench.wait();
    assert_eq!(bench.session.trims(), built);
    assert!(bench.session.redo(&mut at_once));
    bench.wait();
    assert_eq!(bench.session.trims(), trims);
    let before = bench.params.state.kept().changes();
    bench.session.set_trims(trims);
    assert_eq!(bench.params.state.kept().changes(), before, "nothing changed");
}

#[test]
fn a_preset_is_one_undo() {
    let mut bench = Bench::new();
    let (take, performance) = (bench.session.take(), bench.session.performance());
    let preset = crate::project::presets::factory()
        .iter()
        .find(|preset| preset.performance != performance)
        .expect("a preset with its own feel");
    bench.session.play(&preset.take, &preset.performance, &mut at_once);
    bench.wait();
    assert!(bench.session.undo(&mut at_once));
    bench.wait();
    assert_eq!((bench.session.take(), bench.session.performance()), (take, performance));
    assert!(!bench.session.overview().can_undo);
}

#[test]
fn presets_and_sides_hold_the_pad() {
    let mut bench = Bench::new();
    let point = |bench: &Bench| bench.params.pad.point();
    bench.turn(|params| &params.pad.intensity, 0.8);
    bench.wait();
    let (take, performance) = (bench.session.take(), bench.session.performance());
    assert_eq!(performance.velocity, 0.0, "the dial alone");
    let own = Preset::new("Loud", "", take, performance);
    let text = serde_json::to_string(&own).expect("text");
    assert_eq!(serde_json::from_str::<Preset>(&text).expect("a preset"), own);
    bench.session.copy_to_other_side();
    let factory = &crate::project::presets::factory()[0];
    bench.session.play(&factory.take, &factory.performance, &mut at_once);
    bench.wait();
    assert_eq!(point(&bench), PadPoint::MIDDLE, "a preset without a point");
    bench.session.switch_sides(&mut at_once);
    bench.wait();
    assert!((point(&bench).intensity - 0.8).abs() < 1e-3, "the other side");
    bench.session.switch_sides(&mut at_once);
    bench.wait();
    assert_eq!(point(&bench), PadPoint::MIDDLE);
    bench.session.play(&own.take, &own.performance, &mut at_once);
    bench.wait();
    assert!((point(&bench).intensity - 0.8).abs() < 1e-3 && bench.session.sounds_as(&own));
}

#[test]
fn a_drag_on_the_pad_is_one_undo() {
    let mut bench = Bench::new();
    let before = (bench.session.take(), bench.session.performance());
    for step in 0..20u8 {
        at_once(bench.params.pad.complexity.as_ptr(), 0.5 + f32::from(step) / 40.0);
        at_once(bench.params.pad.intensity.as_ptr(), 0.5 - f32::from(step) / 60.0);
        bench.look(true);
    }
    bench.wait();
    let after = (bench.session.take(), bench.session.performance());
    assert_ne!(after.0, before.0);
    assert_eq!(after.1, before.1, "the dials stay");
    // A turn of one dial is another gesture.
    bench.turn(|params| &params.playing.swing, 0.5);
    bench.wait();
    let now = |bench: &Bench| (bench.session.take(), bench.session.performance());
    assert!(bench.session.undo(&mut at_once));
    bench.wait();
    assert_eq!(now(&bench), after);
    assert!(bench.session.undo(&mut at_once));
    bench.wait();
    assert_eq!(now(&bench), before);
    assert!(!bench.session.overview().can_undo);
    assert!(bench.session.redo(&mut at_once));
    bench.wait();
    assert_eq!(now(&bench), after);
}
