//! Picture of a hit. The main stroke is a bar, or a sign on a stem for articulations other than the
//! usual one; further strokes are ticks beside it. The height of each is its velocity. A choked cymbal
//! has a line along the lane's lower edge, which ends upright at the choke.

use egui::{
    Align2, Color32, CornerRadius, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2, vec2,
};
use groove::Articulation;
use groove::pattern::{self, Hit};

use crate::editor::phrase::layout::{Column, hit_rect};
use crate::editor::theme::{FontRole, Scale};

/// Width of a tick, in design points.
const TICK: f32 = 2.0;

/// Width of a step below which only the nearest tick on either side is drawn, in design points.
const NARROW: f32 = 9.0;

/// Draws a hit of a lane at a step of a bar.
pub(crate) fn paint(
    painter: &Painter,
    scale: Scale,
    (column, lane, step): (&Column, Rect, f64),
    hit: Hit,
    colour: Color32,
) {
    let bar = |stroke: pattern::Stroke| {
        let alone = Hit::plain(stroke.velocity, stroke.offset_ticks);
        hit_rect(scale, column, lane, step, alone)
    };
    let mut area = bar(hit.main());
    let sign = |area| Sign { painter, scale, area, colour, step: column.step() };
    // A pedal with a stick is a foot under the stick's bar.
    let is_foot = |stroke: &pattern::Stroke| {
        let near = (bar(*stroke).left() - area.left()).abs() < area.width();
        stroke.articulation == Articulation::Pedal && near
    };
    if hit.further().any(|stroke| is_foot(&stroke)) {
        sign(area).foot();
    }
    let (width, gap) = (scale.px(TICK), scale.px(1.2).max(1.5));
    let tick = |x: f32, stroke: pattern::Stroke| {
        sign(bar(stroke).with_min_x(x).with_max_x(x + width)).tick(stroke.articulation);
    };
    let ticks = || hit.further.into_iter().filter(|stroke| stroke.velocity > 0 && !is_foot(stroke));
    let is_before = |stroke: &pattern::Stroke| stroke.offset_ticks < hit.offset_ticks;
    let most = if column.step() < scale.px(NARROW) { 1 } else { pattern::MAX_STROKES };
    // Ticks that would touch each other move away from the main stroke, which stays at its onset.
    let mut x = area.left();
    for stroke in ticks().rev().filter(is_before).take(most) {
        x = bar(stroke).left().min(x - width - gap);
        tick(x, stroke);
    }
    let (mut x, mut right) = (area.left(), area.right());
    for stroke in ticks().filter(|stroke| !is_before(stroke)).take(most) {
        x = bar(stroke).left().max(x + width + gap);
        tick(x, stroke);
        right = right.min(x - gap);
    }
    area.max.x = right;
    sign(area).paint(hit.articulation);
    if hit.choke_ticks > 0 {
        let steps = step + f64::from(hit.choke_ticks) / f64::from(pattern::TICKS_PER_STEP);
        sign(area).choke(column.x(steps), lane);
    }
}

/// Place and colour of a stroke.
struct Sign<'a> {
    painter: &'a Painter,
    scale: Scale,
    /// Rectangle of the bar that a plain stroke is drawn as.
    area: Rect,
    colour: Color32,
    /// Width of a step, in points.
    step: f32,
}

impl Sign<'_> {
    fn paint(&self, articulation: Articulation) {
        let Sign { painter, scale, area, colour, .. } = *self;
        let radius = (self.step * 0.28).clamp(scale.px(2.4), scale.px(4.2));
        match articulation {
            Articulation::Plain => self.bar(),
            Articulation::Edge => {
                self.bar();
                self.cap();
            }
            Articulation::Rim if area.width() >= scale.px(4.5) => {
                painter.rect_filled(area, self.corners(), colour.gamma_multiply(0.25));
                let line = Stroke::new(scale.px(1.4), colour);
                painter.rect_stroke(area, self.corners(), line, StrokeKind::Inside);
            }
            Articulation::Rim => {
                let centre = self.stem(radius);
                painter.circle_stroke(centre, radius, Stroke::new(scale.px(1.4), colour));
            }
            Articulation::CrossStick => self.cross(radius),
            Articulation::Pedal => {
                self.stem(0.0);
                self.foot();
            }
            Articulation::HalfOpen => self.half_circle(radius),
            Articulation::HalfOpenEdge => {
                self.half_circle(radius);
                self.cap();
            }
            Articulation::Bell => self.diamond(radius),
            Articulation::Second => self.letter("2"),
            Articulation::SecondEdge => {
                self.letter("2");
                self.cap();
            }
            // The two share a letter: they are on different lanes.
            Articulation::Clap | Articulation::China => self.letter("C"),
            Articulation::Splash => self.letter("S"),
        }
    }

    /// Draws a further stroke.
    fn tick(&self, articulation: Articulation) {
        self.painter.rect_filled(self.area, CornerRadius::ZERO, self.colour);
        if articulation == Articulation::Pedal {
            self.foot();
        }
    }

    fn corners(&self) -> CornerRadius {
        CornerRadius::from(self.scale.px(2.0))
    }

    fn bar(&self) {
        self.painter.rect_filled(self.area, self.corners(), self.colour);
    }

    /// Draws a line across the top, wider than the bar.
    fn cap(&self) {
        let Sign { painter, scale, area, colour, .. } = *self;
        let over = (self.step * 0.14).clamp(scale.px(1.3), scale.px(2.5));
        let size = vec2(area.width() + 2.0 * over, scale.px(2.0));
        let line = Rect::from_min_size(area.min - vec2(over, scale.px(2.8)), size);
        painter.rect_filled(line, CornerRadius::ZERO, colour);
    }

    /// Draws a line along the lane's lower edge.
    fn foot(&self) {
        let Sign { painter, scale, area, colour, .. } = *self;
        let half = (self.step * 0.32).clamp(scale.px(2.4), scale.px(4.5));
        let middle = pos2(area.center().x, area.bottom() + scale.px(1.2));
        let line = Rect::from_center_size(middle, vec2(2.0 * half, scale.px(2.4)));
        painter.rect_filled(line, CornerRadius::ZERO, colour);
    }

    /// Draws a line from the bar's foot to the choke, with an upright end of a third of the lane.
    fn choke(&self, x: f32, lane: Rect) {
        let Sign { painter, scale, area, colour, .. } = *self;
        let line = Stroke::new(scale.px(1.4), colour);
        let floor = area.bottom();
        painter.hline(area.right().min(x)..=x, floor, line);
        painter.vline(x, floor - lane.height() / 3.0..=floor, line);
    }

    /// Draws a stem from the floor to a head of a radius. Returns the head's centre, which is not
    /// below the floor.
    fn stem(&self, radius: f32) -> Pos2 {
        let Sign { painter, scale, area, colour, .. } = *self;
        let centre = pos2(area.center().x, (area.top() + radius).min(area.bottom() - radius));
        let line = Stroke::new(scale.px(1.8), colour);
        painter.vline(centre.x, centre.y + radius..=area.bottom(), line);
        centre
    }

    fn cross(&self, radius: f32) {
        let centre = self.stem(radius);
        let line = Stroke::new(self.scale.px(1.8), self.colour);
        for arm in [vec2(radius, radius), vec2(radius, -radius)] {
            self.painter.line_segment([centre - arm, centre + arm], line);
        }
    }

    /// Draws a circle whose lower half is filled.
    fn half_circle(&self, radius: f32) {
        let centre = self.stem(radius);
        let line = Stroke::new(self.scale.px(1.2), self.colour);
        self.painter.circle_stroke(centre, radius, line);
        let lower = (0..=8_u8).map(|part| {
            let angle = std::f32::consts::PI * f32::from(part) / 8.0;
            centre + radius * vec2(angle.cos(), angle.sin())
        });
        let lower = Shape::convex_polygon(lower.collect(), self.colour, Stroke::NONE);
        self.painter.add(lower);
    }

    fn diamond(&self, radius: f32) {
        let centre = self.stem(radius);
        let corners = [(0.0, -1.2), (1.0, 0.0), (0.0, 1.2), (-1.0, 0.0)];
        let corners = corners.map(|(x, y)| centre + radius * vec2(x, y));
        self.painter.add(Shape::convex_polygon(corners.to_vec(), self.colour, Stroke::NONE));
    }

    fn letter(&self, letter: &str) {
        let centre = self.stem(self.scale.px(5.0));
        let font = self.scale.font(FontRole::Caption);
        self.painter.text(centre, Align2::CENTER_CENTER, letter, font, self.colour);
    }
}
