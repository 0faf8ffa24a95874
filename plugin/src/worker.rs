//! The thread that runs the model, one an instance: it starts with the first activation, answers
//! requests, shows the window the phrase at the song position, runs the window's errands, and ends
//! with the instance.
//!
//! It sleeps until it is woken: by `bell` in real time, by the audio thread only where
//! that may wait anyway. What makes a bar is given to it as a [`Band`]; which bars are wanted, the
//! audio half decides.

mod waker;
mod work_scheduler;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use groove::encode::Kind;
use groove::generate::Drummer;
use groove::humanise::humanise;
use groove::midi::Clip;
use groove::model::{Metadata, Model};
use groove::pins::Pins;
use groove::take::Take;
use groove::{Bar, Meter, Step};

use crate::link::{Answer, Fault, Link, ModelState, Phrase, Phrases, Request, WorkerEnd};
use crate::project::folders::Folders;
use crate::project::models::{self, ModelFile};
use crate::project::state::{Errand, Kept};
use crate::worker::waker::Heard;
use crate::worker::work_scheduler::{Ahead, Pressed, pass_on};

/// How often the worker looks whether somebody takes its answers, while nobody does.
const FULL: Duration = Duration::from_millis(30);

/// Takes that the worker remembers in order to show their phrases.
const REMEMBERED: usize = 8;

/// What makes a bar: a function of the take, the meter and the bar's place in the song alone. The
/// error is a sentence.
pub type Play = Box<dyn FnMut(&Take, Meter, i64) -> Result<Bar, String>>;

/// A model that can play.
pub struct Band {
    /// What the window says about it.
    pub metadata: Arc<Metadata>,
    /// What makes a bar.
    pub play: Play,
}

impl Band {
    /// A band with this model.
    #[must_use]
    pub fn of(model: &Arc<Model>) -> Band {
        let metadata = Arc::new(model.metadata().clone());
        // The take that plays and the one that waits take turns, and each drummer remembers one.
        let mut drummers = [0, 1].map(|_| Drummer::new(Arc::clone(model)));
        let mut takes: [Option<Take>; 2] = [None; 2];
        let mut newest = 0;
        let play = move |take: &Take, meter: Meter, bar: i64| {
            let known = takes.iter().position(|known| known.as_ref() == Some(take));
            newest = known.unwrap_or(1 - newest);
            takes[newest] = Some(*take);
            drummers[newest].bar(take, meter, bar).map_err(|fault| fault.to_string())
        };
        Band { metadata, play: Box::new(play) }
    }
}

/// A running worker. Dropping it ends the thread and waits for that.
#[derive(Debug)]
pub struct Worker {
    link: Arc<Link>,
    thread: Option<JoinHandle<()>>,
    /// Ends after the thread.
    _heard: Heard,
}

impl Worker {
    /// Starts the thread. `band` is called on it with the identity of a take's model, where that
    /// is another than before and after every failure; `kept` is what the project remembers.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        end: WorkerEnd,
        kept: Arc<Kept>,
        band: impl Fn(u64, &Kept) -> Result<Band, String> + Send + 'static,
    ) -> std::io::Result<Self> {
        let link = end.link();
        let heard = Heard::new(Arc::clone(&link))?;
        let thread = thread::Builder::new()
            .name("deep-pocket".into())
            .spawn(move || Loop::new(end, kept, &band).run())?;
        Ok(Worker { link, thread: Some(thread), _heard: heard })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.link.signal().stop();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // The thread catches its own panics; there is nobody to tell about another.
            let _ = thread.join();
        }
    }
}

/// What phrase is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shown {
    number: u32,
    meter: Meter,
    first_bar: i64,
}

/// What plays the takes of a model.
struct Seated {
    /// [`Take::model`].
    identity: u64,
    /// The files that it was looked for in.
    files: Vec<ModelFile>,
    /// What the window is told.
    state: ModelState,
    /// `None`: nobody can.
    play: Option<Play>,
}

struct Loop<'a, F> {
    end: WorkerEnd,
    kept: Arc<Kept>,
    band: &'a F,
    /// The band of the last take, and that of the one before: both may have to play.
    bands: Vec<Seated>,
    /// Requests that wait, oldest first.
    waiting: Vec<Request>,
    /// Takes by number, oldest first.
    known: Vec<(u32, Take)>,
    /// Number of the take that was asked for last.
    met: u32,
    shown: [Option<Shown>; 2],
    /// The phrase that is being drawn, and its bars so far.
    sketch: (Option<Shown>, Vec<Bar>),
    phrases: Phrases,
}

impl<'a, F: Fn(u64, &Kept) -> Result<Band, String>> Loop<'a, F> {
    fn new(end: WorkerEnd, kept: Arc<Kept>, band: &'a F) -> Self {
        Loop {
            end,
            kept,
            band,
            bands: Vec::new(),
            waiting: Vec::new(),
            known: Vec::new(),
            met: 0,
            shown: [None; 2],
            sketch: (None, Vec::new()),
            phrases: Phrases::default(),
        }
    }

    fn run(&mut self) {
        self.call(self.kept.extras().model);
        let link = self.end.link();
        link.signal().serve(|| {
            catch_unwind(AssertUnwindSafe(|| self.work())).unwrap_or_else(|_| {
                // It was no bar that failed. What was asked for may be why, and is given up.
                self.end.raise(Fault::Worker);
                self.waiting.clear();
                false
            })
        });
        pass_on();
    }

    /// Does one thing: what is heard soon, or else what is to come, when others let it. Says
    /// whether there was anything that could be done.
    fn work(&mut self) -> bool {
        self.listen();
        if let Some(place) = self.waiting.iter().position(|request| self.is_heard_soon(request)) {
            let request = self.waiting.remove(place);
            let pressed = Pressed::new();
            let answer = self.make(&request);
            drop(pressed);
            self.send(answer);
            return true;
        }
        let shows = self.shows();
        if self.waiting.is_empty() && shows.is_none() && !self.kept.has_errand() {
            pass_on();
            return false;
        }
        let Some(ahead) = Ahead::new() else { return false };
        if !self.waiting.is_empty() {
            let request = self.waiting.remove(0);
            let answer = self.make(&request);
            drop(ahead);
            self.send(answer);
        } else if let Some((place, wanted)) = shows {
            self.show(place, wanted);
        } else {
            self.run_errand();
        }
        true
    }

    /// Gets the band of a model, and tells the window how that went.
    fn call(&mut self, identity: u64) {
        let known = self.bands.iter().position(|seated| seated.identity == identity);
        let files = self.kept.models();
        // A model that was missing may be there now if other files are known.
        let seated = known.map(|place| self.bands.remove(place));
        let seated = seated.filter(|seated| seated.play.is_some() || seated.files == files);
        let seated = seated.unwrap_or_else(|| {
            let band = catch_unwind(AssertUnwindSafe(|| (self.band)(identity, &self.kept)))
                .unwrap_or_else(|_| Err("The model could not be read: the reader failed.".into()));
            match band {
                Ok(Band { metadata, play }) => {
                    let state = ModelState::Ready(metadata);
                    Seated { identity, files, state, play: Some(play) }
                }
                Err(why) => Seated { identity, files, state: ModelState::Missing(why), play: None },
            }
        });
        self.end.set_model(seated.state.clone());
        self.bands.truncate(1);
        self.bands.insert(0, seated);
    }

    /// What the band of a take's model plays; the newest take's is the one that the window names.
    fn seated(&mut self, identity: u64) -> Option<&mut Seated> {
        if self.bands.iter().all(|seated| seated.identity != identity) {
            self.call(identity);
        }
        self.bands.iter_mut().find(|seated| seated.identity == identity)
    }

    /// Runs the next errand.
    fn run_errand(&mut self) {
        let Some(errand) = self.kept.errand() else { return };
        let done = catch_unwind(AssertUnwindSafe(|| match errand {
            Errand::Model(file) => Some(self.choose(file)),
            Errand::NewModel(file) => Some(take_in(&file).and_then(|file| self.choose(Some(file)))),
            Errand::Humanise(clip, take) => Some(self.humanise(&clip, &take)),
            Errand::Ahead(take, meter, bar, count) => {
                self.play_ahead(take, meter, bar, count);
                None
            }
        }));
        let failed = || Some(Err("The file could not be read: the reader failed.".into()));
        if let Some(said) = done.unwrap_or_else(|_| failed()) {
            self.kept.say(said);
        }
    }

    /// Plays a bar that the song has yet to come to, and leaves the next ones for later: what the
    /// song needs now goes first. It is over when another take plays.
    fn play_ahead(&mut self, take: Box<Take>, meter: Meter, bar: i64, count: u16) {
        let playing = self.end.takes().playing;
        let plays = self.known.iter().any(|(number, known)| *number == playing && *known == *take);
        if count == 0 || !plays {
            return;
        }
        if let Some(played) = self.bar(&take, meter, bar) {
            self.kept.keep(&take, bar, &played);
            self.kept.send(Errand::Ahead(take, meter, bar + 1, count - 1));
        }
    }

    /// Plays with a model from now on.
    fn choose(&mut self, file: Option<PathBuf>) -> Result<String, String> {
        let model = match &file {
            Some(path) => models::read(path)?,
            None => models::shipped()?,
        };
        let name = model.metadata().name.clone();
        let identity = if file.is_some() { model.identity() } else { 0 };
        if let Some(path) = file {
            self.kept.know_model(ModelFile { identity, name: name.clone(), path });
        }
        // It may have been missing before.
        self.bands.retain(|seated| seated.identity != identity);
        self.call(identity);
        self.kept.change(|extras| extras.model = identity);
        Ok(format!("{name} plays."))
    }

    /// Pins a clip's hits as the model of a take strikes them.
    fn humanise(&mut self, clip: &Clip, take: &Take) -> Result<String, String> {
        let folders = Folders::of_user();
        let folder = folders.as_ref().map(|folders| folders.models.as_path());
        let model = models::find(take.model, &self.kept.models(), folder)?;
        let Take { style, blend, tempo, seed, .. } = *take;
        let kind = Kind { style, blend, tempo, meter: clip.meter, fill: false };
        let kit = &model.metadata().classes;
        let steps: Vec<Step> = clip.steps.iter().map(|step| kit.step(step)).collect();
        let played =
            humanise(&model, &kind, &steps, Some(seed)).map_err(|fault| fault.to_string())?;
        self.kept.change(|extras| extras.pins = Pins::all(&played));
        Ok("The hits of the file are pinned, as the drummer strikes them.".into())
    }

    /// Takes new requests in, and passes over those that nobody waits for any more.
    fn listen(&mut self) {
        self.learn();
        while let Some(request) = self.end.requests.pop() {
            self.meet(request.number);
            self.waiting.push(request);
        }
        let takes = self.end.takes();
        self.waiting.retain(|request| takes.want(request.number));
    }

    /// The take that is asked for is the newest one now, and its model's band is there.
    fn meet(&mut self, number: u32) {
        if self.met == number {
            return;
        }
        // Takes come before what is asked of them: it may have come since.
        if self.take(number).is_none() {
            self.learn();
        }
        let Some(&take) = self.take(number) else { return };
        self.met = number;
        self.known.retain(|(known, _)| *known != number);
        self.known.push((number, take));
        self.kept.see(&take);
        self.call(take.model);
    }

    /// Takes new takes in. Those in use are not forgotten.
    fn learn(&mut self) {
        while let Some(told) = self.end.new_takes.pop() {
            if self.known.len() == REMEMBERED {
                let takes = self.end.takes();
                let unwanted = self.known.iter().position(|(number, _)| !takes.want(*number));
                self.known.remove(unwanted.unwrap_or(0));
            }
            self.known.push(told);
        }
    }

    fn take(&self, number: u32) -> Option<&Take> {
        self.known.iter().find(|(known, _)| *known == number).map(|(_, take)| take)
    }

    /// The bar that is asked for, if it can be played.
    fn make(&mut self, request: &Request) -> Answer {
        let Request { number, meter, bar } = *request;
        let played = self.take(number).copied().and_then(|take| {
            let played = self.bar(&take, meter, bar)?;
            if number == self.end.takes().playing {
                self.kept.keep(&take, bar, &played);
            }
            Some(played)
        });
        Answer { number, meter, bar, played }
    }

    fn send(&mut self, mut answer: Answer) {
        // Nobody takes answers while the host does not process: they wait.
        while let Err(refused) = self.end.answers.push(answer) {
            if self.end.link().signal().has_stopped() {
                return;
            }
            answer = refused;
            thread::park_timeout(FULL);
        }
    }

    /// Whether a bar is of a take that waits for its beat, or comes with the next bar line.
    fn is_heard_soon(&self, request: &Request) -> bool {
        let status = self.end.status();
        request.number != status.playing || request.bar <= status.source.saturating_add(1)
    }

    /// A bar: as the project remembers it, or else as the model plays it; without one, what the
    /// project remembers of another phrase. After a panic the band is a new one: nobody knows what
    /// the old one left behind.
    fn bar(&mut self, take: &Take, meter: Meter, bar: i64) -> Option<Bar> {
        if let Some(known) = self.kept.bar(take, meter, bar) {
            return Some(known);
        }
        let Some(play) = self.seated(take.model).and_then(|seated| seated.play.as_mut()) else {
            return self.kept.instead(take, meter, bar);
        };
        let played = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(feature = "fault")]
            crate::fault_injection::in_worker(take);
            play(take, meter, bar)
        }));
        match played {
            Ok(Ok(bar)) => Some(bar),
            Ok(Err(_)) => {
                self.end.raise(Fault::Worker);
                None
            }
            Err(_) => {
                self.end.raise(Fault::Worker);
                self.bands.retain(|seated| seated.identity != take.model);
                self.call(take.model);
                None
            }
        }
    }

    /// Which of the two phrases that the window draws is another by now, and what it is to be.
    fn shows(&self) -> Option<(usize, Option<Shown>)> {
        let status = self.end.status();
        let wanted = [status.playing, status.pending].map(|number| {
            let take = self.take(number)?;
            let first_bar = take.first_bar(take.phrase_of(status.source).0);
            Some(Shown { number, meter: status.meter, first_bar })
        });
        (0..2).find(|&place| wanted[place] != self.shown[place]).map(|place| (place, wanted[place]))
    }

    /// Goes on bringing a phrase that the window draws up to date, by a bar.
    fn show(&mut self, place: usize, wanted: Option<Shown>) {
        let phrase = match wanted.and_then(|shown| Some((shown, *self.take(shown.number)?))) {
            // A take that lands is already drawn.
            _ if place == 0 && wanted == self.shown[1] => self.phrases.pending.clone(),
            None => None,
            Some((shown, take)) => {
                let Shown { number, meter, first_bar } = shown;
                if self.sketch.0 != wanted {
                    self.sketch = (wanted, Vec::new());
                }
                let next = (first_bar..).nth(self.sketch.1.len()).unwrap_or(first_bar);
                let played = self.bar(&take, meter, next);
                let bars = &mut self.sketch.1;
                match played {
                    Some(bar) if bars.len() < take.bars() => {
                        bars.push(bar);
                        return;
                    }
                    next => next.map(|next| {
                        let bars = std::mem::take(bars);
                        Arc::new(Phrase { number, take, first_bar, bars, next })
                    }),
                }
            }
        };
        self.sketch = (None, Vec::new());
        self.shown[place] = wanted;
        match place {
            0 => self.phrases.playing = phrase,
            _ => self.phrases.pending = phrase,
        }
        self.end.show(self.phrases.clone());
    }
}

/// Copies a model file into the user's folder; says where it is then.
fn take_in(file: &Path) -> Result<PathBuf, String> {
    let folders = Folders::of_user().ok_or("This user has no folder for models.")?;
    models::copy_in(file, &folders.models)
}
