//! Swing: the places in the beat of hats and rides, by tempo.

use std::collections::BTreeMap;

use groove::{Drum, Hit, Step};
use serde::Serialize;

use super::comparison::{Comparison, Groove};

/// Bounds of the tempo bands, in quarter notes per minute.
const BANDS: [f32; 4] = [80.0, 100.0, 120.5, 150.0];
/// Minimum number of off-beats, played and human, for the figures of a band.
const ENOUGH: f64 = 30.0;
/// Steps in a beat.
const BEAT: usize = 4;
/// Minimum place of a swung off-beat; a triplet's is .667.
const SWUNG: f64 = 0.6;

/// Off-beats of takes or drummers in a tempo band. Places are fractions of a beat.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OffbeatPlaces {
    /// Beats with exactly one hit of hats and rides after the quarter: a felt eighth.
    pub offbeats: f64,
    /// Mean place of that hit: .5 is straight, .667 a triplet.
    pub offbeat: f64,
    /// Share of these beats whose off-beat is at .6 or later.
    pub swung: f64,
    /// Mean place of the hits nearest to the second sixteenth; `None` without such hits.
    pub second: Option<f64>,
    /// Mean place of the hits nearest to the fourth sixteenth; `None` without such hits.
    pub fourth: Option<f64>,
}

/// Takes and drummers in a tempo band.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Swing {
    /// The takes.
    pub played: OffbeatPlaces,
    /// The drummers' train beats.
    pub human: OffbeatPlaces,
}

impl Swing {
    /// Measures a style by tempo band, such as `80-100`; bands with too few hits are omitted.
    pub(crate) fn of(sides: &Comparison) -> BTreeMap<String, Swing> {
        let edges = || std::iter::once(0.0).chain(BANDS);
        let bands = edges().zip(edges().skip(1).chain([f32::INFINITY]));
        let figures = |(from, to): (f32, f32)| {
            let within = |groove: &&Groove| (from..to).contains(&groove.tempo);
            let [played, human] = [&sides.played, &sides.train]
                .map(|side| OffbeatPlaces::of(side.iter().filter(within)));
            let name = match to.is_finite() {
                true => format!("{from:.0}-{to:.0}"),
                false => format!("{from:.0}-"),
            };
            let enough = played.offbeats >= ENOUGH && human.offbeats >= ENOUGH;
            enough.then_some((name, Swing { played, human }))
        };
        bands.filter_map(figures).collect()
    }

    /// Heading of [`Swing::line`].
    pub(crate) const HEADING: &'static str =
        "place of the off-beat      played     swung  drummers     swung";

    /// Returns the figures as a line of text.
    pub(crate) fn line(&self, style: &str, band: &str) -> String {
        let name = format!("{style} {band}");
        format!(
            "{name:<24}{:>9.3}{:>10.2}{:>10.3}{:>10.2}",
            self.played.offbeat, self.played.swung, self.human.offbeat, self.human.swung
        )
    }
}

impl OffbeatPlaces {
    fn of<'a>(grooves: impl Iterator<Item = &'a Groove>) -> OffbeatPlaces {
        let (mut offbeats, mut places, mut swung) = (0.0, 0.0, 0.0);
        let mut sums = [(0.0, 0.0); BEAT];
        for beat in grooves.flat_map(|groove| &groove.bars).flat_map(|bar| bar.chunks(BEAT)) {
            let hits = beat.iter().enumerate().skip(1);
            let hits = hits.filter_map(|(step, hits)| Some((step, pulse(hits)?)));
            let behind: Vec<(usize, f64)> =
                hits.map(|(step, hit)| (step, place(step, hit))).collect();
            for &(step, place) in &behind {
                sums[step].0 += 1.0;
                sums[step].1 += place;
            }
            if let [(_, place)] = behind[..] {
                offbeats += 1.0;
                places += place;
                swung += f64::from(u8::from(place >= SWUNG));
            }
        }
        let mean = |(count, sum): (f64, f64)| (count > 0.0).then(|| sum / count);
        OffbeatPlaces {
            offbeats,
            offbeat: places / offbeats,
            swung: swung / offbeats,
            second: mean(sums[1]),
            fourth: mean(sums[3]),
        }
    }
}

/// Returns the loudest hit of hats and ride at a step.
fn pulse(step: &Step) -> Option<Hit> {
    let drums = [Drum::ClosedHat, Drum::OpenHat, Drum::Ride];
    drums.into_iter().filter_map(|drum| step.hit(drum)).max_by_key(|hit| hit.velocity)
}

/// Returns the place of a hit in its beat, given the step of the beat.
fn place(step: usize, hit: Hit) -> f64 {
    (step as f64 + f64::from(hit.offset())) / BEAT as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::learn::bar_f1::STEPS;

    /// Four bars of eighths on the ride, with the off-beats at a step and offset.
    fn groove(step: usize, offset_ticks: i8, tempo: f32) -> Groove {
        let mut bar = [Step::SILENT; STEPS];
        for beat in bar.chunks_mut(BEAT) {
            beat[0].set(Drum::Ride, Some(Hit::plain(90, 0)));
            beat[step].set(Drum::Ride, Some(Hit::plain(90, offset_ticks)));
        }
        Groove { bars: vec![bar; 4], tempo }
    }

    #[test]
    fn straight_and_swung_off_beats_by_tempo_band() {
        let sides = Comparison {
            style: 0,
            name: String::new(),
            played: [vec![groove(2, 0, 90.0); 3], vec![groove(2, 0, 200.0); 3]].concat(),
            train: [vec![groove(3, -80, 90.0); 2], vec![groove(2, 12, 110.0); 2]].concat(),
            whole: Vec::new(),
        };
        let figures = Swing::of(&sides);
        assert_eq!(figures.keys().collect::<Vec<_>>(), ["80-100"], "the one that both have");
        let Swing { played, human } = figures["80-100"];
        assert_eq!((played.offbeats, played.offbeat, played.swung), (48.0, 0.5, 0.0));
        assert!((human.offbeat - 2.0 / 3.0).abs() < 1e-6 && human.swung == 1.0, "{human:?}");
        assert!(human.fourth.is_some() && human.second.is_none());
    }

    #[test]
    fn sixteenths_are_no_off_beats() {
        let mut groove = groove(2, 0, 90.0);
        for beat in groove.bars.iter_mut().flat_map(|bar| bar.chunks_mut(BEAT)) {
            beat[1].set(Drum::ClosedHat, Some(Hit::plain(50, 24)));
        }
        let places = OffbeatPlaces::of([groove].iter());
        assert_eq!(places.offbeats, 0.0);
        assert!(places.second.is_some_and(|place| (place - 0.275).abs() < 1e-6), "{places:?}");
    }
}
