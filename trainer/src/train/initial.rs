//! What a training begins with: a new network, or one that learned before.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor};
use groove::lead_in::LeadIn;
use groove::model::Metadata;
use groove::style::STYLES;

use super::lead_ins::lead_ins;
use super::optimise::Learning;
use crate::data::{Data, known_style};
use crate::files;
use crate::network::net::Net;

/// The network at the first update.
pub struct Start {
    /// Header of the model that is to be.
    pub metadata: Metadata,
    /// What of it learns.
    pub learning: Learning,
    /// Weights of the model file that it begins with, and the file's checksum.
    learned: Option<(HashMap<String, Tensor>, u64)>,
    /// Those of the model file that it begins with.
    lead_ins: Vec<LeadIn>,
}

impl Start {
    /// A new network, of this header.
    #[must_use]
    pub fn new(metadata: Metadata) -> Start {
        Start { metadata, learning: Learning::New, learned: None, lead_ins: Vec::new() }
    }

    /// The network of a model file, under another name. A style that it does not know is given to
    /// it, and begins as any style does. Of a style of the model's own, what the networks make of
    /// being told it is all that learns: so everything else is played as before.
    ///
    /// # Errors
    /// When the file is no whole model, or cannot have such a style.
    pub fn from_file(path: &Path, name: &str, style: Option<&str>) -> Result<Start> {
        let bytes = files::read(path)?;
        let model = files::parse_model(path, &bytes)?;
        let mut metadata = Metadata { name: name.into(), ..model.metadata().clone() };
        let mut tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)?;
        if let Some(style) = style.filter(|style| metadata.style_number(style).is_none()) {
            let number = metadata.add_style(style)?;
            let cell = metadata.inputs.style_cell(number).with_context(|| {
                format!("{} is not told of styles: it cannot learn {style}", path.display())
            })?;
            for name in ["beat.weight_ih_l0", "feel.weight_ih_l0"] {
                let tensor = tensors.get_mut(name).with_context(|| format!("no tensor {name}"))?;
                *tensor = without_column(tensor, cell)?;
            }
            eprintln!("{} is a new style, number {number}", metadata.style_name(number));
        }
        let number = style.and_then(|style| metadata.style_number(style));
        let own = number.filter(|number| usize::from(*number) > STYLES.len());
        let cell = own.and_then(|number| metadata.inputs.style_cell(number));
        let learning = cell.map_or(Learning::Tuned, Learning::Column);
        let lead_ins = model.lead_ins().to_vec();
        Ok(Start { metadata, learning, learned: Some((tensors, checksum(&bytes))), lead_ins })
    }

    /// The network itself; `seed` is of a new one's weights.
    ///
    /// # Errors
    /// When Candle cannot make the tensors.
    pub fn net(&self, seed: u64) -> Result<Net> {
        match &self.learned {
            Some((tensors, _)) => Net::from_tensors(&self.metadata, tensors),
            None => Net::new(&self.metadata, seed),
        }
    }

    /// The header of what learns from this data.
    #[must_use]
    pub fn metadata_after(&self, data: &Data) -> Metadata {
        let known = &self.metadata.trained_on;
        let trained_on = match known.is_empty() {
            true => data.source.clone(),
            // It goes on with what it learned from before.
            false if known.contains(&data.source) => known.clone(),
            false => format!("{known}, and {}", data.source),
        };
        Metadata { trained_on, ..self.metadata.clone() }
    }

    /// The lead-ins of what learns from this data: those that it begins with, and for a style of
    /// the model's own those of the data.
    #[must_use]
    pub fn lead_ins(&self, data: &Data) -> Vec<LeadIn> {
        let mut all = self.lead_ins.clone();
        if matches!(self.learning, Learning::Column(_)) {
            let own = lead_ins(&data.pieces);
            all.retain(|known| own.iter().all(|lead_in| lead_in.style != known.style));
            all.extend(own);
        }
        all
    }

    /// The checksum of the file that it learned in.
    #[must_use]
    pub fn checksum(&self) -> Option<u64> {
        self.learned.as_ref().map(|(_, checksum)| *checksum)
    }

    /// Checks that the model will know a style that was named.
    ///
    /// # Errors
    /// When it does not; the sentence says how it can.
    pub fn check_style(&self, style: &str) -> Result<()> {
        known_style(&self.metadata, style)
            .map(|_| ())
            .context("a new style is for a model that has learned before: give one with --init")
    }
}

/// A matrix with zeros in a column.
fn without_column(matrix: &Tensor, column: usize) -> Result<Tensor> {
    let mut rows: Vec<Vec<f32>> = matrix.to_dtype(DType::F32)?.to_vec2()?;
    rows.iter_mut().for_each(|row| row[column] = 0.0);
    Ok(Tensor::new(rows, &Device::Cpu)?)
}

/// FNV-1a of 64 bits: it tells files apart that are not made to be mistaken.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}
