//! Backbone of a bar by meter: kick on 1, and snare where the meter's idiom has it.
//!
//! | meter | kick | snare |
//! |---|---|---|
//! | 4/4 | 1 | 2 and 4 |
//! | 3/4 | 1 | 2, 3 or both (a waltz) |
//! | 5/4 | 1 | 2 and 4, 2 and 5, or 3 and 5 (3 + 2 or 2 + 3 quarters) |
//! | 6/8 | 1 | the second dotted quarter |
//! | 7/8 | 1 | eighth 3 (2 + 2 + 3), 5 (4 + 3), 6 (3 + 2 + 2, 2 + 3 + 2) or 7 |
//! | 9/8 | 1 | the second dotted quarter, the third, or both |
//! | 12/8 | 1 (often also 3) | the second and the fourth dotted quarter |
//!
//! The table is convention, not data: the Groove MIDI Dataset has hardly any bars in meters other
//! than 4/4. Good bars can lack the backbone (half-time, one-drop), so only shares of many bars are
//! meaningful, in comparison with those in 4/4.

use groove::{Drum, Meter, Step};
use serde::Serialize;

/// Numerator and denominator of a meter, and alternative sets of steps for the snare.
type Snare = (u8, u8, &'static [&'static [usize]]);

/// Snare steps by meter, as in the table of this module.
const SNARES: [Snare; 7] = [
    (4, 4, &[&[4, 12]]),
    (3, 4, &[&[4], &[8]]),
    (5, 4, &[&[4, 12], &[4, 16], &[8, 16]]),
    (6, 8, &[&[6]]),
    (7, 8, &[&[4], &[8], &[10], &[12]]),
    (9, 8, &[&[6], &[12]]),
    (12, 8, &[&[6, 18]]),
];

/// Shares of the bars that have the backbone of their meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct MeterBackbone {
    /// Kick on 1.
    pub kick_one: f64,
    /// Snare at one of the meter's alternatives.
    pub snare: f64,
    /// Kick and snare in the same bar.
    pub both: f64,
}

impl MeterBackbone {
    /// Measures the complete bars of takes; `None` if the table lacks the meter or there is no bar.
    #[must_use]
    pub fn measure(takes: &[Vec<Step>], meter: Meter) -> Option<MeterBackbone> {
        let (_, _, snares) =
            SNARES.iter().find(|(n, d, _)| (*n, *d) == (meter.numerator, meter.denominator))?;
        let mut sums = [0.0; 3];
        let mut bars = 0.0;
        for bar in takes.iter().flat_map(|take| take.chunks_exact(meter.steps())) {
            let struck = |step: usize, drum| bar[step].drums().contains(drum);
            let kick = struck(0, Drum::Kick);
            let has = |places: &&[usize]| places.iter().all(|&step| struck(step, Drum::Snare));
            let snare = snares.iter().any(has);
            for (sum, has) in sums.iter_mut().zip([kick, snare, kick && snare]) {
                *sum += f64::from(u8::from(has));
            }
            bars += 1.0;
        }
        let [kick_one, snare, both] = sums.map(|sum| sum / bars);
        (bars > 0.0).then_some(MeterBackbone { kick_one, snare, both })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::Hit;

    fn bar(meter: Meter, hits: &[(usize, Drum)]) -> Vec<Step> {
        let mut steps = vec![Step::SILENT; meter.steps()];
        for &(step, drum) in hits {
            steps[step].set(drum, Some(Hit::plain(90, 0)));
        }
        steps
    }

    #[test]
    fn shares_count_kick_snare_and_both() {
        let meter = Meter::new(12, 8);
        let takes = [
            [
                bar(meter, &[(0, Drum::Kick), (6, Drum::Snare), (18, Drum::Snare)]),
                bar(meter, &[(0, Drum::Kick), (6, Drum::Snare)]),
            ]
            .concat(),
            [bar(meter, &[(6, Drum::Snare), (18, Drum::Snare)]), bar(meter, &[])].concat(),
        ];
        let found = MeterBackbone::measure(&takes, meter);
        assert_eq!(found, Some(MeterBackbone { kick_one: 0.5, snare: 0.5, both: 0.25 }));
        assert_eq!(MeterBackbone::measure(&takes, Meter::new(11, 8)), None);
        assert_eq!(MeterBackbone::measure(&[], meter), None);
    }

    #[test]
    fn snare_steps_fit_their_bar_and_any_alternative_counts() {
        for (n, d, snares) in SNARES {
            let meter = Meter::new(i32::from(n), i32::from(d));
            for places in snares {
                let hits: Vec<_> = places.iter().map(|&step| (step, Drum::Snare)).collect();
                let found = MeterBackbone::measure(&[bar(meter, &hits)], meter).expect("a meter");
                assert_eq!((found.snare, found.both), (1.0, 0.0), "{n}/{d}: {places:?}");
                let less = bar(meter, &hits[1..]);
                let found = MeterBackbone::measure(&[less], meter).expect("a meter");
                assert_eq!(found.snare, 0.0, "{n}/{d}: {places:?} without its first");
            }
        }
    }
}
