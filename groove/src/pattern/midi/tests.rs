//! Tests of MIDI import and export.

use midly::num::{u15, u28};
use midly::{Format, Header, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind};

use super::parts::named_lane;
use super::write::note;
use super::*;
use crate::pattern::drum::CLASSES;
use crate::pattern::input_maps::InputMap;
use crate::pattern::{Hit, Meter, Step};

fn clip(meter: Meter) -> Clip {
    let mut steps = vec![Step::SILENT; 40];
    for (place, drum, velocity, offset_ticks) in [
        (0, Drum::Kick, 100, 0),
        (1, Drum::Snare, 1, -120),
        (1, Drum::Kick, 50, -119),
        (2, Drum::Kick, 127, 119),
        (39, Drum::Crash, 64, 7),
        (39, Drum::OpenHat, 9, -7),
    ] {
        steps[place].set(drum, Some(Hit::plain(velocity, offset_ticks)));
    }
    Clip { steps, tempo: 93.0, meter }
}

#[test]
fn midi_files_round_trip() {
    for meter in [Meter::FOUR_FOUR, Meter::new(7, 8), Meter::new(12, 8)] {
        let clip = clip(meter);
        let bytes = clip.write(&MidiLayout::new("beat", Drum::PITCHES));
        for map in [PitchMap::Fixed(InputMap::Roland), PitchMap::Detect] {
            let read = Clip::read(&bytes, map).expect("our own file");
            assert_eq!(read.steps, clip.steps);
            assert_eq!(read.meter, meter);
            assert!((read.tempo - 93.0).abs() < 1e-3);
        }
    }
}

#[test]
fn named_lanes_are_read_at_any_pitch_and_channel() {
    let clip = clip(Meter::FOUR_FOUR);
    let pitches = [127, 36, 42, 38, 0, 1, 2, 3, 4];
    let channels = [0, 1, 9, 15, 4, 5, 6, 7, 8];
    let bytes = clip.write(&MidiLayout { channels, ..MidiLayout::new("", pitches) });
    let read = Clip::read(&bytes, PitchMap::Detect).expect("our own file");
    assert_eq!(read.steps, clip.steps);
    for text in ["Snare: note x, channel 1", "Snare: note 3, channel 0", "Gong: note 3", ""] {
        assert_eq!(named_lane(text), None, "{text}");
    }
}

#[test]
fn loudest_of_two_lanes_on_one_pitch_is_written() {
    let mut clip = clip(Meter::FOUR_FOUR);
    clip.steps[0].set(Drum::Snare, Some(Hit::plain(90, 0)));
    let bytes = clip.write(&MidiLayout::new("", [36; CLASSES]));
    let read = Clip::read(&bytes, PitchMap::Detect).expect("our own file");
    assert_eq!(read.steps[0].hit(Drum::Kick).map(|hit| hit.velocity), Some(100));
    assert_eq!(read.steps[0].drums().len(), 1);
}

#[test]
fn early_first_hit_is_written_at_the_start() {
    let mut clip = clip(Meter::FOUR_FOUR);
    clip.steps[0].set(Drum::Kick, Some(Hit::plain(80, -50)));
    let read = Clip::read(
        &clip.write(&MidiLayout::new("", Drum::PITCHES)),
        PitchMap::Fixed(InputMap::Roland),
    )
    .expect("our own file");
    assert_eq!(read.steps[0].hit(Drum::Kick), Some(Hit::plain(80, 0)));
}

#[test]
fn every_note_on_has_an_off_no_later_than_the_next_on_of_its_pitch() {
    let mut clip = clip(Meter::FOUR_FOUR);
    for place in 0..40 {
        let offset_ticks = if place % 2 == 0 { 119 } else { -120 };
        clip.steps[place].set(Drum::Ride, Some(Hit::plain(80, offset_ticks)));
    }
    let bytes = clip.write(&MidiLayout::new("", Drum::PITCHES));
    let smf = Smf::parse(&bytes).expect("our own file");
    let drum = |pitch| Articulation::from_roland(pitch).expect("a drum").0;
    let mut sounding = DrumSet::EMPTY;
    for event in &smf.tracks[0] {
        let TrackEventKind::Midi { message, .. } = event.kind else { continue };
        match message {
            MidiMessage::NoteOn { key, .. } => {
                let drum = drum(key.as_int());
                assert!(!sounding.contains(drum));
                sounding.insert(drum);
            }
            MidiMessage::NoteOff { key, .. } => {
                sounding.remove(drum(key.as_int()));
            }
            _ => {}
        }
    }
    assert!(sounding.is_empty());
}

#[test]
fn invalid_files_are_errors() {
    assert!(matches!(
        Clip::read(b"", PitchMap::Fixed(InputMap::Roland)),
        Err(MidiError::Broken(_))
    ));
    assert!(matches!(
        Clip::read(b"MThd", PitchMap::Fixed(InputMap::Roland)),
        Err(MidiError::Broken(_))
    ));
    assert!(matches!(
        Clip::read(&vec![0; MAX_FILE_BYTES + 1], PitchMap::Fixed(InputMap::Roland)),
        Err(MidiError::Large(_))
    ));
    let empty = Clip { steps: vec![], tempo: 120.0, meter: Meter::FOUR_FOUR };
    assert!(matches!(
        Clip::read(
            &empty.write(&MidiLayout::new("", Drum::PITCHES)),
            PitchMap::Fixed(InputMap::Roland)
        ),
        Err(MidiError::NoDrums)
    ));
    let whole = clip(Meter::FOUR_FOUR).write(&MidiLayout::new("beat", Drum::PITCHES));
    for length in 0..whole.len() {
        // A truncated file is an error or a shorter clip, never a panic.
        let _ = Clip::read(&whole[..length], PitchMap::Fixed(InputMap::Roland));
    }
}

#[test]
fn smpte_time_is_rejected_at_every_frame_rate() {
    let whole = clip(Meter::FOUR_FOUR).write(&MidiLayout::new("beat", Drum::PITCHES));
    for frames in 0x80..=0xff {
        let mut file = whole.clone();
        file[12] = frames;
        assert!(Clip::read(&file, PitchMap::Fixed(InputMap::Roland)).is_err());
        // A second header, after the first.
        let twice = [&whole[..14], &file].concat();
        assert!(frames != 0x80 || Clip::read(&twice, PitchMap::Fixed(InputMap::Roland)).is_err());
    }
}

#[test]
fn too_long_files_are_rejected() {
    let kind = note(9, 36, 100);
    let far = TrackEvent { delta: u28::new((1 << 28) - 1), kind };
    let header = Header::new(Format::SingleTrack, Timing::Metrical(u15::new(24)));
    let mut bytes = Vec::new();
    Smf { header, tracks: vec![vec![far]] }.write_std(&mut bytes).expect("to memory");
    assert!(matches!(
        Clip::read(&bytes, PitchMap::Fixed(InputMap::Roland)),
        Err(MidiError::Long(_))
    ));
}

#[test]
fn the_pedal_precedes_the_notes_of_the_hat_and_is_read_back() {
    let mut clip = Clip { steps: vec![Step::SILENT; 7], tempo: 93.0, meter: Meter::FOUR_FOUR };
    let struck = [
        (0, Drum::OpenHat, Articulation::HalfOpen),
        (2, Drum::ClosedHat, Articulation::Pedal),
        (4, Drum::OpenHat, Articulation::Plain),
        (4, Drum::Snare, Articulation::Plain),
        (6, Drum::OpenHat, Articulation::HalfOpenEdge),
    ];
    for (place, drum, articulation) in struck {
        let hit = Hit { articulation, ..Hit::plain(80, 3) };
        clip.steps[place].set(drum, Some(hit));
    }
    let plain = MidiLayout::new("", Pitches::ROLAND);
    let bytes = clip.write(&MidiLayout { hat_pedal: true, ..plain });
    let smf = Smf::parse(&bytes).expect("our own file");
    let mut values = Vec::new();
    for (event, next) in smf.tracks[0].iter().zip(&smf.tracks[0][1..]) {
        let TrackEventKind::Midi {
            channel,
            message: MidiMessage::Controller { controller, value },
        } = event.kind
        else {
            continue;
        };
        let TrackEventKind::Midi { channel: of_note, message: MidiMessage::NoteOn { key, .. } } =
            next.kind
        else {
            panic!("{next:?} follows the pedal")
        };
        assert_eq!((channel, controller.as_int(), next.delta.as_int()), (of_note, 4, 0));
        values.push((value.as_int(), key.as_int()));
    }
    assert_eq!(values, [(60, 46), (127, 44), (0, 46), (60, 26)]);
    for map in [PitchMap::Fixed(InputMap::Roland), PitchMap::Detect] {
        assert_eq!(Clip::read(&bytes, map).expect("our own file").steps, clip.steps);
    }
    let without = clip.write(&plain);
    let events = &Smf::parse(&without).expect("our own file").tracks[0];
    let is_controller = |event: &midly::TrackEvent| {
        let TrackEventKind::Midi { message, .. } = event.kind else { return false };
        matches!(message, MidiMessage::Controller { .. })
    };
    assert!(!events.iter().any(is_controller));
}

#[test]
fn chokes_are_polyphonic_aftertouch_and_are_read_back() {
    let mut clip = Clip { steps: vec![Step::SILENT; 16], tempo: 93.0, meter: Meter::FOUR_FOUR };
    let crash = |articulation, choke_ticks| Hit { articulation, choke_ticks, ..Hit::plain(90, -7) };
    let struck = [
        (1, Drum::Crash, crash(Articulation::Plain, 480)),
        (3, Drum::Ride, crash(Articulation::Bell, 777)),
        (4, Drum::Crash, crash(Articulation::Plain, 0)),
        (8, Drum::Crash, crash(Articulation::Second, 960)),
        (9, Drum::Snare, Hit::plain(80, 0)),
        (15, Drum::Crash, crash(Articulation::Second, 240)),
    ];
    struck.iter().for_each(|&(place, drum, hit)| clip.steps[place].set(drum, Some(hit)));
    for pitches in [Pitches::ROLAND, Pitches::GENERAL_MIDI] {
        let bytes = clip.write(&MidiLayout::new("", pitches));
        let read = Clip::read(&bytes, PitchMap::Detect).expect("our own file");
        assert_eq!(read.steps, clip.steps);
        let smf = Smf::parse(&bytes).expect("our own file");
        let (mut tick, mut found) = (0, Vec::new());
        for event in &smf.tracks[0] {
            tick += event.delta.as_int();
            if let TrackEventKind::Midi { message: MidiMessage::Aftertouch { key, vel }, .. } =
                event.kind
            {
                found.push((tick, key.as_int(), vel.as_int()));
            }
        }
        let pitch = |drum, articulation| pitches.of(drum, articulation);
        let (first, bell) =
            (pitch(Drum::Crash, Articulation::Plain), pitch(Drum::Ride, Articulation::Bell));
        let last = pitch(Drum::Crash, Articulation::Second);
        let choked = [(720, first, 127), (840, first, 0), (1_497, bell, 127), (1_617, bell, 0)];
        assert_eq!(found[..4], choked);
        assert_eq!(found[6..], [(3_840, last, 127), (3_840, last, 0)], "at the end of the clip");
    }
}

#[test]
fn choked_stroke_before_the_end_stays_there() {
    let mut clip = Clip { steps: vec![Step::SILENT; 17], tempo: 120.0, meter: Meter::FOUR_FOUR };
    let early = Hit { choke_ticks: 1, ..Hit::plain(80, -26) };
    clip.steps[0].set(Drum::Ride, Some(Hit::plain(80, 0)));
    clip.steps[16].set(Drum::Ride, Some(early));
    let bytes = clip.write(&MidiLayout::new("", Pitches::ROLAND));
    let read = Clip::read(&bytes, PitchMap::Detect).expect("our own file");
    assert_eq!(read.steps, clip.steps);
    // Without the choke it is a grace note of the first step, as in a loop.
    clip.steps[16].set(Drum::Ride, Some(Hit::plain(80, -26)));
    let bytes = clip.write(&MidiLayout::new("", Pitches::ROLAND));
    let read = Clip::read(&bytes, PitchMap::Detect).expect("our own file");
    assert_eq!(read.steps.len(), 16);
    assert_eq!(read.steps[0].hit(Drum::Ride).expect("a hit").strokes().count(), 2);
}
