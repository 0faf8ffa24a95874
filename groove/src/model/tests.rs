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
use crate::pattern::kit::DrumClasses;
use crate::pattern::style::{OWN_STYLES, STYLES, Style, style_in};
use crate::pattern::{Hit, Meter, Step};
use serde_json::{Value, json};

/// The header of a small model.
pub(crate) fn small(inputs: Inputs, classes: DrumClasses) -> Metadata {
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
    let [nine, one] = [DrumClasses::default(), DrumClasses::one_drum()];
    let three = DrumClasses(nine.0[..3].to_vec());
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
    small(Inputs::Lags, DrumClasses::default())
}

fn with_header(base: &Metadata, change: impl Fn(&mut Value)) -> Result<Model, ModelError> {
    let tensors = small_tensors(base);
    let mut header = serde_json::to_value(base).expect("a header");
    change(&mut header);
    // Written without `write`, which refuses tensors that do not fit the header.
    let header = HashMap::from([(HEADER.to_string(), header.to_string())]);
    Model::from_bytes(&safetensors::serialize(tensors, Some(header)).expect("a file"))
}

/// The header as it was before style numbers: the first 18 styles, then own ones.
fn with_own_styles(header: &Value, own: &[&str]) -> Value {
    let mut header = header.clone();
    let first = STYLES.iter().map(|style| style.name).take(18);
    header["styles"] = first.chain(own.iter().copied()).collect();
    let fields = header.as_object_mut().expect("a header");
    fields.retain(|name, _| !["style_numbers", "style_cells"].contains(&name.as_str()));
    header
}

fn row(metadata: &Metadata, style: u8, blend: (u8, f32)) -> Vec<f32> {
    let mut row = vec![f32::NAN; metadata.row()];
    let kind = Kind { style, blend, tempo: 120.0, meter: Meter::FOUR_FOUR, fill: false };
    metadata.write_row(&[], &kind, &mut row);
    row
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
fn styles_set_their_own_cells_to_their_shares() {
    let mut metadata = nine();
    for name in ["one", "two", "three", "four", "five"] {
        metadata.add_style(name).expect("room");
    }
    assert_eq!(metadata.styles.len(), metadata.style_cells);
    let any = row(&metadata, 0, (0, 0.0));
    for &style in &metadata.style_numbers {
        let told = row(&metadata, style, (0, 0.0));
        let differ = |cell: &usize| told[*cell] != any[*cell];
        let cells: Vec<usize> = (0..told.len()).filter(differ).collect();
        assert_eq!(Some(&cells[..]), metadata.style_cell(style).as_ref().map(std::slice::from_ref));
    }
    assert_eq!(row(&metadata, 99, (98, 0.5)), any, "no such styles");
    let blend = row(&metadata, 3, (17, 0.25));
    let cell = |style| blend[metadata.style_cell(style).expect("a cell")];
    assert_eq!((cell(3), cell(17), cell(4)), (0.75, 0.25, 0.0));
    assert_eq!(row(&metadata, 17, (17, 0.5)), row(&metadata, 17, (0, 0.0)));
    let drum_rnn = small(Inputs::DrumRnn, DrumClasses::default());
    assert_eq!(drum_rnn.style_cell(17), None);
}

#[test]
fn files_without_style_numbers_keep_their_styles() {
    // Written when there were 18 built-in styles, with an own style that has since become the name
    // of a built-in one.
    let built_in = [&STYLES[..18], &[Style { number: 24, name: "metal", title: "Metal" }]].concat();
    let old = |header: &mut Value| *header = with_own_styles(header, &["polka", "metal"]);
    let model = with_header(&Metadata { style_cells: 23, ..nine() }, old).expect("an old model");
    let metadata = model.metadata();
    metadata.check_styles(&built_in).expect("a model");
    assert_eq!(metadata.style_numbers, (1..=20).collect::<Vec<u8>>());
    assert_eq!((metadata.style_name(19), metadata.style_number("Metal")), ("polka", Some(20)));
    assert_eq!(metadata.style_place(24), None);
    assert_eq!(metadata.style_cell(20), metadata.style_cell(1).map(|first| first + 19));
    assert_eq!(metadata.own_styles().collect::<Vec<_>>(), ["polka", "metal"]);
}

#[test]
fn a_new_built_in_style_changes_no_model() {
    let number = (24..).find(|number| STYLES.iter().all(|style| style.number != *number));
    let number = number.expect("a free number");
    let mut built_in = STYLES.to_vec();
    built_in.insert(3, Style { number, name: "polka", title: "Polka" });
    let shipped = include_bytes!("../../../assets/deep-pocket.safetensors");
    let shipped = Model::read_metadata(shipped).expect("the shipped model");
    let mut tuned = shipped.clone();
    assert_eq!(tuned.add_style("mine").expect("room"), *OWN_STYLES.start());
    for metadata in [&shipped, &tuned] {
        metadata.check_styles(&built_in).expect("as before");
        let any = row(metadata, 0, (0, 0.0));
        assert_eq!(row(metadata, number, (0, 0.0)), any, "it plays the new style as any");
        assert_eq!(metadata.calibration(number), metadata.calibration(0));
        for &style in &shipped.style_numbers {
            let name = style_in(&built_in, style).map(|style| style.name);
            assert_eq!(Some(metadata.style_name(style)), name);
            assert_ne!(row(metadata, style, (0, 0.0)), any, "{name:?}");
        }
    }
    // A model that learned it has more styles than the first 23 cells, and plays where it is not
    // built in.
    let mut newer = nine();
    newer.style_cells = 40;
    for (place, name) in (0u8..).zip(["polka", "tango", "waltz", "mambo", "march", "swing"]) {
        newer.styles.push(name.into());
        newer.style_numbers.push(number + place);
    }
    let model = Model::from_bytes(&small_bytes(&newer, false)).expect("a newer model");
    let metadata = model.metadata();
    assert_eq!(metadata.style_name(number + 5), "swing");
    assert_eq!(metadata.style_place(number + 5), Some(nine().styles.len() + 5));
    let row = row(metadata, number + 5, (0, 0.0));
    assert_eq!(row.len(), nine().row() - nine().style_cells + 40);
    model.hits(&mut model.start(), &row, &Memory::default()).expect("logits");
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
    let own = |m: &mut Value, names: &[&str]| *m = with_own_styles(m, names);
    let faults: [(Change, &str); 24] = [
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
        (&|m| m["styles"] = json!(["rock"]), "1 style names, "),
        (&|m| m["style_cells"] = json!(1u64 << 40), "style cells"),
        (&|m| m["style_cells"] = json!(3), "country would be one style too many"),
        (&|m| m["style_numbers"][0] = json!(17), "made for the styles afrobeat, afrocuban"),
        (&|m| m["style_numbers"][0] = json!(0), "afrobeat cannot have the number 0"),
        (&|m| own(m, &["mine", "rock"]), "two styles have the name rock"),
        (&|m| own(m, &["a/b"]), "a/b is not a style name"),
        (&|m| own(m, &["a", "b", "c", "d", "e", "f"]), "f would be one style too"),
        (&|m| m["steps_per_beat"] = json!(8), "8 steps"),
        (&|m| m["beat"]["cells"] = json!(1u64 << 40), "layers of"),
        (&|m| m["beat"]["cells"] = json!(9), "shape"),
        (&|m| m["beat"]["layers"] = json!(3), "beat.weight_ih_l2"),
        (&|m| m["stroke_offsets"] = json!({ "0": [[9, 0, 1.0]] }), "of class 9, place 0 is not"),
    ];
    for (change, part) in faults {
        let said = sentence(with_header(&nine(), change));
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
