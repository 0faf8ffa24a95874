//! Layout of the phrase on screen: bars are columns, lanes are rows, steps are cells. Maps song
//! positions to places in it. Draws nothing.

use egui::{Pos2, Rect, pos2, vec2};
use groove::pattern::drum::{CLASSES, Drum};
use groove::pattern::{Hit, Meter, STEPS_PER_BEAT};
use groove::play::perform::TimeFeel;

use crate::editor::theme::Scale;
use crate::link::Status;

/// Lanes from top to bottom: cymbals, hats, toms from high to low, snare, kick.
pub(crate) const LANES: [Drum; CLASSES] = [
    Drum::Crash,
    Drum::Ride,
    Drum::OpenHat,
    Drum::ClosedHat,
    Drum::HighTom,
    Drum::MidTom,
    Drum::LowTom,
    Drum::Snare,
    Drum::Kick,
];

/// Height of the bar numbers and width of the lane headers, in design points.
pub(crate) const RULER: f32 = 30.0;
pub(crate) const HEADERS: f32 = 238.0;

/// A position in the pattern: bars after the first one shown, and quarter notes into that bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PatternPosition {
    pub bar: i64,
    pub beats: f64,
}

impl PatternPosition {
    /// Converts a song position, for a pattern that starts with bar `first` and plays at `pace`.
    pub(crate) fn of(position: f64, status: &Status, pace: TimeFeel, first: i64) -> Self {
        let length = status.meter.beats();
        let whole = |beats: f64| {
            let bars = (beats / length).floor();
            #[expect(clippy::cast_possible_truncation, reason = "songs are short")]
            let count = bars as i64;
            (count, beats - bars * length)
        };
        let (ahead, into) = whole(position - status.bar_start);
        let bar = status.bar + ahead;
        let (bar, beats) = match pace {
            TimeFeel::Plain => (bar, into),
            TimeFeel::Half => {
                let second = if bar.rem_euclid(2) == 1 { length } else { 0.0 };
                (bar.div_euclid(2), (second + into) / 2.0)
            }
            TimeFeel::Double => {
                let (half, into) = whole(2.0 * into);
                (2 * bar + half, into)
            }
        };
        PatternPosition { bar: bar - first, beats }
    }

    /// Returns the host's number, from 1, of the bar that a bar of the pattern starts with; `None`
    /// if it starts in the middle of one.
    pub(crate) fn number(bar: i64, pace: TimeFeel) -> Option<i64> {
        match pace {
            TimeFeel::Plain => Some(bar + 1),
            TimeFeel::Half => Some(2 * bar + 1),
            TimeFeel::Double => (bar.rem_euclid(2) == 0).then_some(bar.div_euclid(2) + 1),
        }
    }
}

/// A bar on screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub rect: Rect,
    pub meter: Meter,
    /// Right edge of the visible part; the start of the next phrase is cut off.
    pub right: f32,
    /// First step, counted in the phrase.
    pub first: usize,
}

impl Column {
    /// Returns the x coordinate of a position in steps from the bar's start.
    pub(crate) fn x(&self, steps: f64) -> f32 {
        #[expect(clippy::cast_possible_truncation)]
        let share = (steps / (self.meter.beats() * STEPS_PER_BEAT)) as f32;
        self.rect.left() + self.rect.width() * share
    }

    /// Returns the x coordinate of a position in quarter notes from the bar's start, at most its
    /// end.
    pub(crate) fn x_of_beats(&self, beats: f64) -> f32 {
        self.x(beats * STEPS_PER_BEAT).min(self.rect.right())
    }

    /// Returns the width of a step, in points.
    pub(crate) fn step(&self) -> f32 {
        self.x(1.0) - self.x(0.0)
    }

    /// Returns the x coordinate of a hit's onset.
    pub(crate) fn hit_x(&self, step: f64, hit: Hit) -> f32 {
        self.x(step + f64::from(hit.offset()))
    }
}

/// A cell on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Lane, counted from the top.
    pub row: usize,
    /// Bar of the phrase and step of the bar.
    pub bar: usize,
    pub step: usize,
    /// Step of the phrase.
    pub place: usize,
}

impl Cell {
    pub(crate) const fn drum(self) -> Drum {
        LANES[self.row]
    }
}

/// Layout of the phrase's bars and lanes.
pub(crate) struct GridLayout {
    /// All lanes, headers included.
    pub lanes: Rect,
    /// All cells.
    pub steps: Rect,
    /// Bars of the phrase.
    pub columns: Vec<Column>,
    /// Start of the next phrase.
    pub next: Column,
}

impl GridLayout {
    /// Lays out bars of these meters in `rect`, with widths proportional to their lengths, followed
    /// by the start of the next phrase in the last meter.
    pub(crate) fn new(scale: Scale, rect: Rect, meters: &[Meter]) -> Self {
        let lanes = Rect::from_min_max(rect.min + scale.size(0.0, RULER), rect.max);
        let steps = Rect::from_min_max(lanes.min + scale.size(HEADERS, 0.0), lanes.max);
        let after = meters.last().copied().unwrap_or_default();
        let total: f64 = meters.iter().map(|meter| meter.beats()).sum();
        // At least half a bar of the next phrase, and an eighth of a long one.
        let ahead = after.beats().min((0.5 * after.beats()).max(total / 8.0));
        #[expect(clippy::cast_possible_truncation)]
        let width = |beats: f64| steps.width() * (beats / (total + ahead)) as f32;
        let (mut left, mut first) = (steps.left(), 0);
        let mut column = |meter: Meter, shown: f64| {
            let rect = Rect::from_x_y_ranges(left..=left + width(meter.beats()), steps.y_range());
            let column = Column { rect, meter, right: left + width(shown), first };
            left = rect.right();
            first += meter.steps();
            column
        };
        let columns = meters.iter().map(|&meter| column(meter, meter.beats())).collect();
        GridLayout { lanes, steps, columns, next: column(after, ahead) }
    }

    /// Returns the row of a lane across the width of `across`.
    pub(crate) fn lane(&self, row: usize, across: Rect) -> Rect {
        let height = self.lanes.height() / CLASSES as f32;
        let top = self.lanes.top() + row as f32 * height;
        Rect::from_x_y_ranges(across.x_range(), top..=top + height)
    }

    /// Returns the column of a bar counted from the first one, including the bar after the phrase.
    pub(crate) fn column(&self, bar: i64) -> Option<&Column> {
        let bar = usize::try_from(bar).ok()?;
        self.columns.get(bar).or_else(|| (bar == self.columns.len()).then_some(&self.next))
    }

    /// Returns the x coordinate of a position, or `None` if it is not visible.
    pub(crate) fn x(&self, place: PatternPosition) -> Option<f32> {
        let column = self.column(place.bar)?;
        Some(column.x_of_beats(place.beats)).filter(|&x| x <= column.right)
    }

    /// Returns the rectangle of a cell.
    pub(crate) fn cell(&self, cell: Cell) -> Rect {
        let lane = self.lane(cell.row, self.steps);
        self.columns.get(cell.bar).map_or(lane, |column| {
            let left = column.x(cell.step as f64);
            let right = (left + column.step()).min(column.rect.right());
            Rect::from_x_y_ranges(left..=right, lane.y_range())
        })
    }

    /// Returns the cell of a lane at a step of the phrase.
    pub(crate) fn cell_of(&self, row: usize, place: usize) -> Option<Cell> {
        let bar = self.columns.iter().rposition(|column| column.first <= place)?;
        let step = place - self.columns[bar].first;
        (step < self.columns[bar].meter.steps()).then_some(Cell { row, bar, step, place })
    }

    /// Returns the cell of a lane at an x coordinate.
    pub(crate) fn cell_at(&self, row: usize, x: f32) -> Option<Cell> {
        let inside = |column: &&Column| (column.rect.left()..column.rect.right()).contains(&x);
        let bar = self.columns.iter().position(|column| inside(&column))?;
        let column = &self.columns[bar];
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "inside")]
        let step = ((x - column.rect.left()) / column.step().max(f32::EPSILON)) as usize;
        (step < column.meter.steps()).then_some(Cell { row, bar, step, place: column.first + step })
    }
}

/// Returns the rectangle of a hit. It stands on the lane's floor and starts at the onset, so that
/// the playhead touches it when it sounds.
pub(crate) fn hit_rect(scale: Scale, column: &Column, lane: Rect, step: f64, hit: Hit) -> Rect {
    let width = (column.step() * 0.5).clamp(scale.px(2.5), scale.px(9.0));
    let room = lane.height() - scale.px(8.0);
    let height = room * (0.16 + 0.84 * hit.velocity());
    let floor: Pos2 = pos2(column.hit_x(step, hit), lane.bottom() - scale.px(4.0));
    Rect::from_min_size(floor - vec2(0.0, height), vec2(width, height))
}

/// Returns the velocity, 1 to 127, of a hit whose rectangle reaches up to `y`.
pub(crate) fn velocity_at(scale: Scale, lane: Rect, y: f32) -> u8 {
    let room = lane.height() - scale.px(8.0);
    let share = ((lane.bottom() - scale.px(4.0) - y) / room.max(1.0) - 0.16) / 0.84;
    Hit::new(share, 0.0).velocity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::link;

    fn status(bar: i64, bar_start: f64) -> Status {
        Status { bar, bar_start, ..link().2.status() }
    }

    #[test]
    fn song_positions_map_to_pattern_positions_at_every_pace() {
        let at = |position: f64, pace| PatternPosition::of(position, &status(5, 20.0), pace, 0);
        assert_eq!(at(21.5, TimeFeel::Plain), PatternPosition { bar: 5, beats: 1.5 });
        assert_eq!(at(25.0, TimeFeel::Plain), PatternPosition { bar: 6, beats: 1.0 });
        assert_eq!(at(19.0, TimeFeel::Plain), PatternPosition { bar: 4, beats: 3.0 });
        // Bar 5 is the second half of the pattern's bar 2.
        assert_eq!(at(21.0, TimeFeel::Half), PatternPosition { bar: 2, beats: 2.5 });
        assert_eq!(at(24.0, TimeFeel::Half), PatternPosition { bar: 3, beats: 0.0 });
        assert_eq!(at(21.0, TimeFeel::Double), PatternPosition { bar: 10, beats: 2.0 });
        assert_eq!(at(22.5, TimeFeel::Double), PatternPosition { bar: 11, beats: 1.0 });
    }

    #[test]
    fn pattern_bars_are_numbered_as_in_the_host() {
        let numbers = |pace| [0, 1, 2].map(|bar| PatternPosition::number(bar, pace));
        assert_eq!(numbers(TimeFeel::Plain), [Some(1), Some(2), Some(3)]);
        assert_eq!(numbers(TimeFeel::Half), [Some(1), Some(3), Some(5)]);
        assert_eq!(numbers(TimeFeel::Double), [Some(1), None, Some(2)]);
    }

    #[test]
    fn a_cell_is_found_where_it_is_drawn() {
        let scale = Scale::fitting(vec2(1280.0, 720.0));
        let rect = Rect::from_min_size(Pos2::ZERO, vec2(1240.0, 400.0));
        for meter in [Meter::FOUR_FOUR, Meter::new(7, 8), Meter::new(5, 32), Meter::new(16, 4)] {
            let grid = GridLayout::new(scale, rect, &[meter; 4]);
            for place in 0..4 * meter.steps() {
                let (bar, step) = (place / meter.steps(), place % meter.steps());
                let cell = Cell { row: 3, bar, step, place };
                assert_eq!(grid.cell_at(3, grid.cell(cell).center().x), Some(cell));
            }
            assert_eq!(grid.cell_at(3, grid.next.rect.left() + 1.0), None);
        }
    }

    #[test]
    fn pointer_height_gives_the_velocity_drawn_there() {
        let scale = Scale::fitting(vec2(1280.0, 720.0));
        let rect = Rect::from_min_size(Pos2::ZERO, vec2(1240.0, 400.0));
        let grid = GridLayout::new(scale, rect, &[Meter::FOUR_FOUR]);
        let lane = grid.lane(7, grid.steps);
        for velocity in [1, 20, 64, 127] {
            let hit = Hit::plain(velocity, 0);
            let top = hit_rect(scale, &grid.columns[0], lane, 4.0, hit).top();
            assert!(velocity_at(scale, lane, top).abs_diff(velocity) <= 1, "{velocity}");
        }
    }
}
