//! Whether every note stands on the sample of its musical position.
//!
//! The positions come from one rendering at a rate so high that a tick of 1/960 quarter note is
//! a whole number of samples: 192 kHz at 120 beats a minute, 100 samples a tick. Every other rate
//! and block size must then give the nearest sample to the same position, which is computed here
//! from the definition of tempo alone.

use super::recording::Recording;
use super::scenarios::ready;
use anyhow::{Result, ensure};
use xtask::host::{Host, Note, Song};

/// Ticks of a quarter note: the finest musical position that the plugin plays at.
const TICKS: f64 = 960.0;

/// Where the reference is played: exactly 100 samples a tick.
const REFERENCE: Song =
    Song { sample_rate: 192_000.0, tempo: 120.0, meter: (4, 4), block: 256, cycle: None };

/// A note of the reference: its position in quarter notes, its key and its velocity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Quarter notes from the start of the recording.
    pub beats: f64,
    /// Key, 0 to 127.
    pub key: u8,
    /// Velocity, 0 to 1.
    pub velocity: f64,
}

/// Plays this stretch of the song to the end and returns its notes: all have ended, because the
/// transport stops.
pub fn play(host: &mut dyn Host, song: &Song, from: f64, beats: f64) -> Result<Vec<Note>> {
    ready(host, song)?;
    let mut recording = Recording::default();
    recording.roll(song, host, from, song.samples(beats))?;
    recording.stop(song, host, from + beats)?;
    recording.notes()
}

/// The musical positions of what the plugin plays in this stretch of the song at this tempo.
#[allow(clippy::cast_precision_loss)]
pub fn reference(host: &mut dyn Host, tempo: f64, from: f64, beats: f64) -> Result<Vec<Placed>> {
    let song = Song { tempo, ..REFERENCE };
    let notes = play(host, &song, from, beats)?;
    notes
        .iter()
        .map(|note| {
            let beats = from + note.on as f64 * song.beats_per_sample();
            let tick = (beats * TICKS).round();
            let off = (beats * TICKS - tick).abs() / (song.beats_per_sample() * TICKS);
            // An early hit of the very first step cannot sound before the song starts: it sounds
            // with the first sample, which need not be on a tick.
            ensure!(
                off <= 0.501 || note.on == 0,
                "{note:?} is {off} samples off the nearest tick at 192 kHz"
            );
            let beats = if note.on == 0 { from } else { tick / TICKS };
            Ok(Placed { beats: beats - from, key: note.key, velocity: note.velocity })
        })
        .collect()
}

/// The greatest distance, in samples, between where notes are and where they should be: the
/// nearest sample to their position. A position half way between two samples may be either.
///
/// # Errors
/// A note is missing, or is one too many, or is another drum or velocity than it should be.
#[allow(clippy::cast_precision_loss)]
pub fn error(song: &Song, expected: &[Placed], notes: &[Note]) -> Result<f64> {
    ensure!(
        expected.len() == notes.len(),
        "{} notes instead of {} in {song:?}",
        notes.len(),
        expected.len()
    );
    // Drums that strike at once may come in any order.
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
        // Half a sample is what rounding may cost; the rest of a fraction is our own arithmetic.
        let off = ((note.on as f64 - exact).abs() - 0.5 - 1e-3).max(0.0).ceil();
        worst = worst.max(off);
    }
    Ok(worst)
}
