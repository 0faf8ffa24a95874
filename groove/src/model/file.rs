//! Model files: safetensors with a JSON header.

use std::collections::HashMap;

use candle_core::safetensors::{Load, SliceSafetensors};
use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use super::encode::Inputs;
use super::error::{FORMATS, ModelError};
use super::lead_in::{self, LeadIn};
use super::metadata::Metadata;
use super::network::Model;

/// Key of the safetensors header entry that holds the [`Metadata`], as JSON.
pub(super) const HEADER: &str = "deep_pocket";

impl Model {
    /// Reads a model from the bytes of a safetensors file.
    ///
    /// # Errors
    /// Returns a [`ModelError`] if the file is not a model that this version can play.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, ModelError> {
        let metadata = Self::read_metadata(bytes)?;
        let file =
            SliceSafetensors::new(bytes).map_err(|fault| ModelError::Broken(fault.to_string()))?;
        let mut tensors = HashMap::new();
        for (name, shape) in all_tensors(&metadata) {
            let tensor = read_tensor(&file, &name, &shape)?;
            tensors.insert(name, tensor);
        }
        let lead_ins = lead_in::read(&file, metadata.classes.classes())?;
        Model::assemble(metadata, Self::identity_of(bytes), &tensors, lead_ins)
    }

    /// The [`Model::identity`] of the model in these bytes, whether or not they are a valid file.
    #[must_use]
    pub fn identity_of(bytes: &[u8]) -> u64 {
        xxh3_64(bytes).max(1)
    }

    /// Reads the header alone and checks that this version can play the model.
    ///
    /// # Errors
    /// As [`Model::from_bytes`], for the header.
    pub fn read_metadata(bytes: &[u8]) -> Result<Metadata, ModelError> {
        let (_, header) = SafeTensors::read_metadata(bytes)
            .map_err(|fault| ModelError::Broken(fault.to_string()))?;
        let text = header
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(HEADER))
            .ok_or(ModelError::Foreign)?;
        // The version is checked first, because another version's header may have other fields. The
        // inputs come next, so that the error can name an unknown layout.
        #[derive(Deserialize)]
        struct Version {
            format: u32,
            #[serde(default)]
            inputs: String,
        }
        let fault = |fault: serde_json::Error| ModelError::Header(fault.to_string());
        let Version { format, inputs } = serde_json::from_str(text).map_err(fault)?;
        if !FORMATS.contains(&format) {
            return Err(ModelError::Version(format));
        }
        let known = Inputs::NAMES.map(|(name, _)| name);
        if !known.contains(&inputs.as_str()) {
            let wanted = known.join(" or ");
            return Err(ModelError::Unfit { what: "inputs", found: inputs, wanted });
        }
        let mut metadata: Metadata = serde_json::from_str(text).map_err(fault)?;
        metadata.number_styles();
        metadata.check()?;
        Ok(metadata)
    }
}

/// Names and shapes of all tensors of a model.
fn all_tensors(metadata: &Metadata) -> Vec<(String, Vec<usize>)> {
    let mut tensors = metadata.tensors();
    if metadata.has_strokes() {
        tensors.extend(Metadata::stroke_tensors());
    }
    tensors
}

/// Writes a model file: the tensors of [`Metadata::tensors`], and those of
/// [`Metadata::stroke_tensors`] if they are present, as 32-bit or 16-bit floats, and lead-ins.
///
/// # Errors
/// Returns an error if a tensor is missing, has the wrong shape or cannot be converted.
pub fn write(
    metadata: &Metadata,
    tensors: &HashMap<String, Tensor>,
    lead_ins: &[LeadIn],
    half: bool,
) -> Result<Vec<u8>, ModelError> {
    let dtype = if half { DType::F16 } else { DType::F32 };
    let mut views = Vec::new();
    let has_strokes = tensors.contains_key("strokes.out.weight");
    let format = if has_strokes { *FORMATS.end() } else { *FORMATS.start() };
    let metadata = &Metadata { format, ..metadata.clone() };
    for (name, wanted) in all_tensors(metadata) {
        let tensor = tensors.get(&name).ok_or_else(|| ModelError::Missing(name.clone()))?;
        if tensor.dims() != wanted {
            return Err(ModelError::Shape { name, found: tensor.dims().to_vec(), wanted });
        }
        views.push((name, tensor.to_dtype(dtype)?));
    }
    for (name, tensor) in lead_in::to_tensors(lead_ins)? {
        views.push((name.into(), tensor));
    }
    let text =
        serde_json::to_string(metadata).map_err(|fault| ModelError::Header(fault.to_string()))?;
    let header = HashMap::from([(HEADER.to_string(), text)]);
    let views = views.iter().map(|(name, tensor)| (name.as_str(), tensor));
    safetensors::serialize(views, Some(header))
        .map_err(|fault| ModelError::Broken(fault.to_string()))
}

fn read_tensor(
    file: &SliceSafetensors,
    name: &str,
    wanted: &[usize],
) -> Result<Tensor, ModelError> {
    let view = file.get(name).map_err(|_| ModelError::Missing(name.into()))?;
    if view.shape() != wanted {
        let (found, wanted) = (view.shape().to_vec(), wanted.to_vec());
        return Err(ModelError::Shape { name: name.into(), found, wanted });
    }
    if !matches!(view.dtype(), safetensors::Dtype::F16 | safetensors::Dtype::F32) {
        let found = format!("{:?}", view.dtype());
        return Err(ModelError::Type { name: name.into(), found });
    }
    let tensor = view.load(&Device::Cpu)?;
    let numbers: Vec<f32> = tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
    if !numbers.iter().all(|number| number.is_finite()) {
        return Err(ModelError::NotFinite(name.into()));
    }
    Ok(tensor)
}
