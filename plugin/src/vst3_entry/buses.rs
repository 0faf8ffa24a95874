//! Output buses of the drums: stereo, off until the host activates them, after the main output and in
//! class order.
//!
//! Works around: the framework's auxiliary outputs are on by default, and it reads outputs that a
//! host does not pass and skips blocks that lack one. It therefore knows the main output only, and
//! the drums' outputs reach the kit through
//! [`DrumOutputs`](crate::link::drum_outputs::DrumOutputs).
//!
//! Upstream: nice-plug, `getBusInfo`, `setBusArrangements` and `process` in
//! `wrapper/vst3/wrapper.rs`; report 11 of `docs/upstream.md`.

use std::sync::atomic::{AtomicBool, Ordering};

use groove::{CLASSES, Drum};
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    BusDirection, BusInfo, BusType, MediaType, SpeakerArrangement,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::int32;

use super::keyswitches::utf16;

/// Numbers of VST3: audio, output, and auxiliary. The types of the bindings' own depend on the
/// system.
const AUDIO: MediaType = 0;
const OUTPUT: BusDirection = 1;
const AUXILIARY: BusType = 1;

/// Channels of a bus.
const CHANNELS: u8 = 2;

/// Buses of an instance: `true` for those that are active.
#[derive(Default)]
pub(super) struct DrumBuses([AtomicBool; CLASSES]);

impl DrumBuses {
    /// Returns the number of drums' buses of a kind.
    pub(super) fn count(media: MediaType, direction: BusDirection) -> int32 {
        let is_ours = (media, direction) == (AUDIO, OUTPUT);
        if is_ours { int32::try_from(CLASSES).unwrap_or(0) } else { 0 }
    }

    /// Returns the drum of a bus.
    pub(super) fn drum(media: MediaType, direction: BusDirection, index: int32) -> Option<Drum> {
        Self::drum_of_output(direction, index).filter(|_| media == AUDIO)
    }

    /// Returns the drum of an audio bus.
    pub(super) fn drum_of_output(direction: BusDirection, index: int32) -> Option<Drum> {
        let place = usize::try_from(index).ok()?.checked_sub(1)?;
        Drum::ALL.get(place).copied().filter(|_| direction == OUTPUT)
    }

    /// Describes the bus of a drum. It has no flags: it is off by default.
    pub(super) fn info(drum: Drum) -> BusInfo {
        BusInfo {
            mediaType: AUDIO,
            direction: OUTPUT,
            channelCount: CHANNELS.into(),
            name: utf16(drum.name()),
            busType: AUXILIARY,
            flags: 0,
        }
    }

    /// Returns `true` if these are arrangements of all drums' buses.
    pub(super) fn fit(arrangements: &[SpeakerArrangement]) -> bool {
        let is_stereo = |it: &SpeakerArrangement| it.count_ones() == u32::from(CHANNELS);
        arrangements.len() == CLASSES && arrangements.iter().all(is_stereo)
    }

    /// Activates or deactivates the bus of a drum.
    pub(super) fn activate(&self, drum: Drum, active: bool) {
        self.0[drum.index()].store(active, Ordering::Relaxed);
    }

    /// Returns `true` if the bus of the drum at a place in class order is active.
    pub(super) fn is_active(&self, place: usize) -> bool {
        self.0.get(place).is_some_and(|active| active.load(Ordering::Relaxed))
    }
}
