//! Ports of the standalone program's MIDI clock. The window opens and closes them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::link::Link;
use crate::link::midi_clock::ClockPortEnd;
use crate::link::own_transport::OwnTransport;
use crate::platform::midi_ports::{self, InputPort, OWN_PORT, OutputPort};

/// Time between two questions for the system's ports, in seconds.
const LOOK_INTERVAL: f64 = 3.0;

/// Time between two looks for messages to send. Messages are sent at their time within it.
const SEND_INTERVAL: Duration = Duration::from_millis(1);

/// Longest wait for the time of a message, in seconds.
const LONGEST_WAIT: f64 = 1.0;

/// A direction of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The program follows a clock.
    In,
    /// The program sends its clock.
    Out,
}

/// Thread that sends messages at their times, until it is dropped.
struct SendThread {
    stops: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SendThread {
    fn start(end: Arc<ClockPortEnd>, mut port: OutputPort) -> Result<SendThread, String> {
        while end.next_to_send().is_some() {}
        let stops = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stops);
        let run = move || {
            while !stopped.load(Ordering::Relaxed) {
                while let Some((time, message)) = end.next_to_send() {
                    let wait = (time - end.now()).clamp(0.0, LONGEST_WAIT);
                    thread::sleep(Duration::from_secs_f64(wait));
                    let (bytes, count) = message.bytes();
                    port.send(&bytes[..count]);
                }
                thread::sleep(SEND_INTERVAL);
            }
        };
        let thread = thread::Builder::new().name("midi clock".into()).spawn(run);
        let thread = thread.map_err(|why| format!("The MIDI clock cannot be sent: {why}."))?;
        Ok(SendThread { stops, thread: Some(thread) })
    }
}

impl Drop for SendThread {
    fn drop(&mut self) {
        self.stops.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Nothing in it panics.
            let _ = thread.join();
        }
    }
}

/// The open ports and the names of all.
pub(crate) struct ClockPorts {
    link: Arc<Link>,
    input: Option<(String, InputPort)>,
    output: Option<(String, SendThread)>,
    names: Result<[Vec<String>; 2], String>,
    /// Time of the last question for names, in seconds.
    looked: Option<f64>,
}

impl ClockPorts {
    /// Creates closed ports.
    pub(crate) fn new(link: Arc<Link>) -> Self {
        ClockPorts { link, input: None, output: None, names: Ok(Default::default()), looked: None }
    }

    /// Opens the ports of the command line.
    ///
    /// # Errors
    /// Returns a message that names each port that cannot be opened.
    pub(crate) fn open_requested(&mut self) -> Result<(), String> {
        if !self.own().is_present() {
            return Ok(());
        }
        let [input, output] = OwnTransport::requested_ports();
        let ports = [(Direction::In, input), (Direction::Out, output)];
        let failed = ports.map(|(direction, name)| self.open(direction, name.as_deref()).err());
        let failed: Vec<String> = failed.into_iter().flatten().collect();
        if failed.is_empty() { Ok(()) } else { Err(failed.join(" ")) }
    }

    fn own(&self) -> &OwnTransport {
        self.link.own_transport()
    }

    /// Returns the name of the open port of a direction.
    pub(crate) fn name(&self, direction: Direction) -> Option<&str> {
        match direction {
            Direction::In => self.input.as_ref().map(|(name, _)| name.as_str()),
            Direction::Out => self.output.as_ref().map(|(name, _)| name.as_str()),
        }
    }

    /// Returns the names of the input and the output ports, at most [`LOOK_INTERVAL`] old.
    ///
    /// # Errors
    /// Returns a message if there is no MIDI system.
    pub(crate) fn names(&mut self, now: f64) -> Result<[Vec<String>; 2], String> {
        if self.looked.is_none_or(|looked| now - looked > LOOK_INTERVAL) {
            (self.looked, self.names) = (Some(now), midi_ports::port_names());
        }
        let names = self.names.clone()?;
        let own = cfg!(unix).then(|| OWN_PORT.to_owned());
        Ok(names.map(|names| names.into_iter().chain(own.clone()).collect()))
    }

    /// Opens a port of a direction, or closes it.
    ///
    /// # Errors
    /// Returns a message if it cannot be opened; then none is open.
    pub(crate) fn open(&mut self, direction: Direction, name: Option<&str>) -> Result<(), String> {
        let end = self.own().clock_ports().ok_or("A plugin follows its host, not a MIDI clock.")?;
        let switches = &self.own().clock;
        let opened = match direction {
            Direction::In => {
                switches.follows.set(false);
                self.input = None;
                let open = |name: &str| {
                    let port = midi_ports::open_input(name, move |bytes| end.receive(bytes))?;
                    Ok((name.to_owned(), port))
                };
                name.map(open).transpose().map(|input| self.input = input)
            }
            Direction::Out => {
                switches.sends.set(false);
                self.output = None;
                let open = |name: &str| {
                    let port = midi_ports::open_output(name)?;
                    Ok((name.to_owned(), SendThread::start(end, port)?))
                };
                name.map(open).transpose().map(|output| self.output = output)
            }
        };
        let switches = &self.own().clock;
        switches.follows.set(self.input.is_some());
        switches.sends.set(self.output.is_some());
        opened
    }
}
