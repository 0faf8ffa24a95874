//! Charts: grouped bars, and lines of labelled points.

use std::path::Path;

use anyhow::{Result, ensure};
use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::files;

/// Palette that colour-blind readers can distinguish (M. Okabe, K. Ito, "Color Universal Design").
pub const PALETTE: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
];
/// Colour of drummers.
pub const HUMAN_COLOUR: RGBColor = RGBColor(70, 70, 70);

const INK: RGBColor = RGBColor(30, 30, 30);
const GRID: RGBColor = RGBColor(224, 224, 224);

const WIDTH: u32 = 1120;
const LEFT: i32 = 70;
const RIGHT: i32 = 1090;
/// Height of the title above the legend, and of a row of the legend, in pixels.
const TITLE: i32 = 66;
const ROW: i32 = 27;
/// Height of a bar panel and of a line chart, in pixels.
const PANEL: u32 = 340;
const CHART: u32 = 560;

/// Name in the legend, and its colour.
pub type Series = (String, RGBColor);

/// A panel of grouped bars with one unit.
pub struct BarPanel {
    /// Title, with the unit.
    pub title: String,
    /// Logarithmic axis from 1; otherwise linear from 0.
    pub logarithmic: bool,
    /// Name of each group with the value of each series; values that are not finite have no bar.
    pub groups: Vec<(String, Vec<f64>)>,
}

/// A labelled point of a line.
pub struct PlotPoint {
    /// Horizontal position; the axis is logarithmic.
    pub x: f64,
    /// Vertical position.
    pub y: f64,
    /// Label beside the point; a point without one is not marked.
    pub label: String,
}

/// Title and axis labels of a line chart.
pub struct ChartLabels<'a> {
    /// Title of the chart.
    pub title: &'a str,
    /// Label of the horizontal axis, with its unit.
    pub across: &'a str,
    /// Label of the vertical axis, with its unit.
    pub up: &'a str,
}

/// Drawing area, in pixels.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn font(size: i32, style: FontStyle) -> TextStyle<'static> {
    ("sans-serif", size, style).into_font().color(&INK)
}

/// Draws title and legend on a white background, the rest below them, and writes the file.
fn paint(
    path: &Path,
    title: &str,
    series: &[Series],
    height: u32,
    draw: impl FnOnce(&Area) -> Result<()>,
) -> Result<()> {
    let places = legend(series);
    let head = places.last().map_or(TITLE, |(_, y)| y + 30);
    let mut text = String::new();
    {
        let size = (WIDTH, head.unsigned_abs() + height);
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        root.fill(&WHITE)?;
        root.draw(&Text::new(title, (LEFT, 18), font(28, FontStyle::Bold)))?;
        for ((name, colour), (x, y)) in series.iter().zip(places) {
            root.draw(&Rectangle::new([(x, y - 9), (x + 18, y + 9)], colour.filled()))?;
            let style = font(18, FontStyle::Normal).pos(Pos::new(HPos::Left, VPos::Center));
            root.draw(&Text::new(name.as_str(), (x + 26, y), style))?;
        }
        draw(&root.split_vertically(head).1)?;
        root.present()?;
    }
    files::write_atomic(path, text.as_bytes())
}

/// Returns the positions of the legend's names, in as many rows as they need.
fn legend(series: &[Series]) -> Vec<(i32, i32)> {
    let (mut x, mut y) = (LEFT, TITLE);
    let place = |(name, _): &Series| {
        let width = 26 + 9 * i32::try_from(name.chars().count()).unwrap_or(0);
        if x > LEFT && x + width > RIGHT {
            (x, y) = (LEFT, y + ROW);
        }
        let at = (x, y);
        x += width + 34;
        at
    };
    series.iter().map(place).collect()
}

/// Draws panels of bars below each other.
///
/// # Errors
/// If the chart cannot be drawn or written.
pub fn bars(path: &Path, title: &str, series: &[Series], panels: &[BarPanel]) -> Result<()> {
    let height = PANEL * u32::try_from(panels.len())?;
    paint(path, title, series, height, |below| {
        for (area, panel) in below.split_evenly((panels.len(), 1)).iter().zip(panels) {
            let values = panel.groups.iter().flat_map(|(_, values)| values).copied();
            let most = values.filter(|value| value.is_finite()).fold(1e-3, f64::max);
            if panel.logarithmic {
                // Powers of two are labelled.
                let y = (1.0..most.max(1.1) * 1.1).log_scale().base(2.0);
                draw_panel(area, series, panel, y)?;
            } else {
                draw_panel(area, series, panel, 0.0..most * 1.08)?;
            }
        }
        Ok(())
    })
}

fn draw_panel<Y>(area: &Area, series: &[Series], panel: &BarPanel, y: Y) -> Result<()>
where
    Y: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
{
    let groups = panel.groups.len() as f64;
    let letters = panel.groups.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let crowded = groups * letters as f64 * 8.0 > f64::from(RIGHT - LEFT);
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, font(19, FontStyle::Bold))
        .margin_right(30)
        .margin_top(10)
        .set_label_area_size(LabelAreaPosition::Left, LEFT)
        .set_label_area_size(LabelAreaPosition::Bottom, 50)
        .build_cartesian_2d(0.0..groups, y)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .y_labels(6)
        .y_label_style(font(15, FontStyle::Normal))
        .y_label_formatter(&|y| short(*y))
        .draw()?;
    let low = chart.y_range().start;
    let most_bars = panel.groups.iter().map(|(_, values)| values.len()).max().unwrap_or(1);
    // The bars of a group touch; groups are separated by the width of a bar, or by the remaining
    // space.
    let width = (1.0 / (most_bars + 1) as f64).min(46.0 * groups / f64::from(RIGHT - LEFT));
    let centred = |size, place| font(size, FontStyle::Normal).pos(Pos::new(HPos::Center, place));
    for (number, (name, values)) in (0u32..).zip(&panel.groups) {
        let middle = f64::from(number) + 0.5;
        // Many names alternate between two rows.
        let below = if crowded && number % 2 == 1 { 27 } else { 8 };
        let name = Text::new(name.clone(), (0, below), centred(15, VPos::Top));
        chart.draw_series([EmptyElement::at((middle, low)) + name])?;
        let first = middle - width * values.len() as f64 / 2.0;
        for (place, (&value, (_, colour))) in (0u32..).zip(values.iter().zip(series)) {
            if !value.is_finite() {
                continue;
            }
            let left = first + width * f64::from(place);
            let corners = [(left + 0.03 * width, low), (left + 0.97 * width, value.max(low))];
            chart.draw_series([Rectangle::new(corners, colour.filled())])?;
            let text = Text::new(figure(value), (0, -3), centred(12, VPos::Bottom));
            let above = EmptyElement::at((left + width / 2.0, value.max(low)));
            chart.draw_series([above + text])?;
        }
    }
    Ok(())
}

/// Draws lines of labelled points.
///
/// # Errors
/// If there is no point, or the chart cannot be drawn or written.
pub fn lines(path: &Path, labels: &ChartLabels, drawn: &[(Series, Vec<PlotPoint>)]) -> Result<()> {
    let points = || drawn.iter().flat_map(|(_, points)| points);
    ensure!(points().next().is_some(), "there is no point to draw");
    let range = |of: fn(&PlotPoint) -> f64, room: f64| {
        let low = points().map(of).fold(f64::INFINITY, f64::min);
        let high = points().map(of).fold(0.0, f64::max);
        low / room..high * room
    };
    let (x, y) = (range(|point| point.x, 1.35), range(|point| point.y, 1.06));
    let series: Vec<Series> = drawn.iter().map(|(series, _)| series.clone()).collect();
    paint(path, labels.title, &series, CHART, |area| match y.end / y.start > 3.0 {
        // A wide range gets a logarithmic axis.
        true => draw_lines(area, labels, drawn, x, y.log_scale().base(2.0)),
        false => draw_lines(area, labels, drawn, x, y),
    })
}

fn draw_lines<Y>(
    area: &Area,
    labels: &ChartLabels,
    drawn: &[(Series, Vec<PlotPoint>)],
    x: std::ops::Range<f64>,
    y: Y,
) -> Result<()>
where
    Y: AsRangedCoord<Value = f64, CoordDescType: ValueFormatter<f64>>,
{
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(30)
        .set_label_area_size(LabelAreaPosition::Left, LEFT)
        .set_label_area_size(LabelAreaPosition::Bottom, 50)
        .build_cartesian_2d(x.log_scale(), y)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(font(15, FontStyle::Normal))
        .axis_desc_style(font(17, FontStyle::Normal))
        .x_desc(labels.across)
        .y_desc(labels.up)
        .x_label_formatter(&|x| short(*x))
        .y_label_formatter(&|y| short(*y))
        .draw()?;
    for (number, ((_, colour), points)) in drawn.iter().enumerate() {
        let places = points.iter().map(|point| (point.x, point.y));
        chart.draw_series(LineSeries::new(places, colour.stroke_width(3)))?;
        // Lines usually fall. Labels of the first line go below it, those of the others above.
        let (offset, at) = match number {
            0 => ((-6, 8), Pos::new(HPos::Right, VPos::Top)),
            _ => ((6, -8), Pos::new(HPos::Left, VPos::Bottom)),
        };
        let style = font(15, FontStyle::Normal).pos(at);
        let labelled = points.iter().filter(|point| !point.label.is_empty());
        chart.draw_series(labelled.map(|point| {
            EmptyElement::at((point.x, point.y))
                + Circle::new((0, 0), 5, colour.filled())
                + Text::new(point.label.clone(), offset, style.clone())
        }))?;
    }
    Ok(())
}

/// Formats a value of an axis as short as possible.
fn short(value: f64) -> String {
    let (value, unit) = match value {
        v if v >= 1e6 => (v / 1e6, " M"),
        v if v >= 1e4 => (v / 1e3, " k"),
        v => (v, ""),
    };
    let text = format!("{value:.3}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Formats a value above its bar with three digits.
fn figure(value: f64) -> String {
    match value {
        v if v < 9.995 => format!("{v:.2}"),
        v if v < 99.95 => format!("{v:.1}"),
        v => format!("{v:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_stays_inside_the_chart() {
        let named = |letters: usize| ("x".repeat(letters), HUMAN_COLOUR);
        let short = [named(10), named(10), named(10)];
        assert!(legend(&short).iter().all(|(_, y)| *y == TITLE));
        let long = [named(70), named(70), named(8)];
        let rows: Vec<(i32, i32)> = legend(&long);
        assert_eq!((rows[0], rows[1]), ((LEFT, TITLE), (LEFT, TITLE + ROW)));
        assert!(rows[2].0 > LEFT && rows[2].0 + 26 + 9 * 8 <= RIGHT);
    }

    #[test]
    fn charts_have_their_names_and_values() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("chart.svg");
        let read = || std::fs::read_to_string(&path).expect("a chart");
        let panel = |logarithmic| BarPanel {
            title: "hits".into(),
            logarithmic,
            groups: (0..9u8)
                .map(|n| (format!("drum {n}"), vec![f64::from(n) + 0.25, f64::NAN]))
                .collect(),
        };
        let series = [("ours".into(), PALETTE[0]), ("drummers".into(), HUMAN_COLOUR)];
        bars(&path, "title", &series, &[panel(false), panel(true)]).expect("drawn");
        for text in ["title", "ours", "drummers", "hits", "drum 8", "8.25"] {
            assert!(read().contains(text), "{text}");
        }
        let labels = ChartLabels { title: "title", across: "updates", up: "perplexity" };
        let points = |most: f64| {
            [1.0, 10.0, 300.0].map(|x| PlotPoint {
                x,
                y: most / x.sqrt(),
                label: format!("at {x}"),
            })
        };
        let drawn = [400.0, 500.0].map(|most| (series[0].clone(), points(most).into()));
        lines(&path, &labels, &drawn).expect("drawn");
        for text in ["title", "updates", "perplexity", "at 300"] {
            assert!(read().contains(text), "{text}");
        }
        assert!(lines(&path, &labels, &[]).is_err());
    }

    #[test]
    fn values_are_short() {
        assert_eq!([0.0, 2.5, 50_000.0, 1.5e6].map(short), ["0", "2.5", "50 k", "1.5 M"]);
        assert_eq!([2.444, 12.34, 234.5].map(figure), ["2.44", "12.3", "234"]);
    }
}
