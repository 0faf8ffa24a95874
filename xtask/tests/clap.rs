//! The built `.clap` in a host: its description, notes, state, and window.

mod common;

use clack_extensions::note_ports::NoteDialects;
use common::load_clap;
use common::recording::{Pace, Recording};
use common::screen::on_screen;
use common::setup::{SONG, ready, velocity_steps};
use common::timing::{self, play};
use std::collections::HashSet;
use xtask::host::clap::browser::{FoundPreset, browse};
use xtask::host::clap::{ClapHost, describe};
use xtask::host::realtime::flushes_denormals;
use xtask::host::{Event, Host, HostSong, Message, RecordedNote, Setup};
use xtask::workspace::{CLAP_ID, NAME, NOTE_EFFECT_ID, OUTPUTS_ID, built_bundle};

scenarios!(|| Box::new(load_clap()));

#[test]
fn the_description_is_complete() {
    let bundle = built_bundle("clap").unwrap_or_else(|fault| panic!("{fault}"));
    let found = describe(&bundle).unwrap();
    let kinds = [
        (CLAP_ID, NAME, ["instrument", "note-effect"]),
        (NOTE_EFFECT_ID, "Deep Pocket Notes", ["note-effect", "instrument"]),
        (OUTPUTS_ID, "Deep Pocket Outputs", ["instrument", "note-effect"]),
    ];
    assert_eq!(found.len(), kinds.len());
    for (found, (id, name, [is, is_not])) in found.iter().zip(kinds) {
        assert_eq!((found.id.as_str(), found.name.as_str()), (id, name));
        assert_eq!(found.version, env!("CARGO_PKG_VERSION"));
        let has = |feature: &str| found.features.iter().any(|found| found == feature);
        assert!(has(is) && !has(is_not), "{:?}", found.features);
    }
    let [inputs, outputs] = load_clap().note_ports();
    assert_eq!((inputs.len(), outputs.len()), (1, 1));
    assert!(inputs[0].contains(NoteDialects::CLAP | NoteDialects::MIDI), "{:?}", inputs[0]);
    assert!(outputs[0].contains(NoteDialects::CLAP), "{:?}", outputs[0]);
}

#[test]
fn the_note_effect_plays_the_notes_of_the_instrument_without_sound() {
    let bundle = built_bundle("clap").unwrap_or_else(|fault| panic!("{fault}"));
    let (mut instrument, mut effect) =
        (load_clap(), ClapHost::load(&bundle, NOTE_EFFECT_ID).unwrap());
    let notes = play(&mut instrument, &SONG, 0.0, 8.0).unwrap();
    assert!(!notes.is_empty());
    assert_eq!(notes, play(&mut effect, &SONG, 0.0, 8.0).unwrap());
    // A project of the one is a project of the other.
    effect.load(&instrument.save().unwrap()).unwrap();
    assert_eq!(notes, play(&mut effect, &SONG, 0.0, 8.0).unwrap());
}

#[test]
fn the_browser_lists_factory_presets_and_loads_them() {
    let bundle = built_bundle("clap").unwrap_or_else(|fault| panic!("{fault}"));
    let found = browse(&bundle).unwrap();
    let factory: Vec<_> = found.iter().filter(|preset| preset.file.is_none()).collect();
    assert!(factory.len() >= 50, "{} presets", factory.len());
    for preset in &factory {
        assert_eq!(preset.plugins, [CLAP_ID, NOTE_EFFECT_ID, OUTPUTS_ID], "{}", preset.name);
        assert!(!preset.description.is_empty() && preset.load_key.is_some(), "{}", preset.name);
        assert!(preset.features.iter().any(|feature| feature == "drum"), "{}", preset.name);
    }
    let mut host = load_clap();
    let mut last = play(&mut host, &SONG, 0.0, 8.0).unwrap();
    for name in ["Jazz walk", "Half-time stomp"] {
        let preset = factory.iter().find(|preset| preset.name == name).unwrap();
        host.load_preset(preset).unwrap();
        // A project saved at once has the preset.
        let state = host.save().unwrap();
        let notes = play(&mut host, &SONG, 0.0, 8.0).unwrap();
        assert_ne!(notes, last, "{name} changes nothing");
        let mut other = load_clap();
        other.load(&state).unwrap();
        assert_eq!(notes, play(&mut other, &SONG, 0.0, 8.0).unwrap(), "{name}");
        last = notes;
    }
    let unknown = FoundPreset { load_key: Some("No such".to_owned()), ..FoundPreset::default() };
    let fault = host.load_preset(&unknown).unwrap_err().to_string();
    assert_eq!(fault, "There is no factory preset named No such.");
    assert_eq!(last, play(&mut host, &SONG, 0.0, 8.0).unwrap(), "the last one stays");
}

#[test]
fn the_piano_roll_names_every_note_that_is_played() {
    let mut host = load_clap();
    // General MIDI and two maps of other instruments.
    for (changes, map) in [(0, 0.0), (1, 3.0 / 63.0), (2, 1.0 / 63.0)] {
        host.set("Drum map", map).unwrap();
        let notes = play(&mut host, &SONG, 0.0, 16.0).unwrap();
        host.pump();
        assert_eq!(host.note_name_changes(), changes);
        let names = host.note_names().unwrap();
        let played: HashSet<_> = notes.iter().map(|note| u16::from(note.key)).collect();
        assert!(played.len() >= 3, "{played:?}");
        for key in played {
            let (_, name) = names.iter().find(|(named, _)| *named == key).unwrap();
            assert!(!name.ends_with("(key)"), "{key} is played, not only pressed: {name}");
        }
        let fill = names.iter().find(|(key, _)| *key == 12).unwrap();
        assert_eq!(fill.1, "Fill now");
    }
}

#[test]
fn a_host_that_rejects_note_events_gets_raw_midi() {
    let song = HostSong { block: 480, ..SONG };
    let plain = |notes: &[RecordedNote]| -> Vec<_> {
        let velocity = |note: &RecordedNote| velocity_steps(note.velocity);
        notes.iter().map(|it| (it.on, it.off, it.key, it.channel, velocity(it))).collect()
    };
    let usual = play(&mut load_clap(), &song, 0.0, 16.0).unwrap();
    let mut host = load_clap();
    host.refuse_notes();
    let host = &mut host;
    ready(host, &song).unwrap();
    let mut heard = Recording::default();
    heard.roll(&song, host, 0.0, song.samples(16.0)).unwrap();
    heard.stop(&song, host, 16.0).unwrap();
    assert!(heard.is_raw());
    assert_eq!(plain(&usual), plain(&heard.notes().unwrap()));
}

#[test]
fn the_timing_check_finds_a_note_that_is_a_sample_off() {
    let mut host = load_clap();
    let expected = timing::reference(&mut host, 120.0, 0.0, 8.0).unwrap();
    let song = HostSong { sample_rate: 44_100.0, ..SONG };
    let notes = play(&mut host, &song, 0.0, 8.0).unwrap();
    assert!(timing::error(&song, &expected, &notes).unwrap() == 0.0);
    for place in 0..notes.len() {
        let mut late = notes.clone();
        late[place].on += 1;
        // Of a position half way between two samples, one of the two may pass.
        let found = timing::error(&song, &expected, &late).map_or(true, |error| error >= 1.0);
        let mut early = notes.clone();
        early[place].on = early[place].on.wrapping_sub(1);
        let also = timing::error(&song, &expected, &early).map_or(true, |error| error >= 1.0);
        assert!(found || also, "{:?} may be late and early", notes[place]);
    }
    let fault = timing::error(&song, &expected, &notes[1..]).unwrap_err();
    assert!(fault.to_string().contains("notes instead of"), "{fault}");
}

#[test]
fn denormals_are_flushed_only_while_processing() {
    let mut host = load_clap();
    ready(&mut host, &SONG).unwrap();
    assert!(!SONG.roll(&mut host, 0.0, SONG.samples(4.0)).unwrap().is_empty());
    let can = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
    assert_eq!(host.flushed_denormals(), Some(can));
    assert!(!flushes_denormals(), "the host's thread is as it was");
}

#[test]
fn raw_midi_keys_are_held_keys() {
    // The same key from the first block on, as a note event and as raw MIDI.
    let [notes, bytes] = [
        Message::NoteOn { key: 43, channel: 0, velocity: 100.0 / 127.0 },
        Message::Midi([0x90, 43, 100]),
    ]
    .map(|message| {
        let mut host = load_clap();
        ready(&mut host, &SONG).unwrap();
        let mut feed = |range: std::ops::Range<u64>, input: &mut Vec<Event>| {
            if range.start == 0 {
                input.push(Event { offset: 0, message });
            }
        };
        SONG.roll_with(&mut host, 0.0, SONG.samples(16.0), &mut feed).unwrap()
    });
    assert_eq!(notes, bytes);
    let mut host = load_clap();
    ready(&mut host, &SONG).unwrap();
    let plain = SONG.roll(&mut host, 0.0, SONG.samples(16.0)).unwrap();
    assert_ne!(notes, plain, "a held key changes nothing");
}

#[test]
fn a_reset_and_a_new_sample_rate_restart_playback() {
    let mut host = load_clap();
    let usual = play(&mut host, &SONG, 0.0, 8.0).unwrap();
    ready(&mut host, &SONG).unwrap();
    let mut recording = Recording::default();
    // The reset comes while a note sounds: the note ends after it, and the following notes are
    // complete.
    let reset = u64::midpoint(usual[3].on, usual[3].off);
    recording.roll(&SONG, &mut host, 0.0, reset).unwrap();
    assert!(recording.sounding() > 0);
    host.reset().unwrap();
    recording.roll(&SONG, &mut host, 0.0, SONG.samples(8.0)).unwrap();
    recording.stop(&SONG, &mut host, 8.0).unwrap();
    let notes = recording.notes().unwrap();
    let after = notes.into_iter().filter(|note| note.on >= reset);
    let after =
        after.map(|note| RecordedNote { on: note.on - reset, off: note.off - reset, ..note });
    assert_eq!(usual, after.collect::<Vec<_>>());
    host.activate(Setup { sample_rate: 8_000.0, max_block: 1, offline: true }).unwrap();
    assert_eq!(usual, play(&mut host, &SONG, 0.0, 8.0).unwrap());
}

#[test]
fn the_window_opens_draws_and_closes() {
    on_screen("the_window_opens_draws_and_closes", |screen| {
        let mut host = load_clap();
        ready(&mut host, &SONG).unwrap();
        for _ in 0..3 {
            let size = host.create_window().unwrap();
            let parent = screen.window(size).unwrap();
            host.attach_window(parent).unwrap();
            let took = screen.wait_for_colours(parent, 20, || host.pump()).unwrap();
            println!("a window of {size:?} pixels drawn after {took:?}");
            // The song plays while the window is open, and the window follows it.
            let mut pictures = HashSet::from([screen.picture(parent).unwrap()]);
            let mut pace = Pace::new(SONG.sample_rate);
            let mut feed = |range: std::ops::Range<u64>, _: &mut Vec<Event>| {
                pace.wait(range.end - range.start);
                if range.start.is_multiple_of(4_800) {
                    pictures.insert(screen.picture(parent).unwrap());
                }
            };
            SONG.roll_with(&mut host, 0.0, SONG.samples(2.0), &mut feed).unwrap();
            assert!(pictures.len() >= 4, "{} pictures in a second", pictures.len());
            host.close_window().unwrap();
            screen.destroy(parent).unwrap();
        }
        // A host closes an open window before it destroys the plugin.
        let size = host.create_window().unwrap();
        let parent = screen.window(size).unwrap();
        host.attach_window(parent).unwrap();
        host.close_window().unwrap();
        drop(host);
        screen.destroy(parent).unwrap();
    });
}

#[test]
fn instances_leave_no_threads_behind() {
    // In its own process, because it counts the threads of the process.
    on_screen("instances_leave_no_threads_behind", |_| {
        common::scenarios::instances_leave_no_threads_behind(&|| Box::new(load_clap())).unwrap();
    });
}

#[test]
fn a_learned_controller_moves_its_parameter() {
    // In its own process, because the settings are the user's.
    on_screen("a_learned_controller_moves_its_parameter", |_| {
        common::scenarios::a_learned_controller_moves_its_parameter(&|| Box::new(load_clap()))
            .unwrap();
    });
}
