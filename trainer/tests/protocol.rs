//! Tests of `protocol` with a small model and a small data set.

mod common;

use std::fs;
use std::path::Path;

use common::{fail, offset_at, step, succeed};
use groove::pattern::midi::{Clip, MidiLayout};
use groove::{Drum, Meter};
use serde_json::Value;

const SMALL: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../plugin/tests/models/small.safetensors");

/// Writes a data set of ten train beats and two validation beats in rock, of five bars.
fn data_set(folder: &Path) {
    let mut table = "style,bpm,beat_type,time_signature,midi_filename,split\n".to_owned();
    for number in 0..12usize {
        let velocity = 60 + u8::try_from(number).expect("small");
        let step = |at: usize| {
            let kick = (Drum::Kick, 100, at.is_multiple_of(8) || at % (7 + number) == 3);
            let snare = (Drum::Snare, 110, at % 8 == 4);
            let hat = (Drum::ClosedHat, velocity, at % 2 == number % 2 || at == 79);
            step(offset_at(at + number), &[kick, snare, hat])
        };
        let tempo = 100 + number;
        let steps = (0..80).map(step).collect();
        let clip = Clip {
            steps,
            tempo: f64::from(u8::try_from(tempo).expect("small")),
            meter: Meter::FOUR_FOUR,
        };
        let name = format!("{number}.mid");
        let written = clip.write(&MidiLayout::new("clip", Drum::PITCHES));
        fs::write(folder.join(&name), written).expect("written");
        let split = if number < 10 { "train" } else { "validation" };
        table += &format!("rock,{tempo},beat,4-4,{name},{split}\n");
    }
    fs::write(folder.join("info.csv"), table).expect("written");
}

/// Runs the protocol on the data set; returns its JSON and its standard error.
fn protocol(data: &str, more: &[&str]) -> (Value, String) {
    let (said, fault) = succeed(&[&["protocol", "--data", data, "--json"][..], more].concat());
    (serde_json::from_str(&said).expect("JSON"), fault)
}

#[test]
fn a_folder_of_takes_has_the_figures_of_the_model_that_wrote_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let (data, takes) = (path("data"), path("takes"));
    fs::create_dir(&data).expect("a folder");
    data_set(Path::new(&data));
    // The last bar of a file is incomplete if its last step is silent.
    let fixed = ["generate", "--model", SMALL, "--style", "rock", "--bars", "17", "--seed", "0"];
    succeed(&[&fixed[..], &["--count", "240", "--tempi-of", &data, "--out", &takes]].concat());
    let (model, _) = protocol(&data, &[SMALL]);
    let (files, _) = protocol(&data, &["--midi", &takes]);
    // Files are in another order than seeds: the halvings of the judge and the drawn pairs differ.
    for (block, figure, tolerance) in [
        ("judged", "hits", 0.02),
        ("judged", "feel", 0.02),
        ("judged", "human_feel", 0.0),
        ("backbone", "backbeat", 1e-9),
        ("backbone", "kick_one", 1e-9),
        ("backbone", "place_mad", 1e-9),
        ("diversity", "distinct_first_bars", 0.0),
        ("diversity", "pair_f1", 0.005),
        ("played", "bar_f1", 1e-9),
        ("played", "verbatim", 0.0),
    ] {
        let of = |all: &Value| all[block]["rock"][figure].as_f64().expect("a figure");
        let (model, files) = (of(&model), of(&files));
        assert!((model - files).abs() <= tolerance, "{block} {figure}: {model} {files}");
    }
    assert!(model["prediction"]["perplexity"]["beats"].as_f64().expect("a figure") > 1.0);
    assert_eq!(model["humanise"]["answers"]["windows"], 8, "two beats of five bars");
    assert_eq!(model["tap"]["windows"], 8);
    assert_eq!(files["prediction"], Value::Null);
    assert_eq!(files["humanise"]["answers"], Value::Null);
    assert_eq!(files["humanise"]["grid"], model["humanise"]["grid"]);

    // The data set itself is a folder of takes, too: the rows of the split.
    let (_, said) = protocol(&data, &["--midi", &data]);
    assert!(said.contains("rock is not compared: it has 2 takes, the minimum is 5"), "{said}");
}

#[test]
fn inputs_given_back_as_answers_have_the_errors_of_the_grid() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let (data, inputs) = (path("data"), path("inputs"));
    fs::create_dir(&data).expect("a folder");
    data_set(Path::new(&data));
    let (said, _) = succeed(&["protocol", "--data", &data, "--write-inputs", &inputs]);
    assert!(said.contains("humanise: 8 inputs") && said.contains("tap: 8 inputs"), "{said}");
    let (figures, _) = protocol(&data, &["--midi", &inputs]);
    let humanise = &figures["humanise"];
    assert_eq!(humanise["answers"], humanise["grid"]);
    assert!(humanise["grid"]["timing_mae_ms"].as_f64().expect("a figure") > 1.0);
    let tap = &figures["tap"];
    assert_eq!((tap["windows"].as_u64(), tap["onsets_met"].as_f64()), (Some(8), Some(1.0)));
    let figure = |name: &str| tap[name].as_f64().expect("a figure");
    assert!(figure("hit_ratio") < 1.0 && figure("recall") < figure("precision"), "{tap}");
    assert_eq!(figures["judged"], Value::Null, "there are no takes");

    fs::remove_file(folder.path().join("inputs/tap/0003-rock-110bpm.mid")).expect("removed");
    let said = fail(&["protocol", "--data", &data, "--midi", &inputs]);
    assert!(said.contains("1 of 8 answers are missing, the first is"), "{said}");
    let said = fail(&["protocol", "--data", &data]);
    assert!(said.contains("--midi <FOLDER>"), "{said}");
}
