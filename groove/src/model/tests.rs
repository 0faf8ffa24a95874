//! Tests of model files and of the networks.

use std::collections::HashMap;

use candle_core::{Device, Tensor};

use super::feel::CLASS_OUTPUTS;
use super::file::HEADER;
use super::lead_in::LeadIn;
use super::pointer_memory::Memory;
use super::*;
use crate::model::encode::{Inputs, Kind};
use crate::model::stroke_offsets::StrokeOffsets;
use crate::pattern::drum::Drum;
use crate::pattern::kit::Kit;
use crate::pattern::style::STYLES;
use crate::pattern::{Hit, Meter, Step};
use serde_json::{Value, json};

/// The header of a small model.
pub(crate) fn small(inputs: Inputs, classes: Kit) -> Metadata {
    let (beat, feel) = (Stack { layers: 2, cells: 8 }, Stack { layers: 1, cells: 8 });
    Metadata { inputs, classes, ..Metadata::new("small", beat, feel, "nothing") }
}

/// A small model with fixed weights and two lead-ins.
pub(crate) fn small_bytes(metadata: &Metadata, half: bool) -> Vec<u8> {
    let lead_in = |style: u8, every: usize| {
        let mut steps = vec![Step::SILENT; 32];
        for step in steps.iter_mut().step_by(every) {
            step.set(Drum::Kick, Some(Hit::plain(80, 3)));
        }
        LeadIn { style, tempo: 110.0, weight: 1.0, steps }
    };
    let lead_ins = [lead_in(17, 4), lead_in(3, 3)];
    write(metadata, &small_tensors(metadata), &lead_ins, half).expect("a whole model")
}

/// One header of each kind.
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
        let values: Vec<f32> = (0..count).map(|i| ((i * 37 % 101) as f32 - 50.0) / 250.0).collect();
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
    // Written without `write`, which refuses tensors that do not fit the header.
    let header = HashMap::from([(HEADER.to_string(), header.to_string())]);
    Model::from_bytes(&safetensors::serialize(tensors, Some(header)).expect("a file"))
}

#[test]
fn model_files_round_trip_in_both_widths() {
    for metadata in kinds() {
        let row = vec![0.5; metadata.row()];
        let play = |half| {
            let model = Model::from_bytes(&small_bytes(&metadata, half)).expect("our own file");
            assert_eq!(*model.metadata(), metadata);
            let mut state = model.start();
            model.feel(&mut state, &vec![0.5; metadata.feel_row()]).expect("feel");
            let classes = metadata.classes.classes();
            for class in 0..classes {
                let felt = model.velocity_offset(&state, class).expect("a class");
                assert_eq!(felt.len(), CLASS_OUTPUTS);
            }
            assert!(model.velocity_offset(&state, classes).is_err());
            model.hits(&mut state, &row, &Memory::default()).expect("logits");
            model.hits(&mut state, &row, &Memory::default()).expect("logits")
        };
        let (full, half) = (play(false), play(true));
        assert_eq!(full.len(), metadata.classes.subsets());
        assert!(full.iter().zip(&half).all(|(a, b)| (a - b).abs() < 1e-2));
        let sum: f32 = full.iter().map(|x| x.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-4, "a distribution, not {sum}");
    }
}

#[test]
fn stroke_offsets_round_trip_and_a_style_without_them_uses_those_of_any() {
    let offsets = |further: f32| StrokeOffsets { further: [further; 9], ..Default::default() };
    let read = |metadata: &Metadata| {
        Model::from_bytes(&small_bytes(metadata, true)).expect("our own file").metadata().clone()
    };
    let mut metadata = nine();
    assert_eq!(read(&metadata), metadata);
    let kind =
        |style, blend| Kind { style, blend, tempo: 120.0, meter: Meter::FOUR_FOUR, fill: false };
    assert_eq!(metadata.stroke_offsets(&kind(3, (0, 0.0))), offsets(0.0), "an older file");
    metadata.stroke_offsets = [(0, offsets(0.5)), (3, offsets(-1.5))].into();
    let read = read(&metadata);
    assert_eq!(read, metadata);
    let wanted = [(3, (0, 0.0), -1.5), (17, (0, 0.0), 0.5), (3, (17, 0.25), -1.0)];
    for (style, blend, further) in wanted {
        assert_eq!(read.stroke_offsets(&kind(style, blend)), offsets(further));
    }
}

#[test]
fn state_carries_over_between_steps() {
    let model = Model::from_bytes(&small_bytes(&nine(), false)).expect("our own file");
    let row = vec![1.0; model.metadata().row()];
    let mut state = model.start();
    let first = model.hits(&mut state, &row, &Memory::default()).expect("logits");
    let second = model.hits(&mut state, &row, &Memory::default()).expect("logits");
    assert_ne!(first, second);
    let mut again = model.start();
    assert_eq!(first, model.hits(&mut again, &row, &Memory::default()).expect("logits"));
}

#[test]
fn every_error_has_its_message() {
    let sentence = |result: Result<Model, ModelError>| result.expect_err("a fault").to_string();
    assert!(sentence(Model::from_bytes(b"")).contains("not a complete safetensors file"));
    let whole = small_bytes(&nine(), false);
    for length in [8, 100, whole.len() / 2, whole.len() - 1] {
        assert!(sentence(Model::from_bytes(&whole[..length])).contains("not a complete"));
    }
    let foreign = safetensors::serialize(HashMap::<String, Tensor>::new(), None);
    assert!(sentence(Model::from_bytes(&foreign.expect("a file"))).contains("a different kind"));
    let class = |pitch: u32| json!({ "name": format!("Drum {pitch}"), "pitch": pitch });
    let classes = |pitches: std::ops::Range<u32>| pitches.map(class).collect::<Value>();
    type Change<'a> = &'a dyn Fn(&mut Value);
    let own = |names: &[&str]| -> Value { STYLES.iter().chain(names).copied().collect() };
    let faults: [(Change, &str); 20] = [
        (&|m| m["format"] = json!(9), "format version 9"),
        (
            &|m| *m = json!({ "format": 1 }),
            "format version 1; this version of Deep Pocket reads 2 to 3",
        ),
        (
            &|m| m["inputs"] = json!("lags-1"),
            "for inputs lags-1; this version of Deep Pocket plays lags-2",
        ),
        (&|m| m["name"] = json!(7), "header cannot be read"),
        (&|m| m["classes"] = classes(0..0), "has 0 drum classes; it needs 1 to 9"),
        (&|m| m["classes"] = classes(30..40), "has 10 drum classes; it needs 1 to 9"),
        (&|m| m["classes"][4]["pitch"] = json!(200), "class Low tom has the pitch 200"),
        (&|m| m["classes"][4]["pitch"] = json!(300), "header cannot be read"),
        (&|m| m["classes"][1]["pitch"] = json!(36), "Kick and Snare have the same pitch, 36"),
        (&|m| m["classes"] = classes(30..32), "has shape"),
        (&|m| m["inputs"] = json!("drum-rnn"), "has shape"),
        (&|m| m["styles"] = json!(["rock"]), "made for the styles rock;"),
        (&|m| m["styles"] = own(&["mine", "rock"]), "two styles have the name rock"),
        (&|m| m["styles"] = own(&["a/b"]), "a/b is not a style name"),
        (&|m| m["styles"] = own(&["a", "b", "c", "d", "e", "f"]), "f would be one style too"),
        (&|m| m["steps_per_beat"] = json!(8), "8 steps"),
        (&|m| m["beat"]["cells"] = json!(1u64 << 40), "layers of"),
        (&|m| m["beat"]["cells"] = json!(9), "shape"),
        (&|m| m["beat"]["layers"] = json!(3), "beat.weight_ih_l2"),
        (&|m| m["stroke_offsets"] = json!({ "0": [[9, 0, 1.0]] }), "of class 9, place 0 is not"),
    ];
    for (change, part) in faults {
        let said = sentence(with_header(change));
        assert!(said.contains(part), "{said} should say: {part}");
    }
}

#[test]
fn nan_weights_are_rejected() {
    let mut tensors = small_tensors(&nine());
    let bad = Tensor::full(f32::NAN, 512, &Device::Cpu).expect("a tensor");
    tensors.insert("beat.out.bias".into(), bad);
    let bytes = write(&nine(), &tensors, &[], false).expect("a file");
    assert!(matches!(Model::from_bytes(&bytes), Err(ModelError::NotFinite(_))));
}
