//! Onsets as peaks of the onset function.

use super::band_flux::SoundFrame;

/// Frames before and after a peak in which nothing is higher.
const PEAK: usize = 6;
/// Frames before and after a peak whose mean it exceeds.
const AROUND: usize = 24;
/// Excess over that mean: a constant part, and a share of the strongest peaks.
const EXCESS: f32 = 0.6;
const SHARE: f32 = 0.12;
/// Factor of the mean.
const MEAN: f32 = 1.5;
/// Share of the peaks that count as the strongest.
const STRONGEST: f32 = 0.1;

/// An onset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AudioOnset {
    /// Frame in which it begins.
    pub frame: usize,
    /// Strength relative to the strongest onsets, 0 to 1.
    pub strength: f32,
}

/// Returns the onsets of consecutive frames, in order: the peaks of the onset function that exceed
/// an adaptive threshold (Böck, Krebs and Schedl 2012, with frames of both sides).
#[must_use]
pub fn onsets(frames: &[SoundFrame]) -> Vec<AudioOnset> {
    let around = |place: usize, reach: usize| {
        &frames[place.saturating_sub(reach)..(place + reach + 1).min(frames.len())]
    };
    let is_peak = |place: usize| {
        let flux = frames[place].flux;
        let before = &frames[place.saturating_sub(PEAK)..place];
        flux > 0.0
            && before.iter().all(|it| it.flux < flux)
            && around(place, PEAK).iter().all(|it| it.flux <= flux)
    };
    let peaks: Vec<usize> = (0..frames.len()).filter(|&place| is_peak(place)).collect();
    let mut heights: Vec<f32> = peaks.iter().map(|&place| frames[place].flux).collect();
    heights.sort_by(|one, other| other.total_cmp(one));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
    let strongest = heights.get((STRONGEST * heights.len() as f32) as usize).copied();
    let Some(strongest) = strongest else { return Vec::new() };
    let threshold = |place: usize| {
        let near = around(place, AROUND);
        let mean = near.iter().map(|it| it.flux).sum::<f32>() / near.len() as f32;
        MEAN * mean + EXCESS.max(SHARE * strongest)
    };
    let chosen = peaks.into_iter().filter(|&place| frames[place].flux >= threshold(place));
    let onset = |place: usize| AudioOnset {
        // The level of a frame includes the one before.
        frame: place.saturating_sub(1),
        strength: (frames[place].flux / strongest).min(1.0),
    };
    chosen.map(onset).collect()
}
