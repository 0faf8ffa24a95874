//! Errors of humanised scores.

use groove::generate::humanise::{DEFAULT_AMOUNT, humanise};
use groove::model::{Model, ModelError};
use groove::pattern::TICKS_PER_STEP;
use groove::{Hit, Step};
use serde::Serialize;

use super::{TwoBarWindow, WindowTask};

/// Errors over all hits of all windows.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct HumaniseErrors {
    /// Windows, and their hits.
    pub windows: usize,
    pub hits: usize,
    /// Share of the hits that the answers lack at their step; they have no errors.
    pub missing: f64,
    /// Mean absolute error of the onsets, in milliseconds.
    pub timing_mae_ms: f64,
    /// Mean squared error of the onsets, in squared sixteenths.
    pub timing_mse_sixteenths: f64,
    /// Mean absolute error of the velocities, 1 to 127.
    pub velocity_mae: f64,
}

impl HumaniseErrors {
    /// Compares the answers with their windows, one for each.
    pub(crate) fn of(windows: &[TwoBarWindow], answers: &[Vec<Step>]) -> HumaniseErrors {
        let (mut hits, mut found) = (0, 0);
        let (mut ms, mut squares, mut velocity) = (0.0, 0.0, 0.0);
        for (window, answer) in windows.iter().zip(answers) {
            let step_ms = 15_000.0 / f64::from(window.kind.tempo);
            for (place, step) in window.steps.iter().enumerate() {
                for (drum, truth) in step.hits() {
                    hits += 1;
                    let Some(hit) = answer.get(place).and_then(|step| step.hit(drum)) else {
                        continue;
                    };
                    found += 1;
                    let late = sixteenths(hit) - sixteenths(truth);
                    ms += late.abs() * step_ms;
                    squares += late * late;
                    velocity += f64::from(hit.velocity.abs_diff(truth.velocity));
                }
            }
        }
        let mean = |sum: f64| sum / f64::from(found);
        HumaniseErrors {
            windows: windows.len(),
            hits,
            missing: 1.0 - f64::from(found) / hits as f64,
            timing_mae_ms: mean(ms),
            timing_mse_sixteenths: mean(squares),
            velocity_mae: mean(velocity),
        }
    }

    /// Errors of the inputs themselves: the score on the grid.
    pub(crate) fn of_inputs(windows: &[TwoBarWindow]) -> HumaniseErrors {
        let inputs: Vec<_> = windows.iter().map(|it| WindowTask::Humanise.input(it)).collect();
        HumaniseErrors::of(windows, &inputs)
    }

    /// Returns the errors as a line of text.
    pub(crate) fn line(&self, name: &str) -> String {
        format!(
            "{name:<24}{:>10.2}{:>12.4}{:>10.2}{:>9.4}\n",
            self.timing_mae_ms, self.timing_mse_sixteenths, self.velocity_mae, self.missing
        )
    }
}

fn sixteenths(hit: Hit) -> f64 {
    f64::from(hit.offset_ticks) / f64::from(TICKS_PER_STEP)
}

/// Answers with the medians of a model.
///
/// # Errors
/// If the network cannot be computed.
pub(crate) fn answer(model: &Model, window: &TwoBarWindow) -> Result<Vec<Step>, ModelError> {
    humanise(model, &window.kind, &WindowTask::Humanise.input(window), None, DEFAULT_AMOUNT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::windows::tests::window;
    use groove::Drum;

    #[test]
    fn errors_are_means_over_the_hits_that_are_answered() {
        // An offset of 24 ticks is a tenth of a sixteenth, 12 ms at 125 bpm.
        let truth =
            window(&[(0, Drum::Kick, 90, 24), (4, Drum::Snare, 80, -48), (6, Drum::Ride, 50, 0)]);
        let answer =
            window(&[(0, Drum::Kick, 80, 0), (4, Drum::Snare, 83, 0), (7, Drum::Ride, 50, 0)]);
        let errors = HumaniseErrors::of(std::slice::from_ref(&truth), &[answer.steps]);
        assert_eq!((errors.windows, errors.hits), (1, 3));
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6, "{a} {b}: {errors:?}");
        close(errors.missing, 1.0 / 3.0);
        close(errors.timing_mae_ms, (12.0 + 24.0) / 2.0);
        close(errors.timing_mse_sixteenths, (0.01 + 0.04) / 2.0);
        close(errors.velocity_mae, (10.0 + 3.0) / 2.0);
        let grid = HumaniseErrors::of_inputs(&[truth]);
        assert!((grid.timing_mae_ms - 12.0).abs() < 1e-6, "{grid:?}");
        assert!((grid.velocity_mae - 80.0 / 3.0).abs() < 1e-6 && grid.missing == 0.0, "{grid:?}");
    }
}
