//! Benchmark of one training update of the hit network at its shipped size: 32 lanes of 128 steps
//! through 2 x 256 cells, forward and backward, without the optimiser step. Compares our ops,
//! candle-nn's LSTM, and PyTorch, if the Python in the variable `PYTHON` (default `python3`) has
//! it.
//!
//! The implementations run in turns, so that background load slows all alike, and must agree on the
//! loss and on the norm of the gradient. Each gets a line with the median and the minimum of its
//! times.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor};
use candle_nn::rnn::{LSTM, LSTMConfig, LSTMState, RNN};
use candle_nn::{Linear, Module, VarBuilder, VarMap};
use groove::learn::data::batch::Targets;
use groove::learn::data::rows::Rows;
use groove::learn::network::linear::linear;
use groove::learn::network::losses::cross_entropy;
use groove::learn::network::lstm::{LstmState, LstmWeights, lstm};
use groove::model::{Metadata, Stack};

const LANES: usize = 32;
const STEPS: usize = 128;
const STACK: Stack = Stack { layers: 2, cells: 256 };
/// Turns of our ops and of PyTorch, and of candle-nn, which is slow.
const TURNS: usize = 25;
const PLAIN_TURNS: usize = 3;
/// Pause between two turns, long enough for the worker threads to park.
const REST: Duration = Duration::from_millis(100);

/// Seconds of an update, its loss and the norm of its gradient.
type Update = [f64; 3];

/// Reproducible pseudo-random numbers between -`bound` and `bound`.
fn numbers(count: usize, salt: usize, bound: f32) -> Vec<f32> {
    let mix = |i: usize| ((i * 7919 + salt * 104_729 + 13) * 31 % 10_007) as f32;
    (0..count).map(|i| (mix(i) / 5_003.5 - 1.0) * bound).collect()
}

/// Weights and batch shared by all implementations.
struct Setting {
    weights: VarMap,
    inputs: usize,
    subsets: usize,
    /// Steps x lanes x inputs.
    x: Vec<f32>,
    /// Steps x lanes.
    struck: Vec<u16>,
}

impl Setting {
    fn new() -> Result<Setting> {
        let metadata = Metadata::new("", STACK, STACK, "");
        let weights = VarMap::new();
        let of_beat = |(name, shape): (String, Vec<usize>)| {
            name.strip_prefix("beat.").map(|name| (name.to_owned(), shape))
        };
        for (salt, (name, shape)) in metadata.tensors().into_iter().filter_map(of_beat).enumerate()
        {
            let values = numbers(shape.iter().product(), salt, 1.0 / 16.0);
            let var = candle_core::Var::from_vec(values, shape, &Device::Cpu)?;
            weights.data().lock().expect("the map").insert(name, var);
        }
        let (inputs, subsets) = (metadata.row(), metadata.classes.subsets());
        let x = numbers(STEPS * LANES * inputs, 99, 0.5);
        let struck = (0..STEPS * LANES).map(|row| row * 7919 % subsets);
        let struck = struck.map(u16::try_from).collect::<Result<_, _>>()?;
        Ok(Setting { weights, inputs, subsets, x, struck })
    }

    /// Runs one update and measures it.
    fn update(&self, run: impl FnOnce() -> Result<(Tensor, GradStore)>) -> Result<Update> {
        let start = Instant::now();
        let (loss, gradients) = run()?;
        let seconds = start.elapsed().as_secs_f64();
        let mut square = 0.0;
        for var in self.weights.all_vars() {
            let gradient = gradients.get(&var).context("a weight has no gradient")?;
            square += f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?);
        }
        Ok([seconds, loss.to_scalar::<f32>()?.into(), square.sqrt()])
    }

    /// Writes weights and batch as a safetensors file for PyTorch.
    fn write(&self, path: &Path) -> Result<()> {
        let mut all = std::collections::HashMap::new();
        for (name, var) in self.weights.data().lock().expect("the map").iter() {
            all.insert(name.clone(), var.as_tensor().clone());
        }
        let x = Tensor::from_slice(&self.x, (STEPS, LANES, self.inputs), &Device::Cpu)?;
        let struck: Vec<i64> = self.struck.iter().map(|&subset| subset.into()).collect();
        all.insert("x".into(), x);
        all.insert("struck".into(), Tensor::from_vec(struck, (STEPS, LANES), &Device::Cpu)?);
        Ok(candle_core::safetensors::save(&all, path)?)
    }
}

/// Our ops, combined as the trainer combines them.
struct Ours {
    rows: Rows,
    starts: Arc<Vec<bool>>,
    x: Tensor,
    targets: Targets,
}

impl Ours {
    fn new(setting: &Setting) -> Result<Ours> {
        let parts = rayon::current_num_threads().min(LANES);
        ensure!(LANES.is_multiple_of(parts), "{LANES} lanes cannot be shared by {parts} threads");
        let rows = Rows { parts, steps: STEPS, lanes: LANES / parts };
        let (mut x, mut struck) = (setting.x.clone(), setting.struck.clone());
        for lane in 0..LANES {
            for step in 0..STEPS {
                let (to, from) = (rows.row(lane, step), step * LANES + lane);
                let width = setting.inputs;
                x[to * width..][..width].copy_from_slice(&setting.x[from * width..][..width]);
                struck[to] = setting.struck[from];
            }
        }
        Ok(Ours {
            rows,
            starts: Arc::new(vec![false; rows.count()]),
            x: Tensor::from_vec(x, (rows.count(), setting.inputs), &Device::Cpu)?,
            targets: Targets { sizes: vec![setting.subsets], outcomes: struck },
        })
    }

    fn run(&self, setting: &Setting) -> Result<(Tensor, GradStore)> {
        let weights = setting.weights.data().lock().expect("the map");
        let weight = |name: &str| weights[name].as_tensor();
        let mut x = self.x.clone();
        for layer in 0..STACK.layers {
            let part = |name: &str| weight(&format!("{name}_l{layer}"));
            let bias = (part("bias_ih") + part("bias_hh"))?;
            let (input, recurrent) = (part("weight_ih"), part("weight_hh"));
            let weights = LstmWeights { input, recurrent, bias: &bias, needs_input: layer > 0 };
            (x, _) = lstm(&x, weights, self.rows, &self.starts, &LstmState::default())?;
        }
        let logits = linear(&x, weight("out.weight"), weight("out.bias"))?;
        let loss = cross_entropy(&logits, self.targets.clone(), None, self.rows.count() as f32)?;
        let gradients = loss.backward()?;
        Ok((loss, gradients))
    }
}

/// candle-nn's LSTM, step by step, under autograd.
struct Plain {
    layers: Vec<LSTM>,
    out: Linear,
    /// Lanes x steps x inputs, the layout that candle-nn expects.
    x: Tensor,
    struck: Tensor,
}

impl Plain {
    fn new(setting: &Setting) -> Result<Plain> {
        let builder = VarBuilder::from_varmap(&setting.weights, DType::F32, &Device::Cpu);
        let layer = |layer_idx: usize| {
            let width = if layer_idx == 0 { setting.inputs } else { STACK.cells };
            let config = LSTMConfig { layer_idx, ..LSTMConfig::default() };
            LSTM::new(width, STACK.cells, config, builder.clone())
        };
        let x = Tensor::from_slice(&setting.x, (STEPS, LANES, setting.inputs), &Device::Cpu)?;
        let struck: Vec<u32> = setting.struck.iter().map(|&subset| subset.into()).collect();
        let struck = Tensor::from_vec(struck, (STEPS, LANES), &Device::Cpu)?;
        Ok(Plain {
            layers: (0..STACK.layers).map(layer).collect::<Result<_, _>>()?,
            out: candle_nn::linear(STACK.cells, setting.subsets, builder.pp("out"))?,
            x: x.transpose(0, 1)?.contiguous()?,
            struck: struck.t()?.flatten_all()?,
        })
    }

    fn run(&self) -> Result<(Tensor, GradStore)> {
        let mut x = self.x.clone();
        for layer in &self.layers {
            let hidden: Vec<Tensor> = layer.seq(&x)?.iter().map(LSTMState::h).cloned().collect();
            x = Tensor::stack(&hidden, 1)?;
        }
        let logits = self.out.forward(&x.flatten_to(1)?)?;
        let loss = candle_nn::loss::cross_entropy(&logits, &self.struck)?;
        let gradients = loss.backward()?;
        Ok((loss, gradients))
    }
}

/// PyTorch, in a process that runs one update per input line.
struct Torch {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Torch {
    /// Starts the process and returns it with its name; `None` if the Python has no PyTorch.
    fn start(file: &Path) -> Result<Option<(Torch, String)>> {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/update.py");
        let child = Command::new(&python)
            .arg(script)
            .arg(file)
            .arg(rayon::current_num_threads().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else { return Ok(None) };
        let mut lines = BufReader::new(child.stdout.take().context("no output")?).lines();
        match lines.next() {
            Some(name) => Ok(Some((Torch { child, lines }, name?))),
            None => {
                child.wait()?;
                Ok(None)
            }
        }
    }

    fn update(&mut self) -> Result<Update> {
        writeln!(self.child.stdin.as_mut().context("no input")?)?;
        let line = self.lines.next().context("PyTorch stopped")??;
        let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        numbers.try_into().map_err(|_| anyhow::anyhow!("PyTorch said {line}"))
    }
}

impl Drop for Torch {
    fn drop(&mut self) {
        // The process ends when its input closes.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Records the time of a turn, and checks its loss and gradient against those of the first.
fn turn(times: &mut Vec<f64>, first: &mut Option<Update>, update: Update) -> Result<()> {
    let [_, loss, norm] = *first.get_or_insert(update);
    ensure!(
        (update[1] / loss - 1.0).abs() < 1e-4 && (update[2] / norm - 1.0).abs() < 1e-3,
        "loss and gradient are {loss} and {norm} in one path, {} and {} in another",
        update[1],
        update[2]
    );
    times.push(update[0]);
    std::thread::sleep(REST);
    Ok(())
}

/// Returns the median and the minimum.
fn summary(times: &mut [f64]) -> [f64; 2] {
    times.sort_by(f64::total_cmp);
    [times[times.len() / 2], times[0]]
}

fn main() -> Result<()> {
    let setting = Setting::new()?;
    let (ours, plain) = (Ours::new(&setting)?, Plain::new(&setting)?);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("update.safetensors");
    setting.write(&file)?;
    let mut torch = Torch::start(&file)?;
    let mut times: [Vec<f64>; 3] = Default::default();
    let [our_times, plain_times, torch_times] = &mut times;
    let mut first = None;
    // Warm-up.
    setting.update(|| ours.run(&setting))?;
    if let Some((torch, _)) = &mut torch {
        torch.update()?;
    }
    for round in 0..TURNS {
        turn(our_times, &mut first, setting.update(|| ours.run(&setting))?)?;
        if let Some((torch, _)) = &mut torch {
            turn(torch_times, &mut first, torch.update()?)?;
        }
        if round < PLAIN_TURNS {
            turn(plain_times, &mut first, setting.update(|| plain.run())?)?;
        }
    }
    println!(
        "one update of {LANES} x {STEPS} steps, {} x {} cells, row of {}, forward and backward, \
         {} threads: medians",
        STACK.layers,
        STACK.cells,
        setting.inputs,
        rayon::current_num_threads()
    );
    let [ours, ours_least] = summary(our_times);
    println!("ours: {ours:.3} s, least {ours_least:.3}");
    let [plain, plain_least] = summary(plain_times);
    println!("Candle's plain path: {plain:.3} s, least {plain_least:.3}");
    match torch {
        Some((_, name)) => {
            let [theirs, theirs_least] = summary(torch_times);
            println!("{name}: {theirs:.3} s, least {theirs_least:.3}");
            println!(
                "ours / PyTorch: {:.2}, of the least {:.2}",
                ours / theirs,
                ours_least / theirs_least
            );
            // Parsed by `cargo xtask bench`.
            println!("figure train_vs_pytorch {:.3}", ours_least / theirs_least);
        }
        None => println!("PyTorch: not measured; PYTHON names no Python that has it"),
    }
    Ok(())
}
