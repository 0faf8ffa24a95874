//! Learning of a style on a thread of its own with low priority, one in a process. The worker starts
//! it and joins it when it ends itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use groove::learn::data::{Data, Piece, Split, is_midi, search};
use groove::learn::initial::InitialNet;
use groove::learn::on_one_core;
use groove::learn::own_style::{self, Clips};
use groove::model::encode::Kind;
use groove::model::{Metadata, Model};

use crate::link::Link;
use crate::link::learning::{LearnedStyle, LearningState, PlayedPassage};
use crate::link::mailbox::LearningSource;
use crate::platform::memory;
use crate::platform::thread_priority::lower_priority;
use crate::project::folders::Folders;
use crate::project::models;
use crate::project::store::ProjectStore;

/// Seed of the split of the clips and of the training: the trainer's default.
const SEED: u64 = 1;

/// Name of a style if the clips have none that fits.
const NAME: &str = "my style";

/// Maximum number of files: with more, the pieces alone would take hundreds of megabytes.
const MOST_FILES: usize = 1_000;

/// Files named in a report; the others are counted.
const NAMED: usize = 3;

/// Set while a style is learned in this process.
static BUSY: AtomicBool = AtomicBool::new(false);

/// Permission to learn. Dropping it lets others learn.
struct Turn(());

impl Turn {
    fn take() -> Result<Turn, String> {
        match BUSY.swap(true, Ordering::AcqRel) {
            false => Ok(Turn(())),
            true => Err("Another instance of Deep Pocket is learning. Wait until it is done, and \
                         learn again."
                .into()),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        BUSY.store(false, Ordering::Release);
    }
}

/// A job with what it needs.
struct Job {
    number: u32,
    link: Arc<Link>,
    store: Arc<ProjectStore>,
    source: LearningSource,
}

/// The learning thread of an instance. Dropping it cancels the job and joins the thread.
pub(super) struct LearningThread {
    link: Arc<Link>,
    thread: Option<JoinHandle<()>>,
}

impl LearningThread {
    pub(super) const fn new(link: Arc<Link>) -> LearningThread {
        LearningThread { link, thread: None }
    }

    /// Starts a job. The thread of an earlier one, which ends soon, is joined by the new one.
    pub(super) fn start(&mut self, number: u32, source: LearningSource, store: Arc<ProjectStore>) {
        let (before, link) = (self.thread.take(), Arc::clone(&self.link));
        let job = Job { number, link, store, source };
        let run = move || {
            if let Some(before) = before {
                let _ = before.join();
            }
            job.run();
        };
        match thread::Builder::new().name("deep-pocket".into()).spawn(run) {
            Ok(thread) => self.thread = Some(thread),
            Err(fault) => {
                let why = format!("Nothing was learned: the system provides no thread: {fault}.");
                self.link.learning().set(number, LearningState::Failed(why));
            }
        }
    }
}

impl Drop for LearningThread {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            if !thread.is_finished() {
                self.link.learning().cancel();
            }
            // The thread catches its own panics.
            let _ = thread.join();
        }
    }
}

impl Job {
    fn run(&self) {
        let learning = self.link.learning();
        let learned = catch_unwind(AssertUnwindSafe(|| {
            let _turn = Turn::take()?;
            let told = |fault| format!("The system provides no thread: {fault}.");
            on_one_core(lower_priority, || self.learn()).map_err(told)?
        }));
        // A learning has freed hundreds of megabytes, in threads that are gone.
        memory::give_back();
        let internal = || Err("Nothing was learned: an internal error occurred.".into());
        let state = match learned.unwrap_or_else(|_| internal()) {
            Ok(Some(style)) => LearningState::Learned(Arc::new(style)),
            Ok(None) => return,
            Err(why) => LearningState::Failed(why),
        };
        learning.set(self.number, state);
    }

    /// Learns; `None` if the job is cancelled.
    fn learn(&self) -> Result<Option<LearnedStyle>, String> {
        let learning = self.link.learning();
        let stop = || !learning.is_current(self.number);
        let clips = self.clips(&stop);
        if stop() {
            return Ok(None);
        }
        let count = clips.files.len();
        if count > MOST_FILES {
            return Err(format!(
                "Nothing was learned: there are {count} MIDI files, and {MOST_FILES} \
                                are the most. Choose a smaller folder."
            ));
        }
        if clips.files.is_empty() && clips.played.is_empty() && clips.unread.is_empty() {
            return Err("There is no MIDI file among what was given.".into());
        }
        let folders = Folders::for_user();
        let folder = folders.as_ref().map(|folders| folders.models.as_path());
        let base = models::bytes_of(self.store.extras().model, &self.store.models(), folder)?;
        let sentence = |fault: anyhow::Error| format!("Nothing was learned: {fault:#}.");
        let known = Model::read_metadata(&base).map_err(|fault| sentence(fault.into()))?;
        let name = self.name(&known);
        let start =
            InitialNet::from_bytes(&base, &title(&known, &name), Some(&name)).map_err(sentence)?;
        drop(base);
        let data = own_style::read(&start, &name, &clips, SEED, &stop).map_err(sentence)?;
        if stop() {
            return Ok(None);
        }
        let read = report(&data, &clips);
        if data.pieces.is_empty() {
            return Err(format!("Nothing was learned. {read}"));
        }
        learning.set_read(self.number, read);
        let begun = Instant::now();
        let learned = own_style::learn(&start, &data, SEED, &stop, |share| {
            let seconds_left = begun.elapsed().as_secs_f32() * (1.0 - share) / share;
            learning.set(self.number, LearningState::Learning { share, seconds_left });
        });
        Ok(learned.map_err(sentence)?.map(|style| LearnedStyle {
            name,
            perplexities: style.perplexities,
            file: style.bytes,
        }))
    }

    /// The material.
    fn clips(&self, stop: &dyn Fn() -> bool) -> Clips {
        match &self.source {
            LearningSource::Played => {
                let played = self.link.learning().played().into_iter().map(piece).collect();
                Clips { played, ..Clips::default() }
            }
            LearningSource::Files(paths) => clips_of(paths, stop),
        }
    }

    /// Name of the style: that of the folder, if it is one, and a number if the model knows it.
    fn name(&self, known: &Metadata) -> String {
        let folder = match &self.source {
            LearningSource::Files(paths) => match &paths[..] {
                [folder] if folder.is_dir() => folder.file_name(),
                _ => None,
            },
            LearningSource::Played => None,
        };
        let folder = folder.map(|name| name.to_string_lossy().trim().to_lowercase());
        let fits = |name: &String| known.clone().add_style(name).is_ok();
        let numbered = (2..).map(|number| format!("{NAME} {number}"));
        let mut names = folder.into_iter().chain([NAME.to_owned()]).chain(numbered.take(100));
        // Without room for a style, adding it tells so.
        names.find(fits).unwrap_or_else(|| NAME.into())
    }
}

/// Name of the model with one more style: those of all its own styles.
fn title(known: &Metadata, name: &str) -> String {
    let all: Vec<&str> = known.own_styles().chain([name]).collect();
    let text = all.join(", ");
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// A performance as material; style and split are set when it is read.
#[expect(clippy::cast_possible_truncation, reason = "the clock's tempo is below 10,000")]
fn piece(played: PlayedPassage) -> Piece {
    let PlayedPassage { steps, meter, tempo, .. } = played;
    let kind = Kind { style: 0, blend: (0, 0.0), tempo: tempo as f32, meter, fill: false };
    Piece { steps, kind, split: Split::Train }
}

/// The MIDI files of a folder, or of several files and folders.
fn clips_of(paths: &[PathBuf], stop: &dyn Fn() -> bool) -> Clips {
    if let [folder] = paths
        && folder.is_dir()
    {
        let (files, unread) = search(folder, stop);
        return Clips { folder: folder.clone(), files, unread, ..Clips::default() };
    }
    let mut clips = Clips::default();
    for path in paths {
        if path.is_dir() {
            let (files, unread) = search(path, stop);
            clips.files.extend(files.into_iter().map(|file| path.join(file)));
            clips.unread.extend(unread.into_iter().map(|(file, why)| (path.join(file), why)));
        } else if is_midi(path) {
            clips.files.push(path.clone());
        } else {
            clips.unread.push((path.clone(), "it is no MIDI file".into()));
        }
    }
    clips.files.sort();
    clips.files.dedup();
    clips
}

/// Says what was read and what was not.
fn report(data: &Data, clips: &Clips) -> String {
    let Data { skipped, melodies, duplicates, .. } = data;
    let given = clips.files.len() + clips.unread.len();
    let read = given - skipped.len() - melodies.len() - duplicates.len();
    let played = clips.played.len();
    let mut sentences = vec![match (given, played) {
        (0, 1) => "Read what you played.".to_owned(),
        (0, _) => format!("Read {played} performances of yours."),
        (1, _) => format!("Read {read} of 1 file."),
        _ => format!("Read {read} of {given} files."),
    }];
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for (path, why) in skipped.iter().take(NAMED) {
        sentences.push(format!("Not read: {}: {}.", name(path), why.trim_end_matches('.')));
    }
    if skipped.len() > NAMED {
        sentences.push(format!("Not read: {} more files.", skipped.len() - NAMED));
    }
    let counted = [(melodies.len(), "without drums"), (duplicates.len(), "with the same notes")];
    for (count, what) in counted.into_iter().filter(|(count, _)| *count > 0) {
        let files = if count == 1 { "file" } else { "files" };
        sentences.push(format!("Left out: {count} {files} {what}."));
    }
    sentences.join(" ")
}
