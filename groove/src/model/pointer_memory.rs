//! Pointer memory: the drums struck at this position of each earlier bar, weighted by the
//! similarity of that bar to the present.
//!
//! The network's state controls how each likeness feature counts and how far the memory is trusted.
//! The bars are looked up, weighted, and mixed with the network's own distribution:
//!
//! p(subset) = (1 - g) softmax(logits) + g sum of a_j over the bars j in which it was struck
//!
//! with a = softmax of the weighted likenesses and g the gate. This is the mixture of a pointer
//! network (Vinyals et al. 2015; Merity et al. 2016) whose pointers are bars.

use libm::expf;

use crate::model::kernels::activation::{exp_all, ln_all};
use crate::pattern::{Meter, Step};

/// Maximum number of remembered bars, counted back from the present one.
pub const BARS: usize = 32;
/// Likeness features of a bar.
pub const LIKENESS: usize = 12;
/// Summary features of the memory.
pub const SUMMARY: usize = 4;
/// Outputs of the network that control the memory: a weight per likeness feature, a weight per
/// summary feature, and the gate's bias.
pub const CONTROLS: usize = LIKENESS + SUMMARY + 1;

/// A remembered bar, relative to the present step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// Subset number of the drums struck at the present position of the bar.
    pub struck: u16,
    /// Likeness features of that position, each between 0 and about 1.
    pub likeness: [f32; LIKENESS],
}

impl Slot {
    /// Similarity of the bar to the present by a fixed rule: differing drums in the last four
    /// steps, and age.
    #[must_use]
    pub fn weight(&self) -> f32 {
        expf(-8.0 * self.likeness[1] - 0.4 * self.likeness[6])
    }
}

/// The pointer memory at a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// Bars, latest first.
    pub slots: Vec<Slot>,
    /// Input features of the gate.
    pub summary: [f32; SUMMARY],
}

impl Memory {
    /// The memory before the step that follows `past`, whose first step begins a bar.
    #[must_use]
    pub fn at(past: &[Step], meter: Meter) -> Self {
        let mut memory = Memory::default();
        memory.refresh(past, meter);
        memory
    }

    /// Recomputes the memory in place, as [`Memory::at`].
    pub(crate) fn refresh(&mut self, past: &[Step], meter: Meter) {
        let bar = meter.steps();
        let sets: Vec<u16> = past
            .iter()
            .skip(past.len().saturating_sub((BARS + 1) * bar + bar))
            .map(|step| step.drums().bits())
            .collect();
        self.slots.clear();
        self.slots.extend((1..=BARS).map_while(|age| {
            let same = sets.len().checked_sub(age * bar)?;
            Some(Slot { struck: sets[same], likeness: likeness(&sets, same, age, bar) })
        }));
        self.summary = summary(&self.slots);
    }

    /// Attention weight of each bar, given the network's controls.
    #[must_use]
    pub fn shares(&self, controls: &[f32]) -> Vec<f32> {
        let score = |slot: &Slot| -> f32 {
            slot.likeness.iter().zip(controls).map(|(likeness, weight)| likeness * weight).sum()
        };
        let mut shares: Vec<f32> = self.slots.iter().map(score).collect();
        let top = shares.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        shares.iter_mut().for_each(|share| *share = expf(*share - top));
        let sum: f32 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= sum);
        shares
    }

    /// Gate, 0 to 1, given the network's controls; 0 in the first bar.
    #[must_use]
    pub fn gate(&self, controls: &[f32]) -> f32 {
        if self.slots.is_empty() {
            return 0.0;
        }
        let weights = &controls[LIKENESS..];
        let sum: f32 = self.summary.iter().zip(weights).map(|(part, weight)| part * weight).sum();
        1.0 / (1.0 + expf(-sum - weights[SUMMARY]))
    }

    /// Turns the network's logits into the log-probabilities of the mixture, in place.
    pub fn mix(&self, controls: &[f32], logits: &mut [f32]) {
        let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        logits.iter_mut().for_each(|logit| *logit -= top);
        exp_all(logits);
        let sum: f32 = logits.iter().sum();
        let gate = self.gate(controls);
        let scale = (1.0 - gate) / sum;
        logits.iter_mut().for_each(|chance| *chance *= scale);
        for (slot, share) in self.slots.iter().zip(self.shares(controls)) {
            logits[usize::from(slot.struck)] += gate * share;
        }
        logits.iter_mut().for_each(|chance| *chance = chance.max(1e-30));
        ln_all(logits);
    }
}

/// Likeness features between the steps before `same`, `age` bars back, and the steps before the
/// present one, which follows the last of `sets`.
fn likeness(sets: &[u16], same: usize, age: usize, bar: usize) -> [f32; LIKENESS] {
    let mut differences = [0.0f32; 4];
    // Differing drums over the last 2, 4 and 8 steps and the last bar.
    let reach = bar.max(8);
    for back in 1..=reach {
        let differ = match (sets.len().checked_sub(back), same.checked_sub(back)) {
            (Some(now), Some(then)) => (sets[now] ^ sets[then]).count_ones(),
            // Steps before the first one count as silent.
            (Some(now), None) => sets[now].count_ones(),
            (None, _) => 0,
        };
        for (sum, window) in differences.iter_mut().zip([2, 4, 8, bar]) {
            if back <= window {
                *sum += differ as f32;
            }
        }
    }
    let [two, four, eight, whole] = differences;
    let is = |so: bool| f32::from(u8::from(so));
    [
        two / 4.0,
        four / 8.0,
        eight / 16.0,
        whole / 32.0,
        is(four == 0.0),
        is(whole == 0.0),
        age as f32 / 8.0,
        is(age == 1),
        is(age == 2),
        is(age.is_multiple_of(2)),
        is(age.is_multiple_of(4)),
        is(age.is_multiple_of(8)),
    ]
}

fn summary(slots: &[Slot]) -> [f32; SUMMARY] {
    let least = |part: usize| slots.iter().map(|slot| slot.likeness[part]).fold(1.0f32, f32::min);
    // Agreement among the most similar bars.
    let total: f32 = slots.iter().map(Slot::weight).sum();
    let agree = slots
        .iter()
        .map(|slot| {
            let same = slots.iter().filter(|other| other.struck == slot.struck);
            same.map(Slot::weight).sum::<f32>()
        })
        .fold(0.0f32, f32::max);
    [
        (slots.len() as f32 / BARS as f32).sqrt(),
        least(1),
        least(3),
        if total > 0.0 { agree / total } else { 0.0 },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Hit;
    use crate::pattern::drum::Drum;

    fn steps(bars: usize, crash_in: usize) -> Vec<Step> {
        let mut steps = vec![Step::SILENT; bars * 16];
        for (i, step) in steps.iter_mut().enumerate() {
            if i % 4 == 0 {
                step.set(Drum::Kick, Some(Hit::new(0.8, 0.0)));
            }
            if i == crash_in * 16 {
                step.set(Drum::Crash, Some(Hit::new(0.8, 0.0)));
            }
        }
        steps
    }

    #[test]
    fn first_bar_has_no_memory() {
        let memory = Memory::at(&steps(1, 9)[..10], Meter::FOUR_FOUR);
        assert!(memory.slots.is_empty());
        let mut logits = vec![0.0; 512];
        logits[3] = 2.0;
        memory.mix(&[5.0; CONTROLS], &mut logits);
        let sum: f32 = logits.iter().map(|x| x.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-5);
        assert!((logits[3] - logits[4] - 2.0).abs() < 1e-4);
    }

    #[test]
    fn memory_holds_earlier_bars_latest_first() {
        let memory = Memory::at(&steps(5, 3), Meter::FOUR_FOUR);
        assert_eq!(memory.slots.len(), 5);
        let crash = 1 << Drum::Crash.index() | 1;
        let struck: Vec<u16> = memory.slots.iter().map(|slot| slot.struck).collect();
        assert_eq!(struck, [1, crash, 1, 1, 1]);
        let mut logits = vec![0.0; 512];
        let mut controls = [0.0; CONTROLS];
        controls[CONTROLS - 1] = 20.0;
        memory.mix(&controls, &mut logits);
        assert!((logits[1].exp() - 0.8).abs() < 1e-3, "{}", logits[1].exp());
        assert!((logits[usize::from(crash)].exp() - 0.2).abs() < 1e-3);
    }

    #[test]
    fn likeness_is_zero_for_equal_bars() {
        let memory = Memory::at(&steps(4, 9)[..60], Meter::FOUR_FOUR);
        assert_eq!(memory.slots.len(), 3);
        assert_eq!(memory.slots[0].likeness[..6], [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        // Nothing before the first bar resembles the present.
        assert!(memory.slots[2].likeness[3] > 0.0);
    }

    #[test]
    fn memory_is_bounded() {
        for (n, d) in [(4, 4), (1, 32), (7, 8), (255, 1)] {
            let memory = Memory::at(&steps(40, 0), Meter::new(n, d));
            assert!(memory.slots.len() <= BARS);
            assert!(
                memory.slots.iter().all(|s| s.likeness.iter().all(|x| (0.0..=20.0).contains(x)))
            );
        }
    }
}
