//! `train`: learns from a folder of drum MIDI, and calibrates the result.

pub mod styles;

use anyhow::{Context, Result};

use crate::files;
use crate::train::calibration;
use crate::train::calibration::strokes::with_stroke_offsets;
use crate::train::console::stop_on_interrupt;
use crate::train::strokes::with_strokes;
pub use crate::train::training::TrainOptions;
use crate::train::training::{MODEL, train};

/// Trains, from the checkpoint in the output folder if there is one.
///
/// # Errors
/// If there is no training data, the folder cannot be written, or the training diverges.
pub fn run(options: &TrainOptions) -> Result<()> {
    let start = options.plan.start()?;
    let data = options.plan.read(&start.metadata)?;
    let stop = stop_on_interrupt()?;
    let outcome = train(options, &start, &data, &stop)?;
    let best = outcome
        .perplexity
        .context("stopped before the first evaluation on the validation pieces")?;
    let path = options.out.join(MODEL);
    // A fine-tuned model keeps its calibration: a few clips are not enough for another one.
    if options.plan.init.is_none() && outcome.update >= options.plan.updates {
        let bytes = files::read(&path)?;
        if files::parse_model(&path, &bytes)?.metadata().calibrations.is_empty() {
            let bytes = with_strokes(&path, &bytes, &data)?;
            let bytes = calibration::calibrated(&path, &bytes, &data)?;
            files::write_atomic(&path, &with_stroke_offsets(&path, &bytes, &data)?)?;
        }
    }
    if options.plan.init.is_some() && outcome.best.is_some_and(|best| best.update == 0) {
        eprintln!(
            "the validation clips are not predicted better than before: the model is unchanged"
        );
    }
    println!("best validation perplexity of beats {best:.3}: {}", path.display());
    Ok(())
}
