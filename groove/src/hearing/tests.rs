//! Onsets of synthesised instruments, with and without noise.

use std::f64::consts::TAU;

use super::{BandFlux, FRAME_SECONDS, SoundFrame, onsets};

/// Tolerance between a true and a found onset, in seconds.
const NEAR: f64 = 0.05;

/// Length of a sound, in seconds.
const SECONDS: f64 = 8.0;

/// Pseudo-random numbers from 0 to 1.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 40) as f64 / (1u64 << 24) as f64
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.roll()
    }
}

/// A synthesised instrument.
#[derive(Clone, Copy, Debug)]
enum Player {
    Bass,
    Strummed,
    PalmMuted,
    Clicks,
}

const PLAYERS: [Player; 4] = [Player::Bass, Player::Strummed, Player::PalmMuted, Player::Clicks];

/// A tone with harmonics up to a limit in Hz, whose level falls to a third in `decay` seconds,
/// cut off after `length` seconds.
struct Tone {
    at: f64,
    length: f64,
    pitch: f64,
    limit: f64,
    decay: f64,
    loud: f64,
}

fn add_tone(sound: &mut [f32], rate: f64, tone: &Tone) {
    let Tone { at, length, pitch, limit, decay, loud } = *tone;
    let first = (at * rate) as usize;
    let count = ((length + 0.01) * rate) as usize;
    let harmonics = ((limit / pitch) as usize).clamp(1, 24);
    for harmonic in 1..=harmonics {
        let harmonic = harmonic as f64;
        // A turning pointer, which shortens; higher harmonics do so faster.
        let angle = TAU * pitch * harmonic / rate;
        let fall = (-(1.0 / decay + 1.5 * harmonic) / rate).exp();
        let (turn, mut pointer) =
            ((fall * angle.cos(), fall * angle.sin()), (0.0, loud / harmonic));
        for (number, place) in sound.iter_mut().skip(first).take(count).enumerate() {
            let time = number as f64 / rate;
            let attack = (time / 0.003).min(1.0);
            let release = ((length + 0.01 - time) / 0.01).clamp(0.0, 1.0);
            let (re, im): (f64, f64) = pointer;
            *place += (attack * release * re) as f32;
            pointer = (re * turn.0 - im * turn.1, re * turn.1 + im * turn.0);
        }
    }
}

fn add_burst(sound: &mut [f32], rate: f64, at: f64, length: f64, loud: f64, dice: &mut Dice) {
    let first = (at * rate) as usize;
    let count = (length * rate) as usize;
    for (number, place) in sound.iter_mut().skip(first).take(count).enumerate() {
        let fall = 1.0 - number as f64 / count as f64;
        *place += (loud * fall * dice.between(-1.0, 1.0)) as f32;
    }
}

/// Plays eighths with rests, and returns the sound and its onsets in seconds.
fn play(player: Player, tempo: f64, rate: f64, dice: &mut Dice) -> (Vec<f32>, Vec<f64>) {
    let mut sound = vec![0.0f32; (SECONDS * rate) as usize];
    let step = 30.0 / tempo;
    let mut starts = Vec::new();
    let mut at = 0.3;
    while at < SECONDS - 0.6 {
        if dice.roll() > 0.3 {
            starts.push(at + dice.between(-0.008, 0.008));
        }
        at += step;
    }
    for (number, &at) in starts.iter().enumerate() {
        let next = starts.get(number + 1).copied().unwrap_or(SECONDS);
        let loud = dice.between(0.12, 0.3);
        match player {
            Player::Bass => {
                let (pitch, length) = (dice.between(41.0, 98.0), (next - at).min(0.9) * 0.97);
                let tone = Tone { at, length, pitch, limit: 1_200.0, decay: 0.6, loud };
                add_tone(&mut sound, rate, &tone);
            }
            Player::Strummed => {
                let length = (next - at).min(1.5);
                for string in 0..6 {
                    let at = at + 0.004 * f64::from(string);
                    let pitch = 82.0 * 1.31f64.powi(string) * dice.between(0.95, 1.05);
                    let loud = 0.4 * loud;
                    add_tone(
                        &mut sound,
                        rate,
                        &Tone { at, length, pitch, limit: 4_000.0, decay: 0.8, loud },
                    );
                }
            }
            Player::PalmMuted => {
                let pitch = dice.between(75.0, 120.0);
                let tone = Tone { at, length: 0.2, pitch, limit: 900.0, decay: 0.05, loud };
                add_tone(&mut sound, rate, &tone);
                add_burst(&mut sound, rate, at, 0.006, 0.3 * loud, dice);
            }
            Player::Clicks => add_burst(&mut sound, rate, at, 0.004, loud, dice),
        }
    }
    (sound, starts)
}

/// Adds white noise at a signal-to-noise ratio in dB.
fn add_noise(sound: &mut [f32], ratio: f64, dice: &mut Dice) {
    let power = sound.iter().map(|it| f64::from(*it).powi(2)).sum::<f64>() / sound.len() as f64;
    // The power of a uniform number from -1 to 1 is a third.
    let loud = (3.0 * power * 10f64.powf(-ratio / 10.0)).sqrt();
    sound.iter_mut().for_each(|it| *it += (loud * dice.between(-1.0, 1.0)) as f32);
}

fn heard(sound: &[f32], rate: f64) -> Vec<f64> {
    let mut flux = BandFlux::new(rate);
    let frames: Vec<SoundFrame> = sound.iter().filter_map(|sample| flux.push(*sample)).collect();
    let seconds = f64::from(flux.frame_length()) / rate;
    onsets(&frames).iter().map(|onset| onset.frame as f64 * seconds).collect()
}

/// Pairs, true onsets and found onsets.
fn matched(truth: &[f64], found: &[f64]) -> [f64; 3] {
    let mut left = found.to_vec();
    let mut pairs = 0.0;
    for at in truth {
        let near = |other: &f64| (other - at).abs() <= NEAR;
        if let Some(place) = left.iter().position(near) {
            left.remove(place);
            pairs += 1.0;
        }
    }
    [pairs, truth.len() as f64, found.len() as f64]
}

/// F1 of a player over all tempi and rates.
fn f1(player: Player, ratio: Option<f64>) -> f64 {
    let mut sums = [0.0; 3];
    for (number, tempo) in [60.0, 90.0, 120.0, 150.0, 180.0, 200.0].iter().enumerate() {
        for rate in [44_100.0, 96_000.0] {
            let mut dice = Dice(number as u64 * 77 + 5);
            let (mut sound, truth) = play(player, *tempo, rate, &mut dice);
            if let Some(ratio) = ratio {
                add_noise(&mut sound, ratio, &mut dice);
            }
            let counts = matched(&truth, &heard(&sound, rate));
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
    }
    2.0 * sums[0] / (sums[1] + sums[2])
}

#[test]
fn onsets_of_instruments_are_found() {
    for player in PLAYERS {
        let (clean, noisy) = (f1(player, None), f1(player, Some(20.0)));
        println!("{player:?}: F1 {clean:.3} clean, {noisy:.3} at 20 dB");
        assert!(clean >= 0.92, "{player:?}: {clean}");
        assert!(noisy >= 0.85, "{player:?}: {noisy}");
    }
}

#[test]
fn silence_and_noise_and_a_held_tone_have_hardly_any_onsets() {
    let rate = 48_000.0;
    let mut dice = Dice(3);
    let mut sound = vec![0.0; (SECONDS * rate) as usize];
    assert_eq!(heard(&sound, rate), [] as [f64; 0]);
    let tone = Tone { at: 0.5, length: 7.0, pitch: 110.0, limit: 800.0, decay: 100.0, loud: 0.3 };
    add_tone(&mut sound, rate, &tone);
    let found = heard(&sound, rate);
    assert!(!found.is_empty() && found.len() <= 2, "{found:?}");
    assert!((found[0] - 0.5).abs() < 0.02);
    sound.iter_mut().for_each(|it| *it = dice.between(-0.3, 0.3) as f32);
    let found = heard(&sound, rate);
    assert!(found.len() < 12, "{} onsets in noise", found.len());
}

#[test]
fn frames_do_not_depend_on_blocks_and_nonsense_is_survived() {
    let mut flux = BandFlux::new(48_000.0);
    assert_eq!(f64::from(flux.frame_length()), 48_000.0 * FRAME_SECONDS);
    for sample in [f32::NAN, f32::INFINITY, -1e30, 1e-40] {
        for _ in 0..1_000 {
            if let Some(frame) = flux.push(sample) {
                assert!(frame.flux.is_finite() && frame.level.is_finite(), "{frame:?}");
            }
        }
    }
    flux.reset();
    let mut fresh = BandFlux::new(48_000.0);
    for number in 0..5_000 {
        let sample = (f64::from(number) * 0.1).sin() as f32;
        assert_eq!(flux.push(sample), fresh.push(sample));
    }
}
