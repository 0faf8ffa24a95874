//! Real-time safety: `process` allocates and frees nothing. The whole plugin runs with the real
//! model through playback, jumps, loops, keys, kits and new takes while an allocator counts.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use common::{Host, process};
use deep_pocket::link::drum_outputs::{DrumOutputs, OutputsOwner, create_with};
use deep_pocket::link::learning::LearningState;
use deep_pocket::link::mailbox::{LearningSource, WorkerCommand};
use groove::pattern::midi::{Clip, MidiLayout};
use groove::synth::LAST_KIT;
use groove::{Drum, Hit, Meter, Step};
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;

thread_local! {
    /// Allocations and frees of this thread; negative while not counting.
    static COUNT: Cell<i64> = const { Cell::new(-1) };
}

struct Counting;

impl Counting {
    fn count() {
        // A terminating thread may free memory after its counter is gone.
        let _ = COUNT.try_with(|count| {
            if count.get() >= 0 {
                count.set(count.get() + 1);
            }
        });
    }
}

// SAFETY: every call is forwarded unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::count();
        // SAFETY: the caller upholds the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::count();
        // SAFETY: the pointer came from the system's allocator, through `alloc` above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_allocation_counter_counts_allocations() {
    COUNT.set(0);
    drop(std::hint::black_box(Box::new(7)));
    assert_eq!(COUNT.replace(-1), 2);
}

/// A project in which every lane of the kit is tuned otherwise.
fn trimmed_kit(number: u32) -> String {
    let lane = |lane: u32| {
        let by = (number + lane) % 5;
        format!("{{\"level\":-{by},\"tune\":{},\"decay\":{}}}", 20 * by, 50 + 30 * by)
    };
    let lanes: Vec<String> = (0..9).map(lane).collect();
    format!("{{\"version\":5,\"kit\":[{}]}}", lanes.join(","))
}

#[test]
fn process_allocates_and_frees_nothing() {
    let mut host = Host::new();
    let params = host.plugin.params().param_map();
    let (_, kit, _) = params.iter().find(|(id, ..)| id == "audition_kit").expect("a parameter");
    // A MIDI controller moves the first parameter, the style.
    host.plugin.link().controllers().set_target(11, Some(0));
    let mut allocations = 0;
    let mut loudest = 0f32;
    for block in 0..3_000u32 {
        host.context.transport.playing = block % 1_000 < 950;
        match block {
            700 | 1_500 => host.beats = 33.3,
            1_800 => host.context.transport.loop_range_beats = Some((40.0, 41.0)),
            _ => {}
        }
        if block % 230 == 0 {
            let fields = [("deep-pocket".to_owned(), trimmed_kit(block / 230))];
            host.plugin.params().deserialize_fields(&fields.into());
        }
        if block % 150 == 0 {
            // Every kit in turns, and what still rings of the one before.
            let number = f32::from(u8::try_from(block / 150 % 4).expect("a kit"));
            // SAFETY: the plugin keeps the parameter alive.
            unsafe { kit._internal_set_normalized_value(number / f32::from(LAST_KIT)) };
        }
        if block % 211 == 0 {
            // A drum, and the stage keys.
            let key = Key::Number(if block < 1_000 { 49 } else { 12 + (block / 422 % 4) as u8 });
            let (voice_id, channel) = (VoiceID::Wildcard, Channel::Number(0));
            host.context.input = Some(if block % 422 == 0 {
                NoteEvent::NoteOn { timing: 0, voice_id, channel, key, velocity: 1.0 }
            } else {
                NoteEvent::NoteOff { timing: 0, voice_id, channel, key, velocity: 0.0 }
            });
        }
        if block % 307 == 5 {
            let value = f32::from(u8::try_from(block % 128).expect("a value")) / 127.0;
            host.context.input = Some(NoteEvent::MidiCC { timing: 0, channel: 0, cc: 11, value });
        }
        if block % 400 == 399 {
            let (timing, cc) = (0, if block % 800 == 399 { 120 } else { 123 });
            host.context.input = Some(NoteEvent::MidiCC { timing, channel: 3, cc, value: 0.0 });
        }
        if block % 500 == 0 {
            host.plugin.link().listening().set(block >= 2_000);
        }
        let frames = [64, 480, 17, 4_096, 1][block as usize % 5];
        let mut side_chain = [vec![0.0f32; frames], vec![0.0; frames]];
        for (number, sample) in side_chain.iter_mut().flatten().enumerate() {
            *sample = if number % 4_000 < 200 { 0.5 } else { -0.001 };
        }
        let [left, right] = &mut side_chain;
        let mut sound = Buffer::default();
        // SAFETY: both slices have `frames` samples and outlive the buffer.
        unsafe { sound.set_slices(frames, |slices| *slices = vec![&mut left[..], &mut right[..]]) };
        let mut inputs = [sound];
        let status = host.block(frames, |plugin, buffer, context| {
            let mut aux = AuxiliaryBuffers { inputs: &mut inputs, outputs: &mut [] };
            COUNT.set(0);
            let status = plugin.process(buffer, &mut aux, context);
            allocations += COUNT.replace(-1);
            status
        });
        assert_eq!(status, ProcessStatus::KeepAlive);
        let heard = host.sound.iter().flat_map(|channel| &channel[..frames]);
        loudest = heard.fold(loudest, |loudest, sample| loudest.max(sample.abs()));
        if block % 16 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    assert_eq!(allocations, 0);
    assert!(host.context.ons > 100, "{} notes", host.context.ons);
    host.context.transport.playing = false;
    host.block(64, process);
    assert_eq!(host.context.ons, host.context.offs);
    assert!((0.1..=1.0).contains(&loudest), "the audition kit is heard: {loudest}");
    // The last notes decay by themselves.
    for _ in 0..10 * 48_000 / 4_096 {
        host.block(4_096, process);
    }
    host.block(64, process);
    assert!(host.sound.iter().flat_map(|channel| &channel[..64]).all(|sample| *sample == 0.0));
}

#[test]
fn process_with_outputs_of_drums_allocates_and_frees_nothing() {
    let outputs = Arc::new(DrumOutputs::default());
    let mut host = create_with(&(Arc::clone(&outputs) as OutputsOwner), Host::new);
    host.context.transport.playing = true;
    let mut sound = Drum::ALL.map(|_| [[0f32; 480]; 2]);
    let (mut allocations, mut loudest) = (0, 0f32);
    for block in 0..800usize {
        let pointers = sound.each_mut().map(|pair| pair.each_mut().map(|it| it.as_mut_ptr()));
        // All drums, none, or all but one.
        let has = |place| block % 11 < 8 || block % 11 == 9 && block % 9 != place;
        let passed =
            std::array::from_fn(|place| if has(place) { &pointers[place][..] } else { &[] });
        host.block(480, |plugin, buffer, context| {
            COUNT.set(0);
            // SAFETY: the buffers are alive and not used meanwhile.
            unsafe { outputs.with(480, &[], &passed, || process(plugin, buffer, context)) };
            allocations += COUNT.replace(-1);
        });
        let heard = sound.as_flattened().as_flattened();
        loudest = heard.iter().fold(loudest, |loudest, sample| loudest.max(sample.abs()));
        if block % 4 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    assert_eq!(allocations, 0);
    assert!((0.1..=1.0).contains(&loudest), "the drums are heard: {loudest}");
}

#[test]
fn process_allocates_nothing_while_a_style_is_learned() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..2u8 {
        let mut steps = vec![Step::SILENT; 64];
        for step in steps.iter_mut().step_by(4) {
            step.set(Drum::Snare, Some(Hit::plain(80 + number, 0)));
        }
        let clip = Clip { steps, tempo: 100.0, meter: Meter::FOUR_FOUR };
        let bytes = clip.write(&MidiLayout::new("clip", Drum::PITCHES));
        std::fs::write(folder.path().join(format!("{number}.mid")), bytes).expect("written");
    }
    let mut host = Host::new();
    host.context.transport.playing = true;
    let link = host.plugin.link().clone();
    let small = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/small.safetensors");
    link.mailbox().send(WorkerCommand::ChooseModel(Some(small.into())));
    let (mut allocations, mut blocks, mut learned) = (0, 0, 0);
    while learned < 2 || blocks < 1_000 {
        // One learning after the other.
        if matches!(link.learning().state().0, LearningState::Idle | LearningState::Learned(_)) {
            learned += i32::from(blocks > 0);
            let number = link.learning().begin();
            let source = LearningSource::Files(vec![folder.path().to_owned()]);
            link.mailbox().send(WorkerCommand::Learn(number, source));
            link.worker_notify().wake();
        }
        host.block(480, |plugin, buffer, context| {
            COUNT.set(0);
            process(plugin, buffer, context);
            allocations += COUNT.replace(-1);
        });
        blocks += 1;
        assert!(blocks < 120_000, "it does not learn");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(allocations, 0);
    assert!(host.context.ons > 20, "{} notes", host.context.ons);
}
