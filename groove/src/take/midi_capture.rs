//! Capture of incoming notes as a primer.
//!
//! It allocates nothing, so that the audio thread can own it.

use crate::pattern::drum::{Drum, DrumSet};
use crate::pattern::{Articulation, Hit, Meter, Step, TICKS_PER_STEP};
use crate::take::primer::{MAX_PRIMER_STEPS, Played, Rhythm};

/// A step of the song as it was played.
#[derive(Clone, Copy, Debug)]
struct HeardStep {
    /// Step of the song.
    step: i64,
    hits: Step,
    /// A note of any kind began.
    struck: bool,
    /// Pass of the last drum hit, and the drums struck in it.
    pass: (u32, DrumSet),
}

/// The notes of the last [`MAX_PRIMER_STEPS`] steps. In a loop, the strokes of a drum in a step
/// replace those of earlier passes.
#[derive(Clone, Copy, Debug)]
pub struct MidiCapture {
    /// By step of the song modulo [`MAX_PRIMER_STEPS`].
    heard: [HeardStep; MAX_PRIMER_STEPS],
    /// Position of the last note in ticks, and the number of times that it went back.
    last: (f64, u32),
}

impl Default for MidiCapture {
    fn default() -> Self {
        let pass = (0, DrumSet::EMPTY);
        let none = HeardStep { step: i64::MIN, hits: Step::SILENT, struck: false, pass };
        MidiCapture { heard: [none; MAX_PRIMER_STEPS], last: (f64::MIN, 0) }
    }
}

impl MidiCapture {
    /// Records a note at a song position in ticks of 1/960 quarter note. `drum` is `None` for other
    /// notes.
    #[expect(clippy::cast_possible_truncation, reason = "song positions are far from the limits")]
    pub fn note_on(&mut self, ticks: f64, drum: Option<(Drum, Articulation)>, velocity: u8) {
        let step = (ticks / f64::from(TICKS_PER_STEP)).round();
        let offset = ticks / f64::from(TICKS_PER_STEP) - step;
        let (last, pass) = self.last;
        let pass = if ticks < last { pass.wrapping_add(1) } else { pass };
        self.last = (ticks, pass);
        let Some(place) = place(step as i64) else { return };
        let heard = &mut self.heard[place];
        if heard.step != step as i64 {
            (heard.step, heard.hits) = (step as i64, Step::SILENT);
        }
        heard.struck = true;
        if heard.pass.0 != pass {
            heard.pass = (pass, DrumSet::EMPTY);
        }
        let Some((drum, articulation)) = drum else { return };
        if !heard.pass.1.contains(drum) {
            heard.hits.set(drum, None);
            heard.pass.1 = heard.pass.1.with([drum].into_iter().collect());
        }
        let hit = Hit::new(f32::from(velocity) / 127.0, offset as f32);
        heard.hits.add(drum, Hit { articulation, ..hit });
    }

    fn last(&self, until: i64, steps: usize) -> impl Iterator<Item = (Step, bool)> {
        let steps = steps.min(MAX_PRIMER_STEPS);
        let first = until.saturating_sub(i64::try_from(steps).unwrap_or(0));
        (first..until).map(|step| {
            let heard = place(step).map(|place| self.heard[place]);
            let known = heard.filter(|heard| heard.step == step);
            known.map_or((Step::SILENT, false), |heard| (heard.hits, heard.struck))
        })
    }

    /// Hits in the bars before a step of the song at which a bar begins; `None` without drum hits.
    #[must_use]
    pub fn played(&self, until: i64, bars: usize, meter: Meter) -> Option<Played> {
        let mut steps = [Step::SILENT; MAX_PRIMER_STEPS];
        let most = (MAX_PRIMER_STEPS / meter.steps()).min(bars) * meter.steps();
        for (cell, (step, _)) in steps.iter_mut().zip(self.last(until, most)) {
            *cell = step;
        }
        let steps = &steps[..most];
        steps.iter().any(|step| !step.drums().is_empty()).then(|| Played::new(steps))
    }

    /// Rhythm of all notes in the bars before a step of the song at which a bar begins, repeating
    /// from the start of the song; `None` without notes.
    #[must_use]
    pub fn rhythm(&self, until: i64, bars: usize, meter: Meter) -> Option<Rhythm> {
        let most = (64 / meter.steps()).min(bars) * meter.steps();
        let steps = u8::try_from(most).ok().filter(|&steps| steps > 0)?;
        let first = until.saturating_sub(i64::from(steps));
        let mut onsets = 0u64;
        for (step, (_, struck)) in (first..).zip(self.last(until, most)) {
            let place = step.rem_euclid(i64::from(steps));
            onsets |= u64::from(struck) << place;
        }
        (onsets != 0).then_some(Rhythm { onsets, steps })
    }
}

fn place(step: i64) -> Option<usize> {
    usize::try_from(step.rem_euclid(i64::try_from(MAX_PRIMER_STEPS).ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: Meter = Meter::FOUR_FOUR;

    #[test]
    fn capture_keeps_velocity_and_timing() {
        let mut capture = MidiCapture::default();
        // Steps -16 to 15: a count-in bar and the first bar of the song.
        let plain = |drum| Some((drum, Articulation::Plain));
        capture.note_on(-16.0 * 240.0 + 12.0, plain(Drum::Kick), 100);
        capture.note_on(4.0 * 240.0 - 30.0, plain(Drum::Snare), 60);
        capture.note_on(4.0 * 240.0 + 5.0, Some((Drum::Snare, Articulation::Rim)), 90);
        capture.note_on(8.0 * 240.0, None, 50);
        let played = capture.played(16, 2, FOUR).expect("something");
        assert_eq!(played.steps().len(), 32);
        let hit = |step: usize, drum| played.steps()[step].hit(drum);
        assert_eq!(hit(0, Drum::Kick), Some(Hit::plain(100, 12)));
        let drag = hit(20, Drum::Snare).expect("a hit");
        let main = Hit { articulation: Articulation::Rim, ..Hit::plain(90, 5) };
        assert_eq!(drag.strokes().collect::<Vec<_>>(), [main.main(), Hit::plain(60, -30).main()]);
        assert_eq!(played.steps().iter().flat_map(Step::hits).count(), 2);
        let rhythm = capture.rhythm(16, 2, FOUR).expect("something");
        // Relative to the start of the song, step -16 repeats at 16.
        assert_eq!((rhythm.onsets, rhythm.steps), (1 << 4 | 1 << 8 | 1 << 16, 32));
    }

    #[test]
    fn a_pass_of_a_loop_replaces_the_strokes_of_the_drums_that_it_strikes() {
        let mut capture = MidiCapture::default();
        let plain = |drum| Some((drum, Articulation::Plain));
        for (pass, velocity) in [(0.0, 100), (1.0, 60), (2.0, 80)] {
            capture.note_on(pass, plain(Drum::Snare), velocity);
            capture.note_on(60.0 + pass, plain(Drum::Snare), 30);
            capture.note_on(15.0 * 240.0, None, 1);
        }
        capture.note_on(0.0, plain(Drum::Kick), 70);
        let played = capture.played(16, 1, FOUR).expect("something");
        let snare = played.steps()[0].hit(Drum::Snare).expect("a hit");
        let strokes = [Hit::plain(80, 2).main(), Hit::plain(30, 62).main()];
        assert_eq!(snare.strokes().collect::<Vec<_>>(), strokes);
        assert_eq!(played.steps()[0].hit(Drum::Kick), Some(Hit::plain(70, 0)));
    }

    #[test]
    fn capture_forgets_old_notes() {
        let mut capture = MidiCapture::default();
        capture.note_on(0.0, Some((Drum::Kick, Articulation::Plain)), 100);
        assert!(capture.played(32, 2, FOUR).is_some());
        assert!(capture.played(48, 2, FOUR).is_none() && capture.rhythm(48, 2, FOUR).is_none());
        capture.note_on(64.0 * 240.0, Some((Drum::Ride, Articulation::Plain)), 100);
        assert!(capture.played(16, 1, FOUR).is_none(), "its place was taken");
        assert_eq!(capture.played(80, 9, FOUR).expect("something").steps().len(), 64);
    }
}
