//! Steps: the hits of a sixteenth note.

use crate::pattern::articulation::Articulation;
use crate::pattern::drum::{CLASSES, Drum, DrumSet};
use crate::pattern::hit::{Hit, MAX_CHOKE_TICKS, Stroke};

/// Maximum number of strokes of a step besides the main ones: four limbs with
/// [`MAX_STROKES`](crate::pattern::MAX_STROKES) each.
const MAX_FURTHER: usize = 12;

/// Maximum number of strokes and chokes of a step.
#[cfg(feature = "model")]
pub(crate) const MAX_STEP_STROKES: usize = CLASSES + MAX_FURTHER + 2;

/// Hits of one sixteenth note: at most one per class. Serialised as a list of hits, each a list of
/// class, velocity and offset in ticks; then, unless it is a single plain stroke, the articulation's
/// index in its class, and velocity, offset and articulation of each further stroke; then the choke
/// in ticks, if there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "model", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "model", serde(from = "Vec<Vec<i16>>", into = "Vec<Vec<i16>>"))]
pub struct Step {
    /// Main velocity by class, 0 where the class is not struck.
    velocity: [u8; CLASSES],
    /// Main offset by class in ticks, 0 where the class is not struck.
    offset_ticks: [i8; CLASSES],
    /// Main articulation by class: its index in the class's list, 0 where it is not struck.
    articulation: [u8; CLASSES],
    /// Further strokes in order of class and time: 16 times the class plus the articulation's
    /// index; velocity, 0 in unused places, which come last; offset.
    further: [[i8; 3]; MAX_FURTHER],
    /// Chokes of crash and ride in ticks, 0 where the cymbal rings on.
    choke_ticks: [u16; 2],
}

impl Step {
    /// A step without hits.
    pub const SILENT: Step = Step {
        velocity: [0; CLASSES],
        offset_ticks: [0; CLASSES],
        articulation: [0; CLASSES],
        further: [[0; 3]; MAX_FURTHER],
        choke_ticks: [0; 2],
    };

    /// The hit of a class, if any.
    #[must_use]
    pub fn hit(&self, drum: Drum) -> Option<Hit> {
        let class = drum.index();
        let velocity = self.velocity[class];
        if velocity == 0 {
            return None;
        }
        let articulation = Articulation::at(drum, self.articulation[class].into());
        let mut hit = Hit { articulation, ..Hit::plain(velocity, self.offset_ticks[class]) };
        let further = self.further().filter(|&(of, _)| of == drum);
        hit.further.iter_mut().zip(further).for_each(|(place, (_, stroke))| *place = stroke);
        hit.choke_ticks = choke_place(drum).map_or(0, |place| self.choke_ticks[place]);
        Some(hit)
    }

    /// Further strokes with their drums, in order of class and time.
    fn further(&self) -> impl Iterator<Item = (Drum, Stroke)> + '_ {
        let used = self.further.iter().take_while(|[_, velocity, _]| *velocity > 0);
        used.filter_map(|&[place, velocity, offset_ticks]| {
            let place = place.cast_unsigned();
            let drum = *Drum::ALL.get(usize::from(place >> 4))?;
            let articulation = Articulation::at(drum, usize::from(place & 15));
            let velocity = velocity.cast_unsigned();
            Some((drum, Stroke { velocity, offset_ticks, articulation }))
        })
    }

    /// Sets or removes the hit of a class. A step holds 12 further strokes, the main ones aside, as
    /// many as four limbs can play; any beyond them are left out.
    pub fn set(&mut self, drum: Drum, hit: Option<Hit>) {
        self.set_counted(drum, hit);
    }

    /// As [`Step::set`]. Returns the number of strokes that found no room.
    fn set_counted(&mut self, drum: Drum, hit: Option<Hit>) -> usize {
        let class = drum.index();
        if let Some(place) = choke_place(drum) {
            self.choke_ticks[place] = hit.map_or(0, |hit| hit.choke_ticks.min(MAX_CHOKE_TICKS));
        }
        let hit = hit.and_then(|hit| Hit::of_strokes(hit.strokes()));
        self.velocity[class] = hit.map_or(0, |hit| hit.velocity);
        self.offset_ticks[class] = hit.map_or(0, |hit| hit.offset_ticks);
        self.articulation[class] = hit.map_or(0, |hit| index(drum, hit.articulation));
        let own = || hit.into_iter().flat_map(Hit::further).map(|stroke| (drum, stroke));
        if own().next().is_none() && self.further[0][1] == 0 {
            return 0;
        }
        let mut further = [[0; 3]; MAX_FURTHER];
        let mut places = further.iter_mut();
        let before = self.further().filter(|&(of, _)| of < drum);
        let after = self.further().filter(|&(of, _)| of > drum);
        let mut left_out = 0;
        for (of, Stroke { velocity, offset_ticks, articulation }) in
            before.chain(own()).chain(after)
        {
            match places.next() {
                Some(place) => {
                    let number = (of as u8) << 4 | index(of, articulation);
                    *place = [number.cast_signed(), velocity.cast_signed(), offset_ticks];
                }
                None => left_out += 1,
            }
        }
        self.further = further;
        left_out
    }

    /// Adds the strokes of a hit to those of its class. Of two chokes the earlier stays; a choke
    /// that a stroke of the other hit follows is dropped, because the stroke ends what it would
    /// have choked. Returns the number of strokes that found no room.
    pub fn add(&mut self, drum: Drum, hit: Hit) -> usize {
        let Some(known) = self.hit(drum) else { return self.set_counted(drum, Some(hit)) };
        let all = || known.strokes().chain(hit.strokes());
        // The choke of an early stroke comes a tick after the step at the earliest.
        let precede = |strokes: Hit, choke: u16| {
            strokes.strokes().all(|stroke| i32::from(stroke.offset_ticks) + 1 < i32::from(choke))
        };
        let chokes = [(known.choke_ticks, hit), (hit.choke_ticks, known)].into_iter();
        let chokes = chokes.filter(|&(choke, other)| choke > 0 && precede(other, choke));
        let choke_ticks = chokes.map(|(choke, _)| choke).min().unwrap_or(0);
        let merged = Hit::of_strokes(all()).map(|hit| Hit { choke_ticks, ..hit });
        let distinct = |stroke: &Stroke| (stroke.offset_ticks, stroke.articulation);
        let count = known.strokes().count()
            + hit
                .strokes()
                .filter(|a| known.strokes().all(|b| distinct(a) != distinct(&b)))
                .count();
        let kept = merged.map_or(0, |hit| hit.strokes().count());
        count - kept + self.set_counted(drum, merged)
    }

    /// Strikes a class unless it has a louder hit: the loudest of colliding hits wins.
    pub fn strike(&mut self, drum: Drum, hit: Hit) {
        if hit.velocity > self.velocity[drum.index()] {
            self.set(drum, Some(hit));
        }
    }

    /// The struck classes.
    #[must_use]
    pub fn drums(&self) -> DrumSet {
        let bit = |(class, velocity): (usize, &u8)| u16::from(*velocity > 0) << class;
        DrumSet::from_bits(self.velocity.iter().enumerate().map(bit).sum())
    }

    /// Hits in class order.
    pub fn hits(&self) -> impl Iterator<Item = (Drum, Hit)> + Clone + '_ {
        Drum::ALL.into_iter().filter_map(|drum| self.hit(drum).map(|hit| (drum, hit)))
    }
}

/// Place of a drum's choke; `None` if it cannot be choked.
const fn choke_place(drum: Drum) -> Option<usize> {
    match drum {
        Drum::Crash => Some(0),
        Drum::Ride => Some(1),
        _ => None,
    }
}

/// Index of an articulation in its class's list.
fn index(drum: Drum, articulation: Articulation) -> u8 {
    u8::try_from(articulation.index_in(drum)).unwrap_or(0)
}

#[cfg(feature = "model")]
impl From<Vec<Vec<i16>>> for Step {
    /// Unknown classes are skipped; numbers out of range are clamped.
    fn from(hits: Vec<Vec<i16>>) -> Self {
        let mut step = Step::SILENT;
        for numbers in hits {
            let [class, velocity, offset, rest @ ..] = numbers.as_slice() else { continue };
            let class = usize::try_from(*class).ok();
            let Some(&drum) = class.and_then(|class| Drum::ALL.get(class)) else { continue };
            let stroke = |velocity: i16, offset: i16, articulation: i16| Stroke {
                velocity: u8::try_from(velocity.clamp(1, 127)).unwrap_or(1),
                offset_ticks: i8::try_from(offset.clamp(-120, 119)).unwrap_or(0),
                articulation: Articulation::at(
                    drum,
                    usize::try_from(articulation).unwrap_or_default(),
                ),
            };
            let (articulation, further) = rest.split_first().unwrap_or((&0, &[]));
            let further = further.chunks_exact(3);
            let choke_ticks = further.remainder().first().copied().unwrap_or(0).max(0);
            let choke_ticks = choke_ticks.unsigned_abs();
            let further = further.map(|three| stroke(three[0], three[1], three[2]));
            let main = stroke(*velocity, *offset, *articulation);
            let hit = Hit::of_strokes(std::iter::once(main).chain(further));
            step.set(drum, hit.map(|hit| Hit { choke_ticks, ..hit }));
        }
        step
    }
}

#[cfg(feature = "model")]
impl From<Step> for Vec<Vec<i16>> {
    fn from(step: Step) -> Self {
        let numbers = |(drum, hit): (Drum, Hit)| {
            let mut numbers = vec![drum as i16, hit.velocity.into(), hit.offset_ticks.into()];
            if hit != Hit::plain(hit.velocity, hit.offset_ticks) {
                numbers.push(index(drum, hit.articulation).into());
                for Stroke { velocity, offset_ticks, articulation } in hit.further() {
                    let articulation = index(drum, articulation);
                    numbers.push(velocity.into());
                    numbers.push(offset_ticks.into());
                    numbers.push(articulation.into());
                }
                if hit.choke_ticks > 0 {
                    numbers.push(i16::try_from(hit.choke_ticks).unwrap_or(i16::MAX));
                }
            }
            numbers
        };
        step.hits().map(numbers).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(velocity: u8, offset_ticks: i8) -> Stroke {
        Stroke { velocity, offset_ticks, articulation: Articulation::Plain }
    }

    #[test]
    fn the_loudest_of_colliding_hits_wins() {
        let mut step = Step::SILENT;
        for velocity in [40, 90, 60] {
            step.strike(Drum::Snare, Hit::plain(velocity, 3));
        }
        assert_eq!(step.hit(Drum::Snare).map(|h| h.velocity), Some(90));
        assert_eq!(step.drums().len(), 1);
    }

    #[test]
    fn a_step_keeps_the_strokes_of_each_class() {
        let mut step = Step::SILENT;
        let pedal = Stroke { articulation: Articulation::Pedal, ..stroke(40, 0) };
        let hat = Hit::of_strokes([stroke(80, 0), pedal]).expect("a hit");
        let roll = [stroke(90, -110), stroke(60, -50), stroke(61, 10), stroke(62, 70)];
        step.set(Drum::ClosedHat, Some(hat));
        for roll in roll {
            assert_eq!(step.add(Drum::Snare, Hit::plain(roll.velocity, roll.offset_ticks)), 0);
        }
        assert_eq!(step.hit(Drum::ClosedHat), Some(hat));
        assert_eq!(step.hit(Drum::Snare), Hit::of_strokes(roll));
        assert_eq!(step.add(Drum::Snare, Hit::plain(20, 100)), 1, "a fifth stroke");
        let text = serde_json::to_string(&step).expect("text");
        assert_eq!(serde_json::from_str::<Step>(&text).expect("a step"), step);
        step.set(Drum::Snare, None);
        assert_eq!(step.hit(Drum::Snare), None);
        assert_eq!(step.hit(Drum::ClosedHat), Some(hat));
    }

    #[test]
    fn chokes_of_cymbals_are_kept_and_saved() {
        let mut step = Step::SILENT;
        let crash = Hit { choke_ticks: 480, ..Hit::plain(110, -3) };
        let flam = Hit::of_strokes([stroke(90, 2), stroke(40, -30)]).expect("a hit");
        let ride = Hit { choke_ticks: MAX_CHOKE_TICKS, ..flam };
        step.set(Drum::Crash, Some(crash));
        step.set(Drum::Ride, Some(Hit { choke_ticks: u16::MAX, ..flam }));
        step.set(Drum::Snare, Some(crash));
        let hit = |step: &Step, drum| step.hit(drum).expect("a hit");
        assert_eq!(hit(&step, Drum::Crash), crash);
        assert_eq!(hit(&step, Drum::Ride), ride, "limited");
        assert_eq!(hit(&step, Drum::Snare).choke_ticks, 0, "a snare cannot be choked");
        let text = serde_json::to_string(&step).expect("text");
        assert_eq!(serde_json::from_str::<Step>(&text).expect("a step"), step, "{text}");
        step.add(Drum::Crash, Hit { choke_ticks: 240, ..Hit::plain(50, 100) });
        assert_eq!(hit(&step, Drum::Crash).choke_ticks, 240, "the earlier of two");
        step.set(Drum::Crash, Some(Hit { choke_ticks: 1, ..Hit::plain(110, -26) }));
        step.add(Drum::Crash, Hit::plain(90, 0));
        assert_eq!(hit(&step, Drum::Crash).choke_ticks, 0, "struck again after the choke");
        step.set(Drum::Crash, Some(Hit::plain(110, -3)));
        assert_eq!(hit(&step, Drum::Crash).choke_ticks, 0);
    }

    #[test]
    fn strokes_without_room_are_counted() {
        let mut step = Step::SILENT;
        let roll = Hit::of_strokes([stroke(9, 0), stroke(9, 1), stroke(9, 2), stroke(9, 3)]);
        let left_out = [Drum::Kick, Drum::Snare, Drum::ClosedHat, Drum::LowTom, Drum::Ride]
            .map(|drum| step.add(drum, roll.expect("a hit")));
        assert_eq!(left_out, [0, 0, 0, 0, 3]);
    }

    #[test]
    fn plain_hits_are_saved_as_before_and_damaged_ones_are_repaired() {
        let read = |text| serde_json::from_str::<Step>(text).expect("a step");
        let text = "[[1,33,-7]]";
        assert_eq!(read(text).hit(Drum::Snare), Some(Hit::plain(33, -7)));
        assert_eq!(serde_json::to_string(&read(text)).expect("text"), text);
        assert_eq!(
            read("[[1,300,-700],[99,1,1],[2]]").hit(Drum::Snare),
            Some(Hit::plain(127, -120))
        );
    }
}
