//! Compatibility of projects and automation: parameter ids, order and ranges are frozen, and a
//! saved state is restored exactly, whatever else it contains.

use std::collections::BTreeMap;

use deep_pocket::DeepPocket;
use deep_pocket::params::DeepPocketParams;
use deep_pocket::params::controls::Controls;
use deep_pocket::project::saved_state::{SavedState, WINDOW};
use groove::take::chart::{Accent, SectionKind};
use groove::take::history::History;
use groove::take::{Primer, Take};
use groove::{Drum, Meter};
use nice_plug::params::persist::PersistentField;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;
use serde_json::{Value, json};

/// Id, name, default, and the texts of minimum and maximum. Only names and texts may change, never
/// an id, a range or the order; only add lines.
const FROZEN: [(&str, &str, &str, &str, &str); 92] = [
    ("style", "Style", "rock", "any", "unused 127"),
    ("temperature", "Daring", "1.00", "0.20", "2.00"),
    ("seed", "Take number", "530", "0", "65535"),
    ("channel", "Channel", "10", "1", "16"),
    ("generation", "Generation", "0", "0", "65535"),
    ("blend_style", "Second style", "any", "any", "unused 127"),
    ("blend", "Blend", "0 %", "0 %", "100 %"),
    ("stick", "Repeat", "50 %", "0 %", "100 %"),
    ("density", "Density", "0 %", "-100 %", "100 %"),
    ("phrase", "Phrase length", "4 bars", "1 bar", "8 bars"),
    ("order", "Phrase variation", "Vary", "Vary", "Loop"),
    ("landing", "Changes start", "Next beat", "Next 1/16", "Next phrase"),
    ("fill_every", "Fill", "Never", "Never", "Every 16 bars"),
    ("fill_length", "Fill length", "2 beats", "1 beats", "8 beats"),
    ("fill_amount", "Fill amount", "50 %", "0 %", "100 %"),
    ("swing", "Swing", "50 %", "50 %", "75 %"),
    ("swing_of", "Swing of", "1/16", "1/16", "1/8"),
    ("timing", "Timing", "100 %", "0 %", "200 %"),
    ("dynamics", "Dynamics", "100 %", "0 %", "200 %"),
    ("velocity", "Velocity", "0", "-64", "64"),
    ("pace", "Time", "Normal", "Half time", "Double time"),
    ("prime", "Listen to keys", "Hold", "Off", "Tap"),
    ("gate", "Only while held", "Off", "Off", "On"),
    ("map", "Drum map", "General MIDI", "General MIDI", "unused 63"),
    ("through", "MIDI thru", "Off", "Off", "On"),
    ("free_run", "Free run", "Off", "Off", "On"),
    ("free_tempo", "Free tempo", "120.0 bpm", "20.0 bpm", "400.0 bpm"),
    ("articulations", "Articulations", "On", "Off", "On"),
    ("lane_density_1", "Kick density", "0 %", "-100 %", "100 %"),
    ("lane_off_1", "Kick off", "Off", "Off", "On"),
    ("lane_mute_1", "Kick mute", "Off", "Off", "On"),
    ("lane_solo_1", "Kick solo", "Off", "Off", "On"),
    ("lane_pitch_1", "Kick pitch", "36", "0", "127"),
    ("lane_density_2", "Snare density", "0 %", "-100 %", "100 %"),
    ("lane_off_2", "Snare off", "Off", "Off", "On"),
    ("lane_mute_2", "Snare mute", "Off", "Off", "On"),
    ("lane_solo_2", "Snare solo", "Off", "Off", "On"),
    ("lane_pitch_2", "Snare pitch", "38", "0", "127"),
    ("lane_density_3", "Closed hat density", "0 %", "-100 %", "100 %"),
    ("lane_off_3", "Closed hat off", "Off", "Off", "On"),
    ("lane_mute_3", "Closed hat mute", "Off", "Off", "On"),
    ("lane_solo_3", "Closed hat solo", "Off", "Off", "On"),
    ("lane_pitch_3", "Closed hat pitch", "42", "0", "127"),
    ("lane_density_4", "Open hat density", "0 %", "-100 %", "100 %"),
    ("lane_off_4", "Open hat off", "Off", "Off", "On"),
    ("lane_mute_4", "Open hat mute", "Off", "Off", "On"),
    ("lane_solo_4", "Open hat solo", "Off", "Off", "On"),
    ("lane_pitch_4", "Open hat pitch", "46", "0", "127"),
    ("lane_density_5", "Low tom density", "0 %", "-100 %", "100 %"),
    ("lane_off_5", "Low tom off", "Off", "Off", "On"),
    ("lane_mute_5", "Low tom mute", "Off", "Off", "On"),
    ("lane_solo_5", "Low tom solo", "Off", "Off", "On"),
    ("lane_pitch_5", "Low tom pitch", "43", "0", "127"),
    ("lane_density_6", "Mid tom density", "0 %", "-100 %", "100 %"),
    ("lane_off_6", "Mid tom off", "Off", "Off", "On"),
    ("lane_mute_6", "Mid tom mute", "Off", "Off", "On"),
    ("lane_solo_6", "Mid tom solo", "Off", "Off", "On"),
    ("lane_pitch_6", "Mid tom pitch", "47", "0", "127"),
    ("lane_density_7", "High tom density", "0 %", "-100 %", "100 %"),
    ("lane_off_7", "High tom off", "Off", "Off", "On"),
    ("lane_mute_7", "High tom mute", "Off", "Off", "On"),
    ("lane_solo_7", "High tom solo", "Off", "Off", "On"),
    ("lane_pitch_7", "High tom pitch", "50", "0", "127"),
    ("lane_density_8", "Crash density", "0 %", "-100 %", "100 %"),
    ("lane_off_8", "Crash off", "Off", "Off", "On"),
    ("lane_mute_8", "Crash mute", "Off", "Off", "On"),
    ("lane_solo_8", "Crash solo", "Off", "Off", "On"),
    ("lane_pitch_8", "Crash pitch", "49", "0", "127"),
    ("lane_density_9", "Ride density", "0 %", "-100 %", "100 %"),
    ("lane_off_9", "Ride off", "Off", "Off", "On"),
    ("lane_mute_9", "Ride mute", "Off", "Off", "On"),
    ("lane_solo_9", "Ride solo", "Off", "Off", "On"),
    ("lane_pitch_9", "Ride pitch", "51", "0", "127"),
    ("lane_channel_1", "Kick channel", "common", "common", "16"),
    ("lane_channel_2", "Snare channel", "common", "common", "16"),
    ("lane_channel_3", "Closed hat channel", "common", "common", "16"),
    ("lane_channel_4", "Open hat channel", "common", "common", "16"),
    ("lane_channel_5", "Low tom channel", "common", "common", "16"),
    ("lane_channel_6", "Mid tom channel", "common", "common", "16"),
    ("lane_channel_7", "High tom channel", "common", "common", "16"),
    ("lane_channel_8", "Crash channel", "common", "common", "16"),
    ("lane_channel_9", "Ride channel", "common", "common", "16"),
    ("bypass", "Bypass", "Off", "Off", "On"),
    ("audition", "Audition kit", "On", "Off", "On"),
    ("audition_level", "Audition level", "0.0 dB", "-30.0 dB", "6.0 dB"),
    ("audition_kit", "Kit", "Automatic", "Automatic", "unused 15"),
    ("stage_fill", "Fill now", "Off", "Off", "On"),
    ("stage_section", "Next section", "Off", "Off", "On"),
    ("stage_break", "Break", "Off", "Off", "On"),
    ("stage_end", "Crash and end", "Off", "Off", "On"),
    ("intensity", "Intensity", "50 %", "0 %", "100 %"),
    ("complexity", "Complexity", "50 %", "0 %", "100 %"),
];

fn params() -> Vec<(String, ParamPtr)> {
    // The pointers need parameters that outlive them.
    let params: &'static DeepPocketParams = Box::leak(Box::default());
    params.param_map().into_iter().map(|(id, pointer, _)| (id, pointer)).collect()
}

#[test]
fn parameters_are_frozen() {
    let found: Vec<_> = params()
        .iter()
        .map(|(id, pointer)| {
            // SAFETY: the parameters are leaked, so the pointer is valid.
            let (name, default, text) = unsafe {
                (pointer.name().to_owned(), pointer.default_normalized_value(), |value| {
                    pointer.normalized_value_to_string(value, true)
                })
            };
            (id.clone(), name, text(default), text(0.0), text(1.0))
        })
        .collect();
    let frozen = FROZEN.map(|(a, b, c, d, e)| {
        (a.to_owned(), b.to_owned(), c.to_owned(), d.to_owned(), e.to_owned())
    });
    assert_eq!(found, frozen);
}

#[test]
fn plugin_ids_are_frozen() {
    assert_eq!(DeepPocket::CLAP_ID, "org.deeppocket.deep-pocket");
    assert_eq!(&DeepPocket::VST3_CLASS_ID, b"DeepPocketDrums1");
    assert_eq!(DeepPocket::NAME, "Deep Pocket");
}

#[test]
fn parameter_texts_parse_back() {
    for (id, pointer) in params() {
        for place in 0..=1000u16 {
            let value = f32::from(place) / 1000.0;
            // SAFETY: the parameters are leaked, so the pointer is valid.
            unsafe {
                let text = pointer.normalized_value_to_string(value, true);
                let back = pointer.string_to_normalized_value(&text);
                let again = back.map(|back| pointer.normalized_value_to_string(back, true));
                assert_eq!(again.as_ref(), Some(&text), "{id}");
            }
        }
    }
    let fresh = DeepPocketParams::default();
    let style = |text: &str| {
        fresh.style.string_to_normalized_value(text).map(|value| fresh.style.preview_plain(value))
    };
    assert_eq!(style("Funk"), Some(6));
    assert_eq!(style(" own 3 "), Some(21));
    assert_eq!((style("own 6"), style("Unused 99")), (None, Some(99)));
    assert_eq!(style("polka"), None);
}

fn state(params: &[(&str, ParamValue)], fields: &[(&str, &str)]) -> PluginState {
    PluginState {
        version: "0.1.0".into(),
        params: params.iter().map(|(id, value)| ((*id).into(), value.clone())).collect(),
        fields: fields.iter().map(|(key, json)| ((*key).into(), (*json).into())).collect(),
    }
}

/// Loads a state as the wrappers do, into parameters with other contents.
fn load(mut state: PluginState) -> (BTreeMap<String, ParamValue>, DeepPocketParams) {
    let params = DeepPocketParams::default();
    params.state.set(SavedState {
        tempo: Some(99.0),
        window: (1_000, 700),
        ..SavedState::default()
    });
    DeepPocket::filter_state(&mut state);
    params.deserialize_fields(&state.fields);
    (state.params, params)
}

fn number(params: &BTreeMap<String, ParamValue>, id: &str) -> f64 {
    match params.get(id) {
        Some(ParamValue::I32(value)) => f64::from(*value),
        Some(ParamValue::F32(value)) => f64::from(*value),
        other => panic!("{id}: {other:?}"),
    }
}

#[test]
fn saved_state_round_trips() {
    let params = DeepPocketParams::default();
    let seen = params.state.tempo().get();
    params.state.tempo().latch(seen, Some(93.5));
    params.state.set_window(1_280, 720);
    let (_, back) = load(PluginState { fields: params.serialize_fields(), ..state(&[], &[]) });
    assert_eq!(back.state.tempo().get().tempo(), Some(93.5));
    assert_eq!(back.state.window(), (1_280, 720));
    assert_eq!(back.state.notice(), None);
}

#[test]
fn missing_fields_have_defaults() {
    let (params, back) = load(state(&[("seed", ParamValue::I32(7))], &[]));
    assert_eq!((number(&params, "seed"), number(&params, "style")), (7.0, 17.0));
    assert_eq!((number(&params, "temperature"), number(&params, "channel")), (1.0, 10.0));
    assert_eq!((back.state.tempo().get().tempo(), back.state.window()), (None, WINDOW));
    assert_eq!(back.state.notice(), None);
}

#[test]
fn a_damaged_state_is_clamped_and_reported() {
    let (params, back) = load(state(
        &[
            ("style", ParamValue::I32(i32::MAX)),
            ("seed", ParamValue::I32(-5)),
            ("channel", ParamValue::String("ten".into())),
            ("temperature", ParamValue::F32(f32::INFINITY)),
            ("unheard-of", ParamValue::Bool(true)),
        ],
        &[("deep-pocket", "{\"tempo\": [1, 2")],
    ));
    assert_eq!((number(&params, "style"), number(&params, "seed")), (127.0, 0.0));
    assert_eq!((number(&params, "channel"), number(&params, "temperature")), (10.0, 1.0));
    assert_eq!((back.state.tempo().get().tempo(), back.state.window()), (None, WINDOW));
    assert!(back.state.notice().is_some_and(|notice| notice.contains("damaged")));
}

#[test]
fn out_of_range_numbers_are_clamped() {
    let json = "{\"version\":1,\"tempo\":1e30,\"window\":[4000000000,0]}";
    let (_, back) = load(state(&[], &[("deep-pocket", json)]));
    assert_eq!(back.state.tempo().get().tempo(), None);
    assert_eq!(back.state.window(), (8_192, 200));
}

#[test]
fn a_newer_state_loads_known_fields_and_reports_it() {
    let json = "{\"version\":9,\"tempo\":88.0,\"window\":[900,500],\"choir\":{\"voices\":40}}";
    let (_, back) = load(state(&[], &[("deep-pocket", json)]));
    assert_eq!(back.state.tempo().get().tempo(), Some(88.0));
    assert!(back.state.notice().is_some_and(|notice| notice.contains("newer")));
}

#[test]
fn a_load_overrides_an_earlier_tempo() {
    let params = DeepPocketParams::default();
    let seen = params.state.tempo().get();
    params.state.set(SavedState { tempo: Some(88.0), ..SavedState::default() });
    let now = params.state.tempo().latch(seen, Some(120.0));
    assert_eq!(now.tempo(), Some(88.0));
    assert_ne!(now.load(), seen.load());
}

/// Loads a complete state from a file of `tests/states`, as the wrappers do.
fn loaded(text: &str) -> DeepPocketParams {
    let state: PluginState = serde_json::from_str(text).expect("a state");
    let (values, params) = load(state);
    for (id, pointer, _) in params.param_map() {
        // SAFETY: the pointer is into `params`.
        unsafe {
            let plain = match values.get(&id) {
                Some(ParamValue::F32(value)) => *value,
                Some(ParamValue::I32(value)) => *value as f32,
                Some(ParamValue::Bool(value)) => f32::from(u8::from(*value)),
                other => panic!("{id}: {other:?}"),
            };
            pointer._internal_set_normalized_value(pointer.preview_normalized(plain));
        }
    }
    params
}

#[test]
fn every_parameter_change_is_counted() {
    let params = DeepPocketParams::default();
    for (id, pointer, _) in params.param_map() {
        // SAFETY: the pointer is into `params`.
        let turn = |value| unsafe { pointer._internal_set_normalized_value(value) };
        turn(0.0);
        let before = params.changes();
        turn(1.0);
        assert_eq!(params.changes(), before + 1, "{id}");
        turn(1.0);
        assert_eq!(params.changes(), before + 1, "{id} did not change");
    }
}

#[test]
fn a_project_of_version_1_loads() {
    let params = loaded(include_str!("states/version-1.json"));
    let controls = Controls::new(&params);
    assert_eq!((controls.take.seed, controls.take.style, controls.channel), (4_711, 6, 2));
    assert_eq!((controls.take.temperature, controls.take.stick), (1.25, 0.5));
    assert_eq!(params.state.tempo().get().tempo(), Some(97.5));
    assert_eq!((params.state.window(), params.state.notice()), ((1_280, 720), None));
}

#[test]
fn a_project_of_version_2_plays_the_notes_that_it_was_saved_with() {
    let params = loaded(include_str!("states/version-2.json"));
    let controls = Controls::new(&params);
    assert_eq!((controls.take.seed, controls.take.style, controls.channel), (77, 10, 4));
    assert_eq!((params.state.window(), params.state.notice()), ((1_300, 700), None));
    let record = params.state.map(SavedState::clone);
    let (takes, at) = record.history.as_ref().map(History::all).expect("a history");
    assert_eq!((takes.len(), at, takes[0].favourite), (3, 1, true));
    assert!(record.pins.struck(4).contains(Drum::Crash));
    let Primer::Play(primer) = record.primer else { panic!("{:?}", record.primer) };
    assert_eq!(primer.steps().len(), 16);
    // The engine requests exactly the take that was saved.
    let tempo = params.state.tempo().get().tempo().expect("it was played");
    let (primer, pins) = (record.primer, record.pins);
    let take = Take { primer, pins, ..controls.take_at(tempo) };
    for bar in 0..4 {
        let kept = params.state.kept().bar(&take, Meter::FOUR_FOUR, bar).expect("it was kept");
        assert_eq!(kept.steps()[4].hit(Drum::Crash).map(|hit| hit.velocity > 0), Some(true));
    }
}

/// Checks that the engine requests exactly the take whose bars the project has saved, with a pinned
/// crash on the fourth beat of the second phrase.
fn check_saved_bars(params: &DeepPocketParams) {
    let record = params.state.map(SavedState::clone);
    let tempo = params.state.tempo().get().tempo().expect("it was played");
    let SavedState { pins, toward, chart, .. } = record;
    let take = Take { pins, toward, chart, ..Controls::new(params).take_at(tempo) };
    for bar in 2..=6 {
        let kept = params.state.kept().bar(&take, Meter::FOUR_FOUR, bar).expect("it was kept");
        assert!(kept.steps().iter().any(|step| !step.drums().is_empty()), "{bar}");
        let crash = kept.steps()[12].hit(Drum::Crash);
        let pinned = crash.map(|hit| (hit.velocity, hit.offset_ticks)) == Some((101, 7));
        assert_eq!(pinned, bar == 4, "{bar}: {crash:?}");
    }
}

/// Returns the texts of style, second style and drum map.
fn choices(params: &DeepPocketParams) -> [String; 3] {
    [&params.style, &params.drummer.blend_style, &params.output.map].map(ToString::to_string)
}

#[test]
fn a_project_of_version_3_keeps_styles_map_and_notes() {
    let params = loaded(include_str!("states/version-3.json"));
    let controls = Controls::new(&params);
    assert_eq!(choices(&params), ["rock", "own 2", "My own"]);
    assert_eq!((controls.take.style, controls.take.blend), (17, (20, 0.25)));
    assert_eq!(controls.pitches, Some([35, 40, 42, 46, 43, 47, 50, 49, 51].into()));
    assert_eq!((params.state.window(), params.state.notice()), ((1_100, 640), None));
    check_saved_bars(&params);
}

#[test]
fn a_project_of_version_4_keeps_styles_map_and_notes() {
    let params = loaded(include_str!("states/version-4.json"));
    assert_eq!(choices(&params), ["own 1", "jazz", "Steven Slate"]);
    assert_eq!(Controls::new(&params).pitches, Some([36, 38, 42, 46, 43, 47, 48, 57, 51].into()));
    check_saved_bars(&params);
}

#[test]
fn a_project_of_version_5_keeps_the_chart_of_its_song() {
    let params = loaded(include_str!("states/version-5.json"));
    let chart = params.state.kept().extras().chart;
    assert_eq!((chart.sections().len(), chart.stops().len()), (2, 1));
    assert_eq!(chart.sections()[1].kind, SectionKind::Chorus);
    assert_eq!(chart.accents.get(2, 3), Some(Accent::Light));
    check_saved_bars(&params);
}

#[test]
fn a_project_of_a_newer_version_loads_known_fields() {
    let params = loaded(include_str!("states/newer.json"));
    let controls = Controls::new(&params);
    assert_eq!((controls.take.seed, controls.channel, controls.take.style), (4_711, 2, 40));
    assert_eq!(params.state.tempo().get().tempo(), Some(97.5));
    params.state.map(|saved: &SavedState| {
        assert_eq!(saved.primer, Primer::Off);
        assert!(saved.pins.struck(4).contains(Drum::Crash));
    });
    assert!(params.state.notice().is_some_and(|notice| notice.contains("newer")));
}

#[test]
fn a_damaged_field_does_not_affect_others() {
    let whole: PluginState =
        serde_json::from_str(include_str!("states/version-2.json")).expect("a state");
    let record: Value = serde_json::from_str(&whole.fields["deep-pocket"]).expect("a record");
    let record = record.as_object().expect("a record");
    let with = |field: &str, value: Value| {
        let mut record = record.clone();
        record.insert(field.into(), value);
        let fields = BTreeMap::from([("deep-pocket".into(), Value::from(record).to_string())]);
        let (_, params) = load(PluginState { fields, ..whole.clone() });
        let text = &params.serialize_fields()["deep-pocket"];
        (serde_json::from_str::<Value>(text).expect("a record"), params.state.notice())
    };
    let (good, notice) = with("version", 2.into());
    assert_eq!(notice, None);
    let wrong = [
        json!("x"),
        json!(true),
        json!([["x"]]),
        json!({ "takes": 3, "x": 1 }),
        json!([1, [2, {}]]),
    ];
    for field in record.keys().filter(|field| *field != "version") {
        for value in &wrong {
            let (read, notice) = with(field, value.clone());
            assert!(notice.is_some_and(|notice| notice.contains("damaged")), "{field}: {value}");
            for other in record.keys().filter(|other| *other != field) {
                assert_eq!(read[other], good[other], "{other} with {field}: {value}");
            }
        }
    }
}

#[test]
fn a_truncated_record_keeps_the_fields_before_the_cut() {
    let whole: PluginState =
        serde_json::from_str(include_str!("states/version-2.json")).expect("a state");
    let record = &whole.fields["deep-pocket"];
    for length in (0..record.len()).step_by(199).filter(|&at| record.is_char_boundary(at)) {
        let fields = BTreeMap::from([("deep-pocket".into(), record[..length].into())]);
        let (_, params) = load(PluginState { fields, ..whole.clone() });
        assert!(params.state.notice().is_some_and(|notice| notice.contains("damaged")));
        let window_ends = record.find("\"primer\"").expect("what follows the window");
        assert!(length <= window_ends || params.state.window() == (1_300, 700), "{length}");
    }
}
