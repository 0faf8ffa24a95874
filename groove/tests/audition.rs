//! Properties of the audition kit: full-scale limit, decay to silence, velocity response, variation
//! between strokes, and hat choking.
#![cfg(feature = "audition")]

#[path = "audition/articulations.rs"]
mod articulations;
#[path = "audition/machines.rs"]
mod machines;
#[path = "audition/measures.rs"]
mod measures;
#[path = "audition/outputs.rs"]
mod outputs;
#[path = "audition/trims.rs"]
mod trims;

use groove::pattern::clip::Clip;
use groove::pattern::midi::PitchMap;
use groove::synth::{AuditionKit, KITS, Kit, UNTRIMMED, render, wav};
use groove::{Articulation, Bar, Drum, Hit, Meter};
use measures::{RATE, play, stroke};

/// Mean power in dB.
fn loudness(samples: &[f32]) -> f32 {
    let power: f32 = samples.iter().map(|sample| sample * sample).sum();
    10.0 * (power / samples.len() as f32).max(1e-12).log10()
}

/// Brightness as the mean absolute difference of neighbouring samples, relative to the mean level.
fn brightness(samples: &[f32]) -> f32 {
    // Lower bound of the mean level, relative to the peak.
    let peak = samples.iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
    let steps = samples.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum::<f32>();
    steps / samples.iter().map(|sample| sample.abs()).sum::<f32>().max(peak * 1e-3)
}

/// Every drum of every kit.
fn on_every_kit() -> impl Iterator<Item = (Drum, &'static (u8, Kit, &'static str))> {
    KITS.iter().flat_map(|kit| Drum::ALL.map(|drum| (drum, kit)))
}

#[test]
fn output_stays_within_full_scale_and_decays() {
    let rates = [8_000.0, 44_100.0, 192_000.0];
    for (rate, &(_, sound, title)) in
        rates.into_iter().flat_map(|rate| KITS.iter().map(move |kit| (rate, kit)))
    {
        let mut kit = AuditionKit::new(rate);
        kit.set_kit(sound);
        kit.set_level(2.0);
        let mut loudest = 0f32;
        for _ in 0..600 {
            Drum::ALL.into_iter().for_each(|drum| kit.strike(drum, Articulation::Plain, 127));
            let sides = play(&mut kit, 192);
            loudest = sides.iter().flatten().fold(loudest, |most, now| most.max(now.abs()));
        }
        assert!((0.9..=1.0).contains(&loudest), "{title}: {loudest} at {rate}");
        let mut seconds = 0;
        while !kit.is_silent() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole rate"
            )]
            let [left, _] = play(&mut kit, rate as usize);
            assert!(left.iter().all(|sample| sample.is_finite()));
            seconds += 1;
            assert!(seconds < 16, "{title} rings on at {rate}");
        }
        assert!(play(&mut kit, 64).iter().flatten().all(|sample| *sample == 0.0));
    }
}

#[test]
fn velocity_raises_level_and_brightness() {
    for (drum, &(_, kit, title)) in on_every_kit() {
        let at = |velocity| {
            let [left, right] = stroke(kit, drum, Articulation::Plain, velocity, RATE / 5);
            (loudness(&left).max(loudness(&right)), brightness(&left))
        };
        let [soft, middle, hard] = [40, 80, 120].map(at);
        let name = format!("{title}: {}", drum.name());
        assert!(soft.0 + 4.0 < middle.0 && middle.0 + 2.0 < hard.0, "{name}: {soft:?} {hard:?}");
        assert!(soft.1 < hard.1, "{name}: {soft:?} {hard:?}");
    }
}

#[test]
fn strokes_vary() {
    for (drum, &(_, sound, title)) in on_every_kit() {
        let mut kit = AuditionKit::new(RATE as f64);
        kit.set_kit(sound);
        let strokes: Vec<Vec<f32>> = (0..4)
            .map(|_| {
                kit.strike(drum, Articulation::Plain, 100);
                let [left, _] = play(&mut kit, RATE / 50);
                play(&mut kit, 6 * RATE);
                left
            })
            .collect();
        for (place, stroke) in strokes.iter().enumerate() {
            assert!(
                strokes[..place].iter().all(|other| other != stroke),
                "{title}: {}",
                drum.name()
            );
        }
    }
}

#[test]
fn closed_hat_chokes_the_open_hat() {
    let ringing = |close: bool| {
        let mut kit = AuditionKit::new(RATE as f64);
        kit.strike(Drum::OpenHat, Articulation::Plain, 110);
        play(&mut kit, RATE / 10);
        if close {
            kit.strike(Drum::ClosedHat, Articulation::Plain, 20);
        }
        play(&mut kit, RATE / 4);
        loudness(&play(&mut kit, RATE / 10)[0])
    };
    assert!(ringing(true) + 30.0 < ringing(false), "{} {}", ringing(true), ringing(false));
}

#[test]
fn silence_is_fast_and_click_free() {
    for &(_, sound, title) in KITS {
        let mut kit = AuditionKit::new(RATE as f64);
        kit.set_kit(sound);
        Drum::ALL.into_iter().for_each(|drum| kit.strike(drum, Articulation::Plain, 120));
        let [before, _] = play(&mut kit, 4_800);
        let step = |samples: &[f32]| {
            samples.windows(2).fold(0f32, |most, pair| most.max((pair[1] - pair[0]).abs()))
        };
        kit.silence();
        let [after, _] = play(&mut kit, 4_800);
        assert!(
            (before[4_799] - after[0]).abs().max(step(&after)) <= 1.5 * step(&before[2_400..]),
            "{title}"
        );
        assert!(after[2_400..].iter().all(|sample| *sample == 0.0) && kit.is_silent(), "{title}");
    }
}

#[test]
fn lanes_are_balanced() {
    // Level over the first tenth of a second at velocity 100, in dB below the snare's.
    for (drum, &(_, kit, title)) in on_every_kit() {
        let loud = |drum| {
            let [left, right] = stroke(kit, drum, Articulation::Plain, 100, RATE / 10);
            loudness(&left).max(loudness(&right))
        };
        let below = loud(Drum::Snare) - loud(drum);
        assert!((-8.0..14.0).contains(&below), "{title}: {}: {below} dB", drum.name());
    }
}

#[test]
fn wav_file_has_the_clip_and_its_tail() {
    let mut bar = Bar::silent(Meter::FOUR_FOUR);
    let hit = |velocity, offset_ticks| Some(Hit::plain(velocity, offset_ticks));
    bar.steps_mut()[4].set(Drum::Snare, hit(100, 24));
    bar.steps_mut()[15].set(Drum::Crash, hit(100, 0));
    let clip = Clip::of(&[bar], 120.0);
    let [left, _] = render(&clip, Kit::Acoustic, &UNTRIMMED, 48_000);
    // A step is 6,000 samples, a tick 25.
    assert_eq!(left.iter().position(|sample| *sample != 0.0), Some(24_000 + 600));
    assert!(left.len() > 96_000 + 48_000, "{}", left.len());
    assert!(left[left.len() - 64..].iter().all(|sample| sample.abs() < 1e-3));
    let bytes = wav(&clip, Kit::Acoustic, &UNTRIMMED, 48_000);
    let reader = hound::WavReader::new(bytes.as_slice()).expect("our own file");
    assert_eq!((reader.spec().channels, reader.spec().bits_per_sample), (2, 24));
    assert_eq!(usize::try_from(reader.duration()).expect("short"), left.len());
}

#[test]
fn takes_are_within_full_scale() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let mut files = 0;
    for file in std::fs::read_dir(folder).expect("golden takes") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("read");
        let clip = Clip::read(&bytes, PitchMap::Detect).expect("a clip");
        for &(_, kit, title) in KITS {
            let sides = render(&clip, kit, &UNTRIMMED, 44_100);
            let loudest = sides.iter().flatten().fold(0f32, |most, now| most.max(now.abs()));
            assert!((0.2..1.0).contains(&loudest), "{title}: {loudest}");
        }
        files += 1;
    }
    assert_eq!(files, 10);
}
