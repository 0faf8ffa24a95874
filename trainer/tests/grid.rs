//! Tests of sweeps over sizes and of comparisons of two models, on a small folder of clips.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use common::{fail, step, succeed, write_clips};
use groove::Drum;
use groove::model::Model;

/// Writes eight short clips: kick on 1, snare on 2, a hat every other step.
fn clips(folder: &Path) {
    fs::create_dir(folder).expect("a folder");
    write_clips(folder, 64, |number, at| {
        let kick = (Drum::Kick, 90, at % 8 == 0);
        let snare = (Drum::Snare, 90, at % 8 == 4);
        // Its velocity makes each clip another one.
        let velocity = 90 + u8::try_from(number).expect("small");
        step(3, &[kick, snare, (Drum::ClosedHat, velocity, at % 2 == number % 2)])
    });
}

/// Folders of a test: the clips, and one for output.
struct GridFolder {
    _all: tempfile::TempDir,
    data: PathBuf,
    out: PathBuf,
}

impl GridFolder {
    fn new() -> GridFolder {
        let all = tempfile::tempdir().expect("a folder");
        let (data, out) = (all.path().join("data"), all.path().join("out"));
        clips(&data);
        GridFolder { _all: all, data, out }
    }

    /// Arguments of a small training or sweep.
    fn arguments<'a>(&'a self, task: &'a str, out: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
        let (data, out) = (self.data.to_str().expect("a path"), out.to_str().expect("a path"));
        let small = ["--feel-cells", "8", "--lanes", "4", "--steps", "16", "--look-every", "5"];
        let fixed = [task, "--data", data, "--out", out, "--style", "rock"];
        [&fixed[..], &small, more].concat()
    }

    fn sweep(&self, more: &[&str]) -> (String, String) {
        let grid = ["--layers", "1,2", "--cells", "16,8", "--updates", "10"];
        succeed(&self.arguments("sweep", &self.out, &[&grid[..], more].concat()))
    }

    fn table(&self) -> String {
        fs::read_to_string(self.out.join("sweep.csv")).expect("a table")
    }

    /// Bytes and times of all files of all trainings.
    fn trainings(&self) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
        let mut files = Vec::new();
        for size in ["1x8", "1x16", "2x8", "2x16"] {
            for entry in fs::read_dir(self.out.join(size)).expect("a folder") {
                let path = entry.expect("an entry").path();
                let time = path.metadata().and_then(|data| data.modified()).expect("a time");
                files.push((path.clone(), fs::read(&path).expect("a file"), time));
            }
        }
        files.sort();
        files
    }
}

#[test]
fn a_sweep_continues_and_repeats_nothing() {
    let folder = GridFolder::new();
    // All trainings stop half way, as the table shows.
    let (table, said) = folder.sweep(&["--stop-after", "5"]);
    assert_eq!(table.lines().count(), 6, "{table}");
    assert!(said.contains("the same command continues"), "{said}");
    let column = |n: usize| -> Vec<String> {
        let cells = folder.table();
        cells.lines().skip(1).map(|line| line.split(',').nth(n).expect("it").into()).collect()
    };
    let updates = 4;
    assert_eq!(column(updates), ["5"; 4]);
    let (_, said) = folder.sweep(&[]);
    assert_eq!(said.matches("continuing from update 5").count(), 4, "{said}");
    assert_eq!(
        (column(0), column(1)),
        (
            ["1", "1", "2", "2"].map(String::from).to_vec(),
            ["8", "16", "8", "16"].map(String::from).to_vec(),
        )
    );
    assert_eq!(column(updates), ["10"; 4]);
    let picture = fs::read_to_string(folder.out.join("sweep.svg")).expect("a picture");
    for part in ["1 layer", "2 layers", "16 cells", "weights", "polyline", "circle"] {
        assert!(picture.contains(part), "{part} is not in the picture");
    }
    // Nothing is trained again, and the table stays the same.
    let (before, table) = (folder.trainings(), folder.table());
    let (printed, said) = folder.sweep(&[]);
    assert!(!said.contains("validation"), "{said}");
    assert_eq!(said.matches("10 updates were already made").count(), 4, "{said}");
    assert!(before == folder.trainings(), "a file was written again");
    assert_eq!(table, folder.table());
    assert_eq!(printed.lines().count(), 6, "{printed}");
    // A larger grid trains the new sizes only.
    let (_, said) = folder.sweep(&["--cells", "4"]);
    assert_eq!(said.matches("were already made").count(), 4, "{said}");
    assert_eq!(column(1), ["4", "8", "16", "4", "8", "16"]);
    assert!(before == folder.trainings(), "a file was written again");
    // A sweep trains the same weights as `train`.
    let alone = folder.out.join("alone");
    let name = ["--name", "Groove, all styles, 2 x 8"];
    let size = ["--layers", "2", "--cells", "8", "--updates", "10"];
    succeed(&folder.arguments("train", &alone, &[&name[..], &size].concat()));
    let weights = |folder: &Path| {
        let bytes = fs::read(folder.join("model.safetensors")).expect("a model");
        let file = safetensors::SafeTensors::deserialize(&bytes).expect("a model");
        let mut weights: Vec<(String, Vec<u8>)> =
            file.iter().map(|(name, view)| (name.to_owned(), view.data().to_vec())).collect();
        // Lead-ins and strokes are those of a whole training.
        weights.retain(|(name, _)| !name.starts_with("lead_in.") && !name.starts_with("strokes."));
        weights.sort();
        weights
    };
    assert!(weights(&alone) == weights(&folder.out.join("2x8")), "the two models differ");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_sweep_that_can_continue() {
    let folder = GridFolder::new();
    let grid = ["--layers", "1,2", "--cells", "8", "--updates", "1000000"];
    let arguments = folder.arguments("sweep", &folder.out, &grid);
    let running = Command::new(env!("CARGO_BIN_EXE_trainer"))
        .args(&arguments)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let mut running = running.expect("the trainer runs");
    while !folder.out.join("1x8/curve.csv").is_file() {
        assert!(running.try_wait().expect("its state").is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = running.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
    assert!(sent.success());
    let output = running.wait_with_output().expect("its end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("the same command continues"), "{said}");
    assert!(!folder.out.join("2x8").exists(), "the next training was begun");
    assert_eq!(folder.table().lines().count(), 2);
    let (_, said) = succeed(&[&arguments[..], &["--stop-after", "1"]].concat());
    assert!(said.contains("continuing from update") && folder.out.join("2x8").exists(), "{said}");
}

#[test]
fn an_invalid_sweep_is_reported() {
    let folder = GridFolder::new();
    for (option, list) in [("--layers", "0"), ("--layers", "9"), ("--cells", "8,x")] {
        let said = fail(&folder.arguments("sweep", &folder.out, &[option, list]));
        assert!(said.contains(option) && said.contains("invalid value"), "{said}");
    }
    let nowhere = folder.out.to_str().expect("a path");
    let said = fail(&["sweep", "--data", nowhere]);
    assert!(said.contains("there is no folder"), "{said}");
    // A training that cannot continue does not prevent the others.
    let grid = |updates| ["--layers", "1", "--cells", "4", "--updates", updates];
    succeed(&folder.arguments("sweep", &folder.out, &grid("5")));
    let wider = [&grid("6")[..], &["--cells", "8"]].concat();
    let said = fail(&folder.arguments("sweep", &folder.out, &wider));
    assert!(said.contains("1 of 2 trainings failed") && said.contains("--fresh"), "{said}");
    assert!(folder.out.join("1x8/model.safetensors").is_file());
    assert_eq!(folder.table().lines().count(), 2, "{}", folder.table());
}

#[test]
fn two_models_are_compared() {
    let folder = GridFolder::new();
    folder.sweep(&[]);
    let model = |size: &str| {
        folder.out.join(size).join("model.safetensors").to_str().expect("a path").to_owned()
    };
    let (a, b) = (model("1x8"), model("2x16"));
    let data = folder.data.to_str().expect("a path");
    let out = folder.out.join("side by side");
    let compare = |more: &[&'static str]| -> Vec<String> {
        let out = out.to_str().expect("a path");
        let fixed = ["compare", &a, &b, "--data", data, "--style", "rock", "--out", out];
        fixed.iter().chain(more).map(ToString::to_string).collect()
    };
    let run = |more: &[&'static str]| {
        let arguments = compare(more);
        succeed(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let (table, _) = run(&[]);
    for part in [
        "A: Groove, all styles, 1 x 8",
        "B: Groove, all styles, 2 x 16",
        "all beats (1)",
        "velocity, mean error",
        "offset, mean error",
        "played as rock",
        "bar-to-bar hit F1",
        "verbatim",
        "Closed hat, hits a bar",
        "* the better one",
        "compare.svg",
    ] {
        assert!(table.contains(part), "{part} is not in the table:\n{table}");
    }
    assert!(table.lines().any(|line| line.starts_with("all beats") && line.contains('*')));
    let picture = fs::read_to_string(out.join("compare.svg")).expect("a picture");
    for part in ["1 x 8", "2 x 16", "drummers", "Perplexity per step", "Hits a bar", "Crash"] {
        assert!(picture.contains(part), "{part} is not in the picture");
    }
    let written = fs::read_to_string(out.join("compare.csv")).expect("a table");
    assert!(written.lines().count() > 15 && written.contains("played as rock"), "{written}");

    // The measured figure equals the header's, on the same validation pieces. A style without
    // drummers is reported once; the rest is compared.
    let (json, said) = run(&["--json", "--play", "jazz"]);
    assert_eq!(said.matches("jazz is not played").count(), 1, "{said}");
    let both: serde_json::Value = serde_json::from_str(&json).expect("one JSON object");
    for (side, path) in [("a", &a), ("b", &b)] {
        let model = Model::from_bytes(&fs::read(path).expect("a model")).expect("a model");
        let header = model.metadata().validation.beats.expect("a figure");
        let measured = both[side]["perplexity"]["beats"].as_f64().expect("a figure");
        assert!((measured - header).abs() < 0.02 * header, "{measured}, the header: {header}");
        assert_eq!(both[side]["name"], model.metadata().name);
    }
    // `evaluate` measures the same.
    let fixed = ["evaluate", "--model", &a, "--data", data, "--style", "rock", "--play", "jazz"];
    let (json, _) = succeed(&[&fixed[..], &["--json"]].concat());
    let one: serde_json::Value = serde_json::from_str(&json).expect("one JSON object");
    for part in ["perplexity", "counts", "played"] {
        assert_eq!(one[part], both["a"][part], "{part}");
    }
    assert!(one["floor"]["beats"].is_number() && one["velocity"]["bar_ago_mae"].is_number());
}

#[test]
fn models_that_cannot_be_compared_are_reported() {
    let folder = GridFolder::new();
    fs::create_dir(&folder.out).expect("a folder");
    let path = |name: &str| folder.out.join(name).to_str().expect("a path").to_owned();
    let data = folder.data.to_str().expect("a path");
    fs::write(path("text"), b"no model").expect("written");
    for (a, b) in [("text", "gone"), ("gone", "text")] {
        let said = fail(&["compare", &path(a), &path(b), "--data", data, "--out", &path("out")]);
        assert!(said.contains(a), "{said}");
    }
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../assets/deep-pocket.safetensors");
    let out = path("out");
    let two = ["compare", shipped, shipped, "--data", data, "--out", &out];
    let said = fail(&[&two[..], &["--play", "polka"]].concat());
    assert!(said.contains("no style polka") && said.contains("rock"), "{said}");
    let said = fail(&["compare", &path("text"), "--data", data]);
    assert!(said.contains("<B>"), "{said}");
}
