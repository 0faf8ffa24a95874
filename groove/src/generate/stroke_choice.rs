//! The choice of a hit's articulation and strokes.

use libm::exp;

use crate::model::encode::Kind;
use crate::model::stroke_offsets::StrokeOffsets;
use crate::model::strokes::{
    ARTICULATIONS, GAP_BINS, INPUTS, NEXT, RATIO_BINS, stroke_at, write_row, write_so_far,
};
use crate::model::{Model, ModelError};
use crate::pattern::drum::{Drum, DrumSet};
use crate::pattern::style::FIRST_PROGRAMMED;
use crate::pattern::{Articulation, Hit, MAX_STROKES, Meter, Step, Stroke};

/// Random numbers of a hit: one for the articulation, five for each further stroke.
pub(crate) const PLACES: usize = 1 + 5 * (MAX_STROKES - 1);

/// Steps of 2 and 4 in a bar of 4/4.
const BACKBEATS: [usize; 2] = [4, 12];

/// Drums that a hand strikes: all but the kick, and the closed hat, which the foot plays where it
/// would need a third hand.
const HANDS: DrumSet = DrumSet::from_bits(!(1 << Drum::Kick as u16 | 1 << Drum::ClosedHat as u16));

/// Distances of the strokes of a ratchet in ticks of 1/240 step: a thirty-second, and a third and a
/// quarter of a sixteenth. Gaps below [`FLAM`] are flams.
const RATCHETS: [i8; 6] = [-120, -80, -60, 60, 80, 120];
const FLAM: u8 = 40;

/// A further stroke at the nearest distance of a ratchet from the main one, within the step. Flams
/// stay.
fn on_ratchet_grid(main: Stroke, stroke: Stroke) -> Stroke {
    let gap = stroke.offset_ticks.saturating_sub(main.offset_ticks);
    if gap.unsigned_abs() < FLAM {
        return stroke;
    }
    let nearest = RATCHETS.into_iter().min_by_key(|ratchet| ratchet.abs_diff(gap)).unwrap_or(gap);
    let (least, most) = (*Hit::OFFSETS.start(), *Hit::OFFSETS.end());
    let offset_ticks = main.offset_ticks.saturating_add(nearest).clamp(least, most);
    Stroke { offset_ticks, ..stroke }
}

/// Number of hands that a set of the nine drums needs besides the closed hat.
pub(crate) const fn hands(drums: DrumSet) -> u32 {
    drums.and(HANDS).len()
}

/// A hit whose strokes are to be chosen.
pub(crate) struct StrokeChoice<'a> {
    pub(crate) model: &'a Model,
    pub(crate) kind: &'a Kind,
    /// Calibration of the kind.
    pub(crate) offsets: &'a StrokeOffsets,
    /// Drums struck in the step.
    pub(crate) drums: DrumSet,
    pub(crate) drum: Drum,
    /// Velocity and offset of the main stroke.
    pub(crate) main: Hit,
    /// Quantiles, 0 to 1; `None` for the likeliest outcomes.
    pub(crate) places: Option<[f32; PLACES]>,
}

impl StrokeChoice<'_> {
    /// The hit with its strokes, by a model with a stroke network; `past` are the steps before it.
    pub(crate) fn make(&self, past: &[Step]) -> Result<Hit, ModelError> {
        let StrokeChoice { model, kind, offsets, drums, drum, main, .. } = *self;
        let mut row = [0.0; INPUTS];
        write_row(past, kind, drums, drum, main, &mut row);
        let place = past.len() % kind.meter.steps();
        let backbeat = kind.meter == Meter::FOUR_FOUR && BACKBEATS.contains(&place);
        let calibrated = |row: &[f32]| -> Result<Vec<f32>, ModelError> {
            let mut outputs = model.strokes(row)?;
            offsets.add(drum, backbeat, &mut outputs);
            Ok(outputs)
        };
        let place = match Articulation::played(drum) {
            1 => 0,
            played => {
                let mut outputs = calibrated(&row)?;
                let articulations = &mut outputs[..played];
                if drum == Drum::ClosedHat && hands(drums) >= 2 {
                    let foot = Articulation::Pedal.index_in(drum);
                    let others = (0..played).filter(|&place| place != foot);
                    others.for_each(|place| articulations[place] = f32::NEG_INFINITY);
                }
                self.choose(articulations, 0)
            }
        };
        let main = Stroke { articulation: Articulation::at(drum, place), ..main.main() };
        let mut further: Vec<Stroke> = Vec::new();
        while further.len() + 1 < MAX_STROKES {
            write_so_far(drum, main, &further, &mut row);
            let outputs = calibrated(&row)?;
            let Some(next) = self.next_stroke(&outputs, main, further.len()) else { break };
            further.push(next);
        }
        let all = std::iter::once(main).chain(further);
        Ok(Hit::of_strokes(all).unwrap_or(self.main))
    }

    /// The next further stroke; `None` to stop.
    fn next_stroke(&self, outputs: &[f32], main: Stroke, count: usize) -> Option<Stroke> {
        let at = 1 + 5 * count;
        let (next, bins) = outputs[ARTICULATIONS..].split_at(NEXT);
        let next = &next[..1 + Articulation::played(self.drum)];
        let place = self.choose(next, at).checked_sub(1)?;
        let articulation = Articulation::at(self.drum, place);
        let (same, other) = bins.split_at(GAP_BINS + RATIO_BINS);
        let bins = if articulation == main.articulation { same } else { other };
        let (gaps, ratios) = bins.split_at(GAP_BINS);
        let within = |number: usize| self.places.map_or(0.5, |places| places[at + number]);
        let gap = self.choose(gaps, at + 1) as f32 + within(2);
        let ratio = self.choose(ratios, at + 3) as f32 + within(4);
        let stroke = stroke_at(main, articulation, gap, ratio)?;
        let is_ratchet = self.kind.style >= FIRST_PROGRAMMED && self.drum == Drum::ClosedHat;
        Some(if is_ratchet { on_ratchet_grid(main, stroke) } else { stroke })
    }

    /// An outcome of a distribution: at the quantile with this number, or the likeliest.
    fn choose(&self, logits: &[f32], number: usize) -> usize {
        match &self.places {
            Some(places) => draw(logits, 1.0, places[number]),
            None => {
                let order = |&a: &usize, &b: &usize| logits[a].total_cmp(&logits[b]);
                (0..logits.len()).max_by(order).unwrap_or(0)
            }
        }
    }
}

/// The outcome at quantile `place` (0 to 1) of the cumulative distribution of logits at a
/// temperature.
pub(crate) fn draw(logits: &[f32], temperature: f32, place: f32) -> usize {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: f32| exp(f64::from((logit - top) / temperature));
    let total: f64 = logits.iter().map(|&logit| weight(logit)).sum();
    let mut left = f64::from(place) * total;
    for (outcome, &logit) in logits.iter().enumerate() {
        left -= weight(logit);
        if left < 0.0 {
            return outcome;
        }
    }
    // Rounding left a remainder: the most likely outcome is always possible.
    logits.iter().position(|&logit| logit >= top).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strokes_of_a_ratchet_are_evenly_spaced() {
        let stroke = |offset_ticks| Stroke { velocity: 70, offset_ticks, ..Stroke::default() };
        let moved = |main, further| on_ratchet_grid(stroke(main), stroke(further)).offset_ticks;
        assert_eq!([moved(0, 100), moved(0, 110), moved(4, 70), moved(0, -57)], [80, 119, 64, -60]);
        assert_eq!(moved(10, 30), 30, "a flam");
        assert_eq!(moved(30, 110), 110, "within the step");
    }

    #[test]
    fn draw_inverts_the_cumulative_distribution() {
        let logits = [0.0, f32::NEG_INFINITY, 3f32.ln()];
        for (place, outcome) in [(0.0, 0), (0.2, 0), (0.26, 2), (0.999, 2), (1.0, 2)] {
            assert_eq!(draw(&logits, 1.0, place), outcome, "at {place}");
        }
    }
}
