//! Question to the system whether assistive tools run, in the few bytes of D-Bus that it takes.
//!
//! AccessKit's adapter asks the same, but its thread stays for ever, even without a screen reader.

use std::io::{BufRead as _, BufReader, Read as _, Result, Write as _};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::time::Duration;

use percent_encoding::percent_decode_str;

/// Longest wait for the bus; the window may not close before.
const PATIENCE: Duration = Duration::from_millis(200);

/// Longest message that is read, in bytes.
const LONGEST: usize = 1 << 16;

/// Types of D-Bus messages: a reply and an error.
const REPLY: u8 = 2;
const ERROR: u8 = 3;

/// Returns `true` if the system reports assistive tools, `false` also if there is no session bus.
pub(super) fn is_enabled() -> bool {
    let address = std::env::var("DBUS_SESSION_BUS_ADDRESS").unwrap_or_else(|_| {
        std::env::var("XDG_RUNTIME_DIR")
            .map_or_else(|_| String::new(), |dir| format!("unix:path={dir}/bus"))
    });
    let socket = address.split(';').find_map(connect);
    socket.is_some_and(|socket| ask(socket).unwrap_or(false))
}

/// Connects to one address of the bus, for example `unix:path=/run/user/1000/bus,guid=0`.
fn connect(address: &str) -> Option<UnixStream> {
    let parts = address.strip_prefix("unix:")?.split(',');
    let socket = parts.filter_map(|part| part.split_once('=')).find_map(|(key, value)| {
        let value: Vec<u8> = percent_decode_str(value).collect();
        match key {
            "path" => SocketAddr::from_pathname(Path::new(std::str::from_utf8(&value).ok()?)).ok(),
            "abstract" => SocketAddr::from_abstract_name(value).ok(),
            _ => None,
        }
    })?;
    let stream = UnixStream::connect_addr(&socket).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    Some(stream)
}

/// Reads the property `IsEnabled` of `org.a11y.Status`, without starting its service.
fn ask(mut bus: UnixStream) -> Result<bool> {
    let user = std::fs::metadata("/proc/self")?.uid().to_string();
    let user: String = user.bytes().map(|digit| format!("{digit:02x}")).collect();
    write!(bus, "\0AUTH EXTERNAL {user}\r\n")?;
    let mut answers = BufReader::new(bus.try_clone()?);
    let mut line = String::new();
    answers.read_line(&mut line)?;
    if !line.starts_with("OK") {
        return Ok(false);
    }
    bus.write_all(b"BEGIN\r\n")?;
    let name = "org.freedesktop.DBus";
    bus.write_all(&call(1, name, "/org/freedesktop/DBus", [name, "Hello"], &[]))?;
    let properties = ["org.freedesktop.DBus.Properties", "Get"];
    let property = ["org.a11y.Status", "IsEnabled"];
    bus.write_all(&call(2, "org.a11y.Bus", "/org/a11y/bus", properties, &property))?;
    let mut replies = 0;
    while replies < 2 {
        let (kind, body) = read_message(&mut answers)?;
        if kind == REPLY || kind == ERROR {
            replies += 1;
        }
        if replies == 2 {
            // A variant with a truth value ends with it, as four bytes.
            return Ok(kind == REPLY && body.ends_with(&[1, 0, 0, 0]));
        }
    }
    Ok(false)
}

/// Reads a message. Returns its type and its body.
fn read_message(answers: &mut BufReader<UnixStream>) -> Result<(u8, Vec<u8>)> {
    let mut head = [0; 16];
    answers.read_exact(&mut head)?;
    let word = |at: usize| {
        let bytes = [head[at], head[at + 1], head[at + 2], head[at + 3]];
        u32::from_le_bytes(bytes) as usize
    };
    let (body, fields) = (word(4), word(12).next_multiple_of(8));
    if head[0] != b'l' || body > LONGEST || fields > LONGEST {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let mut rest = vec![0; fields + body];
    answers.read_exact(&mut rest)?;
    Ok((head[1], rest.split_off(fields)))
}

/// Returns a method call with string arguments. The service is not started for it.
fn call(
    serial: u8,
    service: &str,
    path: &str,
    [interface, method]: [&str; 2],
    arguments: &[&str],
) -> Vec<u8> {
    const CALL: u8 = 1;
    const NO_AUTO_START: u8 = 2;
    let mut body = Vec::new();
    for argument in arguments {
        push_text(&mut body, argument);
    }
    let mut fields = Vec::new();
    let texts = [(1, b'o', path), (2, b's', interface), (3, b's', method), (6, b's', service)];
    for (field, kind, text) in texts {
        fields.resize(fields.len().next_multiple_of(8), 0);
        fields.extend([field, 1, kind, 0]);
        push_text(&mut fields, text);
    }
    if !arguments.is_empty() {
        fields.resize(fields.len().next_multiple_of(8), 0);
        fields.extend([8, 1, b'g', 0]);
        let kinds = "s".repeat(arguments.len());
        fields.push(u8::try_from(kinds.len()).unwrap_or(u8::MAX));
        fields.extend(kinds.bytes().chain([0]));
    }
    let mut message = vec![b'l', CALL, NO_AUTO_START, 1];
    message.extend(length(&body));
    message.extend(u32::from(serial).to_le_bytes());
    message.extend(length(&fields));
    message.extend(fields);
    message.resize(message.len().next_multiple_of(8), 0);
    message.extend(body);
    message
}

/// Appends a string: its length, its bytes, and a zero.
fn push_text(to: &mut Vec<u8>, text: &str) {
    to.resize(to.len().next_multiple_of(4), 0);
    to.extend(length(text.as_bytes()));
    to.extend(text.bytes());
    to.push(0);
}

/// Returns a length as D-Bus writes it.
fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}
