//! Format-independent interface between a host and a plugin.

use anyhow::Result;

/// What happens to a note, or a raw MIDI message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Message {
    /// A key goes down: key 0 to 127, channel 0 to 15, velocity above 0 and up to 1.
    NoteOn {
        /// Key, 0 to 127.
        key: u8,
        /// Channel, 0 to 15.
        channel: u8,
        /// Velocity, 0 to 1.
        velocity: f64,
    },
    /// A key goes up.
    NoteOff {
        /// Key, 0 to 127.
        key: u8,
        /// Channel, 0 to 15.
        channel: u8,
    },
    /// Three bytes of MIDI, as some hosts send them instead of notes.
    Midi([u8; 3]),
}

/// A message and its place in the block, in samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// Samples from the start of the block.
    pub offset: u32,
    /// What happens there.
    pub message: Message,
}

/// What a host says about its transport at the start of a block. A field that is `None` is one
/// that the host leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transport {
    /// Whether the song runs.
    pub playing: bool,
    /// Quarter notes a minute.
    pub tempo: Option<f64>,
    /// Time signature, numerator and denominator.
    pub meter: Option<(u16, u16)>,
    /// Song position in quarter notes.
    pub beats: Option<f64>,
    /// Song position in seconds.
    pub seconds: Option<f64>,
    /// Loop range in quarter notes, when the loop is on.
    pub cycle: Option<(f64, f64)>,
    /// Where the bar at the position starts, in quarter notes. Where it is left out, bars are
    /// count_allocations from the start of the song.
    pub bar_start: Option<f64>,
}

/// A plugin in a host, of either format.
pub trait Host {
    /// Makes the plugin ready to process, after releasing whatever set-up it had.
    ///
    /// # Errors
    /// The plugin refuses the set-up.
    fn activate(&mut self, setup: Setup) -> Result<()>;

    /// Has the plugin process one block of at most [`Setup::max_block`] frames. Its output
    /// events are appended to `output`. `None` for the transport is a host that has none.
    ///
    /// # Errors
    /// The plugin is not active, or reports a fault.
    fn process(
        &mut self,
        frames: u32,
        transport: Option<&Transport>,
        input: &[Event],
        output: &mut Vec<Event>,
    ) -> Result<()>;

    /// Has the transport change within the next block, at this sample. A format that cannot say
    /// that says nothing.
    fn change_transport(&mut self, offset: u32, transport: Transport);

    /// Has the plugin forget all that sounds, as a host does between two unrelated stretches of a
    /// song.
    ///
    /// # Errors
    /// The plugin reports a fault.
    fn reset(&mut self) -> Result<()>;

    /// The left and right output of the last block.
    fn audio(&self) -> [&[f32]; 2];

    /// The plugin's state as a project would keep it.
    ///
    /// # Errors
    /// The plugin does not save.
    fn save(&mut self) -> Result<Vec<u8>>;

    /// Gives the plugin a state. Whether it takes it is the plugin's say.
    ///
    /// # Errors
    /// The plugin says that the state is bad.
    fn load(&mut self, state: &[u8]) -> Result<()>;

    /// Names of the parameters, each with its value as a fraction of its range.
    fn parameters(&mut self) -> Vec<(String, f64)>;

    /// Sets the parameter of this name to a fraction of its range, from the next block on.
    ///
    /// # Errors
    /// There is no such parameter.
    fn set(&mut self, name: &str, value: f64) -> Result<()>;
}

/// How a plugin is made ready to process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setup {
    /// Samples a second.
    pub sample_rate: f64,
    /// Greatest number of frames in a block.
    pub max_block: u32,
    /// Whether the host renders a file, faster or slower than time goes.
    pub offline: bool,
}
