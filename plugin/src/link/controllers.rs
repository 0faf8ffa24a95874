//! MIDI controllers: the parameter that each moves, and the values that arrived.
//!
//! The window and the host's main thread choose the parameters; the audio thread reads them, stores
//! values, and moves the parameters; the window then tells the host. Lock-free.

use std::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

/// Number of MIDI controllers.
pub const CONTROLLERS: usize = 128;

/// Value from which on a controller presses a button, 0 to 1.
const PRESSED: f32 = 0.5;

/// Targets and values of the controllers.
#[derive(Debug)]
pub struct Controllers {
    /// Place of the parameter that a controller moves, from 1 on; 0: none.
    targets: [AtomicU16; CONTROLLERS],
    /// Values, 0 to 1, as bits.
    values: [AtomicU32; CONTROLLERS],
    /// Controllers with a target that have moved since the window looked, one bit each.
    moved: [AtomicU64; 2],
    /// Those of them that went from below the middle of their range to above it.
    pressed: [AtomicU64; 2],
    /// Controller that was heard last, and above it the number of messages; wraps.
    heard: AtomicU32,
}

impl Default for Controllers {
    fn default() -> Self {
        Controllers {
            targets: [const { AtomicU16::new(0) }; CONTROLLERS],
            values: [const { AtomicU32::new(0) }; CONTROLLERS],
            moved: Default::default(),
            pressed: Default::default(),
            heard: AtomicU32::new(0),
        }
    }
}

impl Controllers {
    /// Stores a value, 0 to 1. Returns the place of the parameter or button that it moves. For the
    /// audio thread.
    pub fn receive(&self, controller: u8, value: f32) -> Option<usize> {
        let number = usize::from(controller).min(CONTROLLERS - 1);
        let before = self.heard.load(Ordering::Relaxed) >> 7;
        let heard = before.wrapping_add(1) << 7 | u32::from(controller & 0x7f);
        self.heard.store(heard, Ordering::Relaxed);
        let target = usize::from(self.targets[number].load(Ordering::Relaxed));
        let place = target.checked_sub(1)?;
        let before = self.values[number].swap(value.to_bits(), Ordering::Relaxed);
        if f32::from_bits(before) < PRESSED && value >= PRESSED {
            self.pressed[number / 64].fetch_or(1 << (number % 64), Ordering::Release);
        }
        self.moved[number / 64].fetch_or(1 << (number % 64), Ordering::Release);
        Some(place)
    }

    /// Sets the place of the parameter or button that a controller moves.
    pub fn set_target(&self, controller: u8, place: Option<usize>) {
        let target = place.and_then(|place| u16::try_from(place + 1).ok()).unwrap_or(0);
        if let Some(at) = self.targets.get(usize::from(controller)) {
            at.store(target, Ordering::Relaxed);
        }
    }

    /// Returns the controllers that move a parameter.
    pub fn of(&self, place: usize) -> impl Iterator<Item = u8> + '_ {
        (0..=127).filter(move |&controller: &u8| {
            let target = self.targets[usize::from(controller)].load(Ordering::Relaxed);
            usize::from(target) == place + 1
        })
    }

    /// Returns the number of messages so far, wrapping, and the controller of the last one.
    #[must_use]
    pub fn heard(&self) -> (u32, u8) {
        let heard = self.heard.load(Ordering::Relaxed);
        (heard >> 7, (heard & 0x7f) as u8)
    }

    /// Returns the places of the parameters that have moved since the last call, and their values.
    /// For the window.
    pub fn take_moved(&self) -> Vec<(usize, f32)> {
        let value = |number: usize| f32::from_bits(self.values[number].load(Ordering::Relaxed));
        let moved = taken(&self.moved).into_iter();
        moved.filter_map(|number| Some((self.target(number)?, value(number)))).collect()
    }

    /// Returns the places whose controllers were pressed since the last call: from below the middle
    /// of their range to above it, once or more. For the window.
    pub fn take_pressed(&self) -> Vec<usize> {
        taken(&self.pressed).into_iter().filter_map(|number| self.target(number)).collect()
    }

    fn target(&self, number: usize) -> Option<usize> {
        usize::from(self.targets[number].load(Ordering::Relaxed)).checked_sub(1)
    }
}

/// Takes all numbers whose bits are set.
fn taken(words: &[AtomicU64; 2]) -> Vec<usize> {
    let mut numbers = Vec::new();
    for (word, bits) in words.iter().enumerate() {
        let mut bits = bits.swap(0, Ordering::Acquire);
        while bits != 0 {
            numbers.push(64 * word + bits.trailing_zeros() as usize);
            bits &= bits - 1;
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_moves_only_its_target() {
        let controllers = Controllers::default();
        assert_eq!(controllers.receive(11, 0.5), None);
        assert_eq!(controllers.heard(), (1, 11));
        controllers.set_target(11, Some(0));
        controllers.set_target(127, Some(86));
        assert_eq!(controllers.receive(11, 0.25), Some(0));
        assert_eq!(controllers.receive(127, 1.0), Some(86));
        assert_eq!(controllers.receive(12, 0.75), None);
        assert_eq!(controllers.take_moved(), [(0, 0.25), (86, 1.0)]);
        assert!(controllers.take_moved().is_empty());
        assert_eq!(controllers.of(86).collect::<Vec<_>>(), [127]);
        assert_eq!(controllers.take_pressed(), [86], "one that stays below the middle is no press");
        controllers.receive(127, 0.2);
        controllers.receive(127, 0.5);
        controllers.receive(127, 0.1);
        assert_eq!(controllers.take_pressed(), [86], "a short press is not lost");
        assert!(controllers.take_pressed().is_empty());
        controllers.set_target(11, None);
        assert_eq!((controllers.receive(11, 1.0), controllers.heard()), (None, (8, 11)));
    }
}
