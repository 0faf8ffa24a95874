//! Mailbox of the worker: the window's commands and the result of the last one. The audio thread
//! does not use it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use groove::generate::humanise::DEFAULT_AMOUNT;
use groove::pattern::midi::Clip;
use groove::take::Take;
use groove::{Bar, Meter};

/// Material of a style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LearningSource {
    /// MIDI files and folders of them.
    Files(Vec<PathBuf>),
    /// The bars played on the keys.
    Played,
}

/// A command from the window to the worker.
#[derive(Clone, Debug, PartialEq)]
pub enum WorkerCommand {
    /// Plays with a model file; `None` is the built-in model.
    ChooseModel(Option<PathBuf>),
    /// Copies a model file into the user's folder and plays with it.
    ImportModel(PathBuf),
    /// Generates bars of the playing take ahead of the song: meter, first bar and count.
    PlayAhead(Box<Take>, Meter, i64, u16),
    /// Learns a style, as a job of [`Learning`](super::learning::Learning) with this number.
    Learn(u32, LearningSource),
    /// Stores the learned style in the user's folder and plays with its model.
    KeepStyle,
    /// Removes an own style, by number, from the model of the current take.
    Unlearn(u8),
    /// Writes the model of the current take to a file.
    ExportModel(PathBuf),
    /// Generates bars of the playing take for a clip of the song: meter, first bar and count.
    PlaySong(Box<Take>, Meter, i64, u16),
    /// Humanises a clip in the style of a take by an amount from 0 to 1, and pins the result. The
    /// text is reported with it.
    Humanise(Clip, Box<Take>, f32, String),
}

/// Consecutive bars of a take, for a clip of the song.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayedSong {
    /// The take.
    pub take: Take,
    /// Meter of the bars.
    pub meter: Meter,
    /// Index of the first bar.
    pub first: i64,
    /// The bars.
    pub bars: Vec<Bar>,
}

impl PlayedSong {
    /// Returns a bar of a take, if it is among these.
    #[must_use]
    pub fn bar(&self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        let place = usize::try_from(bar.checked_sub(self.first)?).ok()?;
        let is_same = self.meter == meter && self.take == *take;
        self.bars.get(place).copied().filter(|_| is_same)
    }
}

/// Commands in order, the report of the last one, and the amount of humanising.
#[derive(Debug)]
pub struct Mailbox {
    /// Percent. Written and read by the window; it is here to outlive a closed window.
    amount: AtomicU8,
    commands: Mutex<VecDeque<WorkerCommand>>,
    report: Mutex<Option<Result<String, String>>>,
    /// Written by the worker, read by the window.
    song: Mutex<Option<Arc<PlayedSong>>>,
}

impl Default for Mailbox {
    fn default() -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
        let amount = AtomicU8::new((100.0 * DEFAULT_AMOUNT) as u8);
        let (commands, report, song) = (Mutex::default(), Mutex::default(), Mutex::default());
        Mailbox { amount, commands, report, song }
    }
}

impl Mailbox {
    /// Returns the amount of humanising in percent. For the window.
    #[must_use]
    pub fn amount(&self) -> u8 {
        self.amount.load(Ordering::Relaxed)
    }

    /// Sets the amount of humanising in percent, at most 100. For the window.
    pub fn set_amount(&self, percent: u8) {
        self.amount.store(percent.min(100), Ordering::Relaxed);
    }

    /// Queues a command. The caller must wake the worker.
    pub fn send(&self, command: WorkerCommand) {
        unpoisoned(&self.commands).push_back(command);
    }

    /// Returns `true` if a command is queued. For the worker.
    #[must_use]
    pub fn has_command(&self) -> bool {
        !unpoisoned(&self.commands).is_empty()
    }

    /// Returns the next command. For the worker.
    #[must_use]
    pub fn next_command(&self) -> Option<WorkerCommand> {
        unpoisoned(&self.commands).pop_front()
    }

    /// Reports the result of a command, as a message either way.
    pub fn report(&self, report: Result<String, String>) {
        *unpoisoned(&self.report) = Some(report);
    }

    /// Returns the result of the last command, once. For the window.
    #[must_use]
    pub fn take_report(&self) -> Option<Result<String, String>> {
        unpoisoned(&self.report).take()
    }

    /// Delivers the bars of a song. For the worker.
    pub fn set_song(&self, song: Arc<PlayedSong>) {
        *unpoisoned(&self.song) = Some(song);
    }

    /// Returns the bars of the last song. For the window.
    #[must_use]
    pub fn song(&self) -> Option<Arc<PlayedSong>> {
        unpoisoned(&self.song).clone()
    }

    /// Returns `true` if a result is unread. For the window's watcher.
    #[must_use]
    pub fn has_report(&self) -> bool {
        unpoisoned(&self.report).is_some()
    }
}

/// Locks a mutex even after a panic: every write replaces a whole value.
pub(super) fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
