//! The phrase as it is drawn: hits in nine lanes, bar numbers, fills, playhead. Height and
//! brightness of a hit are its velocity, its offset is its micro-timing; pinned hits are teal. If
//! another take waits, its hits are drawn from its launch point on and the changing columns glow.

use egui::{Align2, Color32, CornerRadius, Painter, Pos2, Rect, Stroke, StrokeKind, pos2};
use groove::pattern::drum::{Drum, DrumSet};
use groove::pattern::{Bar, Hit, Meter, STEPS_PER_BEAT, Step};
use groove::play::perform::{Performance, SwingOf, TimeFeel};
use groove::take::Fills;
use groove::take::pins::Pins;

use crate::editor::phrase::layout::{Cell, GridLayout, LANES, PatternPosition, RULER, hit_rect};
use crate::editor::phrase::{hit_signs, spoken};
use crate::editor::theme::{self, FontRole, Scale};
use crate::link::{self, Phrases, Status};
use crate::params::controls::Controls;

/// Data to draw, computed once a frame.
pub(crate) struct PhraseView<'a> {
    /// Phrase that is playing; `None` before the model has played.
    pub playing: Option<&'a link::Phrase>,
    /// Same phrase of the waiting take.
    pub pending: Option<&'a link::Phrase>,
    /// Launch point of the waiting take.
    launch: PatternPosition,
    /// Playback position; `None` while the song stands.
    playhead: Option<PatternPosition>,
    performance: Performance,
    pub pins: &'a Pins,
    /// Drums with at least one pinned cell.
    pub pinned: DrumSet,
    /// Drums whose keys are held.
    pub held: DrumSet,
    /// Tempo of the pattern, in its quarter notes per minute: half the song's in half time.
    pub tempo: f64,
    /// Index of the first bar shown.
    first: i64,
    /// Meters of the bars from left to right.
    pub meters: Vec<Meter>,
    /// The bars and the one after them as they sound before and after the launch point, mute and
    /// solo aside.
    shown: Vec<[Option<Bar>; 2]>,
    /// Steps of the pattern, from the waiting take if there is one.
    pub steps: Vec<Step>,
}

impl<'a> PhraseView<'a> {
    /// Prepares the phrase at a song position in quarter notes.
    pub(crate) fn new(
        status: &Status,
        phrases: &'a Phrases,
        controls: &Controls,
        pins: &'a Pins,
        position: f64,
    ) -> Self {
        let take = controls.take_at(controls.take.tempo);
        let playing = phrases.playing.as_deref();
        // A phrase of another length does not match the layout.
        let like = |next: &&link::Phrase| {
            playing.is_some_and(|now| {
                now.first_bar == next.first_bar && now.bars.len() == next.bars.len()
            })
        };
        let pending = phrases.pending.as_deref().filter(like);
        let first = playing.map_or_else(
            || take.first_bar(take.phrase_of(status.source).0),
            |phrase| phrase.first_bar,
        );
        let meters = playing.map_or_else(
            || vec![status.meter; take.bars()],
            |phrase| phrase.bars.iter().map(Bar::meter).collect(),
        );
        let performance = controls.performance;
        let speed = match performance.pace {
            TimeFeel::Half => 0.5,
            TimeFeel::Plain => 1.0,
            TimeFeel::Double => 2.0,
        };
        let shown =
            |bar| [playing, pending].map(|phrase| Some(performed(&performance, phrase?.bar(bar)?)));
        let place = |position| PatternPosition::of(position, status, performance.pace, first);
        let count = meters.iter().map(|meter| meter.steps()).sum();
        let pinned = (0..count).map(|place| pins.struck(place).with(pins.silent(place)));
        let bars = pending.or(playing).map_or(&[][..], |phrase| &phrase.bars);
        PhraseView {
            playing,
            pending,
            launch: place(status.launch),
            playhead: status.following.then(|| place(position)),
            performance,
            pins,
            pinned: pinned.fold(DrumSet::EMPTY, DrumSet::with),
            held: status.held,
            tempo: status.tempo * speed,
            first,
            shown: (0..=meters.len()).map(shown).collect(),
            meters,
            steps: bars.iter().flat_map(Bar::steps).copied().collect(),
        }
    }

    /// Returns the hit at a cell as it will sound.
    pub(crate) fn hit(&self, bar: usize, step: usize, drum: Drum) -> Option<Hit> {
        let [now, coming] = self.shown.get(bar)?;
        let comes = !self.is_before_launch(bar, step);
        coming.as_ref().filter(|_| comes).or(now.as_ref())?.steps().get(step)?.hit(drum)
    }

    /// Returns the hit at a cell before performance controls, as pins keep it: that of the pin, or
    /// that of the take.
    pub(crate) fn pattern_hit(&self, cell: Cell) -> Option<Hit> {
        if self.pins.silent(cell.place).contains(cell.drum()) {
            return None;
        }
        let comes = !self.is_before_launch(cell.bar, cell.step);
        let played = || {
            let phrase = self.pending.filter(|_| comes).or(self.playing)?;
            phrase.bar(cell.bar)?.steps().get(cell.step)?.hit(cell.drum())
        };
        self.pins.hit(cell.place, cell.drum()).or_else(played)
    }

    /// Returns the position at which the hits of a step are drawn, in steps.
    fn drawn_at(&self, step: usize, length: usize) -> f64 {
        let Performance { swing_of, pace, .. } = self.performance;
        let later = swing_of == SwingOf::Eighths && pace == TimeFeel::Plain;
        let delay = if later { self.performance.delay(2 * step, length) } else { 0.0 };
        step as f64 + f64::from(delay)
    }

    fn is_before_launch(&self, bar: usize, step: usize) -> bool {
        let bar = i64::try_from(bar).unwrap_or(i64::MAX);
        let lands = self.launch.beats * STEPS_PER_BEAT - 0.5;
        (bar, step as f64) < (self.launch.bar, 0.0)
            || bar == self.launch.bar && (step as f64) < lands
    }

    fn is_heard(&self, drum: Drum) -> bool {
        let Performance { mute, solo, .. } = self.performance;
        !mute.contains(drum) && (solo.is_empty() || solo.contains(drum))
    }

    /// Draws everything except the lane headers.
    pub(crate) fn paint(&self, painter: &Painter, scale: Scale, grid: &GridLayout) {
        self.fills(painter, scale, grid);
        self.lines(painter, scale, grid);
        self.here(painter, grid);
        let painter_of_steps = painter.with_clip_rect(grid.steps.expand(scale.px(6.0)));
        let bars = grid.columns.iter().chain([&grid.next]).enumerate();
        for (bar, column) in bars {
            let Some([now, coming]) = self.shown.get(bar) else { break };
            let is_next = bar == grid.columns.len();
            let length = column.meter.steps();
            for step in 0..length {
                if column.x(step as f64 + 0.25) > column.right {
                    break;
                }
                let new = coming.as_ref().filter(|_| !self.is_before_launch(bar, step));
                let Some(shown) = new.or(now.as_ref()) else { break };
                let Some(struck) = shown.steps().get(step) else { break };
                if new.is_some()
                    && now.as_ref().and_then(|now| now.steps().get(step)) != Some(struck)
                {
                    glow(&painter_of_steps, grid, column, step);
                }
                for (row, drum) in LANES.into_iter().enumerate() {
                    let lane = grid.lane(row, grid.steps);
                    let place = column.first + step;
                    let silent = !is_next && self.pins.silent(place).contains(drum);
                    if let Some(hit) = struck.hit(drum) {
                        let pinned = !is_next && self.pins.struck(place).contains(drum);
                        let colour = self.colour(bar, step, drum, hit, pinned, is_next);
                        let place = (column, lane, self.drawn_at(step, length));
                        hit_signs::paint(&painter_of_steps, scale, place, hit, colour);
                    } else if !is_next && self.pins.struck(place).contains(drum) {
                        // The worker has not answered yet.
                        let hit = Hit::new(0.6, 0.0);
                        let area = hit_rect(scale, column, lane, step as f64, hit);
                        let line = Stroke::new(scale.px(1.2), theme::TEAL);
                        let corners = CornerRadius::from(scale.px(2.0));
                        painter_of_steps.rect_stroke(area, corners, line, StrokeKind::Inside);
                    } else if silent {
                        let at = pos2(column.x(step as f64 + 0.3), lane.bottom() - scale.px(6.5));
                        let ring = Stroke::new(scale.px(1.3), theme::TEAL.gamma_multiply(0.75));
                        painter_of_steps.circle_stroke(at, scale.px(2.5), ring);
                    }
                }
            }
        }
        self.playhead(painter, scale, grid);
    }

    fn colour(
        &self,
        bar: usize,
        step: usize,
        drum: Drum,
        hit: Hit,
        pinned: bool,
        is_next: bool,
    ) -> Color32 {
        let base = if pinned { theme::TEAL } else { theme::AMBER };
        let heard = if self.is_heard(drum) { 1.0 } else { 0.3 };
        let near = if is_next { 0.5 } else { 1.0 };
        // Soft hits are darker but stay visible.
        let share = (0.46 + 0.54 * hit.velocity()) * heard * near;
        let flash = self.sounding(bar, step, hit) * heard;
        theme::GROUND.lerp_to_gamma(base, share).lerp_to_gamma(theme::TEXT, flash)
    }

    /// Returns the flash of a hit: 1 at its onset, fading to 0 over a sixteenth.
    fn sounding(&self, bar: usize, step: usize, hit: Hit) -> f32 {
        let here = i64::try_from(bar).ok();
        let Some(now) = self.playhead.filter(|now| Some(now.bar) == here) else { return 0.0 };
        let length = self.meters.get(bar).map_or(0, |meter| meter.steps());
        #[expect(clippy::cast_possible_truncation)]
        let since =
            (now.beats * STEPS_PER_BEAT - self.drawn_at(step, length)) as f32 - hit.offset();
        if since < 0.0 { 0.0 } else { (1.0 - since).max(0.0) }
    }

    /// Tints the steps covered by fills.
    fn fills(&self, painter: &Painter, scale: Scale, grid: &GridLayout) {
        let Some(phrase) = self.pending.or(self.playing) else { return };
        let fills: Fills = phrase.take.fills;
        let mut begun: Option<f32> = None;
        for (bar, column) in (self.first..).zip(&grid.columns) {
            let length = column.meter.steps();
            for step in 0..length {
                let covered = fills.cover(column.meter, bar, step);
                let x = column.x(step as f64);
                if covered && begun.is_none() {
                    begun = Some(x);
                }
                let last = bar + 1 == self.first + i64::try_from(grid.columns.len()).unwrap_or(0)
                    && step + 1 == length;
                let end = if !covered { Some(x) } else { last.then_some(column.rect.right()) };
                if let (Some(from), Some(to)) = (begun, end) {
                    self.fill(painter, scale, grid, from, to);
                    begun = None;
                }
            }
        }
    }

    fn fill(&self, painter: &Painter, scale: Scale, grid: &GridLayout, from: f32, to: f32) {
        let over = scale.px(4.0);
        let y = grid.lanes.top() - over..=grid.lanes.bottom() + over;
        let area = Rect::from_x_y_ranges(from..=to, y);
        painter.rect_filled(
            area,
            CornerRadius::from(scale.px(5.0)),
            theme::TEAL.gamma_multiply(0.1),
        );
        let at = pos2(from + scale.px(8.0), grid.lanes.top() - scale.px(RULER / 2.0));
        painter.text(at, Align2::LEFT_CENTER, "fill", scale.font(FontRole::Small), theme::TEAL);
    }

    /// Draws bar numbers and the lines at beats and bars.
    fn lines(&self, painter: &Painter, scale: Scale, grid: &GridLayout) {
        let bars = (self.first..).zip(grid.columns.iter().chain([&grid.next]));
        for (bar, column) in bars {
            let area = column.rect;
            let beat_steps = 16.0 / f64::from(column.meter.denominator);
            for beat in 1..column.meter.numerator {
                // Beat lines closer than a few points would blur into a grey area.
                let x = column.x(f64::from(beat) * beat_steps);
                let gap = column.x(beat_steps) - area.left();
                if gap >= scale.px(4.0) && x < column.right {
                    painter.vline(x, area.y_range(), Stroke::new(1.0, theme::LINE));
                }
            }
            painter.vline(area.left(), area.y_range(), Stroke::new(scale.px(1.2), theme::BAR_LINE));
            let here = self.playhead.is_some_and(|now| now.bar == bar - self.first);
            let colour = match (here, area.left() < grid.next.rect.left()) {
                (true, _) => theme::TEXT,
                (false, true) => theme::MUTED,
                (false, false) => theme::FAINT,
            };
            if let Some(number) = PatternPosition::number(bar, self.performance.pace) {
                let at = pos2(area.left() + scale.px(5.0), area.top() - scale.px(RULER / 2.0));
                painter.text(at, Align2::LEFT_CENTER, number, scale.font(FontRole::Strong), colour);
            }
        }
    }

    /// Highlights the current step.
    fn here(&self, painter: &Painter, grid: &GridLayout) {
        let Some(now) = self.playhead else { return };
        let Some(column) = grid.column(now.bar) else { return };
        let step = (now.beats * STEPS_PER_BEAT).floor();
        let band = column.x(step)..=column.x(step + 1.0).min(column.right);
        let area = Rect::from_x_y_ranges(band, grid.lanes.y_range());
        painter.rect_filled(area, 0.0, theme::PLAYHEAD.gamma_multiply(0.06));
    }

    fn playhead(&self, painter: &Painter, scale: Scale, grid: &GridLayout) {
        let Some(x) = self.playhead.and_then(|now| grid.x(now)) else { return };
        let line = grid.lanes.top() - scale.px(6.0)..=grid.lanes.bottom() + scale.px(4.0);
        painter.vline(x, line, Stroke::new(scale.px(2.0), theme::PLAYHEAD));
    }

    /// Describes a cell: position, articulation, velocity and strokes; then its timing offset.
    pub(crate) fn describe(&self, bar: usize, step: usize, drum: Drum) -> String {
        let bar_of = self.first + i64::try_from(bar).unwrap_or(0);
        let number = PatternPosition::number(bar_of, self.performance.pace).unwrap_or(bar_of + 1);
        let meter = self.meters.get(bar).copied().unwrap_or_default();
        let place = spoken::position(number, meter, step, drum);
        let Some(hit) = self.hit(bar, step, drum) else { return place };
        let timing = match (hit.offset() * 100.0).round() {
            0.0 => "On the grid".to_owned(),
            late if late > 0.0 => format!("{late}% of a sixteenth late"),
            early => format!("{}% of a sixteenth early", -early),
        };
        format!("{place}, {}\n{timing}", spoken::hit(hit, drum, self.tempo))
    }
}

/// Returns a bar of the pattern with the performance applied, mute and solo aside.
///
/// Swung eighths may change their step; they are only drawn later, see [`PhraseView::drawn_at`].
fn performed(performance: &Performance, bar: &Bar) -> Bar {
    let within = performance.swing_of == SwingOf::Sixteenths;
    let plain = performance.pace == TimeFeel::Plain;
    let swing = if plain && within { performance.swing } else { 0.0 };
    let performance = Performance {
        swing,
        pace: TimeFeel::Plain,
        mute: DrumSet::EMPTY,
        solo: DrumSet::EMPTY,
        ..*performance
    };
    performance.play(0, std::slice::from_ref(bar))
}

/// Highlights a column that is about to change.
fn glow(
    painter: &Painter,
    grid: &GridLayout,
    column: &crate::editor::phrase::layout::Column,
    step: usize,
) {
    let left = column.x(step as f64);
    let band = left..=(left + column.step()).min(column.right);
    let area = Rect::from_x_y_ranges(band, grid.lanes.y_range());
    painter.rect_filled(area, 0.0, theme::AMBER.gamma_multiply(0.09));
    let foot: Pos2 = pos2(area.center().x, area.bottom());
    painter.hline(
        area.x_range().shrink(0.5),
        foot.y,
        Stroke::new(2.0, theme::AMBER.gamma_multiply(0.55)),
    );
}
