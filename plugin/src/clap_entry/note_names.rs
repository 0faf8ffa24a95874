//! Note names for the host's piano roll: stage keys, the drums and articulations at the pitches of
//! the chosen drum map, and the drums that keys at the input stand for.
//!
//! A name applies to all ports and channels. Where the drum map plays another drum at a pitch than
//! the key there stands for, the name has both.

use std::ffi::c_char;
use std::sync::atomic::Ordering;

use clap_sys::ext::note_name::{
    CLAP_EXT_NOTE_NAME, clap_host_note_name, clap_note_name, clap_plugin_note_name,
};
use clap_sys::string_sizes::CLAP_NAME_SIZE;
use groove::play::drum_maps::OWN_MAP;
use groove::{Articulation, Drum, Pitches};
use nice_plug::wrapper::clap::clap_plugin;

use super::instance::{ClapInstance, instance};
use crate::params::DeepPocketParams;
use crate::params::controls::Controls;
use crate::params::stage::StageKey;

/// Extension of the plugin.
pub(super) static NOTE_NAMES: clap_plugin_note_name =
    clap_plugin_note_name { count: Some(count), get: Some(get) };

/// Largest MIDI pitch.
const LAST_PITCH: u8 = 127;

/// Returns a number that stands for the chosen drum map: the map's, or the pitches of the user's
/// own. Real-time safe.
pub(super) fn meaning(params: &DeepPocketParams) -> u64 {
    let map = params.output.map.value();
    if map != i32::from(OWN_MAP.0) {
        return u64::try_from(map).unwrap_or(0);
    }
    params.lanes.iter().fold(1, |sum, lane| {
        let pitch = u64::try_from(lane.pitch.value().clamp(0, LAST_PITCH.into())).unwrap_or(0);
        sum << 7 | pitch
    })
}

/// Requests a callback if the chosen drum map has changed. Real-time safe; for any thread.
pub(super) fn check(instance: &ClapInstance) {
    let now = meaning(&instance.parts.params);
    if instance.names.swap(now, Ordering::AcqRel) != now {
        instance.names_changed.store(true, Ordering::Release);
        instance.host.request_callback();
    }
}

/// Tells the host if the names have changed. For the main thread.
pub(super) fn report(instance: &ClapInstance) {
    if !instance.names_changed.swap(false, Ordering::AcqRel) {
        return;
    }
    // SAFETY: the type is that of the extension.
    let names = unsafe { instance.host.extension::<clap_host_note_name>(CLAP_EXT_NOTE_NAME) };
    if let Some(changed) = names.and_then(|names| names.changed) {
        // SAFETY: the host outlives the plugin.
        unsafe { changed(instance.host.0) };
    }
}

/// Returns the pitches that have a name, with their names.
fn names(params: &DeepPocketParams) -> Vec<(u8, String)> {
    let pitches = Controls::new(params).pitches.unwrap_or(Pitches::GENERAL_MIDI);
    (0..=LAST_PITCH).filter_map(|pitch| Some((pitch, name(&pitches, pitch)?))).collect()
}

/// Returns the name of a pitch, if it has a meaning.
fn name(pitches: &Pitches, pitch: u8) -> Option<String> {
    let stage = StageKey::of_pitch(pitch).map(|key| key.title().to_owned());
    let played =
        Drum::ALL.into_iter().filter_map(|drum| Some((drum, stroke(pitches, drum, pitch)?)));
    let played: Vec<_> = played.collect();
    let key = match stage {
        // A stage key is no drum's.
        Some(_) => None,
        None => Drum::from_general_midi(pitch),
    };
    let key = key.filter(|key| played.iter().all(|(drum, _)| drum != key));
    let key = key.map(|key| match played.is_empty() {
        true => format!("{} (key)", key.name()),
        false => format!("(key: {})", key.name()),
    });
    let strokes = played.into_iter().map(|(_, stroke)| stroke).chain(stage);
    let strokes = Some(strokes.collect::<Vec<_>>().join(" / ")).filter(|text| !text.is_empty());
    let parts: Vec<_> = strokes.into_iter().chain(key).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// Returns the name of a drum's stroke at a pitch: the drum's own for the plain stroke, which stands
/// for all others of that pitch.
fn stroke(pitches: &Pitches, drum: Drum, pitch: u8) -> Option<String> {
    let mut strokes = Articulation::of(drum).iter();
    let articulation = *strokes.find(|stroke| pitches.of(drum, **stroke) == pitch)?;
    Some(match articulation {
        Articulation::Plain => drum.name().to_owned(),
        other => format!("{}, {}", drum.name(), other.name(drum)),
    })
}

/// Returns a name as CLAP's structures have it.
pub(super) fn c_name(name: &str) -> [c_char; CLAP_NAME_SIZE] {
    let mut text = [0; CLAP_NAME_SIZE];
    // All names are ASCII and shorter; the last character stays 0.
    for (to, from) in text[..CLAP_NAME_SIZE - 1].iter_mut().zip(name.bytes()) {
        *to = c_char::from_ne_bytes([from]);
    }
    text
}

unsafe extern "C" fn count(plugin: *const clap_plugin) -> u32 {
    // SAFETY: hosts pass the pointer that the factory returned.
    let instance = unsafe { instance(plugin) };
    u32::try_from(names(&instance.parts.params).len()).unwrap_or(0)
}

unsafe extern "C" fn get(
    plugin: *const clap_plugin,
    index: u32,
    place: *mut clap_note_name,
) -> bool {
    // SAFETY: hosts pass the pointer that the factory returned.
    let instance = unsafe { instance(plugin) };
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    let names = names(&instance.parts.params);
    let Some((pitch, name)) = names.get(index).filter(|_| !place.is_null()) else { return false };
    let found = clap_note_name { name: c_name(name), port: -1, key: (*pitch).into(), channel: -1 };
    // SAFETY: the host passes a pointer to such a structure.
    unsafe { place.write(found) };
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::play::drum_maps::DRUM_MAPS;
    use nice_plug::params::Param;

    fn with_map(map: u8) -> DeepPocketParams {
        let params = DeepPocketParams::default();
        set(&params.output.map, map.into());
        params
    }

    fn set(param: &nice_plug::prelude::IntParam, value: i32) {
        // SAFETY: the pointer is into the parameters, which the caller holds.
        unsafe { param.as_ptr()._internal_set_normalized_value(param.preview_normalized(value)) };
    }

    fn name_of(params: &DeepPocketParams, pitch: u8) -> Option<String> {
        names(params).into_iter().find(|(at, _)| *at == pitch).map(|(_, name)| name)
    }

    #[test]
    fn names_are_those_of_the_chosen_drum_map() {
        let general_midi = with_map(0);
        let named = |pitch| name_of(&general_midi, pitch);
        assert_eq!(named(36).as_deref(), Some("Kick"));
        assert_eq!(named(37).as_deref(), Some("Snare, cross-stick"));
        assert_eq!(named(42).as_deref(), Some("Closed hat"));
        assert_eq!(named(44).as_deref(), Some("Closed hat, pedal"));
        assert_eq!(named(13).as_deref(), Some("Next section"));
        assert_eq!(named(56).as_deref(), Some("Snare (key)"), "a cowbell");
        assert_eq!(named(0), None);
        let addictive = with_map(3);
        let named = |pitch| name_of(&addictive, pitch);
        assert_eq!(named(36).as_deref(), Some("Kick"));
        assert_eq!(named(49).as_deref(), Some("Closed hat (key: Crash)"));
        assert_eq!(named(42).as_deref(), Some("Closed hat (key)"));
    }

    #[test]
    fn every_pitch_that_a_map_plays_has_the_name_of_its_drum() {
        for map in DRUM_MAPS {
            let params = with_map(map.number);
            let pitches = map.pitches.unwrap_or(Pitches::GENERAL_MIDI);
            for drum in Drum::ALL {
                for articulation in Articulation::of(drum) {
                    let name = name_of(&params, pitches.of(drum, *articulation));
                    let name = name.unwrap_or_default();
                    assert!(name.contains(drum.name()), "{}: {name}", map.name);
                    assert!(name.is_ascii() && name.len() < CLAP_NAME_SIZE, "{name}");
                }
            }
        }
    }

    #[test]
    fn drums_on_one_pitch_of_the_own_map_share_its_name() {
        let params = with_map(OWN_MAP.0);
        let before = meaning(&params);
        set(&params.lanes[Drum::Snare.index()].pitch, 12);
        set(&params.lanes[Drum::Crash.index()].pitch, 12);
        assert_eq!(name_of(&params, 12).as_deref(), Some("Snare / Crash / Fill now"));
        assert_ne!(meaning(&params), before, "the host is told of it");
    }
}
