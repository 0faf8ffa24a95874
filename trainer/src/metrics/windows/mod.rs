//! Tasks on two-bar windows of recorded beats. A system answers an input that is made from a window,
//! and its answer is compared with the window itself.

pub(crate) mod humanise;
pub(crate) mod tap;

use groove::learn::bar_f1::STEPS;
use groove::learn::data::Piece;
use groove::model::encode::Kind;
use groove::{Drum, Hit, Step};

use super::comparison::is_beat;

/// Steps of a window: two bars of 4/4.
pub(crate) const WINDOW_STEPS: usize = 2 * STEPS;

/// Velocity of all hits of an input without dynamics.
const FLAT_VELOCITY: u8 = 100;

/// Two bars of a recorded beat in 4/4.
#[derive(Clone, Debug)]
pub(crate) struct TwoBarWindow {
    /// Style and tempo of the recording.
    pub kind: Kind,
    /// [`WINDOW_STEPS`] steps.
    pub steps: Vec<Step>,
}

/// Returns the windows of all beats in 4/4, in the order of the pieces. Each complete bar but the
/// last one begins a window; windows without a hit are left out.
pub(crate) fn windows(pieces: &[Piece]) -> Vec<TwoBarWindow> {
    let of_piece = |piece: &Piece| -> Vec<TwoBarWindow> {
        let starts = (0..piece.steps.len()).step_by(STEPS);
        let steps = starts.filter_map(|start| piece.steps.get(start..start + WINDOW_STEPS));
        let window = |steps: &[Step]| TwoBarWindow { kind: piece.kind, steps: steps.to_vec() };
        steps.filter(|steps| steps.iter().any(is_struck)).map(window).collect()
    };
    pieces.iter().filter(|piece| is_beat(piece, 0)).flat_map(of_piece).collect()
}

fn is_struck(step: &Step) -> bool {
    !step.drums().is_empty()
}

/// A task on windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WindowTask {
    /// The hits without velocity and timing are given; the drummer's are wanted.
    Humanise,
    /// The rhythm of all drums together is given; the drums are wanted.
    Tap,
}

impl WindowTask {
    /// Both tasks.
    pub(crate) const ALL: [WindowTask; 2] = [WindowTask::Humanise, WindowTask::Tap];

    /// Name of the task, and of the folder of its inputs and answers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            WindowTask::Humanise => "humanise",
            WindowTask::Tap => "tap",
        }
    }

    /// Returns the input of a window: its hits on the grid at one velocity, or for each step with
    /// hits one closed hat with velocity and offset of the loudest of them.
    pub(crate) fn input(self, window: &TwoBarWindow) -> Vec<Step> {
        let input = |step: &Step| {
            let mut made = Step::SILENT;
            match self {
                WindowTask::Humanise => step.drums().iter().for_each(|drum| {
                    made.set(drum, Some(Hit::plain(FLAT_VELOCITY, 0)));
                }),
                WindowTask::Tap => {
                    let loudest = step.hits().map(|(_, hit)| hit).max_by_key(|hit| hit.velocity);
                    let tap = |hit: Hit| Hit::plain(hit.velocity, hit.offset_ticks);
                    made.set(Drum::ClosedHat, loudest.map(tap));
                }
            }
            made
        };
        window.steps.iter().map(input).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use groove::Meter;
    use groove::learn::data::Split;

    /// A window at 125 bpm, at which a sixteenth takes 120 ms.
    pub(super) fn window(hits: &[(usize, Drum, u8, i8)]) -> TwoBarWindow {
        let mut steps = vec![Step::SILENT; WINDOW_STEPS];
        for &(step, drum, velocity, offset_ticks) in hits {
            steps[step].set(drum, Some(Hit::plain(velocity, offset_ticks)));
        }
        let meter = Meter::FOUR_FOUR;
        TwoBarWindow {
            kind: Kind { style: 3, blend: (0, 0.0), tempo: 125.0, meter, fill: false },
            steps,
        }
    }

    #[test]
    fn each_bar_but_the_last_begins_a_window() {
        let window = window(&[(0, Drum::Kick, 90, 0)]);
        let piece = |bars: usize, extra: usize, fill: bool| {
            let mut steps = vec![Step::SILENT; bars * STEPS + extra];
            steps.iter_mut().step_by(STEPS).for_each(|step| *step = window.steps[0]);
            let kind = Kind { fill, ..window.kind };
            Piece { steps, kind, split: Split::Validation }
        };
        assert_eq!(windows(&[piece(4, 1, false)]).len(), 3);
        assert!(windows(&[piece(4, 0, true), piece(1, 15, false)]).is_empty());
        let mut silent = piece(4, 0, false);
        silent.steps[..3 * STEPS].fill(Step::SILENT);
        let found = windows(&[silent]);
        assert_eq!(found.len(), 1, "two of three windows are silent");
        assert_eq!(found[0].steps[STEPS], window.steps[0]);
    }

    #[test]
    fn inputs_are_the_plain_score_and_the_rhythm_of_all_drums() {
        let window =
            window(&[(0, Drum::Kick, 90, 7), (0, Drum::Ride, 40, -9), (5, Drum::Snare, 20, 3)]);
        let score = WindowTask::Humanise.input(&window);
        let plain = Some(Hit::plain(FLAT_VELOCITY, 0));
        assert_eq!(score[0].hits().count(), 2);
        assert_eq!((score[0].hit(Drum::Ride), score[5].hit(Drum::Snare)), (plain, plain));
        let rhythm = WindowTask::Tap.input(&window);
        let struck: Vec<_> = rhythm.iter().flat_map(Step::hits).collect();
        let taps = [Hit::plain(90, 7), Hit::plain(20, 3)].map(|hit| (Drum::ClosedHat, hit));
        assert_eq!(struck, taps);
    }
}
