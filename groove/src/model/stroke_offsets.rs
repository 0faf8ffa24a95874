//! Calibration of the stroke network: logit offsets by style, found after training.
//!
//! The network continues its own articulations and strokes, and its errors add up: an articulation
//! that is slightly too frequent becomes the usual one. The offsets restore the drummers' shares in
//! free playing.

use serde::{Deserialize, Serialize};

use super::strokes::{ARTICULATIONS, NEXT};
use crate::pattern::Articulation;
use crate::pattern::drum::{CLASSES, Drum};

/// Logit offsets of the choices of a style's strokes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "Vec<Entry>", try_from = "Vec<Entry>")]
pub struct StrokeOffsets {
    /// Of the main stroke's articulation, by class and articulation.
    pub articulations: [[f32; ARTICULATIONS]; CLASSES],
    /// Of all outcomes with a further stroke, by class.
    pub further: [f32; CLASSES],
    /// Of the hi-hat's pedal on 2 and 4, in addition to that of its articulation.
    pub backbeat_pedal: f32,
}

/// An offset in a model file: class, articulation or another place, and the offset. Zeros are left
/// out.
type Entry = (usize, usize, f32);
const FURTHER: usize = ARTICULATIONS;
const BACKBEAT: usize = ARTICULATIONS + 1;
const HAT: usize = Drum::ClosedHat.index();

impl From<StrokeOffsets> for Vec<Entry> {
    fn from(offsets: StrokeOffsets) -> Self {
        let of_class = |class: usize| {
            let further = std::iter::once(offsets.further[class]);
            let all = offsets.articulations[class].into_iter().chain(further);
            all.enumerate().map(move |(place, offset)| (class, place, offset))
        };
        let backbeat = std::iter::once((HAT, BACKBEAT, offsets.backbeat_pedal));
        let all = (0..CLASSES).flat_map(of_class).chain(backbeat);
        all.filter(|&(_, _, offset)| offset != 0.0).collect()
    }
}

impl TryFrom<Vec<Entry>> for StrokeOffsets {
    type Error = String;

    fn try_from(entries: Vec<Entry>) -> Result<Self, String> {
        let mut offsets = StrokeOffsets::default();
        for (class, place, offset) in entries {
            let cell = match place {
                FURTHER => offsets.further.get_mut(class),
                BACKBEAT if class == HAT => Some(&mut offsets.backbeat_pedal),
                _ => offsets.articulations.get_mut(class).and_then(|of| of.get_mut(place)),
            };
            *cell.filter(|_| offset.is_finite()).ok_or_else(|| {
                format!("the stroke offset {offset} of class {class}, place {place} is not valid")
            })? = offset;
        }
        Ok(offsets)
    }
}

impl StrokeOffsets {
    /// Interpolates towards other offsets by a share, 0 to 1.
    #[must_use]
    pub fn blend(mut self, other: &StrokeOffsets, share: f32) -> StrokeOffsets {
        let own = self.articulations.iter_mut().flatten().chain(&mut self.further);
        let others = other.articulations.iter().flatten().chain(&other.further);
        let pedals = (&mut self.backbeat_pedal, &other.backbeat_pedal);
        let all = own.zip(others).chain(std::iter::once(pedals));
        all.for_each(|(own, other)| *own += (other - *own) * share);
        self
    }

    /// Adds the offsets of a class to the outputs of the stroke network. `backbeat` is true on 2
    /// and 4.
    pub fn add(&self, drum: Drum, backbeat: bool, outputs: &mut [f32]) {
        let (articulations, next) = outputs.split_at_mut(ARTICULATIONS);
        let of_class = self.articulations[drum.index()];
        articulations.iter_mut().zip(of_class).for_each(|(logit, offset)| *logit += offset);
        if drum == Drum::ClosedHat && backbeat {
            articulations[Articulation::Pedal.index_in(drum)] += self.backbeat_pedal;
        }
        next[1..NEXT].iter_mut().for_each(|logit| *logit += self.further[drum.index()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::strokes::OUTPUTS;

    fn offsets() -> StrokeOffsets {
        let mut offsets = StrokeOffsets::default();
        (offsets.articulations[2][1], offsets.further[2]) = (0.5, -1.25);
        offsets.articulations[1][3] = -0.75;
        offsets.backbeat_pedal = 2.0;
        offsets
    }

    #[test]
    fn only_offsets_other_than_zero_are_written() {
        let text = serde_json::to_string(&offsets()).expect("JSON");
        assert_eq!(text, "[[1,3,-0.75],[2,1,0.5],[2,4,-1.25],[2,5,2.0]]");
        let read: StrokeOffsets = serde_json::from_str(&text).expect("offsets");
        assert_eq!(read, offsets());
    }

    #[test]
    fn offsets_of_unknown_places_are_refused() {
        for text in ["[[9,0,1.0]]", "[[0,5,1.0]]", "[[0,0,1e39]]"] {
            assert!(serde_json::from_str::<StrokeOffsets>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn offsets_are_added_to_the_articulations_and_to_all_further_strokes() {
        let mut outputs = [0.0; OUTPUTS];
        offsets().add(Drum::ClosedHat, false, &mut outputs);
        let further = -1.25;
        assert_eq!(outputs[..5], [0.0, 0.5, 0.0, 0.0, 0.0]);
        assert_eq!(outputs[5..9], [further; 4]);
        assert!(outputs[9..].iter().all(|&output| output == 0.0));
        let mut on_two = [0.0; OUTPUTS];
        offsets().add(Drum::ClosedHat, true, &mut on_two);
        assert_eq!(on_two[..5], [0.0, 0.5, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn blend_is_between_two_styles() {
        let half = offsets().blend(&StrokeOffsets::default(), 0.5);
        assert_eq!((half.articulations[2][1], half.further[2]), (0.25, -0.625));
        assert_eq!(half.backbeat_pedal, 1.0);
        assert_eq!(offsets().blend(&StrokeOffsets::default(), 0.0), offsets());
    }
}
