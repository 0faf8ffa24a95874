//! Hits: one to four strokes of a class, of which the loudest is the main one. A drag is one hit.
//! A cymbal may be choked after its hit.
//!
//! Offsets are stored in units of 1/[`TICKS_PER_STEP`] step, the resolution of exported MIDI files,
//! so that a pattern survives a round trip through a file unchanged.

use crate::pattern::articulation::Articulation;

/// Resolution of an offset and of exported MIDI: 960 ticks per quarter note.
pub const TICKS_PER_STEP: u16 = 240;

/// Latest choke after the step of its hit, in ticks.
pub const MAX_CHOKE_TICKS: u16 = i16::MAX.unsigned_abs();

/// Maximum number of strokes of a hit.
pub const MAX_STROKES: usize = 4;

/// A stroke of a class. Its place in a [`Step`](crate::pattern::Step) identifies the drum.
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
    /// Time from the hit's step to a hand that chokes the cymbal, in ticks of 1/240 step, 1 to
    /// [`MAX_CHOKE_TICKS`]; 0 if it rings on. Only crash and ride can be choked.
    pub choke_ticks: u16,
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
            choke_ticks: 0,
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

    /// The hit with other strokes and the same choke; the hit itself without any strokes.
    #[must_use]
    pub fn with_strokes(self, strokes: impl IntoIterator<Item = Stroke>) -> Hit {
        let choke_ticks = self.choke_ticks;
        Hit::of_strokes(strokes).map_or(self, |hit| Hit { choke_ticks, ..hit })
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
}
