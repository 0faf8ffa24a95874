//! Level, tune and decay of the lanes of the audition kit: as the project saves them, and the live copy
//! that window and audio thread share.

use std::sync::atomic::{AtomicU32, Ordering};

use groove::pattern::drum::CLASSES;
use groove::synth::{Trim, Trims};
use serde::{Deserialize, Serialize};

/// Settings of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneTrim {
    /// Level in half decibels, within [`LaneTrim::LEVELS`]; the lowest is off.
    pub level: i8,
    /// Tune in tenths of a semitone, within [`LaneTrim::TUNES`].
    pub tune: i8,
    /// Decay time in percent, within [`LaneTrim::DECAYS`].
    pub decay: u8,
}

impl Default for LaneTrim {
    fn default() -> Self {
        LaneTrim { level: 0, tune: 0, decay: 100 }
    }
}

impl LaneTrim {
    /// Lowest and highest level: off, 12 dB.
    pub const LEVELS: [i8; 2] = [-49, 24];
    /// Lowest and highest tune: an octave down and up.
    pub const TUNES: [i8; 2] = [-120, 120];
    /// Shortest and longest decay.
    pub const DECAYS: [u8; 2] = [25, 200];

    /// Returns `true` if the lane is silent.
    #[must_use]
    pub fn is_off(self) -> bool {
        self.level <= LaneTrim::LEVELS[0]
    }

    /// Returns the settings within their ranges.
    fn repaired(self) -> Self {
        let LaneTrim { level, tune, decay } = self;
        LaneTrim {
            level: level.clamp(LaneTrim::LEVELS[0], LaneTrim::LEVELS[1]),
            tune: tune.clamp(LaneTrim::TUNES[0], LaneTrim::TUNES[1]),
            decay: decay.clamp(LaneTrim::DECAYS[0], LaneTrim::DECAYS[1]),
        }
    }

    /// Returns the settings as factors, exactly 1 for the default.
    fn factors(self) -> Trim {
        let level = 10f32.powf(f32::from(self.level) / 40.0);
        Trim {
            level: if self.is_off() { 0.0 } else { level },
            pitch: (f32::from(self.tune) / 120.0).exp2(),
            decay: f32::from(self.decay) / 100.0,
        }
    }

    fn pack(self) -> u32 {
        u32::from_be_bytes([0, self.level.cast_unsigned(), self.tune.cast_unsigned(), self.decay])
    }

    fn unpack(word: u32) -> Self {
        let [_, level, tune, decay] = word.to_be_bytes();
        LaneTrim { level: level.cast_signed(), tune: tune.cast_signed(), decay }
    }
}

/// Settings of all lanes, in class order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitTrims(pub [LaneTrim; CLASSES]);

impl KitTrims {
    /// Returns `true` for the kit as it was built.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == KitTrims::default()
    }

    /// Returns the settings as factors.
    #[must_use]
    pub fn factors(&self) -> Trims {
        self.0.map(LaneTrim::factors)
    }
}

/// Live copy of the settings. Lock-free. Written by the window and by loads, read by the audio thread,
/// which looks again after each count of changes, so that a copy that is half written does not last.
#[derive(Debug)]
pub struct LiveTrims {
    lanes: [AtomicU32; CLASSES],
    changes: AtomicU32,
}

impl Default for LiveTrims {
    fn default() -> Self {
        let lanes = [(); CLASSES].map(|()| AtomicU32::new(LaneTrim::default().pack()));
        LiveTrims { lanes, changes: AtomicU32::new(0) }
    }
}

impl LiveTrims {
    /// Returns the counter of changes; wraps.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.changes.load(Ordering::Acquire)
    }

    /// Returns the settings.
    #[must_use]
    pub fn get(&self) -> KitTrims {
        KitTrims(self.lanes.each_ref().map(|lane| LaneTrim::unpack(lane.load(Ordering::Relaxed))))
    }

    /// Sets the settings, within their ranges.
    pub fn set(&self, trims: KitTrims) {
        for (lane, trim) in self.lanes.iter().zip(trims.0) {
            lane.store(trim.repaired().pack(), Ordering::Relaxed);
        }
        self.changes.fetch_add(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::synth::UNTRIMMED;

    #[test]
    fn settings_survive_the_way_to_the_audio_thread() {
        let live = LiveTrims::default();
        assert!(live.get().is_default());
        let mut trims = KitTrims::default();
        for (lane, trim) in trims.0.iter_mut().enumerate() {
            let lane = i8::try_from(lane).expect("nine lanes");
            *trim = LaneTrim { level: -49 + lane, tune: 120 - lane, decay: 200 };
        }
        let before = live.changes();
        live.set(trims);
        assert_eq!(live.get(), trims);
        assert_ne!(live.changes(), before);
        let wild = LaneTrim { level: i8::MIN, tune: i8::MAX, decay: 0 };
        live.set(KitTrims([wild; CLASSES]));
        assert_eq!(live.get().0[3], LaneTrim { level: -49, tune: 120, decay: 25 });
    }

    #[test]
    fn factors_have_their_units() {
        assert_eq!(KitTrims::default().factors(), UNTRIMMED);
        let factors = |level, tune, decay| LaneTrim { level, tune, decay }.factors();
        assert!((factors(12, 0, 100).level - 1.9953).abs() < 1e-3, "6 dB");
        assert!((factors(-48, 0, 100).level - 0.0631).abs() < 1e-3, "-24 dB");
        assert_eq!(factors(-49, 0, 100).level, 0.0);
        assert_eq!(factors(0, 120, 100).pitch, 2.0);
        assert_eq!(factors(0, -120, 25).pitch, 0.5);
        assert_eq!(factors(0, 0, 25).decay, 0.25);
    }
}
