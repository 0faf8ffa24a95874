//! Events of a MIDI track, read strictly, and with repairs where that fails.

use super::damage::{Damage, Deviation};

/// Number of events that a repair must let follow without another fault to be certain.
const PROBED_EVENTS: usize = 8;

/// Number of bytes after a fault among which the next event is searched.
const SEARCHED_BYTES: usize = 4_096;

/// Status byte of meta events.
const META: u8 = 0xff;

/// Meta event that ends a track.
const END_OF_TRACK: u8 = 0x2f;

/// An event that the importer uses; `Other` has been skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TrackEvent<'a> {
    NoteOn { channel: u8, pitch: u8, velocity: u8 },
    NoteOff { channel: u8, pitch: u8 },
    Controller { channel: u8, number: u8, value: u8 },
    Program { channel: u8, program: u8 },
    KeyPressure { channel: u8, pitch: u8, value: u8 },
    Meta { kind: u8, data: &'a [u8] },
    Other,
}

/// Events of a track, each with its tick from the track's start.
#[derive(Debug, Default)]
pub(super) struct TrackEvents<'a> {
    /// In order of time.
    pub(super) events: Vec<(u64, TrackEvent<'a>)>,
    /// Tick of the End of Track, or of the last event.
    pub(super) end: u64,
    /// True if there is an End of Track.
    pub(super) has_end: bool,
    /// Position after the last event that was read.
    pub(super) next: usize,
}

/// A place in a track: everything that an event depends on.
#[derive(Clone, Copy, Debug, Default)]
struct TrackCursor {
    at: usize,
    tick: u64,
    /// Status of the last channel message.
    running: Option<u8>,
    /// True if a meta or system event has ended the running status.
    ended: bool,
}

/// An event as read at a place.
struct Read<'a> {
    event: TrackEvent<'a>,
    next: TrackCursor,
    /// Deviation from the format that could be read all the same.
    deviation: Option<Deviation>,
}

/// Reads the events of a track from `from` up to `limit` or an End of Track. `repairs` is the
/// number of repairs that the file may still cost.
pub(super) fn read_track<'a>(
    bytes: &'a [u8],
    from: usize,
    limit: usize,
    damage: &mut Damage,
    repairs: &mut usize,
) -> TrackEvents<'a> {
    let bytes = &bytes[..limit];
    let mut track = TrackEvents::default();
    let mut cursor = TrackCursor { at: from, ..TrackCursor::default() };
    // The place before the last event, for a repair that reads this event again.
    let mut before = cursor;
    while cursor.at < limit && !track.has_end {
        let read = match read_event(bytes, cursor) {
            Some(read) => read,
            None if *repairs == 0 || is_cut(bytes, cursor) => break,
            None => {
                *repairs -= 1;
                let Some((read, drops_last)) = repair(bytes, before, cursor) else { break };
                if drops_last {
                    track.events.pop();
                    cursor = before;
                }
                read
            }
        };
        if let Some(fault) = read.deviation {
            damage.count(fault, read.next.tick);
        }
        track.has_end = matches!(read.event, TrackEvent::Meta { kind: END_OF_TRACK, .. });
        track.events.push((read.next.tick, read.event));
        (before, cursor) = (cursor, read.next);
    }
    if !track.has_end && cursor.at < limit {
        damage.count(Deviation::Skipped(limit - cursor.at), cursor.tick);
        cursor.at = limit;
    }
    track.end = cursor.tick;
    track.next = cursor.at;
    track
}

/// Returns true if the bytes from a place on are the beginning of an event, so that nothing before
/// them is in doubt.
fn is_cut(bytes: &[u8], cursor: TrackCursor) -> bool {
    let rest = bytes.get(cursor.at..).unwrap_or_default();
    let continued = rest.iter().take_while(|byte| **byte >= 0x80).count();
    let message = rest.get(continued + 1..).unwrap_or_default();
    let (status, data) = match message.split_first() {
        Some((&status @ 0x80.., data)) => (Some(status), data),
        _ => (cursor.running, message),
    };
    let is_short = match status {
        _ if message.is_empty() => true,
        Some(0xc0..=0xdf) => data.is_empty(),
        Some(0x80..=0xef) => data.len() < 2,
        Some(META) => data.len() < 2,
        Some(0xf0 | 0xf7) => data.is_empty(),
        _ => false,
    };
    let is_channel = status.is_none_or(|status| status < 0xf0);
    continued < 4 && is_short && (!is_channel || data.iter().all(|byte| *byte < 0x80))
}

/// Reads the event at a place; `None` if its bytes are not one.
fn read_event(bytes: &[u8], cursor: TrackCursor) -> Option<Read<'_>> {
    let (delta, at, is_long) = read_delta(bytes, cursor.at)?;
    let start = TrackCursor { at, tick: cursor.tick + delta, ..cursor };
    let mut read = read_message(bytes, start)?;
    if is_long {
        read.deviation = Some(Deviation::LongTime);
    }
    Some(read)
}

/// Reads a message without its time.
fn read_message(bytes: &[u8], mut cursor: TrackCursor) -> Option<Read<'_>> {
    let mut deviation = None;
    let mut status = *bytes.get(cursor.at)?;
    if status < 0x80 {
        deviation = cursor.ended.then_some(Deviation::RunningStatus);
        status = cursor.running?;
    } else {
        cursor.at += 1;
    }
    let data = |count: usize| -> Option<&[u8]> {
        let data = bytes.get(cursor.at..cursor.at + count)?;
        data.iter().all(|&byte| byte < 0x80).then_some(data)
    };
    let channel = status & 0x0f;
    let event = match status {
        0x80..=0xef => {
            let data = data(if (0xc0..=0xdf).contains(&status) { 1 } else { 2 })?;
            cursor = TrackCursor { running: Some(status), ended: false, ..cursor };
            cursor.at += data.len();
            match (status >> 4, data) {
                (0x9, &[pitch, velocity]) if velocity > 0 => {
                    TrackEvent::NoteOn { channel, pitch, velocity }
                }
                (0x8 | 0x9, &[pitch, _]) => TrackEvent::NoteOff { channel, pitch },
                (0xa, &[pitch, value]) => TrackEvent::KeyPressure { channel, pitch, value },
                (0xb, &[number, value]) => TrackEvent::Controller { channel, number, value },
                (0xc, &[program]) => TrackEvent::Program { channel, program },
                _ => TrackEvent::Other,
            }
        }
        META => {
            let kind = *bytes.get(cursor.at)?;
            let (data, at) = sized(bytes, cursor.at + 1)?;
            cursor = TrackCursor { at, ended: true, ..cursor };
            TrackEvent::Meta { kind, data }
        }
        0xf0 | 0xf7 => {
            let (_, at) = sized(bytes, cursor.at)?;
            cursor = TrackCursor { at, ended: true, ..cursor };
            TrackEvent::Other
        }
        // System messages do not belong into files.
        0xf1..=0xfe => {
            let length = [0, 1, 2, 1].get(usize::from(status & 0x0f)).copied().unwrap_or(0);
            cursor.at += data(length)?.len();
            deviation = Some(Deviation::SystemMessage);
            TrackEvent::Other
        }
        _ => return None,
    };
    Some(Read { event, next: cursor, deviation })
}

/// Reads a time: value, next position, and true if it has more than four bytes. Such a time is a
/// negative number of 32 or 64 bits in known files, and counts as 0.
fn read_delta(bytes: &[u8], from: usize) -> Option<(u64, usize, bool)> {
    let mut value = 0;
    for (place, &byte) in bytes.get(from..)?.iter().take(10).enumerate() {
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            let is_long = place >= 4;
            return Some((if is_long { 0 } else { value }, from + place + 1, is_long));
        }
    }
    None
}

/// Data preceded by its length, and the next position.
fn sized(bytes: &[u8], from: usize) -> Option<(&[u8], usize)> {
    let (length, start, is_long) = read_delta(bytes, from)?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    Some((bytes.get(start..end).filter(|_| !is_long)?, end))
}

/// Finds the most likely event at a place where none can be read: the one that lets the most events
/// follow, and of those the earliest. The flag is true if the event replaces the last one.
fn repair<'a>(
    bytes: &'a [u8],
    before: TrackCursor,
    cursor: TrackCursor,
) -> Option<(Read<'a>, bool)> {
    let mut candidates = Vec::new();
    // Events without a time: this one, or the one before, whose time was taken for its bytes.
    for (place, drops_last) in [(before, true), (cursor, false)] {
        let is_status = bytes.get(place.at).is_some_and(|byte| (0x80..0xf0).contains(byte));
        if is_status && let Some(mut read) = read_message(bytes, place) {
            read.deviation = Some(Deviation::MissingTime);
            candidates.push((read, drops_last));
        }
    }
    let mut best = candidates
        .into_iter()
        .map(|candidate| (events_after(bytes, candidate.0.next), candidate))
        .max_by_key(|(score, (read, _))| (*score, std::cmp::Reverse(read.next.tick)));
    // The bytes up to a time of one byte and a status.
    for at in cursor.at + 1..bytes.len().min(cursor.at + SEARCHED_BYTES) {
        let most = best.as_ref().map_or(0, |(score, _)| *score);
        if most == PROBED_EVENTS {
            break;
        }
        let has_status = bytes[at] < 0x80 && bytes.get(at + 1).is_some_and(|byte| *byte >= 0x80);
        if !has_status {
            continue;
        }
        let place = TrackCursor { at, ended: true, ..cursor };
        if let Some(mut read) = read_event(bytes, place) {
            let score = events_after(bytes, read.next);
            if score > most {
                read.deviation = Some(Deviation::Skipped(at - cursor.at));
                best = Some((score, (read, false)));
            }
        }
    }
    best.filter(|(score, _)| *score > 0).map(|(_, candidate)| candidate)
}

/// Number of events without a fault after a place, at most [`PROBED_EVENTS`]; reaching the end
/// counts as all of them.
fn events_after(bytes: &[u8], mut cursor: TrackCursor) -> usize {
    for count in 0..PROBED_EVENTS {
        if cursor.at >= bytes.len() {
            return PROBED_EVENTS;
        }
        match read_event(bytes, cursor) {
            Some(Read { event: TrackEvent::Meta { kind: END_OF_TRACK, .. }, .. }) => {
                return PROBED_EVENTS;
            }
            Some(read) => cursor = read.next,
            None => return count,
        }
    }
    PROBED_EVENTS
}
