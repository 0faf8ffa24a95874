//! VST3 host with the interface of the CLAP host, over the `vst3-host` crate.
//!
//! The crate reports tempo, meter and position at every block and supports neither missing fields
//! nor loop ranges. A field that a test leaves out keeps its last value.

use anyhow::{Context, Result};
use std::path::Path;
use vst3_host::Plugin;
use vst3_host::audio::{AudioBuffers, BusAudioBuffers, BusDirection, MediaType};
use vst3_host::midi::{MidiChannel, MidiEvent, PluginEventData};
use vst3_host::plugin::{ProcessMode, TransportPosition, WindowHandle};
use xtask::host::{Event, Host, Message, Setup, Transport};

/// Length of the crate's header before the plugin's own state: a magic word, a version and two
/// lengths. Without it a test can damage the plugin's bytes; the crate loads them without it too.
const ENVELOPE: usize = 28;

/// A VST3 host with one instance of a plugin.
pub struct Vst3Host {
    plugin: Plugin,
    buffers: AudioBuffers,
    /// Buffers of a plugin with several outputs.
    buses: Option<BusAudioBuffers>,
    sample_rate: f64,
    samples: i64,
    // Last transport of the plugin. Unchanged fields are not sent again.
    told: (bool, f64, (u16, u16)),
}

impl Vst3Host {
    /// Loads a bundle and creates one instance of its plugin.
    ///
    /// # Errors
    /// If the bundle does not load.
    pub fn load(path: &Path) -> Result<Self> {
        Self::load_class(path, None)
    }

    /// Loads a bundle and creates one instance of the class with an id in hexadecimal digits, or of the
    /// first.
    ///
    /// # Errors
    /// If the bundle does not load or has no such class.
    pub fn load_class(path: &Path, class: Option<&str>) -> Result<Self> {
        let mut host =
            vst3_host::Vst3Host::builder().sample_rate(48_000.0).block_size(512).build()?;
        let plugin = match class {
            None => host.load_plugin(path)?,
            Some(class) => host.load_plugin_class(path, class)?,
        };
        Ok(Vst3Host {
            plugin,
            buffers: AudioBuffers::new(0, 2, 0, 48_000.0),
            buses: None,
            sample_rate: 48_000.0,
            samples: 0,
            told: (false, 0.0, (0, 0)),
        })
    }

    /// Name of the plugin, and its MIDI input and output.
    pub fn description(&self) -> (String, bool, bool) {
        let info = self.plugin.info();
        (info.name.clone(), info.has_midi_input, info.has_midi_output)
    }

    /// Embeds the plugin's window in an X11 window, which must outlive it.
    ///
    /// # Errors
    /// If the plugin has no window or cannot draw there.
    pub fn open_window(&mut self, parent: u32) -> Result<()> {
        Ok(self.plugin.open_editor(WindowHandle::from_x11(parent))?)
    }

    /// Preferred size of the window, in pixels.
    ///
    /// # Errors
    /// If the plugin has no window.
    pub fn window_size(&self) -> Result<(u32, u32)> {
        let (width, height) = self.plugin.get_editor_size()?;
        Ok((u32::try_from(width)?, u32::try_from(height)?))
    }

    /// Closes the window.
    ///
    /// # Errors
    /// If no window is open.
    pub fn close_window(&mut self) -> Result<()> {
        Ok(self.plugin.close_editor()?)
    }

    /// Runs the callbacks on the main thread that the plugin has requested.
    pub fn pump(&mut self) {
        self.plugin.service_run_loop();
    }

    /// Activates or deactivates output buses after the main one, and passes all buses from the next
    /// activation on.
    ///
    /// # Errors
    /// If there is no such bus.
    pub fn activate_outputs(&mut self, active: impl IntoIterator<Item = bool>) -> Result<()> {
        self.plugin.stop_processing()?;
        for (bus, active) in (1..).zip(active) {
            self.plugin.set_bus_active(MediaType::Audio, BusDirection::Output, bus, active)?;
        }
        self.buses = Some(self.plugin.create_bus_audio_buffers(1)?);
        Ok(())
    }

    /// Left and right channel of an output in the last block.
    #[must_use]
    pub fn output(&self, index: usize) -> [&[f32]; 2] {
        let main = &self.buffers.outputs;
        let channels = self.buses.as_ref().map_or(main, |buses| &buses.outputs[index].channels);
        [&channels[0], &channels[1]]
    }

    fn tell(&mut self, transport: &Transport) -> Result<()> {
        let (playing, mut tempo, mut meter) = self.told;
        if transport.playing != playing {
            self.plugin.set_playing(transport.playing)?;
        }
        if let Some(new) = transport.tempo.filter(|new| new.to_bits() != tempo.to_bits()) {
            self.plugin.set_tempo(new)?;
            tempo = new;
        }
        if let Some(new) = transport.meter.filter(|new| *new != meter) {
            self.plugin.set_time_signature(new.0.into(), new.1.into())?;
            meter = new;
        }
        self.told = (transport.playing, tempo, meter);
        if let Some(quarter_notes) = transport.beats {
            #[allow(clippy::cast_possible_truncation)]
            let samples = (quarter_notes * 60.0 / tempo * self.sample_rate).round() as i64;
            self.plugin.set_transport_position(TransportPosition { samples, quarter_notes })?;
        }
        Ok(())
    }
}

impl Host for Vst3Host {
    fn activate(&mut self, setup: Setup) -> Result<()> {
        self.plugin.stop_processing()?;
        let mode = if setup.offline { ProcessMode::Offline } else { ProcessMode::Realtime };
        self.plugin.set_process_mode(mode)?;
        self.plugin.reconfigure(setup.sample_rate, usize::try_from(setup.max_block)?)?;
        self.plugin.start_processing()?;
        self.sample_rate = setup.sample_rate;
        self.samples = 0;
        let length = usize::try_from(setup.max_block)?;
        self.buffers = AudioBuffers::new(0, 2, length, setup.sample_rate);
        self.told = (false, 0.0, (0, 0));
        self.plugin.set_playing(false)?;
        Ok(())
    }

    fn process(
        &mut self,
        frames: u32,
        transport: Option<&Transport>,
        input: &[Event],
        output: &mut Vec<Event>,
    ) -> Result<()> {
        self.tell(transport.unwrap_or(&Transport::default()))?;
        for event in input {
            let offset = i32::try_from(event.offset)?;
            self.plugin.send_midi_event_at(midi(event.message)?, offset)?;
        }
        let frames = usize::try_from(frames)?;
        if let Some(buses) = &mut self.buses {
            buses.block_size = frames;
            for bus in buses.inputs.iter_mut().chain(&mut buses.outputs) {
                bus.channels.iter_mut().for_each(|channel| channel.resize(frames, 0.0));
            }
            self.plugin.process_bus_audio(buses)?;
        } else {
            self.buffers.block_size = frames;
            for channel in &mut self.buffers.outputs {
                channel.resize(frames, 0.0);
            }
            self.plugin.process_audio(&mut self.buffers)?;
        }
        for event in self.plugin.take_output_events() {
            let message = match event.data {
                PluginEventData::NoteOn { channel, pitch, velocity, .. } => Message::NoteOn {
                    key: u8::try_from(pitch)?,
                    channel: u8::try_from(channel)?,
                    velocity: velocity.into(),
                },
                PluginEventData::NoteOff { channel, pitch, .. } => {
                    Message::NoteOff { key: u8::try_from(pitch)?, channel: u8::try_from(channel)? }
                }
                PluginEventData::LegacyMidiCcOut { control_number, channel, value, .. } => {
                    let channel = u8::try_from(channel)?;
                    Message::Midi([0xb0 | channel, control_number, value])
                }
                _ => continue,
            };
            output.push(Event { offset: u32::try_from(event.sample_offset)?, message });
        }
        Ok(())
    }

    fn change_transport(&mut self, _: u32, _: Transport) {}

    fn reset(&mut self) -> Result<()> {
        self.plugin.stop_processing()?;
        Ok(self.plugin.start_processing()?)
    }

    fn audio(&self) -> [&[f32]; 2] {
        self.output(0)
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        let mut state = self.plugin.save_state()?;
        Ok(state.split_off(ENVELOPE.min(state.len())))
    }

    fn load(&mut self, state: &[u8]) -> Result<()> {
        Ok(self.plugin.load_state(state)?)
    }

    fn parameters(&mut self) -> Vec<(String, f64)> {
        let parameters = self.plugin.get_parameters().unwrap_or_default();
        parameters.into_iter().map(|parameter| (parameter.name, parameter.value)).collect()
    }

    fn set(&mut self, name: &str, value: f64) -> Result<()> {
        let parameters = self.plugin.get_parameters()?;
        let parameter = parameters
            .iter()
            .find(|parameter| parameter.name == name)
            .with_context(|| format!("the plugin has no parameter named {name}"))?;
        Ok(self.plugin.set_parameter(parameter.id, value)?)
    }
}

/// Converts a message to the crate's type.
fn midi(message: Message) -> Result<MidiEvent> {
    let channel_of = |channel| MidiChannel::from_index(channel).context("there are 16 channels");
    Ok(match message {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Message::NoteOn { key, channel, velocity } => MidiEvent::NoteOn {
            channel: channel_of(channel)?,
            note: key,
            velocity: (velocity * 127.0).round() as u8,
        },
        Message::NoteOff { key, channel } => {
            MidiEvent::NoteOff { channel: channel_of(channel)?, note: key, velocity: 0 }
        }
        Message::Midi(bytes) => {
            MidiEvent::from_midi_bytes(&bytes).context("the bytes are no MIDI message")?
        }
    })
}
