//! Checks of constraints: takes are pure functions, pins are kept and prepared for, held drums are
//! struck.

use std::sync::Arc;

use anyhow::Result;
use groove::generate::Drummer;
use groove::generate::likelihood::likelihood;
use groove::model::encode::Kind;
use groove::play::perform::Performance;
use groove::take::pins::{Pin, Pins};
use groove::take::{Fills, Played, Primer, Rhythm, Take, TakeControls};
use groove::{Bar, Drum, DrumSet, Hit, Meter, Step};
use rand::Rng;
use rand::seq::IndexedRandom;
use rayon::prelude::*;

use super::check::{Check, CheckContext, draws, mean, set, share};

const CASES: u64 = 1_000;
const METER: Meter = Meter::FOUR_FOUR;

/// A random take.
fn any_take(draws: &mut impl Rng) -> Take {
    let primer = match draws.random_range(0..4) {
        0 => Primer::Hold {
            drums: DrumSet::from_bits(draws.random()),
            at: draws.random_range(0..64),
        },
        1 => Primer::Play(Played::new(&[any_step(draws); 32])),
        2 => Primer::Tap(Rhythm { onsets: draws.random(), steps: draws.random_range(1..=64) }),
        _ => Primer::Off,
    };
    let mut take = Take {
        controls: TakeControls {
            seed: draws.random(),
            style: draws.random_range(0..=18),
            blend: (draws.random_range(0..=18), *[0.0, 0.0, 0.3].choose(draws).unwrap_or(&0.0)),
            tempo: draws.random_range(60.0..200.0),
            temperature: draws.random_range(0.5..1.5),
            stick: *[0.0, 0.5, 0.5, 0.8, 1.0].choose(draws).unwrap_or(&0.5),
            ..TakeControls::default()
        },
        fills: Fills {
            every: *[0, 1, 2, 4, 8, 16].choose(draws).unwrap_or(&0),
            steps: draws.random_range(4..=32),
            amount: draws.random(),
        },
        phrase_bars: *[1, 2, 4].choose(draws).unwrap_or(&4),
        evolve: draws.random(),
        primer,
        ..Take::default()
    };
    if draws.random_bool(0.3) {
        take.controls.lanes[draws.random_range(0..9)] = draws.random_range(-1.0..1.0);
    }
    if draws.random_bool(0.3) {
        take.pins = any_pins(draws, 16 * take.bars());
    }
    take
}

fn any_step(draws: &mut impl Rng) -> Step {
    let mut step = Step::SILENT;
    for drum in DrumSet::from_bits(draws.random()).iter() {
        step.set(drum, Some(Hit::new(draws.random(), 0.0)));
    }
    step
}

fn any_pins(draws: &mut impl Rng, steps: usize) -> Pins {
    let mut pins = Pins::NONE;
    for _ in 0..draws.random_range(1..=6) {
        let drum = Drum::ALL[draws.random_range(0..9)];
        let place = draws.random_range(0..steps);
        let pin = if draws.random_bool(0.7) { Pin::Struck } else { Pin::Silent };
        pins.set(place, drum, Some(pin));
    }
    pins
}

fn hits(bars: &[Bar]) -> Vec<DrumSet> {
    bars.iter().flat_map(|bar| bar.steps()).map(Step::drums).collect()
}

/// Returns the share of the cases, each with its own random numbers, that satisfy a predicate.
fn share_of_cases(
    part: u64,
    is: impl Fn(u64, &mut rand_chacha::ChaCha8Rng) -> Result<bool> + Sync,
) -> Result<f64> {
    let case = |case: u64| {
        let mut draws = draws(part);
        draws.set_stream(case);
        is(case, &mut draws)
    };
    Ok(share((0..CASES).into_par_iter().map(case).collect::<Result<Vec<bool>>>()?))
}

pub(super) fn purity(context: &CheckContext) -> Result<Vec<Check>> {
    let drummer = || Drummer::new(Arc::clone(&context.model));
    let same = share_of_cases(1, |_, draws| {
        let take = any_take(draws);
        let number: i64 = draws.random_range(-3..6);
        let requested = drummer().phrase(&take, METER, number)?;
        // Played from the start of the song, and after other phrases.
        let mut other = drummer();
        for phrase in [0, number.signum(), draws.random_range(-3..6)] {
            other.phrase(&take, METER, phrase)?;
        }
        let mut streaming = drummer();
        let first = take.first_bar(number);
        for bar in first.min(0)..first {
            streaming.bar(&take, METER, bar)?;
        }
        let streamed: Vec<Bar> = (first..)
            .take(requested.len())
            .map(|bar| streaming.bar(&take, METER, bar))
            .collect::<Result<_, _>>()?;
        Ok(streamed == requested && other.phrase(&take, METER, number)? == requested)
    })?;
    let seeds = share_of_cases(2, |_, draws| {
        let take = Take { pins: Pins::NONE, ..any_take(draws).with(|take| take.stick = 0.5) };
        let other = take.with(|take| take.seed ^= 1 << draws.random_range(0..32));
        let mut one = drummer();
        Ok(one.phrase(&take, METER, 0)? != one.phrase(&other, METER, 0)?)
    })?;
    let performed = share_of_cases(3, |_, draws| {
        let take = any_take(draws);
        let performance = Performance {
            swing: draws.random(),
            timing: draws.random_range(0.0..2.0),
            dynamics: draws.random_range(0.0..2.0),
            velocity: draws.random_range(-64.0..64.0),
            ..Performance::default()
        };
        let bars = drummer().phrase(&take, METER, 0)?;
        let played: Vec<Bar> =
            (0..).zip(&bars).map(|(number, bar)| performance.play(number, &[*bar])).collect();
        Ok(hits(&played) == hits(&bars))
    })?;
    Ok(vec![
        Check::all("phrases that are the same in any order of asking", same),
        Check::all("themes that another seed changes", seeds),
        Check::all("themes whose hits performance controls leave alone", performed),
    ])
}

pub(super) fn pins(context: &CheckContext) -> Result<Vec<Check>> {
    let margins = std::sync::Mutex::new(Vec::new());
    let kept = share_of_cases(4, |_, draws| {
        let take = Take {
            controls: TakeControls {
                seed: draws.random(),
                style: draws.random_range(0..=18),
                ..TakeControls::default()
            },
            pins: any_pins(draws, 64),
            ..Take::default()
        };
        let mut drummer = Drummer::new(Arc::clone(&context.model));
        let steps = |bars: Vec<Bar>| bars.iter().flat_map(|bar| bar.steps().to_vec()).collect();
        let pinned: Vec<Step> = steps(drummer.phrase(&take, METER, 0)?);
        let free = Take { pins: Pins::NONE, ..take };
        let mut edited: Vec<Step> = steps(drummer.phrase(&free, METER, 0)?);
        for (place, step) in edited.iter_mut().enumerate() {
            for drum in take.pins.struck(place).without(step.drums()).iter() {
                step.set(drum, Some(Hit::plain(90, 0)));
            }
            take.pins.silent(place).iter().for_each(|drum| step.set(drum, None));
        }
        let kind = Kind {
            style: take.controls.style,
            blend: (0, 0.0),
            tempo: take.controls.tempo,
            meter: METER,
            fill: false,
        };
        let score = |steps: &[Step]| -> Result<f64> {
            Ok(f64::from(likelihood(&context.model, &kind, steps, &take.pins)?.iter().sum::<f32>()))
        };
        margins.lock().expect("no thread panics").push([score(&pinned)?, score(&edited)?]);
        let keeps = |(place, step): (usize, &Step)| {
            take.pins.struck(place).without(step.drums()).is_empty()
                && take.pins.silent(place).and(step.drums()).is_empty()
        };
        Ok(pinned.iter().enumerate().all(keeps))
    })?;
    let scores = margins.into_inner().expect("no thread panics");
    let figures = [0, 1].map(|side| mean(scores.iter().map(|score| score[side])));
    let margin = figures[0] - figures[1];
    Ok(vec![
        Check::all("cases in which every pin is kept", kept),
        Check::new(
            "log-likelihood of the unpinned cells of four bars, pinned and edited",
            figures,
            "the first greater",
            margin > 0.0,
        ),
        Check::new("the margin", margin, "above 0", margin > 0.0),
    ])
}

pub(super) fn hold(context: &CheckContext) -> Result<Vec<Check>> {
    let counts = std::sync::Mutex::new((0.0, 0.0));
    let at_once = share_of_cases(5, |_, draws| {
        let style = draws.random_range(0..=18);
        let held: Vec<Drum> =
            (0..draws.random_range(1..=3)).map(|_| Drum::ALL[draws.random_range(0..9)]).collect();
        let held = set(&held);
        // The key goes down in a random step; it takes effect from the next beat.
        let step: usize = draws.random_range(0..64);
        let beat = (step + 1).next_multiple_of(4);
        let at = u16::try_from(beat % 64)?;
        let take = Take {
            controls: TakeControls { seed: draws.random(), style, ..TakeControls::default() },
            primer: Primer::Hold { drums: held, at },
            ..Take::default()
        };
        let played = context.play(&take, 12)?;
        let following = played[beat.next_multiple_of(16)..].chunks(16);
        let all = |bar: &[Step]| {
            let struck = bar.iter().fold(DrumSet::EMPTY, |all, step| all.with(step.drums()));
            held.without(struck).is_empty()
        };
        let bars: Vec<bool> = following.map(all).collect();
        let mut counts = counts.lock().expect("no thread panics");
        counts.0 += bars.iter().filter(|&&is| is).count() as f64;
        counts.1 += bars.len() as f64;
        Ok(held.without(played[beat].drums()).is_empty())
    })?;
    let (struck, bars) = counts.into_inner().expect("no thread panics");
    let share = struck / bars;
    Ok(vec![
        Check::new("bars that have the held drums", share, ".95 at least", share >= 0.95),
        Check::all("cases in which they are struck at the next beat", at_once),
    ])
}
