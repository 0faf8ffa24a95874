//! A corpus of damaged files, made from small valid ones, against a second reader.
//!
//! The second reader shares nothing with the first. It ignores the lengths of tracks, reads events
//! up to End of Track or the next track, and gives a track up at the first byte that is no event.
//! Both readers must find the same notes; of a track that the second gives up, the first must find
//! those before the damage, and must say that something is missing.

use std::fmt::Write as _;

use groove::pattern::midi::{FileNote, MidiFile};

/// A note: tick on the scale of 960 per quarter note, track, channel, pitch, velocity.
type Place = (u64, usize, u8, u8, u8);

/// Random numbers from a linear congruential generator.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040);
        usize::try_from(self.0 >> 33).expect("32 bits") % limit
    }

    fn byte(&mut self, limit: usize) -> u8 {
        u8::try_from(self.below(limit)).expect("a byte")
    }
}

/// An event of a valid file: its time, and its bytes with and without running status.
struct Part {
    delta: Vec<u8>,
    event: Vec<u8>,
    /// The event is of the channel and kind of the last channel event.
    may_run: bool,
    /// A meta or system event stands between.
    after_system: bool,
}

fn random_part(draw: &mut Draw, status: &mut Option<u8>, after_system: &mut bool) -> Part {
    let delta = [vec![0], vec![draw.byte(128)], vec![0x81 + draw.byte(6), draw.byte(128)]];
    let delta = delta.into_iter().nth(draw.below(3)).expect("one of three");
    let (event, is_channel) = match draw.below(10) {
        0 => (vec![0xff, 1, 2, draw.byte(128), draw.byte(128)], false),
        1 => (vec![0xf0, 3, draw.byte(128), draw.byte(128), 0xf7], false),
        2 => (vec![0xb9, draw.byte(128), draw.byte(128)], true),
        3 => (vec![0xc9, draw.byte(128)], true),
        4 => (vec![0x89, 30 + draw.byte(40), draw.byte(128)], true),
        _ => (vec![0x99, 30 + draw.byte(40), draw.byte(128)], true),
    };
    let may_run = is_channel && *status == Some(event[0]);
    let part = Part { delta, may_run, after_system: *after_system && may_run, event };
    (*status, *after_system) = match is_channel {
        true => (Some(part.event[0]), false),
        false => (*status, true),
    };
    part
}

/// Bytes of a track without its header; `runs` says which events leave their status out.
fn body(parts: &[Part], runs: impl Fn(&Part) -> bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend(&part.delta);
        bytes.extend(&part.event[usize::from(runs(part))..]);
    }
    bytes.extend([0, 0xff, 0x2f, 0]);
    bytes
}

fn header(format: u8, tracks: usize) -> Vec<u8> {
    let tracks = u8::try_from(tracks).expect("few");
    [b"MThd\0\0\0\x06\0", &[format, 0, tracks, 0, 240][..]].concat()
}

/// A file with a claimed length for each track.
fn file(format: u8, tracks: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = header(format, tracks.len());
    for (length, body) in tracks {
        let length = u32::try_from(*length).expect("short").to_be_bytes();
        bytes.extend([b"MTrk", &length[..], body].concat());
    }
    bytes
}

/// Reads a variable-length number of any length; of more than four bytes it is zero.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let length = 1 + bytes.iter().take_while(|byte| **byte >= 0x80).count();
    let (number, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    let value = number.iter().fold(0u64, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some(if length > 4 { 0 } else { value })
}

/// Reads an event: the notes and, at End of Track, `true`. `None` at a byte that is no event.
fn event(bytes: &mut &[u8], status: &mut u8, mut note: impl FnMut(u8, u8, u8)) -> Option<bool> {
    if bytes.first()? >= &0x80 {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        if matches!(first, 0xf0 | 0xf7 | 0xff) {
            let kind = if *first == 0xff { bytes.split_off_first().copied()? } else { 0 };
            let length = usize::try_from(number(bytes)?).ok()?;
            *bytes = bytes.get(length..)?;
            return Some(kind == 0x2f);
        }
        *status = *first;
    }
    let length = match *status >> 4 {
        8..=0xb | 0xe => 2,
        0xc | 0xd => 1,
        _ => return None,
    };
    let (data, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    if data.iter().any(|byte| *byte >= 0x80) {
        return None;
    }
    if *status >> 4 == 9 && data[1] > 0 {
        note(*status & 15, data[0], data[1]);
    }
    Some(false)
}

/// The notes of a file, and `true` if nothing was given up.
fn second_reading(bytes: &[u8]) -> (Vec<Place>, bool) {
    let find = |bytes: &[u8], name: &[u8]| bytes.windows(4).position(|four| four == name);
    let (mut notes, mut is_whole) = (Vec::new(), true);
    let Some(start) = find(bytes, b"MThd") else { return (notes, false) };
    let Some(&[_, format, _, tracks, high, low]) = bytes.get(start + 8..start + 14) else {
        return (notes, false);
    };
    let division = u64::from(u16::from_be_bytes([high, low]));
    let (mut rest, mut found, mut end) = (&bytes[start + 14..], 0, 0);
    while let Some(next) = find(rest, b"MTrk") {
        let origin = if format == 2 { end } else { 0 };
        let after = rest.get(next + 8..).unwrap_or_default();
        let mut track;
        (track, rest) = after.split_at(find(after, b"MTrk").unwrap_or(after.len()));
        let (mut tick, mut status, mut ended) = (0, 0, false);
        while !ended {
            let Some(delta) = number(&mut track) else { break };
            tick += delta;
            let at = origin + (tick * 960 + division / 2) / division;
            let note = |channel, pitch, velocity| {
                notes.push((at, usize::from(found), channel, pitch, velocity));
            };
            match event(&mut track, &mut status, note) {
                Some(is_end) => ended = is_end,
                None => break,
            }
            end = end.max(at);
        }
        is_whole &= ended;
        found += 1;
    }
    (notes, is_whole && found == tracks)
}

/// The notes and faults that the reader finds.
fn first_reading(bytes: &[u8]) -> Option<(Vec<Place>, Vec<String>)> {
    let file = MidiFile::read(bytes).ok()?;
    let place = |note: &FileNote| (note.tick, note.track, note.channel, note.pitch, note.velocity);
    Some((file.notes.iter().map(place).collect(), file.losses))
}

/// Files of each kind of damage, checked, and those that both readers read whole.
#[derive(Default)]
struct Tally {
    kinds: Vec<(&'static str, usize, usize)>,
}

impl Tally {
    /// Compares both readers; `expected` has the notes of the undamaged file if none may be lost.
    fn check(&mut self, kind: &'static str, bytes: &[u8], expected: Option<&[Place]>) {
        let (mut second, is_whole) = second_reading(bytes);
        let place = self.kinds.iter().position(|(known, ..)| *known == kind);
        let place = place.unwrap_or_else(|| {
            self.kinds.push((kind, 0, 0));
            self.kinds.len() - 1
        });
        self.kinds[place].1 += 1;
        self.kinds[place].2 += usize::from(is_whole);
        let Some((mut first, losses)) = first_reading(bytes) else {
            assert!(second.is_empty() && expected.is_none(), "{kind}: refused {bytes:02x?}");
            return;
        };
        first.sort_unstable();
        second.sort_unstable();
        if is_whole || expected.is_some() {
            assert_eq!(first, second, "{kind}: {losses:?} in {bytes:02x?}");
        } else {
            assert!(!losses.is_empty(), "{kind}: nothing is said of {bytes:02x?}");
            let mut rest = first.iter();
            let missing = second.iter().find(|note| !rest.any(|other| other == *note));
            assert_eq!(missing, None, "{kind}: {losses:?} in {bytes:02x?}");
        }
        if let Some(expected) = expected {
            assert_eq!(first, expected, "{kind}: {losses:?} in {bytes:02x?}");
        }
    }
}

/// Damages a file of these tracks in each way.
fn damage(tracks: &[Vec<Part>], draw: &mut Draw, tally: &mut Tally) {
    let usual = |part: &Part| part.may_run && !part.after_system;
    let bodies: Vec<Vec<u8>> = tracks.iter().map(|parts| body(parts, usual)).collect();
    let sized = |bodies: &[Vec<u8>]| -> Vec<(usize, Vec<u8>)> {
        bodies.iter().map(|body| (body.len(), body.clone())).collect()
    };
    let format = u8::from(tracks.len() > 1);
    let whole = file(format, &sized(&bodies));
    let (mut notes, losses) = first_reading(&whole).expect("a valid file");
    assert_eq!(losses, Vec::<String>::new());
    notes.sort_unstable();
    tally.check("valid", &whole, Some(&notes));

    let all = |part: &Part| part.may_run;
    let running: Vec<Vec<u8>> = tracks.iter().map(|parts| body(parts, all)).collect();
    tally.check("running status", &file(format, &sized(&running)), Some(&notes));

    for claimed in 0..12 {
        let lengths = |length: usize| match claimed {
            0 => 0,
            1 => 1,
            2 => length + 1,
            3 => length + 9,
            4 => usize::try_from(u32::MAX).unwrap_or(usize::MAX),
            5 => length.saturating_sub(1),
            _ => length.saturating_sub(claimed - 3),
        };
        let mut tracks = sized(&bodies);
        let damaged = draw.below(tracks.len());
        tracks[damaged].0 = lengths(tracks[damaged].0);
        tally.check("track length", &file(format, &tracks), Some(&notes));
    }

    let riff = [&b"RIFF\x99\0\0\0RMIDdata\x88\0\0\0"[..], &whole].concat();
    tally.check("RIFF", &riff, Some(&notes));
    let mut two = whole.clone();
    two[9] = 2;
    tally.check("format 2", &two, None);
    (0..whole.len()).for_each(|end| tally.check("truncated", &whole[..end], None));

    for _ in 0..40 {
        let track = draw.below(tracks.len());
        let number = draw.below(tracks[track].len());
        let before: usize =
            22 * (track + 1) - 14 * track + bodies[..track].iter().map(Vec::len).sum::<usize>();
        let at = before + body(&tracks[track][..number], usual).len() - 4;
        let part = &tracks[track][number];
        // A data byte of a channel event.
        let mut bad = whole.clone();
        let data = at + part.delta.len() + usize::from(!usual(part));
        if part.event[0] < 0xf0 {
            bad[data] |= 0x80;
            tally.check("bad data byte", &bad, None);
        }
        let time = [0x8f, 0xff, 0xff, 0xff, 0x7f];
        let mut long = bodies.clone();
        let into = at - before;
        long[track].splice(into..into + part.delta.len(), time);
        tally.check("time of five bytes", &file(format, &sized(&long)), None);
    }
}

#[test]
fn damaged_files_lose_nothing_in_silence() {
    let mut draw = Draw(1);
    let mut tally = Tally::default();
    for _ in 0..60 {
        let tracks: Vec<Vec<Part>> = (0..=draw.below(3))
            .map(|_| {
                let (mut status, mut after_system) = (None, false);
                let number = 3 + draw.below(20);
                (0..number)
                    .map(|_| random_part(&mut draw, &mut status, &mut after_system))
                    .collect()
            })
            .collect();
        damage(&tracks, &mut draw, &mut tally);
    }
    let mut text = String::new();
    for (kind, files, whole) in &tally.kinds {
        let _ = writeln!(text, "{kind:<20}{files:>6} files, {whole:>6} read whole");
        assert!(*files >= 60, "{kind}");
    }
    println!("{text}");
}
