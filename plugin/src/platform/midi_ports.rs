//! MIDI ports of the standalone program's clock, beside those of the framework, which drops the
//! messages of a clock.

use midir::{Ignore, MidiIO, MidiInput, MidiInputConnection, MidiOutput, MidiOutputConnection};

/// Name of this program among the clients of the MIDI system.
const CLIENT: &str = "Deep Pocket clock";

/// Name of the choice of a port of its own, to which other programs connect. Not under Windows.
pub(crate) const OWN_PORT: &str = "A port of its own";

/// An open input port; it closes when it is dropped.
pub(crate) struct InputPort {
    _connection: MidiInputConnection<()>,
}

/// An open output port; it closes when it is dropped.
pub(crate) struct OutputPort(MidiOutputConnection);

impl OutputPort {
    /// Sends a message. A port that has gone takes none.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.0.send(bytes);
    }
}

/// Returns the names of the system's input and output ports.
///
/// # Errors
/// Returns a message if there is no MIDI system.
pub(crate) fn port_names() -> Result<[Vec<String>; 2], String> {
    Ok([names(&input()?), names(&output()?)])
}

/// Opens the input port with a name, or whose name contains it. `receive` gets each message on a
/// thread of the system.
///
/// # Errors
/// Returns a message if there is no such port.
pub(crate) fn open_input(
    name: &str,
    mut receive: impl FnMut(&[u8]) + Send + 'static,
) -> Result<InputPort, String> {
    let mut input = input()?;
    input.ignore(Ignore::SysexAndActiveSense);
    let receive = move |_: u64, bytes: &[u8], (): &mut ()| receive(bytes);
    #[cfg(unix)]
    if name == OWN_PORT {
        use midir::os::unix::VirtualInput as _;
        let opened = input.create_virtual("in", receive, ());
        return opened.map(|it| InputPort { _connection: it }).map_err(|why| refused(name, &why));
    }
    let port = find(&input, name)?;
    let opened = input.connect(&port, "in", receive, ());
    opened.map(|it| InputPort { _connection: it }).map_err(|why| refused(name, &why))
}

/// Opens the output port with a name, or whose name contains it.
///
/// # Errors
/// Returns a message if there is no such port.
pub(crate) fn open_output(name: &str) -> Result<OutputPort, String> {
    let output = output()?;
    #[cfg(unix)]
    if name == OWN_PORT {
        use midir::os::unix::VirtualOutput as _;
        return output.create_virtual("out").map(OutputPort).map_err(|why| refused(name, &why));
    }
    let port = find(&output, name)?;
    output.connect(&port, "out").map(OutputPort).map_err(|why| refused(name, &why))
}

fn input() -> Result<MidiInput, String> {
    MidiInput::new(CLIENT).map_err(|_| no_system())
}

fn output() -> Result<MidiOutput, String> {
    MidiOutput::new(CLIENT).map_err(|_| no_system())
}

fn no_system() -> String {
    "No MIDI system answers, so there is no MIDI clock.".into()
}

fn refused(name: &str, why: &dyn std::error::Error) -> String {
    format!("The MIDI port {name} cannot be opened: {why}.")
}

/// Returns the names of the ports of other programs and devices.
fn names<P: MidiIO>(ports: &P) -> Vec<String> {
    let known = ports.ports();
    let names = known.iter().filter_map(|port| ports.port_name(port).ok());
    names.filter(|name| !name.contains(CLIENT)).collect()
}

fn find<P: MidiIO>(ports: &P, name: &str) -> Result<P::Port, String> {
    let known: Vec<_> = ports.ports();
    let place = best_match(known.iter().map(|port| ports.port_name(port).ok()), name);
    place.map(|place| known[place].clone()).ok_or_else(|| {
        let names = names(ports);
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        format!("There is no MIDI port {name}. There are: {known}.")
    })
}

/// Returns the place of a name among the ports: the same one, or the first that contains it.
fn best_match(ports: impl Iterator<Item = Option<String>>, name: &str) -> Option<usize> {
    let ports: Vec<String> = ports.map(Option::unwrap_or_default).collect();
    let part = name.to_lowercase();
    let contains = || ports.iter().position(|port| port.to_lowercase().contains(&part));
    ports.iter().position(|port| port == name).or_else(contains).filter(|_| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_found_by_name_or_a_part_of_it() {
        let found = |name: &str| {
            let ports = ["Midi Through 14:0", "TR-8S:TR-8S CTRL 20:1", "TR-8S:TR-8S 20:0"];
            best_match(ports.into_iter().map(|port| Some(port.to_owned())), name)
        };
        assert_eq!(found("TR-8S:TR-8S 20:0"), Some(2));
        assert_eq!(found("tr-8s"), Some(1));
        assert_eq!([found("Digitakt"), found("")], [None, None]);
    }
}
