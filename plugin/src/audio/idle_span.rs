//! Idle spans of the song: no note begins or ends, no bar starts, and every upcoming bar is
//! requested. Most blocks lie in an idle span; they only publish the song position.

use groove::play::clock::{Block, Grid, Span, TICKS_PER_BEAT};
use groove::play::schedule::{Scheduler, first_bar};

use crate::audio::bar_cache::BarKey;
use crate::audio::render_cache::RenderCache;
use crate::audio::take_queue::EARLY_REACH;
use crate::project::take_tempo::TakeTempo;

/// Bars of the playing take to have ready after the current one.
pub(crate) const BARS_AHEAD: i64 = 2;

/// An idle span and the inputs it was computed from; invalid as soon as one of them changes.
/// Changes that the block itself does not show (controls, keys, delivered bars) reset it in
/// [`crate::audio::engine`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdleSpan {
    /// End of the span in quarter notes; while the song stands, its position.
    pub(crate) until: f64,
    pub(crate) playing: bool,
    /// Block size; longer blocks look farther ahead.
    pub(crate) frames: u32,
    /// In quarter notes per minute.
    pub(crate) tempo: f64,
    pub(crate) grid: Grid,
    pub(crate) loop_range: Option<(f64, f64)>,
    pub(crate) take_tempo: TakeTempo,
}

impl IdleSpan {
    /// Returns `true` if a block lies entirely within the span and continues where the last block
    /// ended.
    pub(crate) fn covers(&self, block: &Block, playing: bool, take_tempo: TakeTempo) -> bool {
        let (tempo, grid, loop_range) = (block.tempo, block.grid, block.loop_range);
        if (playing, tempo, grid, loop_range, take_tempo)
            != (self.playing, self.tempo, self.grid, self.loop_range, self.take_tempo)
        {
            return false;
        }
        if playing {
            block.spans.go_on_before(self.until, self.frames)
        } else {
            block.position == self.until
        }
    }
}

/// Returns the end of the idle span after the last span of a block of `beats` quarter notes, or
/// `None` if it is unknown. Requires that the take plays and no other one waits.
pub(crate) fn idle_until(
    block: &Block,
    span: &Span,
    beats: f64,
    take: u32,
    render_cache: &RenderCache,
    scheduler: &Scheduler,
) -> Option<f64> {
    let grid = &span.grid;
    let bar = grid.bar_at(block.position);
    let key = BarKey::of(take, grid, bar);
    let bars = |bar| render_cache.get(BarKey { bar, ..key });
    let (start, end) = (grid.bar_ticks(bar), grid.bar_ticks(bar + 1));
    // In double time the second half of a bar is a bar of its own.
    let middle = 0.5 * (start + end) / TICKS_PER_BEAT;
    let mut until = if block.position < middle { middle } else { end / TICKS_PER_BEAT };
    if bars(bar + 1).is_none() {
        until = until.min(end / TICKS_PER_BEAT - EARLY_REACH);
    }
    let seam = span.seam.map_or(f64::INFINITY, |(_, end)| end - EARLY_REACH);
    let until = until.min(seam).min(span.to + 1.0);
    let known = (first_bar(grid, span.to)..=bar).all(|bar| bars(bar).is_some());
    (known && until > span.to && lookahead_bar(block, until, beats) <= bar + BARS_AHEAD)
        .then(|| scheduler.next(span, until, bars))
}

/// Returns the last bar needed soon after a position, for blocks of `beats` quarter notes: within
/// one second or two more blocks, whichever is longer.
pub(crate) fn lookahead_bar(block: &Block, position: f64, beats: f64) -> i64 {
    block.grid.bar_at(position + beats + (block.tempo / 60.0).max(2.0 * beats))
}
