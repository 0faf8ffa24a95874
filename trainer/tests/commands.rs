//! Tests of the commands on a small folder of clips, and of the shipped weights on the real data if
//! it is available.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{fail, offset_at, step, write_clips};
use groove::model::Model;
use groove::pattern::input_maps::InputMap;
use groove::pattern::midi::Clip;
use groove::{Drum, Step};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/deep-pocket.safetensors");

/// Runs the command and returns its output.
fn succeed(arguments: &[&str]) -> String {
    common::succeed(arguments).0
}

/// Writes eight short clips: kick on the beat, snare on the backbeat, hats between.
fn clips(folder: &Path) {
    write_clips(folder, 64, |number, at| {
        let kick = (Drum::Kick, 100, at % 8 == 0);
        let snare = (Drum::Snare, 110, at % 8 == 4);
        // Its velocity makes each clip another one.
        let velocity = 60 + u8::try_from(number).expect("small");
        let hat = (Drum::ClosedHat, velocity, at % 2 == number % 2);
        step(offset_at(at), &[kick, snare, hat])
    });
}

/// Arguments of a small training.
fn training<'a>(data: &'a Path, out: &'a Path, updates: &'a str) -> Vec<&'a str> {
    let (data, out) = (data.to_str().expect("a path"), out.to_str().expect("a path"));
    let small = ["--cells", "24", "--feel-cells", "16", "--lanes", "4", "--steps", "32"];
    let fixed = ["train", "--data", data, "--out", out, "--style", "rock", "--look-every", "5"];
    [&fixed[..], &small, &["--updates", updates]].concat()
}

fn train(data: &Path, out: &Path, updates: u64, more: &[&str]) {
    succeed(&[&training(data, out, &updates.to_string())[..], more].concat());
}

#[test]
fn a_training_learns_and_writes_its_curve() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    fs::create_dir(&data).expect("a folder");
    clips(&data);
    train(&data, &out, 200, &[]);
    let curve = fs::read_to_string(out.join("curve.csv")).expect("a curve");
    let column = |line: &str| line.split(',').nth(2).and_then(|x| x.parse::<f64>().ok());
    let validation: Vec<f64> = curve.lines().skip(1).filter_map(column).collect();
    assert_eq!(validation.len(), 40, "{curve}");
    assert!(validation[39] < validation[0] / 4.0, "{curve}");
    assert!(out.join("curve.svg").is_file());
    let model = Model::from_bytes(&fs::read(out.join("model.safetensors")).expect("a model"));
    let metadata = model.expect("a model that loads").metadata().clone();
    assert_eq!(metadata.trained_on, "8 own clips");
    // The model is the best one, and its header holds the rounded perplexity.
    let best = validation.iter().copied().fold(f64::INFINITY, f64::min);
    let written = metadata.validation.beats.expect("a figure");
    assert!((written - best).abs() < 1e-3, "{written} and {best}");
}

#[test]
fn an_interrupted_training_gives_the_same_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("a folder");
    clips(&data);
    let (whole, halves) = (folder.path().join("whole"), folder.path().join("halves"));
    train(&data, &whole, 20, &[]);
    // The schedule is that of all twenty updates.
    train(&data, &halves, 20, &["--stop-after", "10"]);
    let half = fs::read_to_string(halves.join("curve.csv")).expect("a curve");
    assert_eq!(half.lines().count(), 3);
    train(&data, &halves, 20, &[]);
    let model = |folder: &PathBuf| fs::read(folder.join("model.safetensors")).expect("a model");
    assert!(model(&whole) == model(&halves), "the two models differ");
    let text = fail(&[
        "train",
        "--data",
        data.to_str().expect("a path"),
        "--out",
        halves.to_str().expect("a path"),
        "--cells",
        "8",
    ]);
    assert!(text.contains("other settings") && text.contains("--fresh"), "{text}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_the_best_weights() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, out) = (folder.path().join("data"), folder.path().join("out"));
    fs::create_dir(&data).expect("a folder");
    clips(&data);
    let mut running = Command::new(env!("CARGO_BIN_EXE_trainer"))
        .args(training(&data, &out, "1000000"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the trainer runs");
    while !out.join("curve.csv").is_file() {
        assert!(running.try_wait().expect("its state").is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = running.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
    assert!(sent.success());
    assert!(running.wait().expect("its end").success());
    let bytes = fs::read(out.join("model.safetensors")).expect("a model");
    let model = Model::from_bytes(&bytes).expect("a model that loads");
    assert!(model.metadata().updates < 1_000_000);
}

#[test]
fn bad_folders_and_models_are_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let text = fail(&["train", "--data", &path("none"), "--out", &path("out")]);
    assert!(text.contains("there is no folder"), "{text}");
    fs::write(path("empty.mid"), b"").expect("written");
    let text = fail(&["train", "--data", &path(""), "--out", &path("out")]);
    assert!(text.contains("no drum MIDI") && text.contains("empty.mid"), "{text}");
    for name in ["model.safetensors", "gone.safetensors"] {
        if name.starts_with("model") {
            fs::write(path(name), b"no model").expect("written");
        }
        let text = fail(&["inspect", &path(name)]);
        assert!(text.contains(name), "{text}");
        let text = fail(&["generate", "--model", &path(name), "--out", &path("out")]);
        assert!(text.contains(name), "{text}");
    }
}

#[test]
fn generating_twice_writes_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let generate = |name: &str, style: &str| -> Vec<(String, Vec<u8>)> {
        let out = folder.path().join(name);
        succeed(&[
            "generate",
            "--model",
            SHIPPED,
            "--style",
            style,
            "--bars",
            "8",
            "--count",
            "3",
            "--seed",
            "1",
            "--out",
            out.to_str().expect("a path"),
        ]);
        let mut files: Vec<_> = fs::read_dir(out)
            .expect("a folder")
            .map(|entry| entry.expect("an entry"))
            .map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                (name, fs::read(entry.path()).expect("a file"))
            })
            .collect();
        files.sort();
        files
    };
    let first = generate("a", "rock");
    assert_eq!(first.len(), 3);
    assert!(first[0].1 != first[1].1, "two seeds gave the same beat");
    assert!(first == generate("b", "rock"), "the same command wrote other bytes");
    for (name, bytes) in &first {
        let clip = Clip::read(bytes, groove::pattern::midi::PitchMap::Fixed(InputMap::Roland))
            .expect("a clip");
        let velocities: std::collections::BTreeSet<u8> =
            clip.steps.iter().flat_map(Step::hits).map(|(_, hit)| hit.velocity).collect();
        assert!(velocities.len() > 3, "{name} has velocities {velocities:?}");
    }
    let folder = folder.path().join("c");
    let text = fail(&[
        "generate",
        "--model",
        SHIPPED,
        "--style",
        "polka",
        "--out",
        folder.to_str().expect("a path"),
    ]);
    assert!(text.contains("no style polka") && text.contains("rock"), "{text}");
}

#[test]
fn the_shipped_weights_predict_the_validation_beats() {
    let Ok(data) = std::env::var("GROOVE_DIR") else {
        println!("skipped: GROOVE_DIR names no Groove MIDI Dataset");
        return;
    };
    let json = succeed(&[
        "evaluate",
        "--model",
        SHIPPED,
        "--data",
        &data,
        "--split",
        "validation",
        "--play",
        "rock",
        "--json",
    ]);
    let report: serde_json::Value = serde_json::from_str(&json).expect("one JSON object");
    let measured = report["perplexity"]["beats"].as_f64().expect("a figure");
    assert!(measured < 4.0, "{measured}");
    assert!(report["perplexity"]["rock_beats"].as_f64().expect("a figure") < 4.5);
    // The header holds the measured perplexity.
    let model = Model::from_bytes(&fs::read(SHIPPED).expect("weights")).expect("a model");
    let written = model.metadata().validation.beats.expect("a figure");
    assert!((measured - written).abs() < 0.01, "measured {measured}, the header says {written}");
    // Reference figures of drummers alone.
    let backbone = &report["backbone"]["rock"];
    for (name, figure) in [("human_backbeat", 0.61), ("human_kick_one", 0.79)] {
        let measured = backbone[name].as_f64().expect("a figure");
        assert!((measured - figure).abs() < 0.01, "{name} {measured}");
    }
    for block in ["judged", "judged_at_120"] {
        let area = |name: &str| report[block]["rock"][name].as_f64().expect("a figure");
        assert!((0.35..0.65).contains(&area("human_hits")), "{}", report[block]);
        // Around .5: the judge cannot tell them apart.
        let near = |name| (0.4..0.7).contains(&area(name));
        assert!(near("hits") && near("feel"), "{}", report[block]);
    }
    for block in ["backbone", "diversity", "swing", "style_told"] {
        let at_120 = format!("{block}_at_120");
        assert!(report[block]["rock"].is_object() && report[at_120]["rock"].is_object());
    }
}
