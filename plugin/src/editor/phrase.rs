//! The phrase on screen: nine lanes, bars with the host's numbers, hits, the playhead. A hit's
//! height and brightness are its velocity, its place is its micro-timing; hits of a take that
//! waits for its beat are outlines. It draws what it is given and changes nothing.

use egui::accesskit::Role;
use egui::{
    Align2, Color32, CornerRadius, CursorIcon, Painter, Pos2, Rect, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};
use groove::drum::{CLASSES, Drum, DrumSet};
use groove::pattern::{Bar, Hit, Meter, STEPS_PER_BEAT};

use super::theme::{self, Scale, Type};
use crate::link::PHRASE_BARS;

/// The lanes from top to bottom: cymbals, hats, toms from high to low, snare, bass.
pub(super) const LANES: [Drum; CLASSES] = [
    Drum::Crash,
    Drum::Ride,
    Drum::OpenHat,
    Drum::ClosedHat,
    Drum::HighTom,
    Drum::MidTom,
    Drum::LowTom,
    Drum::Snare,
    Drum::Bass,
];

/// What there is to draw.
pub(super) struct Phrase<'a> {
    /// The bars that are played, from left to right; none before the model has played.
    pub bars: &'a [Bar],
    /// The same bars of a take that waits for its beat; none if no take waits.
    pub coming: &'a [Bar],
    /// The host's number of the first bar, counted from 1.
    pub first_number: i64,
    /// The host's meter: that of bars which are not there yet.
    pub meter: Meter,
    /// Where the song is: how many of the shown bars have gone by, and quarter notes into the next.
    pub playhead: Option<(usize, f64)>,
    /// The drums whose keys are down.
    pub held: DrumSet,
}

/// Points of the design: the band of bar numbers, and the column of lane names.
const RULER: f32 = 30.0;
const NAMES: f32 = 132.0;

impl Phrase<'_> {
    /// Draws the phrase in `rect`.
    pub(super) fn show(&self, ui: &mut Ui, scale: Scale, rect: Rect) {
        let lanes = Rect::from_min_max(rect.min + scale.size(0.0, RULER), rect.max);
        let steps = Rect::from_min_max(lanes.min + scale.size(NAMES, 0.0), lanes.max);
        let lane_height = lanes.height() / CLASSES as f32;
        let lane = |row: usize, across: Rect| {
            let top = lanes.top() + row as f32 * lane_height;
            Rect::from_x_y_ranges(across.x_range(), top..=top + lane_height)
        };
        for (row, drum) in LANES.into_iter().enumerate() {
            self.lane_header(ui, scale, lane(row, lanes), row, drum);
        }
        let columns = self.columns(steps);
        self.lines(ui.painter(), scale, &columns);
        let painter = ui.painter().with_clip_rect(steps.expand(scale.px(8.0)));
        let corners = CornerRadius::from(scale.px(2.5));
        for (place, (bar, column)) in self.bars.iter().zip(&columns).enumerate() {
            for (row, step, hit) in hits(bar) {
                let area = hit_rect(scale, column, lane(row, steps), step, hit);
                let colour = shade(hit).lerp_to_gamma(theme::TEXT, self.sounding(place, step, hit));
                painter.rect_filled(area, corners, colour);
            }
        }
        // Of a take that waits, only what can still sound.
        let now = self.playhead.and_then(|(bar, beats)| Some(columns.get(bar)?.x_of_beats(beats)));
        let line = Stroke::new(scale.px(1.0), theme::TEXT.gamma_multiply(0.7));
        for (bar, column) in self.coming.iter().zip(&columns) {
            for (row, step, hit) in hits(bar) {
                let area = hit_rect(scale, column, lane(row, steps), step, hit);
                if now.is_none_or(|now| area.left() >= now) {
                    painter.rect_stroke(area, corners, line, StrokeKind::Inside);
                }
            }
        }
        self.playhead(ui.painter(), scale, lanes, &columns);
        self.describe(ui, steps, &columns, lane_height);
    }

    /// Where each bar stands. Bars are as wide as they are long.
    fn columns(&self, steps: Rect) -> Vec<Column> {
        let meters: Vec<Meter> = match self.bars {
            [] => (0..PHRASE_BARS).map(|_| self.meter).collect(),
            bars => bars.iter().map(Bar::meter).collect(),
        };
        let total: f64 = meters.iter().map(|meter| meter.beats()).sum();
        let mut left = steps.left();
        meters
            .into_iter()
            .map(|meter| {
                #[expect(clippy::cast_possible_truncation)]
                let width = steps.width() * (meter.beats() / total) as f32;
                let rect = Rect::from_x_y_ranges(left..=left + width, steps.y_range());
                left += width;
                Column { rect, meter }
            })
            .collect()
    }

    fn lane_header(&self, ui: &mut Ui, scale: Scale, lane: Rect, row: usize, drum: Drum) {
        let held = self.held.contains(drum);
        let name = drum.name();
        let header = lane.with_max_x(lane.left() + scale.px(NAMES));
        let response = ui.interact(header, ui.make_persistent_id(("lane", row)), Sense::hover());
        response.widget_info(|| {
            let state = if held { ", held" } else { "" };
            WidgetInfo::labeled(Role::Label, true, format!("{name}{state}"))
        });
        let painter = ui.painter();
        if row.is_multiple_of(2) {
            painter.rect_filled(lane, 0.0, theme::PANEL);
        }
        if held {
            painter.rect_filled(lane, 0.0, theme::TEAL.gamma_multiply(0.09));
        }
        let middle = lane.center().y;
        let colour = if held { theme::TEAL } else { theme::TEXT };
        let left = pos2(lane.left() + scale.px(14.0), middle);
        painter.text(left, Align2::LEFT_CENTER, name, scale.font(Type::Body), colour);
        if held {
            let dot = pos2(lane.left() + scale.px(NAMES - 18.0), middle);
            painter.circle_filled(dot, scale.px(4.5), theme::TEAL);
        }
    }

    /// Bar numbers, lines at beats and bars.
    fn lines(&self, painter: &Painter, scale: Scale, columns: &[Column]) {
        for (place, (column, number)) in columns.iter().zip(self.first_number..).enumerate() {
            let area = column.rect;
            let beat_steps = 16.0 / f64::from(column.meter.denominator);
            for beat in 1..column.meter.numerator {
                // Lines closer than a few points would be a grey wash, not a grid.
                let x = column.x(f64::from(beat) * beat_steps);
                let gap = column.x(beat_steps) - area.left();
                if gap >= scale.px(4.0) {
                    painter.vline(x, area.y_range(), Stroke::new(1.0, theme::LINE));
                }
            }
            painter.vline(area.left(), area.y_range(), Stroke::new(scale.px(1.2), theme::BAR_LINE));
            let now = self.playhead.is_some_and(|(bar, _)| bar == place);
            let colour = if now { theme::TEXT } else { theme::MUTED };
            let at = pos2(area.left() + scale.px(5.0), area.top() - scale.px(RULER / 2.0));
            painter.text(at, Align2::LEFT_CENTER, number, scale.font(Type::Strong), colour);
        }
        if let Some(last) = columns.last() {
            let stroke = Stroke::new(scale.px(1.2), theme::BAR_LINE);
            painter.vline(last.rect.right(), last.rect.y_range(), stroke);
        }
    }

    /// How freshly a hit has sounded, from 1 at its onset down to 0 a sixteenth later.
    fn sounding(&self, bar: usize, step: usize, hit: Hit) -> f32 {
        let Some((_, beats)) = self.playhead.filter(|&(now, _)| now == bar) else { return 0.0 };
        #[expect(clippy::cast_possible_truncation)]
        let since = (beats * STEPS_PER_BEAT - step as f64) as f32 - hit.offset();
        if since < 0.0 { 0.0 } else { (1.0 - since).max(0.0) }
    }

    fn playhead(&self, painter: &Painter, scale: Scale, lanes: Rect, columns: &[Column]) {
        let Some((bar, beats)) = self.playhead else { return };
        let Some(column) = columns.get(bar) else { return };
        let x = column.x_of_beats(beats);
        let over = scale.px(6.0);
        let line = lanes.top() - over..=lanes.bottom() + scale.px(4.0);
        painter.vline(x, line, Stroke::new(scale.px(2.0), theme::PLAYHEAD));
    }

    /// Says what the pointer is on: a hit's velocity and how early or late it is.
    fn describe(&self, ui: &mut Ui, steps: Rect, columns: &[Column], lane_height: f32) {
        let response = ui.interact(steps, ui.make_persistent_id("phrase"), Sense::hover());
        response.widget_info(|| {
            let last = self.first_number + i64::try_from(columns.len()).unwrap_or(0) - 1;
            let text = format!("Phrase, bars {} to {last}", self.first_number);
            WidgetInfo::labeled(Role::Image, true, text)
        });
        let Some(pointer) = response.hover_pos() else { return };
        let Some(text) = self.hit_at(pointer, steps, columns, lane_height) else { return };
        response.on_hover_cursor(CursorIcon::Default).on_hover_text_at_pointer(text);
    }

    fn hit_at(
        &self,
        at: Pos2,
        steps: Rect,
        columns: &[Column],
        lane_height: f32,
    ) -> Option<String> {
        let shown = self.bars.iter().zip(columns).zip(self.first_number..);
        let ((bar, column), number) =
            shown.into_iter().find(|((_, column), _)| column.rect.x_range().contains(at.x))?;
        let reach = (column.x(1.0) - column.x(0.0)) * 0.5;
        let (row, step, hit) = hits(bar).find(|&(row, step, hit)| {
            let top = steps.top() + row as f32 * lane_height;
            let from = column.hit_x(step, hit);
            (top..top + lane_height).contains(&at.y) && (from..from + reach).contains(&at.x)
        })?;
        let timing = match (hit.offset() * 100.0).round() {
            0.0 => "on the grid".to_owned(),
            late if late > 0.0 => format!("{late}% of a sixteenth late"),
            early => format!("{}% of a sixteenth early", -early),
        };
        let (name, sixteenth, velocity) = (LANES[row].name(), step + 1, hit.velocity);
        Some(format!("{name}, bar {number}, sixteenth {sixteenth}\nVelocity {velocity}, {timing}"))
    }
}

/// The hits of a bar: lane from the top, step, hit.
fn hits(bar: &Bar) -> impl Iterator<Item = (usize, usize, Hit)> + '_ {
    bar.steps().iter().enumerate().flat_map(|(step, struck)| {
        let lane = move |(row, drum)| struck.hit(drum).map(|hit| (row, step, hit));
        LANES.into_iter().enumerate().filter_map(lane)
    })
}

/// The place of a bar on screen.
struct Column {
    rect: Rect,
    meter: Meter,
}

impl Column {
    /// Where a place in the bar is, in steps from its start.
    fn x(&self, steps: f64) -> f32 {
        #[expect(clippy::cast_possible_truncation)]
        let share = (steps / (self.meter.beats() * STEPS_PER_BEAT)) as f32;
        self.rect.left() + self.rect.width() * share
    }

    /// Where a place in the bar is, in quarter notes from its start, no further than its end.
    fn x_of_beats(&self, beats: f64) -> f32 {
        self.x(beats * STEPS_PER_BEAT).min(self.rect.right())
    }

    /// Where a hit sounds.
    fn hit_x(&self, step: usize, hit: Hit) -> f32 {
        self.x(step as f64 + f64::from(hit.offset()))
    }
}

/// A hit's bar: it stands on the lane's floor and starts where the hit sounds, so that the
/// playhead touches it when it is heard.
fn hit_rect(scale: Scale, column: &Column, lane: Rect, step: usize, hit: Hit) -> Rect {
    let width = ((column.x(1.0) - column.x(0.0)) * 0.5).clamp(scale.px(2.0), scale.px(10.0));
    let room = lane.height() - scale.px(8.0);
    let height = room * (0.14 + 0.86 * hit.velocity());
    let floor = lane.bottom() - scale.px(4.0);
    Rect::from_min_size(pos2(column.hit_x(step, hit), floor - height), vec2(width, height))
}

/// The colour of a hit: a soft one is darker, never so dark that it is lost.
fn shade(hit: Hit) -> Color32 {
    theme::GROUND.lerp_to_gamma(theme::AMBER, 0.42 + 0.58 * hit.velocity())
}
