//! Constraints on a step, applied to the distribution over subsets of drums as logit biases and
//! masks. Notes are never edited after sampling, so the rest of the step is sampled around the
//! constraints.

use libm::{expf, logf};

use crate::generate::conditioning::fill_quota::Quota;
use crate::generate::stroke_choice::hands;
use crate::model::calibration::{LogitBias, add_logit_bias};
use crate::pattern::drum::{CLASSES, DrumSet};

/// Constraints on a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Constraints {
    /// Drums that are struck.
    pub must: DrumSet,
    /// Drums that the user requested. Their hits are clearly audible, see
    /// [`is_clear`](crate::model::feel::is_clear).
    pub requested: DrumSet,
    /// Drums that are not struck, unless they are in `must`.
    pub never: DrumSet,
    /// At least one drum is struck.
    pub any_hit: bool,
    /// No step needs more than two hands, unless `must` does.
    pub playable: bool,
    /// Added to the log-probability of a subset for each drum in it.
    pub bias: LogitBias,
    /// Added to the log-probability of each hit's velocity, by bin.
    pub velocity_tilt: f32,
    /// Minimum probability that any drum of a set is struck, applied after biases and masks.
    pub at_least: Option<(DrumSet, f32)>,
    /// Target number of strokes on a set of drums. Applied last, so that no other constraint lowers
    /// it.
    pub quota: Option<Quota>,
}

/// Share of the way to a [`Quota`] that a step is biased. At 1 the mean of each step equals the
/// quota's, and the model has no influence on the positions of the strokes.
const QUOTA_GAIN: f32 = 0.8;
/// Maximum bias towards a quota, for each drum in the subset.
const MAX_BIAS: f32 = 8.0;

impl Constraints {
    /// Changes the log-probabilities of all subsets, by subset number. Excluded subsets get minus
    /// infinity.
    pub fn apply(&self, logits: &mut [f32]) {
        add_logit_bias(logits, &self.bias);
        let (must, never) = (self.must.bits(), self.never.without(self.must).bits());
        let most_hands = hands(self.must).max(2);
        for (bits, logit) in (0u16..).zip(logits.iter_mut()) {
            let hands = hands(DrumSet::from_bits(bits));
            if bits & must != must
                || bits & never != 0
                || (self.any_hit && bits == 0)
                || (self.playable && hands > most_hands)
            {
                *logit = f32::NEG_INFINITY;
            }
        }
        if let Some((drums, share)) = self.at_least {
            raise_probability(logits, drums, share);
        }
        if let Some(quota) = self.quota {
            fill_quota(logits, &quota);
        }
    }
}

/// Biases towards a quota. Excludes subsets without any of its drums if the quota is needed in full
/// and other subsets remain.
fn fill_quota(logits: &mut [f32], quota: &Quota) {
    let drums = quota.drums.bits();
    let count = |bits: u16| (bits & drums).count_ones() as usize;
    let mut weights = [0.0; CLASSES + 1];
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if top == f32::NEG_INFINITY {
        return;
    }
    for (bits, logit) in (0u16..).zip(logits.iter()) {
        weights[count(bits)] += expf(logit - top);
    }
    let needed = quota.needed && weights[1..].iter().any(|&weight| weight > 0.0);
    if needed {
        weights[0] = 0.0;
    }
    let bias = QUOTA_GAIN * bias_for_mean(&weights, quota.mean);
    for (bits, logit) in (0u16..).zip(logits.iter_mut()) {
        match count(bits) {
            0 if needed => *logit = f32::NEG_INFINITY,
            drums => *logit += bias * drums as f32,
        }
    }
}

/// The bias at which a count with the given weights has a mean. Bisection, since the mean rises
/// with the bias. The result is within [`MAX_BIAS`].
fn bias_for_mean(weights: &[f32], mean: f32) -> f32 {
    let (mut low, mut high) = (-MAX_BIAS, MAX_BIAS);
    for _ in 0..16 {
        let bias = (low + high) / 2.0;
        let (mut sum, mut hits) = (0.0, 0.0);
        for (count, weight) in weights.iter().enumerate() {
            // The common factor cancels out; this one prevents overflow.
            let leaned = weight * expf(bias * count as f32 - bias.max(0.0) * CLASSES as f32);
            sum += leaned;
            hits += leaned * count as f32;
        }
        match hits < mean * sum {
            true => low = bias,
            false => high = bias,
        }
    }
    (low + high) / 2.0
}

/// Raises the probability that any drum of a set is struck to `share`, below 1, if it is lower.
fn raise_probability(logits: &mut [f32], drums: DrumSet, share: f32) {
    let has = |bits: u16| bits & drums.bits() != 0;
    let sum = |with: bool| {
        let of = (0u16..).zip(logits.iter()).filter(move |(bits, _)| has(*bits) == with);
        log_sum(of.map(|(_, logit)| *logit))
    };
    let (with, without) = (sum(true), sum(false));
    let lift = logf(share / (1.0 - share)) - (with - without);
    if with > f32::NEG_INFINITY && without > f32::NEG_INFINITY && lift > 0.0 {
        let subsets = (0u16..).zip(logits.iter_mut()).filter(|(bits, _)| has(*bits));
        subsets.for_each(|(_, logit)| *logit += lift);
    }
}

/// Logarithm of the sum of exponentials; minus infinity if empty.
pub fn log_sum(logits: impl Iterator<Item = f32> + Clone) -> f32 {
    let top = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    if top == f32::NEG_INFINITY {
        return top;
    }
    top + logf(logits.map(|logit| expf(logit - top)).sum::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::drum::{CLASSES, Drum};

    /// Kick and snare exclude each other; hats go with the kick.
    fn logits() -> Vec<f32> {
        let logit = |bits: usize| {
            let has = |class: usize| (bits >> class & 1) as f32;
            -3.0 * has(0) * has(1) + 2.0 * has(0) * has(2) - has(0) - 0.5 * has(3) - 2.0 * has(7)
        };
        (0..512).map(logit).collect()
    }

    fn rates(logits: &[f32]) -> Vec<f32> {
        let all = log_sum(logits.iter().copied());
        let rate = |class: usize| -> f32 {
            let with = (0..).zip(logits).filter(|(bits, _)| bits >> class & 1 == 1);
            with.map(|(_, logit): (usize, _)| (logit - all).exp()).sum()
        };
        (0..CLASSES).map(rate).collect()
    }

    #[test]
    fn must_and_never_are_enforced() {
        let mut wished = logits();
        let drums = |drums: &[Drum]| drums.iter().copied().collect::<DrumSet>();
        let constraints = Constraints {
            must: drums(&[Drum::Snare, Drum::Crash]),
            never: drums(&[Drum::Kick, Drum::Crash]),
            ..Constraints::default()
        };
        constraints.apply(&mut wished);
        let found = rates(&wished);
        assert!((found[1] - 1.0).abs() < 1e-5 && (found[7] - 1.0).abs() < 1e-5 && found[0] == 0.0);
        // Allowed subsets keep their proportions.
        let (one, other) = (0b1000_0010, 0b1000_0110);
        assert_eq!(wished[one] - wished[other], logits()[one] - logits()[other]);
    }

    #[test]
    fn any_hit_excludes_silence() {
        let mut wished = vec![9.0, 0.0];
        Constraints { any_hit: true, ..Constraints::default() }.apply(&mut wished);
        assert_eq!(wished, [f32::NEG_INFINITY, 0.0]);
    }

    #[test]
    fn quota_moves_the_mean_and_a_needed_quota_excludes_subsets_without_strokes() {
        let toms: DrumSet = [Drum::Snare, Drum::LowTom, Drum::MidTom].into_iter().collect();
        let mean = |quota: Option<Quota>, never: DrumSet| {
            let mut wished = logits();
            Constraints { quota, never, ..Constraints::default() }.apply(&mut wished);
            let rates = rates(&wished);
            toms.iter().map(|drum| rates[drum.index()]).sum::<f32>()
        };
        let usual = mean(None, DrumSet::EMPTY);
        let at = |mean, needed| Some(Quota { drums: toms, mean, needed });
        for target in [0.3, 2.2] {
            let leaned = mean(at(target, false), DrumSet::EMPTY);
            assert!(
                (leaned - target).abs() < 0.6 * (usual - target).abs(),
                "{usual}, {leaned}, {target}"
            );
        }
        let mut wished = logits();
        let needed = Constraints { quota: at(0.1, true), ..Constraints::default() };
        needed.apply(&mut wished);
        for (bits, logit) in (0u16..).zip(&wished) {
            assert_eq!(bits & toms.bits() == 0, *logit == f32::NEG_INFINITY, "subset {bits}");
        }
        // If none of the quota's drums may be struck, other drums still can be.
        assert_eq!(mean(at(3.0, true), toms), 0.0);
        let mut nothing = vec![f32::NEG_INFINITY; 512];
        needed.apply(&mut nothing);
        assert!(nothing.iter().all(|logit| *logit == f32::NEG_INFINITY));
    }

    #[test]
    fn bias_for_mean_yields_the_mean() {
        let weights = [0.5, 0.3, 0.15, 0.05];
        for mean in [0.1, 0.75, 1.5, 2.9] {
            let bias = bias_for_mean(&weights, mean);
            let leaned = |count: usize| weights[count] * (bias * count as f32).exp();
            let sum: f32 = (0..4).map(leaned).sum();
            let found = (0..4).map(|count| count as f32 * leaned(count)).sum::<f32>() / sum;
            assert!((found - mean).abs() < 0.01, "{found}, {mean}");
        }
        // Out of reach, the bias is at its limit.
        assert!(bias_for_mean(&weights, 4.0) > 7.9 && bias_for_mean(&weights, -1.0) < -7.9);
    }

    #[test]
    fn at_least_raises_the_probability_of_a_set() {
        let toms: DrumSet = [Drum::LowTom, Drum::Crash].into_iter().collect();
        let one = |share: Option<f32>| {
            let mut wished = logits();
            Constraints { at_least: share.map(|share| (toms, share)), ..Constraints::default() }
                .apply(&mut wished);
            let has = (0u16..).zip(&wished).filter(|(bits, _)| bits & toms.bits() != 0);
            (log_sum(has.map(|(_, logit)| *logit)) - log_sum(wished.iter().copied())).exp()
        };
        let usual = one(None);
        assert!((one(Some(0.9)) - 0.9).abs() < 1e-4, "{}", one(Some(0.9)));
        assert!((one(Some(usual / 2.0)) - usual).abs() < 1e-6, "a higher one is left");
    }
}
