//! AdamW with a clipped gradient, warm-up, cosine schedule, and an exponential average of the
//! weights.
//!
//! Unlike candle-nn's, it exposes its moments for checkpoints.

use std::collections::HashMap;

use anyhow::{Context, Result};
use candle_core::backprop::GradStore;
use candle_core::{Device, Tensor};

use crate::learn::network::kernel;
use crate::learn::network::net::Net;
use crate::learn::network::storage::with_slice;

/// Decay of the first and second moment.
pub const BETAS: [f32; 2] = [0.9, 0.98];
/// Maximum norm of the gradient.
pub const CLIP: f64 = 1.0;
/// Decay of the average of the weights.
const AVERAGE: f32 = 0.998;

/// Schedule of the learning rate.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Schedule {
    /// Peak learning rate.
    pub rate: f64,
    /// Updates of the linear warm-up.
    pub warm_up: u64,
    /// Updates in total; the rate falls along a cosine to a fiftieth of the peak.
    pub updates: u64,
    /// Weight decay towards the anchor, relative to the rate.
    pub decay: f64,
}

impl Schedule {
    /// Returns the learning rate of an update.
    pub fn rate_at(&self, update: u64) -> f64 {
        if update < self.warm_up {
            return self.rate * (update + 1) as f64 / self.warm_up as f64;
        }
        let whole = self.updates.saturating_sub(self.warm_up).max(1) as f64;
        let done = ((update - self.warm_up) as f64 / whole).min(1.0);
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
        self.rate * (0.02 + 0.98 * cosine)
    }
}

/// Returns the decay of the average at an update. It is lower at first, while the weights move far.
pub fn average_decay(update: u64) -> f32 {
    AVERAGE.min((1.0 + update as f32) / (10.0 + update as f32))
}

/// Trained part of a net, and the anchor of its weight decay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrainingMode {
    /// A new net; decays towards zero.
    New,
    /// All of a pretrained net; decays towards its initial weights (L2-SP, Li et al. 2018).
    FineTune,
    /// The first-layer weights of some input columns of a pretrained net.
    StyleColumns(Vec<usize>),
}

/// Adam state of one tensor: anchor of the weight decay, moments, and average.
struct AdamState {
    anchor: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    average: Vec<f32>,
}

/// State of the optimiser, in the order of the net's weights.
pub struct Optimiser {
    schedule: Schedule,
    mode: TrainingMode,
    states: Vec<AdamState>,
}

impl Optimiser {
    /// Starts with zero moments, and the average at the weights.
    pub fn new(net: &Net, schedule: Schedule, mode: TrainingMode) -> Result<Self> {
        let state = |(_, var): &(String, candle_core::Var)| {
            let average = with_slice(var, <[f32]>::to_vec)?;
            let zeros = || vec![0.0; average.len()];
            let anchor = if mode == TrainingMode::New { zeros() } else { average.clone() };
            Ok(AdamState { anchor, first: zeros(), second: zeros(), average })
        };
        let states: Result<Vec<AdamState>> = net.weights.iter().map(state).collect();
        Ok(Optimiser { schedule, mode, states: states? })
    }

    /// Makes update number `update`, counted from 0, and returns the norm of the gradient.
    ///
    /// # Errors
    /// If the gradient is not finite, because the training diverged.
    pub fn update(&mut self, net: &Net, gradients: &GradStore, update: u64) -> Result<f64> {
        let mut all = Vec::with_capacity(net.weights.len());
        let mut square = 0.0;
        for (name, var) in &net.weights {
            let gradient = gradients.get(var).with_context(|| format!("{name} has no gradient"))?;
            let mut values = with_slice(gradient, <[f32]>::to_vec)?;
            if let TrainingMode::StyleColumns(columns) = &self.mode {
                let inputs = name.ends_with("weight_ih_l0");
                let width = if inputs { var.dim(1)? } else { 1 };
                let stays = |at: usize| !inputs || !columns.contains(&(at % width));
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
        let keep = average_decay(update);
        for (((_, var), state), gradient) in net.weights.iter().zip(&mut self.states).zip(&all) {
            let mut weights = with_slice(var, <[f32]>::to_vec)?;
            let AdamState { anchor, first, second, average } = state;
            kernel::adam(&mut weights, gradient, anchor, [first, second], BETAS, numbers);
            for (average, weight) in average.iter_mut().zip(&weights) {
                *average = keep * *average + (1.0 - keep) * weight;
            }
            var.set(&Tensor::from_vec(weights, var.shape(), &Device::Cpu)?)?;
        }
        Ok(norm)
    }

    /// Returns the averaged weights, by name.
    pub fn average(&self, net: &Net) -> Result<HashMap<String, Tensor>> {
        self.tensors(net, |state| &state.average)
    }

    fn tensors(
        &self,
        net: &Net,
        of: impl Fn(&AdamState) -> &Vec<f32>,
    ) -> Result<HashMap<String, Tensor>> {
        net.weights
            .iter()
            .zip(&self.states)
            .map(|((name, var), state)| {
                let tensor = Tensor::from_vec(of(state).clone(), var.shape(), &Device::Cpu)?;
                Ok((name.clone(), tensor))
            })
            .collect()
    }

    /// Returns the tensors of a checkpoint, by name.
    pub fn save(&self, net: &Net) -> Result<HashMap<String, Tensor>> {
        let mut all: HashMap<String, Tensor> = HashMap::new();
        for (name, var) in &net.weights {
            all.insert(format!("weight/{name}"), var.as_tensor().clone());
        }
        let parts = [
            ("first", self.tensors(net, |state| &state.first)?),
            ("second", self.tensors(net, |state| &state.second)?),
            ("average", self.tensors(net, |state| &state.average)?),
        ];
        for (part, tensors) in parts {
            all.extend(tensors.into_iter().map(|(name, it)| (format!("{part}/{name}"), it)));
        }
        Ok(all)
    }

    /// Restores weights, moments and average from a checkpoint. The anchors keep their initial
    /// values.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape.
    pub fn load(&mut self, net: &Net, all: &HashMap<String, Tensor>) -> Result<()> {
        for ((name, var), state) in net.weights.iter().zip(&mut self.states) {
            let get = |part: &str| {
                let tensor = all
                    .get(&format!("{part}/{name}"))
                    .with_context(|| format!("the checkpoint lacks {part}/{name}"))?;
                anyhow::ensure!(
                    tensor.shape() == var.shape(),
                    "the checkpoint's {name} has another shape: it belongs to another network"
                );
                Ok(tensor)
            };
            let numbers =
                |part: &str| Ok::<_, anyhow::Error>(with_slice(get(part)?, <[f32]>::to_vec)?);
            var.set(get("weight")?)?;
            state.first = numbers("first")?;
            state.second = numbers("second")?;
            state.average = numbers("average")?;
        }
        Ok(())
    }
}
