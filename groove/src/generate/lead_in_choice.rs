//! Choice of a take's lead-in.

use libm::{log2f, logf, sqrtf};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::generate::conditioning::constraints::log_sum;
use crate::model::lead_in::{Grouping, LeadIn};
use crate::pattern::style::FIRST_PROGRAMMED;
use crate::take::Take;

/// Standard deviation of the tempo of the chosen lead-ins around the take's, in octaves.
const TEMPO_SPREAD: f32 = 0.35;
/// Octaves that are added to it for each octave by which a take's tempo lies further from the mean
/// of the style than one standard deviation. A tempo that is unusual for the style thus keeps the
/// style's typical lead-ins.
const EXTRA_SPREAD: f32 = 2.0;
/// Streams of the random generator for the lead-in and its grouping; the streams of bars are far
/// below.
const STREAM: u64 = 1 << 62;
const GROUPING_STREAM: u64 = STREAM + 1;

/// Grouping of the beats of takes with a seed, in meters that have two.
#[must_use]
pub fn grouping(seed: u32) -> Grouping {
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(seed));
    rng.set_stream(GROUPING_STREAM);
    match rng.random::<bool>() {
        true => Grouping::Usual,
        false => Grouping::Other,
    }
}

/// Index of the lead-in of a take in `lead_ins`; `None` if the list is empty. A function of the
/// take's seed, style, blend and tempo.
#[must_use]
pub fn choose(lead_ins: &[LeadIn], take: &Take) -> Option<usize> {
    let (second, share) = take.controls.blend;
    let share = if second == take.controls.style { 0.0 } else { share.clamp(0.0, 1.0) };
    let mut weights = vec![f32::NEG_INFINITY; lead_ins.len()];
    for (style, share) in [(take.controls.style, 1.0 - share), (second, share)] {
        if share > 0.0 {
            add_weights(lead_ins, style, take.controls.tempo, share, &mut weights);
        }
    }
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(take.controls.seed));
    rng.set_stream(STREAM);
    // Gumbel-max sampling with one draw per lead-in: a small change of the tempo mostly keeps the
    // choice.
    let mut best = (f32::INFINITY, None);
    for (place, weight) in weights.into_iter().enumerate() {
        let draw: f32 = rng.random();
        let time = logf(-logf((1.0 - draw).min(1.0 - 1e-7))) - weight;
        if weight > f32::NEG_INFINITY && time < best.0 {
            best = (time, Some(place));
        }
    }
    best.1
}

/// Adds the log-weights of a style, which has a share of the whole, to all log-weights. A style
/// without lead-ins, and style number 0, use all lead-ins but those of programmed styles.
fn add_weights(lead_ins: &[LeadIn], style: u8, tempo: f32, share: f32, weights: &mut [f32]) {
    let known = lead_ins.iter().any(|lead_in| lead_in.style == style);
    let of_style = |lead_in: &&LeadIn| match known {
        true => lead_in.style == style,
        false => lead_in.style < FIRST_PROGRAMMED,
    };
    let mean = |number: &dyn Fn(&LeadIn) -> f32| {
        let (sum, weights) = lead_ins.iter().filter(of_style).fold((0.0, 0.0), |sums, lead_in| {
            (sums.0 + lead_in.weight * number(lead_in), sums.1 + lead_in.weight)
        });
        sum / weights
    };
    let center = mean(&|lead_in| log2f(lead_in.tempo));
    let spread = sqrtf(mean(&|lead_in| (log2f(lead_in.tempo) - center).powi(2)));
    let beyond = ((log2f(tempo) - center).abs() - spread).max(0.0);
    let spread = TEMPO_SPREAD + EXTRA_SPREAD * beyond;
    let weight = |lead_in: &LeadIn| {
        if !of_style(&lead_in) {
            return f32::NEG_INFINITY;
        }
        let octaves = log2f(lead_in.tempo / tempo) / spread;
        logf(lead_in.weight) - octaves * octaves / 2.0
    };
    let all = log_sum(lead_ins.iter().map(weight));
    for (sum, lead_in) in weights.iter_mut().zip(lead_ins) {
        let more = weight(lead_in) - all + logf(share);
        *sum = log_sum([*sum, more].into_iter());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::model::lead_in::tests::bank;
    use crate::take::TakeControls;

    fn chosen(take: &Take) -> HashSet<usize> {
        let bank = bank();
        (0..200).filter_map(|seed| choose(&bank, &take.with(|take| take.seed = seed))).collect()
    }

    #[test]
    fn seeds_choose_both_groupings() {
        let usual = (0..400).filter(|&seed| grouping(seed) == Grouping::Usual).count();
        assert!((160..240).contains(&usual), "{usual} of 400");
    }

    #[test]
    fn chosen_lead_ins_match_style_and_tempo() {
        let rock = Take::from(TakeControls { style: 3, tempo: 102.0, ..TakeControls::default() });
        assert!(chosen(&rock).is_subset(&[0, 1, 2].into()));
        let fast = |tempo: f32| {
            let mut take = rock;
            take.controls.tempo = tempo;
            let fast = |seed| {
                take.controls.seed = seed;
                choose(&bank(), &take) == Some(2)
            };
            (0..400).map(fast).filter(|&fast| fast).count()
        };
        // A third of the recordings is fast.
        assert!(fast(100.0) < 80 && fast(180.0) > 160, "{} {}", fast(100.0), fast(180.0));
        assert!((80..160).contains(&fast(1_000.0)), "far from all of them: {}", fast(1_000.0));
        let both = rock.with(|take| take.blend = (5, 0.5));
        assert!(chosen(&both).is_superset(&[0, 1, 4].into()));
        assert!(chosen(&rock.with(|take| take.style = 0)).is_superset(&[0, 1, 4].into()));
        let programmed = LeadIn { style: FIRST_PROGRAMMED, ..bank()[0].clone() };
        let more = [bank(), vec![programmed]].concat();
        for seed in 0..200 {
            let any = rock.with(|take| (take.style, take.seed) = (0, seed));
            assert_eq!(choose(&more, &any), choose(&bank(), &any), "any has no programmed style");
        }
        // A style without lead-ins uses all of them.
        assert!(!chosen(&rock.with(|take| take.style = 9)).is_empty());
        assert_eq!(choose(&[], &rock), None);
    }
}
