//! Articulations of the audition kit: decay, level and colour of each, hats that choke, strokes of
//! two hands, and strokes on drums that still ring.

use crate::measures::{RATE, built_decay, centroid, decay_time, peak, play, power_at, stroke};
use groove::synth::{AuditionKit, KITS, Kit};
use groove::{Articulation, Drum};

use Articulation::{
    Bell, CrossStick, Edge, HalfOpen, HalfOpenEdge, Pedal, Plain, Rim, Second, SecondEdge,
};

fn kit() -> AuditionKit {
    AuditionKit::new(RATE as f64)
}

fn level(samples: &[f32]) -> f32 {
    let power: f32 = samples.iter().map(|sample| sample * sample).sum();
    10.0 * (power / samples.len() as f32).max(1e-12).log10()
}

/// Level of the louder side in the first tenth of a second, in dB.
fn loudness(kit: Kit, drum: Drum, articulation: Articulation) -> f32 {
    stroke(kit, drum, articulation, 100, RATE / 10)
        .map(|side| level(&side))
        .into_iter()
        .fold(-99.0, f32::max)
}

#[test]
fn decays_are_those_that_each_kit_is_built_for() {
    for &(_, kit, title) in KITS {
        for drum in Drum::ALL {
            for &articulation in Articulation::of(drum) {
                let decays = decay_time(&stroke(kit, drum, articulation, 127, 6 * RATE));
                let name = format!("{title}: {}, {}", drum.name(), articulation.name(drum));
                assert!(
                    built_decay(kit, drum, articulation).contains(&decays),
                    "{name}: {decays} s"
                );
            }
        }
    }
}

#[test]
fn loud_articulations_are_louder() {
    for (drum, soft, loud) in [
        (Drum::Snare, Plain, Rim),
        (Drum::Snare, CrossStick, Plain),
        (Drum::LowTom, Plain, Rim),
        (Drum::MidTom, Plain, Rim),
        (Drum::HighTom, Plain, Rim),
        (Drum::ClosedHat, Plain, Edge),
        (Drum::ClosedHat, Pedal, Plain),
        (Drum::OpenHat, Plain, Edge),
        (Drum::OpenHat, HalfOpen, HalfOpenEdge),
        (Drum::Crash, Plain, Edge),
        (Drum::Crash, Second, SecondEdge),
        (Drum::Ride, Plain, Edge),
    ] {
        for &(_, kit, title) in KITS {
            let [below, above] = [soft, loud].map(|struck| loudness(kit, drum, struck));
            let name = drum.name();
            assert!(below + 1.0 < above, "{title}: {name} {loud:?}: {below} {above}");
        }
    }
}

#[test]
fn colours_differ_as_on_real_drums() {
    let colour =
        |drum, articulation| centroid(&stroke(Kit::Acoustic, drum, articulation, 110, RATE));
    assert!((400.0..2_000.0).contains(&colour(Drum::Snare, CrossStick)));
    assert!(colour(Drum::ClosedHat, Pedal) < 0.7 * colour(Drum::ClosedHat, Plain));
    for drum in [Drum::LowTom, Drum::MidTom, Drum::HighTom] {
        assert!(colour(drum, Rim) > 1.2 * colour(drum, Plain), "{}", drum.name());
    }
    // The crack of the hoop, next to the head's lowest partial.
    let crack = |articulation| {
        let [left, _] = stroke(Kit::Acoustic, Drum::Snare, articulation, 110, RATE / 10);
        power_at(&left, 970.0) / power_at(&left, 190.0)
    };
    assert!(crack(Rim) > 4.0 * crack(Plain), "{} {}", crack(Rim), crack(Plain));
}

#[test]
fn the_second_crash_is_another_cymbal() {
    let [first, second] =
        [Plain, Second].map(|crash| stroke(Kit::Acoustic, Drum::Crash, crash, 100, RATE));
    let side = |[left, right]: &[Vec<f32>; 2]| level(right) - level(left);
    assert!(side(&first) < -2.0 && side(&second) > 2.0, "{} {}", side(&first), side(&second));
    // Both ring at once.
    let mut kit = kit();
    kit.strike(Drum::Crash, Plain, 100);
    kit.strike(Drum::Crash, Second, 100);
    let both = play(&mut kit, RATE);
    assert!(side(&both).abs() < 2.0, "{}", side(&both));
}

#[test]
fn a_bell_has_clear_partials() {
    // Power within a quarter of a second at the bell's partials, next to all power between them.
    let clear = |articulation| {
        let [left, _] = stroke(Kit::Acoustic, Drum::Ride, articulation, 100, RATE / 4);
        let part = |hertz| power_at(&left, hertz);
        let partials: f32 = [921.0, 1_433.0, 2_118.0, 2_990.0].map(part).iter().sum();
        let between: f32 = (225..750).map(|place| part(4.0 * place as f32)).sum();
        partials / between
    };
    assert!(
        clear(Bell) > 0.15 && clear(Bell) > 3.0 * clear(Plain),
        "{} {}",
        clear(Bell),
        clear(Plain)
    );
}

#[test]
fn hats_that_close_choke_the_open_hat_within_60_ms() {
    for close in [
        (Drum::ClosedHat, Plain),
        (Drum::ClosedHat, Edge),
        (Drum::ClosedHat, Pedal),
        (Drum::OpenHat, HalfOpen),
    ] {
        let ringing = |close: Option<(Drum, Articulation)>, rings: bool| {
            let mut kit = kit();
            if rings {
                kit.strike(Drum::OpenHat, Edge, 120);
            }
            play(&mut kit, RATE / 10);
            if let Some((drum, articulation)) = close {
                kit.strike(drum, articulation, 1);
            }
            play(&mut kit, RATE * 6 / 100);
            play(&mut kit, RATE / 50)
        };
        let (open, choked) = (ringing(None, true), ringing(Some(close), true));
        assert!(
            level(&choked[0]) + 30.0 < level(&open[0]),
            "{close:?}: {} {}",
            level(&choked[0]),
            level(&open[0])
        );
    }
}

#[test]
fn a_choked_cymbal_is_30_db_softer_within_a_fifth_of_a_second() {
    let articulations =
        [(Drum::Crash, Plain), (Drum::Crash, SecondEdge), (Drum::Ride, Plain), (Drum::Ride, Bell)];
    for (drum, articulation) in articulations {
        let ringing = |chokes: bool| {
            let mut kit = kit();
            kit.strike(drum, articulation, 120);
            let before = play(&mut kit, RATE / 2);
            if chokes {
                kit.choke(drum, articulation);
            }
            let [fades, _] = play(&mut kit, RATE / 5);
            let jump = (fades[0] - before[0][before[0].len() - 1]).abs();
            (play(&mut kit, RATE / 50), jump, peak(&before))
        };
        let ((rings, ..), (choked, jump, loudest)) = (ringing(false), ringing(true));
        let [rings, choked] = [&rings, &choked].map(|[left, right]| level(left).max(level(right)));
        assert!(choked + 30.0 < rings, "{drum:?} {articulation:?}: {choked} {rings}");
        assert!(jump < 0.5 * loudest, "a click of {jump}");
    }
    // Another cymbal, and a drum, ring on.
    let mut kit = kit();
    kit.strike(Drum::Crash, Plain, 120);
    kit.choke(Drum::Crash, Second);
    kit.choke(Drum::Kick, Plain);
    play(&mut kit, RATE / 5);
    assert!(level(&play(&mut kit, RATE / 50)[0]) > -50.0);
}

#[test]
fn a_choked_cymbal_rings_again_when_it_is_struck() {
    let mut kit = kit();
    kit.strike(Drum::Crash, Plain, 120);
    kit.choke(Drum::Crash, Plain);
    play(&mut kit, RATE / 2);
    kit.strike(Drum::Crash, Plain, 120);
    let decays = decay_time(&play(&mut kit, 6 * RATE));
    assert!(built_decay(Kit::Acoustic, Drum::Crash, Plain).contains(&decays), "{decays} s");
}

#[test]
fn a_choked_hat_that_opens_again_does_not_click() {
    let mut kit = kit();
    kit.strike(Drum::OpenHat, Plain, 120);
    play(&mut kit, RATE / 10);
    kit.strike(Drum::ClosedHat, Pedal, 1);
    let [before, _] = play(&mut kit, RATE / 100);
    kit.strike(Drum::OpenHat, Plain, 1);
    let [after, _] = play(&mut kit, RATE / 100);
    let steps = |samples: &[f32]| {
        samples.windows(2).fold(0f32, |most, pair| most.max((pair[1] - pair[0]).abs()))
    };
    let jump = (after[0] - before[before.len() - 1]).abs();
    assert!(jump <= steps(&before[before.len() / 2..]), "{jump}");
    assert!(level(&after[..100]) > level(&before[before.len() - 100..]) - 6.0);
}

#[test]
fn strokes_on_a_ringing_drum_do_not_cut_it() {
    let steepest = |samples: &[f32]| {
        samples.windows(2).fold(0f32, |most, pair| most.max((pair[1] - pair[0]).abs()))
    };
    for drum in [Drum::Kick, Drum::Snare, Drum::LowTom, Drum::MidTom, Drum::HighTom] {
        // From a flam's distance to a 32nd at 60 quarter notes a minute; the last stroke is so soft
        // that its own attack is lost in what rings.
        for distance in [RATE / 100, RATE / 40, RATE / 16, RATE / 8] {
            for strokes in 1..8 {
                let mut kit = kit();
                let mut before = [0.0; 2].map(|silence| vec![silence]);
                for _ in 0..strokes {
                    kit.strike(drum, Plain, 100);
                    before = play(&mut kit, distance);
                }
                kit.strike(drum, Plain, 1);
                let after = play(&mut kit, RATE / 200);
                for (before, after) in before.iter().zip(&after) {
                    let late = &before[before.len() - RATE / 200..];
                    let jump = (after[0] - late[late.len() - 1]).abs();
                    let name = drum.name();
                    assert!(
                        jump <= 0.005 + 1.1 * steepest(late),
                        "{name}, {distance}, {strokes}: {jump}"
                    );
                    let falls = level(late) - level(after);
                    assert!(falls < 8.0, "{name}, {distance}, {strokes}: {falls} dB");
                }
            }
        }
    }
}

#[test]
fn a_roll_swells_between_strokes_as_a_roll() {
    // The level just before a stroke of a snare roll in 32nds at 120 quarter notes a minute, below
    // that just after it.
    let mut kit = kit();
    let mut before = Vec::new();
    for place in 0..16 {
        kit.strike(Drum::Snare, Plain, 70);
        let [left, _] = play(&mut kit, RATE / 16);
        let falls = level(&left[..480]) - level(&left[left.len() - 480..]);
        if place > 4 {
            before.push(falls);
        }
    }
    assert!(before.iter().all(|falls| (4.0..20.0).contains(falls)), "{before:?}");
}

#[test]
fn hands_alternate() {
    for drum in [Drum::Snare, Drum::LowTom, Drum::MidTom, Drum::HighTom] {
        let mut kit = kit();
        let mut sides = [0.0; 2];
        for place in 0..16 {
            kit.strike(drum, Plain, 100);
            let [left, right] = play(&mut kit, RATE);
            sides[place % 2] += level(&right) - level(&left);
            play(&mut kit, RATE);
        }
        let apart = (sides[0] - sides[1]) / 8.0;
        assert!((0.3..3.0).contains(&apart), "{}: {apart} dB", drum.name());
    }
}

#[test]
fn a_ride_is_defined_at_speed() {
    let mut kit = kit();
    let mut before = -99.0;
    for place in 0..32 {
        kit.strike(Drum::Ride, Plain, 95);
        // Sixteenths at 120 quarter notes a minute.
        let sides = play(&mut kit, RATE / 8);
        let (start, end) = (level(&sides[1][..240]), level(&sides[1][RATE / 8 - 240..]));
        assert!(start > before + 4.0, "stroke {place}: {start} dB after {before}");
        before = end;
    }
}

#[test]
fn strokes_are_deterministic() {
    let take = || {
        let mut kit = kit();
        let mut sound = Vec::new();
        for drum in Drum::ALL {
            for &articulation in Articulation::of(drum) {
                kit.strike(drum, articulation, 90);
                sound.extend(play(&mut kit, RATE / 20));
            }
        }
        sound
    };
    assert!(take() == take());
}

#[test]
fn every_articulation_is_within_full_scale() {
    for &(_, kit, title) in KITS {
        for drum in Drum::ALL {
            for &struck in Articulation::of(drum) {
                let loudest = peak(&stroke(kit, drum, struck, 127, RATE));
                let name = drum.name();
                assert!((0.1..=0.95).contains(&loudest), "{title}: {name} {struck:?}: {loudest}");
            }
        }
    }
}
