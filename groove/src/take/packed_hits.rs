//! Hits of many steps in little memory: as many strokes as there are, not as many as there could
//! be.

use crate::pattern::drum::Drum;
use crate::pattern::{Articulation, Hit, Step, Stroke};

/// A stroke: step; 16 times the class plus the articulation's index; velocity; bits of the offset.
/// With [`CHOKE`] as the index, the choke of the hit: the two last bytes are its ticks.
type PackedStroke = [u8; 4];

/// Index of a choke in the place of an articulation's.
const CHOKE: u8 = 15;

/// Hits by step, up to 256, and drum; up to `STROKES` strokes and chokes. A value without references.
#[derive(Clone, Copy)]
pub(crate) struct PackedHits<const STROKES: usize> {
    /// In order of step and class. The main stroke of a hit comes first, its choke last.
    strokes: [PackedStroke; STROKES],
    count: u16,
}

impl<const STROKES: usize> PackedHits<STROKES> {
    /// No hits.
    pub(crate) const EMPTY: Self = {
        assert!(STROKES <= u16::MAX as usize);
        PackedHits { strokes: [[0; 4]; STROKES], count: 0 }
    };

    fn used(&self) -> &[PackedStroke] {
        &self.strokes[..usize::from(self.count)]
    }

    /// Places of the strokes of a drum at a step.
    fn places(&self, step: u8, drum: Drum) -> std::ops::Range<usize> {
        let (class, used) = (drum as u8, self.used());
        let start = used.partition_point(|&[of, kind, ..]| (of, kind >> 4) < (step, class));
        let count =
            used[start..].partition_point(|&[of, kind, ..]| (of, kind >> 4) == (step, class));
        start..start + count
    }

    /// The hit of a drum at a step, if any.
    pub(crate) fn hit(&self, step: usize, drum: Drum) -> Option<Hit> {
        let places = self.places(u8::try_from(step).ok()?, drum);
        let stroke = |&[_, kind, velocity, offset]: &PackedStroke| Stroke {
            velocity,
            offset_ticks: offset.cast_signed(),
            articulation: Articulation::at(drum, usize::from(kind & 15)),
        };
        let (main, further) = self.used()[places].split_first()?;
        let (choke_ticks, further) = match further.split_last() {
            Some((&[_, kind, high, low], further)) if kind & 15 == CHOKE => {
                (u16::from_be_bytes([high, low]), further)
            }
            _ => (0, further),
        };
        let Stroke { velocity, offset_ticks, articulation } = stroke(main);
        let mut hit = Hit { articulation, choke_ticks, ..Hit::plain(velocity, offset_ticks) };
        hit.further.iter_mut().zip(further).for_each(|(place, packed)| *place = stroke(packed));
        Some(hit)
    }

    /// Sets or removes the hit of a drum at a step. Returns false if there is no room for the hit;
    /// the drum then has none there.
    pub(crate) fn set(&mut self, step: usize, drum: Drum, hit: Option<Hit>) -> bool {
        let Ok(step) = u8::try_from(step) else { return hit.is_none() };
        let hit = hit.map(|hit| hit.with_strokes(hit.strokes()));
        let (places, end) = (self.places(step, drum), usize::from(self.count));
        let choke = hit.map(|hit| hit.choke_ticks).filter(|&ticks| ticks > 0 && drum.can_choke());
        let strokes = hit.map_or(0, |hit| hit.strokes().count()) + usize::from(choke.is_some());
        let fits = end - places.len() + strokes <= STROKES;
        let hit = hit.filter(|_| fits);
        let strokes = if fits { strokes } else { 0 };
        self.strokes.copy_within(places.end..end, places.start + strokes);
        let free = &mut self.strokes[places.start..places.start + strokes];
        for (place, stroke) in free.iter_mut().zip(hit.into_iter().flat_map(Hit::strokes)) {
            let articulation = u8::try_from(stroke.articulation.index_in(drum)).unwrap_or(0);
            let kind = (drum as u8) << 4 | articulation;
            *place = [step, kind, stroke.velocity, stroke.offset_ticks.cast_unsigned()];
        }
        if let (Some(ticks), Some(place)) = (choke, free.last_mut()) {
            let [high, low] = ticks.to_be_bytes();
            *place = [step, (drum as u8) << 4 | CHOKE, high, low];
        }
        self.count = u16::try_from(end - places.len() + strokes).unwrap_or(0);
        fits
    }

    /// The hits of a step.
    pub(crate) fn step(&self, step: usize) -> Step {
        let mut found = Step::SILENT;
        Drum::ALL.into_iter().for_each(|drum| found.set(drum, self.hit(step, drum)));
        found
    }
}

impl<const STROKES: usize> PartialEq for PackedHits<STROKES> {
    fn eq(&self, other: &Self) -> bool {
        self.used() == other.used()
    }
}

impl<const STROKES: usize> std::fmt::Debug for PackedHits<STROKES> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.used()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(velocity: u8, offset_ticks: i8, articulation: Articulation) -> Stroke {
        Stroke { velocity, offset_ticks, articulation }
    }

    #[test]
    fn chokes_take_the_room_of_a_stroke() {
        let mut hits = PackedHits::<4>::EMPTY;
        let choked = Some(Hit { choke_ticks: 3_841, ..Hit::plain(100, 5) });
        let two = Hit::of_strokes([
            stroke(90, 0, Articulation::Plain),
            stroke(80, 0, Articulation::Second),
        ]);
        let two = two.map(|hit| Hit { choke_ticks: 7, ..hit });
        assert!(hits.set(9, Drum::Crash, choked));
        assert!(!hits.set(9, Drum::Ride, two.map(|hit| hit.with_strokes(hit.strokes()))));
        assert!(hits.set(9, Drum::Crash, None) && hits.set(0, Drum::Crash, two));
        assert!(hits.set(3, Drum::Kick, choked));
        assert_eq!((hits.hit(0, Drum::Crash), hits.hit(9, Drum::Crash)), (two, None));
        assert_eq!(hits.hit(3, Drum::Kick), Some(Hit::plain(100, 5)), "a kick cannot be choked");
        assert_eq!(hits.step(0).hit(Drum::Crash), two);
    }

    #[test]
    fn hits_are_returned_as_they_were_set_in_any_order() {
        let mut hits = PackedHits::<64>::EMPTY;
        let drag = Hit::of_strokes([
            stroke(30, -60, Articulation::Plain),
            stroke(110, 4, Articulation::Rim),
            stroke(25, -120, Articulation::Plain),
        ]);
        let plain = Some(Hit::plain(127, 119));
        let mut expected = [[None; 9]; 6];
        let sets = [
            (5, Drum::Ride, plain),
            (0, Drum::Snare, drag),
            (5, Drum::Snare, drag),
            (0, Drum::Kick, plain),
            (0, Drum::Snare, plain),
            (5, Drum::Ride, None),
            (3, Drum::Crash, plain),
            (0, Drum::Snare, drag),
        ];
        for (step, drum, hit) in sets {
            assert!(hits.set(step, drum, hit));
            expected[step][drum.index()] = hit;
            for (step, expected) in expected.iter().enumerate() {
                let found = Drum::ALL.map(|drum| hits.hit(step, drum));
                assert_eq!(found, *expected, "step {step}");
                assert_eq!(Drum::ALL.map(|drum| hits.step(step).hit(drum)), *expected);
            }
        }
    }

    #[test]
    fn a_hit_without_room_is_refused_and_leaves_the_others() {
        let mut hits = PackedHits::<4>::EMPTY;
        let three = [-9, 0, 9].map(|offset| stroke(50, offset, Articulation::Plain));
        let three = Hit::of_strokes(three);
        assert!(hits.set(200, Drum::Snare, three));
        assert!(!hits.set(7, Drum::Kick, three));
        assert_eq!((hits.hit(7, Drum::Kick), hits.hit(200, Drum::Snare)), (None, three));
        assert!(hits.set(7, Drum::Kick, Some(Hit::plain(1, 0))));
        assert!(!hits.set(256, Drum::Kick, three) && hits.set(256, Drum::Kick, None));
    }
}
