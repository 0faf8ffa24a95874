//! Order and groups of the parameters in hosts: the ten that a producer automates most come first,
//! the others follow in the groups of the window.
//!
//! Only order and groups: a host stores the ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use nice_plug::params::Params;
use nice_plug::params::internals::ParamPtr;

use crate::params::DeepPocketParams;

/// Ids of the parameters that come first.
pub const MACROS: [&str; 10] = [
    "style",
    "seed",
    "intensity",
    "complexity",
    "stick",
    "blend",
    "stage_fill",
    "fill_every",
    "swing",
    "pace",
];

/// Groups in the order of the window, and the starts of the ids in them. An id belongs to the first
/// group that fits.
const GROUPS: [(&str, &[&str]); 10] = [
    ("Main", &MACROS),
    ("Drummer", &["temperature", "density", "blend_style"]),
    ("Phrase", &["phrase", "order", "fill", "landing"]),
    ("Feel", &["swing_of", "timing", "dynamics", "velocity"]),
    ("Listen to keys", &["prime", "gate"]),
    ("Stage", &["stage"]),
    ("Audition", &["audition"]),
    ("Output", &["map", "channel", "articulations", "through", "free", "bypass", "generation"]),
    ("Lanes", &["lane_density", "lane_off", "lane_mute", "lane_solo"]),
    ("Lane output", &["lane"]),
];

/// The parameters as a host lists them.
pub struct HostOrder(pub Arc<DeepPocketParams>);

// SAFETY: the pointers are those of the parameters, which this keeps alive.
unsafe impl Params for HostOrder {
    fn param_map(&self) -> Vec<(String, ParamPtr, String)> {
        let mut listed: Vec<_> = self.0.param_map();
        listed.sort_by_cached_key(|(id, ..)| rank(id));
        for (id, _, group) in &mut listed {
            *group = GROUPS[rank(id)[0]].0.to_owned();
        }
        listed
    }

    fn serialize_fields(&self) -> BTreeMap<String, String> {
        self.0.serialize_fields()
    }

    fn deserialize_fields(&self, serialized: &BTreeMap<String, String>) {
        self.0.deserialize_fields(serialized);
    }
}

/// Returns the group of an id, and its place in the group.
fn rank(id: &str) -> [usize; 2] {
    for (group, (_, starts)) in GROUPS.iter().enumerate() {
        let fits = |start: &str| if group == 0 { id == start } else { id.starts_with(start) };
        if let Some(place) = starts.iter().position(|start| fits(start)) {
            return [group, place];
        }
    }
    [GROUPS.len() - 1, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_macro_controls_come_first_and_nothing_is_lost() {
        let params = Arc::new(DeepPocketParams::default());
        let hosted = HostOrder(Arc::clone(&params)).param_map();
        let first: Vec<_> = hosted.iter().take(MACROS.len()).map(|(id, ..)| id.as_str()).collect();
        assert_eq!(first, MACROS);
        let ids = |map: &[(String, ParamPtr, String)]| {
            let mut ids: Vec<_> = map.iter().map(|(id, ..)| id.clone()).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(ids(&hosted), ids(&params.param_map()));
        let mut groups: Vec<_> = hosted.iter().map(|(.., group)| group.clone()).collect();
        groups.dedup();
        assert_eq!(groups, GROUPS.map(|(name, _)| name), "each group is in one piece");
    }
}
