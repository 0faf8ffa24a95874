//! The drummer's network: two LSTMs on Candle, read from a safetensors file.
//!
//! *Beat* says which drums are struck at a step: one distribution over all subsets of the model's
//! [kit](crate::kit) (512 of nine drums), mixed with the [memory](crate::memory) of the piece.
//! *Feel* is told what is struck and says how: for each drum a distribution over velocities and
//! one over offsets. Tensor names, shapes and gate order (i f g o) are those of
//! `torch.nn.LSTM` under the prefixes `beat.` and `feel.`, with a linear layer `out` on top;
//! `memory` is a second linear layer on top of `beat`, which controls the memory.
//!
//! What the rows mean stands in [`crate::encode`] and [`crate::feel`]; how a distribution becomes
//! a hit, in [`crate::generate`]. Nothing else in this crate names Candle.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;
use serde::Deserialize;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::balance::Dial;
use crate::encode::Inputs;
use crate::feel::CLASS_OUTPUTS;
use crate::lead_in::{self, LeadIn};
use crate::memory::{CONTROLS, Memory};
pub use crate::metadata::{FORMAT, Figures, Metadata, Stack};
use crate::metadata::{MOST_CELLS, MOST_LAYERS};
use crate::step::{Cells, Linear, Work, is_finite};

/// Name of the entry of the safetensors header that holds the [`Metadata`], as JSON.
const HEADER: &str = "deep_pocket";

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
         1 to {MOST_LAYERS} of 1 to {MOST_CELLS} can be played"
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

/// A model that can play. Weights only: what changes while playing is in [`State`].
#[derive(Debug)]
pub struct Model {
    metadata: Metadata,
    identity: u64,
    beat: Layers,
    /// Its outputs are the logits and, in a model with a memory, the memory's controls.
    beat_out: Linear,
    feel: Layers,
    /// By class.
    feel_out: Vec<Linear>,
    lead_ins: Vec<LeadIn>,
}

/// What the two networks keep from step to step.
#[derive(Clone, Debug)]
pub struct State {
    beat: Vec<Cells>,
    feel: Vec<Cells>,
    /// Nothing of it is kept.
    work: Work,
}

impl Model {
    /// Reads a model from the bytes of a safetensors file.
    ///
    /// # Errors
    /// A [`ModelError`] that says what is wrong with the file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Model, ModelError> {
        let broken = |fault: safetensors::SafeTensorError| ModelError::Broken(fault.to_string());
        let metadata = Self::read_metadata(bytes)?;
        let file = SafeTensors::deserialize(bytes).map_err(broken)?;
        let mut tensors = HashMap::new();
        for (name, shape) in metadata.tensors() {
            let tensor = read_tensor(&file, &name, &shape)?;
            tensors.insert(name, tensor);
        }
        Ok(Model {
            beat: Layers::new("beat", metadata.beat, &tensors)?,
            beat_out: beat_out(&metadata, &tensors)?,
            feel: Layers::new("feel", metadata.feel, &tensors)?,
            feel_out: feel_out(&metadata, &tensors)?,
            identity: Self::identity_of(bytes),
            lead_ins: lead_in::read(&file, metadata.classes.classes())?,
            metadata,
        })
    }

    /// [`Model::identity`] of the model that these bytes are, or would be if they were one.
    #[must_use]
    pub fn identity_of(bytes: &[u8]) -> u64 {
        xxh3_64(bytes).max(1)
    }

    /// Reads the header alone and checks that this code can play such a model.
    ///
    /// # Errors
    /// As [`Model::from_bytes`], of the header.
    pub fn read_metadata(bytes: &[u8]) -> Result<Metadata, ModelError> {
        let (_, header) = SafeTensors::read_metadata(bytes)
            .map_err(|fault| ModelError::Broken(fault.to_string()))?;
        let text = header
            .metadata()
            .as_ref()
            .and_then(|entries| entries.get(HEADER))
            .ok_or(ModelError::Foreign)?;
        // The version first: another version's header may have other fields. Then the inputs: of
        // a layout that is not known here, its name can be told.
        #[derive(Deserialize)]
        struct Version {
            format: u32,
            #[serde(default)]
            inputs: String,
        }
        let fault = |fault: serde_json::Error| ModelError::Header(fault.to_string());
        let Version { format, inputs } = serde_json::from_str(text).map_err(fault)?;
        if format != FORMAT {
            return Err(ModelError::Version(format));
        }
        let known = Inputs::NAMES.map(|(name, _)| name);
        if !known.contains(&inputs.as_str()) {
            let wanted = known.join(" or ");
            return Err(ModelError::Unfit { what: "inputs", found: inputs, wanted });
        }
        let metadata: Metadata = serde_json::from_str(text).map_err(fault)?;
        metadata.check()?;
        Ok(metadata)
    }

    /// The file's header.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// A number that no other model file has, and that is not 0: the XXH3 hash of the file.
    #[must_use]
    pub fn identity(&self) -> u64 {
        self.identity
    }

    /// The bars that takes begin after.
    #[must_use]
    pub fn lead_ins(&self) -> &[LeadIn] {
        &self.lead_ins
    }

    /// Gives the styles other dials, by style number.
    pub fn set_dials(&mut self, dials: Vec<Dial>) {
        self.metadata.dials = dials;
    }

    /// The state before the first step.
    #[must_use]
    pub fn start(&self) -> State {
        State { beat: self.beat.start(), feel: self.feel.start(), work: Work::default() }
    }

    /// Which drums are struck next: the log-probabilities of all subsets of the kit, given a row
    /// of [`Metadata::row`] numbers and the memory at this step.
    ///
    /// # Errors
    /// When Candle cannot compute.
    pub fn hits<'a>(
        &self,
        state: &'a mut State,
        row: &[f32],
        memory: &Memory,
    ) -> Result<&'a [f32], ModelError> {
        self.beat.step(&mut state.beat, row, &mut state.work)?;
        let outputs = self.beat_out.apply(&[top(&state.beat)], &mut state.work)?;
        let (logits, controls) = outputs.split_at_mut(self.metadata.classes.subsets());
        if controls.is_empty() {
            Memory::default().mix(&[0.0; CONTROLS], logits);
        } else {
            memory.mix(controls, logits);
        }
        Ok(logits)
    }

    /// Tells the feel network a row of [`Metadata::feel_row`] numbers. Must be done at every step,
    /// also where nothing is struck.
    ///
    /// # Errors
    /// When Candle cannot compute.
    pub fn feel(&self, state: &mut State, row: &[f32]) -> Result<(), ModelError> {
        self.feel.step(&mut state.feel, row, &mut state.work)
    }

    /// How a drum is struck, after the feel network was told that it is: the
    /// [`CLASS_OUTPUTS`] numbers of a class of the kit.
    ///
    /// # Errors
    /// When Candle cannot compute, or there is no such class.
    pub fn touch<'a>(&self, state: &'a mut State, class: usize) -> Result<&'a [f32], ModelError> {
        let out = self.feel_out.get(class).ok_or_else(|| {
            let classes = self.feel_out.len();
            ModelError::Classes(format!(
                "the model has {classes} drum classes and no class {class}"
            ))
        })?;
        Ok(out.apply(&[top(&state.feel)], &mut state.work)?)
    }
}

/// Writes a model file: tensors as [`Metadata::tensors`] names them, as 32-bit or 16-bit floats,
/// and lead-ins.
///
/// # Errors
/// When a tensor is missing or misshapen, or cannot be converted.
pub fn write(
    metadata: &Metadata,
    tensors: &HashMap<String, Tensor>,
    lead_ins: &[LeadIn],
    half: bool,
) -> Result<Vec<u8>, ModelError> {
    let dtype = if half { DType::F16 } else { DType::F32 };
    let mut views = Vec::new();
    for (name, wanted) in metadata.tensors() {
        let tensor = tensors.get(&name).ok_or_else(|| ModelError::Missing(name.clone()))?;
        if tensor.dims() != wanted {
            return Err(ModelError::Shape { name, found: tensor.dims().to_vec(), wanted });
        }
        views.push((name, tensor.to_dtype(dtype)?));
    }
    for (name, kind, shape, bytes) in lead_in::to_tensors(lead_ins) {
        let dtype = if kind == safetensors::Dtype::U8 { DType::U8 } else { DType::F32 };
        let tensor = Tensor::from_raw_buffer(&bytes, dtype, &shape, &Device::Cpu)?;
        views.push((name.into(), tensor));
    }
    let text =
        serde_json::to_string(metadata).map_err(|fault| ModelError::Header(fault.to_string()))?;
    let header = HashMap::from([(HEADER.to_string(), text)]);
    let views = views.iter().map(|(name, tensor)| (name.as_str(), tensor));
    safetensors::serialize(views, Some(header))
        .map_err(|fault| ModelError::Broken(fault.to_string()))
}

fn read_tensor(file: &SafeTensors, name: &str, wanted: &[usize]) -> Result<Tensor, ModelError> {
    let view = file.tensor(name).map_err(|_| ModelError::Missing(name.into()))?;
    if view.shape() != wanted {
        let (found, wanted) = (view.shape().to_vec(), wanted.to_vec());
        return Err(ModelError::Shape { name: name.into(), found, wanted });
    }
    let dtype = match view.dtype() {
        safetensors::Dtype::F32 => DType::F32,
        safetensors::Dtype::F16 => DType::F16,
        other => {
            return Err(ModelError::Type { name: name.into(), found: format!("{other:?}") });
        }
    };
    let tensor = Tensor::from_raw_buffer(view.data(), dtype, wanted, &Device::Cpu)?;
    if !is_finite(&tensor)? {
        return Err(ModelError::NotFinite(name.into()));
    }
    Ok(tensor)
}

fn get(tensors: &HashMap<String, Tensor>, name: String) -> Result<Tensor, ModelError> {
    tensors.get(&name).cloned().ok_or(ModelError::Missing(name))
}

/// The matrix and the bias of a linear layer.
fn linear(name: &str, tensors: &HashMap<String, Tensor>) -> Result<[Tensor; 2], ModelError> {
    let part = |part: &str| get(tensors, format!("{name}.{part}"));
    Ok([part("weight")?, part("bias")?])
}

/// What is computed from the top of the network of hits, in one product.
fn beat_out(metadata: &Metadata, tensors: &HashMap<String, Tensor>) -> Result<Linear, ModelError> {
    let [mut weight, mut bias] = linear("beat.out", tensors)?;
    if metadata.has_memory() {
        let [controls, own] = linear("memory", tensors)?;
        weight = Tensor::cat(&[weight, controls], 0)?;
        bias = Tensor::cat(&[bias, own], 0)?;
    }
    Ok(Linear::new(&weight, &bias)?)
}

/// What is computed from the top of the feel network, by class.
fn feel_out(
    metadata: &Metadata,
    tensors: &HashMap<String, Tensor>,
) -> Result<Vec<Linear>, ModelError> {
    let whole = linear("feel.out", tensors)?;
    let of_class = |class: usize| {
        let part = |tensor: &Tensor| tensor.narrow(0, class * CLASS_OUTPUTS, CLASS_OUTPUTS);
        Ok(Linear::new(&part(&whole[0])?, &part(&whole[1])?)?)
    };
    (0..metadata.classes.classes()).map(of_class).collect()
}

/// What the top layer of a network gave last.
fn top(states: &[Cells]) -> &[f32] {
    states.last().map_or(&[], |cells| &cells.hidden)
}

/// A stack of LSTM layers: of each, one matrix from its inputs and what it gave last to the sums
/// of its gates.
#[derive(Debug)]
struct Layers {
    layers: Vec<Linear>,
    cells: usize,
}

impl Layers {
    fn new(
        prefix: &str,
        size: Stack,
        tensors: &HashMap<String, Tensor>,
    ) -> Result<Layers, ModelError> {
        let mut layers = Vec::new();
        for layer in 0..size.layers {
            let part = |part: &str| get(tensors, format!("{prefix}.{part}_l{layer}"));
            let weight = Tensor::cat(&[part("weight_ih")?, part("weight_hh")?], 1)?;
            let bias = |name| part(name)?.to_dtype(DType::F32).map_err(ModelError::from);
            let bias = bias("bias_ih")?.add(&bias("bias_hh")?)?;
            layers.push(Linear::new(&weight, &bias)?);
        }
        Ok(Layers { layers, cells: size.cells })
    }

    fn start(&self) -> Vec<Cells> {
        vec![Cells::new(self.cells); self.layers.len()]
    }

    /// Moves the states on by a step.
    fn step(&self, states: &mut [Cells], row: &[f32], work: &mut Work) -> Result<(), ModelError> {
        let mut below: Option<&[f32]> = None;
        for (layer, state) in self.layers.iter().zip(states) {
            let gates = layer.apply(&[below.unwrap_or(row), &state.hidden], work)?;
            state.step(gates);
            below = Some(&state.hidden);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::drum::Drum;
    use crate::encode::Inputs;
    use crate::kit::Kit;
    use crate::pattern::{Hit, Step};
    use crate::style::STYLES;
    use serde_json::{Value, json};

    /// The header of a small model.
    pub(crate) fn small(inputs: Inputs, classes: Kit) -> Metadata {
        let (beat, feel) = (Stack { layers: 2, cells: 8 }, Stack { layers: 1, cells: 8 });
        Metadata { inputs, classes, ..Metadata::new("small", beat, feel, "nothing") }
    }

    /// A small model with small fixed weights and two lead-ins.
    pub(crate) fn small_bytes(metadata: &Metadata, half: bool) -> Vec<u8> {
        let lead_in = |style: u8, every: usize| {
            let mut steps = vec![Step::SILENT; 32];
            for step in steps.iter_mut().step_by(every) {
                step.set(Drum::Bass, Some(Hit { velocity: 80, offset_ticks: 3 }));
            }
            LeadIn { style, tempo: 110.0, weight: 1.0, steps }
        };
        let lead_ins = [lead_in(17, 4), lead_in(3, 3)];
        write(metadata, &small_tensors(metadata), &lead_ins, half).expect("a whole model")
    }

    /// One of each kind.
    pub(crate) fn kinds() -> [Metadata; 4] {
        let [nine, one] = [Kit::default(), Kit::one_drum()];
        let three = Kit(nine.0[..3].to_vec());
        [
            small(Inputs::Lags, nine.clone()),
            small(Inputs::DrumRnn, nine),
            small(Inputs::DrumRnn, one),
            small(Inputs::Lags, three),
        ]
    }

    fn small_tensors(metadata: &Metadata) -> HashMap<String, Tensor> {
        let tensor = |(name, shape): (String, Vec<usize>)| {
            let count: usize = shape.iter().product();
            let values: Vec<f32> =
                (0..count).map(|i| ((i * 37 % 101) as f32 - 50.0) / 250.0).collect();
            (name, Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor"))
        };
        metadata.tensors().into_iter().map(tensor).collect()
    }

    fn nine() -> Metadata {
        small(Inputs::Lags, Kit::default())
    }

    fn with_header(change: impl Fn(&mut Value)) -> Result<Model, ModelError> {
        let tensors = small_tensors(&nine());
        let mut header = serde_json::to_value(nine()).expect("a header");
        change(&mut header);
        // Written by hand: `write` itself refuses tensors that do not fit the header.
        let header = HashMap::from([(HEADER.to_string(), header.to_string())]);
        Model::from_bytes(&safetensors::serialize(tensors, Some(header)).expect("a file"))
    }

    #[test]
    fn what_is_written_reads_back_in_both_widths() {
        for metadata in kinds() {
            let row = vec![0.5; metadata.row()];
            let play = |half| {
                let model = Model::from_bytes(&small_bytes(&metadata, half)).expect("our own file");
                assert_eq!(*model.metadata(), metadata);
                let mut state = model.start();
                model.feel(&mut state, &vec![0.5; metadata.feel_row()]).expect("feel");
                let classes = metadata.classes.classes();
                for class in 0..classes {
                    let felt = model.touch(&mut state, class).expect("a class");
                    assert_eq!(felt.len(), CLASS_OUTPUTS);
                }
                assert!(model.touch(&mut state, classes).is_err());
                model.hits(&mut state, &row, &Memory::default()).expect("logits");
                model.hits(&mut state, &row, &Memory::default()).expect("logits").to_vec()
            };
            let (full, half) = (play(false), play(true));
            assert_eq!(full.len(), metadata.classes.subsets());
            assert!(full.iter().zip(&half).all(|(a, b)| (a - b).abs() < 1e-2));
            let sum: f32 = full.iter().map(|x| x.exp()).sum();
            assert!((sum - 1.0).abs() < 1e-4, "a distribution, not {sum}");
        }
    }

    #[test]
    fn the_state_remembers() {
        let model = Model::from_bytes(&small_bytes(&nine(), false)).expect("our own file");
        let row = vec![1.0; model.metadata().row()];
        let mut state = model.start();
        let first = model.hits(&mut state, &row, &Memory::default()).expect("logits").to_vec();
        let second = model.hits(&mut state, &row, &Memory::default()).expect("logits");
        assert_ne!(first, second);
        let mut again = model.start();
        assert_eq!(first, model.hits(&mut again, &row, &Memory::default()).expect("logits"));
    }

    #[test]
    fn every_fault_has_its_sentence() {
        let sentence = |result: Result<Model, ModelError>| result.expect_err("a fault").to_string();
        assert!(sentence(Model::from_bytes(b"")).contains("not a whole safetensors file"));
        let whole = small_bytes(&nine(), false);
        for length in [8, 100, whole.len() / 2, whole.len() - 1] {
            assert!(sentence(Model::from_bytes(&whole[..length])).contains("not a whole"));
        }
        let foreign = safetensors::serialize(HashMap::<String, Tensor>::new(), None);
        assert!(sentence(Model::from_bytes(&foreign.expect("a file"))).contains("another kind"));
        let class = |pitch: u32| json!({ "name": format!("Drum {pitch}"), "pitch": pitch });
        let classes = |pitches: std::ops::Range<u32>| pitches.map(class).collect::<Value>();
        type Change<'a> = &'a dyn Fn(&mut Value);
        let own = |names: &[&str]| -> Value { STYLES.iter().chain(names).copied().collect() };
        let faults: [(Change, &str); 19] = [
            (&|m| m["format"] = json!(9), "format version 9"),
            (
                &|m| *m = json!({ "format": 1 }),
                "format version 1; this Deep Pocket reads version 2",
            ),
            (
                &|m| m["inputs"] = json!("lags-1"),
                "for inputs lags-1; this Deep Pocket plays lags-2",
            ),
            (&|m| m["name"] = json!(7), "header cannot be read"),
            (&|m| m["classes"] = classes(0..0), "has 0 drum classes; 1 to 9"),
            (&|m| m["classes"] = classes(30..40), "has 10 drum classes; 1 to 9"),
            (&|m| m["classes"][4]["pitch"] = json!(200), "class Low tom has the pitch 200"),
            (&|m| m["classes"][4]["pitch"] = json!(300), "header cannot be read"),
            (&|m| m["classes"][1]["pitch"] = json!(36), "Bass and Snare have the same pitch, 36"),
            (&|m| m["classes"] = classes(30..32), "has shape"),
            (&|m| m["inputs"] = json!("drum-rnn"), "has shape"),
            (&|m| m["styles"] = json!(["rock"]), "made for the styles rock;"),
            (&|m| m["styles"] = own(&["mine", "rock"]), "two styles have the name rock"),
            (&|m| m["styles"] = own(&["a/b"]), "a/b cannot name a style"),
            (&|m| m["styles"] = own(&["a", "b", "c", "d", "e", "f"]), "f would be one style too"),
            (&|m| m["steps_per_beat"] = json!(8), "8 steps"),
            (&|m| m["beat"]["cells"] = json!(1u64 << 40), "layers of"),
            (&|m| m["beat"]["cells"] = json!(9), "shape"),
            (&|m| m["beat"]["layers"] = json!(3), "beat.weight_ih_l2"),
        ];
        for (change, part) in faults {
            let said = sentence(with_header(change));
            assert!(said.contains(part), "{said} should say: {part}");
        }
    }

    #[test]
    fn weights_that_are_no_numbers_are_refused() {
        let mut tensors = small_tensors(&nine());
        let bad = Tensor::full(f32::NAN, 512, &Device::Cpu).expect("a tensor");
        tensors.insert("beat.out.bias".into(), bad);
        let bytes = write(&nine(), &tensors, &[], false).expect("a file");
        assert!(matches!(Model::from_bytes(&bytes), Err(ModelError::NotFinite(_))));
    }
}
