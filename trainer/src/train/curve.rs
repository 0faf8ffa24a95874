//! The learning curve of a training, as a table (CSV) and a chart (SVG).

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::files;
use crate::plot::{self, ChartLabels, PALETTE, PlotPoint};

/// A point of the learning curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Number of updates.
    pub update: u64,
    /// Perplexity of hits over the training batches since the previous point, with dropout.
    pub training: f64,
    /// Perplexity of hits on the validation beats, with the averaged weights.
    pub validation: f64,
    /// Mean absolute error of velocity on the validation beats, in MIDI units (1 to 127).
    pub velocity_mae: f64,
    /// Mean absolute error of offset on the validation beats, in milliseconds.
    pub offset_mae_ms: f64,
    /// Seconds of training so far.
    pub seconds: f64,
}

impl CurvePoint {
    /// Returns the point as a line of text.
    #[must_use]
    pub fn line(&self) -> String {
        format!(
            "update {:>5}  training {:>7.3}  validation {:>7.3}  velocity {:>6.2}  \
             offset {:>6.2} ms",
            self.update, self.training, self.validation, self.velocity_mae, self.offset_mae_ms
        )
    }
}

/// Reads a learning curve; a missing file is an empty curve.
///
/// # Errors
/// If the file exists and is not a learning curve.
pub fn read(path: &Path) -> Result<Vec<CurvePoint>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut table = csv::Reader::from_path(path)?;
    let points: Result<Vec<CurvePoint>, csv::Error> = table.deserialize().collect();
    points.with_context(|| format!("{} is not a learning curve", path.display()))
}

/// Writes the curve as `curve.csv` and `curve.svg` into a folder.
pub fn write(folder: &Path, points: &[CurvePoint]) -> Result<()> {
    let mut table = csv::Writer::from_writer(Vec::new());
    points.iter().try_for_each(|point| table.serialize(point))?;
    files::write(&folder.join("curve.csv"), table.into_inner()?)?;
    let is_finite = |p: &&CurvePoint| p.training.is_finite() && p.validation.is_finite();
    let finite: Vec<&CurvePoint> = points.iter().filter(is_finite).collect();
    if finite.len() < 2 {
        return Ok(());
    }
    let labels = ChartLabels { title: "Learning curve", across: "updates", up: "perplexity" };
    // The axis of the updates is logarithmic and has no 0.
    let point = |update: u64, y| PlotPoint { x: update.max(1) as f64, y, label: String::new() };
    let line = |name: &str, colour, of: fn(&CurvePoint) -> f64| {
        ((name.to_owned(), colour), finite.iter().map(|p| point(p.update, of(p))).collect())
    };
    let lines = [
        line("training batches", PALETTE[0], |p| p.training),
        line("validation beats", PALETTE[1], |p| p.validation),
    ];
    plot::lines(&folder.join("curve.svg"), &labels, &lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_reads_back_and_is_drawn() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let point = |update: u64| CurvePoint {
            update,
            training: 500.0 / (update + 1) as f64,
            validation: 400.0 / (update + 1) as f64,
            velocity_mae: 13.0,
            offset_mae_ms: 14.0,
            seconds: 0.5,
        };
        let points: Vec<CurvePoint> = (0..20).map(point).collect();
        write(folder.path(), &points)?;
        assert_eq!(read(&folder.path().join("curve.csv"))?, points);
        let picture = std::fs::read_to_string(folder.path().join("curve.svg"))?;
        assert!(picture.contains("validation beats") && picture.contains("polyline"));
        Ok(())
    }
}
