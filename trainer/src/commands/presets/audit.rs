//! The audit of one preset: two stretches of its take, judged by its idiom.

use std::sync::Arc;

use anyhow::Result;
use groove::Meter;
use groove::generate::Drummer;
use groove::model::Model;
use groove::take::Take;

use super::file::FactoryPreset;
use crate::metrics::idiom::{Idiom, NumberedBar, Verdict, hits};
use crate::playback::play_bars;

/// First bars of the stretches, counted from 0: the start and the middle of a song.
const STRETCHES: [i64; 2] = [0, 64];
/// Bars in a stretch.
const BARS: usize = 16;

/// A preset with its idiom and both stretches.
#[derive(Debug)]
pub(super) struct Audit {
    pub(super) preset: FactoryPreset,
    pub(super) idiom: &'static Idiom,
    pub(super) played: Stretches,
    pub(super) verdicts: [Verdict; 2],
}

/// Bars of both stretches of a take.
pub(super) type Stretches = [Vec<NumberedBar>; 2];

impl Audit {
    /// Plays a preset and judges it.
    pub(super) fn new(
        model: &Arc<Model>,
        idiom: &'static Idiom,
        preset: FactoryPreset,
    ) -> Result<Self> {
        let take = preset.take();
        let mut drummer = Drummer::new(Arc::clone(model));
        let [first, second] = STRETCHES.map(|first| play(&mut drummer, &take, first, BARS));
        let played = [first?, second?];
        let verdicts = played.each_ref().map(|bars| idiom.judge(bars, take.fills));
        Ok(Audit { preset, idiom, played, verdicts })
    }

    /// Returns the lower share of the two stretches.
    pub(super) fn share(&self) -> f32 {
        let [first, second] = &self.verdicts;
        first.share().min(second.share())
    }

    /// Returns the hits per bar, over both stretches.
    pub(super) fn hits(&self) -> f32 {
        let bars = self.played.iter().flatten();
        let all: usize = bars.map(|played| hits(&played.bar)).sum();
        all as f32 / self.played.iter().map(Vec::len).sum::<usize>() as f32
    }

    /// Returns the missed limits with their numbers of bars, the most first.
    pub(super) fn missed(&self) -> String {
        let [first, second] = &self.verdicts;
        let counts = first.missed.iter().zip(&second.missed).map(|(a, b)| a + b);
        let mut missed: Vec<(usize, &str)> =
            counts.zip(self.idiom.limits.iter().map(|limit| limit.words.as_str())).collect();
        missed.retain(|(count, _)| *count > 0);
        missed.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let named = missed.iter().map(|(count, words)| format!("{words} ({count})"));
        named.collect::<Vec<_>>().join("; ")
    }
}

/// Plays consecutive bars of a take in 4/4.
pub(super) fn play(
    drummer: &mut Drummer,
    take: &Take,
    first: i64,
    bars: usize,
) -> Result<Vec<NumberedBar>> {
    let played = play_bars(drummer, take, Meter::FOUR_FOUR, first..first + i64::try_from(bars)?)?;
    Ok((first..).zip(played).map(|(number, bar)| NumberedBar { number, bar }).collect())
}
