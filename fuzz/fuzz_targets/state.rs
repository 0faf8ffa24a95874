//! Any bytes as a project's state: it loads as the wrappers load it, what was loaded can be saved,
//! and what was saved loads as the same.
//!
//! The first byte chooses: the rest is the whole state, or the record that the project keeps
//! besides the parameters.
#![no_main]

use std::collections::BTreeMap;

use deep_pocket::DeepPocket;
use deep_pocket::controls::Controls;
use deep_pocket::params::DeepPocketParams;
use groove::Meter;
use libfuzzer_sys::fuzz_target;
use nice_plug::prelude::{Params, Plugin, PluginState};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let state = if kind % 2 == 0 {
        serde_json::from_slice(rest).ok()
    } else {
        std::str::from_utf8(rest).ok().map(|record| PluginState {
            version: "0.1.0".into(),
            params: BTreeMap::new(),
            fields: BTreeMap::from([("deep-pocket".into(), record.into())]),
        })
    };
    let Some(state) = state else { return };
    let params = DeepPocketParams::default();
    let once = load(&params, state.clone());
    let twice = load(&params, PluginState { fields: once.clone(), ..state });
    assert_eq!(once, twice);
    let controls = Controls::new(&params);
    let take = controls.take_at(120.0);
    let _ = params.state.kept().bar(&take, Meter::FOUR_FOUR, 0);
});

/// Loads a state into parameters, and gives the fields that they would save.
fn load(params: &DeepPocketParams, mut state: PluginState) -> BTreeMap<String, String> {
    DeepPocket::filter_state(&mut state);
    params.deserialize_fields(&state.fields);
    params.serialize_fields()
}
