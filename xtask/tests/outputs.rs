//! The built plugin with several outputs in hosts of both formats: each drum in its own output, and
//! hosts that pass fewer.

mod common;

use anyhow::Result;
use common::setup::{SONG, ready};
use common::timing::play;
use common::vst3::Vst3Host;
use common::{load_clap, load_vst3};
use groove::Drum;
use xtask::host::allocations::count_allocations;
use xtask::host::clap::ClapHost;
use xtask::host::saved_state::body;
use xtask::host::{Event, Host, Message};
use xtask::workspace::{OUTPUTS_ID, built_bundle};

/// Outputs of the plugin: the main one and the drums' in class order.
const OUTPUTS: usize = 10;

/// VST3 class id of the plugin with several outputs: `DeepPocketDrums2`.
const CLASS: &str = "44656570506F636B65744472756D7332";

/// Blocks of a recording.
const BLOCKS: u32 = 600;

/// Left and right channel.
type Stereo = [Vec<f32>; 2];

/// Sound of each output, and the sample of each drum's first stroke.
struct Recording {
    outputs: Vec<Stereo>,
    first: [Option<usize>; OUTPUTS - 1],
}

/// Loads the plugin with several outputs in a CLAP host that passes so many.
fn clap(outputs: usize) -> Result<ClapHost> {
    let mut host = ClapHost::load(&built_bundle("clap")?, OUTPUTS_ID)?;
    host.pass_outputs(outputs);
    Ok(host)
}

/// Loads the plugin with several outputs in a VST3 host that activates some.
fn vst3(is_active: impl Fn(Drum) -> bool) -> Result<Vst3Host> {
    let mut host = Vst3Host::load_class(&built_bundle("vst3")?, Some(CLASS))?;
    host.activate_outputs(Drum::ALL.map(is_active))?;
    Ok(host)
}

/// Plays the start of the song and records some outputs. The plugin must not allocate.
fn record<H: Host>(
    host: &mut H,
    outputs: usize,
    output: impl Fn(&H, usize) -> [&[f32]; 2],
) -> Result<Recording> {
    ready(host, &SONG)?;
    let mut all = vec![Stereo::default(); outputs];
    let (mut first, mut allocations) = ([None; OUTPUTS - 1], 0);
    for block in 0..BLOCKS {
        let start = block * SONG.block;
        let transport = SONG.transport(f64::from(start) * SONG.beats_per_sample());
        let mut events = Vec::new();
        let (done, counted) =
            count_allocations(|| host.process(SONG.block, Some(&transport), &[], &mut events));
        done?;
        allocations += counted;
        for Event { offset, message } in events {
            let Message::NoteOn { key, .. } = message else { continue };
            let drum = Drum::from_general_midi(key).expect("a drum");
            first[drum.index()].get_or_insert(usize::try_from(start + offset)?);
        }
        for (index, all) in all.iter_mut().enumerate() {
            for (all, side) in all.iter_mut().zip(output(host, index)) {
                all.extend(side);
            }
        }
    }
    assert_eq!(allocations, 0);
    Ok(Recording { outputs: all, first })
}

fn is_silent(sound: &[f32]) -> bool {
    sound.iter().all(|sample| *sample == 0.0)
}

/// Checks that outputs before their clippers add up to a stereo output before its own.
fn assert_sum(outputs: &[Stereo], stereo: &Stereo) {
    for (side, stereo) in stereo.iter().enumerate() {
        for (at, stereo) in stereo.iter().enumerate() {
            let sum = outputs.iter().map(|output| output[side][at].atanh()).sum::<f32>();
            assert!((sum - stereo.atanh()).abs() < 1e-3, "{sum}, {stereo} at {at}");
        }
    }
}

/// Checks that those drums which have an output sound there, from their first stroke on, and the
/// others in the main output.
fn assert_drums(recording: &Recording, has_output: impl Fn(Drum) -> bool) {
    let mut heard = 0;
    for (drum, output) in Drum::ALL.into_iter().zip(&recording.outputs[1..]) {
        let first = recording.first[drum.index()].filter(|_| has_output(drum));
        for side in output {
            let Some(first) = first else {
                assert!(is_silent(side), "{} sounds", drum.name());
                continue;
            };
            assert!(is_silent(&side[..first]), "{} before its first stroke", drum.name());
            assert!(!is_silent(&side[first..][..200]), "{} at its first stroke", drum.name());
            heard += 1;
        }
    }
    assert!(heard >= 6, "{heard} channels");
    let struck = Drum::ALL.into_iter().filter(|drum| recording.first[drum.index()].is_some());
    let in_main = struck.filter(|drum| !has_output(*drum)).count();
    assert_eq!(is_silent(&recording.outputs[0][0]), in_main == 0, "{in_main} drums");
}

#[test]
fn every_drum_has_its_own_output_in_both_formats() -> Result<()> {
    let stereo = record(&mut load_clap(), 1, |host, _| host.audio())?;
    let clap = record(&mut clap(OUTPUTS)?, OUTPUTS, ClapHost::output)?;
    let vst3 = record(&mut vst3(|_| true)?, OUTPUTS, Vst3Host::output)?;
    for recording in [&clap, &vst3] {
        assert_eq!(recording.first, stereo.first);
        assert_drums(recording, |_| true);
        assert_sum(&recording.outputs, &stereo.outputs[0]);
    }
    assert!(clap.outputs == vst3.outputs, "both formats sound the same");
    Ok(())
}

#[test]
fn a_drum_without_an_output_sounds_in_the_main_one() -> Result<()> {
    let stereo = record(&mut load_vst3(), 1, |host, _| host.audio())?;
    for passed in [1, 3, 6] {
        let recording = record(&mut clap(passed)?, passed, ClapHost::output)?;
        assert_sum(&recording.outputs, &stereo.outputs[0]);
        if passed == 1 {
            assert!(recording.outputs == stereo.outputs, "bit for bit");
        }
    }
    for (active, is_one) in [(Drum::Kick, true), (Drum::Snare, false)] {
        let is_active = |drum| (drum == active) == is_one;
        let recording = record(&mut vst3(is_active)?, OUTPUTS, Vst3Host::output)?;
        assert_sum(&recording.outputs, &stereo.outputs[0]);
        if !is_one {
            assert_drums(&recording, is_active);
        }
    }
    let off = record(&mut vst3(|_| false)?, OUTPUTS, Vst3Host::output)?;
    assert!(off.outputs[0] == stereo.outputs[0], "bit for bit");
    Ok(())
}

#[test]
fn a_project_moves_between_the_plugins_with_one_and_with_several_outputs() -> Result<()> {
    let mut one = load_clap();
    one.set("Take number", 0.37)?;
    let notes = play(&mut one, &SONG, 0.0, 8.0)?;
    let state = one.save()?;
    let mut several = clap(OUTPUTS)?;
    assert_ne!(play(&mut several, &SONG, 0.0, 8.0)?, notes);
    several.load(&state)?;
    assert_eq!(play(&mut several, &SONG, 0.0, 8.0)?, notes);
    let mut format = vst3(|_| true)?;
    format.load(body(&several.save()?))?;
    let plain = |notes: &[xtask::host::RecordedNote]| {
        notes.iter().map(|note| (note.on, note.off, note.key)).collect::<Vec<_>>()
    };
    assert_eq!(plain(&play(&mut format, &SONG, 0.0, 8.0)?), plain(&notes));
    Ok(())
}
