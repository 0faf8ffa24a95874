//! Exporting clips and opening files through the dialog.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::link::mailbox::WorkerCommand;
use crate::project::folders::Folders;
use crate::project::settings::Settings;
use egui::OutputCommand;
use groove::Step;
use groove::pattern::midi::{Clip, MidiLayout, PitchMap};
use groove::take::Primer;

/// Temporary folder in which the dialog opens.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_owned();
    Settings::change(|settings| settings.folder = Some(path)).expect("settings");
    folder
}

fn files(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.path()).expect("a folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

fn read(file: &std::path::Path) -> Clip {
    Clip::read(&fs::read(file).expect("a file"), PitchMap::Detect).expect("a MIDI file")
}

/// MIDI file of one bar with a snare on each quarter.
fn beat() -> Vec<u8> {
    let clip = Clip {
        steps: snares(Meter::FOUR_FOUR).steps().to_vec(),
        tempo: 97.0,
        meter: Meter::FOUR_FOUR,
    };
    clip.write(&MidiLayout::new("Drums", Drum::PITCHES))
}

impl Rig {
    /// Chooses an entry of the clip's menu.
    fn ask(&mut self, entry: &str) {
        self.click("Clip menu");
        self.click(entry);
    }

    /// Returns `true` if a text with this beginning is shown.
    fn says(&self, start: &str) -> bool {
        let nodes = self.window.root().children_recursive();
        let texts = nodes.filter_map(|node| node.accesskit_node().value());
        texts.into_iter().any(|text| text.starts_with(start))
    }

    /// Chooses a file in the open dialog.
    fn choose(&mut self, name: &str) {
        self.click(&format!("🗋 {name}"));
        self.click("Open");
    }
}

#[test]
fn a_clip_that_cannot_be_dragged_says_why() {
    let mut rig = Rig::new();
    rig.drag("Drag clip", vec2(-80.0, -200.0), Modifiers::NONE);
    assert!(rig.shows("There is no clip yet: the drummer has not played a phrase."));
    rig.show_phrase(Take::default());
    for name in ["Drag clip", "Snare"] {
        rig.drag(name, vec2(80.0, -100.0), Modifiers::NONE);
        assert!(rig.shows("The clip cannot be dragged: the window is not open."), "{name}");
        rig.window.run_steps(600);
    }
    rig.drag("Ride", vec2(80.0, 0.0), Modifiers::NONE);
    assert!(rig.shows("Ride has no hits in these bars."));
}

#[test]
fn a_clip_is_saved_as_midi_and_as_sound_and_nothing_is_overwritten() {
    let folder = folder();
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    rig.ask("Save MIDI");
    rig.click("Save");
    assert!(rig.says("Saved as "));
    let first = files(&folder);
    assert_eq!(first.len(), 1);
    let clip = read(&first[0]);
    assert_eq!(clip.steps.iter().flat_map(Step::hits).count(), 16);
    // The same clip maps to the same file; a different one gets a number.
    rig.ask("Save MIDI");
    rig.click("Save");
    assert_eq!(files(&folder), first);
    rig.wheel("Velocity", vec2(0.0, 4.0), Modifiers::NONE);
    rig.ask("Save MIDI");
    rig.click("Save");
    assert_eq!(files(&folder).len(), 2);
    rig.ask("Save sound");
    rig.click("Save");
    let all = files(&folder);
    let sound = all.iter().find(|file| file.extension().is_some_and(|e| e == "wav"));
    assert!(fs::read(sound.expect("a sound")).expect("a file").starts_with(b"RIFF"));
    rig.ask("Save MIDI");
    rig.click("Cancel");
    assert_eq!(files(&folder), all);
}

#[test]
fn a_clip_is_copied_as_text() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    // A right click on the card opens the same menu.
    let card = rig.find("Drag clip");
    rig.click_at(card, PointerButton::Secondary, Modifiers::NONE);
    let at = rig.find("Copy text");
    rig.window.event(Event::PointerMoved(at));
    rig.window.step();
    for pressed in [true, false] {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        rig.window.event(Event::PointerButton { pos: at, button, pressed, modifiers });
        rig.window.step();
    }
    let commands = &rig.window.output().platform_output.commands;
    let text = commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    assert!(text.is_some_and(|text| text.contains("bpm, 4/4")));
    rig.window.run();
    assert!(rig.shows("The clip is on the clipboard, as text."));
}

#[test]
fn one_lane_is_saved_from_its_menu() {
    let folder = folder();
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    let at = rig.find("Snare");
    rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
    rig.click("Save MIDI Snare");
    rig.click("Save");
    let saved = files(&folder);
    assert!(saved[0].to_string_lossy().ends_with("-snare.mid"), "{saved:?}");
}

#[test]
fn a_clip_of_several_phrases_requests_bars_ahead() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    rig.click("Clip menu");
    rig.click("Clip: 2 phrases");
    rig.click("Quantised");
    rig.window.key_press(Key::Escape);
    rig.window.run();
    let options = rig.window.state().edits.options;
    assert!(options.quantised && options.extent == crate::session::clip_export::Extent::Phrases(2));
    let kept = Arc::clone(rig.params.state.kept());
    let Some(WorkerCommand::PlayAhead(take, meter, first, count)) =
        rig.link.mailbox().next_command()
    else {
        panic!("nothing was asked for");
    };
    assert_eq!((*take, meter, first, count), (Take::default(), Meter::FOUR_FOUR, -1, 10));
    assert_eq!(rig.link.mailbox().next_command(), None, "it is asked for once");
    rig.drag("Drag clip", vec2(-80.0, -200.0), Modifiers::NONE);
    assert!(rig.says("The drummer has not played bar 5 yet"), "{:?}", rig.window.state().message);
    for bar in 4..8 {
        kept.save_bar(&take, bar, &snares(meter));
    }
    rig.window.run_steps(600);
    rig.drag("Drag clip", vec2(-80.0, -200.0), Modifiers::NONE);
    assert!(rig.shows("The clip cannot be dragged: the window is not open."));
}

#[test]
fn a_model_is_loaded_from_a_file() {
    let folder = folder();
    for name in ["mine.safetensors", "notes.txt"] {
        fs::write(folder.path().join(name), b"?").expect("a file");
    }
    let mut rig = Rig::new();
    rig.click("Model");
    rig.click("Load model");
    assert!(!rig.shows("🗋 notes.txt"), "it is no model");
    rig.choose("mine.safetensors");
    let command = rig.link.mailbox().next_command();
    assert_eq!(command, Some(WorkerCommand::ImportModel(folder.path().join("mine.safetensors"))));
}

#[test]
fn a_midi_file_primes_or_is_humanised() {
    let folder = folder();
    fs::write(folder.path().join("beat.mid"), beat()).expect("a file");
    fs::write(folder.path().join("broken.mid"), b"RIFF").expect("a file");
    let mut rig = Rig::new();
    rig.click("MIDI file");
    rig.click("Continue a MIDI file");
    rig.choose("broken.mid");
    assert!(rig.says("The file cannot be used: "));
    rig.click("MIDI file");
    rig.click("Continue a MIDI file");
    rig.choose("beat.mid");
    assert!(rig.shows("The drummer continues from 1 bar of the file."));
    assert_eq!(rig.value("Listen to keys"), "Jam");
    assert!(matches!(rig.params.state.kept().extras().primer, Primer::Play(_)));
    rig.click("MIDI file");
    rig.click("Humanise a MIDI file");
    rig.choose("beat.mid");
    assert!(matches!(rig.link.mailbox().next_command(), Some(WorkerCommand::Humanise(..))));
    assert_eq!(rig.value("Phrase length"), "1 bar");
    rig.click("MIDI file");
    rig.drag("Amount", vec2(500.0, 0.0), Modifiers::NONE);
    let Some(WorkerCommand::Humanise(_, _, amount, _)) = rig.link.mailbox().next_command() else {
        panic!("the file is not humanised again");
    };
    assert_eq!((amount, rig.window.state().edits.session().amount()), (1.0, 100));
    assert_eq!(rig.link.mailbox().next_command(), None, "once a drag");
}

#[test]
fn escape_closes_the_dialog_and_nothing_else() {
    let _folder = folder();
    let mut rig = Rig::new();
    rig.click("Model");
    rig.click("Load model");
    assert!(rig.shows("Cancel"));
    rig.window.key_press(Key::Escape);
    rig.window.run();
    assert!(!rig.shows("Cancel") && rig.shows("MODEL"));
}

#[test]
fn the_current_map_becomes_the_default_of_new_instances() {
    let mut rig = Rig::new();
    rig.click("Output");
    rig.click("Drum map");
    rig.click("My own");
    rig.wheel("Snare pitch", vec2(0.0, 1.0), Modifiers::NONE);
    rig.click("Remember this map for new instances");
    assert!(rig.shows("New instances start with the drum map My own."));
    assert!(Folders::for_user().is_some_and(|folders| folders.settings.exists()));
    let fresh = DeepPocketParams::default();
    assert_eq!(fresh.output.map.value(), 0, "what a project lacks is as ever");
    fresh.start_with(&Settings::for_user().0);
    assert_eq!(fresh.output.map.value(), rig.params.output.map.value());
    let snare = |params: &DeepPocketParams| params.lanes[Drum::Snare.index()].pitch.value();
    assert_eq!(snare(&fresh), snare(&rig.params));
    assert_ne!(snare(&fresh), 38);
}
