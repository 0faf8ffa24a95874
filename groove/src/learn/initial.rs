//! The initial network of a training: new, or from a model file.

use std::collections::HashMap;

use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};

use super::optimise::TrainingMode;
use crate::learn::data::{Data, known_style};
use crate::learn::network::net::Net;
use crate::model::lead_in::LeadIn;
use crate::model::{Metadata, Model};
use crate::pattern::style::OWN_STYLES;

/// Tensors with a column for each input.
pub(super) const INPUT_WEIGHTS: [&str; 2] = ["beat.weight_ih_l0", "feel.weight_ih_l0"];

/// The network before the first update.
pub struct InitialNet {
    /// Header of the model to train.
    pub metadata: Metadata,
    /// Trained part of the network.
    pub mode: TrainingMode,
    /// Weights and checksum of the model file.
    learned: Option<(HashMap<String, Tensor>, u64)>,
    /// Lead-ins of the model file.
    lead_ins: Vec<LeadIn>,
    new_style: Option<u8>,
}

impl InitialNet {
    /// A new network with this header.
    #[must_use]
    pub fn new(metadata: Metadata) -> InitialNet {
        InitialNet {
            metadata,
            mode: TrainingMode::New,
            learned: None,
            lead_ins: Vec::new(),
            new_style: None,
        }
    }

    /// The network of a model file, under a new name. An unknown style is added to the model with
    /// the weights of an unspecified style. If the style is new to the model or the user's own, only
    /// its input column is trained, so that all other styles play as before.
    ///
    /// # Errors
    /// If the file is not a complete model, or cannot have the style.
    pub fn from_bytes(bytes: &[u8], name: &str, style: Option<&str>) -> Result<InitialNet> {
        let model = Model::from_bytes(bytes)?;
        let mut metadata = Metadata { name: name.into(), ..model.metadata().clone() };
        let mut tensors = candle_core::safetensors::load_buffer(bytes, &Device::Cpu)?;
        let new = style.filter(|style| metadata.style_number(style).is_none());
        if let Some(style) = new {
            let number = metadata.add_style(style)?;
            let cell = metadata
                .style_cell(number)
                .with_context(|| format!("it has no style inputs: it cannot learn {style}"))?;
            for name in INPUT_WEIGHTS {
                let tensor = tensors
                    .get_mut(name)
                    .with_context(|| format!("the tensor {name} is missing"))?;
                *tensor = without_column(tensor, cell)?;
            }
        }
        let number = style.and_then(|style| metadata.style_number(style));
        let own = number.filter(|number| new.is_some() || OWN_STYLES.contains(number));
        let cell = own.and_then(|number| metadata.style_cell(number));
        let mode =
            cell.map_or(TrainingMode::FineTune, |cell| TrainingMode::StyleColumns(vec![cell]));
        let lead_ins = model.lead_ins().to_vec();
        let new_style = number.filter(|_| new.is_some());
        let learned = Some((tensors, checksum(bytes)));
        Ok(InitialNet { metadata, mode, learned, lead_ins, new_style })
    }

    /// Returns the network; `seed` initialises a new one.
    pub fn net(&self, seed: u64) -> Result<Net> {
        match &self.learned {
            Some((tensors, _)) => Net::from_tensors(&self.metadata, tensors),
            None => Net::new(&self.metadata, seed),
        }
    }

    /// Returns the number of the style that is new to the model file, if there is one.
    #[must_use]
    pub fn new_style(&self) -> Option<u8> {
        self.new_style
    }

    /// Returns the header of a model trained on this data.
    #[must_use]
    pub fn metadata_after(&self, data: &Data) -> Metadata {
        let known = &self.metadata.trained_on;
        let trained_on = match known.is_empty() {
            true => data.source.clone(),
            // Training continues on the same data.
            false if known.contains(&data.source) => known.clone(),
            false => format!("{known}, and {}", data.source),
        };
        Metadata { trained_on, ..self.metadata.clone() }
    }

    /// Returns the lead-ins of a model trained on this data: those of the model file, and for the
    /// user's own style those of the data, which `of_data` returns.
    #[must_use]
    pub fn lead_ins(&self, of_data: impl FnOnce() -> Vec<LeadIn>) -> Vec<LeadIn> {
        let mut all = self.lead_ins.clone();
        if matches!(self.mode, TrainingMode::StyleColumns(_)) {
            let own = of_data();
            all.retain(|known| own.iter().all(|lead_in| lead_in.style != known.style));
            all.extend(own);
        }
        all
    }

    /// Returns the tensors of the model file's stroke network; none of a new model.
    #[must_use]
    pub fn strokes(&self) -> HashMap<String, Tensor> {
        let all = self.learned.iter().flat_map(|(tensors, _)| tensors);
        let own = all.filter(|(name, _)| name.starts_with("strokes."));
        own.map(|(name, tensor)| (name.clone(), tensor.clone())).collect()
    }

    /// Returns the checksum of the model file.
    #[must_use]
    pub fn checksum(&self) -> Option<u64> {
        self.learned.as_ref().map(|(_, checksum)| *checksum)
    }

    /// Checks that the model knows a style.
    ///
    /// # Errors
    /// If it does not; the error says how to add a style.
    pub fn check_style(&self, style: &str) -> Result<()> {
        known_style(&self.metadata, style)
            .map(|_| ())
            .context("a new style needs a trained model: give one with --init")
    }
}

/// Returns a matrix with zeros in a column.
fn without_column(matrix: &Tensor, column: usize) -> Result<Tensor> {
    let mut rows: Vec<Vec<f32>> = matrix.to_dtype(DType::F32)?.to_vec2()?;
    rows.iter_mut().for_each(|row| row[column] = 0.0);
    Ok(Tensor::new(rows, &Device::Cpu)?)
}

/// 64-bit FNV-1a; distinguishes files, but is not cryptographic.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}
