//! Velocity and offset distributions, and the reference hits that they are relative to.
//!
//! A drummer strikes a drum much as at the same position of earlier bars, and much as in the last
//! hit of that drum. For each of these two references the network outputs logits by the distance of
//! a bin from the reference's bin, which are added to the logits of the bins themselves. "A little
//! softer than the reference" is thus one output, at any velocity.

use crate::model::pointer_memory::Memory;
use crate::pattern::drum::{CLASSES, Drum, DrumSet};
use crate::pattern::{Hit, Meter, Step};

/// Bins of the velocity distribution; each holds four MIDI velocities.
pub const VELOCITY_BINS: usize = 32;
/// MIDI velocities per bin.
pub const VELOCITY_BIN: u8 = 4;
/// Bins of the offset distribution, from -0.5 to 0.5 of a step.
pub const OFFSET_BINS: usize = 40;
/// Ticks of offset (1/240 step) per bin.
pub const OFFSET_BIN: u8 = 6;
/// Logits of a class after the references are added: velocity bins, then offset bins.
pub const FEEL_LOGITS: usize = VELOCITY_BINS + OFFSET_BINS;

/// Maximum distance from a reference, in bins, with a logit of its own.
const MAX_DISTANCE: usize = 12;
/// Logits by distance, per reference.
const DISTANCES: usize = 2 * MAX_DISTANCE + 1;
/// References per class: same position, and last hit.
pub const REFERENCES: usize = 2;
/// Outputs of the feel network per class: logits of bins, and logits of the distances of velocity
/// and offset from each reference.
pub const CLASS_OUTPUTS: usize = FEEL_LOGITS + REFERENCES * 2 * DISTANCES;

/// Cells that follow the row in the feel network's input: struck drums; and by class, velocity and
/// offset of both references and of the mean hit of the last bars.
pub const FEEL_CELLS: usize = CLASSES * (1 + 2 * REFERENCES + 2);

/// Minimum velocity of a clearly audible hit, see [`is_clear`]; the lower end of a bin.
const CLEAR_VELOCITY: u8 = 5 * VELOCITY_BIN;
/// Offset bins of a clear hit: a quarter of a step early to a quarter late.
pub(crate) const CLEAR_OFFSETS: std::ops::Range<usize> =
    OFFSET_BINS / 4..OFFSET_BINS - OFFSET_BINS / 4;

/// Bars in the mean hit.
const MEAN_BARS: usize = 8;

/// Bins of a hit: velocity, offset.
pub type Bins = (usize, usize);

/// Reference hits of the next step, by class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct References {
    /// Medians of velocity and offset at the same position of earlier bars, weighted by the bar's
    /// similarity to the present.
    place: [Option<Hit>; CLASSES],
    /// Last hit of the class.
    last: [Option<Hit>; CLASSES],
    /// Mean velocity and offset over the last bars, normalised.
    mean: [[f32; 2]; CLASSES],
}

impl References {
    /// The references for the step that follows `past`, given the pointer memory at that step.
    #[must_use]
    pub fn at(past: &[Step], memory: &Memory, meter: Meter) -> Self {
        let bar = meter.steps();
        let mut references = References::default();
        let mut counts = [0.0f32; CLASSES];
        for step in past[past.len().saturating_sub(MEAN_BARS * bar)..].iter().rev() {
            for (drum, hit) in step.hits() {
                let class = drum.index();
                references.last[class].get_or_insert(hit);
                let [velocity, offset] = normalised(hit);
                references.mean[class][0] += velocity;
                references.mean[class][1] += offset;
                counts[class] += 1.0;
            }
        }
        for (mean, count) in references.mean.iter_mut().zip(counts) {
            mean.iter_mut().for_each(|sum| *sum /= count.max(1.0));
        }
        let weights: Vec<f32> = memory.slots.iter().map(|slot| slot.weight()).collect();
        for drum in Drum::ALL {
            let mut hits: Vec<(Hit, f32)> = Vec::new();
            for (age, &weight) in (1..).zip(&weights) {
                let hit = past.len().checked_sub(age * bar).and_then(|same| past[same].hit(drum));
                hits.extend(hit.map(|hit| (hit, weight)));
            }
            references.place[drum.index()] = weighted_median(&mut hits);
        }
        references
    }

    /// Bins of the references of a class.
    #[must_use]
    pub fn bins(&self, drum: Drum) -> [Option<Bins>; REFERENCES] {
        [self.place[drum.index()].map(bins), self.last[drum.index()].map(bins)]
    }

    /// Writes the [`FEEL_CELLS`] cells that follow the row in the feel network's input.
    pub fn write(&self, struck: DrumSet, cells: &mut [f32]) {
        debug_assert_eq!(cells.len(), FEEL_CELLS);
        for (class, cells) in cells.chunks_exact_mut(FEEL_CELLS / CLASSES).enumerate() {
            let is = f32::from(u8::from(struck.bits() >> class & 1 == 1));
            let [place, last] =
                [self.place[class], self.last[class]].map(|hit| hit.map_or([0.0; 2], normalised));
            let mean = self.mean[class];
            cells.copy_from_slice(&[is, place[0], place[1], last[0], last[1], mean[0], mean[1]]);
        }
    }
}

/// A hit as network input: velocity 0 to 1, offset -1 to 1.
fn normalised(hit: Hit) -> [f32; 2] {
    [hit.velocity(), 2.0 * hit.offset()]
}

/// Weighted medians of velocity and of offset, independently.
fn weighted_median(hits: &mut [(Hit, f32)]) -> Option<Hit> {
    let half = hits.iter().map(|(_, weight)| weight).sum::<f32>() / 2.0;
    let mut middle = |key: fn(&Hit) -> i16| -> Option<Hit> {
        hits.sort_by_key(|(hit, _)| key(hit));
        let mut below = 0.0;
        let found = hits.iter().find(|(_, weight)| {
            below += weight;
            below >= half
        });
        found.or(hits.last()).map(|&(hit, _)| hit)
    };
    let velocity = middle(|hit| i16::from(hit.velocity))?.velocity;
    let offset_ticks = middle(|hit| i16::from(hit.offset_ticks))?.offset_ticks;
    Some(Hit::plain(velocity, offset_ticks))
}

/// Median of a binned distribution, in bins, interpolated linearly within the bin. The weights of
/// the bins need not add up to 1.
#[must_use]
pub fn median(weights: &[f32]) -> f64 {
    let half = weights.iter().map(|&weight| f64::from(weight)).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (bin, &weight) in weights.iter().enumerate() {
        let weight = f64::from(weight);
        if below + weight >= half {
            return bin as f64 + (half - below) / weight;
        }
        below += weight;
    }
    weights.len() as f64
}

/// Indices into a class's outputs whose logits add up for a bin: the bin's own, and that of its
/// distance from each present reference.
pub fn terms(
    part: FeelPart,
    bin: usize,
    references: &[Option<Bins>; REFERENCES],
) -> impl Iterator<Item = usize> {
    let own = if part == FeelPart::Velocity { bin } else { VELOCITY_BINS + bin };
    let distances = references.iter().enumerate().filter_map(move |(i, reference)| {
        let &(velocity, offset) = reference.as_ref()?;
        let of = if part == FeelPart::Velocity { velocity } else { offset };
        let distance = (bin + MAX_DISTANCE).saturating_sub(of).min(2 * MAX_DISTANCE);
        Some(FEEL_LOGITS + (2 * i + usize::from(part == FeelPart::Offset)) * DISTANCES + distance)
    });
    std::iter::once(own).chain(distances)
}

/// Part of a hit's feel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeelPart {
    /// Velocity.
    Velocity,
    /// Offset, early or late.
    Offset,
}

/// Part and bin of each of the [`FEEL_LOGITS`].
pub fn parts() -> impl Iterator<Item = (FeelPart, usize)> {
    let velocities = (0..VELOCITY_BINS).map(|bin| (FeelPart::Velocity, bin));
    velocities.chain((0..OFFSET_BINS).map(|bin| (FeelPart::Offset, bin)))
}

/// Computes the [`FEEL_LOGITS`] of a class from its [`CLASS_OUTPUTS`]: velocity bins, then offset
/// bins.
pub fn add_references(
    outputs: &[f32],
    references: &[Option<Bins>; REFERENCES],
    logits: &mut [f32],
) {
    debug_assert_eq!((outputs.len(), logits.len()), (CLASS_OUTPUTS, FEEL_LOGITS));
    for ((part, bin), logit) in parts().zip(logits) {
        *logit = terms(part, bin, references).map(|at| outputs[at]).sum();
    }
}

/// Bins of a hit.
#[must_use]
pub fn bins(hit: Hit) -> Bins {
    let velocity = usize::from(hit.velocity / VELOCITY_BIN);
    let offset =
        usize::from((i16::from(hit.offset_ticks) + 120).unsigned_abs() / u16::from(OFFSET_BIN));
    (velocity.min(VELOCITY_BINS - 1), offset.min(OFFSET_BINS - 1))
}

/// Returns true if a hit is audible and belongs to its own step, as requested hits must. Where
/// drummers seldom strike, recorded hits are mostly stray: hardly audible, or early hits of the
/// next step.
#[must_use]
pub fn is_clear(hit: Hit) -> bool {
    hit.velocity >= CLEAR_VELOCITY && CLEAR_OFFSETS.contains(&bins(hit).1)
}

/// Excludes the velocities of hardly audible hits from the [`FEEL_LOGITS`] of a class.
pub fn clear_only(logits: &mut [f32]) {
    logits[..usize::from(CLEAR_VELOCITY / VELOCITY_BIN)].fill(f32::NEG_INFINITY);
}

/// Excludes the offsets of stray hits from the [`FEEL_LOGITS`] of a class.
pub fn near_only(logits: &mut [f32]) {
    let offset = &mut logits[VELOCITY_BINS..];
    offset[..CLEAR_OFFSETS.start].fill(f32::NEG_INFINITY);
    offset[CLEAR_OFFSETS.end..].fill(f32::NEG_INFINITY);
}

/// The hit at a position in the bins: the whole part is the bin, the fraction the position within.
#[must_use]
pub fn hit_at(velocity: f32, offset: f32) -> Hit {
    let velocity = (velocity * f32::from(VELOCITY_BIN)).floor() / 127.0;
    let offset_ticks = (offset * f32::from(OFFSET_BIN)).floor() - 120.0;
    Hit::new(velocity, offset_ticks / f32::from(crate::pattern::TICKS_PER_STEP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_lie_in_their_bins() {
        for velocity in 1..=127 {
            for offset_ticks in -120..=119 {
                let hit = Hit::plain(velocity, offset_ticks);
                let (v, o) = bins(hit);
                let low = hit_at(v as f32, o as f32);
                assert!(low.velocity <= velocity && velocity - low.velocity < VELOCITY_BIN);
                assert!(offset_ticks - low.offset_ticks < 6 && low.offset_ticks <= offset_ticks);
            }
        }
    }

    #[test]
    fn medians_are_interpolated_within_a_bin() {
        assert!((median(&[0.5, 0.5]) - 1.0).abs() < 1e-6);
        assert!((median(&[0.4, 0.2, 0.4]) - 1.5).abs() < 1e-6);
        assert!((median(&[0.0, 1.0, 0.0]) - 1.5).abs() < 1e-6);
        assert!((median(&[4.0, 2.0, 4.0]) - 1.5).abs() < 1e-6);
    }

    #[test]
    fn requested_hits_keep_only_the_bins_of_clear_hits() {
        let mut logits = [0.0; FEEL_LOGITS];
        clear_only(&mut logits);
        near_only(&mut logits);
        let left = |part: &[f32], bin: usize| part[bin] == 0.0;
        let (velocities, offsets) = logits.split_at(VELOCITY_BINS);
        for velocity in 1..=127 {
            for offset_ticks in -120..=119 {
                let hit = Hit::plain(velocity, offset_ticks);
                let (v, o) = bins(hit);
                assert_eq!(left(velocities, v) && left(offsets, o), is_clear(hit), "{hit:?}");
                assert_eq!(velocity >= 20 && (-60..60).contains(&offset_ticks), is_clear(hit));
            }
        }
    }

    #[test]
    fn references_are_the_most_similar_bars_and_the_last_hit() {
        let mut past = vec![Step::SILENT; 3 * 16];
        // Bars 0 and 1 have the snare at their fourth step, the present bar at its second. Bar 1
        // differs from the present bar just before the fourth step.
        let hit = |velocity| Some(Hit::plain(velocity, 12));
        past[4].set(Drum::Snare, hit(100));
        past[20].set(Drum::Snare, hit(20));
        for at in [17, 18, 19] {
            for drum in [Drum::Kick, Drum::Ride, Drum::Crash] {
                past[at].set(drum, hit(64));
            }
        }
        past[34].set(Drum::Snare, hit(60));
        let past = &past[..36];
        let memory = Memory::at(past, Meter::FOUR_FOUR);
        let references = References::at(past, &memory, Meter::FOUR_FOUR);
        let velocity = |at: usize| references.bins(Drum::Snare)[at].map(|(velocity, _)| velocity);
        assert_eq!((velocity(0), velocity(1)), (Some(25), Some(15)));
        assert_eq!(references.bins(Drum::HighTom), [None, None]);
        let mut cells = [f32::NAN; FEEL_CELLS];
        references.write([Drum::Snare].into_iter().collect(), &mut cells);
        let snare = &cells[FEEL_CELLS / CLASSES..][..FEEL_CELLS / CLASSES];
        let normalised: Vec<f32> = snare.iter().map(|x| (x * 127.0).round()).collect();
        assert_eq!(normalised, [127.0, 100.0, 13.0, 60.0, 13.0, 60.0, 13.0]);
        assert_eq!(cells[..FEEL_CELLS / CLASSES][0], 0.0, "the kick is not struck");
    }

    #[test]
    fn distance_logits_follow_their_reference() {
        let mut outputs = vec![0.0; CLASS_OUTPUTS];
        // At the velocity bin of the first reference, and one offset bin after the second.
        outputs[FEEL_LOGITS + MAX_DISTANCE] = 3.0;
        outputs[FEEL_LOGITS + 3 * DISTANCES + MAX_DISTANCE + 1] = 2.0;
        outputs[5] = 1.0;
        let mut logits = [f32::NAN; FEEL_LOGITS];
        add_references(&outputs, &[Some((5, 0)), Some((31, 20))], &mut logits);
        assert_eq!(logits[5], 4.0);
        assert_eq!(logits[VELOCITY_BINS + 21], 2.0);
        assert_eq!(logits.iter().filter(|&&logit| logit != 0.0).count(), 2);
        add_references(&outputs, &[None, None], &mut logits);
        assert_eq!(logits.iter().filter(|&&logit| logit != 0.0).count(), 1);
    }
}
