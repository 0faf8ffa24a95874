//! Measures of the sounds of the audition's kits, and the decay times that they are built for.

use std::f32::consts::TAU;
use std::ops::RangeInclusive;

use groove::synth::{AuditionKit, Kit, Machine};
use groove::{Articulation, Drum};

/// Sample rate, in Hz.
pub const RATE: usize = 48_000;

/// Renders a number of samples in blocks of 64, left and right.
pub fn play(kit: &mut AuditionKit, samples: usize) -> [Vec<f32>; 2] {
    let mut sides = [vec![1.0; samples], vec![1.0; samples]];
    let [left, right] = &mut sides;
    for (left, right) in left.chunks_mut(64).zip(right.chunks_mut(64)) {
        kit.render(left, right);
    }
    sides
}

/// A stroke on a fresh kit, left and right.
pub fn stroke(
    kit: Kit,
    drum: Drum,
    articulation: Articulation,
    velocity: u8,
    samples: usize,
) -> [Vec<f32>; 2] {
    let mut audition = AuditionKit::new(RATE as f64);
    audition.set_kit(kit);
    audition.strike(drum, articulation, velocity);
    play(&mut audition, samples)
}

/// Decay times to -40 dB at full velocity that a kit is built for, in seconds.
pub fn built_decay(kit: Kit, drum: Drum, articulation: Articulation) -> RangeInclusive<f32> {
    match kit {
        Kit::Acoustic => real_decay(drum, articulation),
        Kit::Machine(machine) => machine_decay(machine, drum, articulation),
    }
}

/// Decay times as real drums have them.
fn real_decay(drum: Drum, articulation: Articulation) -> RangeInclusive<f32> {
    match (drum, articulation) {
        (Drum::Kick, _) => 0.3..=0.6,
        (Drum::Snare, Articulation::CrossStick) => 0.03..=0.15,
        (Drum::Snare, _) => 0.25..=0.5,
        (Drum::ClosedHat, Articulation::Pedal) => 0.06..=0.15,
        (Drum::ClosedHat, _) => 0.08..=0.2,
        (Drum::OpenHat, Articulation::HalfOpen | Articulation::HalfOpenEdge) => 0.35..=0.6,
        (Drum::OpenHat, _) => 0.8..=1.5,
        (Drum::LowTom | Drum::MidTom | Drum::HighTom, _) => 0.6..=1.5,
        (Drum::Crash, _) => 2.5..=4.0,
        (Drum::Ride, Articulation::Bell) => 2.0..=3.0,
        (Drum::Ride, _) => 2.0..=3.5,
    }
}

/// Decay times of drum machines with their controls in the middle.
fn machine_decay(machine: Machine, drum: Drum, articulation: Articulation) -> RangeInclusive<f32> {
    let long = (machine == Machine::Deep) == (articulation != Articulation::Second);
    match (drum, articulation) {
        (Drum::Kick, _) if long => 0.9..=1.8,
        (Drum::Kick, _) => 0.3..=0.6,
        (Drum::Snare, Articulation::CrossStick) => 0.01..=0.06,
        (Drum::Snare, _) => 0.15..=0.4,
        (Drum::ClosedHat, _) => 0.03..=0.12,
        (Drum::OpenHat, Articulation::HalfOpen | Articulation::HalfOpenEdge) => 0.15..=0.35,
        (Drum::OpenHat, _) => 0.4..=0.8,
        (Drum::LowTom | Drum::MidTom | Drum::HighTom, _) => 0.3..=0.8,
        (Drum::Crash, Articulation::Splash) => 0.3..=0.8,
        (Drum::Crash, _) => 1.0..=2.5,
        (Drum::Ride, Articulation::Bell) => 0.2..=0.6,
        (Drum::Ride, _) => 0.5..=1.5,
    }
}

/// Time from which all windows of 10 ms are at least 40 dB below the loudest, in seconds.
pub fn decay_time([left, right]: &[Vec<f32>; 2]) -> f32 {
    let window = RATE / 100;
    let powers: Vec<f32> = left
        .chunks(window)
        .zip(right.chunks(window))
        .map(|(left, right)| left.iter().chain(right).map(|sample| sample * sample).sum())
        .collect();
    let loudest = powers.iter().copied().fold(0.0, f32::max);
    let last = powers.iter().rposition(|&power| power > loudest * 1e-4).unwrap_or(0);
    (last + 1) as f32 / 100.0
}

/// Mean frequency of the first 0.2 s, weighted by power, in Hz.
pub fn centroid([left, right]: &[Vec<f32>; 2]) -> f32 {
    let samples = RATE / 5;
    let mut sums = [0.0; 2];
    for hertz in (1..400).map(|place| 50.0 * place as f32) {
        let power: f32 = [left, right].map(|side| power_at(&side[..samples], hertz)).iter().sum();
        sums = [sums[0] + power, sums[1] + power * hertz];
    }
    sums[1] / sums[0].max(1e-20)
}

/// Power at a frequency in Hz, with a resolution that the length gives.
pub fn power_at(sound: &[f32], hertz: f32) -> f32 {
    let (step_sine, step_cosine) = (TAU * hertz / RATE as f32).sin_cos();
    let (mut sine, mut cosine) = (0.0f32, 1.0f32);
    let mut sums = [0.0f32; 2];
    for sample in sound {
        sums = [sums[0] + sample * cosine, sums[1] + sample * sine];
        let next = cosine * step_cosine - sine * step_sine;
        sine = cosine * step_sine + sine * step_cosine;
        cosine = next;
    }
    (sums[0] * sums[0] + sums[1] * sums[1]) / (sound.len() * sound.len()) as f32
}

/// Highest sample, as a share of full scale.
pub fn peak(sides: &[Vec<f32>; 2]) -> f32 {
    sides.iter().flatten().fold(0.0, |most, sample| most.max(sample.abs()))
}
