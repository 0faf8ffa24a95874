//! Articulations and strokes: how well the stroke network predicts them, beside tables.

use std::collections::HashMap;

use anyhow::{Context, Result};
use candle_core::Tensor;
use groove::learn::data::batch::NONE;
use groove::learn::data::{Piece, Split};
use groove::learn::network::kernel;
use groove::learn::network::storage::with_slice;
use groove::model::strokes::{ARTICULATIONS, INPUTS, NEXT, OUTPUTS, SIZES};
use groove::pattern::MAX_STROKES;
use groove::{Articulation, Drum, Hit, Step};
use serde::Serialize;

use crate::data::stroke_rows::StrokeRows;
use crate::network::stroke_net::forward;

/// Velocity ranges in the keys of tables.
const LEVELS: u8 = 8;

/// Predictions of a choice: bits a hit, and share of hits whose likeliest outcome is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ChoiceFigures {
    /// Mean negative log2-likelihood per hit.
    pub bits: f64,
    /// Share of hits.
    pub right: f64,
}

/// Predictions of articulations and of numbers of strokes in beats, and those of tables of the
/// train beats by their keys.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StrokeReport {
    /// Articulation of the main stroke.
    pub articulation: Option<ChoiceFigures>,
    /// Number of strokes, 1 to 4.
    pub strokes: Option<ChoiceFigures>,
    /// Tables of articulations, by key.
    pub articulation_tables: Vec<(String, ChoiceFigures)>,
    /// Tables of numbers of strokes, by key.
    pub stroke_tables: Vec<(String, ChoiceFigures)>,
}

/// Sums of a choice.
#[derive(Default)]
struct Tally {
    hits: f64,
    nats: f64,
    right: f64,
}

impl Tally {
    fn add(&mut self, probability: f64, right: bool) {
        self.hits += 1.0;
        self.nats -= probability.max(1e-12).ln();
        self.right += f64::from(u8::from(right));
    }

    fn figures(&self) -> ChoiceFigures {
        let hits = self.hits.max(1.0);
        ChoiceFigures { bits: self.nats / hits / std::f64::consts::LN_2, right: self.right / hits }
    }
}

impl StrokeReport {
    /// Measures the stroke network of a model's tensors, if it has one, on the beats of `pieces`.
    /// `all` has the train beats of the tables.
    ///
    /// # Errors
    /// If Candle cannot compute.
    pub fn measure(
        tensors: &HashMap<String, Tensor>,
        all: &[Piece],
        pieces: &[Piece],
    ) -> Result<StrokeReport> {
        let beats: Vec<&Piece> = pieces.iter().filter(|piece| !piece.kind.fill).collect();
        let own = match tensors.contains_key("strokes.out.weight") {
            true => Some(network_figures(tensors, &beats)?),
            false => None,
        };
        let train: Vec<&Piece> =
            all.iter().filter(|piece| piece.split == Split::Train && !piece.kind.fill).collect();
        let tables = |outcome: Outcome, keys: &[(&str, Key)]| {
            let figures = |(name, key): &(&str, Key)| {
                ((*name).to_owned(), table_figures(&train, &beats, outcome, *key))
            };
            keys.iter().map(figures).collect::<Vec<_>>()
        };
        let keys: [(&str, Key); 4] = [
            ("class", |_| [0; 3]),
            ("style", |at| [at.piece.kind.style, 0, 0]),
            ("bar ago", |at| [at.last(), at.bar_ago(), 0]),
            ("bar ago and loudness", |at| [at.last(), at.bar_ago(), at.level()]),
        ];
        Ok(StrokeReport {
            articulation: own.map(|(articulation, _)| articulation),
            strokes: own.map(|(_, strokes)| strokes),
            articulation_tables: tables(articulation_of, &keys),
            stroke_tables: tables(strokes_of, &keys),
        })
    }

    /// Returns the report as text.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        let sides = [
            ("articulation", self.articulation, &self.articulation_tables),
            ("strokes", self.strokes, &self.stroke_tables),
        ];
        for (name, own, tables) in sides {
            let own = own.map(|figures| ("the network".to_owned(), figures));
            for (key, ChoiceFigures { bits, right }) in own.iter().chain(tables) {
                text += &format!("{name}: {bits:.3} bits a hit, {right:.3} right ({key})\n");
            }
        }
        text
    }
}

fn network_figures(
    tensors: &HashMap<String, Tensor>,
    beats: &[&Piece],
) -> Result<(ChoiceFigures, ChoiceFigures)> {
    let get = |name: &str| {
        let tensor = tensors.get(name).with_context(|| format!("the tensor {name} is missing"))?;
        Ok::<_, anyhow::Error>(tensor.to_dtype(candle_core::DType::F32)?)
    };
    let names = groove::model::Metadata::stroke_tensors().map(|(name, _)| name);
    let layers: Vec<Tensor> = names.iter().map(|name| get(name)).collect::<Result<_>>()?;
    let rows = StrokeRows::of_all(beats);
    let count = rows.inputs.len() / INPUTS;
    let inputs = Tensor::from_vec(rows.inputs, (count, INPUTS), &candle_core::Device::Cpu)?;
    let outputs = with_slice(&forward(&layers, &inputs)?, <[f32]>::to_vec)?;
    let (mut articulation, mut strokes) = (Tally::default(), Tally::default());
    // Of the hit at hand: probability and rightness of its number of strokes so far.
    let mut hit: Option<(f64, bool)> = None;
    let finish = |hit: &mut Option<(f64, bool)>, strokes: &mut Tally| {
        if let Some((probability, right)) = hit.take() {
            strokes.add(probability, right);
        }
    };
    for (outputs, outcomes) in
        outputs.chunks_exact(OUTPUTS).zip(rows.outcomes.chunks_exact(SIZES.len()))
    {
        let softmax = |logits: &[f32]| {
            let mut shares = logits.to_vec();
            kernel::softmax(&mut shares);
            shares.into_iter().map(f64::from).collect::<Vec<_>>()
        };
        if outcomes[1] == NONE {
            finish(&mut hit, &mut strokes);
            hit = Some((1.0, true));
            if outcomes[0] != NONE {
                let shares = softmax(&outputs[..ARTICULATIONS]);
                let outcome = usize::from(outcomes[0]);
                articulation.add(shares[outcome], likeliest(&shares) == outcome);
            }
            continue;
        }
        let stop = softmax(&outputs[ARTICULATIONS..ARTICULATIONS + NEXT])[0];
        let stops = outcomes[1] == 0;
        if let Some((probability, right)) = &mut hit {
            *probability *= if stops { stop } else { 1.0 - stop };
            *right &= (stop >= 0.5) == stops;
        }
    }
    finish(&mut hit, &mut strokes);
    Ok((articulation.figures(), strokes.figures()))
}

fn likeliest(shares: &[f64]) -> usize {
    (0..shares.len()).max_by(|&a, &b| shares[a].total_cmp(&shares[b])).unwrap_or(0)
}

/// A hit in its piece.
struct HitAt<'a> {
    piece: &'a Piece,
    past: &'a [Step],
    drum: Drum,
    hit: Hit,
    outcome: Outcome,
}

type Outcome = fn(Drum, Hit) -> Option<usize>;
type Key = fn(&HitAt) -> [u8; 3];

fn articulation_of(drum: Drum, hit: Hit) -> Option<usize> {
    Some(hit.articulation.index_in(drum)).filter(|&place| place < Articulation::played(drum))
}

fn strokes_of(_: Drum, hit: Hit) -> Option<usize> {
    Some(hit.strokes().count() - 1)
}

impl HitAt<'_> {
    /// The outcome of another hit of the class plus 1; 0 without one.
    fn number(&self, hit: Option<Hit>) -> u8 {
        let outcome = hit.and_then(|hit| (self.outcome)(self.drum, hit));
        outcome.and_then(|outcome| u8::try_from(outcome + 1).ok()).unwrap_or(0)
    }

    fn last(&self) -> u8 {
        self.number(self.past.iter().rev().take(64).find_map(|step| step.hit(self.drum)))
    }

    fn bar_ago(&self) -> u8 {
        let same = self.past.len().checked_sub(self.piece.kind.meter.steps());
        self.number(same.and_then(|same| self.past[same].hit(self.drum)))
    }

    fn level(&self) -> u8 {
        self.hit.velocity / (128 / LEVELS)
    }
}

/// Predictions of a table of the outcomes of train hits by class and key.
fn table_figures(train: &[&Piece], beats: &[&Piece], outcome: Outcome, key: Key) -> ChoiceFigures {
    let mut counts: HashMap<(Drum, [u8; 3]), [f64; MAX_STROKES]> = HashMap::new();
    let each = |pieces: &[&Piece], act: &mut dyn FnMut((Drum, [u8; 3]), usize)| {
        for piece in pieces {
            for (at, step) in piece.steps.iter().enumerate() {
                for (drum, hit) in step.hits() {
                    let past = &piece.steps[..at];
                    let Some(number) = outcome(drum, hit) else { continue };
                    act((drum, key(&HitAt { piece, past, drum, hit, outcome })), number);
                }
            }
        }
    };
    each(train, &mut |key, number| counts.entry(key).or_default()[number] += 1.0);
    let mut tally = Tally::default();
    each(beats, &mut |key, number| {
        let counts = counts.get(&key).copied().unwrap_or_default();
        let all: f64 = counts.iter().sum();
        let share = (counts[number] + 0.1) / (all + 0.1 * counts.len() as f64);
        tally.add(share, likeliest(&counts) == number);
    });
    tally.figures()
}
