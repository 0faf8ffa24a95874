//! Repair of saved states before they are loaded.

use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;

use crate::params::{DeepPocketParams, STATE_KEY};
use crate::project::saved_state::SavedState;

impl DeepPocketParams {
    /// Repairs a state before it is loaded: clamps values, fills in defaults for missing ones, and
    /// marks a record that does not parse completely, so that the window can say so.
    pub fn repair(state: &mut PluginState) {
        let fresh = DeepPocketParams::default();
        for (id, pointer, _) in fresh.param_map() {
            // SAFETY: `fresh` outlives the pointers into it.
            let value = unsafe { repaired(pointer, state.params.get(&id)) };
            state.params.insert(id, value);
        }
        let record =
            state.fields.get(STATE_KEY).map(|text| SavedState::read(text)).unwrap_or_default();
        if let Ok(json) = serde_json::to_string(&record) {
            state.fields.insert(STATE_KEY.into(), json);
        }
    }
}

/// Returns a valid value of a parameter: the saved one, clamped, or the default.
///
/// # Safety
/// The pointer must be valid.
unsafe fn repaired(pointer: ParamPtr, saved: Option<&ParamValue>) -> ParamValue {
    // SAFETY: guaranteed by the caller, for all calls.
    unsafe {
        let (least, most) = (pointer.preview_plain(0.0), pointer.preview_plain(1.0));
        let default = pointer.default_plain_value();
        match (pointer, saved) {
            (ParamPtr::BoolParam(_), Some(ParamValue::Bool(value))) => ParamValue::Bool(*value),
            (ParamPtr::BoolParam(_), _) => ParamValue::Bool(default > 0.5),
            (ParamPtr::FloatParam(_), Some(ParamValue::F32(value))) if value.is_finite() => {
                ParamValue::F32(value.clamp(least, most))
            }
            (ParamPtr::FloatParam(_), _) => ParamValue::F32(default),
            (_, Some(ParamValue::I32(value))) => {
                ParamValue::I32((*value).clamp(whole(least), whole(most)))
            }
            _ => ParamValue::I32(whole(default)),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "ranges of whole numbers are small")]
fn whole(value: f32) -> i32 {
    value.round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host compares the values before and after a load (clap-validator's test
    /// `state-reproducibility-basic`).
    #[test]
    fn a_stage_key_that_is_saved_down_is_down_after_the_load() {
        let ids = ["stage_fill", "stage_section", "stage_break", "stage_end"];
        let mut state = PluginState {
            version: String::new(),
            params: ids.map(|id| (id.to_owned(), ParamValue::Bool(true))).into(),
            fields: [].into(),
        };
        DeepPocketParams::repair(&mut state);
        for id in ids {
            assert!(matches!(state.params[id], ParamValue::Bool(true)), "{id}");
        }
    }
}
