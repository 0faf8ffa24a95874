//! Repairs for windows under X11: the first frame, keyboard focus, key forwarding and closing. They
//! use connections of their own and ignore errors; the window is then no worse off than without
//! them.

use std::time::{Duration, Instant};

use x11rb::CURRENT_TIME;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::present::ConnectionExt as _;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, EventMask,
    InputFocus, KeyPressEvent, MapState,
};
use x11rb::rust_connection::RustConnection;

/// Serial of a window's first frame request.
const FIRST: u32 = 0;

/// Time after the end of typing during which keys still belong to it; the last key ended it.
const END: Duration = Duration::from_millis(150);

/// A connection to the display.
#[derive(Default)]
pub(crate) struct Display {
    connection: Option<RustConnection>,
    /// Window whose keys are observed; 0 before there is one.
    heard: u32,
    /// Time at which the user last typed there.
    typed: Option<Instant>,
}

impl Display {
    fn connected(&mut self) -> Option<&RustConnection> {
        if self.connection.is_none() {
            self.connection = x11rb::connect(None).ok().map(|(connection, _)| connection);
        }
        self.connection.as_ref()
    }

    /// Requests the first frame of a window once it is mapped; call it until the frame is drawn.
    ///
    /// Works around: baseview requests the next frame from the Present extension when it creates a
    /// window, but the server reports it only to mapped windows. If the host maps the window more
    /// than a frame later, the report is lost and the window stays blank. Requesting the same frame
    /// again makes the server report it to every listener.
    ///
    /// Upstream: baseview, X11 event loop. Delete this function once baseview repeats the request
    /// when the window is mapped.
    pub(crate) fn ask_first_frame(&mut self, window: u32) {
        let Some(connection) = self.connected() else { return };
        let attributes = connection.get_window_attributes(window).ok();
        let attributes = attributes.and_then(|request| request.reply().ok());
        if attributes.is_some_and(|window| window.map_state != MapState::UNMAPPED) {
            drop(connection.present_notify_msc(window, FIRST, 0, 1, 0));
            drop(connection.flush());
        }
    }

    /// Returns keyboard focus to the host's window.
    ///
    /// Works around: a click moves the focus to the plugin window, and under X11 keys that baseview
    /// does not use are lost. The song could not be started and stopped from the keyboard any more.
    ///
    /// Upstream: baseview, X11 event handling. Delete this function once baseview returns the focus
    /// or forwards unused keys.
    pub(crate) fn give_keys_back(&mut self, window: u32) {
        let Some(connection) = self.connected() else { return };
        if let Some(host) = host_of(connection, window) {
            // The server discards unprocessed requests when a connection closes, so this waits.
            let given = connection.set_input_focus(InputFocus::PARENT, host, CURRENT_TIME);
            drop(given.map(|given| given.check()));
        }
    }

    /// Forwards the key events of a window since the last call to the host, unless the user types.
    ///
    /// Works around: the server sends keys to the window under the pointer while that lies in the
    /// focused host window, whoever has the focus. The host does not see them there, so it gets a
    /// copy.
    ///
    /// Upstream: baseview, X11 event handling. Delete this function once baseview forwards unused
    /// keys to its parent.
    pub(crate) fn hand_keys_on(&mut self, window: u32, typing: bool) {
        if typing {
            self.typed = Some(Instant::now());
        }
        let typed = self.typed.is_some_and(|typed| typed.elapsed() < END);
        let news = std::mem::replace(&mut self.heard, window) != window;
        let Some(connection) = self.connected() else { return };
        if news {
            let mask = EventMask::KEY_PRESS | EventMask::KEY_RELEASE;
            let heard = ChangeWindowAttributesAux::new().event_mask(mask);
            drop(connection.change_window_attributes(window, &heard));
            drop(connection.flush());
        }
        while let Ok(Some(event)) = connection.poll_for_event() {
            let (key, mask) = match event {
                Event::KeyPress(key) => (key, EventMask::KEY_PRESS),
                Event::KeyRelease(key) => (key, EventMask::KEY_RELEASE),
                _ => continue,
            };
            if !typed && let Some(host) = host_of(connection, window) {
                let copy = KeyPressEvent { event: host, child: window, ..key };
                drop(connection.send_event(true, host, mask, copy));
                drop(connection.flush());
            }
        }
    }

    /// Asks a window to close, as a window manager does.
    ///
    /// Works around: dropping a baseview window may leave its thread running. The thread is told to
    /// stop and then receives a request; if it stops before it answers, nothing waits for its end,
    /// and it continues in code that the host unloads.
    ///
    /// Upstream: baseview, `Window` under X11. Delete this function once dropping a window joins
    /// its thread.
    pub(crate) fn ask_to_close(&mut self, window: u32) {
        let Some(connection) = self.connected() else { return };
        let atom = |name: &[u8]| Some(connection.intern_atom(false, name).ok()?.reply().ok()?.atom);
        let (Some(protocols), Some(close)) = (atom(b"WM_PROTOCOLS"), atom(b"WM_DELETE_WINDOW"))
        else {
            return;
        };
        let message = ClientMessageEvent::new(32, window, protocols, [close, 0, 0, 0, 0]);
        // Waits for the server, for the same reason.
        let sent = connection.send_event(false, window, EventMask::NO_EVENT, message);
        drop(sent.map(|sent| sent.check()));
    }
}

/// Returns the outermost window created by the host that contains a window; with a window manager,
/// the managed one. `None` if the window has no such parent.
pub(crate) fn host_of(connection: &RustConnection, window: u32) -> Option<u32> {
    let managed = connection.intern_atom(false, b"WM_STATE").ok()?.reply().ok()?.atom;
    let mut outermost = None;
    let mut at = window;
    loop {
        let tree = connection.query_tree(at).ok()?.reply().ok()?;
        if tree.parent == tree.root || tree.parent == 0 {
            return outermost;
        }
        at = tree.parent;
        outermost = Some(at);
        let state = connection.get_property(false, at, managed, AtomEnum::ANY, 0, 1).ok()?;
        if state.reply().ok()?.length > 0 {
            return outermost;
        }
    }
}
