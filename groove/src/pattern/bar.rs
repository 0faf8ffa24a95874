//! Meters and bars. Both are fixed-size and `Copy`, so that a bar can be sent to the audio thread
//! and dropped there without freeing memory.

use crate::pattern::articulation::Articulation;
use crate::pattern::drum::Drum;
use crate::pattern::pitches::Pitches;
use crate::pattern::step::Step;

/// Maximum number of steps in a [`Bar`]: 16/4.
pub const MAX_STEPS: usize = 64;

/// Steps per quarter note.
pub const STEPS_PER_BEAT: f64 = 4.0;

/// A time signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Meter {
    /// Beats in a bar, at least 1.
    pub numerator: u8,
    /// Note value of a beat: 1, 2, 4, 8, 16, 32, 64.
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

    /// A meter from a host or a file. Invalid values (zero, or a denominator that is not a power of
    /// two up to 64) become 4/4.
    #[must_use]
    pub fn new(numerator: i32, denominator: i32) -> Self {
        match (u8::try_from(numerator), u8::try_from(denominator)) {
            (Ok(numerator @ 1..), Ok(denominator @ (1 | 2 | 4 | 8 | 16 | 32 | 64))) => {
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

    /// Steps per felt beat: a quarter note, or a dotted quarter in compound meters.
    #[must_use]
    pub fn beat_steps(self) -> usize {
        let compound =
            self.denominator >= 8 && self.numerator > 3 && self.numerator.is_multiple_of(3);
        if compound { 6 } else { 4 }
    }

    /// Beats of [`Meter::beat_steps`] per bar, at least 1. An odd remainder belongs to the last
    /// one.
    #[must_use]
    pub fn whole_beats(self) -> usize {
        (self.steps() / self.beat_steps()).max(1)
    }

    /// Steps per bar: 16n/d rounded up, at most [`MAX_STEPS`]. The rest of a longer bar is silent.
    #[must_use]
    pub fn steps(self) -> usize {
        (usize::from(self.numerator) * 16)
            .div_ceil(usize::from(self.denominator))
            .clamp(1, MAX_STEPS)
    }
}

/// One bar: the steps of its meter, and the pitches of its drums, so that bars of models with
/// different kits can follow each other.
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
    /// A silent bar with the General MIDI pitches.
    #[must_use]
    pub const fn silent(meter: Meter) -> Self {
        Bar { steps: [Step::SILENT; MAX_STEPS], meter, pitches: Pitches::GENERAL_MIDI }
    }

    /// The same bar with other pitches.
    #[must_use]
    pub const fn at(self, pitches: Pitches) -> Self {
        Bar { pitches, ..self }
    }

    /// The bar's meter.
    #[must_use]
    pub const fn meter(&self) -> Meter {
        self.meter
    }

    /// MIDI pitches of the drums and their articulations.
    #[must_use]
    pub const fn pitches(&self) -> &Pitches {
        &self.pitches
    }

    /// MIDI pitch of an articulation of a drum.
    #[must_use]
    pub fn pitch(&self, drum: Drum, articulation: Articulation) -> u8 {
        self.pitches.of(drum, articulation)
    }

    /// The bar's steps, [`Meter::steps`] of them.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps[..self.meter.steps()]
    }

    /// The bar's steps, mutable.
    pub fn steps_mut(&mut self) -> &mut [Step] {
        &mut self.steps[..self.meter.steps()]
    }
}

/// A bar to store: its steps are on the heap, as many as its meter has. In 4/4 that is a quarter of
/// the memory of a [`Bar`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBar {
    meter: Meter,
    pitches: Pitches,
    steps: Box<[Step]>,
}

impl StoredBar {
    /// MIDI pitches of the drums and their articulations.
    #[must_use]
    pub const fn pitches(&self) -> &Pitches {
        &self.pitches
    }

    /// The bar's steps, [`Meter::steps`] of them.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl From<&Bar> for StoredBar {
    fn from(bar: &Bar) -> Self {
        StoredBar { meter: bar.meter, pitches: bar.pitches, steps: bar.steps().into() }
    }
}

impl From<&StoredBar> for Bar {
    fn from(stored: &StoredBar) -> Self {
        let mut bar = Bar::silent(stored.meter).at(stored.pitches);
        bar.steps_mut().copy_from_slice(&stored.steps);
        bar
    }
}

/// Cuts steps into bars of one meter. The last one is padded with silence.
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
