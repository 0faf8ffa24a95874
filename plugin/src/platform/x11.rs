//! What a window under X11 needs from outside: its first frame, keys that go to the host when
//! nobody types here, a clean end, and an [`crate::platform::xdnd_receiver`] for files that are dropped on it. It goes over
//! connections of our own, and passes over what goes wrong: the window is then no worse off than
//! without it.

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

/// The number that a window gives to its first request for a frame.
const FIRST: u32 = 0;

/// How long after the end of typing keys still belong to it: the last one ended it.
const END: Duration = Duration::from_millis(150);

/// A connection to the display.
#[derive(Default)]
pub(crate) struct Display {
    connection: Option<RustConnection>,
    /// The window whose keys are heard; 0 before there is one.
    heard: u32,
    /// When somebody last typed there.
    typed: Option<Instant>,
}

impl Display {
    fn connected(&mut self) -> Option<&RustConnection> {
        if self.connection.is_none() {
            self.connection = x11rb::connect(None).ok().map(|(connection, _)| connection);
        }
        self.connection.as_ref()
    }

    /// Gets the first picture of a window drawn, once the window is shown; to be called until it
    /// is.
    ///
    /// A window asks the display for its next frame as soon as it is made, but hears the answer
    /// only once it is mapped. A host that shows it more than a frame later leaves it waiting for
    /// an answer that has gone by, blank for good. When the same frame is asked for again, by
    /// whomever, the display answers all who listen to the window.
    pub(crate) fn ask_first_frame(&mut self, window: u32) {
        let Some(connection) = self.connected() else { return };
        let attributes = connection.get_window_attributes(window).ok();
        let attributes = attributes.and_then(|request| request.reply().ok());
        if attributes.is_some_and(|window| window.map_state != MapState::UNMAPPED) {
            drop(connection.present_notify_msc(window, FIRST, 0, 1, 0));
            drop(connection.flush());
        }
    }

    /// Gives the keys back to the host's window that a window lies in.
    ///
    /// A click takes them, and under X11 a key that means nothing here is lost: the song could not
    /// be started and stopped from the keyboard any more.
    pub(crate) fn give_keys_back(&mut self, window: u32) {
        let Some(connection) = self.connected() else { return };
        if let Some(host) = host_of(connection, window) {
            // The display drops what it has not looked at when a connection goes, so this waits.
            let given = connection.set_input_focus(InputFocus::PARENT, host, CURRENT_TIME);
            drop(given.map(|given| given.check()));
        }
    }

    /// Hands on to the host what was pressed in a window since the last time, unless somebody types
    /// there.
    ///
    /// The display gives keys to the window under the pointer, whoever has them by right, as long as
    /// that lies in the host's window. So the host does not see them there, and gets a copy.
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
    /// A window that is dropped without having been asked may leave its thread behind: the thread
    /// is told to stop and then asked something, and when it stops before it answers, nobody
    /// waits for its end. It then runs on in code that the host unloads.
    pub(crate) fn ask_to_close(&mut self, window: u32) {
        let Some(connection) = self.connected() else { return };
        let atom = |name: &[u8]| Some(connection.intern_atom(false, name).ok()?.reply().ok()?.atom);
        let (Some(protocols), Some(close)) = (atom(b"WM_PROTOCOLS"), atom(b"WM_DELETE_WINDOW"))
        else {
            return;
        };
        let message = ClientMessageEvent::new(32, window, protocols, [close, 0, 0, 0, 0]);
        // As above, this waits.
        let sent = connection.send_event(false, window, EventMask::NO_EVENT, message);
        drop(sent.map(|sent| sent.check()));
    }
}

/// The outermost window that a window lies in and that its host made: where there is a window
/// manager, the one that the manager takes for the host's. `None`: it lies in none.
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
