//! The audio thread's promise: `process` allocates nothing and frees nothing. The whole plugin is
//! driven as its wrapper drives it, with the real model, through plays, jumps, loops, keys and
//! changed takes, while an allocator counts what the thread does.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use deep_pocket::DeepPocket;
use nice_plug::context::PluginApi;
use nice_plug::context::process::SendEventError;
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;

thread_local! {
    /// Allocations and frees of this thread while it counts; below zero it does not count.
    static COUNT: Cell<i64> = const { Cell::new(-1) };
}

struct Counting;

impl Counting {
    fn count() {
        // A thread that is going away may free after its counter has gone.
        let _ = COUNT.try_with(|count| {
            if count.get() >= 0 {
                count.set(count.get() + 1);
            }
        });
    }
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count();
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::count();
        // SAFETY: the pointer came from `alloc` above, that is, from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct Host {
    transport: Transport,
    input: Option<NoteEvent<()>>,
    ons: u32,
    offs: u32,
    last: u32,
    frames: u32,
}

impl ProcessContext<DeepPocket> for Host {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }
    fn execute_background(&self, (): ()) {}
    fn execute_gui(&self, (): ()) {}
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
            NoteEvent::NoteOn { .. } => self.ons += 1,
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
    fn execute(&self, (): ()) {}
    fn set_latency_samples(&self, _: u32) {}
    fn set_current_voice_capacity(&self, _: u32) {}
}

#[test]
fn the_counter_counts() {
    COUNT.set(0);
    drop(std::hint::black_box(Box::new(7)));
    assert_eq!(COUNT.replace(-1), 2);
}

#[test]
fn process_allocates_and_frees_nothing() {
    let mut plugin = DeepPocket::default();
    let config = BufferConfig {
        sample_rate: 48_000.0,
        min_buffer_size: None,
        max_buffer_size: 4_096,
        process_mode: ProcessMode::Realtime,
    };
    assert!(plugin.activate(&DeepPocket::AUDIO_IO_LAYOUTS[0], &config, &mut Activation));
    plugin.reset();
    let mut host = Host {
        transport: Transport::new(48_000.0),
        input: None,
        ons: 0,
        offs: 0,
        last: 0,
        frames: 0,
    };
    host.transport.tempo = Some(120.0);
    host.transport.time_sig_numerator = Some(4);
    host.transport.time_sig_denominator = Some(4);
    let (mut left, mut right) = ([1.0f32; 4_096], [1.0f32; 4_096]);
    let mut allocations = 0;
    let mut beats = 0.0;
    for block in 0..3_000u32 {
        let frames: u32 = [64, 480, 17, 4_096, 1][block as usize % 5];
        let samples = frames as usize;
        host.transport.playing = block % 1_000 < 950;
        match block {
            700 | 1_500 => beats = 33.3,
            1_800 => host.transport.loop_range_beats = Some((40.0, 41.0)),
            _ => {}
        }
        if block % 211 == 0 {
            let (voice_id, channel, key) = (VoiceID::Wildcard, Channel::Number(0), Key::Number(49));
            host.input = Some(if block % 422 == 0 {
                NoteEvent::NoteOn { timing: 0, voice_id, channel, key, velocity: 1.0 }
            } else {
                NoteEvent::NoteOff { timing: 0, voice_id, channel, key, velocity: 0.0 }
            });
        }
        host.transport.pos_beats = Some(beats);
        (host.last, host.frames) = (0, frames);
        let mut buffer = Buffer::default();
        // SAFETY: both slices have as many samples as is said, and live as long as the buffer.
        unsafe {
            buffer.set_slices(samples, |slices| {
                *slices = vec![&mut left[..samples], &mut right[..samples]];
            });
        }
        let mut aux = AuxiliaryBuffers { inputs: &mut [], outputs: &mut [] };
        COUNT.set(0);
        let status = plugin.process(&mut buffer, &mut aux, &mut host);
        allocations += COUNT.replace(-1);
        assert_eq!(status, ProcessStatus::KeepAlive);
        if host.transport.playing {
            beats += f64::from(frames) / 24_000.0;
            if host.transport.loop_range_beats.is_some_and(|(_, end)| beats >= end) {
                beats -= 1.0;
            }
        }
        if block % 16 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    assert_eq!(allocations, 0);
    assert!(host.ons > 100, "{} notes", host.ons);
    host.transport.playing = false;
    (host.last, host.frames) = (0, 64);
    let mut buffer = Buffer::default();
    // SAFETY: as above.
    unsafe {
        buffer.set_slices(64, |slices| *slices = vec![&mut left[..64], &mut right[..64]]);
    }
    plugin.process(
        &mut buffer,
        &mut AuxiliaryBuffers { inputs: &mut [], outputs: &mut [] },
        &mut host,
    );
    assert_eq!(host.ons, host.offs);
    assert!(left[..64].iter().chain(&right[..64]).all(|sample| *sample == 0.0));
}
