//! Indicators of playback: note activity, playhead, warnings that disappear after a while, and the
//! greeting.

use std::time::Duration;

use egui::Context;

use crate::link::Status;
use crate::link::midi_clock::ClockState;
use crate::link::own_transport::OwnTransport;

/// Returns what the standalone program lacks.
pub(crate) fn lack(own: &OwnTransport) -> Option<&'static str> {
    let lost = own.clock.follows.is_on() && own.clock.state() == ClockState::Lost;
    let silent = "No sound card answers, so nothing is heard and no MIDI arrives. Connect or free \
                  one, or start JACK, then start the program again.";
    let lost = lost.then_some(
        "The MIDI clock has stopped coming, so the drummer rests. Start the song at its sender \
         again.",
    );
    own.is_silent().then_some(silent).or(lost)
}

/// Returns the message in a user's first window; none if the lack of sound has to be said instead.
pub(crate) fn greeting(own: &OwnTransport) -> Option<&'static str> {
    if own.is_silent() {
        return None;
    }
    Some(if own.is_present() {
        "New here? Press ▶ or the space bar, step through the presets with ‹ and ›, and drag the \
         pad. The ? above has all gestures."
    } else {
        "New here? Press play in your DAW, step through the presets with ‹ and ›, and drag the \
         pad. The ? above has all gestures."
    })
}

/// The light that flashes when the host accepts notes.
#[derive(Default)]
pub(crate) struct ActivityLight {
    /// Accepted notes at the last frame.
    sent: Option<u32>,
    /// Time of the last accepted note, in seconds.
    at: Option<f64>,
}

impl ActivityLight {
    /// Fade-out time, in seconds.
    const FADE: f64 = 0.18;

    /// Returns the brightness, 0 to 1. It fades above 0.
    pub(crate) fn brightness(&mut self, now: f64, sent: u32) -> f32 {
        if self.sent.replace(sent).is_some_and(|before| before != sent) {
            self.at = Some(now);
        }
        let Some(at) = self.at else { return 0.0 };
        let left = 1.0 - (now - at) / Self::FADE;
        if left <= 0.0 {
            self.at = None;
            return 0.0;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a share")]
        let bright = left.min(1.0) as f32;
        bright
    }
}

/// Interpolates the song position between blocks: the audio thread publishes its position once per
/// block, and the playhead advances from there at the song's tempo.
#[derive(Default)]
pub(crate) struct Playhead {
    /// Last published position in quarter notes, and when it was first seen, in seconds.
    published: f64,
    at: f64,
    /// Last drawn position, in quarter notes.
    drawn: f64,
}

impl Playhead {
    /// Longest interpolation without a new block, in seconds.
    const MAX_INTERPOLATION: f64 = 0.1;
    /// Largest lateness of a block that does not move the playhead back, in seconds.
    const MAX_LATENESS: f64 = 0.05;

    pub(crate) fn position(&mut self, status: &Status, now: f64) -> f64 {
        if status.position != self.published {
            self.published = status.position;
            self.at = now;
        }
        let beats = |seconds: f64| seconds * status.tempo / 60.0;
        let ahead = (now - self.at).clamp(0.0, Self::MAX_INTERPOLATION);
        let here = self.published + beats(ahead);
        let behind = self.drawn - here;
        if !(0.0..beats(Self::MAX_LATENESS)).contains(&behind) {
            self.drawn = here;
        }
        self.drawn
    }
}

/// A value that disappears at a time, in seconds.
#[derive(Debug)]
pub(crate) struct Expiring<T>(Option<(T, f64)>);

impl<T> Default for Expiring<T> {
    fn default() -> Self {
        Expiring(None)
    }
}

impl<T> Expiring<T> {
    pub(crate) fn set(&mut self, value: T, until: f64) {
        self.0 = Some((value, until));
    }

    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }

    /// Returns the value until it expires; requests a repaint for that time.
    pub(crate) fn current(&mut self, context: &Context, now: f64) -> Option<&T> {
        self.0.take_if(|(_, until)| now >= *until);
        let (value, until) = self.0.as_ref()?;
        context.request_repaint_after(Duration::from_secs_f64((until - now).max(0.0)));
        Some(value)
    }
}

/// Warnings that disappear after a while.
pub(crate) struct TransientWarnings {
    late: u32,
    refused: u32,
    /// Time at which free run started, in seconds.
    started: Option<f64>,
    warning: Expiring<&'static str>,
}

impl TransientWarnings {
    /// Duration of a warning, in seconds.
    const SHOWN: f64 = 4.0;

    /// Time after the start of free run in which late bars are no news, in seconds.
    const START: f64 = 1.0;

    pub(crate) fn since(status: &Status) -> Self {
        TransientWarnings {
            late: status.late,
            refused: status.refused,
            started: None,
            warning: Expiring::default(),
        }
    }

    pub(crate) fn current(
        &mut self,
        context: &Context,
        now: f64,
        free_running: bool,
        status: &Status,
    ) -> Option<&'static str> {
        self.started = free_running.then(|| self.started.unwrap_or(now));
        let starting = self.started.is_some_and(|started| now - started < Self::START);
        if status.refused != self.refused {
            self.warning.set("The host did not accept all notes.", now + Self::SHOWN);
        } else if status.late != self.late && !starting {
            let text = "A bar was not ready in time: another bar played instead.";
            self.warning.set(text, now + Self::SHOWN);
        }
        (self.late, self.refused) = (status.late, status.refused);
        self.warning.current(context, now).copied()
    }
}
