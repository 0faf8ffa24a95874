//! Lead-ins: inaudible bars that the network is fed before the first bar of a take.
//!
//! The network's only context is its own past. Without one, its first bar is as vague as the first
//! bar of a recording, and everything after it repeats that. A take therefore begins in the middle
//! of a groove: a model file holds a few bars from many of its training recordings, the take's seed
//! chooses one of its style and near its tempo, and the theme is the network's continuation. The
//! lead-in is the groove's prior; the notes are the network's own.

use candle_core::safetensors::SliceSafetensors;
use candle_core::{Device, Result as CandleResult, Tensor};

use crate::model::error::ModelError;
use crate::pattern::drum::{CLASSES, Drum};
use crate::pattern::style::LAST_STYLE;
use crate::pattern::{Articulation, Hit, MAX_STROKES, Meter, Step};

/// Maximum number of bars of a lead-in.
pub const LEAD_IN_BARS: usize = 4;
/// Steps per bar of a lead-in, which is in 4/4.
pub const LEAD_IN_STEPS: usize = 16;

/// Tensors of a model file. Rows of the first: style number, tempo, weight, bars and number of hits
/// of a lead-in (f32). Rows of the second: step, class, velocity and offset in ticks plus 128 of a
/// hit, in order of the lead-ins (u8); and in files with strokes, the articulation's index in its
/// class, plus 128 for a further stroke of the hit in the row before.
const OF: &str = "lead_in.of";
const HITS: &str = "lead_in.hits";
const OF_COLUMNS: usize = 5;
const HIT_COLUMNS: usize = 5;
const FURTHER: u8 = 128;

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

/// Grouping of the eighths of 7/8 and of the quarters of 5/4. Other meters have one grouping.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// 7/8 as 2 + 2 + 3, 5/4 as 3 + 2.
    #[default]
    Usual,
    /// 7/8 as 3 + 2 + 2, 5/4 as 2 + 3.
    Other,
}

impl Grouping {
    /// Name of the grouping of a meter, such as 2+2+3; `None` for meters that have only one.
    #[must_use]
    pub fn name(self, meter: Meter) -> Option<&'static str> {
        match (meter.numerator, meter.denominator, self) {
            (7, 8, Grouping::Usual) => Some("2+2+3"),
            (7, 8, Grouping::Other) => Some("3+2+2"),
            (5, 4, Grouping::Usual) => Some("3+2"),
            (5, 4, Grouping::Other) => Some("2+3"),
            _ => None,
        }
    }
}

impl LeadIn {
    /// The lead-in in another meter, in whole bars of it. Beats of 4/4 are left out or repeated. In
    /// compound meters the four sixteenths of a beat become the first, third, fifth and sixth of
    /// six, and hats and cymbals that play eighths continue through the beat.
    #[must_use]
    pub fn in_meter(&self, meter: Meter, grouping: Grouping) -> Vec<Step> {
        if meter == Meter::FOUR_FOUR {
            return self.steps.clone();
        }
        let sources: Vec<Option<usize>> =
            (0..meter.steps()).map(|step| step_of_four_four(meter, grouping, step)).collect();
        let mut steps = Vec::new();
        for bar in self.steps.chunks_exact(LEAD_IN_STEPS) {
            let from = |source: &Option<usize>| source.map_or(Step::SILENT, |step| bar[step]);
            let mut other: Vec<Step> = sources.iter().map(from).collect();
            if meter.beat_steps() == 6 {
                other.chunks_exact_mut(6).for_each(continue_eighths);
            }
            steps.extend(other);
        }
        steps
    }
}

/// The step of a bar of 4/4 that corresponds to a step of another meter's bar, as in
/// [`LeadIn::in_meter`]; `None` between the parts of a compound beat.
#[must_use]
pub fn step_of_four_four(meter: Meter, grouping: Grouping, step: usize) -> Option<usize> {
    /// Three eighths of the first beat, the third beat, and the backbeat.
    const LONG_FIRST: [usize; 14] = [0, 1, 2, 3, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15];
    if meter == Meter::FOUR_FOUR {
        return Some(step);
    }
    if meter == Meter::new(7, 8) && grouping == Grouping::Other {
        return LONG_FIRST.get(step).copied();
    }
    let beat = meter.beat_steps();
    let number = *order_of_beats(meter.steps().div_ceil(beat), grouping).get(step / beat)?;
    let part = match (beat, step % beat) {
        (6, 1 | 3) => return None,
        (6, 5) => 3,
        (6, part) => part / 2,
        (_, part) => part,
    };
    Some(4 * number + part)
}

/// The beats of 4/4 that make up the beats of another meter: kick, snare, kick, snare, so that a
/// bar of three ends with the snare on its last two beats, and a bar of five is three and two or two
/// and three.
fn order_of_beats(count: usize, grouping: Grouping) -> Vec<usize> {
    const LAST: [&[usize]; 4] = [&[], &[0], &[0, 1], &[0, 1, 3]];
    match (count, grouping) {
        (5, Grouping::Usual) => vec![0, 1, 3, 2, 3],
        (5, Grouping::Other) => vec![0, 1, 0, 2, 3],
        (count, _) => {
            let whole = (0..count / 4).flat_map(|_| 0..4);
            whole.chain(LAST[count % 4].iter().copied()).collect()
        }
    }
}

/// Lets hats and ride that strike the first and the fifth sixteenth of a dotted beat strike the
/// third, too.
fn continue_eighths(beat: &mut [Step]) {
    for drum in [Drum::ClosedHat, Drum::OpenHat, Drum::Ride] {
        if let (Some(_), None, Some(hit)) =
            (beat[0].hit(drum), beat[2].hit(drum), beat[4].hit(drum))
        {
            beat[2].set(drum, Some(hit));
        }
    }
}

/// Encodes lead-ins as tensors of a model file, with their names; none for an empty list.
pub(crate) fn to_tensors(lead_ins: &[LeadIn]) -> CandleResult<Vec<(&'static str, Tensor)>> {
    if lead_ins.is_empty() {
        return Ok(Vec::new());
    }
    let (mut of, mut hits) = (Vec::new(), Vec::new());
    for LeadIn { style, tempo, weight, steps } in lead_ins {
        let before = hits.len();
        for (at, step) in (0u8..).zip(steps) {
            for (drum, hit) in step.hits() {
                for (number, stroke) in hit.strokes().enumerate() {
                    let offset = stroke.offset_ticks.to_le_bytes()[0] ^ 0x80;
                    let place = u8::try_from(stroke.articulation.index_in(drum)).unwrap_or(0);
                    let place = if number > 0 { place | FURTHER } else { place };
                    hits.extend([at, drum as u8, stroke.velocity, offset, place]);
                }
            }
        }
        let count = (hits.len() - before) / HIT_COLUMNS;
        let bars = steps.len().div_ceil(LEAD_IN_STEPS);
        of.extend([f32::from(*style), *tempo, *weight, bars as f32, count as f32]);
    }
    let rows = hits.len() / HIT_COLUMNS;
    let of = Tensor::from_vec(of, (lead_ins.len(), OF_COLUMNS), &Device::Cpu)?;
    let hits = Tensor::from_vec(hits, (rows, HIT_COLUMNS), &Device::Cpu)?;
    Ok(vec![(OF, of), (HITS, hits)])
}

/// Decodes the lead-ins of a model file, given its number of drum classes. A file without them has
/// none.
///
/// # Errors
/// Returns an error if they are present and damaged.
pub(crate) fn read(file: &SliceSafetensors, classes: usize) -> Result<Vec<LeadIn>, ModelError> {
    if file.get(OF).is_err() || file.get(HITS).is_err() {
        return Ok(Vec::new());
    }
    let of = file.load(OF, &Device::Cpu).and_then(|of| of.to_vec2::<f32>());
    let hits = file.load(HITS, &Device::Cpu).and_then(|hits| hits.to_vec2::<u8>());
    let (Ok(of), Ok(hits)) = (of, hits) else { return Err(ModelError::LeadIns) };
    parse(&of, &hits, classes).ok_or(ModelError::LeadIns)
}

/// Parses the rows of both tensors; `None` if a number is out of range.
fn parse(of: &[Vec<f32>], hits: &[Vec<u8>], classes: usize) -> Option<Vec<LeadIn>> {
    let (mut hits, mut lead_ins) = (hits.iter(), Vec::new());
    for row in of {
        let &[style, tempo, weight, bars, count] = row.as_slice() else { return None };
        let whole = |number: f32, most: usize| (0..=most).find(|&n| n as f32 == number);
        let style = u8::try_from(whole(style, LAST_STYLE.into())?).ok()?;
        let bars = whole(bars, LEAD_IN_BARS)?;
        let positive = |number: f32| number.is_finite() && number > 0.0;
        if bars == 0 || !positive(tempo) || !positive(weight) {
            return None;
        }
        let mut steps = vec![Step::SILENT; bars * LEAD_IN_STEPS];
        for _ in 0..whole(count, steps.len() * CLASSES * MAX_STROKES)? {
            let (&[at, class, velocity, offset], place) = hits.next()?.split_first_chunk()?;
            let place = place.first().copied().unwrap_or(0);
            let drum = *Drum::ALL.get(..classes)?.get(usize::from(class))?;
            let offset_ticks = i8::from_le_bytes([offset ^ 0x80]);
            if !(1..=127).contains(&velocity) || !Hit::OFFSETS.contains(&offset_ticks) {
                return None;
            }
            let articulation = Articulation::at(drum, usize::from(place & !FURTHER));
            let hit = Hit { articulation, ..Hit::plain(velocity, offset_ticks) };
            let step = steps.get_mut(usize::from(at))?;
            if step.hit(drum).is_some() != (place & FURTHER != 0) {
                return None;
            }
            step.add(drum, hit);
        }
        lead_ins.push(LeadIn { style, tempo, weight, steps });
    }
    Some(lead_ins)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn lead_in(style: u8, tempo: f32, drum: Drum) -> LeadIn {
        let mut steps = vec![Step::SILENT; 2 * LEAD_IN_STEPS];
        for at in [0, 4, 6, 31] {
            steps[at].set(drum, Some(Hit::plain(64, -120)));
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
        let tensors = to_tensors(&bank).expect("tensors");
        let [of, hits] = [tensors[0].1.clone(), tensors[1].1.clone()];
        let (of, mut rows) = (of.to_vec2().expect("of"), hits.to_vec2().expect("hits"));
        let bytes = safetensors::serialize(tensors, None).expect("bytes");
        let file = SliceSafetensors::new(&bytes).expect("a file");
        assert_eq!(read(&file, CLASSES).expect("lead-ins"), bank);
        assert_eq!(parse(&of, &rows[..2], CLASSES), None, "hits are missing");
        assert_eq!(parse(&of, &rows, 1), None, "the snare is the second class");
        rows[0][1] = 9;
        assert_eq!(parse(&of, &rows, CLASSES), None, "there is no such class");
        let swapped = [(OF, hits.clone()), (HITS, hits)];
        let bytes = safetensors::serialize(swapped, None).expect("bytes");
        let file = SliceSafetensors::new(&bytes).expect("a file");
        assert!(matches!(read(&file, CLASSES), Err(ModelError::LeadIns)));
        let empty =
            safetensors::serialize([("", Tensor::new(0u8, &Device::Cpu).expect("one"))], None);
        let empty = empty.expect("bytes");
        let file = SliceSafetensors::new(&empty).expect("a file");
        assert!(read(&file, CLASSES).expect("none").is_empty());
    }

    #[test]
    fn lead_ins_in_other_meters_have_whole_bars_and_a_backbeat() {
        let mut lead_in = lead_in(3, 100.0, Drum::Snare);
        lead_in.steps = vec![Step::SILENT; 2 * LEAD_IN_STEPS];
        for (at, step) in lead_in.steps.iter_mut().enumerate() {
            let drum = if at % 8 == 4 { Drum::Snare } else { Drum::Kick };
            if at % 4 == 0 {
                step.set(drum, Some(Hit::plain(90, 0)));
            }
        }
        let (usual, other) = (Grouping::Usual, Grouping::Other);
        for (meter, grouping, snares, name) in [
            ((3, 4), usual, vec![4, 8], None),
            ((5, 4), usual, vec![4, 8, 16], Some("3+2")),
            ((5, 4), other, vec![4, 16], Some("2+3")),
            ((6, 8), usual, vec![6], None),
            ((9, 8), other, vec![6, 12], None),
            ((12, 8), other, vec![6, 18], None),
            ((7, 8), usual, vec![4, 12], Some("2+2+3")),
            ((7, 8), other, vec![10], Some("3+2+2")),
            ((4, 4), other, vec![4, 12], None),
        ] {
            let meter = Meter::new(meter.0, meter.1);
            assert_eq!(grouping.name(meter), name);
            let steps = lead_in.in_meter(meter, grouping);
            assert_eq!(steps.len(), 2 * meter.steps());
            let bar = &steps[meter.steps()..];
            let struck = |&at: &usize| bar[at].hit(Drum::Snare).is_some();
            assert_eq!((0..bar.len()).filter(struck).collect::<Vec<_>>(), snares, "{meter:?}");
            assert!(bar[0].hit(Drum::Kick).is_some());
            for (at, step) in bar.iter().enumerate().filter(|(_, step)| !step.drums().is_empty()) {
                let from = step_of_four_four(meter, grouping, at).expect("a step");
                assert_eq!(lead_in.steps[from], *step, "{meter:?}, step {at}");
            }
        }
    }
}
