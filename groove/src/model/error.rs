//! Errors of model files and of the network.

use thiserror::Error;

/// Versions of the file format that this code reads. Files of version 2 have no stroke network.
pub const FORMATS: std::ops::RangeInclusive<u32> = 2..=3;

/// Size limits, so that a damaged header cannot request unbounded memory.
pub(crate) const MAX_CELLS: usize = 4096;
pub(crate) const MAX_LAYERS: usize = 8;

/// Error of a model file or of the network.
#[derive(Debug, Error)]
pub enum ModelError {
    /// Not a safetensors file, or truncated.
    #[error("the file is not a complete safetensors file ({0})")]
    Broken(String),
    /// A safetensors file without a Deep Pocket header.
    #[error("the file has weights but no Deep Pocket header; it is a different kind of model")]
    Foreign,
    /// The header cannot be parsed.
    #[error("the model's header cannot be read ({0})")]
    Header(String),
    /// Written by a newer or older Deep Pocket.
    #[error("the model has format version {0}; this version of Deep Pocket reads {first} to {last}",
        first = FORMATS.start(), last = FORMATS.end())]
    Version(u32),
    /// Made for other inputs, styles or step lengths.
    #[error("the model was made for {what} {found}; this version of Deep Pocket plays {wanted}")]
    Unfit {
        /// Property that differs.
        what: &'static str,
        /// Value in the file.
        found: String,
        /// Value that this version supports.
        wanted: String,
    },
    /// Invalid names of own styles.
    #[error("{0}")]
    Styles(String),
    /// Invalid number or pitches of drum classes.
    #[error("{0}")]
    Classes(String),
    /// Layer sizes out of range.
    #[error(
        "the model's header has {layers} layers of {cells} cells; \
         the limits are 1 to {MAX_LAYERS} layers of 1 to {MAX_CELLS} cells"
    )]
    Size {
        /// Layers in the header.
        layers: usize,
        /// Cells in the header.
        cells: usize,
    },
    /// A tensor is missing.
    #[error("the model lacks the tensor `{0}`")]
    Missing(String),
    /// A tensor has another shape than the header requires.
    #[error("the tensor `{name}` has shape {found:?}, but the header requires {wanted:?}")]
    Shape {
        /// Tensor name.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape by the header.
        wanted: Vec<usize>,
    },
    /// A tensor is not of 16- or 32-bit floats.
    #[error("the tensor `{name}` has type {found}; only F16 and F32 are supported")]
    Type {
        /// Tensor name.
        name: String,
        /// Type in the file.
        found: String,
    },
    /// A tensor holds infinities or NaNs.
    #[error("the tensor `{0}` contains values that are not numbers; the training diverged")]
    NotFinite(String),
    /// Invalid lead-ins.
    #[error("the model's lead-ins are damaged")]
    LeadIns,
    /// The take belongs to another model.
    #[error("this take was made with another model, which is not loaded")]
    Another,
    /// An error inside Candle.
    #[error("the network cannot be computed ({0})")]
    Compute(#[from] candle_core::Error),
}
