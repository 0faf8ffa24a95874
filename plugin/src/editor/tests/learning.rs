//! Learning of a style in the model drawer.

use super::*;
use crate::link::learning::{LearnedStyle, LearningState};
use crate::link::mailbox::{LearningSource, WorkerCommand};
use crate::link::{Metadata, ModelState};
use crate::platform::file_drops::HoveredFiles;
use crate::project::models;

/// A window with the model drawer open.
fn drawer() -> Rig {
    let mut rig = Rig::new();
    rig.click("Model");
    rig
}

/// Returns `true` if a text is shown that contains some words.
fn says(rig: &Rig, words: &str) -> bool {
    rig.window.query_by_label_contains(words).is_some()
}

fn learned(perplexities: [f64; 2]) -> LearningState {
    let (name, file) = ("my style".to_owned(), Vec::new());
    LearningState::Learned(Arc::new(LearnedStyle { name, perplexities, file }))
}

#[test]
fn learning_shows_progress_and_is_cancelled() {
    let mut rig = drawer();
    assert!(says(&rig, "Nothing leaves this computer. Nothing is kept without a click."));
    let number = rig.link.learning().begin();
    rig.window.run();
    assert!(says(&rig, "The clips are read…"));
    rig.link.learning().set_read(number, "Read 7 of 8 files. Not read: a.mid: it is empty.".into());
    let state = LearningState::Learning { share: 0.5, seconds_left: 11.7 };
    rig.link.learning().set(number, state);
    rig.window.run();
    assert!(says(&rig, "Read 7 of 8 files. Not read: a.mid: it is empty."));
    assert!(says(&rig, "at most 12 seconds left"));
    rig.click("Cancel learning");
    assert!(!rig.link.learning().is_current(number));
    assert!(rig.shows("Learn style"));
}

#[test]
fn a_window_that_closes_leaves_the_learning_and_another_one_shows_it() {
    let mut rig = drawer();
    let number = rig.link.learning().begin();
    let sources = Sources { params: Arc::clone(&rig.params), link: Arc::clone(&rig.link) };
    let mut again = EditorApp::new(sources, Arc::default());
    again.edits.connect(GuiContext::new(Arc::clone(&rig.host) as Arc<dyn GuiContextInner>));
    *rig.window.state_mut() = again;
    rig.window.run();
    assert!(rig.link.learning().is_current(number));
    rig.click("Model");
    assert!(says(&rig, "The clips are read…"));
}

#[test]
fn a_learned_style_is_kept_or_discarded_by_click() {
    let mut rig = drawer();
    let number = rig.link.learning().begin();
    rig.link.learning().set(number, learned([5.0, 4.0]));
    rig.window.run();
    assert!(says(&rig, "The style “my style” foresees your playing 20 % better"));
    assert_eq!(rig.link.mailbox().next_command(), None, "nothing is kept without a click");
    rig.click("Keep style");
    assert_eq!(rig.link.mailbox().next_command(), Some(WorkerCommand::KeepStyle));
    rig.click("Discard style");
    assert!(rig.link.learning().learned().is_none());
    let number = rig.link.learning().begin();
    rig.link.learning().set(number, learned([5.0, 5.0]));
    rig.window.run();
    assert!(says(&rig, "foresees your playing no better than before"));
    rig.link.learning().set(number, LearningState::Failed("There are no drums.".into()));
    rig.window.run();
    assert!(says(&rig, "There are no drums."));
    rig.click("Close message");
    assert!(rig.shows("Learn style"));
}

#[test]
fn played_bars_are_learned_only_by_click() {
    let mut rig = drawer();
    assert!(!rig.shows("Learn played bars"));
    let bar = snares(Meter::FOUR_FOUR);
    (0..2).for_each(|at| rig.link.learning().remember(at, bar.steps(), Meter::FOUR_FOUR, 120.0));
    rig.window.run();
    assert_eq!(rig.link.mailbox().next_command(), None);
    rig.click("Learn played bars");
    let command = rig.link.mailbox().next_command();
    assert!(matches!(command, Some(WorkerCommand::Learn(_, LearningSource::Played))));
}

#[test]
fn a_dropped_folder_is_learned_and_the_drawer_opens() {
    let mut rig = Rig::new();
    let folder = tempfile::tempdir().expect("a folder");
    let over = HoveredFiles { files: vec![folder.path().to_owned()], at: [0.5, 0.5] };
    let shared = Arc::clone(&rig.window.state().shared);
    shared.drops.set_hovered(Some(over.clone()));
    rig.window.step();
    assert!(rig.shows("Learn a style from them"));
    shared.drops.set_hovered(None);
    shared.drops.set_dropped(over);
    rig.window.run_steps(3);
    let files = LearningSource::Files(vec![folder.path().to_owned()]);
    let Some(WorkerCommand::Learn(number, source)) = rig.link.mailbox().next_command() else {
        panic!("nothing is learned");
    };
    assert!(rig.link.learning().is_current(number) && source == files);
    assert!(says(&rig, "The clips are read…"));
}

#[test]
fn an_own_style_is_unlearned_by_two_clicks() {
    let mut rig = drawer();
    let mut about: Metadata = models::built_in().expect("a model").metadata().clone();
    let number = about.add_style("my style").expect("room");
    rig.link.set_model(ModelState::Ready(Arc::new(about)));
    rig.window.run();
    // The entries are below the text.
    rig.wheel("Learn style", vec2(0.0, -40.0), Modifiers::NONE);
    rig.window.run_steps(60);
    rig.click("Unlearn My style");
    assert_eq!(rig.link.mailbox().next_command(), None);
    rig.click("Unlearn My style");
    assert_eq!(rig.link.mailbox().next_command(), Some(WorkerCommand::Unlearn(number)));
}
