//! CLAP host: loads a `.clap` file, processes on the calling thread, and embeds the plugin's window
//! in an X11 window.
//!
//! It offers the extensions that real hosts offer (log, parameters, state, note ports, note names,
//! presets, window) and gives the plugin a stereo output, or as many as a test wants. Every second activation has a noise at the side-chain,
//! the others have none.

pub mod browser;
mod callbacks;
mod events;
mod window;

use super::interface::{Event, Host, Setup, Transport};
use super::realtime::in_realtime_context;
use anyhow::{Context, Result, anyhow, bail};
use callbacks::{HandlerTypes, MainThreadCallbacks, SharedCallbacks};
use clack_extensions::{
    note_ports::{NoteDialects, NotePortInfoBuffer, PluginNotePorts},
    params::{ParamInfoBuffer, PluginParams},
    render::{PluginRender, RenderMode},
    state::PluginState,
};
use clack_host::events::event_types::ParamValueEvent;
use clack_host::prelude::*;
use events::{EventSink, push_event, recorded_event, transport_event};
use std::ffi::CString;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A plugin in a `.clap` file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// CLAP id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Version.
    pub version: String,
    /// CLAP features: "instrument", "note-effect" and so on.
    pub features: Vec<String>,
}

/// A parameter of the plugin.
struct Parameter {
    id: ClapId,
    name: String,
    min: f64,
    max: f64,
}

/// A CLAP host with one instance of a plugin.
pub struct ClapHost {
    // Must be dropped before the instance; `Drop` ensures it.
    processor: Option<StartedPluginAudioProcessor<HandlerTypes>>,
    instance: PluginInstance<HandlerTypes>,
    parameters: Vec<Parameter>,
    /// Parameter changes for the next block.
    parameter_changes: Vec<ParamValueEvent>,
    /// Transport change within the next block, and its sample.
    pending_transport: Option<(u32, Transport)>,
    input: EventBuffer,
    output: EventSink,
    ports: AudioPorts,
    inputs: AudioPorts,
    /// Noise for the side-chain.
    side_chain: [Vec<f32>; 2],
    has_side_chain: bool,
    /// The main output, and those after it.
    outputs: Vec<[Vec<f32>; 2]>,
    frames: usize,
    clock: u64,
    offline: bool,
    last_block_duration: Duration,
}

/// Returns the plugins in a `.clap` file.
///
/// # Errors
/// If the file is not a CLAP library or contains no plugin.
pub fn describe(path: &Path) -> Result<Vec<Description>> {
    let entry = open(path)?;
    let factory = entry.get_plugin_factory().context("the library has no plugin factory")?;
    let text = |text: Option<&std::ffi::CStr>| text.unwrap_or_default().to_string_lossy().into();
    Ok(factory
        .plugin_descriptors()
        .map(|found| Description {
            id: text(found.id()),
            name: text(found.name()),
            version: text(found.version()),
            features: found.features().map(|f| text(Some(f))).collect(),
        })
        .collect())
}

fn open(path: &Path) -> Result<PluginEntry> {
    // SAFETY: loading a library runs its code, which no caller can vouch for; it is the bundle that
    // was built from this workspace, or one that the tester chose.
    unsafe { PluginEntry::load(path) }
        .with_context(|| format!("{} could not be loaded", path.display()))
}

impl ClapHost {
    /// Loads a plugin from a `.clap` file and creates one instance.
    ///
    /// # Errors
    /// If the file is not a CLAP library, has no plugin of this id, or the plugin refuses.
    pub fn load(path: &Path, id: &str) -> Result<Self> {
        let entry = open(path)?;
        let info =
            HostInfo::new("Deep Pocket's host", "Deep Pocket", "", env!("CARGO_PKG_VERSION"))?;
        let mut instance = PluginInstance::<HandlerTypes>::new(
            |()| SharedCallbacks::default(),
            |_| MainThreadCallbacks::default(),
            &entry,
            &CString::new(id)?,
            &info,
        )
        .with_context(|| format!("{} could not create the plugin {id}", path.display()))?;
        let parameters = parameters(&mut instance);
        Ok(ClapHost {
            processor: None,
            instance,
            parameters,
            parameter_changes: Vec::new(),
            pending_transport: None,
            input: EventBuffer::with_capacity(256),
            output: EventSink {
                events: EventBuffer::with_capacity(256),
                flushed_denormals: None,
                accepts_notes: true,
            },
            ports: AudioPorts::with_capacity(2, 1),
            inputs: AudioPorts::with_capacity(2, 1),
            side_chain: [Vec::new(), Vec::new()],
            has_side_chain: false,
            outputs: vec![[Vec::new(), Vec::new()]],
            frames: 0,
            clock: 0,
            offline: false,
            last_block_duration: Duration::ZERO,
        })
    }

    /// Note dialects of each note port: inputs, then outputs.
    pub fn note_ports(&mut self) -> [Vec<NoteDialects>; 2] {
        let handle = self.instance.plugin_handle();
        let Some(ports) = handle.get_extension::<PluginNotePorts>() else {
            return [vec![], vec![]];
        };
        [true, false].map(|is_input| {
            (0..ports.count(&handle, is_input))
                .filter_map(|index| {
                    let mut buffer = NotePortInfoBuffer::new();
                    ports
                        .get(&handle, index, is_input, &mut buffer)
                        .map(|info| info.supported_dialects)
                })
                .collect()
        })
    }

    /// Denormal mode of the processor when the plugin sent its last event; `None` before that.
    #[must_use]
    pub fn flushed_denormals(&self) -> Option<bool> {
        self.output.flushed_denormals
    }

    /// Time that the plugin took for the last block.
    #[must_use]
    pub fn last_block_duration(&self) -> Duration {
        self.last_block_duration
    }

    /// Rejects note events of the plugin from now on; only raw MIDI is accepted.
    pub fn refuse_notes(&mut self) {
        self.output.accepts_notes = false;
    }

    /// Passes the plugin so many stereo outputs, from the next activation on.
    pub fn pass_outputs(&mut self, count: usize) {
        self.outputs.resize(count, [Vec::new(), Vec::new()]);
        self.ports = AudioPorts::with_capacity(2 * count, count);
    }

    /// Left and right channel of an output in the last block.
    #[must_use]
    pub fn output(&self, index: usize) -> [&[f32]; 2] {
        self.outputs[index].each_ref().map(|channel| &channel[..self.frames])
    }

    /// Deactivates the plugin.
    pub fn deactivate(&mut self) {
        if let Some(processor) = self.processor.take() {
            self.instance.deactivate(processor.stop_processing());
        }
    }

    /// Runs the callback on the main thread that the plugin has requested.
    pub fn pump(&mut self) {
        let asked =
            self.instance.access_shared_handler(|desk| desk.callback.swap(false, Ordering::AcqRel));
        if asked {
            self.instance.call_on_main_thread_callback();
        }
    }

    /// Fills the input queue with changed parameters, then events and the transport within the
    /// block, in order of time.
    fn fill_input(&mut self, input: &[Event]) {
        self.input.clear();
        for change in self.parameter_changes.drain(..) {
            self.input.push(&change);
        }
        let mut pending = self.pending_transport.take();
        for event in input {
            if let Some((offset, transport)) =
                pending.take_if(|(offset, _)| *offset <= event.offset)
            {
                self.input.push(&transport_event(&transport, offset));
            }
            push_event(&mut self.input, event);
        }
        if let Some((offset, transport)) = pending {
            self.input.push(&transport_event(&transport, offset));
        }
    }
}

impl Drop for ClapHost {
    fn drop(&mut self) {
        self.deactivate();
    }
}

impl Host for ClapHost {
    fn activate(&mut self, setup: Setup) -> Result<()> {
        self.deactivate();
        self.offline = setup.offline;
        let handle = self.instance.plugin_handle();
        if let Some(render) = handle.get_extension::<PluginRender>() {
            let mode = if setup.offline { RenderMode::Offline } else { RenderMode::Realtime };
            render.set(&handle, mode)?;
        }
        let configuration = PluginAudioConfiguration {
            sample_rate: setup.sample_rate,
            min_frames_count: 1,
            max_frames_count: setup.max_block,
        };
        let stopped = self.instance.activate(|_, _| (), configuration)?;
        self.processor = Some(
            stopped
                .start_processing()
                .map_err(|_| anyhow!("the plugin refused to start processing"))?,
        );
        let length = usize::try_from(setup.max_block)?;
        self.outputs.fill([vec![0.0; length], vec![0.0; length]]);
        self.has_side_chain = !self.has_side_chain;
        let mut noise = 1u32;
        self.side_chain = [(), ()].map(|()| {
            let next = || {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                f32::from((noise >> 16) as u16) / 65_536.0 - 0.5
            };
            std::iter::repeat_with(next).take(length).collect()
        });
        Ok(())
    }

    fn process(
        &mut self,
        frames: u32,
        transport: Option<&Transport>,
        input: &[Event],
        output: &mut Vec<Event>,
    ) -> Result<()> {
        self.pump();
        self.fill_input(input);
        let Some(processor) = &mut self.processor else { bail!("the plugin is not active") };
        self.frames = usize::try_from(frames)?;
        self.output.events.clear();
        let frames_of = self.frames;
        let mut outputs =
            self.ports.with_output_buffers(self.outputs.iter_mut().map(|sides| AudioPortBuffer {
                latency: 0,
                channels: AudioPortBufferType::f32_output_only(
                    sides.iter_mut().map(|channel| &mut channel[..frames_of]),
                ),
            }));
        let port = AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(self.side_chain.iter_mut().map(
                |channel| InputChannel { buffer: &mut channel[..frames_of], is_constant: false },
            )),
        };
        let sound = match self.has_side_chain {
            true => self.inputs.with_input_buffers([port]),
            false => InputAudioBuffers::empty(),
        };
        let input = self.input.as_input();
        let mut sent = OutputEvents::from_buffer(&mut self.output);
        let transport = transport.map(|transport| transport_event(transport, 0));
        let mut process = || {
            let clock = Some(self.clock);
            let called = Instant::now();
            let processed = processor.process(
                &sound,
                &mut outputs,
                &input,
                &mut sent,
                clock,
                transport.as_ref(),
            );
            self.last_block_duration = called.elapsed();
            processed
        };
        // In an offline render the plugin may block.
        if self.offline { process() } else { in_realtime_context(process) }?;
        self.clock += u64::from(frames);
        output.extend(self.output.events.iter().filter_map(recorded_event));
        Ok(())
    }

    fn change_transport(&mut self, offset: u32, transport: Transport) {
        self.pending_transport = Some((offset, transport));
    }

    fn reset(&mut self) -> Result<()> {
        if let Some(processor) = &mut self.processor {
            processor.reset();
        }
        Ok(())
    }

    fn audio(&self) -> [&[f32]; 2] {
        self.output(0)
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        let handle = self.instance.plugin_handle();
        let state: PluginState =
            handle.get_extension().context("the plugin does not save its state")?;
        let mut bytes = Vec::new();
        state.save(&handle, &mut bytes)?;
        Ok(bytes)
    }

    fn load(&mut self, state: &[u8]) -> Result<()> {
        let handle = self.instance.plugin_handle();
        let extension: PluginState =
            handle.get_extension().context("the plugin does not save its state")?;
        extension.load(&handle, &mut std::io::Cursor::new(state))?;
        // Changes that were never processed do not belong to the state.
        self.parameter_changes.clear();
        Ok(())
    }

    fn parameters(&mut self) -> Vec<(String, f64)> {
        let handle = self.instance.plugin_handle();
        let Some(extension) = handle.get_extension::<PluginParams>() else { return Vec::new() };
        self.parameters
            .iter()
            .map(|known| {
                let value = extension.get_value(&handle, known.id).unwrap_or(known.min);
                (known.name.clone(), (value - known.min) / (known.max - known.min))
            })
            .collect()
    }

    fn set(&mut self, name: &str, value: f64) -> Result<()> {
        let known = self
            .parameters
            .iter()
            .find(|known| known.name == name)
            .with_context(|| format!("the plugin has no parameter named {name}"))?;
        let value = known.min + value * (known.max - known.min);
        self.parameter_changes.push(ParamValueEvent::new(0, known.id, Pckn::match_all(), value));
        Ok(())
    }
}

/// Returns the parameters of an instance, in the plugin's order.
fn parameters(instance: &mut PluginInstance<HandlerTypes>) -> Vec<Parameter> {
    let handle = instance.plugin_handle();
    let Some(extension) = handle.get_extension::<PluginParams>() else { return Vec::new() };
    (0..extension.count(&handle))
        .filter_map(|index| {
            let mut buffer = ParamInfoBuffer::new();
            extension.get_info(&handle, index, &mut buffer).map(|info| Parameter {
                id: info.id,
                name: String::from_utf8_lossy(info.name).into_owned(),
                min: info.min_value,
                max: info.max_value,
            })
        })
        .collect()
}
