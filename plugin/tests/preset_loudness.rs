//! Loudness and balance of the factory presets on the audition kit.

use std::path::Path;

use deep_pocket::project::{models, presets};
use groove::Meter;
use groove::generate::Drummer;
use groove::pattern::clip::Clip;
use groove::pattern::drum::{Drum, DrumSet};
use groove::synth::{AUTOMATIC_KIT, UNTRIMMED, chosen_kit, render};

const RATE: u32 = 48_000;

/// Returns a preset's theme as it sounds.
fn theme(drummer: &mut Drummer, preset: &presets::Preset) -> Clip {
    let presets::Preset { take, performance, .. } = preset;
    let count = i64::try_from(take.bars()).expect("a few bars");
    let bars: Vec<_> = (0..count)
        .map(|bar| {
            let (first, sources) = performance.sources(bar);
            let sources: Vec<_> = (first..)
                .take(sources)
                .map(|bar| drummer.bar(take, Meter::FOUR_FOUR, bar).expect("a bar"))
                .collect();
            performance.play(bar, &sources)
        })
        .collect();
    Clip::of(&bars, take.controls.tempo.into())
}

/// Mean power of the louder side over the clip, in dB.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some seconds")]
fn loudness(clip: &Clip, [left, right]: &[Vec<f32>; 2]) -> f32 {
    let seconds = f64::from(clip.ticks()) / 960.0 * 60.0 / clip.tempo;
    let length = (seconds * f64::from(RATE)) as usize;
    let power = |side: &[f32]| side[..length].iter().map(|x| x * x).sum::<f32>() / length as f32;
    10.0 * power(left).max(power(right)).max(1e-12).log10()
}

#[test]
fn factory_presets_are_within_full_scale_balanced_and_end_in_silence() {
    let mut drummer = Drummer::new(models::built_in().expect("the shipped weights"));
    let mut all = Vec::new();
    // Level of each drum below the mix where it plays, in dB.
    let mut lanes: Vec<(Drum, Vec<f32>)> = Drum::ALL.map(|drum| (drum, Vec::new())).into();
    // The files themselves, whether or not they are in the factory list.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/presets");
    for listed in presets::list(&folder) {
        let preset = listed.preset.expect("a preset");
        let clip = theme(&mut drummer, &preset);
        let kit = chosen_kit(AUTOMATIC_KIT, preset.take.controls.style);
        let sides = render(&clip, kit, &UNTRIMMED, RATE);
        let loudest = sides.iter().flatten().fold(0f32, |most, now| most.max(now.abs()));
        assert!((0.3..1.0).contains(&loudest), "{}: its peak is {loudest}", preset.name);
        let end = &sides[0][sides[0].len() - 64..];
        assert!(end.iter().all(|x| x.abs() < 1e-3), "{} rings on", preset.name);
        let loud = loudness(&clip, &sides);
        println!("{:28} peak {loudest:.2}, mean {loud:.1} dB", preset.name);
        all.push(loud);
        for (drum, below) in &mut lanes {
            let alone = clip.lanes(DrumSet::from_bits(1 << drum.index()));
            // A drum with few hits says nothing about balance.
            if alone.onsets().len() >= bars(&clip) {
                below.push(loud - loudness(&alone, &render(&alone, kit, &UNTRIMMED, RATE)));
            }
        }
    }
    assert!(all.len() >= 9, "{} presets", all.len());
    let (quietest, loudest) =
        all.iter().fold((f32::MAX, f32::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    // A dense beat is louder than a sparse one.
    assert!(loudest - quietest < 10.0, "from {quietest} to {loudest} dB");
    for (drum, below) in lanes {
        if below.is_empty() {
            continue;
        }
        let mean = below.iter().sum::<f32>() / below.len() as f32;
        println!("{:12} {mean:.1} dB below the mix in {} presets", drum.name(), below.len());
        assert!((0.0..26.0).contains(&mean), "{} is {mean} dB below the mix", drum.name());
    }
}

/// Whole bars of a clip.
fn bars(clip: &Clip) -> usize {
    clip.steps.len() / clip.meter.steps()
}
