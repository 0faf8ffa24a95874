//! Receives files dropped on the window, with the XDND protocol.
//!
//! Works around: baseview implements XDND for its windows but accepts every file, and egui-baseview
//! drops its drag events. The property `XdndProxy` therefore redirects the messages to a hidden
//! window on a connection of our own. Some programs only look at the outermost window under the
//! pointer, which is the host's. If the host's window does not accept drops itself, it gets the
//! same proxy while the editor is open, and drops outside the editor are declined.
//!
//! Upstream: baseview, `platform/x11/drag_n_drop.rs`, and egui-baseview, `on_event` in `window.rs`;
//! reports 4 and 5 of `docs/upstream.md`. Delete this module once dropped files reach
//! `egui::RawInput::dropped_files` and the window can decline a drag.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use percent_encoding::percent_decode;
use x11rb::NONE;
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _,
    CreateWindowAux, EventMask, PropMode, Timestamp, Window,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::platform::file_drops::{FileDrops, HoveredFiles};
use crate::platform::x11::{hidden_window, host_of, property};
use crate::platform::xdnd_atoms::Atoms;

/// Supported protocol version, of 2002.
const VERSION: u32 = 5;
/// Interval between checks for the host's window.
const HOST_CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Timeout of the list of dropped files.
const FILES_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest list of files, in units of four bytes.
const MAX_WORDS: u32 = 1 << 16;

/// Receiver of drops on the editor window. It ignores errors; the window is then no worse off than
/// without it.
pub(crate) struct XdndReceiver {
    connection: RustConnection,
    atoms: Atoms,
    root: Window,
    /// Hidden window that receives the messages.
    window: Window,
    /// Editor window.
    editor: Option<Window>,
    /// Host window that uses the proxy, too.
    host: Option<Window>,
    host_checked: Option<Instant>,
    drag: Option<IncomingDrag>,
}

/// A drag over the window.
struct IncomingDrag {
    source: Window,
    /// Window that the source sees as its target: the editor's or the host's.
    target: Window,
    /// The source offers files.
    offers: bool,
    /// The list of files was requested.
    asked: bool,
    /// The files, once known.
    files: Option<Vec<PathBuf>>,
    /// Position in the editor window, from 0 to 1 across and down; `None` outside.
    at: Option<[f32; 2]>,
    /// Time of the drop.
    dropped: Option<Instant>,
}

impl XdndReceiver {
    /// Creates a receiver without a window; `None` if the display does not answer.
    pub(crate) fn new() -> Option<XdndReceiver> {
        let (connection, number) = x11rb::connect(None).ok()?;
        let atoms = Atoms::new(&connection).ok()?.reply().ok()?;
        let root = connection.setup().roots[number].root;
        let window = hidden_window(&connection, root, CreateWindowAux::new()).ok()?;
        let xdnd = XdndReceiver {
            connection,
            atoms,
            root,
            window,
            editor: None,
            host: None,
            host_checked: None,
            drag: None,
        };
        // A proxy names itself, which proves that it is alive.
        xdnd.set_proxy(window);
        Some(xdnd)
    }

    /// Handles pending events for the editor window, 0 before there is one. Returns `true` if the
    /// overlay must be redrawn.
    pub(crate) fn poll(&mut self, editor: Window, drops: &FileDrops) -> bool {
        self.attach(editor);
        let mut news = false;
        while let Ok(Some(event)) = self.connection.poll_for_event() {
            news |= self.handle(&event, drops);
        }
        let waits =
            |drag: &IncomingDrag| drag.dropped.is_some_and(|at| at.elapsed() > FILES_TIMEOUT);
        if self.drag.as_ref().is_some_and(waits) {
            news |= self.finish(drops);
        }
        drop(self.connection.flush());
        news
    }

    /// Redirects messages for the editor window and, if possible, for the host's.
    fn attach(&mut self, editor: Window) {
        if editor == 0 {
            return;
        }
        if self.editor != Some(editor) {
            self.editor = Some(editor);
            self.host_checked = None;
            self.set_proxy(editor);
        }
        if self.host_checked.is_some_and(|looked| looked.elapsed() < HOST_CHECK_INTERVAL) {
            return;
        }
        self.host_checked = Some(Instant::now());
        let host = host_of(&self.connection, editor);
        if host == self.host {
            return;
        }
        self.release_host();
        let own = |&host: &Window| {
            let has = |name| property(&self.connection, host, name, 1).is_some();
            has(self.atoms.XdndAware) || has(self.atoms.XdndProxy)
        };
        self.host = host.filter(|host| !own(host));
        if let Some(host) = self.host {
            self.set_proxy(host);
        }
    }

    /// Makes the hidden window the proxy of a window.
    fn set_proxy(&self, to: Window) {
        let XdndReceiver { connection, atoms, .. } = self;
        let (replace, xdnd) = (PropMode::REPLACE, [self.window]);
        let (window, number) = (AtomEnum::WINDOW, AtomEnum::ATOM);
        drop(connection.change_property32(replace, to, atoms.XdndProxy, window, &xdnd));
        drop(connection.change_property32(replace, to, atoms.XdndAware, number, &[VERSION]));
    }

    /// Removes the proxy from the host's window.
    fn release_host(&mut self) {
        let Some(host) = self.host.take() else { return };
        // The host may have started to accept drops itself.
        let ours = property(&self.connection, host, self.atoms.XdndProxy, 1);
        if ours.is_some_and(|words| words == [self.window]) {
            drop(self.connection.delete_property(host, self.atoms.XdndProxy));
            drop(self.connection.delete_property(host, self.atoms.XdndAware));
        }
    }

    fn handle(&mut self, event: &Event, drops: &FileDrops) -> bool {
        match event {
            Event::ClientMessage(message) => {
                let [source, _, second, third, _] = message.data.as_data32();
                if message.type_ == self.atoms.XdndEnter {
                    self.enter(message);
                    return false;
                }
                if self.drag.as_ref().is_none_or(|drag| drag.source != source) {
                    return false;
                }
                if message.type_ == self.atoms.XdndPosition {
                    self.update_position(second, third);
                } else if message.type_ == self.atoms.XdndLeave {
                    self.drag = None;
                } else if message.type_ == self.atoms.XdndDrop {
                    return self.handle_drop(second, drops);
                } else {
                    return false;
                }
            }
            Event::SelectionNotify(notice) => {
                let files = self.files(notice.property);
                let Some(drag) = &mut self.drag else { return false };
                drag.files = Some(files);
                if drag.dropped.is_some() {
                    return self.finish(drops);
                }
            }
            Event::DestroyNotify(gone) => {
                let ours =
                    |drag: &IncomingDrag| drag.source == gone.window && drag.dropped.is_none();
                if !self.drag.as_ref().is_some_and(ours) {
                    return false;
                }
                self.drag = None;
            }
            _ => return false,
        }
        drops.set_hovered(self.hovered())
    }

    /// Starts a drag over a window.
    fn enter(&mut self, message: &ClientMessageEvent) {
        let [source, flags, types @ ..] = message.data.as_data32();
        let more = flags & 1 != 0;
        let types = if more {
            property(&self.connection, source, self.atoms.XdndTypeList, MAX_WORDS)
                .unwrap_or_default()
        } else {
            types.to_vec()
        };
        // A program that terminates during the drag sends no leave message.
        let watch = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
        drop(self.connection.change_window_attributes(source, &watch));
        self.drag = Some(IncomingDrag {
            source,
            target: message.window,
            offers: types.contains(&self.atoms.FILES),
            asked: false,
            files: None,
            at: None,
            dropped: None,
        });
    }

    /// Handles a position on the screen.
    fn update_position(&mut self, place: u32, time: Timestamp) {
        let at = self.position_in_window(place);
        self.request_files(time);
        let Some(drag) = &mut self.drag else { return };
        drag.at = at;
        let takes = drag.offers && at.is_some();
        // The empty rectangle requests a message for every position.
        let action = if takes { self.atoms.XdndActionCopy } else { NONE };
        let words = [u32::from(takes) | 2, 0, 0, action];
        self.send(self.atoms.XdndStatus, words);
    }

    /// Converts a screen position to a position in the editor window.
    fn position_in_window(&self, place: u32) -> Option<[f32; 2]> {
        let editor = self.editor?;
        let half = |word: u32| i16::from_ne_bytes(((word & 0xffff) as u16).to_ne_bytes());
        let (x, y) = (half(place >> 16), half(place));
        let here = self.connection.translate_coordinates(self.root, editor, x, y).ok()?;
        let size = self.connection.get_geometry(editor).ok()?;
        let (here, size) = (here.reply().ok()?, size.reply().ok()?);
        let across = f32::from(here.dst_x) / f32::from(size.width.max(1));
        let down = f32::from(here.dst_y) / f32::from(size.height.max(1));
        let inside = (0.0..1.0).contains(&across) && (0.0..1.0).contains(&down);
        inside.then_some([across, down])
    }

    /// Requests the list of files, once.
    fn request_files(&mut self, time: Timestamp) {
        let Some(drag) = self.drag.as_mut().filter(|drag| drag.offers && !drag.asked) else {
            return;
        };
        drag.asked = true;
        let (what, files) = (self.atoms.XdndSelection, self.atoms.FILES);
        drop(self.connection.convert_selection(self.window, what, files, files, time));
    }

    /// Reads the list of files from a property of the hidden window.
    fn files(&self, property: Atom) -> Vec<PathBuf> {
        if property == NONE {
            return Vec::new();
        }
        let any = AtomEnum::ANY;
        let reply = self.connection.get_property(true, self.window, property, any, 0, MAX_WORDS);
        let reply = reply.ok().and_then(|reply| reply.reply().ok());
        reply.map_or_else(Vec::new, |reply| paths(&reply.value))
    }

    /// Handles the drop.
    fn handle_drop(&mut self, time: Timestamp, drops: &FileDrops) -> bool {
        self.request_files(time);
        let Some(drag) = &mut self.drag else { return false };
        drag.dropped = Some(Instant::now());
        let waits = drag.offers && drag.at.is_some() && drag.files.is_none();
        !waits && self.finish(drops)
    }

    /// Ends the drag and notifies the source.
    fn finish(&mut self, drops: &FileDrops) -> bool {
        let over = self.hovered();
        let action = if over.is_some() { self.atoms.XdndActionCopy } else { NONE };
        self.send(self.atoms.XdndFinished, [u32::from(over.is_some()), action, 0, 0]);
        self.drag = None;
        drops.set_hovered(None);
        if let Some(over) = over {
            drops.set_dropped(over);
        }
        true
    }

    /// Returns the files over the window, if known.
    fn hovered(&self) -> Option<HoveredFiles> {
        let drag = self.drag.as_ref()?;
        Some(HoveredFiles { files: drag.files.clone()?, at: drag.at? })
    }

    /// Sends a message to the source.
    fn send(&self, what: Atom, words: [u32; 4]) {
        let Some(IncomingDrag { source, target, .. }) = self.drag else { return };
        let [a, b, c, d] = words;
        let message = ClientMessageEvent::new(32, source, what, [target, a, b, c, d]);
        drop(self.connection.send_event(false, source, EventMask::NO_EVENT, message));
    }
}

impl Drop for XdndReceiver {
    fn drop(&mut self) {
        self.release_host();
        if let Some(editor) = self.editor {
            drop(self.connection.delete_property(editor, self.atoms.XdndProxy));
        }
        // The server discards unprocessed requests when a connection closes, so this waits.
        drop(self.connection.sync());
    }
}

/// Returns the local files of a URI list.
fn paths(list: &[u8]) -> Vec<PathBuf> {
    let lines = list.split(|&byte| matches!(byte, b'\r' | b'\n' | 0));
    let path = |line: &[u8]| {
        let rest = line.strip_prefix(b"file:")?;
        // A host name may precede the path.
        let rest = match rest.strip_prefix(b"//") {
            Some(rest) => &rest[rest.iter().position(|&byte| byte == b'/')?..],
            None => rest,
        };
        Some(PathBuf::from(OsString::from_vec(percent_decode(rest).collect())))
    };
    lines.filter_map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uri_lists_of_all_common_forms_are_parsed() {
        let list = b"# a remark\r\nfile:///home/anna/%C3%9Cbung%201.mid\r\n\
                     file://computer/take.mid\r\nhttp://example.org/beat.mid\r\nfile:/plain.mid\0";
        let expected = ["/home/anna/Übung 1.mid", "/take.mid", "/plain.mid"];
        assert_eq!(paths(list), expected.map(PathBuf::from));
        assert!(paths(b"file://nothing").is_empty() && paths(b"").is_empty());
    }
}
