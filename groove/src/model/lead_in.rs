//! Lead-ins: inaudible bars that the network is fed before the first bar of a take.
//!
//! The network's only context is its own past. Without one, its first bar is as vague as the first
//! bar of a recording, and everything after it repeats that. A take therefore begins in the middle
//! of a groove: a model file holds a few bars from many of its training recordings, the take's seed
//! chooses one of its style and near its tempo, and the theme is the network's continuation. The
//! lead-in is the groove's prior; the notes are the network's own.

use safetensors::{Dtype, SafeTensors};

use crate::model::error::ModelError;
use crate::pattern::drum::{CLASSES, Drum};
use crate::pattern::style::LAST_STYLE;
use crate::pattern::{Hit, Meter, Step};

/// Maximum number of bars of a lead-in.
pub const LEAD_IN_BARS: usize = 4;
/// Steps per bar of a lead-in, which is in 4/4.
pub const LEAD_IN_STEPS: usize = 16;

/// Tensors of a model file. Rows of the first: style number, tempo, weight, bars and number of hits
/// of a lead-in (f32). Rows of the second: step, class, velocity and offset in ticks plus 128 of a
/// hit, in order of the lead-ins (u8).
const OF: &str = "lead_in.of";
const HITS: &str = "lead_in.hits";
const OF_COLUMNS: usize = 5;
const HIT_COLUMNS: usize = 4;

/// A few bars of 4/4 that a take can continue.
#[derive(Clone, Debug, PartialEq)]
pub struct LeadIn {
    /// Style number as in [`crate::pattern::style`].
    pub style: u8,
    /// Tempo of the recording, in quarter notes a minute.
    pub tempo: f32,
    /// Probability of being chosen, in proportion to the other lead-ins of the style.
    pub weight: f32,
    /// One to [`LEAD_IN_BARS`] bars of [`LEAD_IN_STEPS`].
    pub steps: Vec<Step>,
}

impl LeadIn {
    /// The lead-in in another meter, in whole bars of it. Beats of 4/4 are left out or repeated. In
    /// compound meters the four sixteenths of a beat become the first, third, fifth and sixth of
    /// six, and hats and cymbals that play eighths continue through the beat.
    #[must_use]
    pub fn in_meter(&self, meter: Meter) -> Vec<Step> {
        if meter == Meter::FOUR_FOUR {
            return self.steps.clone();
        }
        let (length, beat) = (meter.steps(), meter.beat_steps());
        let beats = order_of_beats(length.div_ceil(beat));
        let mut steps = Vec::new();
        for bar in self.steps.chunks_exact(LEAD_IN_STEPS) {
            let mut other: Vec<Step> = Vec::new();
            for &number in &beats {
                let part = &bar[4 * number..4 * number + 4];
                match beat {
                    6 => other.extend(compound_beat(part)),
                    _ => other.extend_from_slice(part),
                }
            }
            other.truncate(length);
            steps.extend(other);
        }
        steps
    }
}

/// The step of a bar of 4/4 that corresponds to a step of another meter's bar, as in
/// [`LeadIn::in_meter`]; `None` between the parts of a compound beat.
#[must_use]
pub fn step_of_four_four(meter: Meter, step: usize) -> Option<usize> {
    if meter == Meter::FOUR_FOUR {
        return Some(step);
    }
    let beat = meter.beat_steps();
    let number = *order_of_beats(meter.steps().div_ceil(beat)).get(step / beat)?;
    let part = match (beat, step % beat) {
        (6, 1 | 3) => return None,
        (6, 5) => 3,
        (6, part) => part / 2,
        (_, part) => part,
    };
    Some(4 * number + part)
}

/// The beats of 4/4 that make up the beats of another meter: kick, snare, kick, snare, so that a
/// bar of three ends with the snare on its last two beats, and a bar of five is three and two.
fn order_of_beats(count: usize) -> Vec<usize> {
    const LAST: [&[usize]; 4] = [&[], &[0], &[0, 1], &[0, 1, 3]];
    match count {
        5 => vec![0, 1, 3, 2, 3],
        count => {
            let whole = (0..count / 4).flat_map(|_| 0..4);
            whole.chain(LAST[count % 4].iter().copied()).collect()
        }
    }
}

/// The six sixteenths of a dotted beat from the four of a beat.
fn compound_beat(part: &[Step]) -> [Step; 6] {
    let mut beat = [part[0], Step::SILENT, part[1], Step::SILENT, part[2], part[3]];
    for drum in [Drum::ClosedHat, Drum::OpenHat, Drum::Ride] {
        if let (Some(_), None, Some(hit)) =
            (part[0].hit(drum), part[1].hit(drum), part[2].hit(drum))
        {
            beat[2].set(drum, Some(hit));
        }
    }
    beat
}

/// A tensor of a model file: name, type, shape and bytes.
pub(crate) type Raw = (&'static str, Dtype, [usize; 2], Vec<u8>);

/// Encodes lead-ins as tensors of a model file; none for an empty list.
pub(crate) fn to_tensors(lead_ins: &[LeadIn]) -> Vec<Raw> {
    if lead_ins.is_empty() {
        return Vec::new();
    }
    let (mut of, mut hits) = (Vec::new(), Vec::new());
    for LeadIn { style, tempo, weight, steps } in lead_ins {
        let before = hits.len();
        for (at, step) in (0u8..).zip(steps) {
            for (drum, hit) in step.hits() {
                let offset = hit.offset_ticks.to_le_bytes()[0] ^ 0x80;
                hits.extend([at, drum as u8, hit.velocity, offset]);
            }
        }
        let count = (hits.len() - before) / HIT_COLUMNS;
        let bars = steps.len().div_ceil(LEAD_IN_STEPS);
        let row = [f32::from(*style), *tempo, *weight, bars as f32, count as f32];
        of.extend(row.into_iter().flat_map(f32::to_le_bytes));
    }
    let rows = hits.len() / HIT_COLUMNS;
    vec![
        (OF, Dtype::F32, [lead_ins.len(), OF_COLUMNS], of),
        (HITS, Dtype::U8, [rows, HIT_COLUMNS], hits),
    ]
}

/// Decodes the lead-ins of a model file, given its number of drum classes. A file without them has
/// none.
///
/// # Errors
/// Returns an error if they are present and damaged.
pub(crate) fn read(file: &SafeTensors, classes: usize) -> Result<Vec<LeadIn>, ModelError> {
    let (Ok(of), Ok(hits)) = (file.tensor(OF), file.tensor(HITS)) else { return Ok(Vec::new()) };
    let whole = of.dtype() == Dtype::F32
        && hits.dtype() == Dtype::U8
        && of.shape().get(1) == Some(&OF_COLUMNS)
        && hits.shape().get(1) == Some(&HIT_COLUMNS);
    let lead_ins = if whole { parse(of.data(), hits.data(), classes) } else { None };
    lead_ins.ok_or(ModelError::LeadIns)
}

/// Parses the bytes of both tensors; `None` if a number is out of range.
fn parse(of: &[u8], hits: &[u8], classes: usize) -> Option<Vec<LeadIn>> {
    let (mut hits, mut lead_ins) = (hits.chunks_exact(HIT_COLUMNS), Vec::new());
    for row in of.chunks_exact(4 * OF_COLUMNS) {
        let mut numbers =
            row.chunks_exact(4).filter_map(|b| Some(f32::from_le_bytes(b.try_into().ok()?)));
        let mut next = || numbers.next().filter(|number| number.is_finite());
        let (style, tempo, weight, bars, count) = (next()?, next()?, next()?, next()?, next()?);
        let whole = |number: f32, most: usize| (0..=most).find(|&n| n as f32 == number);
        let style = u8::try_from(whole(style, LAST_STYLE.into())?).ok()?;
        let bars = whole(bars, LEAD_IN_BARS)?;
        if bars == 0 || tempo <= 0.0 || weight <= 0.0 {
            return None;
        }
        let mut steps = vec![Step::SILENT; bars * LEAD_IN_STEPS];
        for _ in 0..whole(count, steps.len() * CLASSES)? {
            let &[at, class, velocity, offset] = hits.next()? else { return None };
            let drum = *Drum::ALL.get(..classes)?.get(usize::from(class))?;
            let offset_ticks = i8::from_le_bytes([offset ^ 0x80]);
            if !(1..=127).contains(&velocity) || !Hit::OFFSETS.contains(&offset_ticks) {
                return None;
            }
            steps.get_mut(usize::from(at))?.set(drum, Some(Hit { velocity, offset_ticks }));
        }
        lead_ins.push(LeadIn { style, tempo, weight, steps });
    }
    Some(lead_ins)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    use safetensors::tensor::TensorView;

    pub(crate) fn lead_in(style: u8, tempo: f32, drum: Drum) -> LeadIn {
        let mut steps = vec![Step::SILENT; 2 * LEAD_IN_STEPS];
        for at in [0, 4, 6, 31] {
            steps[at].set(drum, Some(Hit { velocity: 64, offset_ticks: -120 }));
        }
        LeadIn { style, tempo, weight: 0.5, steps }
    }

    pub(crate) fn bank() -> Vec<LeadIn> {
        let styles = [(3, 100.0), (3, 104.0), (3, 180.0), (5, 90.0), (5, 110.0)];
        styles.map(|(style, tempo)| lead_in(style, tempo, Drum::Snare)).to_vec()
    }

    #[test]
    fn lead_ins_round_trip_and_damage_is_an_error() {
        let bank = bank();
        let tensors = to_tensors(&bank);
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            (*name, TensorView::new(*dtype, shape.to_vec(), bytes).expect("a tensor"))
        });
        let bytes = safetensors::serialize(views, None).expect("bytes");
        let file = SafeTensors::deserialize(&bytes).expect("a file");
        assert_eq!(read(&file, CLASSES).expect("lead-ins"), bank);
        let (of, hits) = (file.tensor(OF).expect("of"), file.tensor(HITS).expect("hits"));
        assert_eq!(parse(of.data(), &hits.data()[..8], CLASSES), None, "hits are missing");
        let mut bad = hits.data().to_vec();
        bad[1] = 9;
        assert_eq!(parse(of.data(), &bad, CLASSES), None, "there is no such class");
        assert_eq!(parse(of.data(), hits.data(), 1), None, "the snare is the second class");
        let none: [(&str, TensorView); 0] = [];
        let empty = safetensors::serialize(none, None).expect("bytes");
        let file = SafeTensors::deserialize(&empty).expect("a file");
        assert!(read(&file, CLASSES).expect("none").is_empty());
    }

    #[test]
    fn lead_ins_in_other_meters_have_whole_bars_and_a_backbeat() {
        let mut lead_in = lead_in(3, 100.0, Drum::Snare);
        lead_in.steps = vec![Step::SILENT; 2 * LEAD_IN_STEPS];
        for (at, step) in lead_in.steps.iter_mut().enumerate() {
            let drum = if at % 8 == 4 { Drum::Snare } else { Drum::Kick };
            if at % 4 == 0 {
                step.set(drum, Some(Hit { velocity: 90, offset_ticks: 0 }));
            }
        }
        for (meter, snares) in [
            ((3, 4), vec![4, 8]),
            ((5, 4), vec![4, 8, 16]),
            ((6, 8), vec![6]),
            ((12, 8), vec![6, 18]),
            ((7, 8), vec![4, 12]),
            ((4, 4), vec![4, 12]),
        ] {
            let meter = Meter::new(meter.0, meter.1);
            let steps = lead_in.in_meter(meter);
            assert_eq!(steps.len(), 2 * meter.steps());
            let bar = &steps[meter.steps()..];
            let struck = |&at: &usize| bar[at].hit(Drum::Snare).is_some();
            assert_eq!((0..bar.len()).filter(struck).collect::<Vec<_>>(), snares, "{meter:?}");
            assert!(bar[0].hit(Drum::Kick).is_some());
            for (at, step) in bar.iter().enumerate().filter(|(_, step)| !step.drums().is_empty()) {
                let from = step_of_four_four(meter, at).expect("a step");
                assert_eq!(lead_in.steps[from], *step, "{meter:?}, step {at}");
            }
        }
    }
}
