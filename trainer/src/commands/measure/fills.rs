//! Checks of requested fills beside the drummers' own: strokes, the kick below them, the crash
//! after them.

use anyhow::{Context, Result};
use groove::generate::Drummer;
use groove::generate::fill_quota::quantiles;
use groove::learn::data::{Piece, Split};
use groove::model::encode::Kind;
use groove::pattern::style::{STYLES, style_number};
use groove::take::{Fills, Take, TakeControls};
use groove::{CLASSES, Drum, DrumSet, Meter, Step};
use rayon::prelude::*;

use super::check::{Check, CheckContext, TOMS, count, mean, set, share, sum};
use crate::metrics::free_run::{hits_per_bar, human, tempi};

/// Takes whose fill bars are compared with other bars, and bars of each.
const TAKES: u32 = 160;
const BARS: i64 = 16;
/// Takes per other setting; a fill ends every fourth bar of [`BARS`].
const FEW: u32 = 20;
/// Measured amounts, and takes of each.
const AMOUNTS: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];
const MANY: u32 = 60;
/// Lengths in steps, from a beat to two bars, and meters of requested fills.
const LENGTHS: [u8; 5] = [4, 8, 12, 16, 32];
const METERS: [(i32, i32); 6] = [(4, 4), (3, 4), (5, 4), (6, 8), (7, 8), (12, 8)];

/// Drums whose hits count as strokes of a fill.
pub(super) fn stroked() -> DrumSet {
    set(&[Drum::Snare, Drum::LowTom, Drum::MidTom, Drum::HighTom])
}

/// Drums that can keep the time during a fill.
fn timed() -> DrumSet {
    set(&[Drum::Kick, Drum::ClosedHat])
}

/// A fill, and the step after it.
struct PlayedFill {
    steps: Vec<Step>,
    after: Option<Step>,
    /// Steps in a felt beat.
    beat: usize,
    /// Place of the first step in the bar.
    at: usize,
}

impl PlayedFill {
    fn strokes(&self) -> f64 {
        let hits = self.steps.iter().map(|step| step.drums().and(stroked()).len());
        f64::from(hits.sum::<u32>())
    }

    /// Returns the strokes per quarter note.
    fn rate(&self) -> f64 {
        4.0 * self.strokes() / self.steps.len() as f64
    }

    /// Iterates over the beats: true if one of the drums is struck at the first step.
    fn on_beats(&self, drums: DrumSet) -> impl Iterator<Item = bool> {
        let places = (self.at..).zip(&self.steps).filter(|(at, _)| at % self.beat == 0);
        places.map(move |(_, step)| !step.drums().and(drums).is_empty())
    }

    /// Returns the number of steps with a stroke and of all steps, on the beats or off them.
    fn stroked(&self, on: bool) -> [f64; 2] {
        let steps = (self.at..).zip(&self.steps).filter(|(at, _)| (at % self.beat == 0) == on);
        let strokes = steps.map(|(_, step)| !step.drums().and(stroked()).is_empty());
        strokes.fold([0.0; 2], |[some, all], is| [some + f64::from(u8::from(is)), all + 1.0])
    }

    /// Returns the number of moves from one tom to another: downwards, and all.
    fn moves(&self) -> [f64; 2] {
        let toms = set(&TOMS);
        let struck = self.steps.iter().map(|step| step.drums().and(toms));
        // Class numbers rise with the pitch of the tom.
        let single: Vec<u16> = struck.filter(|toms| toms.len() == 1).map(DrumSet::bits).collect();
        let moves = |down: bool| {
            single.windows(2).filter(|two| two[0] > two[1] || !down && two[0] != two[1]).count()
        };
        [moves(true) as f64, moves(false) as f64]
    }
}

/// Returns the fills of the train split in 4/4, of one style or of all: from the beat of the first
/// stroke to the end of the last bar, or of the last beat if the bar is incomplete.
fn drummers(pieces: &[Piece], style: Option<u8>) -> Vec<PlayedFill> {
    let wanted = |piece: &&Piece| {
        let Kind { fill, meter, .. } = piece.kind;
        let fits = style.is_none_or(|style| style == piece.kind.style);
        piece.split == Split::Train && fill && meter == Meter::FOUR_FOUR && fits
    };
    let fill = |piece: &Piece| {
        let bar = 16;
        let whole = bar * ((piece.steps.len() + bar / 2) / bar).max(1);
        let end = match piece.steps.len() + 1 < whole {
            true => piece.steps.len().next_multiple_of(4),
            false => whole,
        };
        let mut steps = piece.steps.clone();
        steps.resize(end.max(steps.len()), Step::SILENT);
        let first = steps[..end].iter().position(|s| !s.drums().and(stroked()).is_empty())?;
        let after = piece.steps.get(end).copied();
        let at = first / 4 * 4;
        Some(PlayedFill { steps: steps[at..end].to_vec(), after, beat: 4, at })
    };
    pieces.iter().filter(wanted).filter_map(fill).collect()
}

/// Returns the value below which a share of the values lies.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of them")]
fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let place = (share * values.len() as f64) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

impl CheckContext {
    /// Returns the fills of takes that end every fourth bar with one.
    fn fills(&self, mut of: Take, meter: Meter, takes: u32) -> Result<Vec<PlayedFill>> {
        of.fills.every = 4;
        let play = |number: u32| -> Result<Vec<PlayedFill>> {
            let mut take = of;
            // Distant seeds.
            take.controls.seed = number.wrapping_mul(0x9e37_79b9) + 5;
            self.fills_of(&take, meter)
        };
        let played = (0..takes).into_par_iter().map(play).collect::<Result<Vec<_>>>()?;
        Ok(played.into_iter().flatten().collect())
    }

    /// Returns the fills of the first [`BARS`] bars of a take, one every fourth bar.
    fn fills_of(&self, take: &Take, meter: Meter) -> Result<Vec<PlayedFill>> {
        let length = usize::from(take.fills.steps).min(2 * meter.steps());
        let mut drummer = Drummer::new(self.model.clone());
        let mut steps = Vec::new();
        for bar in 0..=BARS {
            steps.extend_from_slice(drummer.bar(take, meter, bar)?.steps());
        }
        let ends = (4..=16).step_by(4).map(|bar| bar * meter.steps());
        let fill = |end: usize| PlayedFill {
            steps: steps[end - length..end].to_vec(),
            after: steps.get(end).copied(),
            beat: meter.beat_steps(),
            at: (2 * meter.steps() - length) % meter.steps(),
        };
        Ok(ends.map(fill).collect())
    }
}

pub(super) fn fills(context: &CheckContext) -> Result<Vec<Check>> {
    let rock = style_number("rock").context("the style is missing")?;
    let mut lines = beside_other_bars(context, rock)?;
    lines.extend(usual(context, rock)?);
    lines.extend(shape(context, rock)?);
    lines.extend(amounts(context, rock)?);
    lines.extend(lengths_and_meters(context, rock)?);
    Ok(lines)
}

/// Toms and crash in fill bars and in others.
fn beside_other_bars(context: &CheckContext, style: u8) -> Result<Vec<Check>> {
    let tempi = tempi(&context.pieces, style);
    let (meter, fills) = (Meter::FOUR_FOUR, Fills { every: 4, steps: 16, amount: 0.5 });
    let drums = [&TOMS[..], &[Drum::Crash]].concat();
    let busy = |bars: &[&[Step]]| -> f64 {
        bars.iter().map(|bar| sum(&count(bar), &drums)).sum::<f64>() / bars.len() as f64
    };
    let take = |seed: u32| {
        let tempo = tempi[seed as usize * tempi.len() / TAKES as usize];
        context.play(
            &Take {
                fills,
                ..Take::from(TakeControls { seed, style, tempo, ..TakeControls::default() })
            },
            BARS,
        )
    };
    let takes = (0..TAKES).into_par_iter().map(take).collect::<Result<Vec<_>>>()?;
    let bars = || takes.iter().flat_map(|take| (0i64..).zip(take.chunks(meter.steps())));
    let (inside, outside): (Vec<_>, Vec<_>) =
        bars().partition(|(number, _)| fills.cover(meter, *number, 0));
    let only = |bars: Vec<(i64, _)>| bars.into_iter().map(|(_, bar)| bar).collect::<Vec<_>>();
    let (inside, outside) = (busy(&only(inside)), busy(&only(outside)));
    let rates = hits_per_bar(&human(&context.pieces, Split::Train, style), CLASSES);
    let theirs: f64 = drums.iter().map(|drum| rates[drum.index()]).sum();
    let (more, near) = (inside / outside, outside / theirs);
    let within = (0.75..=1.25).contains(&near);
    Ok(vec![
        Check::new("toms and crash a bar in fill bars by others", more, "3 at least", more >= 3.0),
        Check::new(
            "toms and crash a bar outside of fills by the drummers'",
            near,
            ".75 to 1.25",
            within,
        ),
    ])
}

fn of_style(style: u8) -> Take {
    TakeControls { style, ..TakeControls::default() }.into()
}

/// Eighty fills of two beats at the usual amount.
fn usual(context: &CheckContext, style: u8) -> Result<Vec<Check>> {
    let fills = context.fills(of_style(style), Meter::FOUR_FOUR, FEW)?;
    let theirs = drummers(&context.pieces, Some(style));
    let full = share(fills.iter().map(|fill| fill.strokes() >= 4.0));
    let bare = fills.iter().filter(|fill| fill.strokes() <= 2.0).count();
    let timed =
        [&fills, &theirs].map(|fills| share(fills.iter().flat_map(|fill| fill.on_beats(timed()))));
    let after = || fills.iter().filter_map(|fill| fill.after).map(|step| step.drums());
    let crash = share(after().map(|drums| drums.contains(Drum::Crash)));
    let with_kick =
        share(after().filter(|on| on.contains(Drum::Crash)).map(|on| on.contains(Drum::Kick)));
    let name = format!("{} rock fills of two beats", fills.len());
    Ok(vec![
        Check::new(
            format!("{name}, with four strokes or more"),
            full,
            ".95 at least",
            full >= 0.95,
        ),
        Check::new(format!("{name}, with two or fewer"), bare, "none", bare == 0),
        Check::new(format!("{name}, crash on the one after"), crash, ".7 at least", crash >= 0.7),
        Check::new("kick with that crash", with_kick, ".95 at least", with_kick >= 0.95),
        Check::new(
            "kick or closed hat on the quarters of fills, and the drummers'",
            timed,
            "theirs at least",
            timed[0] >= timed[1],
        ),
    ])
}

/// Returns the ratio of the sums of two numbers over fills.
fn ratio(fills: &[PlayedFill], of: impl Fn(&PlayedFill) -> [f64; 2]) -> f64 {
    let sums = fills.iter().map(of).fold([0.0; 2], |a, b| [a[0] + b[0], a[1] + b[1]]);
    sums[0] / sums[1]
}

/// Places of the strokes and direction of the toms, beside the drummers' fills of all styles.
fn shape(context: &CheckContext, style: u8) -> Result<Vec<Check>> {
    let played = context.fills(of_style(style), Meter::FOUR_FOUR, MANY)?;
    let theirs = drummers(&context.pieces, None);
    let both =
        |of: &dyn Fn(&PlayedFill) -> [f64; 2]| [&played, &theirs].map(|fills| ratio(fills, of));
    let down = both(&PlayedFill::moves);
    let (on, off) = (both(&|fill| fill.stroked(true)), both(&|fill| fill.stroked(false)));
    let strong = [on[0] / off[0], on[1] / off[1]];
    Ok(vec![
        Check::new(
            "moves from tom to tom that go down, and the drummers'",
            down,
            "theirs less .1 at least",
            down[0] >= down[1] - 0.1,
        ),
        Check::new("strokes on a beat, and the drummers'", on, "no limit", true),
        Check::new(
            "strokes on a beat by those on another sixteenth, and the drummers'",
            strong,
            "theirs less .2 at least",
            strong[0] >= strong[1] - 0.2,
        ),
    ])
}

/// Strokes by amount.
fn amounts(context: &CheckContext, style: u8) -> Result<Vec<Check>> {
    let at = |amount: f32| {
        let fills = Fills { amount, ..Fills::default() };
        context.fills(Take { fills, ..of_style(style) }, Meter::FOUR_FOUR, MANY)
    };
    let all = AMOUNTS.into_iter().map(at).collect::<Result<Vec<_>>>()?;
    let strokes: Vec<f64> =
        all.iter().map(|fills| mean(fills.iter().map(PlayedFill::rate))).collect();
    let rises = strokes.is_sorted_by(|less, more| less < more);
    let drums = |fill: &PlayedFill| fill.steps.iter().map(Step::drums).collect::<Vec<_>>();
    let differ = share(all[0].iter().zip(&all[2]).map(|(a, b)| drums(a) != drums(b)));
    let mut off: f64 = 0.0;
    for style in std::iter::once(0).chain(STYLES.iter().map(|style| style.number)) {
        let own = drummers(&context.pieces, Some(style).filter(|&style| style > 0));
        let mut rates: Vec<f64> = own.iter().map(PlayedFill::rate).collect();
        // Styles with fewer fills use the quantiles of all.
        if rates.len() >= 25 {
            for (share, known) in [0.2, 0.5, 0.9].into_iter().zip(quantiles(style)) {
                off = off.max((quantile(&mut rates, share) - f64::from(known)).abs());
            }
        }
    }
    Ok(vec![
        Check::new(format!("strokes a quarter note at {AMOUNTS:?}"), strokes, "rises", rises),
        Check::new(
            "greatest difference of the drummers' quantiles from those that are known",
            off,
            "below .01",
            off < 0.01,
        ),
        Check::new("fills that amounts 0 and .5 play apart", differ, ".5 at least", differ >= 0.5),
    ])
}

/// Strokes by length and by meter, at the usual amount.
fn lengths_and_meters(context: &CheckContext, style: u8) -> Result<Vec<Check>> {
    let mut lines = Vec::new();
    let mut line = |what: String, steps: u8, meter: Meter| -> Result<()> {
        let fills = Fills { steps, ..Fills::default() };
        let fills = context.fills(Take { fills, ..of_style(style) }, meter, FEW)?;
        let rate = mean(fills.iter().map(PlayedFill::rate));
        let least = fills.iter().map(PlayedFill::rate).fold(f64::INFINITY, f64::min);
        let crash = share(
            fills
                .iter()
                .filter_map(|fill| fill.after)
                .map(|step| step.drums().contains(Drum::Crash)),
        );
        let holds = least >= 1.75 && crash >= 0.65;
        let must = "1.75 at least of each, .65 at least";
        lines.push(Check::new(what, [rate, least, crash], must, holds));
        Ok(())
    };
    let what = "strokes a quarter note, the least fill's, crash after";
    for steps in LENGTHS {
        line(format!("{what}: {steps} steps of 4/4"), steps, Meter::FOUR_FOUR)?;
    }
    for (n, d) in METERS {
        let meter = Meter::new(n, d);
        let two_beats = u8::try_from(2 * meter.beat_steps()).unwrap_or(8);
        line(format!("{what}: {two_beats} steps of {n}/{d}"), two_beats, meter)?;
    }
    Ok(lines)
}
