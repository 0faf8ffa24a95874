//! Learning of a style inside the plugin: the whole way from a folder to a style that plays and is
//! unlearned, and all that may come between.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use common::{Host, process};
use deep_pocket::link::learning::{LearnedStyle, LearningState};
use deep_pocket::link::mailbox::{LearningSource, WorkerCommand};
use deep_pocket::link::{Link, ModelState};
use groove::model::Model;
use groove::pattern::midi::{Clip, MidiLayout};
use groove::{Drum, Hit, Meter, Step};
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;
use tempfile::TempDir;

/// A model of 8 cells, which learns in a second. Trained for two updates on beats that the built-in
/// model played.
const SMALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/small.safetensors");

/// Longest time that a learning takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Folder of the user's files in these tests, which run one at a time: one learning in a process is
/// all there is.
fn alone() -> (MutexGuard<'static, ()>, PathBuf) {
    static TURN: Mutex<()> = Mutex::new(());
    static HOME: OnceLock<TempDir> = OnceLock::new();
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let home = HOME.get_or_init(|| {
        let home = tempfile::tempdir().expect("a folder");
        for name in ["XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            // SAFETY: all tests wait for this one, so no other thread reads the environment.
            unsafe { std::env::set_var(name, home.path()) };
        }
        home
    });
    let models = home.path().join("Deep Pocket/Models");
    let _ = fs::remove_dir_all(&models);
    (turn, models)
}

/// A rock beat with a ride, in some bars, that differs by number.
fn beat(number: usize, bars: usize) -> Vec<u8> {
    let step = |at: usize| {
        let mut step = Step::SILENT;
        let hit = |velocity: usize, struck: bool| {
            let velocity = u8::try_from(velocity).expect("small");
            struck.then(|| Hit::plain(velocity, i8::try_from(at % 5).expect("small") - 2))
        };
        step.set(Drum::Ride, hit(60 + number % 20 + at % 7, at.is_multiple_of(2)));
        step.set(Drum::Snare, hit(95 + at % 9, at % 16 == 4 || at % 16 == 12));
        step.set(Drum::Kick, hit(100, at.is_multiple_of(16) || at % 16 == 10));
        step.set(Drum::LowTom, hit(80 + number / 20, at % 16 == 14));
        step
    };
    let steps = (0..16 * bars).map(step).collect();
    Clip { steps, tempo: 100.0, meter: Meter::FOUR_FOUR }
        .write(&MidiLayout::new("beat", Drum::PITCHES))
}

fn clips(count: usize, bars: usize) -> TempDir {
    let folder = tempfile::Builder::new().prefix("My beats ").tempdir().expect("a folder");
    for number in 0..count {
        let path = folder.path().join(format!("{number:03}.mid"));
        fs::write(path, beat(number, bars)).expect("written");
    }
    folder
}

/// A host whose song plays, with the small model.
fn host() -> Host {
    let mut host = Host::new();
    host.context.transport.playing = true;
    let small = WorkerCommand::ChooseModel(Some(SMALL.into()));
    command(host.plugin.link(), small).expect("a model");
    host
}

fn start(link: &Link, source: LearningSource) -> u32 {
    let number = link.learning().begin();
    link.mailbox().send(WorkerCommand::Learn(number, source));
    link.worker_notify().wake();
    number
}

fn files(folder: &Path) -> LearningSource {
    LearningSource::Files(vec![folder.to_owned()])
}

/// Waits for a result of a function.
fn wait<T>(what: &str, mut of: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(result) = of() {
            return result;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for the end of a learning: the style and what was read, or the reason why there is none.
fn result(link: &Link) -> Result<(std::sync::Arc<LearnedStyle>, String), String> {
    wait("the learning ends", || match link.learning().state() {
        (LearningState::Learned(style), read) => Some(Ok((style, read))),
        (LearningState::Failed(why), _) => Some(Err(why)),
        _ => None,
    })
}

/// Waits until a learning has made its first update.
fn until_it_learns(link: &Link) {
    wait("it learns", || {
        matches!(link.learning().state().0, LearningState::Learning { .. }).then_some(())
    });
}

fn command(link: &Link, command: WorkerCommand) -> Result<String, String> {
    link.mailbox().send(command);
    link.worker_notify().wake();
    wait("a report", || link.mailbox().take_report())
}

fn own_styles(link: &Link) -> Vec<String> {
    match link.model() {
        ModelState::Ready(about) => about.own_styles().map(str::to_owned).collect(),
        state => panic!("{state:?}"),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries.map(|entry| name(entry.expect("an entry"))).collect()
}

/// Number of the plugin's threads.
#[cfg(target_os = "linux")]
fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("the threads of this process");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.trim() == "deep-pocket").count()
}

#[test]
fn a_folder_is_learned_kept_played_and_unlearned() {
    let (_turn, models) = alone();
    let mut host = host();
    let link = host.plugin.link().clone();
    let folder = clips(4, 4);
    fs::write(folder.path().join("broken.mid"), b"MThd").expect("written");
    start(&link, files(folder.path()));
    let mut blocks = 0;
    wait("it learns while the song plays", || {
        host.block(480, process);
        blocks += 1;
        link.learning().learned()
    });
    let (style, read) = result(&link).expect("a style");
    assert!(read.starts_with("Read 4 of 5 files. Not read: broken.mid: "), "{read}");
    let [before, after] = style.perplexities;
    assert!(after < before && blocks > 10, "{before} to {after} in {blocks} blocks");
    assert!(names(&models).is_empty(), "nothing is kept without a click");
    // A folder that cannot be written is like a full disk.
    fs::create_dir_all(models.parent().expect("a folder")).expect("a folder");
    fs::write(&models, b"in the way").expect("written");
    let why = command(&link, WorkerCommand::KeepStyle).expect_err("no room");
    assert!(why.contains("The style is still here"), "{why}");
    fs::remove_file(&models).expect("removed");
    let done = command(&link, WorkerCommand::KeepStyle).expect("kept");
    assert!(done.contains("is kept") && link.learning().learned().is_none(), "{done}");
    let [file] = &names(&models)[..] else { panic!("one file: {:?}", names(&models)) };
    assert_eq!(fs::read(models.join(file)).expect("a model"), style.file);
    assert_eq!(own_styles(&link), std::slice::from_ref(&style.name));
    assert_eq!(
        style.name,
        folder.path().file_name().expect("a name").to_string_lossy().to_lowercase()
    );
    let number = 19f32 / 127.0;
    let params = host.plugin.params().param_map();
    let (_, param, _) = params.iter().find(|(id, ..)| id == "style").expect("a parameter");
    // SAFETY: the plugin keeps the parameter alive.
    unsafe { param._internal_set_normalized_value(number) };
    let ons = host.context.ons;
    wait("the style plays", || {
        host.block(4_096, process);
        (host.context.ons > ons + 50).then_some(())
    });
    assert_eq!(link.status().late, 0);
    let copy = folder.path().join("copy.safetensors");
    command(&link, WorkerCommand::ExportModel(copy.clone())).expect("exported");
    assert_eq!(fs::read(&copy).expect("a model"), style.file);
    assert!(command(&link, WorkerCommand::ExportModel(copy)).is_err(), "nothing is overwritten");
    let done = command(&link, WorkerCommand::Unlearn(19)).expect("unlearned");
    assert!(done.contains("is unlearned"), "{done}");
    assert!(own_styles(&link).is_empty());
    let rest: Vec<String> = names(&models);
    assert_eq!(rest.len(), 1, "the model without it: {rest:?}");
    let rest = fs::read(models.join(&rest[0])).expect("a model");
    let text = Model::read_metadata(&rest).expect("a header").trained_on;
    assert_eq!(text, "4 own clips");
}

#[test]
fn a_cancelled_learning_keeps_nothing_and_another_one_starts() {
    let (_turn, models) = alone();
    let host = host();
    let link = host.plugin.link();
    let folder = clips(4, 4);
    start(link, files(folder.path()));
    until_it_learns(link);
    link.learning().cancel();
    assert!(matches!(link.learning().state().0, LearningState::Idle));
    start(link, files(folder.path()));
    until_it_learns(link);
    link.learning().cancel();
    assert!(link.learning().learned().is_none() && names(&models).is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn an_instance_that_is_closed_while_it_learns_leaves_no_thread() {
    let (_turn, models) = alone();
    let folder = clips(4, 4);
    for early in [true, false] {
        let host = host();
        start(host.plugin.link(), files(folder.path()));
        if !early {
            until_it_learns(host.plugin.link());
        }
        assert!(threads() >= 2, "worker and waker");
        drop(host);
        // The system lists a joined thread for a moment.
        wait("the threads are gone", || (threads() == 0).then_some(()));
    }
    assert!(names(&models).is_empty());
}

#[test]
fn of_two_instances_one_learns_and_the_other_says_so() {
    let (_turn, _) = alone();
    let (one, other) = (host(), host());
    let (one, other) = (one.plugin.link(), other.plugin.link());
    let folder = clips(2, 2);
    start(one, files(folder.path()));
    until_it_learns(one);
    start(other, files(folder.path()));
    let why = result(other).expect_err("the other one learns");
    assert!(why.starts_with("Another instance of Deep Pocket is learning."), "{why}");
    one.learning().cancel();
    wait("the turn of the other one", || {
        start(other, files(folder.path()));
        let state = wait("it starts or fails", || match other.learning().state().0 {
            LearningState::Reading => None,
            state => Some(state),
        });
        matches!(state, LearningState::Learning { .. }).then_some(())
    });
}

#[test]
fn a_project_saved_while_a_style_is_learned_is_that_of_before() {
    let (_turn, _) = alone();
    let host = host();
    let link = host.plugin.link();
    // Bars that the drummer has played ahead are saved, too.
    let saved = || {
        let text = &host.plugin.params().serialize_fields()["deep-pocket"];
        let mut project: serde_json::Value = serde_json::from_str(text).expect("a project");
        project.as_object_mut().expect("fields").remove("notes");
        project
    };
    let before = saved();
    let folder = clips(2, 2);
    start(link, files(folder.path()));
    until_it_learns(link);
    assert_eq!(saved(), before);
    result(link).expect("a style");
    assert_eq!(saved(), before, "it is not kept yet");
}

#[test]
fn what_cannot_be_learned_gets_a_sentence() {
    let (_turn, _) = alone();
    let host = host();
    let link = host.plugin.link();
    let why = |source: LearningSource| {
        start(link, source);
        result(link).expect_err("nothing to learn")
    };
    let empty = clips(0, 0);
    let none = "There is no MIDI file among what was given.";
    assert_eq!(why(files(empty.path())), none);
    assert_eq!(why(LearningSource::Played), none);
    let one_bar = clips(1, 1);
    let short = why(files(one_bar.path()));
    assert!(short.contains("fewer than two bars"), "{short}");
    let broken = tempfile::tempdir().expect("a folder");
    for number in 0..5 {
        fs::write(broken.path().join(format!("{number}.mid")), b"no MIDI").expect("written");
    }
    let text = why(files(broken.path()));
    for part in ["Read 0 of 5 files.", "Not read: 0.mid: ", "Not read: 2 more files."] {
        assert!(text.contains(part), "{text}");
    }
    let gone = why(LearningSource::Files(vec![broken.path().join("gone.mid")]));
    assert!(gone.contains("Read 0 of 1 file.") && gone.contains("gone.mid"), "{gone}");
    let many = tempfile::tempdir().expect("a folder");
    for number in 0..1_001 {
        fs::write(many.path().join(format!("{number}.mid")), b"").expect("written");
    }
    let text = why(files(many.path()));
    assert!(text.contains("1001 MIDI files") && text.contains("1000 are the most"), "{text}");
}

#[test]
fn one_file_and_five_hundred_files_can_be_learned_from() {
    let (_turn, _) = alone();
    let host = host();
    let link = host.plugin.link();
    for count in [1, 500] {
        let folder = clips(count, 2);
        start(link, files(folder.path()));
        until_it_learns(link);
        let (_, read) = link.learning().state();
        assert!(read.starts_with(&format!("Read {count} of {count} file")), "{read}");
        link.learning().cancel();
    }
}

#[test]
fn bars_played_on_the_keys_are_offered_to_learn_from() {
    let (_turn, models) = alone();
    let mut host = host();
    let params = host.plugin.params().param_map();
    let (_, param, _) = params.iter().find(|(id, ..)| id == "prime").expect("a parameter");
    // SAFETY: the plugin keeps the parameter alive.
    unsafe {
        let jam = param.string_to_normalized_value("Jam").expect("a mode");
        param._internal_set_normalized_value(jam);
    }
    let link = host.plugin.link().clone();
    // Four bars of quarters, 50 blocks each at 120 bpm.
    for block in 0..4 * 4 * 50 {
        if block % 50 == 10 {
            let (voice_id, channel) = (VoiceID::Wildcard, Channel::Number(0));
            let key = Key::Number(if block % 100 == 10 { 36 } else { 38 });
            let on = NoteEvent::NoteOn { timing: 0, voice_id, channel, key, velocity: 0.8 };
            host.context.input = Some(on);
        }
        host.block(480, process);
        std::thread::sleep(Duration::from_millis(2));
    }
    wait("the bars are remembered", || {
        host.block(480, process);
        (link.learning().played_bars() >= 3).then_some(())
    });
    let steps: Vec<Step> = link.learning().played().into_iter().flat_map(|it| it.steps).collect();
    let hits = steps.iter().flat_map(Step::hits).count();
    assert!(hits >= 11, "{hits} hits in {} steps", steps.len());
    assert!(names(&models).is_empty());
    start(&link, LearningSource::Played);
    until_it_learns(&link);
    assert!(link.learning().state().1.starts_with("Read what you played."));
}
