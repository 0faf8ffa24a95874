//! Classifier features of the articulations and strokes of a window of two bars of 4/4.

use groove::learn::bar_f1::STEPS;
use groove::model::strokes::ARTICULATIONS;
use groove::pattern::MAX_STROKES;
use groove::{CLASSES, Drum, Hit};

use crate::metrics::comparison::BarSteps;

/// Steps in a beat, and beats in a bar.
const BEAT: usize = 4;
const BEATS: usize = STEPS / BEAT;
/// Bins of the gaps between the main stroke and further ones, of half a step each.
const GAPS: usize = 16;

/// Sums of a window.
#[derive(Default)]
struct Sums {
    /// By class and articulation: strokes, and their velocities.
    strokes: [[f32; ARTICULATIONS]; CLASSES],
    velocities: [[f32; ARTICULATIONS]; CLASSES],
    /// By class and articulation: main strokes by place in the beat, and by beat.
    places: [[[f32; BEAT]; ARTICULATIONS]; CLASSES],
    beats: [[[f32; BEATS]; ARTICULATIONS]; CLASSES],
    /// By class: hits by number of strokes.
    counts: [[f32; MAX_STROKES]; CLASSES],
    /// Hits with further strokes, of any class, by step of the bar.
    doubled: [f32; STEPS],
    /// By class: sums of gaps in steps, and of velocities as shares of the main one's.
    gaps: [[f32; 2]; CLASSES],
    /// Gaps of the snare, by bin.
    snare_gaps: [f32; GAPS],
    /// By class: changes of articulation from hit to hit, and strokes of other articulations than
    /// the main one's.
    changes: [f32; CLASSES],
    mixed: [f32; CLASSES],
}

/// Returns the features of two neighbouring bars.
pub(crate) fn stroke_features(bars: [&BarSteps; 2]) -> Vec<f32> {
    let mut sums = Sums::default();
    let mut last = [None; CLASSES];
    for (at, step) in bars.into_iter().flatten().enumerate() {
        for (drum, hit) in step.hits() {
            sums.add(at % STEPS, drum, hit);
            let class = drum.index();
            let changed =
                last[class].replace(hit.articulation).is_some_and(|it| it != hit.articulation);
            sums.changes[class] += f32::from(u8::from(changed));
        }
    }
    sums.features()
}

impl Sums {
    fn add(&mut self, step: usize, drum: Drum, hit: Hit) {
        let class = drum.index();
        let place = |hit: groove::Articulation| hit.index_in(drum).min(ARTICULATIONS - 1);
        for stroke in hit.strokes() {
            let articulation = place(stroke.articulation);
            self.strokes[class][articulation] += 1.0;
            self.velocities[class][articulation] += f32::from(stroke.velocity) / 127.0;
        }
        let main = place(hit.articulation);
        self.places[class][main][step % BEAT] += 1.0;
        self.beats[class][main][step / BEAT] += 1.0;
        let count = hit.strokes().count();
        self.counts[class][count - 1] += 1.0;
        self.doubled[step] += f32::from(u8::from(count > 1));
        for further in hit.further() {
            let gap = f32::from(further.offset_ticks) - f32::from(hit.offset_ticks);
            self.gaps[class][0] += gap / 240.0;
            self.gaps[class][1] += f32::from(further.velocity) / f32::from(hit.velocity);
            self.mixed[class] += f32::from(u8::from(further.articulation != hit.articulation));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let bin = ((gap / 240.0 + 1.0) * 0.5 * GAPS as f32).clamp(0.0, 15.0) as usize;
            if drum == Drum::Snare {
                self.snare_gaps[bin] += 1.0;
            }
        }
    }

    fn features(&self) -> Vec<f32> {
        let mut all = Vec::with_capacity(600);
        all.extend(self.strokes.as_flattened());
        let strokes = self.strokes.as_flattened().iter();
        all.extend(
            self.velocities.as_flattened().iter().zip(strokes).map(|(sum, n)| sum / n.max(1.0)),
        );
        all.extend(self.places.as_flattened().as_flattened());
        all.extend(self.beats.as_flattened().as_flattened());
        all.extend(self.counts.as_flattened());
        all.extend(self.doubled);
        for (class, sums) in self.gaps.iter().enumerate() {
            let further: f32 =
                (1..MAX_STROKES).map(|more| more as f32 * self.counts[class][more]).sum();
            all.extend(sums.map(|sum| sum / further.max(1.0)));
        }
        all.extend(self.snare_gaps);
        all.extend(self.changes);
        all.extend(self.mixed);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::pattern::Stroke;
    use groove::{Articulation, Step};

    #[test]
    fn articulations_and_strokes_change_the_features() {
        let main = Stroke { velocity: 90, offset_ticks: 0, articulation: Articulation::Plain };
        let of = |strokes: &[Stroke]| {
            let mut bar = [Step::SILENT; STEPS];
            bar[4].set(Drum::Snare, Hit::of_strokes(strokes.iter().copied()));
            stroke_features([&bar, &bar])
        };
        let plain = of(&[main]);
        let rim = of(&[Stroke { articulation: Articulation::Rim, ..main }]);
        let drag = of(&[main, Stroke { velocity: 30, offset_ticks: -60, ..main }]);
        assert!(plain != rim && plain != drag);
        assert_eq!(plain.len(), drag.len());
        assert!(drag.iter().all(|value| value.is_finite()));
    }
}
