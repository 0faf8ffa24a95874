//! Duration of `process()` for a block of 64 samples at 48 kHz while the song plays: criterion's
//! figures, median and 99.9th percentile of single calls, and what the kit and listening to the
//! side-chain input cost.

#[path = "../tests/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{Host, process};
use criterion::Criterion;
use nice_plug::prelude::{AuxiliaryBuffers, Buffer, Plugin};

/// Block size, in samples.
const FRAMES: usize = 64;

/// Number of timed calls.
const CALLS: usize = 200_000;

/// Creates a host that loops four bars. All notes are cached after the first pass, so it can run
/// faster than real time without waiting.
fn player() -> Host {
    let mut host = Host::new();
    host.context.transport.playing = true;
    host.context.transport.loop_range_beats = Some((0.0, 16.0));
    while host.beats < 15.9 {
        host.block(4_000, process);
        std::thread::sleep(Duration::from_millis(10));
    }
    host
}

/// Processes a block and returns the plugin's time.
fn block(host: &mut Host) -> Duration {
    host.block(FRAMES, |plugin, buffer, context| {
        let called = Instant::now();
        std::hint::black_box(process(plugin, buffer, context));
        called.elapsed()
    })
}

/// Processes a block with sound at the side-chain input, and returns the plugin's time.
fn block_with_sound(host: &mut Host, sound: &mut [Vec<f32>; 2]) -> Duration {
    let [left, right] = sound;
    let mut buffer = Buffer::default();
    // SAFETY: both slices have `FRAMES` samples and outlive the buffer.
    unsafe { buffer.set_slices(FRAMES, |slices| *slices = vec![&mut left[..], &mut right[..]]) };
    let mut inputs = [buffer];
    host.block(FRAMES, |plugin, buffer, context| {
        let mut aux = AuxiliaryBuffers { inputs: &mut inputs, outputs: &mut [] };
        let called = Instant::now();
        std::hint::black_box(plugin.process(buffer, &mut aux, context));
        called.elapsed()
    })
}

/// Returns the mean durations of blocks with sound at the side-chain input, without and with
/// listening, measured in alternating seconds. The longest 1 % of each are left out: on a machine
/// with few cores they contain the worker's load at the end of the loop.
fn listening(host: &mut Host) -> [Duration; 2] {
    let mut sound = [vec![0.0; FRAMES], vec![0.0; FRAMES]];
    for (number, sample) in sound.iter_mut().flatten().enumerate() {
        *sample = (number as f32 * 0.37).sin() * 0.3;
    }
    let mut times = [Vec::new(), Vec::new()];
    let turn = 48_000 / FRAMES;
    for number in 0..CALLS / turn {
        let on = number % 2 == 1;
        host.plugin.link().listening().set(on);
        for call in 0..turn {
            let time = block_with_sound(host, &mut sound);
            // The first blocks only notice the switch.
            if call > 1 {
                times[usize::from(on)].push(time);
            }
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times.truncate(times.len() - times.len() / 100);
        times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap_or(1)
    })
}

/// Returns the sorted durations of many calls.
fn timed(host: &mut Host) -> Vec<Duration> {
    let mut times: Vec<Duration> = (0..CALLS).map(|_| block(host)).collect();
    times.sort_unstable();
    times
}

/// Switches the audition kit off.
fn switch_kit_off(host: &Host) {
    let params = host.plugin.params();
    let map = params.param_map();
    let switch = map.iter().find(|(id, ..)| id == "audition").map(|(_, pointer, _)| pointer);
    // SAFETY: the pointer is into `params`.
    unsafe { switch.expect("there is a switch")._internal_set_normalized_value(0.0) };
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    criterion.bench_function("process, 64 samples, playing", |bencher| {
        let mut host = player();
        bencher.iter_custom(|calls| (0..calls).map(|_| block(&mut host)).sum());
    });
    criterion.final_summary();

    let mut host = player();
    let before = host.context.ons;
    let times = timed(&mut host);
    println!("{CALLS} calls, {} notes", host.context.ons - before);
    println!("median              {:.2?}", times[CALLS / 2]);
    println!("99.9th percentile   {:.2?}", times[CALLS - CALLS / 1_000]);
    println!("longest             {:.2?}", times[CALLS - 1]);
    let mean =
        |times: &[Duration]| times.iter().sum::<Duration>() / u32::try_from(CALLS).unwrap_or(1);
    let with = mean(&times);
    switch_kit_off(&host);
    let without = mean(&timed(&mut host));
    let share = |time: Duration| 100.0 * time.as_secs_f64() * 48_000.0 / FRAMES as f64;
    println!("mean                {with:.2?}, {:.2} % of the block", share(with));
    println!("without the kit     {without:.2?}, {:.2} % of the block", share(without));
    let [deaf, listening] = listening(&mut host);
    let more = share(listening) - share(deaf);
    println!(
        "listening           {listening:.2?} beside {deaf:.2?}, {more:.2} % of the block more"
    );
}
