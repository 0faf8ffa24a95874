//! Every stroke and articulation of a clip survives humanising, pins, a primer and their saved
//! forms, and export: notes are counted by pitch.

use std::collections::BTreeMap;
use std::sync::Arc;

use groove::generate::Drummer;
use groove::generate::humanise::{DEFAULT_AMOUNT, humanise};
use groove::model::Model;
use groove::model::encode::Kind;
use groove::pattern::midi::{Clip, MidiLayout, PitchMap};
use groove::take::pins::Pins;
use groove::take::{Played, Take, TakeControls};
use groove::{Drum, Hit, Meter, Pitches, Step};
use midly::num::{u4, u7, u15, u28};
use midly::{
    Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind,
};

const SHIPPED: &[u8] = include_bytes!("../../assets/deep-pocket.safetensors");

/// Ticks of a bar.
const BAR: u32 = 3_840;

/// Tick, pitch and velocity.
type Note = (u32, u8, u8);

/// Notes of one pitch and velocity every so many ticks.
fn every(ticks: u32, from: u32, to: u32, pitch: u8, velocity: u8) -> Vec<Note> {
    (from..to).step_by(ticks as usize).map(|tick| (tick, pitch, velocity)).collect()
}

/// Clips of one bar.
fn clips() -> [(&'static str, Vec<Note>); 10] {
    let hats = every(240, 0, BAR, 42, 80);
    let drags =
        [960, 2_880].map(|beat| [(beat - 60, 38, 30), (beat - 30, 38, 35), (beat, 38, 110)]);
    let layered = |notes: &[Note]| [&hats[..], notes].concat();
    let trap = [
        every(240, 0, 960, 42, 90),
        every(120, 960, 1_920, 42, 80),
        every(240, 1_920, 2_880, 42, 90),
        every(80, 2_880, BAR, 42, 70),
    ];
    let crescendo = (0u8..32).map(|place| (120 * u32::from(place), 38, 40 + 2 * place)).collect();
    let claps = [960, 2_880].map(|tick| [(tick, 38, 110), (tick, 39, 100)]);
    let foot = every(480, 240, BAR, 44, 60);
    let ways = [(0, 37, 80), (480, 44, 60), (960, 53, 90), (1_440, 38, 70), (1_440, 40, 60)];
    [
        ("drag", layered(drags.as_flattened())),
        ("flat roll of 32nds", every(120, 0, BAR, 38, 100)),
        ("crescendo of 32nds", crescendo),
        ("trap hats", trap.concat()),
        ("sextuplets", every(160, 0, BAR, 42, 90)),
        ("roll of 64ths", every(60, 0, BAR, 38, 96)),
        ("clap over snare", layered(claps.as_flattened())),
        ("two crashes", layered(&[(0, 49, 110), (0, 57, 105), (0, 36, 100)])),
        ("pedal under closed hat", layered(&foot)),
        ("cross-stick, pedal and bell", layered(&ways)),
    ]
}

/// A file of one track on channel 10 that ends with the bar.
fn file(notes: &[Note]) -> Vec<u8> {
    let note = |(tick, pitch, velocity): Note| {
        let (key, vel) = (u7::new(pitch), u7::new(velocity));
        (tick, MidiMessage::NoteOn { key, vel })
    };
    let mut messages: Vec<_> = notes.iter().copied().map(note).collect();
    messages.extend(notes.iter().map(|&(tick, pitch, _)| note((tick + 20, pitch, 0))));
    messages.sort_by_key(|(tick, _)| *tick);
    let mut track = Track::new();
    let mut last = 0;
    for (tick, message) in messages {
        let kind = TrackEventKind::Midi { channel: u4::new(9), message };
        track.push(TrackEvent { delta: u28::new(tick - last), kind });
        last = tick;
    }
    let kind = TrackEventKind::Meta(MetaMessage::EndOfTrack);
    track.push(TrackEvent { delta: u28::new(BAR - last), kind });
    let mut bytes = Vec::new();
    let header = Header::new(Format::SingleTrack, Timing::Metrical(u15::new(960)));
    Smf { header, tracks: vec![track] }.write_std(&mut bytes).expect("written to memory");
    bytes
}

/// Number of notes by pitch.
fn count(pitches: impl Iterator<Item = u8>) -> BTreeMap<u8, usize> {
    let mut counts = BTreeMap::new();
    pitches.for_each(|pitch| *counts.entry(pitch).or_default() += 1);
    counts
}

/// Number of notes by pitch in steps that are written and read again.
fn exported(steps: Vec<Step>) -> BTreeMap<u8, usize> {
    let clip = Clip { steps, tempo: 120.0, meter: Meter::FOUR_FOUR };
    let bytes = clip.write(&MidiLayout::new("", Pitches::GENERAL_MIDI));
    let read = Clip::read(&bytes, PitchMap::Detect).expect("our own file");
    let strokes = read.steps.iter().flat_map(Step::hits).flat_map(|(drum, hit)| {
        hit.strokes().map(move |stroke| Pitches::GENERAL_MIDI.of(drum, stroke.articulation))
    });
    count(strokes)
}

#[test]
fn no_stroke_of_a_clip_is_lost() {
    let model = Arc::new(Model::from_bytes(SHIPPED).expect("the shipped weights"));
    let meter = Meter::FOUR_FOUR;
    let kind = Kind { style: 17, blend: (0, 0.0), tempo: 120.0, meter, fill: false };
    for (name, notes) in clips() {
        let given = count(notes.iter().map(|&(_, pitch, _)| pitch));
        let read = Clip::read(&file(&notes), PitchMap::Detect).expect("a clip").steps;
        assert_eq!(exported(read.clone()), given, "{name}, read and written");
        let played = humanise(&model, &kind, &read, Some(1), DEFAULT_AMOUNT).expect("steps");
        assert_eq!(exported(played.clone()), given, "{name}, humanised");

        let primer = serde_json::to_string(&Played::new(&read)).expect("text");
        let primer: Played = serde_json::from_str(&primer).expect("a primer");
        assert_eq!(exported(primer.steps().to_vec()), given, "{name}, as a primer");

        let mut pinned = played;
        pinned.resize(pinned.len().next_multiple_of(16), Step::SILENT);
        let pins = serde_json::to_string(&Pins::all(&pinned)).expect("text");
        let pins: Pins = serde_json::from_str(&pins).expect("pins");
        let take = Take::from(TakeControls { seed: 3, style: 17, ..TakeControls::default() });
        let phrase_bars = u8::try_from(pinned.len() / 16).expect("few bars");
        let take = Take { pins, phrase_bars, ..take };
        let mut drummer = Drummer::new(Arc::clone(&model));
        let bars = 0..i64::from(phrase_bars);
        let steps =
            bars.flat_map(|bar| drummer.bar(&take, meter, bar).expect("a bar").steps().to_vec());
        assert_eq!(exported(steps.collect()), given, "{name}, pinned");
    }
}

/// A kick, snare, kick, snare in quarter notes, of given velocities.
fn quarters(velocities: [u8; 4]) -> Vec<Step> {
    let mut steps = vec![Step::SILENT; 16];
    for (quarter, velocity) in velocities.into_iter().enumerate() {
        let drum = if quarter % 2 == 0 { Drum::Kick } else { Drum::Snare };
        let hit = Hit::new(f32::from(velocity) / 127.0, 0.0);
        steps[4 * quarter].set(drum, Some(hit));
    }
    steps
}

#[test]
fn a_humanised_clip_begins_at_its_start() {
    let model = Arc::new(Model::from_bytes(SHIPPED).expect("the shipped weights"));
    let meter = Meter::FOUR_FOUR;
    let kind = Kind { style: 17, blend: (0, 0.0), tempo: 120.0, meter, fill: false };
    let mut offsets = Vec::new();
    for seed in 0..40 {
        let played = humanise(&model, &kind, &quarters([100; 4]), Some(seed), DEFAULT_AMOUNT)
            .expect("steps");
        let offset = |step: usize| {
            let (_, hit) = played[step].hits().next().expect("a hit");
            hit.offset_ticks
        };
        assert!(offset(0) >= 0, "seed {seed}: {}", offset(0));
        offsets.push(offset(8));
    }
    assert!(offsets.iter().any(|offset| *offset < 0), "later hits may be early");
}

#[test]
fn velocities_that_differ_are_kept_in_humanising() {
    let model = Arc::new(Model::from_bytes(SHIPPED).expect("the shipped weights"));
    let meter = Meter::FOUR_FOUR;
    let kind = Kind { style: 17, blend: (0, 0.0), tempo: 120.0, meter, fill: false };
    let played = humanise(&model, &kind, &quarters([120, 110, 105, 110]), Some(1), DEFAULT_AMOUNT)
        .expect("steps");
    for (step, given) in played.iter().zip(quarters([120, 110, 105, 110])) {
        for ((_, hit), (_, given)) in step.hits().zip(given.hits()) {
            let difference = hit.velocity.abs_diff(given.velocity);
            assert!(difference <= given.velocity / 4, "{} of {}", hit.velocity, given.velocity);
        }
    }
}
