//! Random numbers of the decoder, and the sampling of drums with them.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::model::kernels::activation::{exp_all, ln_all};
use crate::pattern::drum::{CLASSES, DrumSet};

/// Words of the generator's sequence that each step owns. A step draws fewer.
const WORDS_PER_STEP: u128 = 1024;

/// Maximum number of subsets of a kit.
const SUBSETS: usize = 1 << CLASSES;

/// Random numbers of a step: a function of seed and position alone.
#[derive(Debug)]
pub(crate) struct StepRng(ChaCha8Rng);

impl StepRng {
    /// The generator of a step of a bar of the song, for one of several attempts.
    pub(crate) fn at(seed: u32, bar: i64, step: usize, attempt: u8) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(u64::from(seed));
        rng.set_stream(bar.cast_unsigned() ^ u64::from(attempt) << 48);
        rng.set_word_pos(step as u128 * WORDS_PER_STEP);
        StepRng(rng)
    }

    /// The next number, 0 to 1.
    pub(crate) fn next(&mut self) -> f32 {
        self.0.random()
    }

    /// Samples a subset from its logits by Gumbel-max sampling (Gumbel 1954). The same random
    /// numbers give the same subset while it stays allowed and no other becomes much likelier: a
    /// small change of a control is a small change of the beat.
    pub(crate) fn subset(&mut self, logits: &[f32]) -> DrumSet {
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (mut chances, mut distances) = ([0.0; SUBSETS], [1.0; SUBSETS]);
        for ((chance, distance), logit) in chances.iter_mut().zip(&mut distances).zip(logits) {
            (*chance, *distance) = (logit - top, 1.0 - self.next());
        }
        exp_all(&mut chances);
        ln_all(&mut distances);
        let mut best = (f32::INFINITY, 0);
        for (bits, ((chance, distance), logit)) in
            (0u16..).zip(chances.iter().zip(&distances).zip(logits))
        {
            let time = -distance / chance;
            if *logit > f32::NEG_INFINITY && time < best.0 {
                best = (time, bits);
            }
        }
        DrumSet::from_bits(best.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::stroke_choice::PLACES;

    #[test]
    fn subsets_follow_their_probabilities_and_small_changes_change_few() {
        let logits = [0.0, 1.0, f32::NEG_INFINITY, 2.0];
        let drawn = |logits: &[f32]| -> Vec<u16> {
            let draw = |bar| StepRng::at(3, bar, 0, 0).subset(logits).bits();
            (0..4_000).map(draw).collect()
        };
        let all = drawn(&logits);
        let total: f32 = logits.iter().map(|logit| logit.exp()).sum();
        for (bits, logit) in (0u16..).zip(&logits) {
            let share = all.iter().filter(|&&drawn| drawn == bits).count() as f32 / 4_000.0;
            assert!((share - logit.exp() / total).abs() < 0.02, "{bits}: {share}");
        }
        let other = drawn(&[0.2, 1.0, f32::NEG_INFINITY, 2.0]);
        let changed = all.iter().zip(&other).filter(|(a, b)| a != b).count();
        assert!((1..200).contains(&changed), "{changed}");
        assert!(all.iter().zip(&other).all(|(a, b)| a == b || *b == 0));
        // An outcome that stays allowed is drawn again when others are excluded.
        let fewer = drawn(&[0.0, f32::NEG_INFINITY, f32::NEG_INFINITY, 2.0]);
        assert!(all.iter().zip(&fewer).all(|(a, b)| a == b || *a == 1));
    }

    #[test]
    fn random_numbers_are_a_function_of_the_position() {
        let rng = |bar, step, attempt| {
            let mut rng = StepRng::at(7, bar, step, attempt);
            [rng.next(), rng.next()]
        };
        assert_eq!(rng(-3, 5, 0), rng(-3, 5, 0));
        let others = [rng(-3, 5, 0), rng(-3, 6, 0), rng(-2, 5, 0), rng(-3, 5, 1)];
        for (i, one) in others.iter().enumerate() {
            assert!(others[..i].iter().all(|other| other != one));
        }
        // A step draws fewer numbers than it owns.
        assert!(513 + (4 + PLACES) * CLASSES < WORDS_PER_STEP as usize);
    }
}
