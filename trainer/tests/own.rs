//! Tests of fine-tuning to a user's own clips: a small model on small clips, and the shipped
//! weights on one drummer of the real data if it is available.

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use candle_core::{Device, Tensor};
use common::fail;
use groove::learn::data::search;
use groove::learn::initial::InitialNet;
use groove::learn::on_one_core;
use groove::learn::own_style::{self, Clips};
use groove::model::{Metadata, Model, Stack, write};
use groove::pattern::midi::{Clip, MidiLayout};
use groove::{Drum, Hit, Meter, Step};
use tempfile::TempDir;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/deep-pocket.safetensors");

/// Runs the command and returns its output.
fn succeed(arguments: &[&str]) -> String {
    common::succeed(arguments).0
}

/// A folder with a small model of fixed weights, and eight clips.
struct TuningFolder(TempDir);

impl TuningFolder {
    fn new() -> TuningFolder {
        let folder = TuningFolder(tempfile::tempdir().expect("a folder"));
        let stack = |layers| Stack { layers, cells: 16 };
        let metadata = Metadata::new("small", stack(2), stack(1), "nothing, CC BY");
        let tensor = |(name, shape): (String, Vec<usize>)| {
            let count: usize = shape.iter().product();
            let values: Vec<f32> =
                (0..count).map(|i| ((i * 37 % 101) as f32 - 50.0) / 250.0).collect();
            (name, Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor"))
        };
        let tensors: HashMap<String, Tensor> = metadata.tensors().into_iter().map(tensor).collect();
        let bytes = write(&metadata, &tensors, &[], true).expect("a whole model");
        fs::write(folder.path("small.safetensors"), bytes).expect("written");
        fs::create_dir(folder.path("clips")).expect("a folder");
        for number in 0..8 {
            fs::write(folder.path(&format!("clips/{number}.mid")), clip(number)).expect("written");
        }
        folder
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("a path").to_owned()
    }

    /// Arguments of a short fine-tuning from a model into a folder.
    fn tuning(&self, init: &str, out: &str, more: &[&str]) -> Vec<String> {
        let (init, out, clips) = (self.path(init), self.path(out), self.path("clips"));
        let fixed = ["train", "--data", &clips, "--init", &init, "--out", &out];
        let short = ["--lanes", "2", "--steps", "32"];
        [&fixed[..], &short, more].concat().into_iter().map(str::to_owned).collect()
    }

    fn tune(&self, init: &str, out: &str, more: &[&str]) -> Metadata {
        succeed(&borrowed(&self.tuning(init, out, more)));
        metadata(&self.path(&format!("{out}/model.safetensors")))
    }
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

fn metadata(path: &str) -> Metadata {
    let bytes = fs::read(path).expect("a model");
    Model::from_bytes(&bytes).expect("a model that loads").metadata().clone()
}

/// Kick on the beat, snare on the backbeat, hats between; four bars.
fn clip(number: usize) -> Vec<u8> {
    let hit = |velocity| Some(Hit::plain(velocity, 0));
    let mut steps = vec![Step::SILENT; 64];
    for (i, step) in steps.iter_mut().enumerate() {
        match i % 8 {
            0 => step.set(Drum::Kick, hit(100)),
            4 => step.set(Drum::Snare, hit(110)),
            // Its velocity makes each clip another one.
            _ if i % 2 == number % 2 => {
                step.set(Drum::ClosedHat, hit(60 + u8::try_from(number).expect("small")));
            }
            _ => {}
        }
    }
    Clip { steps, tempo: 100.0, meter: Meter::FOUR_FOUR }
        .write(&MidiLayout::new("clip", Drum::PITCHES))
}

#[test]
fn a_tuned_model_keeps_its_metadata_and_learns_the_clips() {
    let folder = TuningFolder::new();
    let before = metadata(&folder.path("small.safetensors"));
    let more = ["--rate", "0.01", "--decay", "0"];
    let tuned = folder.tune("small.safetensors", "out", &more);
    assert_eq!((tuned.beat, tuned.feel), (before.beat, before.feel));
    assert_eq!((&tuned.styles, &tuned.classes), (&before.styles, &before.classes));
    assert_eq!(tuned.name, "Own clips");
    assert_eq!(tuned.trained_on, "nothing, CC BY, and 8 own clips");
    // The curve starts with the initial model, and its best point is the model's.
    let curve = fs::read_to_string(folder.path("out/curve.csv")).expect("a curve");
    let column = |line: &str| line.split(',').nth(2).and_then(|x| x.parse::<f64>().ok());
    let validation: Vec<f64> = curve.lines().skip(1).filter_map(column).collect();
    let best = validation.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(best < validation[0] / 2.0, "{curve}");
    let written = tuned.validation.beats.expect("a figure");
    assert!((written - best).abs() < 1e-6, "{written} and {best}");
    let fixed = folder.tuning("small.safetensors", "sized", &["--cells", "8"]);
    assert!(fail(&borrowed(&fixed)).contains("cannot be used with"));
}

#[test]
fn only_the_new_styles_column_changes() {
    let folder = TuningFolder::new();
    let own = ["--style", "Polka", "--name", "Polka band"];
    let tuned = folder.tune("small.safetensors", "out", &own);
    assert_eq!((tuned.style_number("polka"), tuned.style_name(19)), (Some(19), "polka"));
    assert_eq!(tuned.name, "Polka band");
    let model = folder.path("out/model.safetensors");
    assert!(succeed(&["inspect", &model]).contains("\"polka\""));
    let load = |path: &str| candle_core::safetensors::load(path, &Device::Cpu).expect("tensors");
    let (before, after) = (load(&folder.path("small.safetensors")), load(&model));
    let cell = tuned.style_cell(19).expect("a cell");
    let numbers = |tensor: &Tensor| -> Vec<f32> {
        let tensor = tensor.to_dtype(candle_core::DType::F32).expect("numbers");
        tensor.flatten_all().and_then(|all| all.to_vec1()).expect("numbers")
    };
    for (name, tensor) in &before {
        let width = *tensor.dims().last().expect("a shape");
        let pairs = numbers(tensor).into_iter().zip(numbers(&after[name]));
        let changed: Vec<usize> =
            pairs.enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at % width).collect();
        assert_eq!(name.ends_with("weight_ih_l0"), !changed.is_empty(), "{name}");
        assert!(changed.iter().all(|&column| column == cell), "{name}: {changed:?}");
    }
    let (beats, clips) = (folder.path("beats"), folder.path("clips"));
    succeed(&["generate", "--model", &model, "--style", "polka", "--bars", "2", "--out", &beats]);
    assert!(Path::new(&beats).join("polka-120bpm-1.mid").is_file());
    let table = succeed(&["evaluate", "--model", &model, "--data", &clips, "--style", "polka"]);
    assert!(table.contains("played as polka"), "{table}");
}

#[test]
fn the_plugin_learns_the_same_file() {
    let folder = TuningFolder::new();
    let (init, out) = (folder.path("small.safetensors"), folder.path("out"));
    let clips = folder.path("clips");
    let fixed = ["train", "--data", &clips, "--init", &init, "--out", &out];
    succeed(&[&fixed[..], &["--style", "polka", "--name", "Polka", "--seed", "3"]].concat());
    let base = fs::read(&init).expect("a model");
    let start = InitialNet::from_bytes(&base, "Polka", Some("polka")).expect("a start");
    let (files, unread) = search(Path::new(&clips), &|| false);
    assert_eq!((files.len(), unread.len()), (8, 0));
    let clips = Clips { folder: clips.into(), files, ..Clips::default() };
    let learned = on_one_core(
        || (),
        || {
            let data = own_style::read(&start, "polka", &clips, 3, &|| false).expect("data");
            own_style::learn(&start, &data, 3, &|| false, |_| {}).expect("no fault")
        },
    );
    let learned = learned.expect("a thread").expect("a style");
    let trained = fs::read(format!("{out}/model.safetensors")).expect("a model");
    assert!(learned.bytes == trained, "the files differ");
}

#[test]
fn impossible_styles_are_reported() {
    let folder = TuningFolder::new();
    let (clips, out) = (folder.path("clips"), folder.path("out"));
    let text = fail(&["train", "--data", &clips, "--out", &out, "--style", "polka"]);
    for part in ["--init", "no style polka", "rock"] {
        assert!(text.contains(part), "{text}");
    }
    let slash = folder.tuning("small.safetensors", "out", &["--style", "a/b"]);
    assert!(fail(&borrowed(&slash)).contains("a/b is not a style name"));
    let mut file = "small.safetensors".to_owned();
    for name in ["one", "two", "three", "four", "five"] {
        folder.tune(&file, name, &["--updates", "1", "--style", name]);
        file = format!("{name}/model.safetensors");
    }
    let full = metadata(&folder.path(&file));
    assert_eq!((full.styles.len(), full.own_styles().count()), (full.style_cells, 5));
    let sixth = fail(&borrowed(&folder.tuning(&file, "six", &["--style", "six"])));
    assert!(sixth.contains("one style too many") && sixth.contains("four, five"), "{sixth}");
    assert_eq!(folder.tune(&file, "again", &["--style", "two"]).styles, full.styles);
}

#[test]
fn a_damaged_model_is_refused() {
    let folder = TuningFolder::new();
    let whole = fs::read(folder.path("small.safetensors")).expect("a model");
    fs::write(folder.path("half.safetensors"), &whole[..whole.len() / 2]).expect("written");
    for (name, part) in [("half.safetensors", "not a complete"), ("gone", "cannot be read")] {
        let text = fail(&borrowed(&folder.tuning(name, "out", &[])));
        assert!(text.contains(name) && text.contains(part), "{text}");
    }
}

#[test]
fn an_interrupted_tuning_continues_with_the_same_model_only() {
    let folder = TuningFolder::new();
    folder.tune("small.safetensors", "whole", &[]);
    folder.tune("small.safetensors", "halves", &["--stop-after", "8"]);
    folder.tune("small.safetensors", "halves", &[]);
    let model = |out: &str| fs::read(folder.path(&format!("{out}/model.safetensors"))).expect("it");
    assert!(model("whole") == model("halves"), "the two models differ");
    folder.tune("small.safetensors", "other", &["--style", "polka"]);
    let other = fail(&borrowed(&folder.tuning("other/model.safetensors", "halves", &[])));
    assert!(other.contains("other settings"), "{other}");
}

#[test]
fn one_clip_is_enough_and_tuning_stops_without_improvement() {
    let folder = TuningFolder::new();
    for number in 1..8 {
        fs::remove_file(folder.path(&format!("clips/{number}.mid"))).expect("removed");
    }
    // At this rate nothing is learned.
    let tuned = folder.tune("small.safetensors", "out", &["--updates", "1000", "--rate", "0"]);
    assert_eq!(tuned.updates, 0, "where it began is the best");
    let curve = fs::read_to_string(folder.path("out/curve.csv")).expect("a curve");
    let updates: Vec<&str> =
        curve.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(updates, ["0", "5", "10", "15", "20"]);
}

/// Copies eight validation files of one drummer of the Groove MIDI Dataset as the user's clips, and
/// writes a folder whose test split is two other files of that drummer and whose validation split
/// is the validation beats of all others.
fn one_drummer(groove: &Path, folder: &TuningFolder) {
    let table = fs::read_to_string(groove.join("info.csv")).expect("a table");
    let mut lines = table.lines();
    let mut info = format!("{}\n", lines.next().expect("a head"));
    let mut own = Vec::new();
    fs::create_dir(folder.path("others")).expect("a folder");
    for line in lines.filter(|line| line.contains(",beat,") && line.ends_with(",validation")) {
        let cells: Vec<&str> = line.split(',').collect();
        let [from, name] = [cells[7].to_owned(), cells[7].replace('/', "_")];
        if cells[0] == "drummer1" {
            own.push((groove.join(from), name, line.to_owned()));
        } else {
            fs::copy(groove.join(&from), folder.path(&format!("others/{name}"))).expect("copied");
            info += &format!("{}\n", line.replace(&from, &name));
        }
    }
    own.sort();
    assert_eq!(own.len(), 10, "beats of drummer 1");
    fs::create_dir(folder.path("own")).expect("a folder");
    for (from, name, _) in &own[..8] {
        fs::copy(from, folder.path(&format!("own/{name}"))).expect("copied");
    }
    for (from, name, line) in &own[8..] {
        fs::copy(from, folder.path(&format!("others/{name}"))).expect("copied");
        let mut cells: Vec<&str> = line.split(',').collect();
        // A model that does not know the style plays it as any.
        (cells[3], cells[7], cells[10]) = ("mine", name, "test");
        info += &format!("{}\n", cells.join(","));
    }
    fs::write(folder.path("others/info.csv"), info).expect("written");
}

/// Fine-tunes the shipped weights to eight files of a drummer; returns the beat perplexity of some
/// splits of [`one_drummer`] before and after. `None` without the data.
fn tuned_to_one_drummer<const N: usize>(
    style: &[&str],
    splits: [&str; N],
) -> Option<[[f64; 2]; N]> {
    let Some(groove) = std::env::var_os("GROOVE_DIR") else {
        println!("skipped: GROOVE_DIR names no Groove MIDI Dataset");
        return None;
    };
    let folder = TuningFolder::new();
    one_drummer(Path::new(&groove), &folder);
    let (own, others, out) = (folder.path("own"), folder.path("others"), folder.path("out"));
    let beats = |model: &str, split: &str| -> f64 {
        let data = ["--data", &others, "--split", split, "--no-takes", "--json"];
        let json = succeed(&[&["evaluate", "--model", model][..], &data].concat());
        let report: serde_json::Value = serde_json::from_str(&json).expect("one JSON object");
        report["perplexity"]["beats"].as_f64().expect("a figure")
    };
    let started = Instant::now();
    let fixed = ["train", "--data", &own, "--init", SHIPPED, "--out", &out];
    succeed(&[&fixed, style].concat());
    let seconds = started.elapsed().as_secs();
    let tuned = format!("{out}/model.safetensors");
    let figures = splits.map(|split| [SHIPPED, &tuned].map(|model| beats(model, split)));
    println!("{style:?}, {seconds} s, {splits:?}: {figures:.3?}");
    Some(figures)
}

#[test]
fn eight_files_of_a_drummer_lower_the_perplexity_of_two_others() {
    let Some(figures) = tuned_to_one_drummer(&[], ["test", "validation"]) else { return };
    let [[before, after], [others_before, others_after]] = figures;
    assert!(after < before, "two other files: {before} to {after}");
    assert!(others_after < 1.1 * others_before, "the others: {others_before} to {others_after}");
}

/// Other styles cannot change: `only_the_new_styles_column_changes`.
#[test]
fn eight_files_of_a_drummer_make_a_style_of_two_others() {
    let style = ["--style", "mine"];
    let Some([[before, after]]) = tuned_to_one_drummer(&style, ["test"]) else { return };
    assert!(after < before, "two other files: {before} to {after}");
}
