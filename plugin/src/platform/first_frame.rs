//! First frame of a window under X11.
//!
//! Works around: baseview selects `PresentCompleteNotify` only when a window is mapped, but may
//! request its first frame before. If the host maps the window more than a frame later, nobody
//! receives the completion, baseview waits for it for ever, and the window stays blank. Requesting
//! the same frame again makes the server report it to every listener.
//!
//! Upstream: baseview, `PresentState` in `platform/x11/present.rs`; report 1 of `docs/upstream.md`.
//! Delete this module once a window that is mapped late draws by itself.

use x11rb::connection::Connection as _;
use x11rb::protocol::present::ConnectionExt as _;
use x11rb::protocol::xproto::{ConnectionExt as _, MapState};

use crate::platform::x11::X11Connection;

/// Serial of a window's first frame request.
const FIRST: u32 = 0;

/// Requests the first frame of a window once it is mapped; call it until the frame is drawn.
pub(crate) fn request_first_frame(display: &mut X11Connection, window: u32) {
    let Some(connection) = display.connected() else { return };
    let attributes = connection.get_window_attributes(window).ok();
    let attributes = attributes.and_then(|request| request.reply().ok());
    if attributes.is_some_and(|window| window.map_state != MapState::UNMAPPED) {
        drop(connection.present_notify_msc(window, FIRST, 0, 1, 0));
        drop(connection.flush());
    }
}
