//! Connection to the display for the repairs under X11, reports 1 to 4 of `docs/upstream.md`; it is
//! deleted with the last of them. They ignore errors; the window is then no worse off than without
//! them.

use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::errors::ReplyOrIdError;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

/// A connection to the display, opened on first use.
#[derive(Default)]
pub(crate) struct X11Connection(Option<RustConnection>);

impl X11Connection {
    /// Returns the connection; `None` if the display does not answer.
    pub(crate) fn connected(&mut self) -> Option<&RustConnection> {
        if self.0.is_none() {
            self.0 = x11rb::connect(None).ok().map(|(connection, _)| connection);
        }
        self.0.as_ref()
    }
}

/// Creates an unmapped window that only exchanges messages.
///
/// # Errors
/// Returns the display's error.
pub(crate) fn hidden_window(
    connection: &RustConnection,
    root: Window,
    look: CreateWindowAux,
) -> Result<Window, ReplyOrIdError> {
    let window = connection.generate_id()?;
    let (depth, class, look) =
        (COPY_DEPTH_FROM_PARENT, WindowClass::INPUT_OUTPUT, look.override_redirect(1));
    connection.create_window(depth, window, root, -10, -10, 1, 1, 0, class, 0, &look)?;
    Ok(window)
}

/// Returns up to `words` words of a property; `None` if it or the window does not exist.
pub(crate) fn property(
    connection: &RustConnection,
    window: Window,
    name: Atom,
    words: u32,
) -> Option<Vec<u32>> {
    let reply = connection.get_property(false, window, name, AtomEnum::ANY, 0, words).ok()?;
    Some(reply.reply().ok()?.value32()?.collect())
}

/// Returns the outermost window created by the host that contains a window; with a window manager,
/// the managed one. `None` if the window has no such parent, or is managed itself as the standalone
/// program's: what contains it is then the window manager's frame, which gets no keyboard.
pub(crate) fn host_of(connection: &RustConnection, window: u32) -> Option<u32> {
    let managed = connection.intern_atom(false, b"WM_STATE").ok()?.reply().ok()?.atom;
    let mut outermost = None;
    let mut at = window;
    loop {
        let state = connection.get_property(false, at, managed, AtomEnum::ANY, 0, 1).ok()?;
        if state.reply().ok()?.length > 0 {
            return outermost;
        }
        let tree = connection.query_tree(at).ok()?.reply().ok()?;
        if tree.parent == tree.root || tree.parent == 0 {
            return outermost;
        }
        at = tree.parent;
        outermost = Some(at);
    }
}
