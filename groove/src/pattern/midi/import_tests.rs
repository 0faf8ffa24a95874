//! Tests of the import of drums.

use super::*;
use crate::pattern::drum::Drum;
use crate::pattern::input_maps::InputMap;
use crate::pattern::{Articulation, Meter};

/// A track under construction: events at ticks of 480 per quarter note.
#[derive(Clone, Default)]
struct Track {
    bytes: Vec<u8>,
    tick: u32,
}

impl Track {
    fn event(mut self, tick: u32, bytes: &[u8]) -> Track {
        let mut delta = tick - self.tick;
        let mut time = vec![(delta & 0x7f) as u8];
        while delta > 0x7f {
            delta >>= 7;
            time.insert(0, (delta & 0x7f) as u8 | 0x80);
        }
        self.bytes.extend(time);
        self.bytes.extend(bytes);
        self.tick = tick;
        self
    }

    fn note(self, tick: u32, channel: u8, pitch: u8) -> Track {
        self.event(tick, &[0x90 | (channel - 1), pitch, 100])
    }

    /// Notes of one pitch from a tick on, `every` so many ticks.
    fn notes(self, pitch: u8, ticks: &[u32]) -> Track {
        ticks.iter().fold(self, |track, &tick| track.note(tick, 10, pitch))
    }

    fn name(self, name: &str) -> Track {
        let length = u8::try_from(name.len()).expect("short");
        self.event(0, &[&[0xff, 3, length], name.as_bytes()].concat())
    }

    fn meter(self, tick: u32, numerator: u8, power: u8) -> Track {
        self.event(tick, &[0xff, 0x58, 4, numerator, power, 24, 8])
    }

    fn tempo(self, tick: u32, micros: u32) -> Track {
        let micros = micros.to_be_bytes();
        self.event(tick, &[&[0xff, 0x51, 3], &micros[1..]].concat())
    }

    fn end(self, tick: u32) -> Vec<u8> {
        let bytes = self.event(tick, &[0xff, 0x2f, 0]).bytes;
        let length = u32::try_from(bytes.len()).expect("short").to_be_bytes();
        [b"MTrk", &length[..], &bytes].concat()
    }
}

fn file(tracks: &[Vec<u8>]) -> Vec<u8> {
    let count = u8::try_from(tracks.len()).expect("few");
    [&b"MThd\0\0\0\x06\0\x01\0"[..], &[count, 1, 0xe0], &tracks.concat()].concat()
}

fn import(bytes: &[u8]) -> Import {
    Import::read(bytes, PitchMap::Detect).expect("drums")
}

fn drums(import: &Import) -> Vec<(Drum, Articulation)> {
    import.notes.iter().map(|note| (note.drum, note.articulation)).collect()
}

fn sentence(import: &Import) -> String {
    import.sentence().unwrap_or_default()
}

/// One bar of kick, snare and hats on a channel, from a tick on.
fn beat(track: Track, channel: u8, start: u32) -> Track {
    let mut track = track;
    for (place, pitches) in [(0, vec![36, 42]), (1, vec![38, 42]), (2, vec![36, 42]), (3, vec![38])]
    {
        for pitch in pitches {
            track = track.note(start + place * 480, channel, pitch);
        }
    }
    track
}

#[test]
fn every_note_keeps_its_tick_velocity_and_articulation() {
    let track = Track::default()
        .notes(37, &[0])
        .notes(44, &[1])
        .notes(53, &[61])
        .event(62, &[0x99, 40, 3])
        .notes(38, &[62])
        .end(1920);
    let import = import(&file(&[track]));
    let note = |tick, drum, articulation, velocity| DrumNote {
        tick,
        drum,
        articulation,
        velocity,
        choke: 0,
    };
    assert_eq!(
        import.notes,
        [
            note(0, Drum::Snare, Articulation::CrossStick, 100),
            note(2, Drum::ClosedHat, Articulation::Pedal, 100),
            note(122, Drum::Ride, Articulation::Bell, 100),
            note(124, Drum::Snare, Articulation::Plain, 100),
            note(124, Drum::Snare, Articulation::Rim, 3),
        ]
    );
    assert_eq!((import.end, import.sentence()), (3_840, None));
    assert_eq!((import.tempo(), import.meter()), (None, None));
}

#[test]
fn percussion_without_a_lane_is_left_out_by_name_and_a_clap_is_a_snare() {
    let track = beat(Track::default(), 10, 0).notes(39, &[1440]).notes(56, &[1500, 1600]);
    let import = import(&file(&[track.notes(64, &[1700]).notes(3, &[1710]).end(1920)]));
    assert_eq!(import.notes.len(), 8);
    assert_eq!(
        sentence(&import),
        "Left out: 3 notes without a lane: conga (1) and cowbell (2) and 1 note on pitch 3 that is \
         no drum of the General MIDI map."
    );
    let congas = file(&[Track::default().notes(62, &[0, 10]).end(20)]);
    let fault = Import::read(&congas, PitchMap::Detect).expect_err("no lane").to_string();
    assert_eq!(fault, "the file has no drum notes: 2 notes without a lane: conga (2)");
    let rhythm = Import::read(&congas, PitchMap::Rhythm).expect("a rhythm");
    assert_eq!(rhythm.notes.len(), 2);
}

#[test]
fn other_maps_are_told_and_named() {
    let yamaha = Track::default().notes(33, &[0]).notes(42, &[1]).notes(31, &[480]).end(1920);
    let found = import(&file(&[yamaha]));
    let plain = |drum| (drum, Articulation::Plain);
    assert_eq!(drums(&found), [Drum::Kick, Drum::ClosedHat, Drum::Snare].map(plain));
    assert_eq!(sentence(&found), "Read with the Yamaha DTX map, because it has notes on 31, 33.");
    let toontrack = Track::default().notes(36, &[0]).notes(61, &[1, 2, 3]).notes(38, &[480]);
    let found = import(&file(&[toontrack.notes(21, &[481]).notes(95, &[490]).end(1920)]));
    assert_eq!((found.notes.len(), found.left_out.len()), (7, 0));
    assert_eq!(found.map.expect("a map").0, InputMap::Toontrack);
}

#[test]
fn a_preferred_map_needs_every_note() {
    let rims = Track::default().notes(47, &[0]).notes(38, &[10]);
    let read = |bytes: &[u8], map| Import::read(bytes, map).expect("drums");
    let prefer = PitchMap::Prefer(InputMap::Roland);
    let known = file(&[rims.clone().end(20)]);
    assert_eq!(drums(&read(&known, prefer))[0], (Drum::MidTom, Articulation::Rim));
    let unknown = file(&[rims.notes(41, &[15]).end(20)]);
    assert_eq!(drums(&read(&unknown, prefer))[0], (Drum::MidTom, Articulation::Plain));
    let fixed = read(&unknown, PitchMap::Fixed(InputMap::Roland));
    assert_eq!(fixed.left_out, ["1 note on pitch 41 that is no drum of the Roland V-Drums map"]);
}

#[test]
fn the_pedal_tells_half_open_hats() {
    let pedal = |track: Track, tick, value| track.event(tick, &[0xb9, 4, value]);
    let track = beat(Track::default(), 10, 0).notes(46, &[1441]);
    let track = pedal(track, 1442, 60).notes(46, &[1442]).notes(26, &[1443]).notes(42, &[1444]);
    let import = import(&file(&[pedal(track, 1450, 3).notes(46, &[1451]).end(1920)]));
    assert_eq!(
        drums(&import)[7..],
        [
            (Drum::OpenHat, Articulation::Plain),
            (Drum::OpenHat, Articulation::HalfOpen),
            (Drum::OpenHat, Articulation::HalfOpenEdge),
            (Drum::ClosedHat, Articulation::Plain),
            (Drum::OpenHat, Articulation::Plain),
        ]
    );
}

#[test]
fn a_second_snare_alone_is_no_rim_shot() {
    let track = Track::default().notes(40, &[0]);
    let alone = import(&file(&[track.clone().end(10)]));
    assert_eq!(drums(&alone), [(Drum::Snare, Articulation::Plain)]);
    let both = import(&file(&[track.notes(38, &[1]).end(10)]));
    assert_eq!(drums(&both)[0], (Drum::Snare, Articulation::Rim));
}

#[test]
fn a_kit_on_channel_1_with_a_stray_note_on_10_is_read_whole() {
    let track = beat(Track::default(), 1, 0).note(1500, 10, 54).end(1920);
    let import = import(&file(&[track]));
    assert_eq!(import.notes.len(), 7);
    assert_eq!(sentence(&import), "Left out: 1 note without a lane: tambourine (1).");
}

#[test]
fn several_drum_tracks_are_one_kit() {
    let kick = Track::default().name("Kick").note(0, 1, 36).note(960, 1, 36).end(1920);
    let snare = Track::default().name("Snare top").note(480, 2, 38).end(1920);
    let hats = Track::default().note(0, 3, 42).note(480, 3, 42).end(1920);
    let toms = Track::default().note(0, 3, 45).note(480, 3, 50).end(1920);
    assert_eq!(import(&file(&[kick, snare, hats, toms])).notes.len(), 7);
}

#[test]
fn melodies_and_bass_lines_are_not_drums() {
    let line = |track: Track, channel, pitches: &[u8]| {
        (0..)
            .zip(pitches)
            .fold(track, |track, (place, &pitch)| track.note(place * 240, channel, pitch))
    };
    let piano = [60, 64, 67, 72, 67, 64, 60, 64];
    let low_piano = [36, 43, 48, 52, 53, 55, 57, 59, 60, 62];
    let bass = [28, 28, 35, 40, 33, 33, 40, 45, 36, 38];
    // In B major all pitches are kicks, snares and hi-hats.
    let high_bass = [35, 37, 39, 40, 42, 44, 46, 47, 42, 35];
    for notes in [&piano[..], &low_piano, &bass, &high_bass] {
        let alone = line(Track::default(), 1, notes);
        let error = Import::read(&file(&[alone.clone().end(4_800)]), PitchMap::Detect);
        let fault = error.expect_err("a melody").to_string();
        assert!(fault.contains("notes on channel 1, pitches"), "{fault}");
        let both = file(&[beat(Track::default(), 10, 0).end(1920), alone.end(4_800)]);
        let import = import(&both);
        assert_eq!((import.notes.len(), import.other_parts.len()), (7, 1));
        assert!(sentence(&import).starts_with("Not drums: "), "{}", sentence(&import));
    }
    // Names and programs decide where pitches could be those of a kit.
    let kit = beat(Track::default().name("Slap Bass"), 1, 0).end(1920);
    assert!(Import::read(&file(&[kit]), PitchMap::Detect).is_err());
    let kit = beat(Track::default().event(0, &[0xc0, 33]), 1, 0).end(1920);
    assert!(Import::read(&file(std::slice::from_ref(&kit)), PitchMap::Detect).is_err());
    assert!(Import::read(&file(&[kit]), PitchMap::Fixed(InputMap::GeneralMidi)).is_ok());
    let fill = [38, 38, 50, 50, 48, 45, 45, 43, 43, 36, 49];
    let fill = (0..).zip(fill).fold(Track::default(), |track, (place, pitch)| {
        track.note(place * 120, 1, pitch).event(place * 120 + 60, &[0x80, pitch, 0])
    });
    assert_eq!(import(&file(&[fill.end(1_920)])).notes.len(), 11);
    for pitch in [36, 38, 42] {
        let alone = Track::default().note(0, 1, pitch).note(240, 1, pitch).end(480);
        assert_eq!(import(&file(&[alone])).notes.len(), 2, "{pitch}");
    }
}

/// Start and meter of the bars.
fn bars(import: &Import) -> Vec<(u32, Meter)> {
    import.bars(Meter::FOUR_FOUR).iter().map(|bar| (bar.start, bar.meter)).collect()
}

#[test]
fn bars_keep_their_meters() {
    let waltz = Meter::new(3, 4);
    let track = beat(Track::default().meter(0, 3, 2), 10, 0).meter(1440, 4, 2);
    let import = import(&file(&[beat(track, 10, 1440).end(3_360)]));
    assert_eq!(bars(&import), [(0, waltz), (2_880, Meter::FOUR_FOUR)]);
    assert_eq!(import.meter(), Some(Meter::FOUR_FOUR));
    assert_eq!(sentence(&import), "The meter changes: 3/4 and 4/4.");
    let cut = Track::default().meter(0, 4, 2).notes(36, &[0]).meter(480, 3, 2).notes(38, &[480]);
    let import = super::import_tests::import(&file(&[cut.end(1_920)]));
    assert_eq!(import.bars(waltz)[0], BarSpan { start: 0, ticks: 960, meter: Meter::new(1, 4) });
}

#[test]
fn a_pick_up_stands_before_the_first_bar() {
    let track = Track::default().meter(0, 1, 2).notes(38, &[0, 240]).meter(480, 4, 2);
    let import = import(&file(&[beat(track, 10, 480).end(2_400)]));
    let clip = import.clip(Meter::FOUR_FOUR).expect("short").0;
    assert_eq!(clip.meter, Meter::FOUR_FOUR);
    let snares = (0..clip.steps.len()).filter(|&it| clip.steps[it].hit(Drum::Snare).is_some());
    assert_eq!(snares.collect::<Vec<_>>(), [12, 14, 20, 28]);
    assert!(clip.steps[16].hit(Drum::Kick).is_some());
}

#[test]
fn unusual_meters_are_kept_or_named() {
    let read = |numerator, power, bar: u32| {
        let ticks: Vec<u32> = (0..4).map(|number| number * bar).collect();
        let track = Track::default().meter(0, numerator, power).notes(36, &ticks);
        import(&file(&[track.end(4 * bar)]))
    };
    let short = read(5, 6, 150);
    assert_eq!(short.meter(), Some(Meter { numerator: 5, denominator: 64 }));
    assert_eq!((short.bars(Meter::FOUR_FOUR).len(), short.sentence()), (4, None));
    let clip = short.clip(Meter::FOUR_FOUR).expect("short").0;
    assert!([0, 2, 4, 6].iter().all(|&place: &usize| clip.steps[place].drums().len() == 1));
    let long = read(17, 2, 17 * 480);
    assert_eq!(long.meter(), Some(Meter::new(17, 8)), "a bar has 16 quarters at most");
    assert_eq!(long.clip(Meter::FOUR_FOUR).expect("short").0.steps.len(), 3 * 17 * 4 + 1);
    assert_eq!(sentence(&long), "Bars of 17/4 are read as 17/8.");
}

#[test]
fn the_end_of_the_file_sets_the_length() {
    let count = |track: Track, end| import(&file(&[track.end(end)])).bars(Meter::FOUR_FOUR).len();
    let one = beat(Track::default(), 10, 0);
    assert_eq!(count(one.clone(), 1_500), 1);
    assert_eq!(count(one.clone(), 1_920), 1);
    assert_eq!(count(one.clone(), 1_930), 1, "the end is a little late");
    assert_eq!(count(one.clone(), 3 * 1_920), 3, "silent bars count");
    let last = one.clone().notes(49, &[1_915]);
    assert_eq!(count(last.clone(), 1_915), 1, "the last hit is before the bar line");
    let closing = one.clone().notes(49, &[1_920]);
    assert_eq!(count(closing.clone(), 1_920 + 480), 1, "a crash on the bar line");
    assert_eq!(count(closing, 2 * 1_920), 2, "a crash and a silent bar");
    assert_eq!(count(one.notes(38, &[1_980]), 2_040), 2, "a hit after the bar line");
}

#[test]
fn tempos_are_those_of_the_file() {
    let track = beat(Track::default().tempo(0, 500_000).tempo(0, 645_161), 10, 0);
    let import = import(&file(&[track.tempo(1_920, 750_000).end(3_840)]));
    assert!((import.tempo().expect("a tempo") - 93.0).abs() < 1e-3);
    assert_eq!(import.tempos[1], (3_840, 80.0));
    assert_eq!(sentence(&import), "The tempo changes from 93 to 80.");
}

#[test]
fn damage_is_told() {
    let whole = file(&[beat(Track::default(), 10, 0).end(1_920)]);
    let import = import(&whole[..whole.len() - 4]);
    assert_eq!(import.notes.len(), 7);
    let told = sentence(&import);
    assert!(told.starts_with("Track 1 ends with its last event"), "{told}");
    assert!(told.ends_with('.'), "{told}");
}

#[test]
fn notes_in_one_place_that_are_struck_alike_are_one_and_told() {
    let whole = file(&[Track::default().notes(36, &[0, 0, 480]).notes(35, &[480]).end(1_920)]);
    let import = import(&whole);
    let kicks = import.notes.iter().filter(|note| note.drum == Drum::Kick).count();
    assert_eq!(kicks, import.notes.len());
    assert_eq!(sentence(&import), "Left out: 1 note in the place of a louder one of its drum.");
}

#[test]
fn a_hand_on_a_cymbal_chokes_its_last_note() {
    // Channel 10, ticks of 480 per quarter note: half of ours.
    let press = |track: Track, tick, pitch, value| track.event(tick, &[0xa9, pitch, value]);
    let mut track = Track::default().notes(49, &[0]).notes(55, &[240]).notes(57, &[300]);
    track = press(track, 300, 55, 63);
    // A kit sends a choke at each pitch of the cymbal.
    track = press(press(track, 480, 49, 127), 480, 55, 127);
    track = press(press(track, 500, 49, 0), 500, 38, 127).notes(38, &[600]);
    track = press(press(track, 700, 53, 127).notes(51, &[720]), 960, 53, 127);
    let import = Import::read(&file(&[track.end(1_920)]), PitchMap::Fixed(InputMap::Roland));
    let chokes: Vec<(Drum, u32, u32)> = (import.expect("drums").notes.iter())
        .map(|note| (note.drum, note.tick, note.choke))
        .collect();
    let expected = [
        (Drum::Crash, 0, 0),
        (Drum::Crash, 480, 480),
        (Drum::Crash, 600, 0),
        (Drum::Snare, 1_200, 0),
        (Drum::Ride, 1_440, 480),
    ];
    assert_eq!(chokes, expected);
}
