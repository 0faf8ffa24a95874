//! Changes of controls between engine and worker: none doubles, loses or hangs a note.

use std::collections::BTreeSet;

use deep_pocket::audio::engine::NoteMessage;
use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::params::controls::{Controls, LaunchGrid, PrimeMode};
use groove::pattern::Articulation;
use groove::play::clock::Transport;
use groove::play::perform::TimeFeel;
use groove::take::Take;
use groove::{Bar, Drum, DrumSet, Hit, Meter, Pitches};

use crate::rig::{Rig, at, controls, known_bar};

/// Plays from the start and changes the controls after `beats` quarter notes.
fn changed(rig: &mut Rig, beats: f64, change: impl Fn(&mut Controls), frames: u32) {
    rig.roll(0.0, beats, frames);
    change(&mut rig.controls);
    rig.roll(rig.now as f64 / 24_000.0, 12.0, frames);
    rig.stop();
}

#[test]
fn a_take_starts_at_its_launch_grid() {
    // The change comes shortly after `at_least`; a step is 6,000 samples.
    for (begins, at_least, grain) in [
        (LaunchGrid::Step, 36_000 + 3_000, 6_000),
        (LaunchGrid::Beat, 36_000 + 3_000, 24_000),
        (LaunchGrid::Bar, 36_000 + 3_000, 96_000),
        (LaunchGrid::Phrase, 36_000 + 3_000, 192_000),
    ] {
        let mut rig = Rig::new(HostMode::Offline, known_bar);
        (rig.controls.launch_grid, rig.controls.phrase_bars) = (begins, 2);
        changed(&mut rig, 1.5, |controls| controls.take.seed = 2, 480);
        let begin = u64::next_multiple_of(at_least, grain);
        for (at, velocity) in rig.notes() {
            let bar = u8::try_from((at + 250) / 96_000).expect("few");
            let seed = if at + 250 >= begin { 20 } else { 0 };
            assert_eq!(velocity, 40 + bar + seed, "{begins:?}, at {at}");
        }
    }
}

#[test]
fn a_stroke_has_the_style_of_its_take() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    (rig.controls.launch_grid, rig.controls.take.style) = (LaunchGrid::Bar, 17);
    let change = |controls: &mut Controls| (controls.take.seed, controls.take.style) = (2, 5);
    changed(&mut rig, 1.5, change, 480);
    assert!(rig.styles.iter().any(|(_, style)| *style == 5));
    for (at, style) in &rig.styles {
        // The second bar begins at sample 96,000; its first stroke is 250 samples early.
        assert_eq!(*style, if *at + 250 >= 96_000 { 5 } else { 17 }, "at {at}");
    }
}

#[test]
fn a_take_launches_at_the_end_of_a_loop_shorter_than_the_grid() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.controls.launch_grid = LaunchGrid::Phrase;
    let looped = |beats: f64| Transport { loop_range: Some((0.0, 2.0)), ..at(beats % 2.0) };
    for block in 0..400u32 {
        if block == 30 {
            rig.controls.take.seed = 2;
        }
        rig.block_of(&looped(f64::from(block) * 0.02), 480);
    }
    rig.stop();
    let notes = rig.notes();
    let second = notes.iter().position(|(_, velocity)| *velocity == 60).expect("it landed");
    assert_eq!(notes[second].0, 48_000 - 250);
    assert!(notes[second..].iter().all(|(_, velocity)| *velocity == 60));
}

#[test]
fn half_and_double_time_are_heard_at_once() {
    // A bar's velocity identifies the bar of the pattern.
    let velocities = |pace: TimeFeel| -> Vec<u8> {
        let mut rig = Rig::new(HostMode::Offline, known_bar);
        changed(&mut rig, 4.0, |controls| controls.performance.pace = pace, 480);
        assert_eq!(rig.link.status().late, 0);
        rig.notes().into_iter().map(|(_, velocity)| velocity).collect()
    };
    // Sixteen notes of bar 0, then bar 1 at song tempo, or the second half of bar 0 at half the
    // density, or bars 2 and 3.
    assert_eq!(velocities(TimeFeel::Plain)[16..32], [41; 16]);
    // The first note of bar 1 was early and sounded before the change.
    assert_eq!(velocities(TimeFeel::Half)[16..24], [41, 40, 40, 40, 40, 40, 40, 40]);
    assert_eq!(velocities(TimeFeel::Half)[24..32], [41; 8]);
    let double = velocities(TimeFeel::Double);
    // Sixteenths become two strokes a step.
    assert_eq!((double[16], &double[17..32]), (41, &[42; 15][..]));
    assert_eq!(double[32..48], [43; 16]);
}

#[test]
fn muting_a_lane_silences_it_at_once() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    let snare: DrumSet = [Drum::Snare].into_iter().collect();
    rig.roll(0.0, 2.0, 480);
    rig.controls.performance.mute = snare;
    rig.roll(2.0, 2.0, 480);
    rig.controls.performance.mute = DrumSet::EMPTY;
    rig.roll(4.0, 2.0, 480);
    rig.stop();
    let notes = rig.notes();
    let between =
        |from: u64, to: u64| notes.iter().filter(|(at, _)| (from..to).contains(at)).count();
    assert_eq!(
        (between(0, 47_700), between(48_000, 95_500), between(95_600, 143_000)),
        (8, 0, 7),
        "what is early for the quarter at which it comes back is still mute"
    );
}

#[test]
fn a_gate_lets_notes_sound_only_while_a_key_is_held() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.controls.gate = true;
    rig.controls.prime = PrimeMode::Off;
    for block in 0..300u64 {
        for (sample, velocity) in [(50_000, 99), (97_000, 0)] {
            if (rig.now..rig.now + 480).contains(&sample) {
                rig.engine.key(u32::try_from(sample - rig.now).expect("few"), 20, velocity);
            }
        }
        rig.block(block as f64 * 0.02, 480);
    }
    rig.stop();
    let notes = rig.notes();
    assert!(notes.iter().all(|(at, _)| (50_000..97_000).contains(at)), "{notes:?}");
    assert_eq!(notes.len(), 8);
    let last = rig.heard.last().expect("an end");
    assert_eq!(*last, (97_000, 0), "the note that sounded ended with the key");
}

#[test]
fn free_run_plays_at_its_own_tempo() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    let stands = Transport { meter: Some(Meter::FOUR_FOUR), ..Transport::default() };
    rig.block_of(&stands, 4_800);
    assert!(rig.heard.is_empty());
    rig.controls.free_run = Some(60.0);
    (0..100).for_each(|_| rig.block_of(&stands, 4_800));
    rig.controls.free_run = None;
    rig.block_of(&stands, 4_800);
    let notes = rig.notes();
    // A sixteenth is 12,000 samples at 60 quarter notes per minute.
    let expected: Vec<u64> =
        (0..41).map(|step| 4_800 + (step * 12_000u64).saturating_sub(500)).collect();
    assert_eq!(notes.iter().map(|(at, _)| *at).collect::<Vec<_>>(), expected);
}

#[test]
fn a_note_ends_at_the_pitch_that_it_began_with() {
    // All drums on every quarter.
    let kit = |_: &Take, meter: Meter, _: i64| {
        let mut bar = Bar::silent(meter);
        for step in bar.steps_mut().iter_mut().step_by(4) {
            for drum in Drum::ALL {
                let velocity = 60 + u8::try_from(drum.index()).expect("few");
                step.set(drum, Some(Hit::plain(velocity, 0)));
            }
        }
        bar
    };
    let Rig { mut engine, state, .. } = {
        let mut rig = Rig::new(HostMode::Offline, kit);
        rig.block_of(&Transport::default(), 0);
        rig
    };
    let mut controls = controls();
    let mut sounding = Vec::new();
    let mut begun = 0;
    for block in 0..500u32 {
        // Changes the map while notes sound; in the end all drums share one pitch.
        controls.pitches = match block % 7 {
            0..3 => None,
            3..6 => Some([36, 37, 38, 39, 40, 41, 42, 43, 44].into()),
            _ => Some([60; 9].into()),
        };
        engine.set_controls(&controls);
        engine.process(&at(f64::from(block) * 0.02), 480, &state, |message| {
            let NoteMessage { channel, pitch, velocity, .. } = message;
            let place = sounding.iter().position(|note| *note == (channel, pitch));
            match (velocity, place) {
                (0, Some(place)) => drop(sounding.remove(place)),
                (0, None) => panic!("the end of no note: {message:?}"),
                (_, Some(_)) => panic!("a note twice: {message:?}"),
                (_, None) => {
                    begun += 1;
                    sounding.push((channel, pitch));
                }
            }
            true
        });
    }
    engine.process(&Transport::default(), 480, &state, |message| {
        assert_eq!(message.velocity, 0);
        sounding.retain(|note| *note != (message.channel, message.pitch));
        true
    });
    assert!(sounding.is_empty() && begun > 50, "{sounding:?}, {begun}");
}

#[test]
fn without_articulations_nine_pitches_play_once_a_sixteenth() {
    // On each sixteenth up to four articulations of one drum, 12 ticks apart.
    let kit = |_: &Take, meter: Meter, _: i64| {
        let mut bar = Bar::silent(meter);
        for (step, drum) in bar.steps_mut().iter_mut().zip(Drum::ALL.into_iter().cycle()) {
            for (place, &articulation) in (0..4).zip(Articulation::of(drum)) {
                step.add(
                    drum,
                    Hit { articulation, ..Hit::plain(90 - place, 12 * place.cast_signed()) },
                );
            }
        }
        bar
    };
    let notes = |articulations: bool| {
        let Rig { mut engine, state, .. } = {
            let mut rig = Rig::new(HostMode::Offline, kit);
            rig.block_of(&Transport::default(), 0);
            rig
        };
        engine.set_controls(&Controls { articulations, ..controls() });
        let mut notes = Vec::new();
        for block in 0..200 {
            engine.process(&at(f64::from(block) * 0.02), 480, &state, |message| {
                notes.extend((message.velocity > 0).then_some(message.pitch));
                true
            });
        }
        notes
    };
    let plain = notes(false);
    let expected: Vec<u8> = Drum::PITCHES.into_iter().cycle().take(16).collect();
    assert_eq!(plain, expected);
    let all: BTreeSet<u8> = notes(true).into_iter().collect();
    let pitch = |drum| move |&articulation| Pitches::GENERAL_MIDI.of(drum, articulation);
    let general = Drum::ALL
        .into_iter()
        .flat_map(|drum| Articulation::of(drum).iter().take(4).map(pitch(drum)));
    assert_eq!(all, general.collect());
}

#[test]
fn pass_through_notes_are_merged_by_time() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.block(0.0, 480);
    let foreign = |sample, velocity| NoteMessage { velocity, ..NoteMessage::off(sample, 3, 90) };
    assert!(rig.engine.pass_through(foreign(10, 99)));
    rig.engine.end_pass_through(5_990, Some(3), Some(90));
    assert!(rig.engine.pass_through(foreign(23_999, 50)));
    let mut heard = Vec::new();
    rig.engine.process(&at(0.02), 24_000, &rig.state, |message| {
        heard.push(message);
        true
    });
    assert!(heard.is_sorted_by_key(|message| message.sample));
    let passed: Vec<NoteMessage> = heard.iter().copied().filter(|m| m.pitch == 90).collect();
    assert_eq!(passed, [foreign(10, 99), foreign(5_990, 0), foreign(23_999, 50)]);
    assert!(heard.len() > 6);
}

/// A bar with a crash on its third beat that is choked an eighth later.
fn choked_crash(_: &Take, meter: Meter, _: i64) -> Bar {
    let mut bar = Bar::silent(meter);
    let hit = Hit { choke_ticks: 480, ..Hit::plain(100, 0) };
    bar.steps_mut()[8].set(Drum::Crash, Some(hit));
    bar
}

#[test]
fn a_choke_is_aftertouch_before_the_note_off() {
    let mut rig = Rig::new(HostMode::Offline, choked_crash);
    let mut heard = Vec::new();
    for block in 0..200 {
        let beats = f64::from(block) * 0.02;
        rig.engine.process(&at(beats), 480, &rig.state, |message| {
            let NoteMessage { sample, pitch, velocity, pressure, struck, .. } = message;
            heard.push((block * 480 + sample, pitch, velocity, pressure, struck.is_some()));
            true
        });
    }
    let expected = [
        (48_000, 49, 100, None, true),
        (60_000, 49, 0, Some(127), true),
        (60_000, 49, 0, None, false),
        (63_000, 49, 0, Some(0), false),
    ];
    assert_eq!(heard, expected);
}
