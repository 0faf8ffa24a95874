//! Communication between threads: six bounded queues, a set of atomics, the worker's mailbox, and
//! the phrases that the worker shows the window.
//!
//! Access by thread:
//!
//! - The **audio thread** owns [`AudioEnd`]. It pushes takes and requests, pops bars, returns bars
//!   that it needs no longer, and writes the position, the takes in use, the held drums, the
//!   counters and the worker's notification. It takes no lock: those in [`Link`] are private, and no
//!   method of [`AudioEnd`] reaches them. It reports each block with [`Link::report_block`].
//! - The **worker** owns [`WorkerEnd`]. It pops requests, pushes bars, and writes the phrases and
//!   the state of the model. It reads the position to decide which phrase to show.
//! - The **waker thread** ([`crate::worker`]) delivers notifications and reads whether the song
//!   plays.
//! - The **window** and the **host's main thread** hold an `Arc<Link>`. The window reads
//!   [`Link::status`], [`Link::phrases`], [`Link::model`] and [`Link::notices`], and sends commands
//!   to [`Link::mailbox`].
//! - The **learning thread** of the worker writes [`Link::learning`], which the window reads.
//!
//! Each queue has one producer and one consumer, see [`crate::link::queue`]. Bars own memory, so the
//! audio thread drops none: it returns them to the worker. All other items are `Copy`.

pub mod controllers;
pub mod drum_outputs;
pub mod learning;
pub mod mailbox;
pub mod messages;
pub mod midi_clock;
pub mod notify;
pub mod own_transport;
pub mod performance;
pub mod queue;
pub mod switch;
mod sync;
mod takes_in_use;

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use groove::take::Primer;
use groove::{DrumSet, Meter, StoredBar};

use crate::link::controllers::Controllers;
use crate::link::learning::Learning;
use crate::link::mailbox::{Mailbox, unpoisoned};
pub use crate::link::messages::{
    BarAnswer, BarRequest, Fault, Figures, Metadata, ModelState, Phrase, Phrases, SongEvent,
    Status, Take,
};
use crate::link::notify::WorkerNotify;
use crate::link::own_transport::OwnTransport;
use crate::link::performance::PerformedActs;
use crate::link::queue::{Receiver, Sender, queue};
pub use crate::link::switch::ListenSwitch;
use crate::link::takes_in_use::SharedTakesInUse;
pub use crate::link::takes_in_use::TakesInUse;

/// Capacity of the request queue.
const REQUESTS: usize = 64;
/// Capacity of the queue of bars.
const ANSWERS: usize = 64;
/// Capacity of the queue of returned bars. The worker empties it before each answer, and until then
/// the audio thread returns at most one bar for each queued answer.
const RETURNS: usize = ANSWERS + 2;

/// Capacity of the queue of takes.
const TAKES: usize = 4;

/// Capacity of the queue of recorded primers.
const PRIMERS: usize = 4;

/// Capacity of the queue of what was heard of the band and done on stage.
const SONG_EVENTS: usize = 2_048;

/// State shared between threads. See the module documentation for who may call which method.
#[derive(Debug, Default)]
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
    /// Work for the worker: set by the audio thread, delivered by the waker thread.
    worker_notify: WorkerNotify,
    takes: SharedTakesInUse,
    late: AtomicU32,
    refused: AtomicU32,
    /// Notes that the host accepted.
    sent: AtomicU32,
    /// The plugin plays while the host is stopped.
    free_running: AtomicBool,
    listening: ListenSwitch,
    /// The instance is a note effect.
    notes_only: AtomicBool,
    performance: PerformedActs,
    /// Bits of [`Fault`]; set by audio thread and worker, read by the window.
    faults: AtomicU32,
    phrases: Mutex<Phrases>,
    model: Mutex<ModelState>,
    mailbox: Mailbox,
    controllers: Controllers,
    own_transport: OwnTransport,
    learning: Learning,
}

impl Link {
    /// Returns the takes in use. Lock-free; for the worker.
    #[must_use]
    pub fn takes_in_use(&self) -> TakesInUse {
        self.takes.load()
    }

    /// Returns the notification that wakes and stops the worker.
    #[must_use]
    pub fn worker_notify(&self) -> &WorkerNotify {
        &self.worker_notify
    }

    /// Returns the flag of a note effect, whose kit is silent; set before the first activation.
    #[must_use]
    pub fn notes_only(&self) -> &AtomicBool {
        &self.notes_only
    }

    /// Returns the MIDI controllers; each of their methods says which thread calls it.
    #[must_use]
    pub fn controllers(&self) -> &Controllers {
        &self.controllers
    }

    /// Returns the transport of the standalone program.
    #[must_use]
    pub fn own_transport(&self) -> &OwnTransport {
        &self.own_transport
    }

    /// Returns the worker's mailbox. For window and worker.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Returns the learning of a style. For window and worker.
    #[must_use]
    pub fn learning(&self) -> &Learning {
        &self.learning
    }

    /// Returns `true` while the plugin follows a playing transport. Lock-free; for the waker
    /// thread.
    #[must_use]
    pub fn is_following(&self) -> bool {
        self.following.load(Ordering::Relaxed)
    }

    /// Reports a block: the notes that the host accepted, and whether the plugin played while the
    /// host was stopped. Lock-free; for the audio thread.
    pub fn report_block(&self, sent: u32, free_running: bool) {
        if sent > 0 {
            self.sent.fetch_add(sent, Ordering::Relaxed);
        }
        self.free_running.store(free_running, Ordering::Relaxed);
    }

    /// Returns the notes accepted by the host since the instance was created; wraps. For the
    /// window.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Returns the switch of listening to the band.
    #[must_use]
    pub fn listening(&self) -> &ListenSwitch {
        &self.listening
    }

    /// Returns what was done on stage.
    #[must_use]
    pub fn performance(&self) -> &PerformedActs {
        &self.performance
    }

    /// Returns `true` while the plugin plays although the host is stopped. For the window.
    #[must_use]
    pub fn is_free_running(&self) -> bool {
        self.free_running.load(Ordering::Relaxed)
    }

    /// Returns the playback status. Lock-free; for the window and the worker.
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

    /// Returns the phrases to draw. For the window; clones two reference counts.
    #[must_use]
    pub fn phrases(&self) -> Phrases {
        unpoisoned(&self.phrases).clone()
    }

    /// Returns the state of the model. For the window.
    #[must_use]
    pub fn model(&self) -> ModelState {
        unpoisoned(&self.model).clone()
    }

    /// Returns messages about current faults, for the window; empty if there are none.
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

    /// Sets the phrases that the window draws. For the worker.
    pub fn show(&self, phrases: Phrases) {
        *unpoisoned(&self.phrases) = phrases;
    }

    /// Sets the state of the model. For the worker, and for the host's main thread if there is no
    /// worker.
    pub fn set_model(&self, state: ModelState) {
        *unpoisoned(&self.model) = state;
    }

    /// Returns `true` if a fault was raised and not cleared.
    #[must_use]
    pub fn has_fault(&self, fault: Fault) -> bool {
        self.faults.load(Ordering::Relaxed) & fault.bit() != 0
    }

    /// Raises a fault. Lock-free; for audio thread and worker.
    pub fn raise(&self, fault: Fault) {
        self.faults.fetch_or(fault.bit(), Ordering::Relaxed);
    }

    /// Clears a fault. For the host's main thread, when it restarts the failed half.
    pub fn clear(&self, fault: Fault) {
        self.faults.fetch_and(!fault.bit(), Ordering::Relaxed);
    }
}

/// The audio thread's end.
#[derive(Debug)]
pub struct AudioEnd {
    /// Takes by number, each sent once and before the first request for it.
    pub takes: Sender<(u32, Take)>,
    /// Requests to the worker.
    pub requests: Sender<BarRequest>,
    /// Bars from the worker.
    pub answers: Receiver<BarAnswer>,
    /// Bars that the worker frees.
    pub returns: Sender<StoredBar>,
    /// Recorded primers and the version of the project's primer that they follow.
    primers: Sender<(u32, Primer)>,
    song_events: Sender<SongEvent>,
    link: Arc<Link>,
}

impl AudioEnd {
    /// Publishes the takes in use if they changed; the worker drops requests for others.
    pub fn set_takes_in_use(&self, takes: TakesInUse) {
        if self.link.takes_in_use() == takes {
            return;
        }
        self.link.takes.store(takes);
        self.notify_worker();
    }

    /// Requests a bar from the worker. Returns `false` if the queue is full.
    pub fn request(&mut self, request: BarRequest) -> bool {
        let accepted = self.requests.push(request).is_ok();
        if accepted {
            self.notify_worker();
        }
        accepted
    }

    /// Sends a recorded primer and the version of the project's primer that it follows. Returns
    /// `false` if the queue is full.
    pub fn record_primer(&mut self, version: u32, primer: Primer) -> bool {
        let accepted = self.primers.push((version, primer)).is_ok();
        if accepted {
            self.notify_worker();
        }
        accepted
    }

    /// Returns the switch of listening to the band.
    pub fn listening(&self) -> &ListenSwitch {
        &self.link.listening
    }

    /// Returns what was done on stage.
    pub fn performance(&self) -> &PerformedActs {
        &self.link.performance
    }

    /// Passes on something that was heard or done. Returns `false` if the queue is full.
    pub fn pass_on(&mut self, event: SongEvent) -> bool {
        let accepted = self.song_events.push(event).is_ok();
        if !accepted || event.is_urgent() {
            self.notify_worker();
        }
        accepted
    }

    /// Notifies the worker without a system call.
    fn notify_worker(&self) {
        self.link.worker_notify.notify();
    }

    /// Publishes the status, once per block. The takes in use are published separately.
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

    /// Publishes the position of a block in which nothing else changes and no take waits.
    pub fn move_to(&self, position: f64) {
        self.link.position.store(position.to_bits(), Ordering::Relaxed);
        self.link.launch.store(position.to_bits(), Ordering::Relaxed);
    }

    /// Raises a fault.
    pub fn raise(&self, fault: Fault) {
        self.link.raise(fault);
    }

    /// Calls [`WorkerNotify::wake`].
    pub fn wake(&self) {
        self.link.worker_notify.wake();
    }
}

/// The worker's end.
#[derive(Debug)]
pub struct WorkerEnd {
    /// Takes by number from the audio thread.
    pub new_takes: Receiver<(u32, Take)>,
    /// Requests from the audio thread.
    pub requests: Receiver<BarRequest>,
    /// Bars to the audio thread.
    pub answers: Sender<BarAnswer>,
    /// Bars that the audio thread needs no longer.
    pub returns: Receiver<StoredBar>,
    /// Recorded primers from the audio thread.
    pub primers: Receiver<(u32, Primer)>,
    /// The band as it was heard, and what was done on stage.
    pub song_events: Receiver<SongEvent>,
    /// The state shared between threads.
    pub link: Arc<Link>,
}

/// Creates a link. Each end moves to its only owner.
#[must_use]
pub fn link() -> (AudioEnd, WorkerEnd, Arc<Link>) {
    link_with(OwnTransport::default())
}

/// Creates a link of a program with this transport.
pub(crate) fn link_with(own_transport: OwnTransport) -> (AudioEnd, WorkerEnd, Arc<Link>) {
    let link = Arc::new(Link { own_transport, ..Link::default() });
    link.tempo.store(120f64.to_bits(), Ordering::Relaxed);
    link.meter.store(pack_meter(Meter::FOUR_FOUR), Ordering::Relaxed);
    let (takes_in, takes_out) = queue(TAKES);
    let (requests_in, requests_out) = queue(REQUESTS);
    let (answers_in, answers_out) = queue(ANSWERS);
    let (returns_in, returns_out) = queue(RETURNS);
    let (primers_in, primers_out) = queue(PRIMERS);
    let (events_in, events_out) = queue(SONG_EVENTS);
    (
        AudioEnd {
            takes: takes_in,
            requests: requests_in,
            answers: answers_out,
            returns: returns_in,
            primers: primers_in,
            song_events: events_in,
            link: Arc::clone(&link),
        },
        WorkerEnd {
            new_takes: takes_out,
            requests: requests_out,
            answers: answers_in,
            returns: returns_out,
            primers: primers_out,
            song_events: events_out,
            link: Arc::clone(&link),
        },
        link,
    )
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
mod tests;
