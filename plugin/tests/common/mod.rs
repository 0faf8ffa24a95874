//! The plugin as a format wrapper drives it; shared by tests and benches.

use deep_pocket::{DeepPocket, ShareParts};
use nice_plug::context::PluginApi;
use nice_plug::context::process::SendEventError;
use nice_plug::midi::Key;
use nice_plug::prelude::*;

/// Sample rate, in Hz.
pub const RATE: f32 = 48_000.0;

/// Maximum block size, in samples.
pub const LONGEST: usize = 4_096;

/// The host's side of a block.
pub struct BlockContext {
    pub transport: Transport,
    /// Input of the next block.
    pub input: Option<NoteEvent<()>>,
    /// Note-ons and note-offs received.
    pub ons: u32,
    pub offs: u32,
    /// Note-ons of each key.
    pub struck: [u32; 128],
    last: u32,
    frames: u32,
}

impl ProcessContext<DeepPocket> for BlockContext {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute_background(&self, _: ShareParts) {}
    fn execute_gui(&self, _: ShareParts) {}
    fn transport(&self) -> &Transport {
        &self.transport
    }
    fn next_event(&mut self) -> Option<NoteEvent<()>> {
        self.input.take()
    }
    fn try_send_event(
        &mut self,
        event: NoteEvent<()>,
    ) -> Result<(), (NoteEvent<()>, SendEventError)> {
        assert!(event.timing() >= self.last && event.timing() < self.frames);
        self.last = event.timing();
        match event {
            NoteEvent::NoteOn { key, .. } => {
                self.ons += 1;
                if let Key::Number(key) = key {
                    self.struck[usize::from(key)] += 1;
                }
            }
            NoteEvent::NoteOff { .. } => self.offs += 1,
            _ => {}
        }
        Ok(())
    }
    fn set_latency_samples(&self, _: u32) {}
    fn request_restart(&self) {}
    fn set_current_voice_capacity(&self, _: u32) {}
}

struct Activation;

impl ActivateContext<DeepPocket> for Activation {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute(&self, _: ShareParts) {}
    fn set_latency_samples(&self, _: u32) {}
    fn set_current_voice_capacity(&self, _: u32) {}
}

/// A plugin in a host with a song at 120 quarter notes per minute in 4/4.
pub struct Host {
    pub plugin: DeepPocket,
    pub context: BlockContext,
    /// Song position, in quarter notes.
    pub beats: f64,
    /// Left and right; the last block is at the beginning.
    pub sound: [Vec<f32>; 2],
}

impl Host {
    /// Creates an active plugin.
    pub fn new() -> Self {
        let mut transport = Transport::new(RATE);
        transport.tempo = Some(120.0);
        transport.time_sig_numerator = Some(4);
        transport.time_sig_denominator = Some(4);
        let context = BlockContext {
            transport,
            input: None,
            ons: 0,
            offs: 0,
            struck: [0; 128],
            last: 0,
            frames: 0,
        };
        let sound = [vec![1.0; LONGEST], vec![1.0; LONGEST]];
        let mut host = Host { plugin: DeepPocket::default(), context, beats: 0.0, sound };
        host.activate();
        host
    }

    /// Activates the plugin in real time, again if it was active.
    pub fn activate(&mut self) {
        self.activate_in(ProcessMode::Realtime);
    }

    /// Activates the plugin in a render mode, again if it was active.
    pub fn activate_in(&mut self, process_mode: ProcessMode) {
        let config = BufferConfig {
            sample_rate: RATE,
            min_buffer_size: None,
            max_buffer_size: u32::try_from(LONGEST).expect("it is short"),
            process_mode,
        };
        let layout = &DeepPocket::AUDIO_IO_LAYOUTS[0];
        assert!(self.plugin.activate(layout, &config, &mut Activation));
        self.plugin.reset();
    }

    /// Processes a block with `call`, which wraps [`process`]. Advances the song if it plays.
    pub fn block<R>(
        &mut self,
        frames: usize,
        call: impl FnOnce(&mut DeepPocket, &mut Buffer, &mut BlockContext) -> R,
    ) -> R {
        self.context.transport.pos_beats = Some(self.beats);
        (self.context.last, self.context.frames) = (0, u32::try_from(frames).expect("it is short"));
        let [left, right] = &mut self.sound;
        let mut buffer = Buffer::default();
        // SAFETY: both slices have `frames` samples and outlive the buffer.
        unsafe {
            buffer.set_slices(frames, |slices| {
                *slices = vec![&mut left[..frames], &mut right[..frames]];
            });
        }
        let done = call(&mut self.plugin, &mut buffer, &mut self.context);
        if self.context.transport.playing {
            self.beats += frames as f64 / 24_000.0;
            if let Some((start, end)) = self.context.transport.loop_range_beats
                && self.beats >= end
            {
                self.beats -= end - start;
            }
        }
        done
    }
}

/// Processes a block.
pub fn process(
    plugin: &mut DeepPocket,
    buffer: &mut Buffer,
    context: &mut BlockContext,
) -> ProcessStatus {
    let mut aux = AuxiliaryBuffers { inputs: &mut [], outputs: &mut [] };
    plugin.process(buffer, &mut aux, context)
}
