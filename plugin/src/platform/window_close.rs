//! Closing a window under X11.
//!
//! Works around: dropping a baseview window may leave its thread running. The drop stops the thread
//! and then sends it a request; if the thread stops before it answers, the drop returns without
//! joining it, and it continues in code that the host unloads.
//!
//! Upstream: baseview, `Drop for WindowThreadHandle` in `platform/x11/window_thread.rs`; report 2 of
//! `docs/upstream.md`. Delete this module once dropping a window always joins its thread.

use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt as _, EventMask};

use crate::platform::x11::X11Connection;

/// Asks a window to close, as a window manager does.
pub(crate) fn request_close(display: &mut X11Connection, window: u32) {
    let Some(connection) = display.connected() else { return };
    let atom = |name: &[u8]| Some(connection.intern_atom(false, name).ok()?.reply().ok()?.atom);
    let (Some(protocols), Some(close)) = (atom(b"WM_PROTOCOLS"), atom(b"WM_DELETE_WINDOW")) else {
        return;
    };
    let message = ClientMessageEvent::new(32, window, protocols, [close, 0, 0, 0, 0]);
    // The server discards unprocessed requests when a connection closes, so this waits.
    let sent = connection.send_event(false, window, EventMask::NO_EVENT, message);
    drop(sent.map(|sent| sent.check()));
}
