//! Worker thread of an instance. It runs the model: answers requests for bars, prepares the phrase
//! for the window, and runs the window's commands. It starts with the first activation and ends
//! with the instance.
//!
//! It parks until it is woken: by the waker thread in real time, by the audio thread only while
//! that may wait.

mod commands;
mod learning;
mod player;
mod waker;
mod work_scheduler;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use groove::take::chart::Listened;
use groove::take::stage::Stage;
use groove::take::{Primer, Take};
use groove::{Bar, Meter, StoredBar};

use crate::link::mailbox::PlayedSong;
use crate::link::{
    BarAnswer, BarRequest, Fault, Link, ModelState, Phrase, Phrases, SongEvent, Status, WorkerEnd,
};
use crate::project::models::ModelFile;
use crate::project::store::ProjectStore;
use crate::worker::learning::LearningThread;
use crate::worker::work_scheduler::{AheadWork, UrgentWork, wake_next};

pub use self::player::{ModelPlayer, PlayFn};
use self::waker::WakerRegistration;

/// Interval between retries while nothing takes the worker's answers.
const RETRY_INTERVAL: Duration = Duration::from_millis(30);

/// Number of takes that the worker keeps, to show their phrases.
const MAX_TAKES: usize = 8;

/// A running worker. Dropping it stops and joins the thread.
#[derive(Debug)]
pub struct Worker {
    link: Arc<Link>,
    thread: Option<JoinHandle<()>>,
    /// Dropped after the thread has ended.
    _waker: WakerRegistration,
}

impl Worker {
    /// Starts the thread. `load` runs on it with the identity of a take's model, whenever that
    /// changes and after every failure.
    ///
    /// # Errors
    /// Returns the system's error if it provides no thread.
    pub fn start(
        end: WorkerEnd,
        store: Arc<ProjectStore>,
        load: impl Fn(u64, &ProjectStore) -> Result<ModelPlayer, String> + Send + 'static,
    ) -> std::io::Result<Self> {
        let link = Arc::clone(&end.link);
        let waker = WakerRegistration::new(Arc::clone(&link))?;
        let thread = thread::Builder::new()
            .name("deep-pocket".into())
            .spawn(move || WorkerLoop::new(end, store, &load).run())?;
        Ok(Worker { link, thread: Some(thread), _waker: waker })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.link.worker_notify().stop();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread catches its own panics.
            let _ = thread.join();
        }
    }
}

/// Identity of a phrase shown in the window.
#[derive(Clone, Copy, Debug, PartialEq)]
struct PhraseKey {
    number: u32,
    meter: Meter,
    first_bar: i64,
}

/// A player and the model it was loaded for.
struct PlayerSlot {
    /// [`Take::model`].
    identity: u64,
    /// Model files known when it was loaded.
    files: Vec<ModelFile>,
    /// State reported to the window.
    state: ModelState,
    /// `None` if the model is unavailable.
    play: Option<PlayFn>,
}

struct WorkerLoop<'a, F> {
    end: WorkerEnd,
    store: Arc<ProjectStore>,
    load: &'a F,
    /// Players of the last two takes; both may be needed.
    players: Vec<PlayerSlot>,
    /// Pending requests, oldest first.
    waiting: Vec<BarRequest>,
    /// Takes by number, oldest first.
    takes: Vec<(u32, Take)>,
    /// Number of the take requested last.
    newest: u32,
    shown: [Option<PhraseKey>; 2],
    /// Phrase under construction and its bars so far.
    partial: (Option<PhraseKey>, Vec<Bar>),
    phrases: Phrases,
    learning: LearningThread,
    /// Song that is being played for a clip.
    song: Option<PlayedSong>,
    /// The band since the song started or jumped.
    listened: Listened,
}

impl<'a, F: Fn(u64, &ProjectStore) -> Result<ModelPlayer, String>> WorkerLoop<'a, F> {
    fn new(end: WorkerEnd, store: Arc<ProjectStore>, load: &'a F) -> Self {
        let learning = LearningThread::new(Arc::clone(&end.link));
        WorkerLoop {
            end,
            store,
            load,
            players: Vec::new(),
            waiting: Vec::new(),
            takes: Vec::new(),
            newest: 0,
            shown: [None; 2],
            partial: (None, Vec::new()),
            phrases: Phrases::default(),
            learning,
            song: None,
            listened: Listened::default(),
        }
    }

    fn run(&mut self) {
        self.load_player(self.store.extras().model);
        let link = Arc::clone(&self.end.link);
        link.worker_notify().run_until_stopped(|| {
            catch_unwind(AssertUnwindSafe(|| self.work())).unwrap_or_else(|_| {
                // The panic was outside of a bar. The pending requests may be the cause and are
                // dropped.
                self.end.link.raise(Fault::Worker);
                self.waiting.clear();
                false
            })
        });
        wake_next();
    }

    /// Processes one item: an urgent bar, or else work ahead if the scheduler allows it. Returns
    /// `false` if nothing could be done.
    fn work(&mut self) -> bool {
        self.receive_requests();
        if let Some(place) = self.most_urgent() {
            let request = self.waiting.remove(place);
            let urgent = UrgentWork::new();
            let answer = self.answer(&request);
            drop(urgent);
            self.send(answer);
            return true;
        }
        let outdated = self.outdated_phrase();
        if self.waiting.is_empty() && outdated.is_none() && !self.end.link.mailbox().has_command() {
            wake_next();
            return false;
        }
        let Some(ahead) = AheadWork::new() else { return false };
        if !self.waiting.is_empty() {
            let request = self.waiting.remove(0);
            let answer = self.answer(&request);
            drop(ahead);
            self.send(answer);
        } else if let Some((place, wanted)) = outdated {
            self.update_phrase(place, wanted);
        } else {
            self.run_command();
        }
        true
    }

    /// Makes the player of a model the current one, loading it if necessary, and reports it to the
    /// window.
    fn load_player(&mut self, identity: u64) {
        let known = self.players.iter().position(|slot| slot.identity == identity);
        let files = self.store.models();
        // A missing model is retried when other files are known.
        let slot = known.map(|place| self.players.remove(place));
        let slot = slot.filter(|slot| slot.play.is_some() || slot.files == files);
        let slot = slot.unwrap_or_else(|| {
            let load = catch_unwind(AssertUnwindSafe(|| (self.load)(identity, &self.store)))
                .unwrap_or_else(|_| {
                    Err("The model could not be loaded: an internal error occurred.".into())
                });
            match load {
                Ok(ModelPlayer { metadata, play }) => {
                    let state = ModelState::Ready(metadata);
                    PlayerSlot { identity, files, state, play: Some(play) }
                }
                Err(why) => {
                    PlayerSlot { identity, files, state: ModelState::Missing(why), play: None }
                }
            }
        });
        self.end.link.set_model(slot.state.clone());
        self.players.truncate(1);
        self.players.insert(0, slot);
    }

    /// Returns the player of a take's model. The window names the model of the newest take.
    fn player_for(&mut self, identity: u64) -> Option<&mut PlayerSlot> {
        if self.players.iter().all(|slot| slot.identity != identity) {
            self.load_player(identity);
        }
        self.players.iter_mut().find(|slot| slot.identity == identity)
    }

    /// Receives takes, recorded primers and requests, and drops requests of takes no longer in use.
    fn receive_requests(&mut self) {
        self.receive_takes();
        while let Some(request) = self.end.requests.pop() {
            self.activate_take(request.number);
            self.waiting.push(request);
        }
        while let Some((version, primer)) = self.end.primers.pop() {
            self.remember_bar(&primer);
            self.store.record_primer(version, primer);
        }
        while let Some(event) = self.end.song_events.pop() {
            match event {
                SongEvent::Heard(heard) => self.hear(heard),
                SongEvent::Performed { begins, act } => {
                    self.end.link.performance().add(begins, act);
                }
            }
        }
        let takes = self.end.link.takes_in_use();
        self.waiting.retain(|request| takes.may_need(request.number));
    }

    /// Remembers the bar that ended a recording as material for a style. Recordings overlap: each
    /// has the bars before its last one again.
    fn remember_bar(&self, primer: &Primer) {
        let Primer::Play(played) = primer else { return };
        let Status { meter, bar, tempo, .. } = self.end.link.status();
        let steps = played.steps();
        let first = steps.len().saturating_sub(meter.steps());
        let last = &steps[first..];
        if last.len() == meter.steps() && last.iter().any(|step| !step.drums().is_empty()) {
            self.end.link.learning().remember(bar - 1, last, meter, tempo);
        }
    }

    /// Makes the requested take the newest one and loads its model.
    fn activate_take(&mut self, number: u32) {
        if self.newest == number {
            return;
        }
        // A take is sent before requests for it and may have arrived since.
        if self.take(number).is_none() {
            self.receive_takes();
        }
        let Some(&take) = self.take(number) else { return };
        self.newest = number;
        self.takes.retain(|(known, _)| *known != number);
        self.takes.push((number, take));
        self.load_player(take.model);
    }

    /// Receives new takes. Evicts takes that are not in use first.
    fn receive_takes(&mut self) {
        while let Some(take) = self.end.new_takes.pop() {
            if self.takes.len() == MAX_TAKES {
                let takes = self.end.link.takes_in_use();
                let unwanted = self.takes.iter().position(|(number, _)| !takes.may_need(*number));
                self.takes.remove(unwanted.unwrap_or(0));
            }
            self.takes.push(take);
        }
    }

    fn take(&self, number: u32) -> Option<&Take> {
        self.takes.iter().find(|(known, _)| *known == number).map(|(_, take)| take)
    }

    /// Answers a request.
    fn answer(&mut self, request: &BarRequest) -> BarAnswer {
        let BarRequest { number, meter, bar } = *request;
        let played = self.take(number).copied().and_then(|take| {
            let played = self.bar(&take, meter, bar)?;
            if number == self.end.link.takes_in_use().playing && take.stage.is_empty() {
                self.store.save_bar(&take, bar, &played);
            }
            Some(played)
        });
        BarAnswer { number, meter, bar, played: played.as_ref().map(StoredBar::from) }
    }

    fn send(&mut self, mut answer: BarAnswer) {
        while self.end.returns.pop().is_some() {}
        // The host may stop processing, and the answer queue stays full.
        while let Err(refused) = self.end.answers.push(answer) {
            if self.end.link.worker_notify().has_stopped() {
                return;
            }
            answer = refused;
            thread::park_timeout(RETRY_INTERVAL);
        }
    }

    /// Returns the place of the request that is needed first, if one is urgent: its bar belongs to a
    /// waiting take or starts within the next bar. After a jump, requests of the old position may
    /// still wait.
    fn most_urgent(&self) -> Option<usize> {
        let status = self.end.link.status();
        let is_urgent = |request: &BarRequest| {
            request.number != status.playing || request.bar <= status.source.saturating_add(1)
        };
        let places = (0..self.waiting.len()).filter(|&place| is_urgent(&self.waiting[place]));
        places.min_by_key(|&place| self.waiting[place].bar.abs_diff(status.source))
    }

    /// Returns a bar: the stored one, or else a generated one, or a stored substitute if the model
    /// is unavailable. Reloads the player after a panic, because its state is undefined.
    fn bar(&mut self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        if let Some(known) = self.store.bar(take, meter, bar) {
            return Some(known);
        }
        let Some(play) = self.player_for(take.model).and_then(|slot| slot.play.as_mut()) else {
            return self.store.fallback_bar(take, meter, bar);
        };
        let played = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(feature = "fault")]
            crate::fault_injection::in_worker(take);
            play(take, meter, bar)
        }));
        match played {
            Ok(Ok(bar)) => Some(bar),
            Ok(Err(_)) => {
                self.end.link.raise(Fault::Worker);
                None
            }
            Err(_) => {
                self.end.link.raise(Fault::Worker);
                self.players.retain(|slot| slot.identity != take.model);
                self.load_player(take.model);
                None
            }
        }
    }

    /// Returns the first outdated phrase of the window's two and its new identity.
    fn outdated_phrase(&self) -> Option<(usize, Option<PhraseKey>)> {
        let status = self.end.link.status();
        let wanted = [status.playing, status.pending].map(|number| {
            let take = self.take(number)?;
            let first_bar = take.first_bar(take.phrase_of(status.source).0);
            Some(PhraseKey { number, meter: status.meter, first_bar })
        });
        (0..2).find(|&place| wanted[place] != self.shown[place]).map(|place| (place, wanted[place]))
    }

    /// Continues a phrase for the window by one bar.
    fn update_phrase(&mut self, place: usize, wanted: Option<PhraseKey>) {
        let phrase = match wanted.and_then(|shown| Some((shown, *self.take(shown.number)?))) {
            // A launched take is already drawn.
            _ if place == 0 && wanted == self.shown[1] => self.phrases.pending.clone(),
            None => None,
            Some((shown, take)) => {
                let PhraseKey { number, meter, first_bar } = shown;
                if self.partial.0 != wanted {
                    self.partial = (wanted, Vec::new());
                }
                let next = (first_bar..).nth(self.partial.1.len()).unwrap_or(first_bar);
                let played = self.bar(&take, meter, next);
                let bars = &mut self.partial.1;
                match played {
                    Some(bar) if bars.len() < take.bars() => {
                        bars.push(bar);
                        return;
                    }
                    next => next.map(|next| {
                        let bars = std::mem::take(bars);
                        // Requests on stage belong to no clip and no saved take.
                        let take = Take { stage: Stage::default(), ..take };
                        Arc::new(Phrase { number, take, first_bar, bars, next })
                    }),
                }
            }
        };
        self.partial = (None, Vec::new());
        self.shown[place] = wanted;
        match place {
            0 => self.phrases.playing = phrase,
            _ => self.phrases.pending = phrase,
        }
        self.end.link.show(self.phrases.clone());
    }
}
