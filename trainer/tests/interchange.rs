//! Test of the training in PyTorch on two processes: from the same prepared batches it must give
//! the same model. Runs if the Python in the variable `PYTHON` (default `python3`) has PyTorch.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{offset_at, step, write_clips};
use groove::Drum;

fn python() -> String {
    std::env::var("PYTHON").unwrap_or_else(|_| "python3".into())
}

fn has_torch() -> bool {
    let output = Command::new(python()).args(["-c", "import torch, safetensors"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// Runs a command, which must succeed; returns its output.
fn succeed(command: &mut Command) -> String {
    let output = command.env_remove("GROOVE_DIR").output().expect("it runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn trainer(arguments: &[&str]) -> String {
    succeed(Command::new(env!("CARGO_BIN_EXE_trainer")).args(arguments))
}

/// Writes beats of six bars that differ from clip to clip and from bar to bar.
fn clips(folder: &Path) {
    write_clips(folder, 96, |number, at| {
        let other = !at.is_multiple_of(4) && at % 8 == (at / 16 + number) % 8;
        let kick = (Drum::Kick, 100, at % 8 == 0);
        let snare = (Drum::Snare, 110, at % 8 == 4);
        let hat = (Drum::ClosedHat, 60, at % 2 == number % 2);
        step(offset_at(at), &[kick, snare, (Drum::Kick, 80, other), hat])
    });
}

fn perplexity(model: &str, data: &str) -> f64 {
    let fixed = ["evaluate", "--split", "train", "--style", "rock", "--json"];
    let json = trainer(&[&fixed[..], &["--model", model, "--data", data]].concat());
    let report: serde_json::Value = serde_json::from_str(&json).expect("one JSON object");
    report["perplexity"]["beats"].as_f64().expect("a figure")
}

#[test]
fn two_pytorch_processes_train_the_same_model() {
    if !has_torch() {
        println!("skipped: {} has no PyTorch and safetensors; PYTHON names another", python());
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let data = path("data");
    fs::create_dir(&data).expect("a folder");
    clips(Path::new(&data));
    for preset in ["deep-pocket", "drum-kit"] {
        let [prepared, ours, theirs] = ["prepared", "ours", "theirs.safetensors"]
            .map(|name| path(&format!("{preset}-{name}")));
        let plan = [
            ["--data", &data],
            ["--style", "rock"],
            ["--preset", preset],
            ["--updates", "30"],
            ["--layers", "2"],
            ["--cells", "24"],
            ["--feel-cells", "16"],
            ["--lanes", "4"],
            ["--steps", "32"],
            ["--rate", "0.01"],
            // Dropout is random; everything else must agree.
            ["--dropout", "0"],
        ];
        trainer(&[&["prepare"], plan.as_flattened(), &["--out", &prepared]].concat());
        let watched = ["--out", &ours, "--look-every", "30"];
        trainer(&[&["train"], plan.as_flattened(), &watched].concat());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/train.py");
        let torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"];
        succeed(Command::new(python()).args(torchrun).args([script, &prepared, &theirs]));
        let start = perplexity(&format!("{prepared}/start.safetensors"), &data);
        let ours = perplexity(&format!("{ours}/model.safetensors"), &data);
        let theirs = perplexity(&theirs, &data);
        println!("{preset}: at the start {start:.3}, ours {ours:.4}, PyTorch's {theirs:.4}");
        assert!(ours < 0.5 * start, "{preset}: it learned nothing, {start} to {ours}");
        assert!((theirs / ours - 1.0).abs() < 0.005, "{preset}: {ours} here, {theirs} in PyTorch");
    }
}
