//! A pointer and keys on the screen of the tests, as a hand moves them: real events, through the
//! server.

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
    /// The pointer of the screen that this process is on.
    ///
    /// # Errors
    /// There is no screen.
    pub fn new() -> Result<Self> {
        let (connection, number) = RustConnection::connect(None)?;
        let root = connection.setup().roots[number].root;
        Ok(Pointer { connection, root })
    }

    fn fake(&self, kind: u8, detail: u8, (x, y): (i16, i16)) -> Result<()> {
        self.connection.xtest_fake_input(kind, detail, 0, self.root, x, y, 0)?.check()?;
        Ok(())
    }

    /// Moves to a place of the screen.
    ///
    /// # Errors
    /// The screen has gone.
    pub fn go(&self, at: (i16, i16)) -> Result<()> {
        self.fake(MOTION_NOTIFY_EVENT, 0, at)
    }

    /// Presses a button, 1 to 5, where the pointer is.
    ///
    /// # Errors
    /// The screen has gone.
    pub fn press(&self, button: u8) -> Result<()> {
        self.fake(BUTTON_PRESS_EVENT, button, (0, 0))
    }

    /// Lets a button go.
    ///
    /// # Errors
    /// The screen has gone.
    pub fn release(&self, button: u8) -> Result<()> {
        self.fake(BUTTON_RELEASE_EVENT, button, (0, 0))
    }

    /// Strikes the key of this symbol.
    ///
    /// # Errors
    /// The screen has gone, or its keyboard lacks the key.
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

    /// The window that the keys go to.
    ///
    /// # Errors
    /// The screen has gone.
    pub fn focus(&self) -> Result<u32> {
        Ok(self.connection.get_input_focus()?.reply()?.focus)
    }

    /// How long a hand rests between two moves, so that a window has seen the one before.
    pub const REST: Duration = Duration::from_millis(60);
}
