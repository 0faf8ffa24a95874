//! Timing check: every note is on the sample of its musical position.
//!
//! The positions come from one recording at a rate at which a tick of 1/960 quarter note is a whole
//! number of samples: 192 kHz at 120 BPM, 100 samples a tick. At every other rate and block size a
//! note must be on the nearest sample to its position, which is computed from the definition of
//! tempo alone.

use super::recording::Recording;
use super::setup::ready;
use anyhow::{Result, ensure};
use xtask::host::{Host, HostSong, RecordedNote};

/// Ticks of a quarter note: the resolution of the plugin's positions.
const TICKS_PER_BEAT: f64 = 960.0;

/// Song of the reference, with 100 samples a tick.
const REFERENCE: HostSong =
    HostSong { sample_rate: 192_000.0, tempo: 120.0, meter: (4, 4), block: 256, cycle: None };

/// A note of the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferenceNote {
    /// Quarter notes from the start of the recording.
    pub beats: f64,
    /// Key, 0 to 127.
    pub key: u8,
    /// Velocity, 0 to 1.
    pub velocity: f64,
}

/// Plays a stretch of a song and returns its notes. All have ended, because the transport stops.
pub fn play(
    host: &mut dyn Host,
    song: &HostSong,
    from: f64,
    beats: f64,
) -> Result<Vec<RecordedNote>> {
    ready(host, song)?;
    let mut recording = Recording::default();
    recording.roll(song, host, from, song.samples(beats))?;
    recording.stop(song, host, from + beats)?;
    recording.notes()
}

/// Returns the musical positions of the plugin's notes in a stretch of a song.
#[allow(clippy::cast_precision_loss)]
pub fn reference(
    host: &mut dyn Host,
    tempo: f64,
    from: f64,
    beats: f64,
) -> Result<Vec<ReferenceNote>> {
    let song = HostSong { tempo, ..REFERENCE };
    let notes = play(host, &song, from, beats)?;
    notes
        .iter()
        .map(|note| {
            let beats = from + note.on as f64 * song.beats_per_sample();
            let tick = (beats * TICKS_PER_BEAT).round();
            let off =
                (beats * TICKS_PER_BEAT - tick).abs() / (song.beats_per_sample() * TICKS_PER_BEAT);
            // An early hit of the very first step sounds on the first sample, which need not be on
            // a tick.
            ensure!(
                off <= 0.501 || note.on == 0,
                "{note:?} is {off} samples off the nearest tick at 192 kHz"
            );
            let beats = if note.on == 0 { from } else { tick / TICKS_PER_BEAT };
            Ok(ReferenceNote { beats: beats - from, key: note.key, velocity: note.velocity })
        })
        .collect()
}

/// Returns the greatest distance, in samples, of a note from the nearest sample to its position. A
/// position half way between two samples may be either.
///
/// # Errors
/// If a note is missing, extra, or has another key or velocity.
#[allow(clippy::cast_precision_loss)]
pub fn error(song: &HostSong, expected: &[ReferenceNote], notes: &[RecordedNote]) -> Result<f64> {
    ensure!(
        expected.len() == notes.len(),
        "{} notes instead of {} in {song:?}",
        notes.len(),
        expected.len()
    );
    // Notes on one sample may come in any order.
    let mut notes = notes.to_vec();
    notes.sort_by_key(|note| (note.key, note.on));
    let mut expected = expected.to_vec();
    expected.sort_by(|a, b| {
        (a.key, a.beats).partial_cmp(&(b.key, b.beats)).expect("no position is NaN")
    });
    let mut worst = 0.0_f64;
    for (expected, note) in expected.iter().zip(&notes) {
        ensure!(
            expected.key == note.key && (expected.velocity - note.velocity).abs() < 1e-6,
            "{note:?} instead of {expected:?} in {song:?}"
        );
        let exact = expected.beats / song.beats_per_sample();
        // Rounding accounts for half a sample; the remaining tolerance is for the arithmetic here.
        let off = ((note.on as f64 - exact).abs() - 0.5 - 1e-3).max(0.0).ceil();
        worst = worst.max(off);
    }
    Ok(worst)
}
