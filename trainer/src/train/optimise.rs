//! AdamW with a clipped gradient, warm-up and a cosine, and a running average of the weights.
//!
//! Ours, and not candle-nn's, because a checkpoint must hold the moments.

use std::collections::HashMap;

use anyhow::{Context, Result};
use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};

use crate::network::kernel;
use crate::network::net::Net;
use crate::network::storage::with_slice;

/// First and second moment decay.
pub(crate) const BETAS: [f32; 2] = [0.9, 0.98];
/// Greatest norm of the gradient.
pub(crate) const CLIP: f64 = 1.0;
/// Decay of the running average of the weights.
const AVERAGE: f32 = 0.998;

/// The schedule of the learning rate.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Schedule {
    /// Greatest learning rate.
    pub rate: f64,
    /// Updates over which it rises.
    pub warm_up: u64,
    /// Updates in all; the rate falls by a cosine to a fiftieth.
    pub updates: u64,
    /// Share of a weight's distance to where it is drawn that it loses, times the rate.
    pub decay: f64,
}

impl Schedule {
    /// The learning rate of an update.
    pub(crate) fn rate_at(&self, update: u64) -> f64 {
        if update < self.warm_up {
            return self.rate * (update + 1) as f64 / self.warm_up as f64;
        }
        let whole = self.updates.saturating_sub(self.warm_up).max(1) as f64;
        let done = ((update - self.warm_up) as f64 / whole).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
        self.rate * (0.02 + 0.98 * cosine)
    }
}

/// What an update keeps of the running average. It forgets faster at first, while the weights still
/// move far.
pub(crate) fn keep_at(update: u64) -> f32 {
    AVERAGE.min((1.0 + update as f32) / (10.0 + update as f32))
}

/// What of a net learns, and where it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learning {
    /// All of a new net, drawn to zero.
    New,
    /// All of a net that has learned before, drawn to what it was, so that it stays near what it
    /// knew (L2-SP, Li et al. 2018).
    Tuned,
    /// Of a net that has learned before, what both networks make of this number of the row.
    Column(usize),
}

/// Moments and average of one tensor, and where its weights are drawn.
struct Slot {
    anchor: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    average: Vec<f32>,
}

/// The optimiser's state, tensor by tensor in the order of the net's weights.
pub struct Optimiser {
    schedule: Schedule,
    learning: Learning,
    slots: Vec<Slot>,
}

impl Optimiser {
    /// Starts with no moments and the average at the weights.
    ///
    /// # Errors
    /// When a weight cannot be read.
    pub fn new(net: &Net, schedule: Schedule, learning: Learning) -> Result<Self> {
        let slot = |(_, var): &(String, candle_core::Var)| {
            let average = with_slice(var, <[f32]>::to_vec)?;
            let zeros = || vec![0.0; average.len()];
            let anchor = if learning == Learning::New { zeros() } else { average.clone() };
            Ok(Slot { anchor, first: zeros(), second: zeros(), average })
        };
        let slots: Result<Vec<Slot>> = net.weights.iter().map(slot).collect();
        Ok(Optimiser { schedule, learning, slots: slots? })
    }

    /// Makes update number `update`, counted from 0. Gives the norm of the gradient.
    ///
    /// # Errors
    /// When the gradient is not finite: the training went wrong.
    pub fn update(&mut self, net: &Net, gradients: &GradStore, update: u64) -> Result<f64> {
        let mut all = Vec::with_capacity(net.weights.len());
        let mut square = 0.0;
        for (name, var) in &net.weights {
            let gradient = gradients.get(var).with_context(|| format!("{name} has no gradient"))?;
            let mut values = with_slice(gradient, <[f32]>::to_vec)?;
            if let Learning::Column(column) = self.learning {
                let inputs = name.ends_with("weight_ih_l0");
                let width = if inputs { var.dim(1)? } else { 1 };
                let stays = |at: usize| !inputs || at % width != column;
                let cells = values.iter_mut().enumerate().filter(|(at, _)| stays(*at));
                cells.for_each(|(_, gradient)| *gradient = 0.0);
            }
            square += values.iter().map(|&g| f64::from(g) * f64::from(g)).sum::<f64>();
            all.push(values);
        }
        let norm = square.sqrt();
        anyhow::ensure!(
            norm.is_finite(),
            "the gradient of update {update} is not finite: try a lower --rate"
        );
        let rate = self.schedule.rate_at(update);
        let made = i32::try_from(update + 1).unwrap_or(i32::MAX);
        let corrections = BETAS.map(|beta| 1.0 - f64::from(beta).powi(made));
        #[expect(clippy::cast_possible_truncation)]
        let numbers = [
            (CLIP / norm.max(CLIP)) as f32,
            (rate / corrections[0]) as f32,
            corrections[1].sqrt() as f32,
            (rate * self.schedule.decay) as f32,
        ];
        let keep = keep_at(update);
        for (((_, var), slot), gradient) in net.weights.iter().zip(&mut self.slots).zip(&all) {
            let mut weights = with_slice(var, <[f32]>::to_vec)?;
            let Slot { anchor, first, second, average } = slot;
            kernel::adam(&mut weights, gradient, anchor, [first, second], BETAS, numbers);
            for (average, weight) in average.iter_mut().zip(&weights) {
                *average = keep * *average + (1.0 - keep) * weight;
            }
            var.set(&Tensor::from_vec(weights, var.shape(), &Device::Cpu)?)?;
        }
        Ok(norm)
    }

    /// The averaged weights, by name.
    ///
    /// # Errors
    /// When Candle cannot make the tensors.
    pub fn average(&self, net: &Net) -> Result<HashMap<String, Tensor>> {
        self.tensors(net, |slot| &slot.average)
    }

    fn tensors(
        &self,
        net: &Net,
        of: impl Fn(&Slot) -> &Vec<f32>,
    ) -> Result<HashMap<String, Tensor>> {
        net.weights
            .iter()
            .zip(&self.slots)
            .map(|((name, var), slot)| {
                let tensor = Tensor::from_vec(of(slot).clone(), var.shape(), &Device::Cpu)?;
                Ok((name.clone(), tensor))
            })
            .collect()
    }

    /// Everything that a checkpoint must hold, by name.
    ///
    /// # Errors
    /// When Candle cannot make the tensors.
    pub fn save(&self, net: &Net) -> Result<HashMap<String, Tensor>> {
        let mut all: HashMap<String, Tensor> = HashMap::new();
        for (name, var) in &net.weights {
            all.insert(format!("weight/{name}"), var.as_tensor().clone());
        }
        let parts = [
            ("first", self.tensors(net, |slot| &slot.first)?),
            ("second", self.tensors(net, |slot| &slot.second)?),
            ("average", self.tensors(net, |slot| &slot.average)?),
        ];
        for (part, tensors) in parts {
            all.extend(tensors.into_iter().map(|(name, it)| (format!("{part}/{name}"), it)));
        }
        Ok(all)
    }

    /// Takes weights, moments and average from a checkpoint; where the weights are drawn is not
    /// in it, but as it was when the optimiser started.
    ///
    /// # Errors
    /// When something is missing there or has another shape.
    pub fn load(&mut self, net: &Net, all: &HashMap<String, Tensor>) -> Result<()> {
        for ((name, var), slot) in net.weights.iter().zip(&mut self.slots) {
            let get = |part: &str| {
                let tensor = all
                    .get(&format!("{part}/{name}"))
                    .with_context(|| format!("the checkpoint lacks {part}/{name}"))?;
                anyhow::ensure!(
                    tensor.shape() == var.shape(),
                    "the checkpoint's {name} has another shape: it is of another network"
                );
                Ok(tensor)
            };
            let numbers =
                |part: &str| Ok::<_, anyhow::Error>(with_slice(get(part)?, <[f32]>::to_vec)?);
            var.set(get("weight")?)?;
            slot.first = numbers("first")?;
            slot.second = numbers("second")?;
            slot.average = numbers("average")?;
        }
        Ok(())
    }
}
