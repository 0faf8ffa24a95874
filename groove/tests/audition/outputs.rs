//! Outputs of single drums.

use crate::measures::{RATE, play};
use groove::pattern::drum::CLASSES;
use groove::synth::{AuditionKit, KITS, Kit, Outputs};
use groove::{Articulation, Drum};

type Sound = [Vec<f32>; 2];

fn kit(kit: Kit) -> AuditionKit {
    let mut audition = AuditionKit::new(RATE as f64);
    audition.set_kit(kit);
    audition
}

/// Renders the main output and those of some drums, in class order.
fn play_into(
    kit: &mut AuditionKit,
    has_own: impl Fn(Drum) -> bool,
    frames: usize,
) -> (Sound, [Sound; CLASSES]) {
    // Neither is silent before.
    let sound = || [vec![1.0; frames], vec![1.0; frames]];
    let (mut main, mut drums) = (sound(), Drum::ALL.map(|_| sound()));
    let [left, right] = &mut main;
    let own = drums.each_mut().map(|[left, right]| Some([&mut left[..], &mut right[..]]));
    let own: Vec<_> =
        own.into_iter().zip(Drum::ALL).map(|(own, drum)| own.filter(|_| has_own(drum))).collect();
    let own = own.try_into().unwrap_or_else(|_| panic!("nine outputs"));
    let mut outputs = Outputs::stereo(left, right).with_own(own);
    // In the same blocks as `play`.
    for start in (0..frames).step_by(64) {
        kit.render_into(&mut outputs.part(start..frames.min(start + 64)));
    }
    (main, drums)
}

fn peak(sound: &Sound) -> f32 {
    sound.iter().flatten().fold(0f32, |most, now| most.max(now.abs()))
}

/// Strikes all articulations of all drums.
fn strike_all(kit: &mut AuditionKit, velocity: u8) {
    for drum in Drum::ALL {
        for articulation in Articulation::of(drum) {
            kit.strike(drum, *articulation, velocity);
        }
    }
}

#[test]
fn each_drum_sounds_in_its_own_output_alone() {
    for &(_, sound, title) in KITS {
        for struck in Drum::ALL {
            for &articulation in Articulation::of(struck) {
                let mut audition = kit(sound);
                audition.strike(struck, articulation, 100);
                let (main, drums) = play_into(&mut audition, |_| true, RATE / 4);
                let name = format!("{title}: {}, {articulation:?}", struck.name());
                assert_eq!(peak(&main), 0.0, "{name} is in the main output");
                for (drum, output) in Drum::ALL.into_iter().zip(&drums) {
                    assert_eq!(peak(output) > 0.01, drum == struck, "{name} in {}", drum.name());
                    assert!(drum == struck || peak(output) == 0.0, "{name} in {}", drum.name());
                }
            }
        }
    }
}

#[test]
fn the_outputs_together_are_the_stereo_output() {
    for &(_, sound, title) in KITS {
        for has_own in [|_| true, |drum| drum == Drum::OpenHat || drum == Drum::Kick] {
            let [mut stereo, mut several] = [kit(sound), kit(sound)];
            for audition in [&mut stereo, &mut several] {
                audition.set_level(0.2);
                strike_all(audition, 60);
            }
            let stereo = play(&mut stereo, RATE);
            let (main, drums) = play_into(&mut several, has_own, RATE);
            for (side, stereo) in stereo.iter().enumerate() {
                for (at, stereo) in stereo.iter().enumerate() {
                    // Before the clippers.
                    let own = Drum::ALL.into_iter().zip(&drums).filter(|(drum, _)| has_own(*drum));
                    let own = own.map(|(_, output)| output[side][at].atanh()).sum::<f32>();
                    let sum = main[side][at].atanh() + own;
                    assert!((sum - stereo.atanh()).abs() < 1e-4, "{title}: {sum} at {at}");
                }
            }
        }
    }
}

#[test]
fn without_outputs_of_drums_the_stereo_output_is_the_same_bit_for_bit() {
    for &(_, sound, title) in KITS {
        let [mut stereo, mut several] = [kit(sound), kit(sound)];
        strike_all(&mut stereo, 110);
        strike_all(&mut several, 110);
        let stereo = play(&mut stereo, RATE);
        let (main, drums) = play_into(&mut several, |_| false, RATE);
        assert!(stereo == main, "{title}");
        assert!(drums.as_flattened().iter().flatten().all(|sample| *sample == 1.0), "untouched");
    }
}

#[test]
fn a_closed_hat_chokes_the_open_one_in_its_output() {
    for &(_, sound, title) in KITS {
        let ringing = |closes: bool| {
            let mut audition = kit(sound);
            audition.strike(Drum::OpenHat, Articulation::Plain, 110);
            play_into(&mut audition, |_| true, RATE / 10);
            if closes {
                audition.strike(Drum::ClosedHat, Articulation::Plain, 110);
            }
            play_into(&mut audition, |_| true, RATE * 6 / 100);
            let (_, drums) = play_into(&mut audition, |_| true, RATE / 50);
            drums[Drum::OpenHat.index()][0].iter().map(|sample| sample * sample).sum::<f32>()
        };
        assert!(ringing(false) > 100.0 * ringing(true), "{title}");
    }
}

#[test]
fn level_and_clipper_hold_in_every_output() {
    for &(_, sound, title) in KITS {
        let mut audition = kit(sound);
        audition.set_level(2.0);
        let mut loudest = [0f32; CLASSES];
        for block in 0..400 {
            if block == 200 {
                audition.set_level(0.0);
            }
            Drum::ALL.into_iter().for_each(|drum| audition.strike(drum, Articulation::Plain, 127));
            let (_, drums) = play_into(&mut audition, |_| true, 192);
            for (loudest, output) in loudest.iter_mut().zip(&drums) {
                *loudest = loudest.max(peak(output));
                assert!(peak(output) <= 1.0, "{title}");
                assert!(block < 399 || peak(output) < 1e-4, "{title} has another level");
            }
        }
        assert!(loudest.iter().all(|loudest| *loudest > 0.1), "{title}: {loudest:?}");
    }
}
