//! Checks of primers: continued bars, tapped rhythms, humanised hits, and morphs between two takes.

use anyhow::{Context, Result};
use groove::generate::humanise::{DEFAULT_AMOUNT, humanise, predict_feel};
use groove::generate::morph::morph;
use groove::learn::data::{Piece, Split};
use groove::model::ModelError;
use groove::model::encode::Kind;
use groove::pattern::style::style_number;
use groove::take::{Played, Primer, Rhythm, Take, TakeControls};
use groove::{Bar, Drum, DrumSet, Hit, Meter, Step};
use rand::Rng;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::check::{Check, CheckContext, draws, f1, mean, share};

const BAR: usize = 16;
/// Maximum number of validation windows to continue, and of rhythms to tap.
const WINDOWS: usize = 100;

/// Returns windows of validation beats in 4/4, spread over all files of a style (0: all).
fn windows(context: &CheckContext, style: u8, bars: usize) -> Vec<(Kind, Vec<Step>)> {
    let fits = |piece: &&Piece| {
        let kind = &piece.kind;
        piece.split == Split::Validation
            && !kind.fill
            && kind.meter == Meter::FOUR_FOUR
            && (style == 0 || kind.style == style)
    };
    let mut all: Vec<(Kind, Vec<Step>)> = Vec::new();
    for piece in context.pieces.iter().filter(fits) {
        let starts = (0..piece.steps.len()).step_by(BAR);
        let windows = starts.filter_map(|start| piece.steps.get(start..start + bars * BAR));
        let sounding = windows.filter(|w| w[..BAR].iter().any(|step| !step.drums().is_empty()));
        all.extend(sounding.map(|window| (piece.kind, window.to_vec())));
    }
    all.shuffle(&mut draws(6));
    all.truncate(WINDOWS);
    all
}

/// Returns the mean F1 of bars with those of a two-bar primer, which repeats.
fn like_the_primer(primer: &[Step], bars: &[Step]) -> f64 {
    mean(bars.chunks(BAR).zip(primer.chunks(BAR).cycle()).map(|(bar, heard)| f1(bar, heard)))
}

/// Returns a take with the style and tempo of a piece, and a primer.
fn primed_take(seed: usize, kind: &Kind, primer: Primer) -> Result<Take> {
    let seed = u32::try_from(seed)?;
    let Kind { style, tempo, .. } = *kind;
    let controls = TakeControls { seed, style, tempo, ..TakeControls::default() };
    Ok(Take { controls, primer, ..Take::default() })
}

pub(super) fn carry_on(context: &CheckContext) -> Result<Vec<Check>> {
    let style = style_number("rock").context("the style is missing")?;
    let windows = windows(context, style, 6);
    let compare = |(seed, (kind, steps)): (usize, &(Kind, Vec<Step>))| -> Result<[f64; 2]> {
        let (primer, next) = steps.split_at(2 * BAR);
        let take = primed_take(seed, kind, Primer::Play(Played::new(primer)))?;
        Ok([like_the_primer(primer, &context.play(&take, 4)?), like_the_primer(primer, next)])
    };
    let pairs = windows.par_iter().enumerate().map(compare).collect::<Result<Vec<_>>>()?;
    let [ours, theirs] = [0, 1].map(|side| mean(pairs.iter().map(|pair| pair[side])));
    let what = "rock, four bars after two: F1 with the two, and the drummers' own";
    let holds = ours >= theirs - 0.05;
    Ok(vec![
        Check::new("windows", windows.len(), "100", windows.len() == WINDOWS),
        Check::new(what, [ours, theirs], "theirs less .05 at least", holds),
    ])
}

pub(super) fn tap(context: &CheckContext) -> Result<Vec<Check>> {
    // The tapped rhythm is the drummers' kick.
    let rhythms: Vec<(Kind, Rhythm)> = windows(context, 0, 2)
        .into_iter()
        .map(|(kind, steps)| {
            let foot: Vec<Step> = steps
                .iter()
                .map(|step| {
                    let mut foot = Step::SILENT;
                    foot.set(Drum::Kick, step.hit(Drum::Kick));
                    foot
                })
                .collect();
            (kind, Rhythm::of(&foot))
        })
        .filter(|(_, rhythm)| rhythm.onsets != 0)
        .collect();
    let met = |on: bool| -> Result<[f64; 2]> {
        let one = |(seed, (kind, rhythm)): (usize, &(Kind, Rhythm))| -> Result<[f64; 2]> {
            let primer = if on { Primer::Tap(*rhythm) } else { Primer::Off };
            let take = primed_take(seed, kind, primer)?;
            let played = context.play(&take, 8)?;
            let onsets = || (0..played.len()).filter(|&step| rhythm.at(step));
            let backbone: DrumSet = [Drum::Kick, Drum::Snare].into_iter().collect();
            let drums = |step: usize| played[step].drums();
            Ok([
                share(onsets().map(|step| !drums(step).is_empty())),
                share(onsets().map(|step| !drums(step).and(backbone).is_empty())),
            ])
        };
        let all = rhythms.par_iter().enumerate().map(one).collect::<Result<Vec<_>>>()?;
        Ok([0, 1].map(|kind| mean(all.iter().map(|shares| shares[kind]))))
    };
    let (on, off) = (met(true)?, met(false)?);
    Ok(vec![
        Check::new(
            "onsets that are met, and with tapping off",
            [on[0], off[0]],
            ".8 at least",
            on[0] >= 0.8,
        ),
        Check::new(
            "onsets that kick or snare meet, and with tapping off",
            [on[1], off[1]],
            "more than off",
            on[1] > off[1],
        ),
    ])
}

/// Returns the summed absolute errors of velocity (1 to 127) and offset (ms), and the number of
/// hits.
fn errors(kind: &Kind, played: &[Step], truth: &[Step]) -> [f64; 3] {
    let ms = 60_000.0 / f64::from(kind.tempo) / 4.0;
    let mut sums = [0.0; 3];
    for (played, truth) in played.iter().zip(truth) {
        for (drum, hit) in truth.hits() {
            let Some(ours) = played.hit(drum) else { continue };
            sums[0] += f64::from(ours.velocity.abs_diff(hit.velocity));
            sums[1] += f64::from((ours.offset() - hit.offset()).abs()) * ms;
            sums[2] += 1.0;
        }
    }
    sums
}

pub(super) fn humanised(context: &CheckContext) -> Result<Vec<Check>> {
    let fits = |piece: &&Piece| piece.split == Split::Validation && !piece.kind.fill;
    let pieces: Vec<&Piece> = context.pieces.iter().filter(fits).collect();
    // On the grid; at one velocity, or at the drummer's.
    let quantised = |steps: &[Step], flat: bool| -> Vec<Step> {
        let mut steps = steps.to_vec();
        for step in &mut steps {
            let given = *step;
            for (drum, hit) in given.hits() {
                let velocity = if flat { 100 } else { hit.velocity };
                step.set(drum, Some(Hit::plain(velocity, 0)));
            }
        }
        steps
    };
    let humanised = |piece: &Piece, flat: bool| {
        humanise(&context.model, &piece.kind, &quantised(&piece.steps, flat), None, DEFAULT_AMOUNT)
    };
    let predicted = |piece: &Piece, flat: bool| {
        predict_feel(&context.model, &piece.kind, &quantised(&piece.steps, flat))
    };
    type Play<'a> = &'a (dyn Fn(&Piece, bool) -> Result<Vec<Step>, ModelError> + Sync);
    let score = |play: Play, flat: bool| -> Result<[f64; 2]> {
        let one = |piece: &&Piece| -> Result<[f64; 3]> {
            Ok(errors(&piece.kind, &play(piece, flat)?, &piece.steps))
        };
        let all = pieces.par_iter().map(one).collect::<Result<Vec<_>>>()?;
        let [velocity, offset, hits] =
            [0, 1, 2].map(|part| all.iter().map(|sums| sums[part]).sum::<f64>());
        Ok([velocity / hits, offset / hits])
    };
    let mut lines = Vec::new();
    for (flat, of) in [(true, "on the grid at one velocity"), (false, "on the grid")] {
        let (ours, reference) = (score(&humanised, flat)?, score(&predicted, flat)?);
        for (part, what) in ["velocity error of 127", "offset error in ms"].iter().enumerate() {
            let what = format!("{of}: {what}, and of the model that is told such a past");
            let (ours, reference) = (ours[part], reference[part]);
            lines.push(Check::new(
                what,
                [ours, reference],
                "1.1 times at most",
                ours <= 1.1 * reference,
            ));
        }
    }
    let known = |piece: &Piece, _| predict_feel(&context.model, &piece.kind, &piece.steps);
    let what = "the same errors of the model that is told what the drummer played";
    lines.push(Check::new(what, score(&known, true)?, "no limit", true));
    Ok(lines)
}

pub(super) fn morphed(context: &CheckContext) -> Result<Vec<Check>> {
    const PAIRS: u32 = 50;
    const COUNT: usize = 8;
    let one = |pair: u32| -> Result<([Vec<f64>; 2], bool)> {
        let mut draws = draws(7);
        draws.set_stream(u64::from(pair));
        let mut take = || {
            Take::from(TakeControls {
                seed: draws.random(),
                style: draws.random_range(0..=18),
                tempo: draws.random_range(80.0..140.0),
                ..TakeControls::default()
            })
        };
        let takes = [take(), take()];
        let beats = morph(&context.model, [&takes[0], &takes[1]], Meter::FOUR_FOUR, COUNT)?;
        let steps = |bars: &[Bar]| -> Vec<Step> {
            bars.iter().flat_map(|bar| bar.steps().to_vec()).collect()
        };
        let ends = [context.play(&takes[0], 4)?, context.play(&takes[1], 4)?];
        let beats: Vec<Vec<Step>> = beats.iter().map(|bars| steps(bars)).collect();
        let exact = beats[0] == ends[0] && beats[COUNT - 1] == ends[1];
        let like = |end: &[Step]| beats.iter().map(|beat| f1(beat, end)).collect::<Vec<f64>>();
        Ok(([like(&ends[0]), like(&ends[1])], exact))
    };
    let all = (0..PAIRS).into_par_iter().map(one).collect::<Result<Vec<_>>>()?;
    let curve = |side: usize| -> Vec<f64> {
        (0..COUNT).map(|place| mean(all.iter().map(|(like, _)| like[side][place]))).collect()
    };
    let (first, second) = (curve(0), curve(1));
    let (falls, rises) = (first.is_sorted_by(|a, b| a > b), second.is_sorted_by(|a, b| a < b));
    let exact = all.iter().all(|(_, exact)| *exact);
    Ok(vec![
        Check::new("F1 with the first, on the mean", &first, "falls", falls),
        Check::new("F1 with the second, on the mean", &second, "rises", rises),
        Check::new("both ends are the takes themselves", exact, "in every pair", exact),
    ])
}
