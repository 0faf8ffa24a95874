//! Moves a phrase on.

use crate::generate::conditioning::{Part, is_even};
use crate::generate::decoder::Player;
use crate::generate::phrase::Playing;
use crate::model::ModelError;
use crate::pattern::Step;

/// How many steps before a missed pin the drummer begins to lead up to it, how many after it are
/// played anew, and how many after those are heard to judge by.
const LEAD: usize = 12;
const AFTER: usize = 4;
const HEARD: usize = 16;
/// How many ways are tried, besides the one that changes nothing but the pins.
const TRIES: u8 = 8;

impl Part<'_> {
    /// Plays the next step, or all that is played anew around missed pins.
    pub(crate) fn go_on(&self, playing: &mut Playing) -> Result<(), ModelError> {
        let at = playing.steps().len();
        if let Some(heard) = self.heard(playing, at) {
            return self.play_candidates(playing, &heard);
        }
        let player = &mut playing.player;
        let cue = &playing.cues[at];
        if let Some(step) = cue.keep {
            return player.hear(self.model, &self.kind(cue.fill.is_some()), step);
        }
        let around_pins = is_even(self.take);
        let Some(base) = cue.base.filter(|_| around_pins) else {
            return self.play(player, at, cue, 0).map(drop);
        };
        let missed = |place: &usize| {
            let cue = &playing.cues[*place];
            cue.keep.is_none() && cue.base.is_some_and(|step| !self.keeps_pins(*place, &step))
        };
        let last = playing.cues.len() - 1;
        if !(at..=last.min(at + LEAD)).any(|place| missed(&place)) {
            let mut base = base;
            self.take.pins.touch(at, &mut base);
            return player.hear(self.model, &self.kind(cue.fill.is_some()), base);
        }
        let end = (at..=last.min(at + 2 * LEAD)).rev().find(missed).unwrap_or(at) + AFTER;
        let end = end.min(last);
        let mut best: Option<(f32, Player)> = None;
        for attempt in 0..=TRIES {
            let mut way = player.clone();
            let mut likely = 0.0;
            for (place, cue) in playing.cues.iter().enumerate().take(end + 1).skip(at) {
                likely += match (cue.keep, attempt) {
                    (Some(step), _) => self.hear(&mut way, cue, step)?,
                    (None, 0) => self.amend(&mut way, place, cue)?,
                    (None, _) => self.play(&mut way, place, cue, attempt)?,
                };
            }
            let whole = way.clone();
            for cue in playing.cues.iter().skip(end + 1).take(HEARD) {
                let next = cue.keep.or(cue.base).unwrap_or(Step::SILENT);
                likely += self.hear(&mut way, cue, next)?;
            }
            if best.as_ref().is_none_or(|(known, _)| likely > *known) {
                best = Some((likely, whole));
            }
        }
        if let Some((_, way)) = best {
            *player = way;
        }
        Ok(())
    }
}
