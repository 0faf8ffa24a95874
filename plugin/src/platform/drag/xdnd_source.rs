//! Dragging under X11, with the XDND protocol, on its own thread and connection.
//!
//! The window in which the drag started holds the pointer grab while the button is down. This code
//! therefore polls the pointer and the Escape key about a hundred times per second. A hidden window
//! is the drag source. The cursor belongs to the editor window.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use egui::ColorImage;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, CreateWindowAux,
    EventMask, KeyButMask, PropMode, QueryPointerReply, SELECTION_NOTIFY_EVENT,
    SelectionNotifyEvent, SelectionRequestEvent, StackMode, Timestamp, Window,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{CURRENT_TIME, NONE};

use super::drag_state::{DragReport, DragState, NO_TARGET, WindowId};
use super::xdnd_picture::picture_window;
use crate::platform::x11::{hidden_window, property};
use crate::platform::xdnd_atoms::Atoms;

/// Polling interval of the pointer.
const POLL_INTERVAL: Duration = Duration::from_millis(8);
/// Timeout of the target's status.
const STATUS_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeout of the transfer after the drop.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(10);
/// Oldest and newest supported protocol version; version 5 dates from 2002.
const VERSIONS: [u32; 2] = [3, 5];
/// Offset of the picture from the pointer, in pixels.
const PICTURE_OFFSET: i16 = 14;
/// Message if the target accepts files but declined this one.
const DECLINED: &str = "The target did not accept the clip. Drop it on a track or in a folder.";
/// Keysym of the Escape key.
const ESCAPE_KEYSYM: u32 = 0xff1b;
/// Characters that need no escaping in the path of a URI.
const UNESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The display is gone or violates the protocol.
type X11Error = Box<dyn std::error::Error>;

/// Thread that runs the drag.
pub(super) struct PlatformDrag {
    thread: Option<JoinHandle<()>>,
}

impl PlatformDrag {
    pub(super) fn start(
        origin: WindowId,
        file: &Path,
        picture: ColorImage,
        report: Arc<DragReport>,
    ) -> Result<Self, String> {
        let uri = uri(file).into_bytes();
        let origin = Window::try_from(origin.number()).map_err(|fault| fault.to_string())?;
        let carry = move || {
            let state = XdndDrag::begin(origin, uri, &picture, &report)
                .and_then(|mut drag| drag.run())
                .unwrap_or_else(|fault| {
                    DragState::Refused(format!("The clip could not be dragged: {fault}."))
                });
            report.set(state);
        };
        let thread = std::thread::Builder::new().name("clip drag".to_owned()).spawn(carry);
        let thread = thread.map_err(|fault| format!("The clip could not be dragged: {fault}."))?;
        Ok(PlatformDrag { thread: Some(thread) })
    }
}

impl Drop for PlatformDrag {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic has been reported already.
            drop(thread.join());
        }
    }
}

/// Returns the file as a URI list of one entry.
fn uri(file: &Path) -> String {
    format!("file://{}\r\n", percent_encode(file.as_os_str().as_bytes(), UNESCAPED))
}

/// Window under the pointer.
struct DropTarget {
    window: Window,
    /// Window that receives the messages.
    proxy: Window,
    /// Negotiated protocol version.
    version: u32,
    /// Last pointer position sent to it.
    sent_position: Option<(i16, i16)>,
    /// Time of the pending position message.
    asked_at: Option<Instant>,
    /// Last status received.
    accepts: bool,
}

struct XdndDrag<'a> {
    connection: RustConnection,
    atoms: Atoms,
    root: Window,
    /// Window in which the drag started.
    origin: Window,
    /// Hidden source window.
    source: Window,
    /// Picture beside the pointer; `None` on a display with few colours.
    picture: Option<Window>,
    escape: BTreeSet<u8>,
    uri: Vec<u8>,
    report: &'a DragReport,
    time: Timestamp,
    target: Option<DropTarget>,
    /// The target has read the URI list.
    read: bool,
    /// The target has finished.
    finished: bool,
}

impl<'a> XdndDrag<'a> {
    fn begin(
        origin: Window,
        uri: Vec<u8>,
        picture: &ColorImage,
        report: &'a DragReport,
    ) -> Result<Self, X11Error> {
        let (connection, number) = x11rb::connect(None)?;
        let atoms = Atoms::new(&connection)?.reply()?;
        let root = connection.setup().roots[number].root;
        let look = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        let source = hidden_window(&connection, root, look)?;
        let (replace, list) = (PropMode::REPLACE, AtomEnum::ATOM);
        let types = [atoms.FILES];
        connection.change_property32(replace, source, atoms.XdndTypeList, list, &types)?;
        let escape = keys(&connection, ESCAPE_KEYSYM)?;
        let picture = picture_window(&connection, number, picture)?;
        let mut drag = XdndDrag {
            connection,
            atoms,
            root,
            origin,
            source,
            picture,
            escape,
            uri,
            report,
            time: CURRENT_TIME,
            target: None,
            read: false,
            finished: false,
        };
        drag.update_timestamp()?;
        drag.connection.set_selection_owner(source, atoms.XdndSelection, drag.time)?;
        Ok(drag)
    }

    /// Runs until the button is released and the target has finished.
    fn run(&mut self) -> Result<DragState, X11Error> {
        loop {
            self.process_events()?;
            let pointer = self.connection.query_pointer(self.root)?.reply()?;
            if self.report.is_abandoned() || self.escape_is_down()? {
                self.leave()?;
                return Ok(DragState::Cancelled);
            }
            self.update_target(&pointer)?;
            if !pointer.mask.contains(KeyButMask::BUTTON1) {
                if let Some(picture) = self.picture {
                    self.connection.unmap_window(picture)?;
                }
                return self.drop_clip(&pointer);
            }
            self.follow(&pointer)?;
            let accepted = self.target.as_ref().is_some_and(|target| target.accepts);
            self.report.set(DragState::Running { accepted });
            self.pause()?;
        }
    }

    /// Flushes the connection and sleeps for one interval.
    fn pause(&self) -> Result<(), X11Error> {
        self.connection.flush()?;
        std::thread::sleep(POLL_INTERVAL);
        Ok(())
    }

    /// Moves the picture with the pointer.
    fn follow(&self, pointer: &QueryPointerReply) -> Result<(), X11Error> {
        let Some(picture) = self.picture else { return Ok(()) };
        let at = |place: i16| i32::from(place.saturating_add(PICTURE_OFFSET));
        let place = ConfigureWindowAux::new().x(at(pointer.root_x)).y(at(pointer.root_y));
        // Mapped at its final position and kept on top.
        let above = place.stack_mode(StackMode::ABOVE);
        self.connection.configure_window(picture, &above)?;
        self.connection.map_window(picture)?;
        Ok(())
    }

    /// Sends enter, leave and position messages for the window under the pointer.
    fn update_target(&mut self, pointer: &QueryPointerReply) -> Result<(), X11Error> {
        let here = self.target_under(pointer);
        let same = match (&self.target, &here) {
            (Some(target), Some(here)) => target.window == here.window,
            (None, None) => true,
            _ => false,
        };
        if !same {
            self.leave()?;
            if let Some(here) = &here {
                let first = [here.version << 24, self.atoms.FILES, NONE, NONE];
                self.send(here, self.atoms.XdndEnter, first)?;
            }
            self.target = here;
        }
        let at = (pointer.root_x, pointer.root_y);
        let ask = self.target.as_ref().is_some_and(|target| {
            target.sent_position != Some(at)
                && target.asked_at.is_none_or(|asked| asked.elapsed() >= STATUS_TIMEOUT)
        });
        if ask && let Some(mut target) = self.target.take() {
            let place = u32::from(at.0.cast_unsigned()) << 16 | u32::from(at.1.cast_unsigned());
            let words = [0, place, self.time, self.atoms.XdndActionCopy];
            self.send(&target, self.atoms.XdndPosition, words)?;
            target.sent_position = Some(at);
            target.asked_at = Some(Instant::now());
            self.target = Some(target);
        }
        Ok(())
    }

    /// Returns the topmost window under the pointer that accepts drops, except our own. A window
    /// that disappears meanwhile accepts none.
    fn target_under(&self, pointer: &QueryPointerReply) -> Option<DropTarget> {
        let mut found = None;
        let mut window = pointer.child;
        while window != NONE {
            if window == self.origin {
                return None;
            }
            if found.is_none() {
                found = self.drop_target(window);
            }
            window = self.connection.query_pointer(window).ok()?.reply().ok()?.child;
        }
        found.or_else(|| self.drop_target(self.root))
    }

    /// Returns the drop target of a window, if it accepts drops.
    fn drop_target(&self, window: Window) -> Option<DropTarget> {
        let word = |window, name| property(&self.connection, window, name, 1)?.first().copied();
        // A stale proxy of a terminated program does not name itself.
        let proxy = word(window, self.atoms.XdndProxy)
            .filter(|&proxy| word(proxy, self.atoms.XdndProxy) == Some(proxy));
        let proxy = proxy.unwrap_or(window);
        let [oldest, newest] = VERSIONS;
        let version = word(proxy, self.atoms.XdndAware).filter(|&version| version >= oldest)?;
        let version = version.min(newest);
        Some(DropTarget {
            window,
            proxy,
            version,
            sent_position: None,
            asked_at: None,
            accepts: false,
        })
    }

    /// Tells the target that the drag has left.
    fn leave(&mut self) -> Result<(), X11Error> {
        if let Some(target) = self.target.take() {
            self.send(&target, self.atoms.XdndLeave, [0; 4])?;
        }
        // The server discards unprocessed requests when a connection closes, so this waits.
        self.connection.sync()?;
        Ok(())
    }

    /// Sends a protocol message: our window and four words.
    fn send(&self, target: &DropTarget, what: Atom, words: [u32; 4]) -> Result<(), X11Error> {
        let [a, b, c, d] = words;
        let message = ClientMessageEvent::new(32, target.window, what, [self.source, a, b, c, d]);
        self.connection.send_event(false, target.proxy, EventMask::NO_EVENT, message)?;
        Ok(())
    }

    /// Handles the release of the button.
    fn drop_clip(&mut self, pointer: &QueryPointerReply) -> Result<DragState, X11Error> {
        let Some(takes) = self.await_status(pointer)? else {
            return Ok(DragState::Refused(NO_TARGET.to_owned()));
        };
        let target = if takes { self.target.take() } else { None };
        let Some(target) = target else {
            self.leave()?;
            return Ok(DragState::Refused(DECLINED.to_owned()));
        };
        self.update_timestamp()?;
        self.send(&target, self.atoms.XdndDrop, [0, self.time, 0, 0])?;
        let dropped = Instant::now();
        while !self.finished && dropped.elapsed() < TRANSFER_TIMEOUT && !self.report.is_abandoned()
        {
            self.pause()?;
            self.process_events()?;
        }
        // Some hosts import a file and report that they did not; others report nothing.
        Ok(if self.finished || self.read {
            DragState::Delivered
        } else {
            DragState::Refused(DECLINED.to_owned())
        })
    }

    /// Waits for the target's status at the drop position. Returns `None` if there is no target.
    fn await_status(&mut self, pointer: &QueryPointerReply) -> Result<Option<bool>, X11Error> {
        let start = Instant::now();
        while let Some(target) = &self.target {
            let told = target.sent_position == Some((pointer.root_x, pointer.root_y));
            let waits = !told || target.asked_at.is_some();
            if !waits || start.elapsed() >= STATUS_TIMEOUT || self.report.is_abandoned() {
                return Ok(Some(target.accepts));
            }
            self.pause()?;
            self.process_events()?;
            self.update_target(pointer)?;
        }
        Ok(None)
    }

    /// Handles all pending events.
    fn process_events(&mut self) -> Result<(), X11Error> {
        while let Some(event) = self.connection.poll_for_event()? {
            match event {
                Event::ClientMessage(message) if message.type_ == self.atoms.XdndStatus => {
                    let [from, flags, ..] = message.data.as_data32();
                    // A status from a window that the pointer has left is ignored.
                    if let Some(target) =
                        self.target.as_mut().filter(|target| target.window == from)
                    {
                        target.accepts = flags & 1 != 0;
                        target.asked_at = None;
                    }
                }
                Event::ClientMessage(message) if message.type_ == self.atoms.XdndFinished => {
                    self.finished = true;
                }
                Event::SelectionRequest(request) => self.send_selection(&request)?,
                Event::PropertyNotify(change) => self.time = change.time,
                _ => {}
            }
        }
        Ok(())
    }

    /// Answers a selection request of the target.
    fn send_selection(&mut self, request: &SelectionRequestEvent) -> Result<(), X11Error> {
        let SelectionRequestEvent { time, requestor, selection, target, .. } = *request;
        let property = if request.property == NONE { target } else { request.property };
        let replace = PropMode::REPLACE;
        let connection = &self.connection;
        let property = if target == self.atoms.FILES {
            connection.change_property8(replace, requestor, property, target, &self.uri)?;
            self.read = true;
            property
        } else if target == self.atoms.TARGETS {
            let types = [self.atoms.TARGETS, self.atoms.FILES];
            connection.change_property32(replace, requestor, property, AtomEnum::ATOM, &types)?;
            property
        } else {
            NONE
        };
        let notify = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time,
            requestor,
            selection,
            target,
            property,
        };
        connection.send_event(false, requestor, EventMask::NO_EVENT, notify)?;
        Ok(())
    }

    fn escape_is_down(&self) -> Result<bool, X11Error> {
        let keys = self.connection.query_keymap()?.reply()?.keys;
        Ok(self.escape.iter().any(|&key| keys[usize::from(key / 8)] >> (key % 8) & 1 != 0))
    }

    /// Gets the server's time from a property change of our own.
    fn update_timestamp(&mut self) -> Result<(), X11Error> {
        let (name, empty) = (self.atoms.TIME, AtomEnum::INTEGER);
        self.connection.change_property32(PropMode::REPLACE, self.source, name, empty, &[])?;
        // The reply implies that the change has been reported.
        self.connection.sync()?;
        self.process_events()
    }
}

/// Returns the key codes with this keysym.
fn keys(connection: &RustConnection, name: u32) -> Result<BTreeSet<u8>, X11Error> {
    let (first, last) = (connection.setup().min_keycode, connection.setup().max_keycode);
    let mapping = connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
    let names = mapping.keysyms.chunks(usize::from(mapping.keysyms_per_keycode).max(1));
    Ok((first..=last)
        .zip(names)
        .filter(|(_, names)| names.contains(&name))
        .map(|(key, _)| key)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_escapes_reserved_characters() {
        let file = Path::new("/home/anna/Übung 100%/take #3?.mid");
        let expected = "file:///home/anna/%C3%9Cbung%20100%25/take%20%233%3F.mid\r\n";
        assert_eq!(uri(file), expected);
    }
}
