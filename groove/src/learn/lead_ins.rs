//! Lead-ins of a model: phrases of a few bars from many of its training recordings, weighted so
//! that all recordings of a style count alike and restricted to grooves; in styles that have an
//! idiom, to phrases that satisfy it.

use std::collections::BTreeMap;

use super::bar_f1::bar_f1_of;
use crate::learn::data::{Piece, Split};
use crate::model::lead_in::{LEAD_IN_BARS, LEAD_IN_STEPS, LeadIn};
use crate::pattern::drum::{Drum, DrumSet};
use crate::pattern::style::{FIRST_PROGRAMMED, STYLES, style_number};
use crate::pattern::{Meter, Step};

/// Maximum number of lead-ins per style, and per recording.
const OF_STYLE: usize = 400;
const OF_PIECE: usize = 40;
/// Minimum number of bars of a lead-in.
const FEWEST: usize = 2;
/// Minimum number of bars of a recording whose first phrase is skipped: drummers start differently
/// from how they continue.
const LONG: usize = 3 * LEAD_IN_BARS;
/// Minimum mean F1 of neighbouring bars, and minimum number of struck steps in each bar: lower
/// values are solos, fills or breaks.
const STEADY: f64 = 0.4;
const STRUCK: usize = 4;
/// Minimum number of hats and cymbals, and maximum number of toms, in each bar of a groove that
/// keeps time; each bar has kick and snare, too.
const TIMED: u32 = 4;
const TOMS: u32 = 2;
/// Minimum share of a style's grooves that keep time for the others to be excluded: in some styles
/// toms play the groove.
const MOSTLY: f64 = 0.5;
/// Exponent of a recording's number of bars in its weight: 0 would weight recordings alike, 1 bars
/// alike.
const BY_LENGTH: f32 = 0.15;

/// Minimum mean share of bars with a backbeat for a backbeat style, and the amount by which the
/// share of its lead-ins exceeds the drummers': takes lose about this much.
const BACKBEAT: f32 = 0.4;
const WORN: f32 = 0.1;
/// Minimum share of bars with a backbeat in a lead-in that has a clear one, and maximum factor of
/// its weight.
const CLEAR: f32 = 0.75;
const MOST_WEIGHT: f32 = 4.0;

/// Styles of which there are few recordings or none, each with styles whose lead-ins they play as
/// well, and the number of lead-ins from which a style needs no others.
const KIN: [(&str, &[&str]); 2] = [("gospel", &["soul"]), ("pop", &["soul", "rock"])];
const ENOUGH: usize = 20;

/// Judges a phrase of a style, given by number, by the style's idiom; `None` if it has none.
pub type IdiomCheck<'a> = &'a dyn Fn(u8, &[Step]) -> Option<bool>;

/// Returns the lead-ins from the train beats in 4/4, in their order, and those of related styles.
#[must_use]
pub fn lead_ins(pieces: &[Piece], idiom: IdiomCheck) -> Vec<LeadIn> {
    let mut lead_ins = recorded(pieces, idiom);
    let recorded = STYLES.iter().filter(|style| style.number < FIRST_PROGRAMMED);
    recorded.for_each(|style| raise_backbeat(&mut lead_ins, style.number, pieces));
    add_kin(&mut lead_ins);
    lead_ins
}

/// Adds the lead-ins of related styles to the styles that have too few, but for those they have. A
/// style's own, and those of each other style, together have the same weight.
pub fn add_kin(lead_ins: &mut Vec<LeadIn>) {
    for (name, kin) in KIN {
        let own = of_style(lead_ins, name);
        if own.len() >= ENOUGH {
            continue;
        }
        for kin in kin {
            let mut of_kin = of_style(lead_ins, kin);
            of_kin.retain(|one| own.iter().all(|known| known.steps != one.steps));
            let weight = |all: &[LeadIn]| all.iter().map(|one| one.weight).sum::<f32>();
            let share = if own.is_empty() { 1.0 } else { weight(&own) / weight(&of_kin) };
            let Some(style) = style_number(name) else { continue };
            lead_ins.extend(of_kin.into_iter().map(|one| LeadIn {
                style,
                weight: share * one.weight,
                ..one
            }));
        }
    }
}

fn of_style(lead_ins: &[LeadIn], name: &str) -> Vec<LeadIn> {
    lead_ins.iter().filter(|one| Some(one.style) == style_number(name)).cloned().collect()
}

fn recorded(pieces: &[Piece], idiom: IdiomCheck) -> Vec<LeadIn> {
    let beats: Vec<&Piece> = pieces.iter().filter(|piece| is_learned(piece)).collect();
    let mut lead_ins = Vec::new();
    // By style: number of recordings, and whether most grooves keep time.
    let mut styles: BTreeMap<u8, (usize, bool)> = BTreeMap::new();
    for piece in &beats {
        let style = piece.kind.style;
        let (recordings, timed) = *styles.entry(style).or_insert_with(|| {
            let same = || beats.iter().filter(|other| other.kind.style == style);
            let all: Vec<&[Step]> = same().flat_map(|piece| grooves(piece)).collect();
            let timed = all.iter().filter(|steps| keeps_time(steps)).count() as f64;
            (same().count(), timed >= MOSTLY * all.len() as f64)
        });
        let wanted =
            |steps: &&[Step]| idiom(style, steps).unwrap_or_else(|| !timed || keeps_time(steps));
        let grooves: Vec<&[Step]> = grooves(piece).filter(wanted).collect();
        let most = (OF_STYLE / recordings).clamp(1, OF_PIECE).min(grooves.len());
        let bars = piece.steps.len() as f32 / LEAD_IN_STEPS as f32;
        for number in 0..most {
            // Evenly spaced over the recording.
            let steps = grooves[number * grooves.len() / most].to_vec();
            let weight = bars.powf(BY_LENGTH) / most as f32;
            lead_ins.push(LeadIn { style, tempo: piece.kind.tempo, weight, steps });
        }
    }
    lead_ins
}

/// Iterates over the phrases of a recording, in whole bars.
fn windows(piece: &Piece) -> impl Iterator<Item = &[Step]> {
    let bars = piece.steps.len() / LEAD_IN_STEPS;
    let first = if bars >= LONG { LEAD_IN_BARS } else { 0 };
    (first..bars).step_by(LEAD_IN_BARS).filter_map(move |bar| {
        let end = bars.min(bar + LEAD_IN_BARS);
        (end - bar >= FEWEST).then(|| &piece.steps[bar * LEAD_IN_STEPS..end * LEAD_IN_STEPS])
    })
}

/// Weights the lead-ins of a backbeat style so that their share of backbeats is slightly above the
/// drummers'.
fn raise_backbeat(lead_ins: &mut [LeadIn], style: u8, pieces: &[Piece]) {
    let beats = pieces.iter().filter(|piece| is_learned(piece) && piece.kind.style == style);
    let shares: Vec<f32> = beats.map(|piece| backbeat(&piece.steps)).collect();
    let drummers = shares.iter().sum::<f32>() / shares.len().max(1) as f32;
    if drummers < BACKBEAT {
        return;
    }
    let wanted = (drummers + WORN).min(1.0);
    // Sums of weights, and of weights times backbeat, of lead-ins without and with a clear
    // backbeat.
    let mut sums = [[0.0; 2]; 2];
    let mut of_style: Vec<&mut LeadIn> =
        lead_ins.iter_mut().filter(|lead_in| lead_in.style == style).collect();
    for lead_in in &of_style {
        let share = backbeat(&lead_in.steps);
        let sums = &mut sums[usize::from(share >= CLEAR)];
        sums[0] += lead_in.weight;
        sums[1] += lead_in.weight * share;
    }
    let [[others, struck], [clear, clearly]] = sums;
    let factor = (wanted * others - struck) / (clearly - wanted * clear).max(1e-6);
    let factor = factor.clamp(1.0, MOST_WEIGHT);
    for lead_in in &mut of_style {
        if backbeat(&lead_in.steps) >= CLEAR {
            lead_in.weight *= factor;
        }
    }
}

/// Returns the share of the bars with the snare on 2 and 4.
fn backbeat(steps: &[Step]) -> f32 {
    let snare = |step: &Step| step.hit(Drum::Snare).is_some();
    let bars = steps.chunks_exact(LEAD_IN_STEPS);
    let all = bars.len().max(1) as f32;
    bars.filter(|bar| snare(&bar[4]) && snare(&bar[12])).count() as f32 / all
}

fn is_learned(piece: &Piece) -> bool {
    let kind = &piece.kind;
    piece.split == Split::Train && !kind.fill && kind.meter == Meter::FOUR_FOUR
}

fn grooves(piece: &Piece) -> impl Iterator<Item = &[Step]> {
    windows(piece).filter(|steps| is_groove(steps))
}

fn keeps_time(steps: &[Step]) -> bool {
    let time = [Drum::ClosedHat, Drum::OpenHat, Drum::Ride, Drum::Crash].into_iter().collect();
    let toms = [Drum::LowTom, Drum::MidTom, Drum::HighTom].into_iter().collect();
    steps.chunks_exact(LEAD_IN_STEPS).all(|bar| {
        let hits =
            |drums: DrumSet| bar.iter().map(|step| step.drums().and(drums).len()).sum::<u32>();
        let [kick, snare] =
            [Drum::Kick, Drum::Snare].map(|drum| hits([drum].into_iter().collect()));
        hits(time) >= TIMED && hits(toms) <= TOMS && kick > 0 && snare > 0
    })
}

fn is_groove(steps: &[Step]) -> bool {
    let bars = || steps.chunks_exact(LEAD_IN_STEPS);
    let struck = |bar: &[Step]| bar.iter().filter(|step| !step.drums().is_empty()).count();
    bars().all(|bar| struck(bar) >= STRUCK) && bar_f1_of(steps) >= STEADY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::encode::Kind;
    use crate::pattern::Hit;

    fn all_lead_ins(pieces: &[Piece]) -> Vec<LeadIn> {
        lead_ins(pieces, &|_, _| None)
    }

    fn piece(bars: usize, style: u8) -> Piece {
        let mut steps = vec![Step::SILENT; bars * LEAD_IN_STEPS];
        for (at, step) in steps.iter_mut().enumerate().filter(|(at, _)| at % 2 == 0) {
            let drum = if at % 8 == 4 { Drum::Snare } else { Drum::Kick };
            step.set(drum, Some(Hit::plain(90, 0)));
        }
        let kind =
            Kind { style, blend: (0, 0.0), tempo: 99.0, meter: Meter::FOUR_FOUR, fill: false };
        Piece { steps, kind, split: Split::Train }
    }

    #[test]
    fn recordings_have_similar_weights_despite_their_length() {
        let pieces = [piece(8, 3), piece(400, 3), piece(1, 3), piece(6, 4)];
        let lead_ins = all_lead_ins(&pieces);
        let of = |style: u8| lead_ins.iter().filter(|of| of.style == style).collect::<Vec<_>>();
        assert_eq!(of(4).len(), 2);
        assert_eq!(of(3).len(), 2 + OF_PIECE);
        let weights = of(3).iter().map(|of| of.weight).collect::<Vec<_>>();
        let (short, long) = (weights[..2].iter().sum::<f32>(), weights[2..].iter().sum::<f32>());
        assert!((long / short - 50f32.powf(BY_LENGTH)).abs() < 1e-3);
        assert!(of(3).iter().all(|of| of.steps.len() == 64));
    }

    #[test]
    fn grooves_without_time_are_excluded_if_most_keep_it() {
        let mut timed = piece(8, 3);
        let hat = Some(Hit::plain(70, 0));
        timed.steps.iter_mut().step_by(4).for_each(|step| step.set(Drum::ClosedHat, hat));
        let all = [timed.clone(), timed, piece(8, 3)];
        assert_eq!(all_lead_ins(&all).len(), 4);
        assert_eq!(all_lead_ins(&all[1..]).len(), 2, "half of them keep time");
        assert_eq!(all_lead_ins(&all[2..]).len(), 2, "none keeps time");
    }

    #[test]
    fn backbeat_share_is_raised_in_backbeat_styles() {
        let plain = |mut piece: Piece| {
            piece.steps.iter_mut().skip(4).step_by(16).for_each(|step| step.set(Drum::Snare, None));
            piece
        };
        let share = |pieces: &[Piece]| {
            let all = all_lead_ins(pieces);
            let with = all.iter().filter(|lead_in| backbeat(&lead_in.steps) > 0.5);
            let sum: f32 = all.iter().map(|lead_in| lead_in.weight).sum();
            with.map(|lead_in| lead_in.weight).sum::<f32>() / sum
        };
        let half = [piece(8, 3), plain(piece(8, 3))];
        assert!((share(&half) - 0.6).abs() < 1e-3, "{}", share(&half));
        let third = [piece(8, 3), plain(piece(8, 3)), plain(piece(8, 3))];
        assert!((share(&third) - 1.0 / 3.0).abs() < 1e-3, "{}", share(&third));
    }

    #[test]
    fn a_style_with_few_recordings_uses_lead_ins_of_related_styles() {
        let [gospel, pop, soul, rock] =
            ["gospel", "pop", "soul", "rock"].map(|name| style_number(name).expect("a style"));
        let of = |lead_ins: &[LeadIn], style| -> (usize, f32) {
            let all = lead_ins.iter().filter(|lead_in| lead_in.style == style);
            all.fold((0, 0.0), |(count, sum), one| (count + 1, sum + one.weight))
        };
        let mut own = piece(4, pop);
        own.steps[2] = Step::SILENT;
        let mut few = all_lead_ins(&[piece(8, soul), own, piece(400, rock)]);
        assert_eq!(of(&few, gospel), of(&few, soul));
        assert_eq!(of(&few, pop).0, 1 + 2 + OF_PIECE);
        let weight = few.iter().find(|lead_in| lead_in.style == pop).expect("its own").weight;
        assert!((of(&few, pop).1 - 3.0 * weight).abs() < 1e-4, "all count alike");
        let before = few.len();
        add_kin(&mut few);
        assert_eq!(few.len(), before, "none is added twice");
        let many = all_lead_ins(&[piece(8, soul), piece(4 * ENOUGH + 8, pop)]);
        assert_eq!((of(&many, soul).0, of(&many, pop).0), (2, ENOUGH + 1));
    }

    #[test]
    fn solos_breaks_fills_and_held_out_recordings_are_excluded() {
        let mut silent = piece(8, 3);
        silent.steps[16..32].fill(Step::SILENT);
        let mut solo = piece(8, 3);
        for (at, step) in solo.steps.iter_mut().enumerate() {
            *step = Step::SILENT;
            let drum = Drum::ALL[(at * 7 + at / 16 * 3) % 9];
            step.set(drum, Some(Hit::plain(90, 0)));
        }
        let mut fill = piece(8, 3);
        fill.kind.fill = true;
        let held_out = Piece { split: Split::Validation, ..piece(8, 3) };
        assert_eq!(all_lead_ins(&[silent]).len(), 1, "its other phrase");
        assert!(all_lead_ins(&[solo, fill, held_out]).is_empty());
    }
}
