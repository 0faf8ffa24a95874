//! Inputs and answers of the tasks on two-bar windows, as files and by a model.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use groove::model::{Metadata, Model};
use groove::pattern::input_maps::InputMap;
use groove::pattern::midi::{Clip, MidiLayout, PitchMap};
use groove::{Meter, Step};
use rayon::prelude::*;

use crate::files;
use crate::metrics::windows::{TwoBarWindow, WINDOW_STEPS, WindowTask, humanise, tap};

/// Answers with a model, one for each window. The seed of a window is its number.
pub(super) fn of_model(
    task: WindowTask,
    model: &Arc<Model>,
    windows: &[TwoBarWindow],
) -> Result<Vec<Vec<Step>>> {
    let answer = |(number, window): (usize, &TwoBarWindow)| -> Result<Vec<Step>> {
        Ok(match task {
            WindowTask::Humanise => humanise::answer(model, window)?,
            WindowTask::Tap => tap::answer(model, window, u32::try_from(number)?)?,
        })
    };
    windows.par_iter().enumerate().map(answer).collect()
}

/// Returns the file name of a window, such as `0012-rock-105bpm.mid`.
fn file_name(number: usize, window: &TwoBarWindow, metadata: &Metadata) -> String {
    let kind = &window.kind;
    format!("{number:04}-{}-{:.0}bpm.mid", metadata.style_name(kind.style), kind.tempo)
}

/// Writes the inputs of both tasks into folders of their names, with tempo and General MIDI pitches.
pub(super) fn write_inputs(
    folder: &Path,
    metadata: &Metadata,
    windows: &[TwoBarWindow],
) -> Result<()> {
    for task in WindowTask::ALL {
        let folder = folder.join(task.name());
        files::create_folder(&folder)?;
        for (number, window) in windows.iter().enumerate() {
            let tempo = f64::from(window.kind.tempo);
            let clip = Clip { steps: task.input(window), tempo, meter: Meter::FOUR_FOUR };
            let layout = MidiLayout::new(task.name(), metadata.classes.pitches());
            let path = folder.join(file_name(number, window, metadata));
            files::write(&path, clip.write(&layout))?;
        }
        println!("{}: {} inputs", folder.display(), windows.len());
    }
    Ok(())
}

/// Reads the answers of a task: two bars in a file of the input's name each.
///
/// # Errors
/// If an answer is missing or is no drum MIDI.
pub(super) fn read(
    folder: &Path,
    metadata: &Metadata,
    windows: &[TwoBarWindow],
) -> Result<Vec<Vec<Step>>> {
    let paths: Vec<_> = windows
        .iter()
        .enumerate()
        .map(|(number, window)| folder.join(file_name(number, window, metadata)))
        .collect();
    let missing: Vec<_> = paths.iter().filter(|path| !path.is_file()).collect();
    if let Some(first) = missing.first() {
        bail!(
            "{} of {} answers are missing, the first is {}; an answer has the name of its input",
            missing.len(),
            paths.len(),
            first.display()
        );
    }
    let answer = |path: &PathBuf| -> Result<Vec<Step>> {
        let clip = Clip::read(&files::read(path)?, PitchMap::Prefer(InputMap::Roland));
        let mut steps = clip.with_context(|| format!("{}", path.display()))?.steps;
        steps.truncate(WINDOW_STEPS);
        Ok(steps.iter().map(|step| metadata.classes.step(step)).collect())
    };
    paths.par_iter().map(answer).collect()
}
