//! `cargo xtask beat`: eight bars that the built `.clap` plays in the CLAP host, as a MIDI file and
//! as a text grid. Nothing here generates a note.

use anyhow::{Context, Result, ensure};
use groove::pattern::TICKS_PER_STEP;
use groove::pattern::input_maps::InputMap;
use groove::pattern::midi::{Clip, MidiLayout, TICKS_PER_BEAT};
use groove::{Hit, Meter, Pitches, Step};
use std::fs;
use std::path::Path;
use xtask::host::clap::ClapHost;
use xtask::host::{Host, HostSong, RecordedNote, Setup, pair_notes};
use xtask::workspace::{CLAP_ID, NAME};

/// Number of bars.
const BARS: u16 = 8;

/// Song of the bars.
const SONG: HostSong =
    HostSong { sample_rate: 48_000.0, tempo: 120.0, meter: (4, 4), block: 512, cycle: None };

/// Plays eight bars of a built CLAP, prints them, and writes them to a MIDI file.
///
/// # Errors
/// If the plugin does not load or plays nothing, or the file cannot be written.
pub(crate) fn beat(clap: &Path, file: &Path) -> Result<()> {
    let clip = play(clap)?;
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(file, clip.write(&MidiLayout::new(NAME, Pitches::GENERAL_MIDI)))
        .with_context(|| format!("{} could not be written", file.display()))?;
    println!("{}\n\n{}", file.display(), clip.grid());
    Ok(())
}

/// Returns eight bars that the plugin in this `.clap` file plays.
fn play(path: &Path) -> Result<Clip> {
    let mut plugin = ClapHost::load(path, CLAP_ID)?;
    let setup = Setup { sample_rate: SONG.sample_rate, max_block: SONG.block, offline: true };
    plugin.activate(setup)?;
    let beats = f64::from(BARS) * f64::from(SONG.meter.0);
    let mut heard = SONG.roll(&mut plugin, 0.0, SONG.samples(beats))?;
    let end = SONG.samples(beats);
    // Stopping the transport ends all sounding notes.
    let rest = SONG.roll_stopped(&mut plugin, beats, u64::from(SONG.block))?;
    heard.extend(
        rest.into_iter().map(|heard| xtask::host::TimedMessage { at: end + heard.at, ..heard }),
    );
    let notes = pair_notes(&heard)?;
    ensure!(!notes.is_empty(), "{NAME} was loaded, but it played no note.");
    clip(&notes)
}

/// Converts notes to a clip: each on its nearest sixteenth, the rest as its offset.
fn clip(notes: &[RecordedNote]) -> Result<Clip> {
    let mut steps = vec![Step::SILENT; usize::from(BARS) * Meter::FOUR_FOUR.steps()];
    for note in notes {
        let (drum, articulation) = InputMap::GeneralMidi
            .drum(note.key)
            .with_context(|| format!("{NAME} played key {}, which is not a drum.", note.key))?;
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
        let ticks =
            (note.on as f64 * SONG.beats_per_sample() * f64::from(TICKS_PER_BEAT)).round() as i64;
        let step = i64::from(TICKS_PER_STEP);
        let place = (ticks + step / 2).div_euclid(step);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let velocity = (note.velocity * 127.0).round().clamp(1.0, 127.0) as u8;
        let offset = i8::try_from(ticks - place * step)?;
        let hit = Hit { articulation, ..Hit::plain(velocity, offset) };
        // An early hit of the ninth bar falls at the end of the eighth; it does not belong to the
        // clip.
        if let Some(step) = steps.get_mut(usize::try_from(place)?) {
            step.add(drum, hit);
        }
    }
    Ok(Clip { steps, tempo: SONG.tempo, meter: Meter::FOUR_FOUR })
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::Drum;
    use groove::pattern::bars;
    use groove::pattern::midi::PitchMap;
    use std::collections::BTreeSet;
    use xtask::workspace::built_bundle;

    #[test]
    fn eight_bars_of_the_built_plugin_survive_their_file() {
        let bundle = built_bundle("clap").unwrap_or_else(|fault| panic!("{fault}"));
        let played = play(&bundle).unwrap();
        let read = Clip::read(
            &played.write(&MidiLayout::new(NAME, Pitches::GENERAL_MIDI)),
            PitchMap::Detect,
        )
        .unwrap();
        assert_eq!((read.tempo, read.meter), (120.0, Meter::FOUR_FOUR));
        assert_eq!(read.steps, played.steps[..read.steps.len()]);
        let velocities: BTreeSet<u8> = read
            .steps
            .iter()
            .flat_map(|s| s.hits().map(|(_, hit)| hit.velocity).collect::<Vec<_>>())
            .collect();
        assert!(velocities.len() >= 8, "only {velocities:?}");
        let struck = bars(&played.steps, played.meter)
            .iter()
            .filter(|bar| bar.steps().iter().any(|step| *step != Step::SILENT))
            .count();
        assert_eq!(struck, usize::from(BARS), "bars with something in them");
    }

    fn note(on: u64, key: u8, velocity: f64) -> RecordedNote {
        RecordedNote { on, off: on + 1, key, channel: 9, velocity }
    }

    #[test]
    fn a_note_becomes_its_nearest_sixteenth_and_an_offset() {
        // A sixteenth is 6000 samples and a tick 25 samples; the second note is 100 ticks early.
        let clip = clip(&[note(0, 36, 1.0), note(24_000 - 2_500, 38, 0.5)]).unwrap();
        assert_eq!(clip.steps[0].hit(Drum::Kick), Some(Hit::plain(127, 0)));
        assert_eq!(clip.steps[4].hit(Drum::Snare), Some(Hit::plain(64, -100)));
        assert_eq!(clip.steps.iter().filter(|step| **step != Step::SILENT).count(), 2);
    }
}
