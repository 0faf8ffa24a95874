//! Format-independent interface between a host and a plugin.

use anyhow::Result;

/// A note event or a raw MIDI message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message {
    /// Note-on.
    NoteOn {
        /// Key, 0 to 127.
        key: u8,
        /// Channel, 0 to 15.
        channel: u8,
        /// Velocity, above 0 and up to 1.
        velocity: f64,
    },
    /// Note-off.
    NoteOff {
        /// Key, 0 to 127.
        key: u8,
        /// Channel, 0 to 15.
        channel: u8,
    },
    /// Three bytes of MIDI, as some hosts send instead of note events.
    Midi([u8; 3]),
}

/// A message and its position in a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Samples from the start of the block.
    pub offset: u32,
    /// Message at that sample.
    pub message: Message,
}

/// Transport of the host at the start of a block. A field that the host does not report is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// The transport is running.
    pub playing: bool,
    /// Tempo in quarter notes a minute.
    pub tempo: Option<f64>,
    /// Time signature, numerator and denominator.
    pub meter: Option<(u16, u16)>,
    /// Song position in quarter notes.
    pub beats: Option<f64>,
    /// Song position in seconds.
    pub seconds: Option<f64>,
    /// Loop range in quarter notes, when the loop is on.
    pub cycle: Option<(f64, f64)>,
    /// Start of the bar at the position, in quarter notes. Without it, bars are counted from the
    /// start of the song.
    pub bar_start: Option<f64>,
}

/// A host with one instance of the plugin, in any plugin format.
pub trait Host {
    /// Activates the plugin, after deactivating it if necessary.
    ///
    /// # Errors
    /// If the plugin refuses the set-up.
    fn activate(&mut self, setup: Setup) -> Result<()>;

    /// Processes one block of at most [`Setup::max_block`] frames and appends the plugin's events
    /// to `output`. Without a transport the host reports none.
    ///
    /// # Errors
    /// If the plugin is not active or reports a fault.
    fn process(
        &mut self,
        frames: u32,
        transport: Option<&Transport>,
        input: &[Event],
        output: &mut Vec<Event>,
    ) -> Result<()>;

    /// Changes the transport within the next block, at this sample. Formats without such changes
    /// ignore it.
    fn change_transport(&mut self, offset: u32, transport: Transport);

    /// Resets the plugin, which ends all sounding notes.
    ///
    /// # Errors
    /// If the plugin reports a fault.
    fn reset(&mut self) -> Result<()>;

    /// Left and right output of the last block.
    fn audio(&self) -> [&[f32]; 2];

    /// Returns the plugin's state as a project saves it.
    ///
    /// # Errors
    /// If the plugin does not save its state.
    fn save(&mut self) -> Result<Vec<u8>>;

    /// Loads a state. The plugin may reject it.
    ///
    /// # Errors
    /// If the plugin rejects the state.
    fn load(&mut self, state: &[u8]) -> Result<()>;

    /// Names of the parameters, each with its value as a fraction of its range.
    fn parameters(&mut self) -> Vec<(String, f64)>;

    /// Sets a parameter to a fraction of its range, from the next block on.
    ///
    /// # Errors
    /// If there is no parameter of this name.
    fn set(&mut self, name: &str, value: f64) -> Result<()>;
}

/// Configuration of an active plugin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Sample rate in Hz.
    pub sample_rate: f64,
    /// Maximum number of frames in a block.
    pub max_block: u32,
    /// Offline render: blocks are processed faster or slower than real time.
    pub offline: bool,
}
