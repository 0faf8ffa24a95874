//! Steps and bars: fixed size and `Copy`, so that a bar can cross to the audio thread and be
//! dropped there for nothing.
//!
//! A step is a sixteenth note. A hit is a class, a velocity and an offset. Offsets are kept in
//! [`TICKS_PER_STEP`]ths of a step, the resolution of the MIDI files that we write, so that a
//! pattern survives a round trip through a file unchanged.

use crate::drum::{CLASSES, Drum, DrumSet, Pitches};

/// Resolution of an offset, and of exported MIDI: 960 ticks a quarter note.
pub const TICKS_PER_STEP: u16 = 240;

/// Greatest number of steps in a [`Bar`]: 16/4.
pub const MAX_STEPS: usize = 64;

/// Steps in a quarter note.
pub const STEPS_PER_BEAT: f64 = 4.0;

/// One struck drum: velocity and offset. Which drum it is, its place in the [`Step`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// MIDI velocity, 1 to 127.
    pub velocity: u8,
    /// Early (negative) or late, in ticks of 1/240 step, -120 to 119.
    pub offset_ticks: i8,
}

impl Hit {
    /// Least and greatest offset, in ticks: half a step either way.
    pub const OFFSETS: std::ops::RangeInclusive<i8> = -120..=119;

    /// A hit from velocity 0..1 and an offset in steps; both are clamped to what a hit can hold
    /// (velocity 1/127 to 1, offset -0.5 to just under 0.5). Not-a-number counts as 0.
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

    /// Velocity as a fraction of the greatest, above 0 and up to 1.
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

/// What is struck at one sixteenth: at most one hit a class. Saved as a list of class, velocity and
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
    /// A step at which nothing is struck.
    pub const SILENT: Step = Step { velocity: [0; CLASSES], offset_ticks: [0; CLASSES] };

    /// The hit of one class, if it is struck.
    #[must_use]
    pub const fn hit(&self, drum: Drum) -> Option<Hit> {
        let class = drum as usize;
        match self.velocity[class] {
            0 => None,
            velocity => Some(Hit { velocity, offset_ticks: self.offset_ticks[class] }),
        }
    }

    /// Strikes a class, or silences it.
    pub fn set(&mut self, drum: Drum, hit: Option<Hit>) {
        let class = drum.index();
        self.velocity[class] = hit.map_or(0, |h| h.velocity.clamp(1, 127));
        self.offset_ticks[class] =
            hit.map_or(0, |h| h.offset_ticks.clamp(*Hit::OFFSETS.start(), *Hit::OFFSETS.end()));
    }

    /// Strikes a class unless it is struck louder already: the loudest of colliding hits wins.
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

    /// The hits in class order.
    pub fn hits(&self) -> impl Iterator<Item = (Drum, Hit)> + Clone + '_ {
        Drum::ALL.into_iter().filter_map(|drum| self.hit(drum).map(|hit| (drum, hit)))
    }
}

impl From<Vec<(u8, u8, i8)>> for Step {
    /// Classes that there are not are left out.
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

/// A time signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Meter {
    /// Beats in a bar, at least 1.
    pub numerator: u8,
    /// The note value that is a beat: 1, 2, 4, 8, 16, 32.
    pub denominator: u8,
}

impl Default for Meter {
    fn default() -> Self {
        Meter::FOUR_FOUR
    }
}

impl Meter {
    /// 4/4.
    pub const FOUR_FOUR: Meter = Meter { numerator: 4, denominator: 4 };

    /// A meter from what a host or a file says. Nonsense (zero, or a denominator that is not a
    /// power of two up to 32) is 4/4.
    #[must_use]
    pub fn new(numerator: i32, denominator: i32) -> Self {
        match (u8::try_from(numerator), u8::try_from(denominator)) {
            (Ok(numerator @ 1..), Ok(denominator @ (1 | 2 | 4 | 8 | 16 | 32))) => {
                Meter { numerator, denominator }
            }
            _ => Meter::FOUR_FOUR,
        }
    }

    /// Length of a bar in quarter notes.
    #[must_use]
    pub fn beats(self) -> f64 {
        f64::from(self.numerator) * 4.0 / f64::from(self.denominator)
    }

    /// Steps of a beat as it is felt: a quarter, or a dotted quarter where the meter is compound.
    #[must_use]
    pub fn beat_steps(self) -> usize {
        let compound =
            self.denominator >= 8 && self.numerator > 3 && self.numerator.is_multiple_of(3);
        if compound { 6 } else { 4 }
    }

    /// Beats of [`Meter::beat_steps`] in a bar, at least 1. An odd rest belongs to the last one.
    #[must_use]
    pub fn whole_beats(self) -> usize {
        (self.steps() / self.beat_steps()).max(1)
    }

    /// Steps that a bar of this meter has: 16n/d rounded up, at most [`MAX_STEPS`]. The rest of
    /// a longer bar is silent.
    #[must_use]
    pub fn steps(self) -> usize {
        (usize::from(self.numerator) * 16)
            .div_ceil(usize::from(self.denominator))
            .clamp(1, MAX_STEPS)
    }
}

/// One bar: as many steps as its meter has, and the pitches that its drums are emitted at, so that
/// bars of models with other kits can follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    steps: [Step; MAX_STEPS],
    meter: Meter,
    pitches: Pitches,
}

impl Default for Bar {
    fn default() -> Self {
        Bar::silent(Meter::FOUR_FOUR)
    }
}

impl Bar {
    /// A bar of the nine General MIDI drums in which nothing is struck.
    #[must_use]
    pub const fn silent(meter: Meter) -> Self {
        Bar { steps: [Step::SILENT; MAX_STEPS], meter, pitches: Drum::PITCHES }
    }

    /// The same bar at other pitches.
    #[must_use]
    pub const fn at(self, pitches: Pitches) -> Self {
        Bar { pitches, ..self }
    }

    /// The bar's meter.
    #[must_use]
    pub const fn meter(&self) -> Meter {
        self.meter
    }

    /// The pitch that a drum is emitted at.
    #[must_use]
    pub const fn pitch(&self, drum: Drum) -> u8 {
        self.pitches[drum as usize]
    }

    /// The bar's steps, [`Meter::steps`] of them.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps[..self.meter.steps()]
    }

    /// The bar's steps, to be changed.
    pub fn steps_mut(&mut self) -> &mut [Step] {
        &mut self.steps[..self.meter.steps()]
    }
}

/// Cuts a run of steps into bars of one meter; the last one is filled up with silence.
#[must_use]
pub fn bars(steps: &[Step], meter: Meter) -> Vec<Bar> {
    steps
        .chunks(meter.steps())
        .map(|chunk| {
            let mut bar = Bar::silent(meter);
            bar.steps_mut()[..chunk.len()].copy_from_slice(chunk);
            bar
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_holds_only_what_it_can() {
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

    #[test]
    fn a_bar_has_the_steps_of_its_meter() {
        for (n, d, steps) in
            [(4, 4, 16), (3, 4, 12), (6, 8, 12), (7, 8, 14), (5, 4, 20), (12, 8, 24)]
        {
            assert_eq!(Meter::new(n, d).steps(), steps, "{n}/{d}");
        }
        assert_eq!(Meter::new(0, 4), Meter::FOUR_FOUR);
        assert_eq!(Meter::new(4, 3), Meter::FOUR_FOUR);
        assert_eq!(Meter::new(255, 1).steps(), MAX_STEPS);
    }
}
