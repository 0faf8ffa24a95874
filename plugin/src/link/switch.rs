//! Switches that threads share.

use std::sync::atomic::{AtomicBool, Ordering};

/// A switch, off at first. Lock-free; for all threads.
#[derive(Debug, Default)]
pub struct Switch(AtomicBool);

impl Switch {
    /// Switches on or off.
    pub fn set(&self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }

    /// Returns `true` while it is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Switch of listening to the band, and a flag of losses. Lock-free; for all threads.
#[derive(Debug, Default)]
pub struct ListenSwitch {
    /// Set by the window, cleared by window and audio thread.
    on: Switch,
    /// Something heard found no room. Set by the audio thread, cleared by the worker.
    lost: AtomicBool,
}

impl ListenSwitch {
    /// Starts or ends listening.
    pub fn set(&self, on: bool) {
        self.on.set(on);
    }

    /// Returns `true` while the band is listened to.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.on.is_on()
    }

    /// Reports that something heard found no room.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// Returns `true` once after something heard found no room.
    #[must_use]
    pub fn take_lost(&self) -> bool {
        self.lost.swap(false, Ordering::Relaxed)
    }
}
