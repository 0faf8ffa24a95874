//! Faults of model files and of the network.

use thiserror::Error;

/// Version of the file format that this code writes and reads.
pub const FORMAT: u32 = 2;

/// More than anybody needs; a damaged header shall not ask for all memory.
pub(crate) const MAX_CELLS: usize = 4096;
pub(crate) const MAX_LAYERS: usize = 8;

/// Why a file is not a model that can play.
#[derive(Debug, Error)]
pub enum ModelError {
    /// Not a safetensors file, or cut short.
    #[error("this is not a whole safetensors file ({0})")]
    Broken(String),
    /// A safetensors file of something else.
    #[error("the file holds weights, but no Deep Pocket header: it is another kind of model")]
    Foreign,
    /// The header does not parse.
    #[error("the model's header cannot be read ({0})")]
    Header(String),
    /// Made by a newer or older Deep Pocket.
    #[error("the model has format version {0}; this Deep Pocket reads version {FORMAT}")]
    Version(u32),
    /// Made for other inputs, styles or step lengths.
    #[error("the model was made for {what} {found}; this Deep Pocket plays {wanted}")]
    Unfit {
        /// What differs.
        what: &'static str,
        /// What the file says.
        found: String,
        /// What is played here.
        wanted: String,
    },
    /// Names of own styles that cannot be.
    #[error("{0}")]
    Styles(String),
    /// Too few or too many drum classes, or pitches that cannot be.
    #[error("{0}")]
    Classes(String),
    /// Layer sizes out of range.
    #[error(
        "the model's header asks for {layers} layers of {cells} cells; \
         1 to {MAX_LAYERS} of 1 to {MAX_CELLS} can be played"
    )]
    Size {
        /// Layers asked for.
        layers: usize,
        /// Cells asked for.
        cells: usize,
    },
    /// A tensor is not there.
    #[error("the model lacks the tensor `{0}`")]
    Missing(String),
    /// A tensor has another shape than the header says.
    #[error("the tensor `{name}` has shape {found:?}, but the header asks for {wanted:?}")]
    Shape {
        /// Tensor.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape by the header.
        wanted: Vec<usize>,
    },
    /// A tensor is not of floating point numbers of 16 or 32 bits.
    #[error("the tensor `{name}` is of type {found}; F16 or F32 can be read")]
    Type {
        /// Tensor.
        name: String,
        /// Type in the file.
        found: String,
    },
    /// A tensor holds infinities or no numbers.
    #[error("the tensor `{0}` holds values that are not numbers: the training went wrong")]
    NotFinite(String),
    /// Lead-ins that cannot be.
    #[error("the model's lead-ins are damaged")]
    LeadIns,
    /// A take of another model.
    #[error("this take was made with another model, which is not loaded")]
    Another,
    /// A fault inside Candle.
    #[error("the network cannot be computed ({0})")]
    Compute(#[from] candle_core::Error),
}
