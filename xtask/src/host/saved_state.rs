//! The plugin's own part of a saved state.

use anyhow::Result;
use serde_json::Value;

/// Bytes of the length prefix that the framework writes before a CLAP's state; a VST3's has none.
const LENGTH: usize = size_of::<u64>();

/// Returns the plugin's own part of a state, without the length prefix.
#[must_use]
pub fn body(state: &[u8]) -> &[u8] {
    state.split_first_chunk::<LENGTH>().map_or(state, |(length, body)| {
        let counted = usize::try_from(u64::from_le_bytes(*length));
        if counted == Ok(body.len()) { body } else { state }
    })
}

/// Replaces the plugin's own part of a state.
#[must_use]
pub fn framed(state: &[u8], new: &[u8]) -> Vec<u8> {
    if body(state).len() == state.len() {
        return new.to_vec();
    }
    [&(new.len() as u64).to_le_bytes(), new].concat()
}

/// Returns a state with this chart of its song.
///
/// # Errors
/// If the state is not one of the plugin.
pub fn with_chart(state: &[u8], chart: &Value) -> Result<Vec<u8>> {
    let mut whole: Value = serde_json::from_slice(body(state))?;
    let record = whole["fields"]["deep-pocket"].as_str().unwrap_or("{}");
    let mut record: Value = serde_json::from_str(record)?;
    record["chart"] = chart.clone();
    whole["fields"]["deep-pocket"] = record.to_string().into();
    Ok(framed(state, whole.to_string().as_bytes()))
}
