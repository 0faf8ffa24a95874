//! The learning curve of a training, as a table (CSV) and a chart (SVG).

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::prelude::*;
use serde::{Deserialize, Serialize};

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
    fs::write(folder.join("curve.csv"), table.into_inner()?)?;
    if points.len() > 1 {
        let picture = folder.join("curve.svg");
        draw(&picture, points).with_context(|| format!("{} cannot be drawn", picture.display()))?;
    }
    Ok(())
}

fn draw(path: &Path, points: &[CurvePoint]) -> Result<()> {
    let updates = points.iter().map(|p| p.update).max().unwrap_or(1);
    let values = points.iter().flat_map(|p| [p.training, p.validation]);
    let low = values.clone().fold(f64::INFINITY, f64::min) * 0.95;
    let high = values.fold(0.0, f64::max).min(8.0 * low).max(1.5 * low);
    let area = SVGBackend::new(path, (900, 500)).into_drawing_area();
    let fault = |fault: DrawingAreaErrorKind<std::io::Error>| anyhow!("{fault}");
    area.fill(&WHITE).map_err(fault)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(15)
        .caption("Perplexity per step", ("sans-serif", 20))
        .x_label_area_size(40)
        .y_label_area_size(50)
        .build_cartesian_2d(0..updates, low..high)
        .map_err(fault)?;
    let mut mesh = chart.configure_mesh();
    mesh.light_line_style(WHITE).bold_line_style(RGBColor(225, 225, 225)).x_desc("updates");
    mesh.y_label_formatter(&|y| format!("{y:.1}")).draw().map_err(fault)?;
    let of = |value: fn(&CurvePoint) -> f64| points.iter().map(move |p| (p.update, value(p)));
    let lines = [
        ("training batches", RGBColor(138, 144, 153), of(|p| p.training)),
        ("validation beats", RGBColor(200, 110, 0), of(|p| p.validation)),
    ];
    for (name, colour, line) in lines {
        let line = line.map(|(update, value)| (update, value.clamp(low, high)));
        chart
            .draw_series(LineSeries::new(line, colour.stroke_width(2)))
            .map_err(fault)?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour));
    }
    let mut labels = chart.configure_series_labels();
    labels.background_style(WHITE).border_style(BLACK).draw().map_err(fault)?;
    area.present().map_err(fault)
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
        let picture = fs::read_to_string(folder.path().join("curve.svg"))?;
        assert!(picture.contains("validation beats") && picture.contains("polyline"));
        Ok(())
    }
}
