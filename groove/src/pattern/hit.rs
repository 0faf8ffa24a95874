//! Hits and steps.
//!
//! A step is a sixteenth note. A hit is a class, a velocity and an offset. Offsets are stored in
//! units of 1/[`TICKS_PER_STEP`] step, the resolution of exported MIDI files, so that a pattern
//! survives a round trip through a file unchanged.

use crate::pattern::drum::{CLASSES, Drum, DrumSet};

/// Resolution of an offset and of exported MIDI: 960 ticks per quarter note.
pub const TICKS_PER_STEP: u16 = 240;

/// Velocity and offset of a struck drum. Its place in the [`Step`] identifies the drum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// MIDI velocity, 1 to 127.
    pub velocity: u8,
    /// Early (negative) or late, in ticks of 1/240 step, -120 to 119.
    pub offset_ticks: i8,
}

impl Hit {
    /// Range of offsets in ticks: half a step either way.
    pub const OFFSETS: std::ops::RangeInclusive<i8> = -120..=119;

    /// A hit from a velocity of 0 to 1 and an offset in steps. Both are clamped (velocity 1/127 to
    /// 1, offset -0.5 to just under 0.5). NaN counts as 0.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn new(velocity: f32, offset_steps: f32) -> Self {
        Hit {
            velocity: (velocity * 127.0).round().clamp(1.0, 127.0) as u8,
            offset_ticks: (offset_steps * f32::from(TICKS_PER_STEP))
                .round()
                .clamp(f32::from(*Self::OFFSETS.start()), f32::from(*Self::OFFSETS.end()))
                as i8,
        }
    }

    /// Velocity as a fraction of 127, above 0 and up to 1.
    #[must_use]
    pub fn velocity(self) -> f32 {
        f32::from(self.velocity) / 127.0
    }

    /// Offset in steps, -0.5 to 0.5.
    #[must_use]
    pub fn offset(self) -> f32 {
        f32::from(self.offset_ticks) / f32::from(TICKS_PER_STEP)
    }
}

/// Hits of one sixteenth note: at most one per class. Serialised as a list of class, velocity and
/// offset in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "model", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "model", serde(from = "Vec<(u8, u8, i8)>", into = "Vec<(u8, u8, i8)>"))]
pub struct Step {
    /// Velocity by class, 0 where the class is not struck.
    velocity: [u8; CLASSES],
    /// Offset by class in ticks, 0 where the class is not struck.
    offset_ticks: [i8; CLASSES],
}

impl Step {
    /// A step without hits.
    pub const SILENT: Step = Step { velocity: [0; CLASSES], offset_ticks: [0; CLASSES] };

    /// The hit of a class, if any.
    #[must_use]
    pub const fn hit(&self, drum: Drum) -> Option<Hit> {
        let class = drum as usize;
        match self.velocity[class] {
            0 => None,
            velocity => Some(Hit { velocity, offset_ticks: self.offset_ticks[class] }),
        }
    }

    /// Sets or removes the hit of a class.
    pub fn set(&mut self, drum: Drum, hit: Option<Hit>) {
        let class = drum.index();
        self.velocity[class] = hit.map_or(0, |h| h.velocity.clamp(1, 127));
        self.offset_ticks[class] =
            hit.map_or(0, |h| h.offset_ticks.clamp(*Hit::OFFSETS.start(), *Hit::OFFSETS.end()));
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

impl From<Vec<(u8, u8, i8)>> for Step {
    /// Unknown classes are skipped.
    fn from(hits: Vec<(u8, u8, i8)>) -> Self {
        let mut step = Step::SILENT;
        for (class, velocity, offset_ticks) in hits {
            if let Some(&drum) = Drum::ALL.get(usize::from(class)) {
                step.set(drum, Some(Hit { velocity, offset_ticks }));
            }
        }
        step
    }
}

impl From<Step> for Vec<(u8, u8, i8)> {
    fn from(step: Step) -> Self {
        step.hits().map(|(drum, hit)| (drum as u8, hit.velocity, hit.offset_ticks)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_clamped() {
        assert_eq!(Hit::new(2.0, 0.7), Hit { velocity: 127, offset_ticks: 119 });
        assert_eq!(Hit::new(-1.0, -0.7), Hit { velocity: 1, offset_ticks: -120 });
        assert_eq!(Hit::new(f32::NAN, f32::NAN).offset_ticks, 0);
    }

    #[test]
    fn the_loudest_of_colliding_hits_wins() {
        let mut step = Step::SILENT;
        for velocity in [40, 90, 60] {
            step.strike(Drum::Snare, Hit { velocity, offset_ticks: 3 });
        }
        assert_eq!(step.hit(Drum::Snare).map(|h| h.velocity), Some(90));
        assert_eq!(step.drums().len(), 1);
    }
}
