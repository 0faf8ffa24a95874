//! Stretches of the song in which nothing can happen: no note begins or ends, no bar comes, and
//! everything that is to come has been asked for. A block within one has nothing to do but to say
//! where the song is, and most blocks are.

use groove::clock::{Block, Grid, Span, TICKS_PER_BEAT};
use groove::schedule::{Scheduler, first_bar};

use crate::audio::bar_cache::BarKey;
use crate::audio::render_cache::RenderCache;
use crate::audio::take_queue::EARLY_REACH;
use crate::project::state::TakeTempo;

/// Bars of the playing take at hand after the one at the song position.
pub(crate) const BARS_AHEAD: i64 = 2;

/// A stretch, and what it was found for: if anything of that is another now, it counts no more.
/// News that a block does not tell (controls, keys, bars from the worker) end it at once: see who
/// forgets it in [`crate::audio::engine`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdleSpan {
    /// Up to where notes need not be played, in quarter notes; while the song stands, where.
    pub(crate) until: f64,
    pub(crate) playing: bool,
    /// Longer blocks look farther ahead.
    pub(crate) frames: u32,
    /// Quarter notes a minute.
    pub(crate) tempo: f64,
    pub(crate) grid: Grid,
    pub(crate) loop_range: Option<(f64, f64)>,
    pub(crate) take_tempo: TakeTempo,
}

impl IdleSpan {
    /// Whether a block lies within it: all of it, and it goes on where the last one ended.
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

/// Up to where nothing happens after the last span of a block of so many quarter notes, if that can
/// be said. The take plays, and no other is to.
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

/// The last bar that is needed soon after a position in a block of so many quarter notes: within a
/// second, or two more such blocks.
pub(crate) fn lookahead_bar(block: &Block, position: f64, beats: f64) -> i64 {
    block.grid.bar_at(position + beats + (block.tempo / 60.0).max(2.0 * beats))
}
