//! Outputs of single drums: the plugin in a host that passes them beside the main output.

mod common;

use std::sync::Arc;

use common::{Host, process};
use deep_pocket::link::drum_outputs::{DrumOutputs, OutputsOwner, create_with};
use groove::{CLASSES, Drum};
use nice_plug::prelude::*;

/// Frames of a block, and blocks of a recording: two bars and what rings on.
const FRAMES: usize = 480;
const BLOCKS: usize = 500;

/// Left and right channel.
type Stereo = [Vec<f32>; 2];

/// The main output, and those of the drums in class order.
#[derive(Default)]
struct Recording {
    main: Stereo,
    drums: [Stereo; CLASSES],
    /// Blocks in which each drum was struck.
    struck: [Vec<usize>; CLASSES],
}

/// Plays from the start of the song in a host that passes outputs of some drums.
fn record(has_output: impl Fn(Drum) -> bool) -> Recording {
    let outputs = Arc::new(DrumOutputs::default());
    let mut host = create_with(&(Arc::clone(&outputs) as OutputsOwner), Host::new);
    // The plugin waits for its bars.
    host.activate_in(ProcessMode::Offline);
    host.context.transport.playing = true;
    let mut recording = Recording::default();
    for block in 0..BLOCKS {
        // The host's buffers are not silent.
        let mut sound = Drum::ALL.map(|_| [[1f32; FRAMES]; 2]);
        let pointers = sound.each_mut().map(|pair| pair.each_mut().map(|it| it.as_mut_ptr()));
        let passed = std::array::from_fn(|place| {
            if has_output(Drum::ALL[place]) { &pointers[place][..] } else { &[] }
        });
        let before = host.context.struck;
        host.block(FRAMES, |plugin, buffer, context| {
            // SAFETY: the buffers are alive and not used meanwhile.
            unsafe { outputs.with(FRAMES, &[], &passed, || process(plugin, buffer, context)) }
        });
        for (all, sound) in recording.drums.as_flattened_mut().iter_mut().zip(sound.as_flattened())
        {
            all.extend(sound);
        }
        for key in 0..128u8 {
            let place = usize::from(key);
            if host.context.struck[place] != before[place] {
                let drum = Drum::from_general_midi(key).expect("a drum");
                recording.struck[drum.index()].push(block);
            }
        }
        for (all, side) in recording.main.iter_mut().zip(&host.sound) {
            all.extend(&side[..FRAMES]);
        }
    }
    recording
}

fn is_silent(sound: &[f32]) -> bool {
    sound.iter().all(|sample| *sample == 0.0)
}

#[test]
fn each_drum_sounds_in_its_own_output_from_its_first_stroke_on() {
    let recording = record(|_| true);
    assert!(recording.main.iter().all(|side| is_silent(side)), "nothing is in the main output");
    let mut heard = 0;
    for (drum, [left, _]) in Drum::ALL.into_iter().zip(&recording.drums) {
        let name = drum.name();
        let Some(first) = recording.struck[drum.index()].first() else { continue };
        assert!(is_silent(&left[..first * FRAMES]), "{name} before its first stroke");
        assert!(!is_silent(&left[first * FRAMES..][..2 * FRAMES]), "{name} at its first stroke");
        heard += 1;
    }
    assert!(heard >= 3, "{heard} drums");
}

#[test]
fn the_outputs_together_are_the_stereo_output() {
    let stereo = record(|_| false);
    for has_output in [|_| true, |drum| matches!(drum, Drum::Snare | Drum::ClosedHat)] {
        let several = record(has_output);
        assert_eq!(several.struck, stereo.struck);
        for (side, main) in several.main.iter().enumerate() {
            for (at, main) in main.iter().enumerate() {
                // Before the clippers.
                let drums = Drum::ALL.into_iter().filter(|drum| has_output(*drum));
                let drums = drums.map(|drum| several.drums[drum.index()][side][at].atanh());
                let (sum, stereo) = (main.atanh() + drums.sum::<f32>(), stereo.main[side][at]);
                assert!((sum - stereo.atanh()).abs() < 1e-3, "{sum}, {stereo} at {at}");
            }
        }
    }
}
