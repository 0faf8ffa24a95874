//! Stretches of the song in which nothing can happen: no note begins or ends, no bar comes, and
//! everything that is to come has been asked for. A block within one has nothing to do but to say
//! where the song is, and most blocks are.

use groove::clock::{Block, Entry, Grid};

use crate::state::TakeTempo;

/// A stretch, and what it was found for: if anything of that is another now, it counts no more.
/// News that a block does not tell (controls, keys, bars from the worker) end it at once: see who
/// forgets it in [`crate::engine`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calm {
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

impl Calm {
    /// Whether a block lies within it: all of it, and it goes on where the last one ended.
    pub(crate) fn covers(&self, block: &Block, playing: bool, take_tempo: TakeTempo) -> bool {
        let (tempo, grid, loop_range) = (block.tempo, block.grid, block.loop_range);
        if (playing, tempo, grid, loop_range, take_tempo)
            != (self.playing, self.tempo, self.grid, self.loop_range, self.take_tempo)
        {
            return false;
        }
        let mut spans = block.spans;
        match spans.next() {
            Some(span) => {
                span.entry == Entry::Continues
                    && span.to <= self.until
                    && span.frames <= self.frames
                    && spans.is_empty()
            }
            None => !playing && block.position == self.until,
        }
    }
}
