//! The networks of candle-nn's own layers, with the weights that the plugin's int8 ops play: the
//! reference for `evaluate --reference`.

use anyhow::Result;
use candle_core::{DType, Device, Tensor};
use candle_nn::rnn::{LSTM, LSTMConfig, RNN};
use candle_nn::{Linear, Module, VarBuilder};
use groove::learn::data::batch::Batch;
use groove::learn::network::net::Outputs;
use groove::learn::network::reference_logits::add_references;
use groove::model::feel::CLASS_OUTPUTS;
use groove::model::pointer_memory::CONTROLS;
use groove::model::{Model, Stack};

/// Both networks as candle-nn's LSTM and linear layers.
pub struct CandleNet {
    beat: Vec<LSTM>,
    beat_out: Linear,
    memory: Option<Linear>,
    feel: Vec<LSTM>,
    feel_out: Linear,
}

impl CandleNet {
    /// The networks of a model, with its int8 weights as 32-bit floats.
    ///
    /// # Errors
    /// If Candle fails.
    pub fn new(model: &Model) -> Result<CandleNet> {
        let weights = VarBuilder::from_tensors(model.dequantised()?, DType::F32, &Device::Cpu);
        let metadata = model.metadata();
        let stack = |prefix: &str, size: Stack, inputs: usize| -> Result<Vec<LSTM>> {
            let layer = |layer_idx| {
                let inputs = if layer_idx == 0 { inputs } else { size.cells };
                let config = LSTMConfig { layer_idx, ..LSTMConfig::default() };
                Ok(LSTM::new(inputs, size.cells, config, weights.pp(prefix))?)
            };
            (0..size.layers).map(layer).collect()
        };
        let beat_cells = metadata.beat.cells;
        let linear =
            |inputs, outputs, name: &str| candle_nn::linear(inputs, outputs, weights.pp(name));
        let classes = metadata.classes.classes();
        Ok(CandleNet {
            beat: stack("beat", metadata.beat, metadata.row())?,
            beat_out: linear(beat_cells, metadata.classes.subsets(), "beat.out")?,
            memory: match metadata.has_memory() {
                true => Some(linear(beat_cells, CONTROLS, "memory")?),
                false => None,
            },
            feel: stack("feel", metadata.feel, metadata.feel_row())?,
            feel_out: linear(metadata.feel.cells, classes * CLASS_OUTPUTS, "feel.out")?,
        })
    }

    /// Runs a batch of one part, in which each lane holds one piece.
    ///
    /// # Errors
    /// If Candle fails.
    pub fn forward(&self, batch: &Batch) -> Result<Outputs> {
        let beat = sequence(&self.beat, batch, &batch.beat_inputs)?;
        let feel = self.feel_out.forward(&sequence(&self.feel, batch, &batch.feel_inputs)?)?;
        Ok(Outputs {
            hits: self.beat_out.forward(&beat)?,
            controls: self.memory.as_ref().map(|memory| memory.forward(&beat)).transpose()?,
            feel: add_references(&feel, &batch.references)?,
        })
    }
}

/// Runs inputs, rows x inputs, through the layers from the zero state.
fn sequence(layers: &[LSTM], batch: &Batch, inputs: &Tensor) -> Result<Tensor> {
    let (steps, lanes) = (batch.rows.steps, batch.rows.lanes);
    // Our rows are ordered by step, candle-nn's by lane.
    let mut x = inputs.reshape((steps, lanes, ()))?.transpose(0, 1)?;
    for layer in layers {
        x = layer.states_to_tensor(&layer.seq(&x)?)?;
    }
    Ok(x.transpose(0, 1)?.contiguous()?.flatten(0, 1)?)
}
