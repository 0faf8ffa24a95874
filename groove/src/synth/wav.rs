//! Offline rendering of clips: samples and `.wav` files.

use std::io::Cursor;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::audition_kit::AuditionKit;
use super::kits::Kit;
use super::trims::Trims;
use crate::pattern::clip::{Clip, Onset};
use crate::pattern::midi::TICKS_PER_BEAT;

/// Maximum tail after the clip's end, in seconds.
const TAIL: f64 = 8.0;

/// Samples rendered at once between strokes.
const PIECE: usize = 4_096;

/// Renders a clip on a kit with the settings of its lanes at a sample rate in Hz, left and right: the
/// whole clip, and its tail.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few minutes")]
pub fn render(clip: &Clip, sound: Kit, trims: &Trims, rate: u32) -> [Vec<f32>; 2] {
    let mut kit = AuditionKit::new(rate.into());
    kit.set_kit(sound);
    kit.set_trims(trims);
    let tempo = if clip.tempo.is_finite() { clip.tempo.clamp(10.0, 1_000.0) } else { 120.0 };
    let per_tick = f64::from(rate) * 60.0 / tempo / f64::from(TICKS_PER_BEAT);
    let sample = |tick: u32| (f64::from(tick) * per_tick).round() as usize;
    let mut sides = [Vec::new(), Vec::new()];
    let onsets = clip.onsets();
    // Chokes before the strokes of their tick.
    let mut moments: Vec<(u32, bool, &Onset)> = Vec::new();
    for onset in &onsets {
        moments.extend(onset.choke.map(|tick| (tick, false, onset)));
        moments.push((onset.tick, true, onset));
    }
    moments.sort_by_key(|&(tick, strikes, _)| (tick, strikes));
    for (tick, strikes, &Onset { drum, articulation, velocity, .. }) in moments {
        play_to(&mut kit, &mut sides, sample(tick));
        match strikes {
            true => kit.strike(drum, articulation, velocity),
            false => kit.choke(drum, articulation),
        }
    }
    let end = sample(clip.ticks());
    play_to(&mut kit, &mut sides, end);
    let last = end + (TAIL * f64::from(rate)) as usize;
    while !kit.is_silent() && sides[0].len() < last {
        let next = sides[0].len() + PIECE;
        play_to(&mut kit, &mut sides, next);
    }
    sides
}

fn play_to(kit: &mut AuditionKit, [left, right]: &mut [Vec<f32>; 2], end: usize) {
    let start = left.len().min(end);
    left.resize(end.max(start), 0.0);
    right.resize(end.max(start), 0.0);
    for (left, right) in left[start..].chunks_mut(PIECE).zip(right[start..].chunks_mut(PIECE)) {
        kit.render(left, right);
    }
}

/// Renders a clip as [`render`] does, as a 24-bit stereo `.wav` file.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "all samples are within -1 and 1")]
pub fn wav(clip: &Clip, kit: Kit, trims: &Trims, rate: u32) -> Vec<u8> {
    const FULL: f32 = 8_388_607.0;
    let [left, right] = render(clip, kit, trims, rate);
    let spec = WavSpec {
        channels: 2,
        sample_rate: rate,
        bits_per_sample: 24,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    // Writing to memory cannot fail.
    if let Ok(mut writer) = WavWriter::new(&mut bytes, spec) {
        for sample in left.iter().zip(&right).flat_map(|(left, right)| [left, right]) {
            let _ = writer.write_sample((sample * FULL) as i32);
        }
        let _ = writer.finalize();
    }
    bytes.into_inner()
}
