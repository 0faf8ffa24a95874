//! The window of the standalone program.

use super::*;
use crate::link::midi_clock::ClockState;

#[test]
fn the_standalone_program_has_play_tempo_meter_metronome_and_count_in() {
    let mut rig = Rig::with(Some(Sound::Card));
    rig.click("Play");
    assert!(rig.params.output.free_run.value());
    rig.click("Stop");
    assert!(!rig.params.output.free_run.value());
    rig.wheel("Tempo", vec2(0.0, 1.0), Modifiers::NONE);
    assert!(rig.params.output.free_tempo.value() > 120.0);
    rig.click("Meter");
    rig.click("7/8");
    let own = rig.link.own_transport();
    assert_eq!(own.meter(), Meter::new(7, 8));
    assert!(!own.click.is_on() && !own.count_in.is_on());
    rig.click("Metronome");
    rig.click("Count-in");
    let own = rig.link.own_transport();
    assert!(own.click.is_on() && own.count_in.is_on());
    rig.window.key_press(Key::Space);
    rig.window.run();
    assert!(rig.params.output.free_run.value(), "space plays");
    rig.click("Output");
    assert!(!rig.shows("Free run"));
}

#[test]
fn a_missing_sound_card_is_said() {
    let said = "No sound card answers, so nothing is heard and no MIDI arrives. Connect or free one, or \
                start JACK, then start the program again.";
    for (sound, expected) in [
        (None, false),
        (Some(Sound::Card), false),
        (Some(Sound::Jack), false),
        (Some(Sound::Missing), true),
    ] {
        assert_eq!(Rig::with(sound).shows(said), expected, "{sound:?}");
    }
}

#[test]
fn the_greeting_names_what_plays_and_leaves_room_for_a_missing_sound_card() {
    use crate::editor::status::greeting;

    let greeted = |sound| greeting(&OwnTransport::new(sound));
    assert!(greeted(None).is_some_and(|text| text.contains("in your DAW")));
    assert!(greeted(Some(Sound::Card)).is_some_and(|text| text.contains("▶ or the space bar")));
    assert_eq!(greeted(Some(Sound::Missing)), None);
}

#[test]
fn a_host_or_jack_keeps_its_transport() {
    for sound in [None, Some(Sound::Jack)] {
        let rig = Rig::with(sound);
        assert!(rig.shows("stopped: press play in the host"));
        assert!(!rig.shows("Play"));
    }
}

#[test]
fn a_lost_midi_clock_is_said() {
    let mut rig = Rig::with(Some(Sound::Card));
    let said = "The MIDI clock has stopped coming, so the drummer rests. Start the song at its sender again.";
    rig.link.own_transport().clock.publish(ClockState::Lost);
    rig.window.run();
    assert!(!rig.shows(said), "none is followed");
    rig.link.own_transport().clock.follows.set(true);
    rig.window.run();
    assert!(rig.shows(said));
}

#[test]
fn the_ports_of_the_midi_clock_are_chosen_or_their_lack_is_said() {
    let mut rig = Rig::with(Some(Sound::Card));
    rig.click("Output");
    let lacks = rig.shows("No MIDI system answers, so there is no MIDI clock.");
    let chooses = rig.shows("Clock in") && rig.shows("Clock out");
    assert_ne!(lacks, chooses);
}
