//! Hits of the drums that were played to a rhythm.

use std::sync::Arc;

use anyhow::Result;
use groove::generate::Drummer;
use groove::model::Model;
use groove::take::{Primer, Rhythm, Take, TakeControls};
use groove::{CLASSES, Meter, Step};
use serde::Serialize;

use super::{TwoBarWindow, WindowTask};
use crate::playback::play_steps;

/// Scores of the cells of a grid of drums and steps, means over windows.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct TapScores {
    /// Number of windows.
    pub windows: usize,
    /// Share of the answer's hits that the drummer plays, too; 0 without hits.
    pub precision: f64,
    /// Share of the drummer's hits that the answer has.
    pub recall: f64,
    /// F1 of the hits.
    pub f1: f64,
    /// Share of all cells that are alike.
    pub accuracy: f64,
    /// Accuracy of an answer without a hit.
    pub empty_accuracy: f64,
    /// The answer's hits divided by the drummer's.
    pub hit_ratio: f64,
    /// Share of the rhythm's steps at which the answer has a hit.
    pub onsets_met: f64,
}

impl TapScores {
    /// Compares the answers with their windows, one for each. All windows have hits.
    pub(crate) fn of(windows: &[TwoBarWindow], answers: &[Vec<Step>]) -> TapScores {
        let mut sums = [0.0; 7];
        for (window, answer) in windows.iter().zip(answers) {
            let (mut both, mut truth, mut given) = (0.0, 0.0, 0.0);
            let (mut onsets, mut met) = (0.0, 0.0);
            for (place, step) in window.steps.iter().enumerate() {
                let drums = step.drums();
                let played = answer.get(place).map(Step::drums).unwrap_or_default();
                both += f64::from(drums.and(played).len());
                truth += f64::from(drums.len());
                given += f64::from(played.len());
                onsets += f64::from(u8::from(!drums.is_empty()));
                met += f64::from(u8::from(!drums.is_empty() && !played.is_empty()));
            }
            let cells = (window.steps.len() * CLASSES) as f64;
            let wrong = truth + given - 2.0 * both;
            let scores = [
                if given > 0.0 { both / given } else { 0.0 },
                both / truth,
                2.0 * both / (truth + given),
                1.0 - wrong / cells,
                1.0 - truth / cells,
                given / truth,
                met / onsets,
            ];
            sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
        }
        let [precision, recall, f1, accuracy, empty_accuracy, hit_ratio, onsets_met] =
            sums.map(|sum| sum / windows.len() as f64);
        TapScores {
            windows: windows.len(),
            precision,
            recall,
            f1,
            accuracy,
            empty_accuracy,
            hit_ratio,
            onsets_met,
        }
    }

    /// Returns the scores as text.
    pub(crate) fn table(&self) -> String {
        format!(
            "drums to a rhythm, {} windows: precision {:.3}, recall {:.3}, F1 {:.3}, accuracy \
             {:.3} (empty {:.3}), hits {:.2} x the drummer's, onsets met {:.3}\n",
            self.windows,
            self.precision,
            self.recall,
            self.f1,
            self.accuracy,
            self.empty_accuracy,
            self.hit_ratio,
            self.onsets_met
        )
    }
}

/// Answers with the first two bars of a model's take to the rhythm, at the style and tempo of the
/// window.
///
/// # Errors
/// If the network cannot be computed.
pub(crate) fn answer(model: &Arc<Model>, window: &TwoBarWindow, seed: u32) -> Result<Vec<Step>> {
    let (style, tempo) = (window.kind.style, window.kind.tempo);
    let take = Take {
        controls: TakeControls { seed, style, tempo, ..TakeControls::default() },
        primer: Primer::Tap(Rhythm::of(&WindowTask::Tap.input(window))),
        ..Take::default()
    };
    play_steps(&mut Drummer::new(Arc::clone(model)), &take, Meter::FOUR_FOUR, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::windows::tests::window;
    use groove::Drum;

    #[test]
    fn scores_are_means_over_windows() {
        let truth =
            window(&[(0, Drum::Kick, 90, 0), (0, Drum::Ride, 90, 0), (4, Drum::Snare, 90, 0)]);
        // Two of three hits, one of them by luck at another velocity; one wrong drum.
        let answer =
            window(&[(0, Drum::Kick, 20, 9), (4, Drum::Snare, 90, 0), (4, Drum::Crash, 90, 0)]);
        let silent = window(&[]);
        let scores = TapScores::of(&[truth.clone(), truth.clone()], &[answer.steps, silent.steps]);
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}: {scores:?}");
        close(scores.precision, (2.0 / 3.0 + 0.0) / 2.0);
        close(scores.recall, (2.0 / 3.0) / 2.0);
        close(scores.f1, (2.0 / 3.0) / 2.0);
        close(scores.accuracy, 1.0 - (2.0 + 3.0) / 2.0 / 288.0);
        close(scores.empty_accuracy, 1.0 - 3.0 / 288.0);
        close(scores.hit_ratio, 0.5);
        close(scores.onsets_met, 0.5);
        let own = TapScores::of(std::slice::from_ref(&truth), std::slice::from_ref(&truth.steps));
        close(own.f1 + own.accuracy + own.precision + own.recall, 4.0);
    }
}
