//! The window as a whole: status and error messages, sizes, and repainting.

use super::*;
use crate::editor::Window;
use crate::editor::app::FAILED;
use crate::editor::status::{ActivityLight, Playhead, TransientWarnings};
use crate::link::mailbox::WorkerCommand;
use crate::platform::file_drops::HoveredFiles;
use nice_plug::editor::Editor as _;
use nice_plug::prelude::Params as _;

#[test]
fn header_shows_the_host_transport() {
    let mut rig = Rig::new();
    assert!(rig.shows("stopped: press play in the host"));
    rig.audio.publish(&playing());
    rig.window.run_steps(2);
    assert!(rig.shows("following host · 97.5 · 4/4 · bar 17"));
}

#[test]
fn header_shows_the_track_that_the_host_names() {
    use nice_plug::plugin::{TrackColor, TrackInfo};
    let mut rig = Rig::new();
    let colour = TrackColor::new(200, 40, 30, 255);
    rig.window.state().shared.set_track(TrackInfo::new("Drums left", Some(colour)));
    rig.window.run_steps(2);
    assert!(rig.shows("Drums left") && rig.shows("stopped: press play in the host"));
}

#[test]
fn header_shows_free_run() {
    let mut rig = Rig::new();
    rig.link.report_block(0, true);
    rig.audio.publish(&playing());
    rig.window.run_steps(2);
    assert!(rig.shows("free run · 97.5 · 4/4 · bar 17"));
}

#[test]
fn activity_light_flashes_for_accepted_notes() {
    let mut light = ActivityLight::default();
    assert_eq!(light.brightness(1.0, 7), 0.0, "those of before it was opened");
    assert_eq!(light.brightness(2.0, 8), 1.0);
    let fading = light.brightness(2.1, 8);
    assert!(fading > 0.0 && fading < 1.0, "{fading}");
    assert_eq!(light.brightness(2.3, 8), 0.0);
    assert_eq!(light.brightness(9.0, 8), 0.0);
}

#[test]
fn a_late_bar_shows_a_temporary_warning() {
    let mut rig = Rig::new();
    let said = "A bar was not ready in time: another bar played instead.";
    rig.audio.publish(&Status { following: false, late: 1, ..playing() });
    rig.window.step();
    assert!(rig.shows(said));
    let mut warnings = TransientWarnings::since(&playing());
    let context = egui::Context::default();
    let late = Status { late: 1, ..playing() };
    assert_eq!(warnings.current(&context, 10.0, false, &late), Some(said));
    assert_eq!(warnings.current(&context, 13.9, false, &late), Some(said));
    assert_eq!(warnings.current(&context, 14.1, false, &late), None);
}

#[test]
fn a_fault_message_stays_until_the_fault_is_gone() {
    let mut rig = Rig::new();
    rig.link.set_model(crate::link::ModelState::Missing("There is no model.".to_owned()));
    rig.window.run();
    assert!(rig.shows("There is no model."));
}

#[test]
fn playhead_interpolates_between_blocks_and_waits_for_late_ones() {
    let mut head = Playhead::default();
    let status = Status { tempo: 120.0, position: 8.0, ..playing() };
    assert_eq!(head.position(&status, 1.0), 8.0);
    assert!((head.position(&status, 1.01) - 8.02).abs() < 1e-9);
    // The next block arrives 5 ms late: the playhead does not step back.
    let next = Status { position: 8.02, ..status };
    assert!((head.position(&next, 1.015) - 8.02).abs() < 1e-9);
    // Without a block for a second, it stops after 0.1 s.
    assert!((head.position(&next, 2.0) - 8.22).abs() < 1e-9);
    // A loop jumps back to the start.
    let back = Status { position: 0.0, ..status };
    assert_eq!(head.position(&back, 2.1), 0.0);
}

#[test]
fn nothing_is_repainted_when_nothing_changes() {
    let mut rig = Rig::new();
    rig.window.step();
    let wait = |rig: &Rig| {
        let outputs = rig.window.output().viewport_output.values();
        outputs.map(|viewport| viewport.repaint_delay).min()
    };
    assert_eq!(wait(&rig), Some(std::time::Duration::MAX));
    rig.audio.publish(&playing());
    rig.window.step();
    assert_eq!(wait(&rig), Some(std::time::Duration::ZERO));
}

#[test]
fn windows_of_any_size_draw_without_panic() {
    let mut rig = Rig::new();
    rig.audio.publish(&Status { following: false, late: 1, ..playing() });
    for size in [vec2(1.0, 1.0), vec2(40.0, 900.0), vec2(900.0, 40.0), vec2(6000.0, 4000.0)] {
        rig.window.set_size(size);
        rig.window.run_steps(2);
    }
}

#[test]
fn a_window_opens_at_the_saved_size_within_limits() {
    let (_audio, _worker, link) = link();
    let params = Arc::new(DeepPocketParams::default());
    let window = Window::new(Sources { params: Arc::clone(&params), link });
    let left_at = |width, height| {
        params.state.set_window(width, height);
        let size = window.size();
        (size.width, size.height)
    };
    assert_eq!(left_at(1300, 700), (1300, 700));
    assert_eq!(left_at(1, 1), (960, 540));
    assert_eq!(left_at(8_192, 8_192), (2_560, 1_440));
}

/// Files held over the window at a position from 0 to 1 across.
fn over(files: &[&std::path::Path], across: f32) -> HoveredFiles {
    let files = files.iter().map(|file| file.to_path_buf()).collect();
    HoveredFiles { files, at: [across, 0.5] }
}

#[test]
fn hovered_files_show_their_uses() {
    let mut rig = Rig::new();
    let shared = Arc::clone(&rig.window.state().shared);
    let mut hang = |over: Option<HoveredFiles>| {
        assert!(shared.drops.set_hovered(over), "it is news");
        rig.window.step();
        let words = ["Continue it", "Humanise it", "Play with this model"];
        let wrong = rig.shows("kick.wav is neither a MIDI file (.mid) nor a model (.safetensors).");
        (words.map(|words| rig.shows(words)), wrong)
    };
    let of = |name: &str| Some(over(&[std::path::Path::new(name)], 0.3));
    assert_eq!(hang(of("/a/rock.mid")), ([true, true, false], false));
    assert_eq!(hang(of("/a/mine.safetensors")), ([false, false, true], false));
    assert_eq!(hang(of("/a/kick.wav")), ([false; 3], true));
    assert_eq!(hang(None), ([false; 3], false));
}

#[test]
fn a_dropped_file_is_used_by_zone_and_an_unusable_one_gets_a_message() {
    let mut rig = Rig::new();
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).expect("written");
        file
    };
    let clip = groove::pattern::midi::Clip {
        steps: snares(Meter::FOUR_FOUR).steps().to_vec(),
        tempo: 120.0,
        meter: Meter::FOUR_FOUR,
    };
    let midi = write(
        "snares.mid",
        &clip.write(&groove::pattern::midi::MidiLayout::new("Snares", Drum::PITCHES)),
    );
    let land = |rig: &mut Rig, file: &std::path::Path, across: f32| {
        rig.window.state().shared.drops.set_dropped(over(&[file], across));
        rig.window.step();
        rig.window.step();
        rig.link.mailbox().next_command()
    };
    assert_eq!(land(&mut rig, &midi, 0.2), None);
    assert!(rig.shows("The drummer continues from 1 bar of the file."));
    assert_eq!(rig.value("Listen to keys"), "Jam");
    assert!(matches!(land(&mut rig, &midi, 0.8), Some(WorkerCommand::Humanise(..))));
    let model = write("mine.safetensors", b"whatever it is");
    assert_eq!(land(&mut rig, &model, 0.8), Some(WorkerCommand::ImportModel(model)));
    let text = write("text.mid", b"no MIDI");
    assert_eq!(land(&mut rig, &text, 0.2), None);
    assert!(rig.window.query_by_label_contains("The file cannot be used: ").is_some());
    let wave = write("kick.wav", b"RIFF");
    assert_eq!(land(&mut rig, &wave, 0.2), None);
    assert!(rig.shows("kick.wav is neither a MIDI file (.mid) nor a model (.safetensors)."));
}

#[test]
fn a_window_that_panics_has_a_sentence_and_another_one_draws() {
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    let take = |rig: &Rig, seed| {
        let map = rig.params.param_map();
        let (_, pointer, _) = map.iter().find(|(id, ..)| id == "seed").expect("takes");
        // SAFETY: the parameters outlive the pointer.
        unsafe { pointer._internal_set_normalized_value(pointer.preview_normalized(seed)) };
    };
    take(&rig, crate::fault_injection::IN_WINDOW as f32);
    rig.window.step();
    assert!(rig.shows(FAILED));
    take(&rig, 5.0);
    rig.window.step();
    assert!(rig.shows(FAILED), "until it is opened again");
    let sources = Sources { params: Arc::clone(&rig.params), link: Arc::clone(&rig.link) };
    let mut again = EditorApp::new(sources, Arc::default());
    again.edits.connect(GuiContext::new(Arc::clone(&rig.host) as Arc<dyn GuiContextInner>));
    *rig.window.state_mut() = again;
    rig.window.run();
    assert!(!rig.shows(FAILED));
    rig.find("Bar 1, beat 2, snare");
}
