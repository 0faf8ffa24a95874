//! Round trip of exported clips: they contain the played notes and read back as such.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use groove::generate::Drummer;
use groove::model::Model;
use groove::pattern::Stroke;
use groove::pattern::clip::{Clip, Onset};
use groove::pattern::drum::CLASSES;
use groove::pattern::midi::{MidiLayout, PitchMap};
use groove::play::drum_maps::{DRUM_MAPS, FactoryMap, at_pitches};
use groove::play::perform::{Performance, SwingOf, TimeFeel};
use groove::take::{Fills, Take, TakeControls};
use groove::{Articulation, Bar, Drum, DrumSet, Hit, Meter, Pitches, Step};
use midly::{MetaMessage, MidiMessage, Smf, TrackEventKind};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SHIPPED: &[u8] = include_bytes!("../../assets/deep-pocket.safetensors");

/// Random controls of every kind.
fn any_take(draws: &mut ChaCha8Rng) -> (Take, Meter, Performance, MidiLayout<'static>) {
    let meters = [Meter::FOUR_FOUR, Meter::new(3, 4), Meter::new(7, 8), Meter::new(6, 8)];
    let take = Take {
        controls: TakeControls {
            seed: draws.random(),
            style: draws.random_range(0..19),
            stick: draws.random(),
            temperature: draws.random_range(0.5..1.5),
            density: draws.random_range(-1.0..1.0),
            ..TakeControls::default()
        },
        fills: Fills { every: draws.random_range(0..3), ..Fills::default() },
        phrase_bars: 1,
        ..Take::default()
    };
    let performance = Performance {
        swing: draws.random(),
        timing: draws.random_range(0.0..2.0),
        dynamics: draws.random_range(0.0..2.0),
        velocity: draws.random_range(-64.0..64.0),
        mute: DrumSet::from_bits(1 << draws.random_range(0..12)),
        solo: DrumSet::EMPTY,
        pace: [TimeFeel::Half, TimeFeel::Plain, TimeFeel::Double][draws.random_range(0..3)],
        swing_of: [SwingOf::Sixteenths, SwingOf::Eighths][draws.random_range(0..2)],
    };
    let map = draws.random_range(0..=DRUM_MAPS.len());
    let mut own = Drum::PITCHES;
    for pitch in &mut own {
        *pitch = draws.random_range(0..14) * 9;
    }
    // All pitches differ.
    (0..).zip(&mut own).for_each(|(class, pitch)| *pitch += class);
    let factory = |map: &FactoryMap| map.pitches.unwrap_or(Pitches::GENERAL_MIDI);
    let pitches = DRUM_MAPS.get(map).map_or(Pitches::plain(own), factory);
    let channels = match draws.random() {
        true => [9; CLASSES],
        false => [0; CLASSES].map(|_| draws.random_range(0..16)),
    };
    let meter = meters[draws.random_range(0..meters.len())];
    (take, meter, performance, MidiLayout { channels, ..MidiLayout::new("a take", pitches) })
}

#[test]
fn five_hundred_takes_round_trip() {
    let model = Arc::new(Model::from_bytes(SHIPPED).expect("the shipped weights"));
    let mut drummer = Drummer::new(model);
    let mut draws = ChaCha8Rng::seed_from_u64(7);
    let (mut hits, mut moved) = (0, 0);
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..500 {
        let (take, meter, performance, layout) = any_take(&mut draws);
        let bar = draws.random_range(-4..5);
        let (first, count) = performance.sources(bar);
        let sources: Vec<Bar> = (first..)
            .take(count)
            .map(|bar| drummer.bar(&take, meter, bar).expect("a bar"))
            .collect();
        let heard = at_pitches(&performance.play(bar, &sources), layout.pitches, layout.channels);
        let clip = Clip::of(&[heard], f64::from(take.controls.tempo));
        let bytes = clip.write(&layout);
        let path = folder.path().join(format!("{number}.mid"));
        std::fs::write(&path, &bytes).expect("written");
        std::fs::write(path.with_extension("txt"), told(&clip, &layout)).expect("written");
        let mut expected = folded(&clip, &layout);
        for drum in Drum::ALL {
            // Of a hit that is early as a whole, at the very start, the last stroke moves there.
            let Some(hit) = expected[0].hit(drum) else { continue };
            let latest = hit.strokes().map(|stroke| stroke.offset_ticks).max();
            let moved = hit.strokes().map(|stroke| {
                let is_latest = Some(stroke.offset_ticks) == latest;
                let offset_ticks = stroke.offset_ticks.max(if is_latest { 0 } else { -120 });
                Stroke { offset_ticks, ..stroke }
            });
            expected[0].set(drum, Hit::of_strokes(moved));
        }
        let mut read = match Clip::read(&bytes, PitchMap::Detect) {
            Ok(read) => read,
            Err(_) if clip.drums().is_empty() => continue,
            Err(fault) => panic!("take {number}: {fault}"),
        };
        assert_eq!((read.meter, read.tempo), (meter, 120.0), "take {number}");
        read.steps.resize(expected.len(), Step::SILENT);
        assert_eq!(read.steps, expected, "take {number}");
        inside(&bytes, clip.ticks());
        let struck = || expected.iter().flat_map(|step| step.hits().map(|(_, hit)| hit));
        hits += struck().count();
        moved += struck().filter(|hit| hit.offset_ticks != 0).count();
    }
    assert!(hits > 3_000 && moved > hits / 3, "{hits} hits, {moved} of them early or late");
    read_with_mido(folder.path());
}

/// The steps of a clip as a reader can know them: of articulations at one pitch, the first that is
/// named.
fn folded(clip: &Clip, layout: &MidiLayout) -> Vec<Step> {
    let struck = |drum: Drum, articulation: Articulation| {
        let onsets = clip.onsets();
        onsets.iter().any(|onset| (onset.drum, onset.articulation) == (drum, articulation))
    };
    let first = |drum: Drum, of: Articulation| {
        let named = Articulation::of(drum)
            .iter()
            .filter(|&&it| it == Articulation::Plain || struck(drum, it));
        let pitch = |it: Articulation| layout.pitches.of(drum, it);
        *named.into_iter().find(|&&it| pitch(it) == pitch(of)).expect("itself")
    };
    let mut steps = clip.steps.clone();
    for step in &mut steps {
        for drum in step.drums().iter() {
            let strokes = step.hit(drum).into_iter().flat_map(Hit::strokes);
            let folded = strokes
                .map(|stroke| Stroke { articulation: first(drum, stroke.articulation), ..stroke });
            step.set(drum, Hit::of_strokes(folded));
        }
    }
    steps
}

/// A second MIDI reader (mido) finds the same notes in the files as in the text files beside them.
fn read_with_mido(folder: &Path) {
    let has = |python: &&str| {
        let asked = Command::new(python).args(["-c", "import mido"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    // The system's Python first, because the system check installs packages there.
    let Some(python) = ["/usr/bin/python3", "python3"].into_iter().find(has) else {
        println!("There is no Python with mido, so no other reader has read the clips.");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/read_with_mido.py");
    let status = Command::new(python).arg(script).arg(folder).status();
    assert!(status.expect("Python runs").success(), "mido reads something else");
}

/// Expected content of the file, as text.
fn told(clip: &Clip, layout: &MidiLayout) -> String {
    let Clip { tempo, meter: Meter { numerator, denominator }, .. } = clip;
    let mut lines =
        vec![format!("{tempo:.3} {numerator}/{denominator} {} {}", clip.ticks(), layout.name)];
    let place = |drum: Drum, articulation: Articulation| {
        (layout.channels[drum.index()], layout.pitches.of(drum, articulation))
    };
    let onsets = clip.onsets();
    for drum in Drum::ALL {
        for &articulation in Articulation::of(drum) {
            let (channel, pitch) = place(drum, articulation);
            let plain = articulation == Articulation::Plain;
            let struck = onsets.iter().any(|it| (it.drum, it.articulation) == (drum, articulation));
            if plain || struck && (channel, pitch) != place(drum, Articulation::Plain) {
                let name =
                    if plain { String::new() } else { format!(", {}", articulation.name(drum)) };
                let name = format!("{}{name}", drum.name());
                lines.push(format!("lane {name}: note {pitch}, channel {}", channel + 1));
            }
        }
    }
    // Of several notes of one pitch at one tick the loudest is written.
    let mut notes = std::collections::BTreeMap::new();
    for Onset { tick, drum, articulation, velocity, .. } in onsets {
        let loudest = notes.entry((tick, place(drum, articulation))).or_insert(velocity);
        *loudest = velocity.max(*loudest);
    }
    lines.extend(notes.iter().map(|((tick, (channel, pitch)), velocity)| {
        format!("note {tick} {channel} {pitch} {velocity}")
    }));
    lines.join("\n")
}

/// Every note ends within the clip and before the next one of its pitch, and the file has the
/// clip's length.
fn inside(bytes: &[u8], length: u32) {
    let smf = Smf::parse(bytes).expect("our own file");
    let [track] = smf.tracks.as_slice() else { panic!("one track") };
    let mut sounding = [[false; 128]; 16];
    let mut tick = 0;
    for event in track {
        tick += event.delta.as_int();
        match event.kind {
            TrackEventKind::Midi { channel, message } => {
                let (on, key) = match message {
                    MidiMessage::NoteOn { key, .. } => (true, key),
                    MidiMessage::NoteOff { key, .. } => (false, key),
                    other => panic!("{other:?}"),
                };
                let note = &mut sounding[usize::from(channel.as_int())][usize::from(key.as_int())];
                assert_ne!(std::mem::replace(note, on), on, "on and off take turns");
            }
            TrackEventKind::Meta(MetaMessage::EndOfTrack) => assert_eq!(tick, length),
            _ => assert_eq!(tick, 0),
        }
    }
    assert!(sounding.iter().flatten().all(|sounds| !sounds), "all have ended");
}
