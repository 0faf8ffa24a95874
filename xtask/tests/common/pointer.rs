//! Pointer and keyboard of the test screen: real events through the X server.

use anyhow::Result;
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, KEY_PRESS_EVENT,
    KEY_RELEASE_EVENT, MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

/// The pointer of a screen.
pub struct Pointer {
    connection: RustConnection,
    root: u32,
}

impl Pointer {
    /// Connects to the screen of this process.
    ///
    /// # Errors
    /// If there is no screen.
    pub fn new() -> Result<Self> {
        let (connection, number) = RustConnection::connect(None)?;
        let root = connection.setup().roots[number].root;
        Ok(Pointer { connection, root })
    }

    fn fake(&self, kind: u8, detail: u8, (x, y): (i16, i16)) -> Result<()> {
        self.connection.xtest_fake_input(kind, detail, 0, self.root, x, y, 0)?.check()?;
        Ok(())
    }

    /// Moves to a screen position.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn go(&self, at: (i16, i16)) -> Result<()> {
        self.fake(MOTION_NOTIFY_EVENT, 0, at)
    }

    /// Presses a button, 1 to 5, at the pointer's position.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn press(&self, button: u8) -> Result<()> {
        self.fake(BUTTON_PRESS_EVENT, button, (0, 0))
    }

    /// Releases a button.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn release(&self, button: u8) -> Result<()> {
        self.fake(BUTTON_RELEASE_EVENT, button, (0, 0))
    }

    /// Presses and releases the key of an X11 symbol.
    ///
    /// # Errors
    /// If the screen is gone, or its keyboard has no such key.
    pub fn strike(&self, symbol: u32) -> Result<()> {
        let setup = self.connection.setup();
        let (least, most) = (setup.min_keycode, setup.max_keycode);
        let keys = self.connection.get_keyboard_mapping(least, most - least + 1)?.reply()?;
        let width = usize::from(keys.keysyms_per_keycode);
        let place = keys.keysyms.iter().position(|&known| known == symbol);
        let place = place.ok_or_else(|| anyhow::anyhow!("the keyboard lacks {symbol:#x}"))?;
        let code = least + u8::try_from(place / width)?;
        self.fake(KEY_PRESS_EVENT, code, (0, 0))?;
        self.fake(KEY_RELEASE_EVENT, code, (0, 0))
    }

    /// Returns the window with the keyboard focus.
    ///
    /// # Errors
    /// If the screen is gone.
    pub fn focus(&self) -> Result<u32> {
        Ok(self.connection.get_input_focus()?.reply()?.focus)
    }

    /// Pause between two movements, so that the window receives each.
    pub const REST: Duration = Duration::from_millis(60);
}
