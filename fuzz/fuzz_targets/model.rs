//! Any bytes as a model file: a model or an error, and a model plays a bar or says why not.
//!
//! The first byte chooses: the rest is the file, or it is the file's header, to which its length
//! and weights that are all alike are added, so that a fuzzer gets at shapes that fit.
#![no_main]

use std::sync::Arc;

use groove::Meter;
use groove::generate::Drummer;
use groove::model::Model;
use groove::take::Take;
use libfuzzer_sys::fuzz_target;

/// Weights that are added to a header, in bytes.
const WEIGHTS: usize = 64 << 10;

/// Cells of a model that is small enough to play meanwhile.
const FEW: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let model = match kind % 3 {
        0 => Model::from_bytes(rest),
        weights => {
            // Safetensors wants every byte after the header to be a tensor's.
            let end = last_offset(rest).min(WEIGHTS);
            let mut file = (rest.len() as u64).to_le_bytes().to_vec();
            file.extend(rest);
            let weight = if weights == 1 { 0.25f32 } else { 3e38 };
            file.extend(weight.to_le_bytes().iter().cycle().take(end));
            Model::from_bytes(&file)
        }
    };
    let Ok(model) = model else { return };
    let metadata = model.metadata();
    if metadata.beat.cells > FEW || metadata.feel.cells > FEW {
        return;
    }
    let mut drummer = Drummer::new(Arc::new(model));
    for bar in [0, 5] {
        let _ = drummer.bar(&Take::default(), Meter::FOUR_FOUR, bar);
    }
});

/// The greatest end that a header gives a tensor.
fn last_offset(header: &[u8]) -> usize {
    let Ok(header) = serde_json::from_slice::<serde_json::Value>(header) else { return 0 };
    let tensors = header.as_object().into_iter().flatten();
    let ends = tensors.filter_map(|(_, tensor)| tensor["data_offsets"][1].as_u64());
    usize::try_from(ends.max().unwrap_or(0)).unwrap_or(0)
}
