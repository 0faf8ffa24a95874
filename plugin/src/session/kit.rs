//! Level, tune and decay of the lanes of the audition kit.

use crate::project::kit_trims::KitTrims;
use crate::session::Session;

impl Session {
    /// Returns the settings of the kit's lanes.
    #[must_use]
    pub fn trims(&self) -> KitTrims {
        self.params.state.trims().get()
    }

    /// Sets the kit's lanes.
    pub fn set_trims(&mut self, trims: KitTrims) {
        if self.trims() != trims {
            self.params.state.trims().set(trims);
            self.store().mark_changed();
        }
    }
}
