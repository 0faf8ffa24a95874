//! Obvious faults of single bars, found by a few rules.

use groove::pattern::style::style_number;
use groove::{Drum, DrumSet};

use crate::metrics::idiom::styles::style_idiom;

/// An obvious fault of a bar of 4/4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarFault {
    /// No kick on 1.
    One,
    /// Snare missing on 2 or 4, if it is not half time: on 3 alone of the quarters from 2 to 4. In
    /// reggae, neither kick nor snare on 3, if they are not together on 2 and 4.
    Backbeat,
    /// Hats, ride and crash on fewer than two quarters and fewer than four steps.
    Time,
    /// At least four toms, and at least half of the hits.
    Toms,
    /// One drum alone.
    Alone,
    /// Outside the idiom of a style that has one; such a style has no other fault.
    Idiom,
}

/// All faults, in the order of the sheet's table.
pub(crate) const BAR_FAULTS: [BarFault; 6] = [
    BarFault::One,
    BarFault::Backbeat,
    BarFault::Time,
    BarFault::Toms,
    BarFault::Alone,
    BarFault::Idiom,
];

impl BarFault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            BarFault::One => "no kick on 1",
            BarFault::Backbeat => "no backbeat",
            BarFault::Time => "no timekeeper",
            BarFault::Toms => "tom solo",
            BarFault::Alone => "one drum alone",
            BarFault::Idiom => "outside the idiom",
        }
    }

    /// Returns true if it is a fault in a style: jazz, latin and afrobeat have no snare on 2 and 4,
    /// and jazz and reggae often have no kick on 1.
    pub(crate) fn counts_in(self, style: &str) -> bool {
        let has_idiom = style_number(style).and_then(style_idiom).is_some();
        match self {
            BarFault::Idiom => has_idiom,
            _ if has_idiom => false,
            BarFault::One => !["jazz", "reggae"].contains(&style),
            BarFault::Backbeat => !["jazz", "latin", "afrobeat", "afrocuban"].contains(&style),
            BarFault::Time | BarFault::Toms | BarFault::Alone => true,
        }
    }

    fn is_in(self, bar: &[DrumSet], style: &str) -> bool {
        let at = |step: usize| bar.get(step).copied().unwrap_or_default();
        let of = |drums: &[Drum]| -> DrumSet { drums.iter().copied().collect() };
        let some = |step: usize, drums: DrumSet| !at(step).and(drums).is_empty();
        match self {
            // It depends on more than the drums.
            BarFault::Idiom => false,
            BarFault::One => !at(0).contains(Drum::Kick),
            BarFault::Backbeat if style == "reggae" => {
                let both =
                    |step: usize| [Drum::Kick, Drum::Snare].map(|drum| at(step).contains(drum));
                both(8) == [false; 2] && [4, 12].map(both) != [[true; 2]; 2]
            }
            BarFault::Backbeat => {
                let snare = [4, 8, 12].map(|step| at(step).contains(Drum::Snare));
                !(snare[0] && snare[2]) && snare != [false, true, false]
            }
            BarFault::Time => {
                let time = of(&[Drum::ClosedHat, Drum::OpenHat, Drum::Ride, Drum::Crash]);
                let struck = |every: usize| {
                    (0..bar.len()).step_by(every).filter(|&step| some(step, time)).count()
                };
                struck(4) < 2 && struck(1) < 4
            }
            BarFault::Toms => {
                let toms = of(&[Drum::LowTom, Drum::MidTom, Drum::HighTom]);
                let toms: u32 = bar.iter().map(|step| step.and(toms).len()).sum();
                let all: u32 = bar.iter().map(|step| step.len()).sum();
                toms >= 4 && 2 * toms >= all
            }
            BarFault::Alone => {
                bar.iter().flat_map(|step| step.iter()).collect::<DrumSet>().len() == 1
            }
        }
    }
}

/// Returns the faults that count in a style, but for [`BarFault::Idiom`].
pub(crate) fn faults_of(bar: &[DrumSet], style: &str) -> Vec<BarFault> {
    let found = |fault: &BarFault| fault.counts_in(style) && fault.is_in(bar, style);
    BAR_FAULTS.into_iter().filter(found).collect()
}

/// Returns true if a bar is hardly a beat of the style: without a timekeeper, of toms or one drum
/// alone, or without a kick on 1 and a backbeat, where both are usual.
pub(crate) fn is_strange(bar: &[DrumSet], style: &str) -> bool {
    let found = faults_of(bar, style);
    let has = |fault: BarFault| found.contains(&fault);
    let alone = [BarFault::Time, BarFault::Toms, BarFault::Alone].into_iter().any(has);
    alone || (has(BarFault::One) && has(BarFault::Backbeat))
}
