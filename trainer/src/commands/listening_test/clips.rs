//! Pairs of clips, rendered at one tempo, length and loudness.

use std::io::Cursor;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use groove::Meter;
use groove::generate::Drummer;
use groove::learn::bar_f1::STEPS;
use groove::learn::data::Piece;
use groove::model::Model;
use groove::pattern::clip::Clip;
use groove::synth::{Kit, UNTRIMMED, render};
use groove::take::{Take, TakeControls};
use hound::{SampleFormat, WavSpec, WavWriter};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::metrics::comparison::is_beat;
use crate::playback::play_bars;

/// Bars of a clip.
const BARS: usize = 4;
/// Sample rate of the clips, in Hz.
pub(super) const RATE: u32 = 22_050;
/// Time after the last bar, over which a clip fades out, in seconds.
const FADE: f64 = 1.0;
/// Root mean square of all clips, of full scale.
const LOUDNESS: f32 = 0.06;

/// One of the two clips of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Drummer,
    Model,
}

/// A pair of clips of one style and tempo, in a random order.
pub(super) struct Pair {
    /// Name of the style.
    pub style: String,
    /// Quarter notes per minute.
    pub tempo: f32,
    /// Source and 16-bit mono `.wav` file of each clip.
    pub clips: [(Source, Vec<u8>); 2],
}

/// Renders pairs of two drummers and of a drummer and the model, in turns through the styles, and
/// shuffles them. Recordings, their bars and the order are drawn; the model's takes have the seeds
/// from 0 on, and play the bars with the numbers of the recording's.
pub(super) fn pairs(
    model: &Arc<Model>,
    beats: &[Piece],
    styles: &[u8],
    count: u32,
    seed: u64,
) -> Result<Vec<Pair>> {
    let mut draws = ChaCha8Rng::seed_from_u64(seed);
    let mut pairs = Vec::new();
    for number in 0..count {
        let style = styles[number as usize % styles.len()];
        for other in [Source::Drummer, Source::Model] {
            let drawn = Drawn::new(model, beats, style, &mut draws)?;
            pairs.push(drawn.pair(model, style, (other, number), &mut draws)?);
        }
    }
    pairs.shuffle(&mut draws);
    Ok(pairs)
}

/// Two different recordings of a style, and the first bar of the clip of each.
struct Drawn<'a> {
    pieces: [&'a Piece; 2],
    first_bars: [usize; 2],
}

impl<'a> Drawn<'a> {
    fn new(
        model: &Model,
        beats: &'a [Piece],
        style: u8,
        draws: &mut ChaCha8Rng,
    ) -> Result<Drawn<'a>> {
        let is_long = |piece: &&Piece| is_beat(piece, style) && piece.steps.len() >= BARS * STEPS;
        let mut long: Vec<&Piece> = beats.iter().filter(is_long).collect();
        let name = model.metadata().style_name(style);
        ensure!(
            long.len() >= 2,
            "{name} has {} validation beats of {BARS} bars: a pair needs two",
            long.len()
        );
        long.shuffle(draws);
        let pieces = [long[0], long[1]];
        let first_bars =
            pieces.map(|piece| draws.random_range(0..=piece.steps.len() / STEPS - BARS));
        Ok(Drawn { pieces, first_bars })
    }

    /// Renders the first recording and the other side, both at the tempo of the first.
    fn pair(
        &self,
        model: &Arc<Model>,
        style: u8,
        (other, number): (Source, u32),
        draws: &mut ChaCha8Rng,
    ) -> Result<Pair> {
        let tempo = self.pieces[0].kind.tempo;
        let recorded = |side: usize| {
            let start = self.first_bars[side] * STEPS;
            self.pieces[side].steps[start..start + BARS * STEPS].to_vec()
        };
        let second = match other {
            Source::Drummer => recorded(1),
            Source::Model => {
                let controls =
                    TakeControls { seed: number, style, tempo, ..TakeControls::default() };
                let first = i64::try_from(self.first_bars[0])?;
                let bars = first..first + i64::try_from(BARS)?;
                let mut drummer = Drummer::new(Arc::clone(model));
                let bars = play_bars(&mut drummer, &Take::from(controls), Meter::FOUR_FOUR, bars)?;
                bars.iter().flat_map(|bar| bar.steps()).copied().collect()
            }
        };
        let clip = |steps| {
            let clip = Clip { steps, tempo: f64::from(tempo), meter: Meter::FOUR_FOUR };
            wav(&clip)
        };
        let mut clips = [(Source::Drummer, clip(recorded(0))?), (other, clip(second)?)];
        clips.shuffle(draws);
        Ok(Pair { style: model.metadata().style_name(style).to_owned(), tempo, clips })
    }
}

/// Renders a clip on the acoustic kit as a mono file of its bars and the fade, at [`LOUDNESS`].
/// Samples beyond full scale are limited softly.
fn wav(clip: &Clip) -> Result<Vec<u8>> {
    let [left, right] = render(clip, Kit::Acoustic, &UNTRIMMED, RATE);
    let rate = f64::from(RATE);
    let bars = (BARS * 4) as f64 * 60.0 / clip.tempo;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few seconds")]
    let [end, fade] = [bars * rate, FADE * rate].map(|samples| samples.round() as usize);
    let mono = left.iter().zip(&right).map(|(left, right)| f32::midpoint(*left, *right));
    let mut samples: Vec<f32> = mono.take(end + fade).collect();
    samples.resize(end + fade, 0.0);
    for (place, sample) in samples[end..].iter_mut().enumerate() {
        *sample *= 1.0 - place as f32 / fade as f32;
    }
    let loudness = root_mean_square(&samples);
    ensure!(loudness > 0.0, "a clip is silent");
    let spec = WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).context("a clip cannot be written")?;
    for sample in samples {
        #[expect(clippy::cast_possible_truncation, reason = "within full scale")]
        let sample = (limited(sample * LOUDNESS / loudness) * 32_767.0).round() as i16;
        writer.write_sample(sample)?;
    }
    writer.finalize()?;
    Ok(bytes.into_inner())
}

fn root_mean_square(samples: &[f32]) -> f32 {
    (samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32).sqrt()
}

/// A sample, from .7 of full scale on bent so that it stays below 1.
fn limited(sample: f32) -> f32 {
    const KNEE: f32 = 0.7;
    let over = sample.abs() - KNEE;
    match over > 0.0 {
        true => (KNEE + (1.0 - KNEE) * (over / (1.0 - KNEE)).tanh()).copysign(sample),
        false => sample,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use groove::learn::data::Split;
    use groove::model::encode::Kind;
    use groove::{Drum, Hit, Step};
    use hound::WavReader;

    const SMALL: &[u8] = include_bytes!("../../../../plugin/tests/models/small.safetensors");

    /// Pairs of a small model and of two loud and two soft beats.
    pub(in crate::commands::listening_test) fn small_pairs(count: u32) -> Vec<Pair> {
        let model = Arc::new(Model::from_bytes(SMALL).expect("a model"));
        let style = model.metadata().style_number("rock").expect("a style");
        let beat = |(velocity, tempo): (u8, f32)| {
            let kind = Kind { style, blend: (0, 0.0), tempo, meter: Meter::FOUR_FOUR, fill: false };
            let mut steps = vec![Step::SILENT; 6 * STEPS];
            for (place, step) in steps.iter_mut().enumerate().step_by(2) {
                let drum = if place % 8 == 4 { Drum::Snare } else { Drum::Kick };
                step.set(drum, Some(Hit::plain(velocity, 4)));
            }
            Piece { steps, kind, split: Split::Validation }
        };
        let beats = [(120, 120.0), (20, 150.0), (90, 180.0), (60, 140.0)].map(beat);
        pairs(&model, &beats, &[style], count, 1).expect("pairs")
    }

    #[test]
    fn pairs_are_balanced_and_alike_but_for_their_notes() {
        let pairs = small_pairs(16);
        let with_model = |pair: &&Pair| pair.clips.iter().any(|clip| clip.0 == Source::Model);
        assert_eq!((pairs.len(), pairs.iter().filter(with_model).count()), (32, 16));
        let first = pairs.iter().filter(|pair| pair.clips[0].0 == Source::Model).count();
        assert!((3..=13).contains(&first), "{first} of 16 begin with the model");
        let kinds: Vec<bool> = pairs.iter().map(|pair| with_model(&pair)).collect();
        assert!(kinds.windows(2).filter(|pair| pair[0] == pair[1]).count() > 5, "not in turns");
        for pair in &pairs {
            let [a, b] = pair.clips.each_ref().map(|(_, bytes)| {
                let reader = WavReader::new(&bytes[..]).expect("a .wav file");
                assert_eq!((reader.spec().channels, reader.spec().sample_rate), (1, RATE));
                let samples: Result<Vec<i16>, _> = reader.into_samples().collect();
                samples.expect("samples")
            });
            let seconds = 16.0 * 60.0 / f64::from(pair.tempo) + FADE;
            assert!((a.len() as f64 - seconds * f64::from(RATE)).abs() < 2.0);
            assert_eq!(a.len(), b.len());
            let loudness = [&a, &b].map(|samples| {
                let samples: Vec<f32> =
                    samples.iter().map(|it| f32::from(*it) / 32_767.0).collect();
                root_mean_square(&samples)
            });
            assert!(loudness.iter().all(|it| (it / LOUDNESS - 1.0).abs() < 0.03), "{loudness:?}");
            assert_ne!(a, b);
        }
    }

    #[test]
    fn peaks_are_bent_below_full_scale() {
        assert!((limited(0.5) - 0.5).abs() < 1e-9 && (limited(-0.5) + 0.5).abs() < 1e-9);
        assert!(limited(0.71) > 0.7 && limited(3.0) <= 1.0 && limited(-3.0) >= -1.0);
    }
}
