//! Keys for the host under X11: its space bar starts and stops the song while nobody types in the
//! window.
//!
//! Works around: a click moves the focus to the plugin window, and baseview under X11 discards the
//! keys that the window ignores. [`return_focus`] gives the focus back.
//!
//! Also works around: the server sends keys to the window under the pointer while that lies in the
//! focused host window, whichever window has the focus. [`KeyForwarder`] sends the host a copy.
//!
//! Upstream: baseview, `KeyPress` and `KeyRelease` in `platform/x11/event_loop.rs`, and
//! egui-baseview, `on_event` in `window.rs`; report 3 of `docs/upstream.md`. Delete this module once
//! baseview sends ignored keys to the parent and egui-baseview takes the focus only to type.

use std::time::{Duration, Instant};

use x11rb::CURRENT_TIME;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ConnectionExt as _, EventMask, InputFocus, KeyButMask, KeyPressEvent,
};
use x11rb::rust_connection::RustConnection;

use crate::platform::x11::{X11Connection, host_of};

/// Time after the end of typing during which keys still belong to it; the last key ended it.
const END: Duration = Duration::from_millis(150);

/// Returns keyboard focus to the host's window.
pub(crate) fn return_focus(display: &mut X11Connection, window: u32) {
    let Some(connection) = display.connected() else { return };
    if let Some(host) = host_of(connection, window) {
        // The server discards unprocessed requests when a connection closes, so this waits.
        let given = connection.set_input_focus(InputFocus::PARENT, host, CURRENT_TIME);
        drop(given.map(|given| given.check()));
    }
}

/// Returns `true` if a key is among these symbols and pressed without Ctrl, Alt or Super.
fn is_own(connection: &RustConnection, key: &KeyPressEvent, own: &[u32]) -> bool {
    let others = KeyButMask::CONTROL | KeyButMask::MOD1 | KeyButMask::MOD4;
    if own.is_empty() || u16::from(key.state) & u16::from(others) != 0 {
        return false;
    }
    let symbols = connection.get_keyboard_mapping(key.detail, 1).ok();
    let symbols = symbols.and_then(|request| request.reply().ok());
    symbols.is_some_and(|of| of.keysyms.first().is_some_and(|symbol| own.contains(symbol)))
}

/// Forwards the keys of a window to its host.
#[derive(Default)]
pub(crate) struct KeyForwarder {
    /// Window whose keys are observed; 0 before there is one.
    observed: u32,
    /// Time at which the user last typed there.
    typed: Option<Instant>,
}

impl KeyForwarder {
    /// Forwards the key events of a window since the last call to the host, unless the user types,
    /// and except the keys that the window uses itself, given as key symbols.
    pub(crate) fn forward(
        &mut self,
        display: &mut X11Connection,
        window: u32,
        typing: bool,
        own: &[u32],
    ) {
        if typing {
            self.typed = Some(Instant::now());
        }
        let typed = self.typed.is_some_and(|typed| typed.elapsed() < END);
        let changed = std::mem::replace(&mut self.observed, window) != window;
        let Some(connection) = display.connected() else { return };
        if changed {
            let mask = EventMask::KEY_PRESS | EventMask::KEY_RELEASE;
            let observe = ChangeWindowAttributesAux::new().event_mask(mask);
            drop(connection.change_window_attributes(window, &observe));
            drop(connection.flush());
        }
        while let Ok(Some(event)) = connection.poll_for_event() {
            let (key, mask) = match event {
                Event::KeyPress(key) => (key, EventMask::KEY_PRESS),
                Event::KeyRelease(key) => (key, EventMask::KEY_RELEASE),
                _ => continue,
            };
            if !typed
                && !is_own(connection, &key, own)
                && let Some(host) = host_of(connection, window)
            {
                let copy = KeyPressEvent { event: host, child: window, ..key };
                drop(connection.send_event(true, host, mask, copy));
                drop(connection.flush());
            }
        }
    }
}
