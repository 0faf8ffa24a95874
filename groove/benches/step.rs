//! Cost of a network step, next to a plain read of its weights and to ONNX Runtime; cost of a bar
//! and of a phrase; scaling with model and phrase size.
//!
//! The first lines are measured in turns within one run, so that load on the machine affects all
//! candidates alike; each figure is the minimum of its turns. ONNX Runtime takes part if the Python
//! interpreter in the variable `PYTHON` (default `python3`) has it and `onnx`; its results must
//! agree closely. Criterion's figures follow. Lines that begin with `figure` are for `cargo xtask
//! bench`.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use candle_core::{Device, Tensor};
use criterion::{BenchmarkId, Criterion};
use groove::Meter;
use groove::generate::Drummer;
use groove::model::encode::Kind;
use groove::model::feel::References;
use groove::model::pointer_memory::Memory;
use groove::model::{Metadata, Model, Stack, write};
use groove::pattern::style::style_number;
use groove::take::{Take, TakeControls};
use multiversion::multiversion;

const SHIPPED: &[u8] = include_bytes!("../../assets/deep-pocket.safetensors");

/// Turns of each candidate, and steps per turn.
const TURNS: usize = 200;
const STEPS: u32 = 20;

/// Inputs of both networks at a step in the third bar of a take, and the pointer memory there.
struct Told {
    row: Vec<f32>,
    feel_row: Vec<f32>,
    memory: Memory,
}

impl Told {
    fn new(model: &Arc<Model>) -> Told {
        let metadata = model.metadata();
        let kind = Kind {
            style: style_number("rock").expect("a style"),
            blend: (0, 0.0),
            tempo: 120.0,
            meter: Meter::FOUR_FOUR,
            fill: false,
        };
        let take = Take::from(TakeControls { style: kind.style, ..TakeControls::default() });
        let phrase = Drummer::new(Arc::clone(model)).phrase(&take, kind.meter, 0).expect("bars");
        let steps: Vec<_> = phrase.iter().flat_map(|bar| bar.steps().to_vec()).collect();
        let (past, next) = (&steps[..40], &steps[40]);
        let memory = Memory::at(past, kind.meter);
        let mut feel_row = vec![0.0; metadata.feel_row()];
        let (told, cells) = feel_row.split_at_mut(metadata.row());
        metadata.write_row(past, &kind, told);
        let row = told.to_vec();
        References::at(past, &memory, kind.meter).write(next.drums(), cells);
        Told { row, feel_row, memory }
    }
}

/// One step of both networks, with all their outputs.
fn step(model: &Model, state: &mut groove::model::State, told: &Told) {
    std::hint::black_box(model.hits(state, &told.row, &told.memory).expect("logits"));
    model.feel(state, &told.feel_row).expect("a step");
    for class in 0..model.metadata().classes.classes() {
        std::hint::black_box(model.velocity_offset(state, class).expect("outputs"));
    }
}

/// Reads all numbers once, at full memory bandwidth.
#[multiversion(targets("x86_64+avx2"))]
fn read(numbers: &[u64]) -> u64 {
    let (chunks, _) = numbers.as_chunks::<32>();
    let mut sums = [0u64; 32];
    for chunk in chunks {
        for (sum, number) in sums.iter_mut().zip(chunk) {
            *sum = sum.wrapping_add(*number);
        }
    }
    sums.iter().fold(0, |all, sum| all.wrapping_add(*sum))
}

/// Bytes of the player's own weights: one for each weight of each matrix, whose outputs are padded to
/// panels, and a 32-bit scale and bias for each output.
fn own_bytes(metadata: &Metadata) -> usize {
    const PANEL: usize = 64;
    let of_matrix = |shape: &[usize]| match *shape {
        [outputs, inputs] => outputs.next_multiple_of(PANEL) * (inputs + 8),
        _ => 0,
    };
    metadata.tensors().iter().map(|(_, shape)| of_matrix(shape)).sum()
}

fn least(times: impl Iterator<Item = Duration>) -> Duration {
    times.min().unwrap_or_default()
}

fn time(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

/// ONNX Runtime in a separate process that waits for its turn.
struct Onnx {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Onnx {
    /// Starts the process. Returns its version and its first step: the first logit and the first
    /// output of the feel network. `None` if ONNX Runtime is not available.
    fn start(model: &Path, told: &Path) -> Option<(Onnx, Vec<String>)> {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/onnx_step.py");
        let mut child = Command::new(python)
            .arg(script)
            .args([model, told])
            .arg(STEPS.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut lines = BufReader::new(child.stdout.take()?).lines();
        let first = lines.next()?.ok()?;
        let words = first.split('\t').map(str::to_owned).collect();
        Some((Onnx { child, lines }, words))
    }

    /// Duration of a turn.
    fn turn(&mut self) -> Duration {
        let stdin = self.child.stdin.as_mut().expect("its input");
        stdin.write_all(b"\n").expect("it listens");
        let line = self.lines.next().expect("an answer").expect("a line");
        Duration::from_secs_f64(line.trim().parse().expect("seconds"))
    }
}

impl Drop for Onnx {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // The process ends with its input. A failure to end cannot be reported here.
        let _ = self.child.wait();
    }
}

fn little_endian<'a>(numbers: impl Iterator<Item = &'a f32>) -> Vec<u8> {
    numbers.flat_map(|number| number.to_le_bytes()).collect()
}

/// Our step, a plain read and ONNX Runtime, in turns.
fn turns(model: &Arc<Model>, told: &Told) {
    let folder = tempfile::tempdir().expect("a folder");
    let [weights, rows] = ["model.safetensors", "rows"].map(|name| folder.path().join(name));
    std::fs::write(&weights, SHIPPED).expect("a file");
    std::fs::write(&rows, little_endian(told.row.iter().chain(&told.feel_row))).expect("a file");
    let mut onnx = Onnx::start(&weights, &rows);
    if let Some((_, words)) = &onnx {
        let mut state = model.start();
        let logit = model.hits(&mut state, &told.row, &Memory::default()).expect("logits")[0];
        model.feel(&mut state, &told.feel_row).expect("a step");
        let felt = model.velocity_offset(&state, 0).expect("outputs")[0];
        for (ours, theirs) in [logit, felt].into_iter().zip(&words[1..]) {
            let theirs: f32 = theirs.parse().expect("a number");
            // ONNX Runtime has the file's weights, our step has int8 weights.
            assert!((ours - theirs).abs() < 0.05, "{ours} here, {theirs} in ONNX Runtime");
        }
    }
    let (chunks, _) = SHIPPED.as_chunks::<8>();
    let numbers: Vec<u64> = chunks.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect();
    // As many bytes as the player's own weights have, of any content.
    let own: Vec<u64> = numbers[..own_bytes(model.metadata()).min(SHIPPED.len()) / 8].to_vec();
    let read_all = |numbers: &[u64]| {
        time(|| {
            (0..STEPS).for_each(|_| {
                std::hint::black_box(read(std::hint::black_box(numbers)));
            });
        }) / STEPS
    };
    let mut state = model.start();
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..TURNS {
        times[0].push(time(|| (0..STEPS).for_each(|_| step(model, &mut state, told))) / STEPS);
        times[1].push(read_all(&numbers));
        times[3].push(read_all(&own));
        if let Some((onnx, _)) = &mut onnx {
            times[2].push(onnx.turn());
        }
    }
    let [ours, reading, theirs, reading_own] = times.map(|times| least(times.into_iter()));
    println!("a step with all outputs          {ours:.1?}");
    println!("reading the weights once         {reading:.1?}");
    println!("reading the player's own bytes   {reading_own:.1?} ({} kB)", own.len() * 8 / 1000);
    println!("figure own_bytes_us {:.2}", reading_own.as_secs_f64() * 1e6);
    println!("figure step_vs_bytes {:.3}", ours.as_secs_f64() / reading_own.as_secs_f64());
    println!("figure step_us {:.2}", ours.as_secs_f64() * 1e6);
    println!("figure weights_us {:.2}", reading.as_secs_f64() * 1e6);
    println!("figure step_vs_weights {:.3}", ours.as_secs_f64() / reading.as_secs_f64());
    match onnx {
        Some((_, words)) => {
            println!("{:<33}{theirs:.1?}", words[0]);
            println!("figure onnx_us {:.2}", theirs.as_secs_f64() * 1e6);
            println!("figure step_vs_onnx {:.3}", ours.as_secs_f64() / theirs.as_secs_f64());
        }
        None => println!("ONNX Runtime: not measured; PYTHON names no Python that has it"),
    }
}

/// The first bar of a take, and phrases, each by a drummer without cached bars.
fn bars(model: &Arc<Model>) {
    let take = Take::default();
    let fresh = |act: &dyn Fn(&mut Drummer)| {
        let turn = |_| time(|| act(&mut Drummer::new(Arc::clone(model))));
        least((0..TURNS / 4).map(turn)).as_secs_f64() * 1e3
    };
    let meter = Meter::FOUR_FOUR;
    let phrase = |number| {
        fresh(&|drummer| {
            std::hint::black_box(drummer.phrase(&take, meter, number).expect("bars"));
        })
    };
    let first_bar = fresh(&|drummer| {
        std::hint::black_box(drummer.bar(&take, meter, 0).expect("a bar"));
    });
    println!("figure first_bar_ms {first_bar:.3}");
    println!("figure phrase_ms {:.3}", phrase(0));
    println!("figure phrase_after_theme_ms {:.3}", phrase(3));
}

/// A model of another size, with 16-bit weights.
fn sized(stack: Stack) -> Arc<Model> {
    let metadata = Metadata::new("Of another size", stack, stack, "nothing");
    let tensor = |(name, shape): (String, Vec<usize>)| {
        let count = shape.iter().product();
        let numbers =
            (0..count).map(|i: usize| ((i * 7919 % 10_007) as f32 / 5_003.5 - 1.0) / 16.0);
        (name, Tensor::from_iter(numbers, &Device::Cpu).and_then(|x| x.reshape(shape)).expect("it"))
    };
    let tensors: HashMap<_, _> = metadata.tensors().into_iter().map(tensor).collect();
    let bytes = write(&metadata, &tensors, &[], true).expect("a file");
    Arc::new(Model::from_bytes(&bytes).expect("a model"))
}

fn main() {
    let model = Arc::new(Model::from_bytes(SHIPPED).expect("the shipped weights"));
    let told = Told::new(&model);
    turns(&model, &told);
    bars(&model);

    let mut criterion = Criterion::default().configure_from_args();
    let mut steps = criterion.benchmark_group("step");
    for (layers, cells) in [(2, 64), (2, 128), (2, 256), (2, 512), (1, 256), (3, 256)] {
        let other = sized(Stack { layers, cells });
        let mut state = other.start();
        steps.bench_function(
            BenchmarkId::from_parameter(format!("{layers} x {cells}")),
            |bencher| {
                bencher.iter(|| step(&other, &mut state, &told));
            },
        );
    }
    steps.finish();
    let mut phrases = criterion.benchmark_group("phrase");
    for bars in [1, 2, 4, 8] {
        let take = Take { phrase_bars: bars, ..Take::default() };
        phrases.bench_function(BenchmarkId::from_parameter(format!("{bars} bars")), |bencher| {
            bencher.iter(|| {
                let mut drummer = Drummer::new(Arc::clone(&model));
                drummer.phrase(&take, Meter::FOUR_FOUR, 0).expect("bars")
            });
        });
    }
    phrases.finish();
    criterion.bench_function("the shipped weights are read", |bencher| {
        bencher.iter(|| Model::from_bytes(SHIPPED).expect("the shipped weights"));
    });
    criterion.final_summary();
}
