//! Tests of `play` and `measure` with the shipped weights.

mod common;

use std::fs;
use std::path::Path;

use common::{fail, succeed};
use groove::pattern::Articulation;
use groove::pattern::midi::{Clip, MidiFile, MidiLayout, PitchMap};
use groove::{Drum, DrumSet, Hit, Meter, Pitches, Step};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/deep-pocket.safetensors");

/// Two bars: kick on the beat, snare on the backbeat, hats in eighths, all alike.
fn straight(folder: &Path) -> (String, Vec<Step>) {
    let mut steps = vec![Step::SILENT; 32];
    for (place, step) in steps.iter_mut().enumerate() {
        let hit = Some(Hit::plain(100, 0));
        for (drum, every, from) in
            [(Drum::Kick, 8, 0), (Drum::Snare, 8, 4), (Drum::ClosedHat, 2, 0)]
        {
            if place % every == from {
                step.set(drum, hit);
            }
        }
    }
    let clip = Clip { steps: steps.clone(), tempo: 96.0, meter: Meter::FOUR_FOUR };
    let path = folder.join("straight.mid");
    fs::write(&path, clip.write(&MidiLayout::new("straight", Drum::PITCHES))).expect("written");
    (path.to_str().expect("a path").into(), steps)
}

fn played(what: &str, folder: &Path, more: &[&str]) -> (Clip, Vec<Step>) {
    let (clip, steps) = straight(folder);
    let out = folder.join(format!("new/{what}.mid"));
    let out = out.to_str().expect("a path");
    let all = [&["play", what, &clip, "--model", SHIPPED, "--out", out][..], more].concat();
    let (said, _) = succeed(&all);
    assert_eq!(said.trim(), out);
    let bytes = fs::read(out).expect("a file");
    (Clip::read(&bytes, PitchMap::Detect).expect("a clip"), steps)
}

fn drums(steps: &[Step]) -> Vec<DrumSet> {
    steps.iter().map(Step::drums).collect()
}

#[test]
fn a_continued_clip_follows_its_primer() {
    let folder = tempfile::tempdir().expect("a folder");
    let more = ["--style", "rock", "--bars", "4", "--stick", "1"];
    let (clip, steps) = played("continue", folder.path(), &more);
    assert!((clip.tempo - 96.0).abs() < 0.01);
    // At full stick it repeats the primer's last bar.
    let mut bars = drums(&clip.steps);
    bars.resize(64, DrumSet::EMPTY);
    assert!(bars.chunks(16).all(|bar| bar == &drums(&steps)[16..]));
}

#[test]
fn a_straight_clip_is_humanised() {
    let folder = tempfile::tempdir().expect("a folder");
    let (clip, steps) = played("humanise", folder.path(), &["--style", "rock"]);
    let last = clip.steps.len();
    assert_eq!(drums(&clip.steps), drums(&steps)[..last]);
    let hats: Vec<Hit> = clip.steps.iter().filter_map(|step| step.hit(Drum::ClosedHat)).collect();
    let mut velocities: Vec<u8> = hats.iter().map(|hit| hit.velocity).collect();
    velocities.sort_unstable();
    velocities.dedup();
    assert!(velocities.len() > 5, "{hats:?}");
    assert!(hats.iter().any(|hit| hit.offset_ticks != 0));
}

#[test]
fn a_kit_plays_to_a_rhythm() {
    let folder = tempfile::tempdir().expect("a folder");
    let (clip, steps) = played("tap", folder.path(), &["--bars", "2"]);
    let mut kit = drums(&clip.steps);
    kit.resize(32, DrumSet::EMPTY);
    let met = drums(&steps).iter().zip(&kit).all(|(tap, kit)| tap.is_empty() || !kit.is_empty());
    assert!(met);
}

/// Every articulation of the hi-hat through `play --map roland`: open and half-open hats share
/// pitches there, and controller 4 tells them apart.
#[test]
fn half_open_hats_survive_the_map_of_roland() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut steps = vec![Step::SILENT; 16];
    let closed = Articulation::of(Drum::ClosedHat).iter().map(|&way| (Drum::ClosedHat, way));
    let open = Articulation::of(Drum::OpenHat).iter().map(|&way| (Drum::OpenHat, way));
    for (step, (drum, articulation)) in steps.iter_mut().step_by(2).zip(closed.chain(open)) {
        step.set(drum, Some(Hit { articulation, ..Hit::plain(90, 0) }));
    }
    let clip = Clip { steps, tempo: 96.0, meter: Meter::FOUR_FOUR };
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let layout = MidiLayout { hat_pedal: true, ..MidiLayout::new("hats", Pitches::ROLAND) };
    fs::write(path("in.mid"), clip.write(&layout)).expect("written");
    let (given, out) = (path("in.mid"), path("out.mid"));
    let options = ["--amount", "0", "--map", "roland", "--model", SHIPPED, "--out", &out];
    succeed(&[&["play", "humanise", &given][..], &options].concat());
    let read = Clip::read(&fs::read(&out).expect("a file"), PitchMap::Detect).expect("a clip");
    let struck = |steps: &[Step]| -> Vec<Vec<(Drum, Articulation)>> {
        let ways = |step: &Step| step.hits().map(|(drum, hit)| (drum, hit.articulation)).collect();
        steps.iter().map(ways).collect()
    };
    assert_eq!(struck(&read.steps), struck(&clip.steps[..read.steps.len()]));
    assert_eq!(struck(&read.steps).iter().flatten().count(), 7);
}

#[test]
fn a_song_is_drummed_with_its_sections_stops_and_maps() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("drums.mid");
    let out = out.to_str().expect("a path");
    let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/demo/song.mid");
    let (_, said) =
        succeed(&["play", "song", demo, "--style", "rock", "--model", SHIPPED, "--out", out]);
    assert!(said.contains("The kick follows the part Bass."), "{said}");
    let [song, drums] = [demo, out]
        .map(|path| MidiFile::read(&fs::read(path).expect("a file")).expect("a MIDI file"));
    assert_eq!(drums.markers, song.markers);
    assert_eq!(drums.tempos, song.tempos);
    assert_eq!(drums.time_signatures, song.time_signatures);
    assert_eq!(drums.end, 64 * 3_840);
    let clip = Clip::read(&fs::read(out).expect("a file"), PitchMap::Detect).expect("a clip");
    let struck = |step: usize| !clip.steps[step].drums().is_empty();
    // The band rests in bar 16, from its second beat on, and the drummer leads back in.
    let bar = 15 * 16;
    assert!((bar + 4..bar + 12).all(|step| !struck(step)), "a stop");
    assert!((bar + 12..bar + 16).any(struck), "a pick-up");
    assert!(clip.steps.chunks(16).all(|bar| bar.iter().any(|step| !step.drums().is_empty())));
}

#[test]
fn invalid_clips_and_parts_are_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notes.mid");
    fs::write(&path, b"no MIDI").expect("written");
    let path = path.to_str().expect("a path");
    let said = fail(&["play", "humanise", path, "--model", SHIPPED, "--out", "x.mid"]);
    assert!(said.contains("notes.mid") && said.contains("not a complete MIDI file"), "{said}");
    let said = fail(&["measure", "--model", SHIPPED, "--data", path, "--only", "stick,nonsense"]);
    assert!(
        said.contains("'nonsense'")
            && said.contains("[possible values: stick, temperature, purity"),
        "{said}"
    );
}

#[test]
fn quick_guarantees_of_takes_hold() {
    let Ok(data) = std::env::var("GROOVE_DIR") else {
        eprintln!("skipped: GROOVE_DIR is not set");
        return;
    };
    let parts = ["fills", "carry-on", "tap", "morph"];
    let only = parts.join(",");
    let (said, _) =
        succeed(&["measure", "--model", SHIPPED, "--data", &data, "--json", "--only", &only]);
    let report: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    for part in parts {
        let lines = report[part].as_array().expect("lines");
        assert!(!lines.is_empty() && lines.iter().all(|line| line["holds"] == true), "{said}");
    }
}
