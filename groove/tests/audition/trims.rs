//! Level, tune and decay of the lanes.

use crate::measures::{RATE, centroid, decay_time, play, power_at};
use crate::on_every_kit;
use groove::Articulation::{Bell, Plain};
use groove::pattern::drum::CLASSES;
use groove::synth::{AuditionKit, KITS, Kit, Machine, Trim, Trims, UNTRIMMED};
use groove::{Articulation, Drum};

/// A kit with one lane changed.
fn kit_with(kit: Kit, drum: Drum, trim: Trim) -> AuditionKit {
    let mut trims: Trims = UNTRIMMED;
    trims[drum.index()] = trim;
    let mut audition = AuditionKit::new(RATE as f64);
    audition.set_kit(kit);
    audition.set_trims(&trims);
    audition
}

/// A stroke on the changed lane of a fresh kit, left and right.
fn struck(kit: Kit, (drum, articulation): (Drum, Articulation), trim: Trim) -> [Vec<f32>; 2] {
    let mut audition = kit_with(kit, drum, trim);
    audition.strike(drum, articulation, 100);
    play(&mut audition, 6 * RATE)
}

const AS_BUILT: Trim = UNTRIMMED[0];

#[test]
fn level_scales_a_lane_and_no_other() {
    for (drum, &(_, kit, title)) in on_every_kit() {
        let name = format!("{title}: {}", drum.name());
        let [mut full, mut half, mut off] =
            [1.0, 0.5, 0.0].map(|level| kit_with(kit, drum, Trim { level, ..AS_BUILT }));
        // So soft that the clipper is linear.
        for audition in [&mut full, &mut half, &mut off] {
            audition.strike(drum, Plain, 20);
        }
        let [full_sound, half_sound, off_sound] =
            [&mut full, &mut half, &mut off].map(|audition| play(audition, RATE / 4));
        let peak = |sides: &[Vec<f32>; 2]| {
            sides.iter().flatten().fold(0f32, |most, now| most.max(now.abs()))
        };
        let ratio = peak(&half_sound) / peak(&full_sound);
        assert!((0.49..0.52).contains(&ratio), "{name}: {ratio}");
        assert_eq!(peak(&off_sound), 0.0, "{name} is off");
        assert!(off.is_silent(), "{name} is off");
        let other = if drum == Drum::Kick { Drum::Ride } else { Drum::Kick };
        let [changed, unchanged] = [half, AuditionKit::new(RATE as f64)].map(|mut audition| {
            audition.set_kit(kit);
            audition.silence();
            play(&mut audition, RATE);
            audition.strike(other, Plain, 100);
            play(&mut audition, RATE / 100)
        });
        // The square waves of machines run on while anything sounds.
        if other == Drum::Kick {
            assert!(changed == unchanged, "{name} changes another lane");
        }
    }
}

#[test]
fn a_hat_that_is_off_still_closes_the_open_one() {
    for &(_, kit, title) in KITS {
        let ringing = |close: bool| {
            let mut audition = kit_with(kit, Drum::ClosedHat, Trim { level: 0.0, ..AS_BUILT });
            audition.strike(Drum::OpenHat, Plain, 110);
            play(&mut audition, RATE / 10);
            if close {
                audition.strike(Drum::ClosedHat, Plain, 110);
            }
            play(&mut audition, RATE * 6 / 100);
            let [left, _] = play(&mut audition, RATE / 50);
            left.iter().map(|sample| sample * sample).sum::<f32>()
        };
        assert!(ringing(false) > 100.0 * ringing(true), "{title}");
    }
}

#[test]
fn decay_scales_every_drum() {
    for (drum, &(_, kit, title)) in on_every_kit() {
        let [short, built, long] = [0.5, 1.0, 2.0]
            .map(|decay| decay_time(&struck(kit, (drum, Plain), Trim { decay, ..AS_BUILT })));
        let name = format!("{title}: {}: {short} {built} {long} s", drum.name());
        assert!(short < 0.75 * built && long > 1.4 * built, "{name}");
    }
}

#[test]
fn tune_moves_drums_by_the_interval() {
    let octave = Trim { pitch: 2.0, ..AS_BUILT };
    for &(_, kit, title) in KITS {
        for drum in [Drum::LowTom, Drum::HighTom] {
            let hertz = |trim| {
                let [left, _] = struck(kit, (drum, Plain), trim);
                let part = &left[RATE / 10..RATE / 4];
                let loudest = (120..1_200u16).max_by(|a, b| {
                    let power = |at: &u16| power_at(part, 0.5 * f32::from(*at));
                    power(a).total_cmp(&power(b))
                });
                0.5 * f32::from(loudest.expect("some frequencies"))
            };
            let (low, high) = (hertz(AS_BUILT), hertz(octave));
            assert!((high / low / 2.0 - 1.0).abs() < 0.03, "{title}: {low} and {high} Hz");
        }
        let fourth = Trim { pitch: 0.75, ..AS_BUILT };
        for drum in [Drum::ClosedHat, Drum::OpenHat, Drum::Crash, Drum::Ride] {
            let centre = |trim| centroid(&struck(kit, (drum, Plain), trim));
            let (built, low) = (centre(AS_BUILT), centre(fourth));
            assert!(low < 0.93 * built, "{title}: {}: {built} and {low} Hz", drum.name());
        }
    }
}

#[test]
fn the_cowbell_of_a_machine_is_tuned_by_itself() {
    let kit = Kit::Machine(Machine::Deep);
    let fifth = Trim { pitch: 1.5, ..AS_BUILT };
    let [left, _] = struck(kit, (Drum::Ride, Bell), fifth);
    let part = &left[..RATE / 4];
    for tone in [810.0, 1_200.0] {
        assert!(power_at(part, tone) > 20.0 * power_at(part, tone / 1.5), "{tone} Hz");
    }
}

#[test]
fn trims_at_their_ends_stay_within_full_scale_and_end() {
    for &(_, kit, title) in KITS {
        for (level, pitch, decay) in [(4.0, 2.0, 2.0), (4.0, 0.5, 0.25), (0.063, 0.5, 2.0)] {
            for rate in [8_000.0, 44_100.0, 192_000.0] {
                let mut audition = AuditionKit::new(rate);
                audition.set_kit(kit);
                audition.set_trims(&[Trim { level, pitch, decay }; CLASSES]);
                for _ in 0..40 {
                    Drum::ALL.into_iter().for_each(|drum| audition.strike(drum, Plain, 127));
                    let sides = play(&mut audition, 192);
                    assert!(sides.iter().flatten().all(|sample| sample.abs() <= 1.0));
                }
                let mut blocks = 0;
                while !audition.is_silent() {
                    play(&mut audition, 48_000);
                    blocks += 1;
                    assert!(blocks < 120, "{title} rings on at {rate}");
                }
            }
        }
    }
}
