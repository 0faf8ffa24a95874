//! Songs of more than 2^31 samples and of more than 24 hours: every note stays on its sample.

use deep_pocket::audio::offline_detect::HostMode;
use groove::Meter;
use groove::play::clock::Transport;

use crate::rig::{Rig, known_bar};

/// Positions in samples at 48 kHz: the limits of 31 and 32 bits, 24 hours, and a year.
const STARTS: [i64; 4] = [1 << 31, 1 << 32, 24 * 3_600 * 48_000, 365 * 24 * 3_600 * 48_000];

/// Plays 200,000 samples around a position, and checks that each sixteenth sounds ten ticks early,
/// with the velocity of its bar. `beats` is true for a host that reports quarter notes, false for
/// one that reports samples alone.
fn around(start: i64, beats: bool, frames: u32) {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    let first = start - 100_000;
    while rig.now < 200_000 {
        let sample = first + i64::try_from(rig.now).expect("small");
        let transport = Transport {
            playing: true,
            tempo: Some(120.0),
            meter: Some(Meter::FOUR_FOUR),
            beats: beats.then_some(sample as f64 / 24_000.0),
            samples: Some(sample),
            ..Transport::default()
        };
        rig.block_of(&transport, frames);
    }
    let played = rig.now;
    rig.stop();
    assert_eq!(rig.link.status().late, 0);
    let notes = rig.notes();
    let end = first + i64::try_from(played).expect("small");
    // The first note after the start may have begun before it.
    let steps = (first + 6_250).div_euclid(6_000)..;
    let expected: Vec<(u64, u8)> = steps
        .map(|step| (step * 6_000 - 250, 40 + (step.div_euclid(16)).rem_euclid(10)))
        .skip_while(|(at, _)| *at < first)
        .take_while(|(at, _)| *at < end)
        .map(|(at, velocity)| {
            (u64::try_from(at - first).expect("after"), u8::try_from(velocity).expect("small"))
        })
        .collect();
    let heard: Vec<_> = notes.into_iter().filter(|(at, _)| *at > 0 && *at < played).collect();
    let expected: Vec<_> = expected.into_iter().filter(|(at, _)| *at > 0).collect();
    assert_eq!(heard, expected, "around sample {start}, beats {beats}, blocks of {frames}");
}

#[test]
fn notes_stay_on_their_samples_beyond_31_bits_and_24_hours() {
    for start in STARTS {
        for frames in [64, 480, 65_536] {
            around(start, true, frames);
            around(start, false, frames);
        }
    }
}

#[test]
fn a_free_run_of_a_day_keeps_its_time() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.controls.free_run = Some(120.0);
    let stands = Transport { meter: Some(Meter::FOUR_FOUR), ..Transport::default() };
    let day = 24 * 3_600 * 48_000u64;
    let mut notes = 0;
    while rig.now < day + 1_000_000 {
        rig.block_of(&stands, 65_536);
        // Each sixteenth is 6,000 samples, and all but the first are 250 early.
        let begun = rig.heard.drain(..).filter(|(_, velocity)| *velocity > 0);
        for (at, _) in begun {
            assert!(at == 0 || (at + 250).is_multiple_of(6_000), "at sample {at}");
            notes += 1;
        }
    }
    assert!(notes >= day / 6_000, "{notes} notes");
}
