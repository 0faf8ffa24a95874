//! Sounds of the electronic kits, held to the table in `docs/kit.md`: pitches and their drop, click,
//! bursts of the clap, hats that choke, and the change from one kit to another.

use crate::measures::{RATE, centroid, decay_time, play, power_at, stroke};
use groove::synth::{AuditionKit, Kit, Machine};
use groove::{Articulation, Drum};

use Articulation::{Bell, Clap, CrossStick, Plain, Rim};

const DEEP: Kit = Kit::Machine(Machine::Deep);
const CLUB: Kit = Kit::Machine(Machine::Club);

/// Frequency with the most power between two others in a part of a sound, in Hz.
fn pitch(sound: &[f32], [low, high]: [f32; 2]) -> f32 {
    let steps = 400;
    let hertz = |step: u16| low + (high - low) * f32::from(step) / f32::from(steps);
    let power = |step: &u16| power_at(sound, hertz(*step));
    let loudest = (0..steps).max_by(|a, b| power(a).total_cmp(&power(b)));
    hertz(loudest.expect("some frequencies"))
}

/// Frequency from the first rising zero crossings of a sound that starts at phase 0, in Hz.
fn first_cycle(sound: &[f32]) -> f32 {
    let rising = |at: &usize| sound[*at] < 0.0 && sound[at + 1] >= 0.0;
    RATE as f32 / (0..sound.len() - 1).find(rising).expect("a whole cycle") as f32
}

/// Share of the power above a frequency in Hz, in the first milliseconds of a sound.
fn power_above(hertz: f32, sound: &[f32], milliseconds: usize) -> f32 {
    let part = &sound[..RATE / 1_000 * milliseconds];
    let powers = (1..200).map(|place| 100.0 * place as f32).map(|at| (at, power_at(part, at)));
    let (above, below): (Vec<_>, Vec<_>) = powers.partition(|(at, _)| *at >= hertz);
    let sum = |part: &[(f32, f32)]| part.iter().map(|(_, power)| power).sum::<f32>();
    sum(&above) / (sum(&above) + sum(&below))
}

#[test]
fn kicks_fall_to_their_pitch() {
    for kit in [DEEP, CLUB] {
        let [left, _] = stroke(kit, Drum::Kick, Plain, 110, RATE);
        let end = pitch(&left[RATE / 5..RATE / 2], [30.0, 120.0]);
        assert!((45.0..60.0).contains(&end), "{kit:?} ends at {end} Hz");
        let start = first_cycle(&left[8..]);
        assert!(start > 1.5 * end, "{kit:?} starts at {start} Hz and ends at {end} Hz");
    }
}

#[test]
fn the_deep_kick_is_long_and_the_club_kick_clicks() {
    let [deep, club] = [DEEP, CLUB].map(|kit| stroke(kit, Drum::Kick, Plain, 120, 3 * RATE));
    assert!(decay_time(&deep) > 2.0 * decay_time(&club));
    let click = |sound: &[Vec<f32>; 2]| power_above(1_500.0, &sound[0], 5);
    assert!(click(&club) > 0.02, "{}", click(&club));
    assert!(click(&club) > 5.0 * click(&deep), "{} {}", click(&club), click(&deep));
    // Both are low drums after the click.
    for sound in [&deep, &club] {
        assert!(centroid(sound) < 200.0, "{}", centroid(sound));
    }
}

#[test]
fn snares_have_two_tones_and_bright_noise() {
    for (kit, tones) in [(DEEP, [173.0, 336.0]), (CLUB, [186.0, 322.0])] {
        let [left, _] = stroke(kit, Drum::Snare, Plain, 100, RATE / 5);
        for tone in tones {
            let found = pitch(&left, [0.85 * tone, 1.15 * tone]);
            assert!((found / tone - 1.0).abs() < 0.06, "{kit:?}: {found} for {tone} Hz");
            let between = power_at(&left, 1.35 * tone);
            assert!(power_at(&left, found) > 4.0 * between, "{kit:?} at {tone} Hz");
        }
        let noise = power_above(1_000.0, &left, 150);
        assert!((0.15..0.9).contains(&noise), "{kit:?}: {noise}");
    }
}

/// Mean level in milliseconds from the start.
fn levels([left, right]: &[Vec<f32>; 2], milliseconds: usize) -> Vec<f32> {
    let window = RATE / 1_000;
    let power = |sound: &[f32]| sound.iter().map(|sample| sample * sample).sum::<f32>();
    let sides = left.chunks(window).zip(right.chunks(window)).take(milliseconds);
    sides.map(|(left, right)| ((power(left) + power(right)) / window as f32).sqrt()).collect()
}

#[test]
fn a_clap_is_three_bursts_and_a_tail() {
    for kit in [DEEP, CLUB] {
        // The mean of several claps, because each burst is noise.
        let mut audition = AuditionKit::new(RATE as f64);
        audition.set_kit(kit);
        let mut mean = vec![0.0; 100];
        for _ in 0..40 {
            audition.strike(Drum::Snare, Clap, 110);
            let clap = levels(&play(&mut audition, RATE / 2), 100);
            let loudest = clap.iter().copied().fold(0.0, f32::max);
            mean.iter_mut().zip(clap).for_each(|(mean, level)| *mean += level / loudest / 40.0);
        }
        let rises: Vec<usize> = (1..60).filter(|&at| mean[at] > 1.5 * mean[at - 1]).collect();
        let mut starts = vec![0];
        for at in rises {
            if at > starts[starts.len() - 1] + 3 {
                starts.push(at);
            }
        }
        assert_eq!(starts.len(), 3, "{kit:?}: bursts at {starts:?} ms of {mean:?}");
        assert!(starts.windows(2).all(|pair| (8..14).contains(&(pair[1] - pair[0]))), "{starts:?}");
        let dip = mean[starts[1] - 2] / mean[1];
        assert!(dip < 0.4, "{kit:?}: {dip} between bursts");
        let tail = mean[starts[2] + 20] / mean[starts[2] + 1];
        assert!((0.1..0.6).contains(&tail), "{kit:?}: the tail is at {tail}");
        let colour = centroid(&stroke(kit, Drum::Snare, Clap, 100, RATE / 5));
        assert!((900.0..3_500.0).contains(&colour), "{kit:?}: {colour} Hz");
    }
}

#[test]
fn a_rim_shot_is_snare_and_clap() {
    for kit in [DEEP, CLUB] {
        let at = |struck| power_at(&stroke(kit, Drum::Snare, struck, 100, RATE / 5)[0], 180.0);
        assert!((at(Rim) / at(Plain)).log10().abs() < 0.3, "{kit:?}: it has the drum");
        let late = |struck| levels(&stroke(kit, Drum::Snare, struck, 100, RATE / 5), 60)[22];
        assert!(late(Rim) > 1.2 * late(Plain), "{kit:?}: it has the last burst");
    }
}

#[test]
fn a_rim_is_a_short_click_of_its_tones() {
    for (kit, tones) in [(DEEP, [455.0, 1_667.0]), (CLUB, [500.0, 1_000.0])] {
        let sound = stroke(kit, Drum::Snare, CrossStick, 110, RATE / 5);
        assert!(decay_time(&sound) <= 0.06);
        for tone in tones {
            let found = pitch(&sound[0][..RATE / 20], [0.7 * tone, 1.3 * tone]);
            assert!((found / tone - 1.0).abs() < 0.1, "{kit:?}: {found} for {tone} Hz");
        }
    }
}

#[test]
fn toms_fall_and_are_in_order() {
    for kit in [DEEP, CLUB] {
        let mut before = 60.0;
        for drum in [Drum::LowTom, Drum::MidTom, Drum::HighTom] {
            let [left, _] = stroke(kit, drum, Plain, 110, RATE);
            let end = pitch(&left[RATE / 5..RATE / 2], [50.0, 300.0]);
            assert!(end > 1.3 * before, "{kit:?}: {} at {end} after {before} Hz", drum.name());
            assert!(first_cycle(&left[8..]) > 1.1 * end, "{kit:?}: {} falls", drum.name());
            before = end;
        }
        assert!(before < 230.0, "{kit:?}: {before} Hz");
    }
}

#[test]
fn hats_are_high_and_metallic() {
    for kit in [DEEP, CLUB] {
        let sound = stroke(kit, Drum::OpenHat, Plain, 100, RATE / 2);
        assert!(centroid(&sound) > 7_000.0, "{kit:?}: {} Hz", centroid(&sound));
        // Lines of the square waves, not noise alone: the loudest tenth of the spectrum has more
        // than the third of the power that noise would have there.
        let mut powers: Vec<f32> =
            (0..1_000).map(|place| power_at(&sound[0], 6_000.0 + 5.0 * place as f32)).collect();
        powers.sort_by(f32::total_cmp);
        let share = powers[900..].iter().sum::<f32>() / powers.iter().sum::<f32>();
        assert!(share > 0.5, "{kit:?}: {share}");
    }
}

#[test]
fn a_bell_is_the_cowbell() {
    let [left, _] = stroke(DEEP, Drum::Ride, Bell, 100, RATE / 4);
    for tone in [540.0, 800.0] {
        let found = pitch(&left, [0.9 * tone, 1.1 * tone]);
        assert!((found / tone - 1.0).abs() < 0.01, "{found} for {tone} Hz");
        assert!(power_at(&left, tone) > 20.0 * power_at(&left, 1.15 * tone), "{tone} Hz");
    }
}

#[test]
fn a_closed_hat_chokes_the_open_one_of_a_machine() {
    for kit in [DEEP, CLUB] {
        let ringing = |close: bool| {
            let mut audition = AuditionKit::new(RATE as f64);
            audition.set_kit(kit);
            audition.strike(Drum::OpenHat, Plain, 110);
            play(&mut audition, RATE / 10);
            if close {
                audition.strike(Drum::ClosedHat, Plain, 1);
            }
            play(&mut audition, RATE * 6 / 100);
            let [left, _] = play(&mut audition, RATE / 50);
            left.iter().map(|sample| sample * sample).sum::<f32>()
        };
        assert!(ringing(false) > 1_000.0 * ringing(true), "{kit:?}");
    }
}

#[test]
fn a_change_of_kit_lets_the_old_one_ring() {
    let mut changed = AuditionKit::new(RATE as f64);
    let mut unchanged = AuditionKit::new(RATE as f64);
    for kit in [&mut changed, &mut unchanged] {
        kit.strike(Drum::Crash, Plain, 110);
        play(kit, RATE / 10);
    }
    changed.set_kit(DEEP);
    assert!(play(&mut changed, RATE / 4) == play(&mut unchanged, RATE / 4));
    changed.strike(Drum::Kick, Plain, 110);
    unchanged.strike(Drum::Kick, Plain, 110);
    assert!(play(&mut changed, RATE / 4) != play(&mut unchanged, RATE / 4));
}

#[test]
fn strokes_of_machines_are_deterministic() {
    for kit in [DEEP, CLUB] {
        let take = || {
            let mut audition = AuditionKit::new(RATE as f64);
            audition.set_kit(kit);
            let mut sound = Vec::new();
            for drum in Drum::ALL {
                for &struck in Articulation::of(drum) {
                    audition.strike(drum, struck, 90);
                    sound.extend(play(&mut audition, RATE / 20));
                }
            }
            sound
        };
        assert!(take() == take());
    }
}
