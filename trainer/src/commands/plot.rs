//! Charts: grouped bars, and lines of labelled points.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::files;

/// Palette that colour-blind readers can distinguish (M. Okabe, K. Ito, "Color Universal Design").
pub const PALETTE: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(70, 70, 70),
];
/// Colour of drummers.
pub const HUMAN_COLOUR: RGBColor = RGBColor(70, 70, 70);

const INK: RGBColor = RGBColor(30, 30, 30);
const SOFT_INK: RGBColor = RGBColor(95, 95, 95);
const GRID: RGBColor = RGBColor(224, 224, 224);

const WIDTH: i32 = 1120;
const LEFT: i32 = 70;
const RIGHT: i32 = WIDTH - 30;
/// Height of the title above the legend, and of a row of the legend, in pixels.
const TITLE: i32 = 66;
const ROW: i32 = 27;
/// Height of a bar panel, and of the space above and below its bars, in pixels.
const PANEL: i32 = 340;
const ABOVE: i32 = 50;
const BELOW: i32 = 54;

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
    /// Label beside the point.
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

/// Horizontal alignment of text.
#[derive(Clone, Copy)]
enum Align {
    Left,
    Centre,
    Right,
}

/// Drawing area, in pixels.
struct Canvas<'a>(DrawingArea<SVGBackend<'a>, Shift>);

impl Canvas<'_> {
    /// Draws text, vertically centred.
    fn text(
        &self,
        text: &str,
        at: (i32, i32),
        size: i32,
        ink: RGBColor,
        align: Align,
    ) -> DrawResult {
        let across = match align {
            Align::Left => HPos::Left,
            Align::Centre => HPos::Center,
            Align::Right => HPos::Right,
        };
        let style = ("sans-serif", size).into_font().color(&ink);
        let style = style.pos(Pos::new(across, VPos::Center));
        done(self.0.draw(&Text::new(text.to_string(), at, style)))
    }

    /// Draws bold text that starts at a position.
    fn bold(&self, text: &str, at: (i32, i32), size: i32) -> DrawResult {
        let style = ("sans-serif", size, FontStyle::Bold).into_font().color(&INK);
        let style = style.pos(Pos::new(HPos::Left, VPos::Center));
        done(self.0.draw(&Text::new(text.to_string(), at, style)))
    }

    fn bar(&self, corners: [(i32, i32); 2], colour: RGBColor) -> DrawResult {
        done(self.0.draw(&Rectangle::new(corners, colour.filled())))
    }

    fn line(&self, positions: Vec<(i32, i32)>, colour: RGBColor, width: u32) -> DrawResult {
        done(self.0.draw(&PathElement::new(positions, colour.stroke_width(width))))
    }

    fn dot(&self, at: (i32, i32), colour: RGBColor) -> DrawResult {
        done(self.0.draw(&Circle::new(at, 5, colour.filled())))
    }

    /// Draws the title and the legend below it.
    fn head(&self, title: &str, series: &[Series]) -> DrawResult {
        self.bold(title, (LEFT, 30), 28)?;
        for ((name, colour), (x, y)) in series.iter().zip(legend(series)) {
            self.bar([(x, y - 9), (x + 18, y + 9)], *colour)?;
            self.text(name, (x + 26, y), 18, INK, Align::Left)?;
        }
        Ok(())
    }

    /// Draws a horizontal grid line with its value.
    fn level(&self, y: i32, label: &str) -> DrawResult {
        self.line(vec![(LEFT, y), (RIGHT, y)], GRID, 1)?;
        self.text(label, (LEFT - 8, y), 15, SOFT_INK, Align::Right)
    }
}

type DrawResult = Result<()>;

fn done<F: std::error::Error + Send + Sync>(
    result: Result<(), DrawingAreaErrorKind<F>>,
) -> DrawResult {
    result.map_err(|fault| anyhow!("{fault}"))
}

/// Draws on a white background and writes the file.
fn paint(path: &Path, height: i32, draw: impl FnOnce(&Canvas) -> DrawResult) -> DrawResult {
    let mut text = String::new();
    let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
    let canvas = Canvas(SVGBackend::with_string(&mut text, size).into_drawing_area());
    done(canvas.0.fill(&WHITE))?;
    draw(&canvas)?;
    done(canvas.0.present())?;
    drop(canvas);
    files::write_atomic(path, text.as_bytes())
}

/// Returns the positions of the legend's names, in as many rows as they need.
fn legend(series: &[Series]) -> Vec<(i32, i32)> {
    let (mut x, mut y) = (LEFT, TITLE);
    let place = |(name, _): &Series| {
        let width = 26 + 9 * pixels(name.chars().count());
        if x > LEFT && x + width > RIGHT {
            (x, y) = (LEFT, y + ROW);
        }
        let at = (x, y);
        x += width + 34;
        at
    };
    series.iter().map(place).collect()
}

/// Returns the height of title and legend.
fn head_height(series: &[Series]) -> i32 {
    legend(series).last().map_or(TITLE, |(_, y)| y + 30)
}

/// Draws panels of bars below each other.
///
/// # Errors
/// If the chart cannot be drawn or written.
pub fn bars(path: &Path, title: &str, series: &[Series], panels: &[BarPanel]) -> Result<()> {
    let head = head_height(series);
    paint(path, head + PANEL * pixels(panels.len()) + 10, |canvas| {
        canvas.head(title, series)?;
        for (number, panel) in panels.iter().enumerate() {
            draw_panel(canvas, head + PANEL * pixels(number), series, panel)?;
        }
        Ok(())
    })
}

fn draw_panel(canvas: &Canvas, top: i32, series: &[Series], panel: &BarPanel) -> Result<()> {
    let (ceiling, baseline) = (top + ABOVE, top + PANEL - BELOW);
    canvas.bold(&panel.title, (LEFT, top + 14), 19)?;
    let values = panel.groups.iter().flat_map(|(_, values)| values).copied();
    let most = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
    let (bend, low): (fn(f64) -> f64, f64) = match panel.logarithmic {
        true => (f64::ln, 1.0),
        false => (|value| value, 0.0),
    };
    let most = most.max(low + 1e-3);
    let height = |value: f64| {
        let share = share(bend(value.max(low)), bend(low), bend(most));
        baseline - round(share * f64::from(baseline - ceiling))
    };
    for tick in if panel.logarithmic { ratios(low, most) } else { ticks(low, most) } {
        canvas.level(height(tick), &short(tick))?;
    }
    let room = f64::from(RIGHT - LEFT) / panel.groups.len() as f64;
    let most_bars = panel.groups.iter().map(|(_, values)| values.len()).max().unwrap_or(1);
    let letters = panel.groups.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let crowded = room < f64::from(8 * pixels(letters));
    // The bars of a group touch; groups are separated by the width of a bar, or by the remaining
    // space.
    let width = (room / (most_bars + 1) as f64).min(46.0);
    for (number, (name, values)) in panel.groups.iter().enumerate() {
        let middle = f64::from(LEFT) + room * (number as f64 + 0.5);
        let first = middle - width * values.len() as f64 / 2.0;
        for (place, (value, (_, colour))) in values.iter().zip(series).enumerate() {
            if !value.is_finite() {
                continue;
            }
            let left = first + width * place as f64;
            let (from, to) = (round(left) + 1, round(left + width) - 1);
            canvas.bar([(from, height(*value)), (to, baseline)], *colour)?;
            let above = (round(left + width / 2.0), height(*value) - 9);
            let size = round(width * 0.47).clamp(10, 14);
            canvas.text(&figure(*value), above, size, INK, Align::Centre)?;
        }
        // Many names alternate between two rows.
        let below = if crowded && number % 2 == 1 { 35 } else { 17 };
        canvas.text(name, (round(middle), baseline + below), 16, INK, Align::Centre)?;
    }
    canvas.line(vec![(LEFT, baseline), (RIGHT, baseline)], INK, 1)
}

/// Draws lines of labelled points.
///
/// # Errors
/// If there is no point, or the chart cannot be drawn or written.
pub fn lines(path: &Path, labels: &ChartLabels, drawn: &[(Series, Vec<PlotPoint>)]) -> Result<()> {
    let points = || drawn.iter().flat_map(|(_, points)| points);
    anyhow::ensure!(points().next().is_some(), "there is no point to draw");
    let range = |of: fn(&PlotPoint) -> f64, room: f64| {
        let low = points().map(of).fold(f64::INFINITY, f64::min);
        let high = points().map(of).fold(0.0, f64::max);
        (low / room, high * room)
    };
    let (left, right) = range(|point| point.x, 1.35);
    let (low, high) = range(|point| point.y, 1.06);
    let series: Vec<Series> = drawn.iter().map(|(series, _)| series.clone()).collect();
    let head = head_height(&series);
    let (ceiling, baseline) = (head + 50, head + 464);
    // A wide range gets a logarithmic axis.
    let bend: fn(f64) -> f64 = if high / low > 3.0 { f64::ln } else { |value| value };
    let x = |value: f64| {
        LEFT + round(f64::from(RIGHT - LEFT) * share(value.ln(), left.ln(), right.ln()))
    };
    let y = |value: f64| {
        baseline - round(f64::from(baseline - ceiling) * share(bend(value), bend(low), bend(high)))
    };
    paint(path, head + 540, |canvas| {
        canvas.head(labels.title, &series)?;
        canvas.text(labels.up, (LEFT, head + 22), 17, SOFT_INK, Align::Left)?;
        let levels = if high / low > 3.0 { ratios(low, high) } else { ticks(low, high) };
        for tick in levels {
            canvas.level(y(tick), &short(tick))?;
        }
        for tick in ratios(left, right) {
            canvas.line(vec![(x(tick), ceiling), (x(tick), baseline)], GRID, 1)?;
            canvas.text(&short(tick), (x(tick), baseline + 16), 15, SOFT_INK, Align::Centre)?;
        }
        canvas.line(vec![(LEFT, baseline), (RIGHT, baseline)], INK, 1)?;
        canvas.text(
            labels.across,
            ((LEFT + RIGHT) / 2, baseline + 50),
            17,
            SOFT_INK,
            Align::Centre,
        )?;
        for (number, ((_, colour), points)) in drawn.iter().enumerate() {
            let positions: Vec<(i32, i32)> = points.iter().map(|s| (x(s.x), y(s.y))).collect();
            canvas.line(positions.clone(), *colour, 3)?;
            // Lines usually fall. Labels of the first line go below it, those of the others above.
            let (across, up, align) = match number {
                0 => (-6, 15, Align::Right),
                _ => (6, -14, Align::Left),
            };
            for (at, point) in positions.into_iter().zip(points) {
                canvas.dot(at, *colour)?;
                canvas.text(&point.label, (at.0 + across, at.1 + up), 15, INK, align)?;
            }
        }
        Ok(())
    })
}

/// Returns about five round values of a linear axis.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let unit = 10f64.powf(rough.log10().floor());
    let step = unit * [1.0, 2.0, 5.0, 10.0].into_iter().find(|n| n * unit >= rough).unwrap_or(10.0);
    let first = (low / step).ceil();
    (0..).map(|n| (first + f64::from(n)) * step).take_while(|tick| *tick <= high).collect()
}

/// Returns round values of a logarithmic axis: 1, 2 and 5 times the powers of ten, and more digits
/// on a short axis.
fn ratios(low: f64, high: f64) -> Vec<f64> {
    let powers = (round(low.log10().floor())..=round(high.log10())).map(|n| 10f64.powi(n));
    let few: &[f64] = &[1.0, 2.0, 5.0];
    let many: &[f64] = &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0];
    let digits = if high / low < 20.0 { many } else { few };
    let all = powers.flat_map(|power| digits.iter().map(move |n| n * power));
    all.filter(|tick| (low..=high).contains(tick)).collect()
}

/// Returns the position of a value between two others, 0 to 1.
fn share(value: f64, from: f64, to: f64) -> f64 {
    (value - from) / (to - from)
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

#[expect(clippy::cast_possible_truncation)]
fn round(value: f64) -> i32 {
    value.round() as i32
}

fn pixels(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
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
        assert!(head_height(&long) > head_height(&short));
    }

    #[test]
    fn axes_have_round_values() {
        assert_eq!(ticks(0.0, 9.3), [0.0, 2.0, 4.0, 6.0, 8.0]);
        assert_eq!(
            ticks(2.4, 3.1).iter().map(|t| short(*t)).collect::<Vec<_>>().join(" "),
            "2.4 2.6 2.8 3"
        );
        assert_eq!(ratios(4e4, 1.2e6), [5e4, 1e5, 2e5, 5e5, 1e6]);
        assert_eq!(ratios(1.0, 4.2), [1.0, 1.5, 2.0, 3.0, 4.0]);
        assert_eq!([0.0, 2.5, 50_000.0, 1.5e6].map(short), ["0", "2.5", "50 k", "1.5 M"]);
        assert_eq!([2.444, 12.34, 234.5].map(figure), ["2.44", "12.3", "234"]);
    }
}
