//! Reference: the notes that the plugin plays in each bar of a song.
//!
//! A take plays the same notes at the same song position. One recording of each meter, at a rate at
//! which every tick of 1/960 quarter note is a whole number of samples, therefore determines all
//! later output. The plugin is not asked again.

use super::random_user::{HATS, LaneSettings};
use crate::host::{Host, HostSong, Message, Setup, TimedMessage, pair_notes};
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;

/// Ticks of a quarter note: the resolution of the plugin's positions.
pub const TICKS_PER_BEAT: f64 = 960.0;

/// Ticks of a sixteenth.
const TICKS_PER_STEP: i64 = 240;

/// Greatest offset of a hit from its step, in quarter notes: half a step.
pub const MAX_HIT_OFFSET: f64 = 0.125;

/// Meters of songs: numerator and denominator. Each bar is a whole number of steps.
pub const METERS: [(u16, u16); 7] = [(4, 4), (3, 4), (7, 8), (5, 4), (12, 8), (2, 2), (5, 16)];

/// Range of recorded positions, in quarter notes.
pub const LEARNED_BEATS: std::ops::Range<i32> = -32..260;

/// A stroke in a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
struct BarHit {
    /// Ticks from the start of the bar to the step.
    step: i64,
    /// Ticks from the step to the hit.
    offset: i64,
    lane: usize,
    articulation: usize,
    velocity: u8,
    /// Controller 4 before a stroke of the hi-hat.
    pedal: Option<u8>,
}

/// A stroke in a song.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlacedHit {
    /// Position of its step, in quarter notes.
    pub step: f64,
    /// Position of the hit, in quarter notes.
    pub at: f64,
    /// Lane, 0 to 8.
    pub lane: usize,
    /// Number of the articulation in the lane.
    pub articulation: usize,
    /// Velocity, 1 to 127.
    pub velocity: u8,
    /// Controller 4 before a stroke of the hi-hat, 0 open to 127 closed, for the maps that have it.
    pub pedal: Option<u8>,
}

/// Bar lines: bars of one meter, one of which starts at a given tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarLines {
    /// Numerator and denominator.
    pub meter: (u16, u16),
    /// Start of one of the bars, in ticks.
    pub line: i64,
}

impl BarLines {
    /// Length of a bar in ticks.
    #[must_use]
    pub fn length(&self) -> i64 {
        i64::from(self.meter.0) * 3_840 / i64::from(self.meter.1)
    }

    /// Start of the bar at a position, in ticks.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "songs are short")]
    pub fn start_at(&self, position: f64) -> i64 {
        let into = (position * TICKS_PER_BEAT).floor() as i64 - self.line;
        self.line + into.div_euclid(self.length()) * self.length()
    }
}

/// Recorded notes of a take.
#[derive(Clone, Debug, Default)]
pub struct ReferenceTake {
    bars: HashMap<((u16, u16), i64), Vec<BarHit>>,
}

impl ReferenceTake {
    /// Records the take of an instance in each meter. The instance plays the map of Roland kits,
    /// which tells the most articulations.
    ///
    /// # Errors
    /// If the plugin reports a fault, plays nothing, or plays between two ticks.
    pub fn learn(host: &mut dyn Host) -> Result<Self> {
        let mut reference = ReferenceTake::default();
        for meter in METERS {
            reference.record(host, meter)?;
        }
        let hits: usize = reference.bars.values().map(Vec::len).sum();
        ensure!(hits > 1_000, "the take has only {hits} hits; the test needs more than 1000");
        Ok(reference)
    }

    fn record(&mut self, host: &mut dyn Host, meter: (u16, u16)) -> Result<()> {
        // 100 samples a tick. The recording starts a bar early: an early hit of the very first bar
        // sounds late, on the first sample.
        let song =
            HostSong { sample_rate: 192_000.0, tempo: 120.0, meter, block: 16_384, cycle: None };
        let length = BarLines { meter, line: 0 }.length();
        let first = i64::from(LEARNED_BEATS.start) * 960 / length;
        let last = i64::from(LEARNED_BEATS.end) * 960 / length;
        host.activate(Setup {
            sample_rate: song.sample_rate,
            max_block: song.block,
            offline: true,
        })?;
        #[expect(clippy::cast_precision_loss, reason = "songs are short")]
        let [from, to] =
            [(first - 1) * length, last * length].map(|ticks| ticks as f64 / TICKS_PER_BEAT);
        let samples = song.samples(to - from);
        let mut heard = song.roll(host, from, samples)?;
        let rest = song.roll_stopped(host, to, u64::from(song.block))?;
        heard.extend(rest.into_iter().map(|it| TimedMessage { at: samples + it.at, ..it }));
        for bar in first..last {
            self.bars.insert((meter, bar), Vec::new());
        }
        for (note, pedal) in pair_notes(&heard)?.into_iter().zip(hat_pedals(&heard)?) {
            let (ticks, off) = (note.on / 100, note.on % 100);
            ensure!(off == 0 || note.on == 0, "{note:?} is between two ticks");
            let tick = (first - 1) * length + i64::try_from(ticks)?;
            let step = (tick + TICKS_PER_STEP / 2).div_euclid(TICKS_PER_STEP) * TICKS_PER_STEP;
            let bar = step.div_euclid(length);
            if let Some(hits) = self.bars.get_mut(&(meter, bar)) {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let velocity = (note.velocity * 127.0).round() as u8;
                let (lane, articulation) = LaneSettings::lane_of_key(note.key)?;
                let step_in = step.rem_euclid(length);
                let offset = tick - step;
                let may = match lane == HATS[0] {
                    true => &[Some(127)][..],
                    false if lane == HATS[1] => &[Some(0), Some(60)],
                    false => &[None],
                };
                ensure!(may.contains(&pedal), "controller 4 is {pedal:?} before {note:?}");
                hits.push(BarHit { step: step_in, offset, lane, articulation, velocity, pedal });
            }
        }
        Ok(())
    }

    /// Appends the hits from one position to another, both included.
    ///
    /// # Errors
    /// If the song goes beyond the recording.
    #[expect(clippy::cast_precision_loss, reason = "songs are short")]
    pub fn hits_between(
        &self,
        bar_lines: &BarLines,
        from: f64,
        to: f64,
        out: &mut Vec<PlacedHit>,
    ) -> Result<()> {
        let length = bar_lines.length();
        let mut start = bar_lines.start_at(from - MAX_HIT_OFFSET);
        while start as f64 / TICKS_PER_BEAT <= to + MAX_HIT_OFFSET {
            let index = start.div_euclid(length);
            let hits = self.bars.get(&(bar_lines.meter, index)).with_context(|| {
                format!("bar {index} of {:?} was not recorded", bar_lines.meter)
            })?;
            for hit in hits {
                let step = start + hit.step;
                let at = (step + hit.offset) as f64 / TICKS_PER_BEAT;
                if (from..=to).contains(&at) {
                    let BarHit { lane, articulation, velocity, pedal, .. } = *hit;
                    let step = step as f64 / TICKS_PER_BEAT;
                    out.push(PlacedHit { step, at, lane, articulation, velocity, pedal });
                }
            }
            start += length;
        }
        Ok(())
    }
}

/// Controller 4 just before each note-on, in order of the note-ons.
fn hat_pedals(heard: &[TimedMessage]) -> Result<Vec<Option<u8>>> {
    let mut before = None;
    let mut pedals = Vec::new();
    for TimedMessage { at, message } in heard {
        match *message {
            Message::NoteOn { .. } => {
                let pedal: Option<(u64, u8)> = before.take();
                ensure!(pedal.is_none_or(|(sample, _)| sample == *at), "a controller is early");
                pedals.push(pedal.map(|(_, value)| value));
            }
            Message::Midi([0xb0..=0xbf, 4, value]) => before = Some((*at, value)),
            _ => ensure!(before.is_none(), "{message:?} follows a controller"),
        }
    }
    Ok(pedals)
}
