//! Tests of the clock.

use crate::pattern::Meter;
use crate::play::clock::*;

/// A transport at 120 BPM in 4/4, where a quarter note is 24,000 samples at 48 kHz.
pub(crate) fn playing(beats: f64) -> Transport {
    Transport {
        playing: true,
        tempo: Some(120.0),
        meter: Some(Meter::FOUR_FOUR),
        beats: Some(beats),
        ..Transport::default()
    }
}

fn spans(clock: &mut Clock, transport: &Transport, frames: u32) -> Vec<Span> {
    clock.block(transport, frames).spans.collect()
}

#[test]
fn stopped_transport_has_a_position_and_no_spans() {
    let mut clock = Clock::new(48_000.0);
    let block = clock.block(&Transport { playing: false, ..playing(9.0) }, 64);
    assert_eq!(block.spans.count(), 0);
    assert_eq!((block.position, block.grid.bar), (9.0, 2));
}

#[test]
fn consecutive_blocks_touch_despite_host_rounding() {
    let mut clock = Clock::new(48_000.0);
    let mut to = None;
    for block in 0..1000 {
        let noise = [0.0, 1e-7, -2e-6, 1e-5][block % 4];
        let beats = block as f64 * 480.0 / 24_000.0 - 2.0 + noise;
        for span in spans(&mut clock, &playing(beats), 480) {
            assert_eq!(span.entry == Entry::Continues, to.is_some());
            assert!(to.is_none_or(|to| span.from == to));
            to = Some(span.to);
        }
    }
}

#[test]
fn a_tempo_change_between_blocks_is_not_a_jump() {
    let mut clock = Clock::new(48_000.0);
    spans(&mut clock, &playing(0.0), 4096);
    // Ramped from 120 to 240 BPM within the block.
    let beats = 4096.0 * 3.0 / 48_000.0;
    let next = spans(&mut clock, &Transport { tempo: Some(240.0), ..playing(beats) }, 64);
    assert_eq!(next[0].entry, Entry::Continues);
}

#[test]
fn a_step_back_is_a_jump_although_the_tempo_rises() {
    let mut clock = Clock::new(48_000.0);
    spans(&mut clock, &playing(0.0), 480);
    // A rising tempo cannot move the song back.
    let next = spans(&mut clock, &Transport { tempo: Some(240.0), ..playing(0.01) }, 64);
    assert_eq!(next[0].entry, Entry::Jumps);
    let mut clock = Clock::new(48_000.0);
    spans(&mut clock, &playing(0.0), 480);
    let next = spans(&mut clock, &Transport { tempo: Some(240.0), ..playing(0.03) }, 64);
    assert_eq!(next[0].entry, Entry::Continues);
}

#[test]
fn a_seek_and_a_restart_are_jumps() {
    let mut clock = Clock::new(48_000.0);
    spans(&mut clock, &playing(0.0), 480);
    assert_eq!(spans(&mut clock, &playing(7.0), 480)[0].entry, Entry::Jumps);
    clock.block(&Transport { playing: false, ..playing(7.02) }, 480);
    assert_eq!(spans(&mut clock, &playing(7.02), 480)[0].entry, Entry::Jumps);
}

#[test]
fn a_loop_wraps_inside_a_block() {
    let mut clock = Clock::new(48_000.0);
    let looped = |beats| Transport { loop_range: Some((0.0, 4.0)), ..playing(beats) };
    let all = spans(&mut clock, &looped(3.99), 480);
    assert_eq!(all.iter().map(|s| (s.first, s.frames)).collect::<Vec<_>>(), [(0, 240), (240, 240)]);
    assert_eq!((all[0].to, all[1].from, all[1].entry), (4.0, 0.0, Entry::Wraps));
    let next = spans(&mut clock, &looped(240.0 / 24_000.0), 480);
    assert_eq!((next[0].entry, next[0].from), (Entry::Continues, all[1].to));
}

#[test]
fn a_loop_wraps_while_the_tempo_changes() {
    let mut clock = Clock::new(48_000.0);
    let looped = |beats| Transport { loop_range: Some((0.0, 0.1)), ..playing(beats) };
    // The loop is 2,400 samples, and the host cuts its block one sample before its end.
    spans(&mut clock, &looped(0.0), 2_399);
    let next = spans(&mut clock, &Transport { tempo: Some(240.0), ..looped(0.0) }, 64);
    assert_eq!((next[0].entry, next[0].from), (Entry::Wraps, 0.0));
}

#[test]
fn a_loop_is_not_a_jump_if_the_host_splits_blocks_at_its_end() {
    for frames in [239, 240, 241] {
        let mut clock = Clock::new(48_000.0);
        let looped = |beats| Transport { loop_range: Some((0.0, 4.0)), ..playing(beats) };
        let before = spans(&mut clock, &looped(3.99), frames);
        let after = spans(&mut clock, &looped(0.0), 480);
        let wraps = before.iter().chain(&after).filter(|s| s.entry == Entry::Wraps).count();
        let jumps = before.iter().chain(&after).filter(|s| s.entry == Entry::Jumps).count();
        assert_eq!((wraps, jumps), (1, 1), "{frames} samples before the seam");
    }
}

#[test]
fn a_loop_shorter_than_a_block_wraps_many_times() {
    let mut clock = Clock::new(48_000.0);
    let loop_range = Some((1.0, 1.0 + 100.0 / 24_000.0));
    let all = spans(&mut clock, &Transport { loop_range, ..playing(1.0) }, 4096);
    assert_eq!(all.len(), 41);
    assert_eq!(all.iter().map(|s| s.frames).sum::<u32>(), 4096);
}

#[test]
fn sample_positions_replace_missing_beats() {
    let mut clock = Clock::new(48_000.0);
    let at = |samples, tempo| Transport {
        beats: None,
        samples: Some(samples),
        tempo: Some(tempo),
        ..playing(0.0)
    };
    assert_eq!(clock.block(&at(48_000, 120.0), 480).position, 2.0);
    let block = clock.block(&at(48_480, 60.0), 480);
    assert!((block.position - 2.02).abs() < 1e-12);
    let mut block = clock.block(&at(48_960, 60.0), 480);
    assert!((block.position - 2.03).abs() < 1e-12);
    assert!(block.spans.all(|span| span.entry == Entry::Continues));
}

#[test]
fn missing_position_counts_from_the_start() {
    let mut clock = Clock::new(48_000.0);
    let bare = Transport { playing: true, ..Transport::default() };
    assert_eq!(clock.block(&bare, 24_000).position, 0.0);
    assert_eq!(clock.block(&bare, 24_000).position, 1.0);
    assert_eq!(clock.block(&Transport::default(), 24_000).tempo, 120.0);
}

#[test]
fn missing_tempo_is_derived_from_positions() {
    let mut clock = Clock::new(48_000.0);
    let at = |beats| Transport { tempo: None, ..playing(beats) };
    clock.block(&at(0.0), 4800);
    assert!((clock.block(&at(0.15), 4800).tempo - 90.0).abs() < 1e-9);
}

#[test]
fn host_that_plays_without_moving_plays_its_position_once() {
    let mut clock = Clock::new(48_000.0);
    assert_eq!(spans(&mut clock, &playing(0.0), 480).len(), 1);
    for _ in 0..10 {
        assert_eq!(spans(&mut clock, &playing(0.0), 480).len(), 0);
    }
    assert_eq!(spans(&mut clock, &playing(0.02), 480)[0].entry, Entry::Continues);
}

#[test]
fn plausible_bar_lines_of_the_host_are_used() {
    let grid = |beats: f64, meter: Meter, bar_start: Option<f64>| {
        let transport = Transport { meter: Some(meter), bar_start, ..playing(beats) };
        Clock::new(48_000.0).block(&transport, 480).grid
    };
    let seven = Meter::new(7, 8);
    assert_eq!(grid(20.0, seven, Some(18.0)).start_ticks, 18.0 * 960.0);
    // A host that leaves the field at 0, and one whose bar line is a bar late.
    assert_eq!(grid(20.0, seven, Some(0.0)).start_ticks, 17.5 * 960.0);
    assert_eq!(grid(20.0, seven, None).bar, 5);
    assert_eq!(grid(-0.5, Meter::FOUR_FOUR, None).bar, -1);
    assert_eq!(grid(8.0, Meter::FOUR_FOUR, Some(7.999_999_9)).bar, 2);
    assert_eq!(grid(8.0, Meter::FOUR_FOUR, Some(8.0)).bar_at(-0.1), -1);
}

#[test]
fn bars_are_counted_along_the_bar_lines_of_a_host_that_changes_the_meter() {
    let mut clock = Clock::new(48_000.0);
    let line = |beats: f64| match beats {
        // Two bars of 4/4, then 3/4.
        ..8.0 => ((beats / 4.0).floor() * 4.0, Meter::FOUR_FOUR),
        _ => (((beats - 8.0) / 3.0).floor().mul_add(3.0, 8.0), Meter::new(3, 4)),
    };
    let mut at = |beats: f64| {
        let (start, meter) = line(beats);
        let transport = Transport { meter: Some(meter), bar_start: Some(start), ..playing(beats) };
        clock.block(&transport, 12_000).grid.bar
    };
    let bars: Vec<i64> = (0..40).map(|block| at(f64::from(block) * 0.5)).collect();
    let expected = (0..40).map(|block| if block < 16 { block / 8 } else { 2 + (block - 16) / 6 });
    assert_eq!(bars, expected.collect::<Vec<i64>>());
    // A jump back, a stop and another rate change nothing.
    assert_eq!((at(12.0), at(9.0), at(4.0)), (3, 2, 1));
    clock.set_rate(44_100.0);
    let (start, meter) = line(14.0);
    let transport = Transport { meter: Some(meter), bar_start: Some(start), ..playing(14.0) };
    assert_eq!(clock.block(&transport, 480).grid.bar, 4);
}

#[test]
fn invalid_transport_values_are_ignored() {
    let mut clock = Clock::new(f64::NAN);
    let block = clock.block(
        &Transport {
            tempo: Some(f64::NAN),
            beats: Some(f64::INFINITY),
            samples: Some(i64::MIN),
            bar_start: Some(f64::NAN),
            loop_range: Some((f64::NAN, 4.0)),
            ..playing(0.0)
        },
        64,
    );
    assert!(block.position.is_finite() && block.loop_range.is_none());
    assert_eq!(block.tempo, 120.0);
}
