//! Hits and steps.
//!
//! A step is a sixteenth note. A hit is one to four strokes of a class, of which the loudest is the
//! main one: a drag is one hit. Offsets are stored in units of 1/[`TICKS_PER_STEP`] step, the
//! resolution of exported MIDI files, so that a pattern survives a round trip through a file
//! unchanged.

use crate::pattern::articulation::Articulation;
use crate::pattern::drum::{CLASSES, Drum, DrumSet};

/// Resolution of an offset and of exported MIDI: 960 ticks per quarter note.
pub const TICKS_PER_STEP: u16 = 240;

/// Maximum number of strokes of a hit.
pub const MAX_STROKES: usize = 4;

/// Maximum number of strokes of a step besides the main ones: four limbs with [`MAX_STROKES`] each.
const MAX_FURTHER: usize = 12;

/// A stroke of a class. Its place in a [`Step`] identifies the drum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stroke {
    /// MIDI velocity, 1 to 127; 0 is no stroke.
    pub velocity: u8,
    /// Early (negative) or late, in ticks of 1/240 step, -120 to 119.
    pub offset_ticks: i8,
    /// Way of striking.
    pub articulation: Articulation,
}

/// The strokes of a struck drum in a step: the main one, which is the loudest, and up to three
/// further ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// MIDI velocity of the main stroke, 1 to 127.
    pub velocity: u8,
    /// Main stroke early (negative) or late, in ticks of 1/240 step, -120 to 119.
    pub offset_ticks: i8,
    /// Articulation of the main stroke.
    pub articulation: Articulation,
    /// Further strokes in order of time, earlier or later than the main one. Unused places have
    /// velocity 0 and come last.
    pub further: [Stroke; MAX_STROKES - 1],
}

impl Hit {
    /// Range of offsets in ticks: half a step either way.
    pub const OFFSETS: std::ops::RangeInclusive<i8> = -120..=119;

    /// A single plain stroke.
    #[must_use]
    pub const fn plain(velocity: u8, offset_ticks: i8) -> Self {
        let none = Stroke { velocity: 0, offset_ticks: 0, articulation: Articulation::Plain };
        Hit {
            velocity,
            offset_ticks,
            articulation: Articulation::Plain,
            further: [none; MAX_STROKES - 1],
        }
    }

    /// A plain hit from a velocity of 0 to 1 and an offset in steps. Both are clamped (velocity
    /// 1/127 to 1, offset -0.5 to just under 0.5). NaN counts as 0.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn new(velocity: f32, offset_steps: f32) -> Self {
        Hit::plain(
            (velocity * 127.0).round().clamp(1.0, 127.0) as u8,
            (offset_steps * f32::from(TICKS_PER_STEP))
                .round()
                .clamp(f32::from(*Self::OFFSETS.start()), f32::from(*Self::OFFSETS.end()))
                as i8,
        )
    }

    /// Main velocity as a fraction of 127, above 0 and up to 1.
    #[must_use]
    pub fn velocity(self) -> f32 {
        f32::from(self.velocity) / 127.0
    }

    /// Main offset in steps, -0.5 to 0.5.
    #[must_use]
    pub fn offset(self) -> f32 {
        f32::from(self.offset_ticks) / f32::from(TICKS_PER_STEP)
    }

    /// The main stroke.
    #[must_use]
    pub const fn main(self) -> Stroke {
        let Hit { velocity, offset_ticks, articulation, .. } = self;
        Stroke { velocity, offset_ticks, articulation }
    }

    /// The further strokes, in order of time.
    pub fn further(self) -> impl Iterator<Item = Stroke> + Clone {
        self.further.into_iter().filter(|stroke| stroke.velocity > 0)
    }

    /// All strokes, the main one first.
    pub fn strokes(self) -> impl Iterator<Item = Stroke> + Clone {
        std::iter::once(self.main()).chain(self.further())
    }

    /// The hit of these strokes; `None` without any. Strokes beyond [`MAX_STROKES`] are left out,
    /// the softest first. Of several strokes of one articulation at one tick the loudest is kept:
    /// MIDI could not tell them apart.
    #[must_use]
    pub fn of_strokes(strokes: impl IntoIterator<Item = Stroke>) -> Option<Hit> {
        let mut kept: [Stroke; MAX_STROKES] = Default::default();
        for stroke in strokes {
            let (least, most) = (*Self::OFFSETS.start(), *Self::OFFSETS.end());
            let stroke = Stroke {
                velocity: stroke.velocity.clamp(1, 127),
                offset_ticks: stroke.offset_ticks.clamp(least, most),
                ..stroke
            };
            let same = |other: &&mut Stroke| {
                other.velocity > 0
                    && (other.offset_ticks, other.articulation)
                        == (stroke.offset_ticks, stroke.articulation)
            };
            let place = match kept.iter_mut().find(same) {
                Some(place) => place,
                None => kept.iter_mut().min_by_key(|other| other.velocity)?,
            };
            if stroke.velocity > place.velocity {
                *place = stroke;
            }
        }
        // The first of equally loud strokes is the main one.
        let early = |stroke: &Stroke| (stroke.offset_ticks, stroke.articulation);
        kept.sort_by_key(|stroke| (stroke.velocity == 0, early(stroke)));
        let main = (0..MAX_STROKES).rev().max_by_key(|&place| kept[place].velocity)?;
        let Stroke { velocity, offset_ticks, articulation } = kept[main];
        if velocity == 0 {
            return None;
        }
        let mut hit = Hit { articulation, ..Hit::plain(velocity, offset_ticks) };
        let rest = (0..MAX_STROKES).filter(|&place| place != main).map(|place| kept[place]);
        hit.further.iter_mut().zip(rest).for_each(|(further, stroke)| *further = stroke);
        Some(hit)
    }

    /// The hit with another main velocity. The velocities of further strokes are scaled alike.
    #[must_use]
    pub fn with_velocity(self, velocity: u8) -> Hit {
        let scale = f32::from(velocity) / f32::from(self.velocity.max(1));
        self.moved(self.offset(), 1.0, |of| Hit::new(f32::from(of) * scale / 127.0, 0.0).velocity)
    }

    /// The hit with its main stroke at an offset in steps, and mapped velocities. The distances of
    /// further strokes from the main one are scaled, and compressed where they would leave the
    /// step; the main stroke leaves them at least half of their room.
    #[must_use]
    pub fn moved(self, offset: f32, distances: f32, velocity: impl Fn(u8) -> u8) -> Hit {
        let main = Hit::new(1.0, offset).offset_ticks;
        let mut moved = Hit { velocity: velocity(self.velocity), offset_ticks: main, ..self };
        if self.further[0].velocity == 0 {
            return moved;
        }
        let (least, most) = (f32::from(*Self::OFFSETS.start()), f32::from(*Self::OFFSETS.end()));
        let distance =
            |stroke: Stroke| f32::from(stroke.offset_ticks) - f32::from(self.offset_ticks);
        let (first, last) = self
            .further()
            .map(distance)
            .fold((0.0f32, 0.0f32), |(first, last), at| (first.min(at), last.max(at)));
        let half = 0.5 * distances.clamp(0.0, 1.0);
        let main = f32::from(main).clamp(least - half * first, most - half * last).round();
        moved.offset_ticks = Hit::new(1.0, main / f32::from(TICKS_PER_STEP)).offset_ticks;
        let scale = self.further().fold(distances, |scale, stroke| {
            let distance = distance(stroke);
            let room = if distance < 0.0 { least - main } else { most - main };
            if distance * scale / room > 1.0 { room / distance } else { scale }
        });
        for stroke in moved.further.iter_mut().filter(|stroke| stroke.velocity > 0) {
            let offset = (main + distance(*stroke) * scale) / f32::from(TICKS_PER_STEP);
            let velocity = velocity(stroke.velocity).min(moved.velocity);
            *stroke =
                Stroke { velocity, offset_ticks: Hit::new(1.0, offset).offset_ticks, ..*stroke };
        }
        moved
    }
}

/// Hits of one sixteenth note: at most one per class. Serialised as a list of hits, each a list of
/// class, velocity and offset in ticks; then, unless it is a single plain stroke, the articulation's
/// index in its class, and velocity, offset and articulation of each further stroke.
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
}

impl Step {
    /// A step without hits.
    pub const SILENT: Step = Step {
        velocity: [0; CLASSES],
        offset_ticks: [0; CLASSES],
        articulation: [0; CLASSES],
        further: [[0; 3]; MAX_FURTHER],
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

    /// Adds the strokes of a hit to those of its class. Returns the number of strokes that found no
    /// room.
    pub fn add(&mut self, drum: Drum, hit: Hit) -> usize {
        let Some(known) = self.hit(drum) else { return self.set_counted(drum, Some(hit)) };
        let all = || known.strokes().chain(hit.strokes());
        let merged = Hit::of_strokes(all());
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
            let further = further.chunks_exact(3).map(|three| stroke(three[0], three[1], three[2]));
            let main = stroke(*velocity, *offset, *articulation);
            step.set(drum, Hit::of_strokes(std::iter::once(main).chain(further)));
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
    fn hits_are_clamped() {
        assert_eq!(Hit::new(2.0, 0.7), Hit::plain(127, 119));
        assert_eq!(Hit::new(-1.0, -0.7), Hit::plain(1, -120));
        assert_eq!(Hit::new(f32::NAN, f32::NAN).offset_ticks, 0);
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
    fn a_drag_is_one_hit_whose_loudest_stroke_is_the_main_one() {
        let drag = [stroke(30, -60), stroke(110, 4), stroke(25, -100)];
        let hit = Hit::of_strokes(drag).expect("a hit");
        assert_eq!(hit.main(), drag[1]);
        assert_eq!(hit.further().collect::<Vec<_>>(), [drag[2], drag[0]]);
        let five = [1, 2, 3, 4, 5].map(|number| stroke(10 * number, 10 * number.cast_signed()));
        let softest_left_out = Hit::of_strokes(five).expect("a hit");
        assert_eq!(softest_left_out.strokes().map(|s| s.velocity).min(), Some(20));
        let one = Hit::of_strokes([stroke(50, 3), stroke(70, 3)]).expect("a hit");
        assert_eq!(one, Hit::plain(70, 3), "one note of MIDI");
        assert_eq!(Hit::of_strokes([]), None);
    }

    #[test]
    fn another_velocity_scales_all_strokes_and_moves_none() {
        let drag = Hit::of_strokes([stroke(30, -60), stroke(110, 4), stroke(20, -100)]);
        let soft = Hit::of_strokes([stroke(15, -60), stroke(55, 4), stroke(10, -100)]);
        let (drag, soft) = (drag.expect("a hit"), soft.expect("a hit"));
        assert_eq!((drag.with_velocity(55), soft.with_velocity(110)), (soft, drag));
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
