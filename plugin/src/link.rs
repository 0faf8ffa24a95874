//! Everything that crosses a thread: three bounded queues, a set of atomics, and what the worker
//! shows the window.
//!
//! Who may do what:
//!
//! - The **audio thread** owns [`AudioEnd`]. It pushes takes and requests, pops bars, and writes the
//!   position, the takes, the held drums, the counters and the bell. It never touches a lock: the
//!   two in [`Link`] are private, and no method of [`AudioEnd`] leads to them. What becomes of a
//!   block it tells with [`Link::tell`].
//! - The **worker** owns [`WorkerEnd`]. It pops requests, pushes bars, and writes the phrases and
//!   the state of the model. It reads the position in order to know which phrase to show.
//! - The **bell's thread**, see `bell`, takes the bell's ringing back, reads whether the
//!   song plays, and wakes the worker.
//! - The **window** and the **host's main thread** hold an `Arc<Link>`. The window reads
//!   [`Link::status`], [`Link::phrases`], [`Link::model`] and [`Link::notices`], and writes
//!   nothing.
//!
//! Each queue has one producer and one consumer, see [`crate::link::queue`]. Requests and bars are
//! `Copy`: whoever drops one frees nothing.
//!
//! What is asked for and what is played with it is not decided here.

pub mod notify;
pub mod queue;
mod sync;
mod takes_in_use;

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use groove::model::{Figures, Metadata};
pub use groove::take::Take;
use groove::{Bar, DrumSet, Meter};

use crate::link::notify::WorkerNotify;
use crate::link::queue::{Receiver, Sender, queue};
use crate::link::takes_in_use::SharedTakesInUse;
pub use crate::link::takes_in_use::TakesInUse;

/// Requests that can wait for the worker.
const REQUESTS: usize = 64;
/// Bars that can wait for the audio thread.
const ANSWERS: usize = 64;

/// Takes that can wait for the worker.
const TAKES: usize = 4;

/// What the audio thread asks for: one bar of one take, which it has sent before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarRequest {
    /// Number of the take, counted by the audio thread from 1.
    pub number: u32,
    /// The meter that the bar is to have.
    pub meter: Meter,
    /// The bar's place in the song; may be negative.
    pub bar: i64,
}

/// What the worker answers with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarAnswer {
    /// Number of the take that the bar belongs to.
    pub number: u32,
    /// The meter that was asked for.
    pub meter: Meter,
    /// The bar's place in the song.
    pub bar: i64,
    /// What is played in it. `None`: there is no model, or it failed at this bar.
    pub played: Option<Bar>,
}

/// What goes on, as the audio thread last saw it. Read from single atomics: two fields may be one
/// block apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Status {
    /// Whether the host plays and we play with it. `false`: the transport stands.
    pub following: bool,
    /// Quarter notes a minute.
    pub tempo: f64,
    /// Time signature.
    pub meter: Meter,
    /// Song position in quarter notes; may be negative.
    pub position: f64,
    /// Where the bar at the position starts, in quarter notes.
    pub bar_start: f64,
    /// Index of the bar at the position: 0 is the first of the song, may be negative.
    pub bar: i64,
    /// Index of the pattern's bar that is played there: another one in half and double time.
    pub source: i64,
    /// Where the take that waits is to begin, in quarter notes; of no meaning if none waits.
    pub launch: f64,
    /// Drums whose keys are held.
    pub held: DrumSet,
    /// Number of the take that plays, 0 before the first.
    pub playing: u32,
    /// Number of the newest take that will play from one of the next beats on, 0 if there is none.
    pub pending: u32,
    /// Bars that were not there in time, since the plugin was made. Another was played instead.
    pub late: u32,
    /// Notes that the host did not take, since the plugin was made.
    pub refused: u32,
}

/// A phrase of a take, as it is played.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrase {
    /// Number of the take.
    pub number: u32,
    /// The take.
    pub take: Take,
    /// Index of the first bar: a multiple of the bars in a phrase of the take, may be negative.
    pub first_bar: i64,
    /// The bars of the pattern, in their meter: as many as the take's phrases have.
    pub bars: Vec<Bar>,
    /// The first bar of the phrase after it.
    pub next: Bar,
}

/// What the window draws: written by the worker whenever one of the two changes.
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    /// The phrase at the song position, of the take that plays. While the transport stands: what
    /// would play.
    pub playing: Option<Arc<Phrase>>,
    /// The same phrase of the take that waits for a beat.
    pub pending: Option<Arc<Phrase>>,
}

/// Where the model is.
#[derive(Clone, Debug, Default)]
pub enum ModelState {
    /// Not read yet.
    #[default]
    Loading,
    /// It can play; its header has name, data and held-out figures.
    Ready(Arc<Metadata>),
    /// There is none, and this sentence says why.
    Missing(String),
}

/// What can break while playing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The audio half failed: the plugin is silent until the host activates it again.
    Engine,
    /// The worker failed at a bar and went on.
    Worker,
}

impl Fault {
    const ALL: [Fault; 2] = [Fault::Engine, Fault::Worker];

    const fn bit(self) -> u32 {
        1 << self as u32
    }

    const fn sentence(self) -> &'static str {
        match self {
            Fault::Engine => {
                "The player failed and is silent. Switch the plugin off and on to start it again."
            }
            Fault::Worker => "The drummer failed at a bar; another is repeated in its place.",
        }
    }
}

/// What the threads share. See the top of this module for who may call what.
#[derive(Debug)]
pub struct Link {
    following: AtomicBool,
    tempo: AtomicU64,
    meter: AtomicU32,
    position: AtomicU64,
    bar_start: AtomicU64,
    bar: AtomicI64,
    source: AtomicI64,
    launch: AtomicU64,
    held: AtomicU32,
    /// The worker has something to do: rung by the audio thread, passed on by the bell's thread.
    worker_notify: WorkerNotify,
    takes: SharedTakesInUse,
    late: AtomicU32,
    refused: AtomicU32,
    /// Notes that the host took.
    sent: AtomicU32,
    /// It plays while the host stands.
    free_running: AtomicBool,
    /// Bits of [`Fault`]; set by audio thread and worker, read by the window.
    faults: AtomicU32,
    phrases: Mutex<Phrases>,
    model: Mutex<ModelState>,
}

impl Link {
    fn new() -> Self {
        Link {
            following: AtomicBool::new(false),
            tempo: AtomicU64::new(120f64.to_bits()),
            meter: AtomicU32::new(pack_meter(Meter::FOUR_FOUR)),
            position: AtomicU64::new(0f64.to_bits()),
            bar_start: AtomicU64::new(0f64.to_bits()),
            bar: AtomicI64::new(0),
            source: AtomicI64::new(0),
            launch: AtomicU64::new(0f64.to_bits()),
            held: AtomicU32::new(0),
            worker_notify: WorkerNotify::default(),
            takes: SharedTakesInUse::default(),
            late: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            sent: AtomicU32::new(0),
            free_running: AtomicBool::new(false),
            faults: AtomicU32::new(0),
            phrases: Mutex::default(),
            model: Mutex::default(),
        }
    }

    /// The takes in use. For the worker; takes no lock.
    #[must_use]
    pub fn takes_in_use(&self) -> TakesInUse {
        self.takes.load()
    }

    /// What wakes the worker and ends it. See there who may call what.
    #[must_use]
    pub fn worker_notify(&self) -> &WorkerNotify {
        &self.worker_notify
    }

    /// Whether the host plays and we play with it. For the bell's thread; takes no lock.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.following.load(Ordering::Relaxed)
    }

    /// Tells what became of a block: how many notes the host took, and whether it was played while
    /// the host stands. For the audio thread; takes no lock.
    pub fn report_block(&self, sent: u32, free_running: bool) {
        if sent > 0 {
            self.sent.fetch_add(sent, Ordering::Relaxed);
        }
        self.free_running.store(free_running, Ordering::Relaxed);
    }

    /// Notes that the host took, since the plugin was made; the count may begin anew. For the
    /// window.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Whether it plays while the host stands. For the window.
    #[must_use]
    pub fn is_free_running(&self) -> bool {
        self.free_running.load(Ordering::Relaxed)
    }

    /// What goes on. For the window and the worker; takes no lock.
    #[must_use]
    pub fn status(&self) -> Status {
        let takes = self.takes_in_use();
        Status {
            following: self.following.load(Ordering::Relaxed),
            tempo: f64::from_bits(self.tempo.load(Ordering::Relaxed)),
            meter: unpack_meter(self.meter.load(Ordering::Relaxed)),
            position: f64::from_bits(self.position.load(Ordering::Relaxed)),
            bar_start: f64::from_bits(self.bar_start.load(Ordering::Relaxed)),
            bar: self.bar.load(Ordering::Relaxed),
            source: self.source.load(Ordering::Relaxed),
            launch: f64::from_bits(self.launch.load(Ordering::Relaxed)),
            held: drums(self.held.load(Ordering::Relaxed)),
            playing: takes.playing,
            pending: if takes.asked == 0 { takes.ready } else { takes.asked },
            late: self.late.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// The phrases to draw. For the window: cloning costs two reference counts.
    #[must_use]
    pub fn phrases(&self) -> Phrases {
        unpoisoned(&self.phrases).clone()
    }

    /// Where the model is. For the window.
    #[must_use]
    pub fn model(&self) -> ModelState {
        unpoisoned(&self.model).clone()
    }

    /// Sentences about what went wrong, for the window; empty when all is well.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let faults = self.faults.load(Ordering::Relaxed);
        let mut notices: Vec<String> = Fault::ALL
            .into_iter()
            .filter(|fault| faults & fault.bit() != 0)
            .map(|fault| fault.sentence().into())
            .collect();
        if let ModelState::Missing(why) = &*unpoisoned(&self.model) {
            notices.push(why.clone());
        }
        notices
    }

    /// Tells the window where the model is. For the worker, and for the host's main thread where
    /// there is no worker.
    pub fn set_model(&self, state: ModelState) {
        *unpoisoned(&self.model) = state;
    }

    /// Whether this fault was raised and not cleared.
    #[must_use]
    pub fn has_fault(&self, fault: Fault) -> bool {
        self.faults.load(Ordering::Relaxed) & fault.bit() != 0
    }

    /// Marks a fault. For audio thread and worker; takes no lock.
    pub fn raise(&self, fault: Fault) {
        self.faults.fetch_or(fault.bit(), Ordering::Relaxed);
    }

    /// Takes a fault back. For the host's main thread, when it starts the failed half again.
    pub fn clear(&self, fault: Fault) {
        self.faults.fetch_and(!fault.bit(), Ordering::Relaxed);
    }
}

/// The audio thread's side.
#[derive(Debug)]
pub struct AudioEnd {
    /// Takes by number, each once and before the first request for it.
    pub takes: Sender<(u32, Take)>,
    /// Requests to the worker.
    pub requests: Sender<BarRequest>,
    /// Bars from the worker.
    pub answers: Receiver<BarAnswer>,
    link: Arc<Link>,
}

impl AudioEnd {
    /// Publishes which takes are in use, as soon as that changes: the worker passes over requests
    /// for others.
    pub fn set_takes_in_use(&self, takes: TakesInUse) {
        if self.link.takes_in_use() == takes {
            return;
        }
        self.link.takes.store(takes);
        self.notify_worker();
    }

    /// Asks the worker for a bar, and says whether it could: not when it has too much to do.
    pub fn request(&mut self, request: BarRequest) -> bool {
        let asked = self.requests.push(request).is_ok();
        if asked {
            self.notify_worker();
        }
        asked
    }

    /// Says that the worker has something to do: it is woken in a moment. No system call.
    fn notify_worker(&self) {
        self.link.worker_notify.notify();
    }

    /// Publishes what goes on, once a block. The takes are not part of it.
    pub fn publish(&self, status: &Status) {
        let link = &*self.link;
        let moves = link.source.load(Ordering::Relaxed) != status.source
            || link.meter.load(Ordering::Relaxed) != pack_meter(status.meter);
        link.following.store(status.following, Ordering::Relaxed);
        link.tempo.store(status.tempo.to_bits(), Ordering::Relaxed);
        link.meter.store(pack_meter(status.meter), Ordering::Relaxed);
        link.position.store(status.position.to_bits(), Ordering::Relaxed);
        link.bar_start.store(status.bar_start.to_bits(), Ordering::Relaxed);
        link.bar.store(status.bar, Ordering::Relaxed);
        link.source.store(status.source, Ordering::Relaxed);
        link.launch.store(status.launch.to_bits(), Ordering::Relaxed);
        link.held.store(u32::from(status.held.bits()), Ordering::Relaxed);
        link.late.store(status.late, Ordering::Relaxed);
        link.refused.store(status.refused, Ordering::Relaxed);
        if moves {
            self.notify_worker();
        }
    }

    /// Publishes where the song is in a block in which nothing else has changed and no take waits.
    pub fn move_to(&self, position: f64) {
        self.link.position.store(position.to_bits(), Ordering::Relaxed);
        self.link.launch.store(position.to_bits(), Ordering::Relaxed);
    }

    /// Marks a fault.
    pub fn raise(&self, fault: Fault) {
        self.link.raise(fault);
    }

    /// As [`WorkerNotify::wake`].
    pub fn wake(&self) {
        self.link.worker_notify.wake();
    }
}

/// The worker's side.
#[derive(Debug)]
pub struct WorkerEnd {
    /// Takes by number from the audio thread.
    pub new_takes: Receiver<(u32, Take)>,
    /// Requests from the audio thread.
    pub requests: Receiver<BarRequest>,
    /// Bars to the audio thread.
    pub answers: Sender<BarAnswer>,
    link: Arc<Link>,
}

impl WorkerEnd {
    /// What goes on.
    #[must_use]
    pub fn status(&self) -> Status {
        self.link.status()
    }

    /// The takes in use.
    #[must_use]
    pub fn takes_in_use(&self) -> TakesInUse {
        self.link.takes_in_use()
    }

    /// What the threads share.
    #[must_use]
    pub fn link(&self) -> Arc<Link> {
        Arc::clone(&self.link)
    }

    /// Gives the window other phrases to draw.
    pub fn show(&self, phrases: Phrases) {
        *unpoisoned(&self.link.phrases) = phrases;
    }

    /// Tells the window where the model is.
    pub fn set_model(&self, state: ModelState) {
        self.link.set_model(state);
    }

    /// Marks a fault.
    pub fn raise(&self, fault: Fault) {
        self.link.raise(fault);
    }
}

/// A new link: each end moves to its one owner.
#[must_use]
pub fn link() -> (AudioEnd, WorkerEnd, Arc<Link>) {
    let link = Arc::new(Link::new());
    let (tell, told) = queue(TAKES);
    let (ask, asked) = queue(REQUESTS);
    let (answer, answered) = queue(ANSWERS);
    (
        AudioEnd { takes: tell, requests: ask, answers: answered, link: Arc::clone(&link) },
        WorkerEnd { new_takes: told, requests: asked, answers: answer, link: Arc::clone(&link) },
        link,
    )
}

/// Window and worker go on with what a panicked thread left: every write is of a whole value.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn pack_meter(meter: Meter) -> u32 {
    (meter.numerator as u32) << 8 | meter.denominator as u32
}

fn unpack_meter(bits: u32) -> Meter {
    let [.., numerator, denominator] = bits.to_be_bytes();
    Meter::new(numerator.into(), denominator.into())
}

fn drums(bits: u32) -> DrumSet {
    DrumSet::from_bits(u16::try_from(bits).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_arrives_as_it_was_published() {
        let (audio, worker, link) = link();
        let status = Status {
            following: true,
            tempo: 97.5,
            meter: Meter::new(7, 8),
            position: -3.25,
            bar_start: -3.5,
            bar: -1,
            source: -2,
            launch: 2.5,
            held: DrumSet::from_bits(0x101),
            playing: 3,
            pending: 4,
            late: 5,
            refused: 6,
        };
        audio.publish(&status);
        audio.set_takes_in_use(TakesInUse { playing: 3, ready: 4, asked: 0 });
        assert_eq!(link.status(), status);
        assert_eq!(worker.status(), status);
    }

    #[test]
    fn a_fault_is_a_sentence_until_it_is_cleared() {
        let (audio, worker, link) = link();
        assert!(link.notices().is_empty());
        audio.raise(Fault::Engine);
        worker.set_model(ModelState::Missing("There is no model.".into()));
        assert_eq!(link.notices().len(), 2);
        link.clear(Fault::Engine);
        assert_eq!(link.notices(), ["There is no model."]);
    }
}
