//! Listening to a band: the chart comes of what was heard, whatever the blocks.

use std::time::Duration;

use deep_pocket::audio::offline_detect::HostMode;
use groove::play::clock::Transport;
use groove::take::chart::{Accent, Chart};

use crate::rig::{Deadline, Rig, at, known_bar};

/// Samples of a quarter note at 120 bpm.
const BEAT: u64 = 24_000;

/// A note of the band: sample, length, channel, pitch, velocity.
type BandNote = (u64, u64, u8, u8, u8);

/// Eight bars of a bass with a rest in bar 3, and a piano.
fn band() -> Vec<BandNote> {
    let mut notes = Vec::new();
    for bar in 0..8u64 {
        let start = bar * 4 * BEAT;
        if bar != 3 {
            // Late and early by up to 30 ms.
            notes.push((start + 1_400, BEAT, 1, 36, 110));
            notes.push((start + 9 * BEAT / 4 - 1_300, 20_000, 1, 41, 110));
            notes.push((start + 3 * BEAT + 100, BEAT / 2, 1, 38, 50));
            notes.push((start, 4 * BEAT - 50, 0, 64, 80));
        }
    }
    notes
}

/// Plays samples of the song in blocks of one size while the band plays, and stops.
fn listen(rig: &mut Rig, samples: u64, frames: u32, cycle: u64) {
    rig.link.listening().set(true);
    let mut messages: Vec<(u64, u8, u8, u8)> = Vec::new();
    for (sample, length, channel, pitch, velocity) in band() {
        messages.extend([(sample, channel, pitch, velocity), (sample + length, channel, pitch, 0)]);
    }
    messages.sort_unstable_by_key(|&(sample, .., velocity)| (sample, velocity));
    let begin = rig.now;
    while rig.now < begin + samples {
        let done = rig.now - begin;
        let length = u64::from(frames).min(samples - done);
        for &(sample, channel, pitch, velocity) in &messages {
            if (done..done + length).contains(&sample) {
                let sample = u32::try_from(sample - done).expect("small");
                rig.engine.hear(sample, channel, pitch, velocity);
            }
        }
        let position = if cycle > 0 { done % cycle } else { done };
        let loop_range = (cycle > 0).then_some((0.0, cycle as f64 / BEAT as f64));
        let transport = Transport { loop_range, ..at(position as f64 / BEAT as f64) };
        rig.block_of(&transport, u32::try_from(length).expect("small"));
    }
    rig.stop();
}

/// Returns the chart and the worker's report once there is one.
fn chart(rig: &Rig) -> (Chart, String) {
    let report =
        Deadline::start().wait_for(|| rig.link.mailbox().take_report(), "nothing was reported");
    (rig.state.kept().extras().chart, report.expect("a sentence"))
}

#[test]
fn the_chart_is_the_same_in_blocks_of_any_size_and_live() {
    let mut all = Vec::new();
    for (mode, frames) in [
        (HostMode::Offline, 480),
        (HostMode::Offline, 17),
        (HostMode::Offline, 65_536),
        (HostMode::Realtime, 4_096),
    ] {
        let mut rig = Rig::new(mode, known_bar);
        listen(&mut rig, 32 * BEAT, frames, 0);
        assert!(!rig.link.listening().is_on(), "the song has run once");
        let (chart, told) = chart(&rig);
        assert!(told.starts_with("Listened to 8 bars: 21 accents"), "{told}");
        all.push(chart);
    }
    assert!(all.iter().all(|chart| *chart == all[0]));
    let accents = |bar: i64| -> Vec<_> {
        (0..16).filter_map(|step| Some((step, all[0].accents.get(bar, step)?))).collect()
    };
    let (light, strong) = (Accent::Light, Accent::Strong);
    assert_eq!(accents(1), [(0, strong), (9, strong), (12, light)]);
    assert_eq!(accents(3), []);
    let stops: Vec<_> = all[0].stops().iter().map(|stop| (stop.start.bar, stop.end.bar)).collect();
    assert_eq!(stops, [(3, 4)]);
}

#[test]
fn each_pass_of_a_loop_is_heard_and_only_whole_bars_count() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    // A pass of two bars, and half of the next one.
    listen(&mut rig, 12 * BEAT, 480, 8 * BEAT);
    let (chart, _) = chart(&rig);
    let counts: Vec<_> = (0..8).map(|bar| chart.accents.in_bar(bar)).collect();
    assert_eq!(counts, [3, 3, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn without_listening_nothing_is_noted() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.roll(0.0, 8.0, 480);
    rig.engine.hear(0, 0, 40, 90);
    rig.roll(8.0, 8.0, 480);
    rig.stop();
    std::thread::sleep(Duration::from_millis(50));
    assert!(rig.state.kept().extras().chart.is_empty());
    assert_eq!(rig.link.mailbox().take_report(), None);
}

/// Eighths of a decaying tone in bars 0, 1 and 3, over silence.
fn sound(samples: u64) -> Vec<f32> {
    let eighth = BEAT / 2;
    (0..samples)
        .map(|sample| {
            let (number, into) = (sample / eighth, sample % eighth);
            if number / 8 == 2 {
                return 0.0;
            }
            let time = into as f32 / 48_000.0;
            0.4 * (-time / 0.08).exp() * (time * 700.0).sin()
        })
        .collect()
}

#[test]
fn the_sound_of_a_band_gives_the_same_chart_in_blocks_of_any_size_and_live() {
    let samples = 4 * 4 * BEAT;
    let sound = sound(samples);
    let charts = [
        (HostMode::Offline, 480u32),
        (HostMode::Offline, 17),
        (HostMode::Offline, 65_536),
        (HostMode::Realtime, 4_096),
    ]
    .map(|(mode, frames)| {
        let mut rig = Rig::new(mode, known_bar);
        rig.link.listening().set(true);
        while rig.now < samples {
            let done = rig.now;
            let length = u64::from(frames).min(samples - done);
            let block = usize::try_from(done).unwrap()..usize::try_from(done + length).unwrap();
            rig.engine.hear_sound(&sound[block.clone()], &sound[block]);
            rig.block(done as f64 / BEAT as f64, u32::try_from(length).unwrap());
        }
        rig.stop();
        chart(&rig).0
    });
    assert!(charts.iter().all(|chart| *chart == charts[0]));
    let chart = charts[0];
    for bar in [0, 1, 3] {
        let steps: Vec<_> =
            (0..16).filter(|&step| chart.accents.get(bar, step).is_some()).collect();
        assert_eq!(steps, [0, 2, 4, 6, 8, 10, 12, 14], "bar {bar}");
    }
    assert_eq!(chart.accents.in_bar(2), 0);
    let stops: Vec<_> = chart.stops().iter().map(|stop| (stop.start.bar, stop.end.bar)).collect();
    assert_eq!(stops, [(2, 3)]);
}
