//! The steps of a song's bars in a row, and what the notes of a band say about them: accents, stops,
//! energy and intensities.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::pattern::midi::{BarSpan, FileNote};
use crate::pattern::{Meter, TICKS_PER_STEP};
use crate::take::chart::energy::energies;
use crate::take::chart::{Accent, Accents, Energy, Place, SectionKind, Stop};

/// Steps of rest before a stab, and after one.
const STAB_RESTS: (usize, usize) = (2, 3);
/// Notes that make a stab.
pub(super) const STAB_NOTES: usize = 3;
/// Shortest rest of the whole band that is a stop, in felt beats.
const STOP_BEATS: usize = 2;

/// The steps of a song's bars, in a row.
pub(super) struct SongGrid {
    /// Start in ticks, meter, and number of the first step of each bar.
    bars: Vec<(u64, Meter, usize)>,
    /// Number of steps.
    steps: usize,
}

impl SongGrid {
    pub(super) fn of(bars: &[BarSpan]) -> SongGrid {
        let mut steps = 0;
        let bars = bars.iter().map(|bar| {
            let first = steps;
            steps += bar.meter.steps();
            (u64::from(bar.start), bar.meter, first)
        });
        let bars = bars.collect();
        SongGrid { bars, steps }
    }

    /// Index of the bar at a tick.
    pub(super) fn bar_at(&self, tick: u64) -> usize {
        self.bars.partition_point(|&(start, ..)| start <= tick).saturating_sub(1)
    }

    /// Number of the nearest step to a tick.
    fn step_at(&self, tick: u64) -> usize {
        let step = u64::from(TICKS_PER_STEP);
        let (start, meter, first) = self.bars[self.bar_at(tick)];
        let within = usize::try_from((tick - start + step / 2) / step).unwrap_or(usize::MAX);
        first + within.min(meter.steps())
    }

    /// Bar and step of a number; the end of the song is the start of another bar.
    fn place(&self, step: usize) -> (usize, usize) {
        let bar = self.bars.partition_point(|&(.., first)| first <= step).saturating_sub(1);
        let (_, meter, first) = self.bars[bar];
        if step - first >= meter.steps() { (bar + 1, 0) } else { (bar, step - first) }
    }

    fn song_place(&self, step: usize) -> Place {
        let (bar, step) = self.place(step);
        let bar = u16::try_from(bar).unwrap_or(u16::MAX);
        Place { bar, step: u8::try_from(step).unwrap_or(u8::MAX) }
    }

    /// Number of notes that begin at each step, and true for steps at which any note sounds.
    fn sounding(&self, band: &[FileNote]) -> (Vec<usize>, Vec<bool>) {
        let (mut onsets, mut sounds) = (vec![0; self.steps + 1], vec![false; self.steps + 1]);
        for note in band {
            let from = self.step_at(note.tick);
            let to = self.step_at(note.tick + note.ticks).clamp(from + 1, self.steps + 1);
            onsets[from.min(self.steps)] += 1;
            sounds[from.min(self.steps)..to].fill(true);
        }
        (onsets, sounds)
    }

    /// Accents of a part, and stabs of the band; false if some find no room. `sounding` is everything
    /// that is not silence.
    pub(super) fn accents(
        &self,
        part: &[FileNote],
        band: &[FileNote],
        sounding: &[FileNote],
    ) -> (Accents, bool) {
        let longest = self.bars.iter().map(|(_, meter, _)| meter.steps()).max();
        let mut accents = Accents::new(longest.unwrap_or(16));
        let loud: u64 = part.iter().map(|note| u64::from(note.velocity)).sum();
        let mut strengths: BTreeMap<usize, Accent> = BTreeMap::new();
        for note in part {
            let is_strong = u64::from(note.velocity) * part.len() as u64 >= loud;
            let accent = if is_strong { Accent::Strong } else { Accent::Light };
            let known = strengths.entry(self.step_at(note.tick)).or_insert(accent);
            *known = accent.max(*known);
        }
        let (onsets, _) = self.sounding(band);
        let (_, sounds) = self.sounding(sounding);
        for step in (0..self.steps).filter(|&step| onsets[step] >= STAB_NOTES) {
            let silent = |from: usize, to: usize| {
                sounds[from.min(self.steps)..to.min(self.steps)].iter().all(|sounds| !sounds)
            };
            let before = silent(step.saturating_sub(STAB_RESTS.0), step);
            // The stab itself may last two steps.
            if before && silent(step + 2, step + 2 + STAB_RESTS.1) {
                strengths.insert(step, Accent::Stab);
            }
        }
        let mut all_fit = true;
        for (step, accent) in strengths.into_iter().filter(|&(step, _)| step < self.steps) {
            let (bar, step) = self.place(step);
            all_fit &= accents.set(i64::try_from(bar).unwrap_or(i64::MAX), step, Some(accent));
        }
        (accents, all_fit)
    }

    /// Rests of the whole band; also before the first note, if no section begins there.
    pub(super) fn stops(&self, band: &[FileNote], has_sections: bool) -> Vec<Stop> {
        let (_, sounds) = self.sounding(band);
        let last = sounds.iter().rposition(|&sounds| sounds).unwrap_or(0);
        let mut stops = Vec::new();
        let mut start = 0;
        for (end, _) in sounds.iter().enumerate().take(last + 1).filter(|(_, sounds)| **sounds) {
            let (_, meter, _) = self.bars[self.place(start).0.min(self.bars.len() - 1)];
            let is_long = end - start >= STOP_BEATS * meter.beat_steps();
            if is_long && (start > 0 || !has_sections) {
                stops.push(Stop {
                    start: self.song_place(start),
                    end: self.song_place(end),
                    pick_up: u8::try_from(meter.beat_steps()).unwrap_or(4),
                    hit: false,
                });
            }
            start = end + 1;
        }
        stops
    }

    /// Sum of the velocities of the notes in each bar.
    pub(super) fn energy(&self, band: &[FileNote]) -> Vec<f32> {
        let mut energy = vec![0.0f32; self.bars.len()];
        for note in band {
            energy[self.bar_at(note.tick)] += f32::from(note.velocity);
        }
        energy
    }

    /// Sets the energy of the beats of some bars, which are a section or a part of one, from the
    /// velocities that begin at them.
    pub(super) fn set_energy(&self, energy: &mut Energy, band: &[FileNote], bars: Range<usize>) {
        let bars = bars.start..bars.end.min(self.bars.len());
        let Some(first) = bars.clone().next() else { return };
        let beats = |bar: usize| self.bars[bar].1.whole_beats();
        let starts: Vec<usize> = bars
            .clone()
            .scan(0, |next, bar| Some(std::mem::replace(next, *next + beats(bar))))
            .collect();
        let mut played = vec![0.0; bars.clone().map(beats).sum()];
        for note in band {
            let (bar, step) = self.place(self.step_at(note.tick).min(self.steps.saturating_sub(1)));
            if bars.contains(&bar) {
                let beat = (step / self.bars[bar].1.beat_steps()).min(beats(bar) - 1);
                played[starts[bar - first] + beat] += f32::from(note.velocity);
            }
        }
        let found = energies(&played);
        *energy = energy.wider(bars.clone().map(beats).max().unwrap_or(1));
        for (bar, start) in bars.zip(starts) {
            let of_bar = found[start..start + beats(bar)].iter().copied();
            energy.set_bar(i64::try_from(bar).unwrap_or(i64::MAX), of_bar);
        }
    }

    /// Intensity of a section of a kind, from how much is played in its bars and in the whole song.
    pub(super) fn intensity(kind: SectionKind, energy: &[f32], bars: Range<usize>) -> f32 {
        let mean = |bars: &[f32]| bars.iter().sum::<f32>() / bars.len().max(1) as f32;
        let heard = 0.5 * (mean(&energy[bars]) / mean(energy).max(1.0)).min(2.0);
        (0.5 * (kind.usual_intensity() + heard)).clamp(0.0, 1.0)
    }
}
