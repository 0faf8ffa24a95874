//! Song, parameter, and helpers that most tests share.

use anyhow::Result;
use xtask::host::{Host, HostSong, RecordedNote, Setup};

/// Creates an instance of the plugin.
pub type Load<'a> = &'a dyn Fn() -> Box<dyn Host>;

/// Song of most scenarios. At this rate and tempo a tick is 25 samples, so that positions can be
/// compared exactly.
pub const SONG: HostSong =
    HostSong { sample_rate: 48_000.0, tempo: 120.0, meter: (4, 4), block: 480, cycle: None };

/// Parameter that selects the take.
pub const TAKE: &str = "Take number";

/// Activates the plugin for an offline render of a song.
pub fn ready(host: &mut dyn Host, song: &HostSong) -> Result<()> {
    host.activate(Setup { sample_rate: song.sample_rate, max_block: song.block, offline: true })
}

/// Returns the onsets in a range of samples, relative to `zero`, sorted.
pub fn onsets(
    notes: &[RecordedNote],
    range: std::ops::Range<u64>,
    zero: u64,
) -> Vec<(u64, u8, u32)> {
    let mut onsets: Vec<_> = notes
        .iter()
        .filter(|note| range.contains(&note.on))
        .map(|note| (note.on - zero, note.key, velocity_steps(note.velocity)))
        .collect();
    onsets.sort_unstable();
    onsets
}

/// Converts a velocity to MIDI, for exact comparison.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn velocity_steps(velocity: f64) -> u32 {
    (velocity * 127.0).round() as u32
}
