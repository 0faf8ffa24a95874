//! Tests of the tolerant reader of MIDI files.

use std::collections::HashMap;

use midly::num::{u4, u7, u15, u24, u28};
use midly::{
    Format, Header, MetaMessage, MidiMessage, Smf, Timing, TrackEvent, TrackEventKind as Kind,
};
use proptest::prelude::*;

use super::*;

/// Header of a file of format 0 with 480 ticks per quarter note.
const HEADER: &[u8] = b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0";

/// A kick at beat 1, a snare at beat 2, and a kick at beat 3.
const BODY: &[u8] =
    &[0x00, 0x99, 36, 112, 0x83, 0x60, 0x99, 38, 110, 0x83, 0x60, 36, 100, 0x00, 0xff, 0x2f, 0];

/// A track with a length of its own.
fn track_of(length: usize, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(length).expect("short").to_be_bytes();
    [b"MTrk", &length[..], body].concat()
}

fn track(body: &[u8]) -> Vec<u8> {
    track_of(body.len(), body)
}

fn file(tracks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [HEADER, &tracks.concat()].concat();
    bytes[11] = u8::try_from(tracks.len()).expect("few");
    bytes
}

fn read(bytes: &[u8]) -> MidiFile {
    MidiFile::read(bytes).expect("a file")
}

/// Pitch and tick of the notes.
fn places(file: &MidiFile) -> Vec<(u8, u64)> {
    file.notes.iter().map(|note| (note.pitch, note.tick)).collect()
}

const WHOLE: [(u8, u64); 3] = [(36, 0), (38, 960), (36, 1920)];

#[test]
fn notes_have_their_length_channel_and_velocity() {
    let body = [
        0, 0x92, 60, 90, 10, 60, 80, 10, 0x82, 60, 0, 10, 60, 0, 10, 0x92, 61, 1, 0, 0xff, 0x2f, 0,
    ];
    let file = read(&file(&[track(&body)]));
    let note = |tick, ticks, pitch, velocity| FileNote {
        tick,
        ticks,
        track: 0,
        channel: 2,
        pitch,
        velocity,
    };
    // The first note-off ends the older note; the last note has none.
    assert_eq!(file.notes, [note(0, 40, 60, 90), note(20, 40, 60, 80), note(80, 0, 61, 1)]);
    assert_eq!((file.end, file.losses), (80, vec![]));
}

#[test]
fn running_status_after_a_meta_or_system_event_is_read() {
    for middle in [&[0xff, 1, 2, b'h', b'i'][..], &[0xf0, 2, 1, 0xf7]] {
        let body = [&[0, 0x99, 36, 112, 0][..], middle, &BODY[4..6], &[38, 110], &BODY[9..]];
        let file = read(&file(&[track(&body.concat())]));
        assert_eq!(places(&file), WHOLE);
        assert_eq!(file.losses.len(), 1);
        assert!(file.losses[0].starts_with("track 1 has 1 event without a status"));
        assert!(file.losses[0].ends_with("(beat 2)"), "{:?}", file.losses);
    }
}

#[test]
fn wrong_track_lengths_are_repaired() {
    let second = [&[0x83, 0x60, 0x99, 40, 90][..], &BODY[13..]].concat();
    let notes = [(36, 0), (38, 960), (40, 960), (36, 1920)];
    for length in [0, 3, BODY.len() - 1, BODY.len() + 1, BODY.len() + 9, 9_999] {
        let two = [track_of(length, BODY), track(&second)];
        let found = read(&file(&two));
        assert_eq!(places(&found), notes, "{length}");
        let sentence = format!("track 1 has 17 bytes, but its header says {length}");
        assert!(found.losses.contains(&sentence), "{length}: {:?}", found.losses);
        let one = read(&file(&two[..1]));
        assert_eq!(places(&one), WHOLE, "{length}");
        assert_eq!(one.losses, [sentence]);
    }
    // The first track takes in the whole of the second one.
    let swallowed = [track_of(BODY.len() + 8 + second.len(), BODY), track(&second)];
    assert_eq!(places(&read(&file(&swallowed))), notes);
}

#[test]
fn times_of_five_bytes_count_as_zero() {
    let body = [&[0x8f, 0xff, 0xff, 0xff, 0x7f][..], &BODY[1..]].concat();
    let found = read(&file(&[track(&body)]));
    assert_eq!(places(&found), WHOLE);
    assert_eq!(
        found.losses,
        ["track 1 has 1 time of more than four bytes, counted as zero \
                               (beat 1)"]
    );
    // The note after it has no time at all, and its bytes could be a time.
    let body = [&[0x8f, 0xff, 0xff, 0xff, 0, 0x99, 36, 112, 0x99, 42, 80][..], BODY].concat();
    let found = read(&file(&[track(&body)]));
    assert_eq!(places(&found)[..3], [(36, 0), (42, 0), (36, 0)]);
}

#[test]
fn an_event_without_a_time_is_read() {
    let body = [&[0, 0x99, 36, 112, 0x99, 42, 80][..], &BODY[4..]].concat();
    let found = read(&file(&[track(&body)]));
    assert_eq!(places(&found), [(36, 0), (42, 0), (38, 960), (36, 1920)]);
    assert!(found.losses[0].contains("1 event without a time"), "{:?}", found.losses);
}

#[test]
fn bytes_that_are_no_events_are_skipped() {
    for junk in [&[0, 0x99, 36, 0xe0][..], &[0, 0xf0, 0x7f, 0x7f], &[1, 2, 3], &[7; 1_000]] {
        let found = read(&file(&[track(&[junk, BODY].concat())]));
        assert_eq!(places(&found), WHOLE, "{junk:?}");
        assert_eq!(found.losses.len(), 1, "{:?}", found.losses);
        assert!(found.losses[0].contains("that are no MIDI events, skipped (beat 1)"));
    }
}

#[test]
fn truncated_files_keep_what_they_have() {
    let whole = file(&[track(BODY)]);
    let cut = read(&whole[..whole.len() - 6]);
    assert_eq!(places(&cut), WHOLE[..2]);
    let sentence = "track 1 ends with its last event: the file ends in the middle of it";
    assert!(cut.losses.contains(&sentence.to_owned()), "{:?}", cut.losses);
    let no_end = file(&[track(&BODY[..13])]);
    assert_eq!(places(&read(&no_end)), WHOLE);
    let sentence = "track 1 ends with its last event: it has no End of Track";
    assert_eq!(read(&no_end).losses, [sentence]);
}

#[test]
fn garbage_around_the_chunks_is_skipped() {
    let second = [&[0x83, 0x60, 0x99, 40, 90][..], &BODY[13..]].concat();
    let two = file(&[]);
    let parts: [&[u8]; 5] = [b"\x01junk", &two, &track(BODY), b"\x02\x03\x04", &track(&second)];
    let mut bytes = parts.concat();
    bytes[5 + 11] = 2;
    let found = read(&bytes);
    assert_eq!(found.notes.len(), 4);
    assert_eq!(
        found.losses,
        ["5 bytes before the header are skipped", "3 bytes after 1 track are skipped"]
    );
    // Chunks of other kinds and zeros at the end are nothing unusual.
    let parts = [HEADER, b"XFIH\0\0\0\x02ab", &track(BODY), &[0; 9]];
    assert_eq!(read(&parts.concat()).losses, Vec::<String>::new());
    let riff = [b"RIFF\x40\0\0\0RMIDdata\x36\0\0\0", &file(&[track(BODY)])[..]].concat();
    assert_eq!(read(&riff), read(&file(&[track(BODY)])));
    let mut three = file(&[track(BODY)]);
    three[11] = 3;
    assert_eq!(read(&three).losses, ["the file says that it has 3 tracks, but has 1"]);
}

#[test]
fn the_last_of_several_tempos_and_meters_at_one_tick_counts() {
    let tempo = |micros: [u8; 3]| [&[0, 0xff, 0x51, 3][..], &micros].concat();
    let meter = |numerator, power| vec![0, 0xff, 0x58, 4, numerator, power, 24, 8];
    let body = [
        tempo([7, 0xa1, 0x20]),
        tempo([9, 0xd8, 0x29]),
        tempo([0; 3]),
        vec![0, 0xff, 0x51, 2, 7, 0xa1],
        meter(0, 2),
        meter(4, 2),
        meter(5, 6),
        BODY.to_vec(),
    ];
    let found = read(&file(&[track(&body.concat())]));
    assert_eq!(found.tempos, [(0, 645_161)]);
    let signature = TimeSignature { tick: 0, numerator: 5, denominator: 64 };
    assert_eq!(found.time_signatures, [signature]);
    let expected = [
        "1 time signature without a number of beats or with an unknown note value",
        "2 tempos of no length or an unknown form",
    ];
    assert_eq!(found.losses, expected);
    let none = read(&file(&[track(BODY)]));
    assert!(none.tempos.is_empty() && none.time_signatures.is_empty());
}

#[test]
fn names_texts_programs_and_the_pedal_are_kept() {
    let body = [
        &[0, 0xff, 3, 5][..],
        b"Drums",
        &[0, 0xff, 1, 2, 0xe9, b'a', 0, 0xc9, 16, 0, 0xb9, 4, 90, 0, 7, 100],
        BODY,
    ];
    let found = read(&file(&[track(&body.concat())]));
    assert_eq!((found.track_names, found.texts), (vec!["Drums".into()], vec!["éa".into()]));
    let value = |value| ChannelValue { tick: 0, track: 0, channel: 9, value };
    assert_eq!((found.programs, found.pedal), (vec![value(16)], vec![value(90)]));
}

#[test]
fn tracks_of_format_2_follow_each_other() {
    let mut two = file(&[track(BODY), track(BODY)]);
    (two[9], two[11]) = (2, 2);
    let ticks: Vec<u64> = read(&two).notes.iter().map(|note| note.tick).collect();
    assert_eq!(ticks, [0, 960, 1920, 1920, 2880, 3840]);
}

/// An event that midly writes.
fn any_event() -> impl Strategy<Value = Kind<'static>> {
    let channel = (0..16u8).prop_map(u4::new);
    let data = || (0..128u8).prop_map(u7::new);
    let message = prop_oneof![
        6 => (data(), data()).prop_map(|(key, vel)| MidiMessage::NoteOn { key, vel }),
        3 => (data(), data()).prop_map(|(key, vel)| MidiMessage::NoteOff { key, vel }),
        1 => (data(), data()).prop_map(|(key, vel)| MidiMessage::Aftertouch { key, vel }),
        2 => (0..6u8, data())
            .prop_map(|(number, value)| MidiMessage::Controller { controller: number.into(), value }),
        1 => data().prop_map(|program| MidiMessage::ProgramChange { program }),
        1 => data().prop_map(|vel| MidiMessage::ChannelAftertouch { vel }),
    ];
    let meta = prop_oneof![
        (1..1u32 << 24).prop_map(|micros| MetaMessage::Tempo(u24::new(micros))),
        (1..=255u8, 0..9u8).prop_map(|(n, power)| MetaMessage::TimeSignature(n, power, 24, 8)),
        Just(MetaMessage::Text(b"Kick: note 36, channel 10")),
        Just(MetaMessage::TrackName(b"MTrk")),
        Just(MetaMessage::Lyric(&[b'x'; 200])),
    ];
    prop_oneof![
        8 => (channel, message).prop_map(|(channel, message)| Kind::Midi { channel, message }),
        2 => meta.prop_map(Kind::Meta),
        1 => Just(Kind::SysEx(b"\x7e\x7f\x09\x01\xf7")),
        1 => Just(Kind::Escape(b"\xf3\x01")),
    ]
}

/// A file that midly writes: 0 to 5 tracks of any events.
fn any_smf() -> impl Strategy<Value = Vec<u8>> {
    let delta = prop_oneof![Just(0), 0..500u32, 0..1u32 << 28].prop_map(u28::new);
    let event = (delta, any_event()).prop_map(|(delta, kind)| TrackEvent { delta, kind });
    let track = prop::collection::vec(event, 0..40);
    (1..1u16 << 15, prop::collection::vec(track, 1..5)).prop_map(|(division, mut tracks)| {
        for track in &mut tracks {
            let kind = Kind::Meta(MetaMessage::EndOfTrack);
            track.push(TrackEvent { delta: u28::new(7), kind });
        }
        let format = if tracks.len() == 1 { Format::SingleTrack } else { Format::Parallel };
        let header = Header::new(format, Timing::Metrical(u15::new(division)));
        let mut bytes = Vec::new();
        Smf { header, tracks }.write_std(&mut bytes).expect("to memory");
        bytes
    })
}

/// Content of a file by midly, as far as [`MidiFile`] has it too.
fn by_midly(bytes: &[u8]) -> Option<MidiFile> {
    let smf = Smf::parse(bytes).ok()?;
    let Timing::Metrical(division) = smf.header.timing else { return None };
    let division = u64::from(division.as_int());
    let mut file = MidiFile::default();
    let (mut tempos, mut signatures) = (HashMap::new(), HashMap::new());
    for (number, track) in smf.tracks.iter().enumerate() {
        let (mut tick, mut name) = (0, String::new());
        for event in track {
            tick += u64::from(event.delta.as_int());
            let at = (tick * 960 + division / 2) / division;
            match event.kind {
                Kind::Midi { channel, message } => {
                    let channel = channel.as_int();
                    let value = |value| ChannelValue { tick: at, track: number, channel, value };
                    match message {
                        MidiMessage::NoteOn { key, vel } if vel > 0 => file.notes.push(FileNote {
                            tick: at,
                            ticks: 0,
                            track: number,
                            channel,
                            pitch: key.as_int(),
                            velocity: vel.as_int(),
                        }),
                        MidiMessage::Controller { controller, value: new } if controller == 4 => {
                            file.pedal.push(value(new.as_int()));
                        }
                        MidiMessage::Aftertouch { key, vel } if vel >= 64 => {
                            let (pitch, track) = (key.as_int(), number);
                            file.chokes.push(ChokeEvent { tick: at, track, channel, pitch });
                        }
                        MidiMessage::ProgramChange { program } => {
                            file.programs.push(value(program.as_int()));
                        }
                        _ => {}
                    }
                }
                Kind::Meta(MetaMessage::Tempo(micros)) if micros > 0 => {
                    tempos.insert(at, micros.as_int());
                }
                Kind::Meta(MetaMessage::TimeSignature(numerator @ 1.., power @ 0..=8, _, _)) => {
                    let denominator = 1 << power;
                    signatures.insert(at, TimeSignature { tick: at, numerator, denominator });
                }
                Kind::Meta(MetaMessage::Text(text)) => {
                    file.texts.push(String::from_utf8_lossy(text).into_owned());
                }
                Kind::Meta(MetaMessage::TrackName(text)) if name.is_empty() => {
                    name = String::from_utf8_lossy(text).into_owned();
                }
                Kind::Meta(MetaMessage::EndOfTrack) => file.end = file.end.max(at),
                _ => {}
            }
        }
        file.track_names.push(name);
    }
    file.notes.sort_by_key(|note| note.tick);
    file.pedal.sort_by_key(|value| value.tick);
    file.programs.sort_by_key(|value| value.tick);
    file.chokes.sort_by_key(|choke| choke.tick);
    file.tempos = tempos.into_iter().collect();
    file.tempos.sort_unstable();
    file.time_signatures = signatures.into_values().collect();
    file.time_signatures.sort_by_key(|signature| signature.tick);
    Some(file)
}

/// The content without note lengths, which midly does not have.
fn without_lengths(mut file: MidiFile) -> MidiFile {
    file.notes.iter_mut().for_each(|note| note.ticks = 0);
    file
}

proptest! {
    #[test]
    fn valid_files_are_read_as_midly_reads_them(bytes in any_smf()) {
        let found = read(&bytes);
        prop_assert_eq!(without_lengths(found), by_midly(&bytes).expect("midly's own file"));
    }

    /// A damaged file is read without a word only if midly reads the same.
    #[test]
    fn damaged_files_are_read_without_a_panic(
        bytes in any_smf(),
        edits in prop::collection::vec((0..2_000usize, any::<u8>(), 0..3u8), 0..4),
    ) {
        let mut bytes = bytes;
        for (at, byte, edit) in edits {
            let at = at % bytes.len().max(1);
            match edit {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => bytes.truncate(at),
            }
        }
        if let Ok(found) = MidiFile::read(&bytes)
            && found.losses.is_empty()
            && found.notes.iter().all(|note| note.tick < 1 << 40)
            && let Some(expected) = by_midly(&bytes)
        {
            prop_assert_eq!(without_lengths(found).notes, expected.notes);
        }
    }

    #[test]
    fn any_bytes_are_a_file_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let whole = [HEADER, b"MTrk\0\0\x01\0", &bytes].concat();
        let found = read(&whole);
        prop_assert!(found.notes.len() * 2 <= bytes.len());
        let _ = MidiFile::read(&bytes);
    }
}
