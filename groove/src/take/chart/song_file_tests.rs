//! Tests of charts of arrangement files.

use midly::num::{u4, u7, u15, u24, u28};
use midly::{
    Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind,
};

use crate::pattern::Meter;
use crate::take::chart::{Accent, Place, SectionKind, SongFile, Stop};

type Events = Vec<(u32, TrackEventKind<'static>)>;

/// A track of events at ticks, 960 per quarter note.
fn track(mut events: Events) -> Track<'static> {
    events.sort_by_key(|(tick, _)| *tick);
    let mut last = 0;
    let mut track = Track::new();
    events.push((events.last().map_or(0, |(tick, _)| *tick), end()));
    for (tick, kind) in events {
        track.push(TrackEvent { delta: u28::new(tick - last), kind });
        last = tick;
    }
    track
}

fn end() -> TrackEventKind<'static> {
    TrackEventKind::Meta(MetaMessage::EndOfTrack)
}

fn meta(tick: u32, message: MetaMessage<'static>) -> (u32, TrackEventKind<'static>) {
    (tick, TrackEventKind::Meta(message))
}

/// A note of some steps.
fn note(channel: u8, step: u32, steps: u32, key: u8, vel: u8) -> Events {
    let event = |vel| TrackEventKind::Midi {
        channel: u4::new(channel),
        message: MidiMessage::NoteOn { key: u7::new(key), vel: u7::new(vel) },
    };
    vec![(step * 240, event(vel)), ((step + steps) * 240 - 20, event(0))]
}

fn read(tracks: Vec<Events>) -> SongFile {
    let header = Header::new(Format::Parallel, Timing::Metrical(u15::new(960)));
    let tracks = tracks.into_iter().map(track).collect();
    let mut bytes = Vec::new();
    Smf { header, tracks }.write_std(&mut bytes).expect("written");
    SongFile::read(&bytes).expect("a song")
}

#[test]
fn markers_are_sections_and_maps_are_kept() {
    let three_four = MetaMessage::TimeSignature(3, 2, 24, 8);
    let head = vec![
        meta(0, MetaMessage::TimeSignature(4, 2, 24, 8)),
        meta(0, MetaMessage::Tempo(u24::new(500_000))),
        meta(0, MetaMessage::Marker(b"Intro")),
        meta(2 * 3_840, MetaMessage::Marker(b"Verse 1")),
        // The file changes to 3/4 after four bars.
        meta(4 * 3_840, three_four),
        meta(4 * 3_840 + 2 * 2_880 - 60, MetaMessage::Marker(b"CHORUS")),
        meta(4 * 3_840, MetaMessage::Tempo(u24::new(600_000))),
    ];
    let bass = (0..26).flat_map(|beat| note(0, 4 * beat, 4, 40, 90)).collect();
    let SongFile { chart, song, told } = read(vec![head, bass]);
    let sections: Vec<_> =
        chart.sections().iter().map(|section| (section.start, section.kind)).collect();
    let wanted = [(0, SectionKind::Intro), (2, SectionKind::Verse), (6, SectionKind::Chorus)];
    assert_eq!(sections, wanted);
    let meters: Vec<Meter> = song.sections.iter().map(|section| section.clip.meter).collect();
    assert_eq!(meters, [Meter::FOUR_FOUR, Meter::new(3, 4)]);
    assert_eq!(song.tempos, [(0, 120.0), (15_360, 100.0)]);
    assert_eq!(song.markers.len(), 3);
    assert!(told.contains("channel 1"), "{told}");
    assert!(song.onsets().is_empty());
}

#[test]
fn energy_is_that_of_a_beat_beside_its_section() {
    let head = vec![
        meta(0, MetaMessage::Marker(b"Verse")),
        meta(8 * 3_840, MetaMessage::Marker(b"Chorus")),
    ];
    // A crescendo over eight bars, then eight loud ones.
    let rising = (0..32u8).flat_map(|beat| note(0, 4 * u32::from(beat), 4, 40, 30 + 2 * beat));
    let loud = (32..64).flat_map(|beat| note(0, 4 * beat, 4, 40, 110));
    let SongFile { chart, .. } = read(vec![head, rising.chain(loud).collect()]);
    let of_bar = |bar| chart.energy.get(bar, 0);
    let verse: Vec<f32> = (0..8).map(of_bar).collect();
    assert!(verse.windows(2).all(|two| two[1] >= two[0]), "{verse:?}");
    assert!(verse[0] < -0.7 && verse[7] > 0.3, "{verse:?}");
    assert!((9..15).all(|bar| of_bar(bar) == 0.0), "the chorus is even");
}

#[test]
fn other_markers_are_kinds_in_their_order() {
    let names: [&'static [u8]; 4] = [b"A", b"B", b"A", b"C"];
    let marker = |(bar, name): (u32, _)| meta(bar * 3_840, MetaMessage::Marker(name));
    let mut head: Events = (0..).zip(names).map(marker).collect();
    head.extend(note(0, 0, 64, 40, 90));
    let kinds: Vec<_> =
        read(vec![head]).chart.sections().iter().map(|section| section.kind).collect();
    let [verse, chorus, bridge] = [SectionKind::Verse, SectionKind::Chorus, SectionKind::Bridge];
    assert_eq!(kinds, [verse, chorus, verse, bridge]);
}

#[test]
fn the_bass_is_found_and_its_notes_are_accents() {
    let mut piano: Events = vec![meta(0, MetaMessage::TrackName(b"Piano left"))];
    piano.extend(note(0, 0, 32, 30, 80));
    let mut bass: Events = vec![meta(0, MetaMessage::TrackName(b"E-Bass"))];
    for (step, loud) in [(0, 100), (6, 60), (16, 100), (27, 60)] {
        bass.extend(note(1, step, 2, 45, loud));
    }
    let drums = note(9, 3, 1, 36, 100);
    let SongFile { chart, told, .. } = read(vec![piano, bass, drums]);
    let accents: Vec<_> = (0..2)
        .flat_map(|bar| (0..16).map(move |step| (bar, step)))
        .filter_map(|(bar, step)| Some((bar, step, chart.accents.get(bar, step)?)))
        .collect();
    let (light, strong) = (Accent::Light, Accent::Strong);
    assert_eq!(accents, [(0, 0, strong), (0, 6, light), (1, 0, strong), (1, 11, light)]);
    assert!(told.contains("E-Bass") && told.contains("drums are left out"), "{told}");
}

#[test]
fn rests_of_the_band_are_stops_and_lone_chords_stabs() {
    let mut band: Events = note(0, 0, 20, 40, 90);
    // A rest of twelve steps, a short one of four, a chord on its own.
    band.extend(note(0, 32, 12, 40, 90));
    band.extend(note(0, 48, 8, 40, 90));
    for key in [40, 60, 64] {
        band.extend(note(0, 60, 1, key, 110));
    }
    band.extend(note(0, 66, 8, 40, 90));
    let chart = read(vec![band]).chart;
    let place = |bar, step| Place { bar, step };
    assert_eq!(
        chart.stops(),
        [Stop { start: place(1, 4), end: place(2, 0), pick_up: 4, hit: false }]
    );
    assert_eq!(chart.accents.get(3, 12), Some(Accent::Stab));
    let stabs = (0..5)
        .flat_map(|bar| (0..16).map(move |step| (bar, step)))
        .filter(|&(bar, step)| chart.accents.get(bar, step) == Some(Accent::Stab));
    assert_eq!(stabs.count(), 1);
}

#[test]
fn the_drummer_waits_for_a_late_band_unless_a_marker_says_otherwise() {
    let late = || note(0, 32, 16, 40, 90);
    let stops = read(vec![late()]).chart.stops().to_vec();
    assert_eq!(stops.len(), 1);
    assert_eq!((stops[0].start, stops[0].end), (Place::default(), Place { bar: 2, step: 0 }));
    let mut marked = late();
    marked.push(meta(0, MetaMessage::Marker(b"Intro")));
    assert!(read(vec![marked]).chart.stops().is_empty());
}
