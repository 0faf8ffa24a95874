//! `prepare`: writes the batches of a training into a folder, for the same training on other
//! machines in PyTorch (`trainer/python/train.py`).
//!
//! The folder holds the initial network as a complete model file (`start.safetensors`), the
//! hyperparameters (`plan.json`), and a file with each update's batch, in order. Sparse rows are
//! stored as counts by row, places, and values. Rows are steps x lanes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use clap::Args;
use groove::learn::data::batch::Batch;
use groove::learn::data::stream::BatchStream;
use groove::learn::network::storage::with_slice;
use groove::learn::optimise::{BETAS, CLIP, average_decay};
use groove::model;
use groove::model::pointer_memory::{LIKENESS, SUMMARY};
use serde_json::json;

use crate::files;
use crate::train::console::{progress_bar, stop_on_interrupt};
use crate::train::lead_ins::lead_ins;
use crate::train::plan::Plan;

/// Folder of the batches in the output folder.
const BATCHES: &str = "batches";
/// Marks a missing bin.
const NO_BIN: u8 = u8::MAX;

/// Options of `prepare`: those of `train` that determine its result.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("init", |init| init.hide(true)))]
pub struct PrepareOptions {
    #[command(flatten)]
    plan: Plan,
    /// Folder for the batches; about 3 MB per update at the defaults
    #[arg(long, default_value = "target/prepared")]
    out: PathBuf,
    /// Print the summary of the data as JSON
    #[arg(long)]
    json: bool,
}

/// Writes the batches of a training.
///
/// # Errors
/// If there is no training data, or the folder cannot be written.
pub fn run(options: &PrepareOptions) -> Result<()> {
    let PrepareOptions { plan, out, json } = options;
    ensure!(plan.init.is_none(), "prepare writes a new network; --init is an option of train only");
    ensure!(
        plan.teachers.is_empty(),
        "prepare does not support distillation; --teacher is an option of train only"
    );
    let start = plan.start()?;
    let data = plan.read(&start.metadata)?;
    let rows = plan.rows(1)?;
    let mut stream = BatchStream::new(&start.metadata, plan.pieces(&data)?, rows, plan.seed)?;
    let batches = out.join(BATCHES);
    ensure!(
        !batches.exists(),
        "{} holds prepared batches; another --out keeps both",
        out.display()
    );
    files::create_folder(&batches)?;

    let net = start.net(plan.seed)?;
    let weights = net.weights.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone()));
    let model = model::write(
        &start.metadata_after(&data),
        &weights.collect(),
        &start.lead_ins(|| lead_ins(&data.pieces)),
        false,
    )?;
    files::write_atomic(&out.join("start.safetensors"), &model)?;
    let schedule = plan.schedule(&start.mode);
    let how = json!({
        "lanes": plan.lanes,
        "steps": plan.steps,
        "dropout": plan.dropout,
        "decay": schedule.decay,
        "betas": BETAS,
        "clip": CLIP,
        "seed": plan.seed,
        "rates": (0..plan.updates).map(|update| schedule.rate_at(update)).collect::<Vec<_>>(),
        "keeps": (0..plan.updates).map(average_decay).collect::<Vec<_>>(),
    });
    files::write_atomic(&out.join("plan.json"), how.to_string().as_bytes())?;

    let stop = stop_on_interrupt()?;
    let bar = progress_bar(plan.updates, 0);
    for update in 0..plan.updates {
        ensure!(!stop.load(Ordering::Relaxed), "stopped; {} is incomplete", out.display());
        write_batch(&batches.join(format!("{update:06}.safetensors")), &stream.next_batch()?)?;
        bar.inc(1);
    }
    bar.finish();
    match json {
        true => println!("{}", data.summary_json()),
        false => println!("{}\n{}", data.summary(), out.display()),
    }
    Ok(())
}

/// Non-zero values of rows: counts by row, places, and values.
#[derive(Default)]
struct Sparse {
    counts: Vec<i16>,
    places: Vec<i16>,
    values: Vec<f32>,
}

impl Sparse {
    fn new(rows: &[f32], width: usize) -> Result<Sparse> {
        let mut sparse = Sparse::default();
        for row in rows.chunks(width) {
            let before = sparse.places.len();
            for (place, &value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                sparse.places.push(i16::try_from(place)?);
                sparse.values.push(value);
            }
            sparse.counts.push(i16::try_from(sparse.places.len() - before)?);
        }
        Ok(sparse)
    }
}

fn write_batch(path: &Path, batch: &Batch) -> Result<()> {
    let (steps, lanes) = (batch.rows.steps, batch.rows.lanes);
    let classes = batch.references.len() / batch.rows.count();
    let bin = |bin: usize| u8::try_from(bin).unwrap_or(NO_BIN);
    let feel_targets =
        batch.feel_targets.outcomes.iter().map(|&outcome| bin(outcome.into())).collect();
    let both = batch.references.iter().flatten();
    let references = both
        .flat_map(|bins| {
            bins.map_or([NO_BIN; 2], |(velocity, offset)| [bin(velocity), bin(offset)])
        })
        .collect();
    let starts = batch.starts.iter().map(|&starts| u8::from(starts)).collect();
    let subset = |subset: u16| i16::try_from(subset).with_context(|| format!("subset {subset}"));
    let hits = batch.hits.iter().map(|&hits| subset(hits)).collect::<Result<_>>()?;
    let width = batch.feel_inputs.dim(1)?;
    let rows = with_slice(&batch.feel_inputs, |rows| Sparse::new(rows, width))??;
    let slots = || batch.memories.iter().flat_map(|memory| &memory.slots);
    let slot_counts = batch.memories.iter().map(|memory| bin(memory.slots.len())).collect();
    let struck = slots().map(|slot| subset(slot.struck)).collect::<Result<_>>()?;
    let likeness = slots().flat_map(|slot| slot.likeness).collect();
    let summary = batch.memories.iter().flat_map(|memory| memory.summary).collect();

    let bytes = |values: Vec<u8>, shape: &[usize]| Tensor::from_vec(values, shape, &Device::Cpu);
    let shorts = |values: Vec<i16>, shape: &[usize]| Tensor::from_vec(values, shape, &Device::Cpu);
    let halves = |values: Vec<f32>, shape: &[usize]| {
        Tensor::from_vec(values, shape, &Device::Cpu)?.to_dtype(DType::F16)
    };
    let (nonzero, slot_total) = (rows.places.len(), slots().count());
    let all = HashMap::from([
        ("starts", bytes(starts, &[steps, lanes])?),
        ("hits", shorts(hits, &[steps, lanes])?),
        ("manner", bytes(feel_targets, &[steps, lanes, classes, 2])?),
        ("references", bytes(references, &[steps, lanes, classes, 2, 2])?),
        ("row_counts", shorts(rows.counts, &[steps, lanes])?),
        ("row_places", shorts(rows.places, &[nonzero])?),
        ("row_values", halves(rows.values, &[nonzero])?),
        ("slot_counts", bytes(slot_counts, &[steps, lanes])?),
        ("struck", shorts(struck, &[slot_total])?),
        ("likeness", halves(likeness, &[slot_total, LIKENESS])?),
        ("summary", halves(summary, &[steps, lanes, SUMMARY])?),
    ]);
    files::write_atomic(path, &safetensors::serialize(all, None)?)
}
