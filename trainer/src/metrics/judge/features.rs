//! Classifier features of a window of two bars of 4/4: first those of the hits, then those of
//! velocity and timing, then those of articulations and strokes.

use groove::CLASSES;
use groove::learn::bar_f1::STEPS;

use super::stroke_features::stroke_features;
use crate::metrics::comparison::BarSteps;

/// Steps in a window.
const LENGTH: usize = 2 * STEPS;
/// Steps in a beat.
const BEAT: usize = 4;
/// Pairs of different classes.
const PAIRS: usize = CLASSES * (CLASSES - 1) / 2;
/// Offset of a drum that is not struck, in steps: earlier than any hit.
const NO_OFFSET: f32 = -0.75;

const KICK: usize = 0;
const SNARE: usize = 1;

/// Features of a window.
#[derive(Debug)]
pub(crate) struct WindowFeatures {
    /// Hit features first, then feel features, then those of articulations and strokes.
    pub all: Vec<f32>,
    /// Number of features that depend on the hits alone.
    pub hits: usize,
    /// Number of features without those of articulations and strokes.
    pub feel: usize,
}

/// A window, by step and class.
struct HitGrid {
    /// 0 to 1; 0 if not struck.
    velocity: [[f32; CLASSES]; LENGTH],
    /// In steps.
    offset: [[f32; CLASSES]; LENGTH],
}

impl WindowFeatures {
    /// Computes the features of two neighbouring bars.
    pub(crate) fn of(bars: [&BarSteps; 2]) -> WindowFeatures {
        let mut grid =
            HitGrid { velocity: [[0.0; CLASSES]; LENGTH], offset: [[0.0; CLASSES]; LENGTH] };
        for (at, step) in bars.into_iter().flatten().enumerate() {
            for (drum, hit) in step.hits() {
                grid.velocity[at][drum.index()] = hit.velocity();
                grid.offset[at][drum.index()] = hit.offset();
            }
        }
        let mut all = Vec::with_capacity(2000);
        grid.cells(&mut all);
        grid.places(&mut all);
        grid.repetition(&mut all);
        grid.neighbours(&mut all);
        let hits = all.len();
        grid.feel_cells(&mut all);
        grid.feel_moments(&mut all);
        grid.looseness(&mut all);
        grid.feel_repetition(&mut all);
        let feel = all.len();
        all.extend(stroke_features(bars));
        WindowFeatures { all, hits, feel }
    }
}

/// Sums for mean and standard deviation.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f32,
    sum: f32,
    squares: f32,
}

impl Moments {
    fn add(&mut self, value: f32) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    /// Returns the mean, or `none` without values.
    fn mean(self, none: f32) -> f32 {
        if self.count > 0.0 { self.sum / self.count } else { none }
    }

    fn spread(self) -> f32 {
        let mean = self.mean(0.0);
        (self.squares / self.count.max(1.0) - mean * mean).max(0.0).sqrt()
    }
}

/// Returns the index of a pair of classes, `a` below `b`.
const fn pair(a: usize, b: usize) -> usize {
    b * (b - 1) / 2 + a
}

impl HitGrid {
    fn struck(&self, step: usize, class: usize) -> bool {
        self.velocity[step][class] > 0.0
    }

    fn one(&self, step: usize, class: usize) -> f32 {
        f32::from(u8::from(self.struck(step, class)))
    }

    /// Iterates over the classes struck at a step.
    fn at(&self, step: usize) -> impl Iterator<Item = usize> + '_ {
        (0..CLASSES).filter(move |&class| self.struck(step, class))
    }

    /// Iterates over all hits as step and class.
    fn hits(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..LENGTH).flat_map(move |step| self.at(step).map(move |class| (step, class)))
    }

    /// Hits by step and class, and counts of drums per step.
    fn cells(&self, all: &mut Vec<f32>) {
        all.extend(
            (0..LENGTH)
                .flat_map(|step| (0..CLASSES).map(move |class| (step, class)))
                .map(|(step, class)| self.one(step, class)),
        );
        let mut sizes = [0.0; 5];
        let mut empty = [0.0; 2];
        let (mut gap, mut longest) = (0.0f32, 0.0f32);
        for step in 0..LENGTH {
            let size = self.at(step).count();
            sizes[size.min(4)] += 1.0;
            if size == 0 {
                empty[step / STEPS] += 1.0;
                gap += 1.0;
            } else {
                gap = 0.0;
            }
            longest = longest.max(gap);
        }
        all.extend(sizes);
        all.extend(empty);
        all.push(longest);
    }

    /// Counts by class and bar, beat of the bar and place in the beat; the backbeat.
    fn places(&self, all: &mut Vec<f32>) {
        let mut by_bar = [[0.0; CLASSES]; 2];
        let mut by_beat = [[0.0; CLASSES]; STEPS / BEAT];
        let mut by_place = [[0.0; CLASSES]; BEAT];
        let mut total = 0.0;
        for (step, class) in self.hits() {
            by_bar[step / STEPS][class] += 1.0;
            by_beat[step % STEPS / BEAT][class] += 1.0;
            by_place[step % BEAT][class] += 1.0;
            total += 1.0;
        }
        all.extend(by_bar.as_flattened());
        all.extend(by_beat.as_flattened());
        all.extend(by_place.as_flattened());
        let kinds = (0..CLASSES).filter(|&class| by_bar[0][class] + by_bar[1][class] > 0.0).count();
        all.extend([total, kinds as f32]);
        for class in [KICK, SNARE] {
            let mut sum = 0.0;
            for bar in [0, STEPS] {
                let (two, four) = (self.one(bar + 4, class), self.one(bar + 12, class));
                all.extend([two * four, two.max(four)]);
                sum += two + four;
            }
            all.push(sum);
            // The other main accents: 1 and 3.
            all.push((0..4).map(|half| self.one(8 * half, class)).sum());
        }
        // Quarters with a hat or a cymbal.
        let pulse = |class: usize| (0..8).map(|beat| self.one(BEAT * beat, class)).sum::<f32>();
        all.push(
            (0..8).filter(|beat| [2, 3, 7, 8].iter().any(|&c| self.struck(4 * beat, c))).count()
                as f32,
        );
        all.push(pulse(2) + pulse(3) + pulse(8));
    }

    /// Hits that repeat after a beat, half a bar or a bar, and those that do not, by class.
    fn repetition(&self, all: &mut Vec<f32>) {
        for lag in [BEAT, STEPS / 2, STEPS] {
            let (mut same, mut changed) = ([0.0; CLASSES], [0.0; CLASSES]);
            for step in lag..LENGTH {
                for class in 0..CLASSES {
                    match (self.struck(step - lag, class), self.struck(step, class)) {
                        (true, true) => same[class] += 1.0,
                        (false, false) => {}
                        _ => changed[class] += 1.0,
                    }
                }
            }
            all.extend([same.iter().sum::<f32>(), changed.iter().sum()]);
            all.extend(same);
            all.extend(changed);
        }
    }

    /// Pairs of classes in the same step, and one and two steps apart.
    fn neighbours(&self, all: &mut Vec<f32>) {
        let mut together = [0.0; PAIRS];
        let mut after = [[[0.0; CLASSES]; CLASSES]; 2];
        for (step, class) in self.hits() {
            for lower in self.at(step).take_while(|&lower| lower < class) {
                together[pair(lower, class)] += 1.0;
            }
            for (distance, after) in (1..).zip(&mut after) {
                if step + distance < LENGTH {
                    self.at(step + distance).for_each(|next| after[class][next] += 1.0);
                }
            }
        }
        all.extend(together);
        all.extend(after.as_flattened().as_flattened());
    }

    /// Velocity and offset by step and class.
    fn feel_cells(&self, all: &mut Vec<f32>) {
        all.extend(self.velocity.as_flattened());
        for step in 0..LENGTH {
            let offset = |class: usize| match self.struck(step, class) {
                true => self.offset[step][class],
                false => NO_OFFSET,
            };
            all.extend((0..CLASSES).map(offset));
        }
    }

    /// Mean and standard deviation of velocity and offset by class, by place in the beat, and by
    /// both.
    fn feel_moments(&self, all: &mut Vec<f32>) {
        let mut velocity = [Moments::default(); BEAT * CLASSES + BEAT + CLASSES + 1];
        let mut offset = velocity;
        for (step, class) in self.hits() {
            let place = step % BEAT;
            let groups = [
                BEAT * class + place,
                BEAT * CLASSES + place,
                BEAT * CLASSES + BEAT + class,
                BEAT * CLASSES + BEAT + CLASSES,
            ];
            for group in groups {
                velocity[group].add(self.velocity[step][class]);
                offset[group].add(self.offset[step][class]);
            }
        }
        for (velocity, offset) in velocity.into_iter().zip(offset) {
            all.extend([velocity.mean(0.0), velocity.spread()]);
            all.extend([offset.mean(NO_OFFSET), offset.spread()]);
        }
    }

    /// Differences of time and velocity between drums of the same step.
    fn looseness(&self, all: &mut Vec<f32>) {
        let mut signed = [Moments::default(); PAIRS];
        let mut apart = [Moments::default(); PAIRS];
        let mut louder = [Moments::default(); PAIRS];
        let (mut spread, mut widest) = (Moments::default(), 0.0f32);
        for step in 0..LENGTH {
            let mut offsets = Moments::default();
            for high in self.at(step) {
                offsets.add(self.offset[step][high]);
                for low in self.at(step).take_while(|&low| low < high) {
                    let distance = self.offset[step][high] - self.offset[step][low];
                    let number = pair(low, high);
                    signed[number].add(distance);
                    apart[number].add(distance.abs());
                    louder[number].add(self.velocity[step][high] - self.velocity[step][low]);
                    widest = widest.max(distance.abs());
                }
            }
            if offsets.count > 1.0 {
                spread.add(offsets.spread());
            }
        }
        all.extend([spread.mean(-0.1), spread.spread(), widest]);
        all.extend(signed.map(|moments| moments.mean(-1.5)));
        all.extend(apart.map(|moments| moments.mean(-0.2)));
        all.extend(louder.map(|moments| moments.mean(-1.5)));
    }

    /// Change of velocity and offset from a hit to the same drum's next one, and to that one bar
    /// later.
    fn feel_repetition(&self, all: &mut Vec<f32>) {
        let mut changes = [[Moments::default(); 4]; CLASSES + 1];
        for class in 0..CLASSES {
            let steps: Vec<usize> = (0..LENGTH).filter(|&step| self.struck(step, class)).collect();
            let next = steps.windows(2).map(|pair| (0, pair[0], pair[1]));
            let later = steps.iter().filter(|&&step| step + STEPS < LENGTH);
            let later = later.filter(|&&step| self.struck(step + STEPS, class));
            let later = later.map(|&step| (2, step, step + STEPS));
            for (kind, a, b) in next.chain(later) {
                let velocity = (self.velocity[b][class] - self.velocity[a][class]).abs();
                let offset = (self.offset[b][class] - self.offset[a][class]).abs();
                for group in [class, CLASSES] {
                    changes[group][kind].add(velocity);
                    changes[group][kind + 1].add(offset);
                }
            }
        }
        all.extend(changes.as_flattened().iter().map(|moments| moments.mean(-0.2)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::{Drum, Hit, Step};

    fn bar(hits: &[(usize, Drum, u8, i8)]) -> BarSteps {
        let mut bar = [Step::SILENT; STEPS];
        for &(step, drum, velocity, offset_ticks) in hits {
            bar[step].set(drum, Some(Hit::plain(velocity, offset_ticks)));
        }
        bar
    }

    #[test]
    fn hit_features_do_not_depend_on_feel() {
        let soft = bar(&[(0, Drum::Kick, 30, 0), (4, Drum::Snare, 90, 0)]);
        let late = bar(&[(0, Drum::Kick, 100, 24), (4, Drum::Snare, 90, -24)]);
        let other = bar(&[(0, Drum::Kick, 30, 0), (5, Drum::Snare, 90, 0)]);
        let [soft, late, other] = [soft, late, other].map(|bar| WindowFeatures::of([&bar, &bar]));
        assert_eq!(soft.all[..soft.hits], late.all[..late.hits]);
        assert!(soft.all[soft.hits..] != late.all[late.hits..]);
        assert!(soft.all[..soft.hits] != other.all[..other.hits]);
        assert_eq!((soft.all.len(), soft.hits), (other.all.len(), other.hits));
        assert!(soft.all.iter().chain(&other.all).all(|value| value.is_finite()));
    }

    #[test]
    fn pair_indices_are_unique() {
        let mut seen: Vec<usize> =
            (0..CLASSES).flat_map(|b| (0..b).map(move |a| pair(a, b))).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..PAIRS));
    }

    #[test]
    fn looseness_is_the_deviation_within_a_step() {
        let loose = bar(&[(0, Drum::Kick, 90, 24), (0, Drum::Ride, 90, -24)]);
        let mut all = Vec::new();
        let mut grid =
            HitGrid { velocity: [[0.0; CLASSES]; LENGTH], offset: [[0.0; CLASSES]; LENGTH] };
        for (drum, hit) in loose[0].hits() {
            grid.velocity[0][drum.index()] = hit.velocity();
            grid.offset[0][drum.index()] = hit.offset();
        }
        grid.looseness(&mut all);
        assert!((all[0] - 0.1).abs() < 1e-5, "{}", all[0]);
        assert!((all[2] - 0.2).abs() < 1e-5, "{}", all[2]);
    }
}
