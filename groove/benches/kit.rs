//! Cost of the audition kit: a busy beat in blocks of 64 samples at 48 kHz, as a share of the
//! time that the blocks last.

use std::time::Instant;

use groove::Articulation::{Plain, Second};
use groove::Drum;
use groove::synth::AuditionKit;

fn main() {
    let mut best = f64::INFINITY;
    let mut worst = 0f64;
    for _ in 0..5 {
        let mut kit = AuditionKit::new(48_000.0);
        let [mut left, mut right] = [[0.0; 64]; 2];
        let mut spent = 0.0;
        let blocks = 94;
        for step in 0..16 * 16 {
            let mut strike = |drum, articulation| kit.strike(drum, articulation, 100);
            let place = step % 16;
            match place {
                2 | 10 => strike(Drum::OpenHat, Plain),
                _ => strike(Drum::ClosedHat, Plain),
            }
            if [0, 3, 6, 8, 10, 14].contains(&place) {
                strike(Drum::Kick, Plain);
            }
            if [4, 7, 9, 12, 15].contains(&place) {
                strike(Drum::Snare, Plain);
            }
            if place % 2 == 0 {
                strike(Drum::Ride, Plain);
            }
            if place == 0 {
                strike(Drum::Crash, Plain);
            }
            if place == 8 {
                strike(Drum::Crash, Second);
            }
            if place == 13 {
                strike(Drum::HighTom, Plain);
            }
            if place == 14 {
                strike(Drum::MidTom, Plain);
            }
            if place == 15 {
                strike(Drum::LowTom, Plain);
            }
            for _ in 0..blocks {
                let start = Instant::now();
                kit.render(&mut left, &mut right);
                let time = start.elapsed().as_secs_f64();
                worst = worst.max(time);
                spent += time;
            }
        }
        best = best.min(spent / (256.0 * blocks as f64));
    }
    let block = 64.0 / 48_000.0;
    println!("figure kit_share {:.3} %", 100.0 * best / block);
    println!("longest block {:.1} us", worst * 1e6);
}
