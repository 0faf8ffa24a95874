//! Cost of each kit of the audition, as built and with every lane tuned and lengthened: a busy beat in
//! blocks of 64 samples at 48 kHz, as a share of the time that the blocks last; the least of some
//! passes.

use std::time::{Duration, Instant};

use groove::Articulation::{self, Pedal, Plain, Rim, Second};
use groove::Drum;
use groove::pattern::drum::CLASSES;
use groove::synth::{AuditionKit, KITS, Kit, Trim, Trims, UNTRIMMED};

/// Sample rate in Hz, and samples per block.
const RATE: f64 = 48_000.0;
const FRAMES: usize = 64;

/// Passes, bars per pass, and blocks per sixteenth: about 120 quarter notes a minute.
const PASSES: usize = 5;
const BARS: usize = 16;
const BLOCKS: usize = 94;

/// Strokes of the bar: drum, articulation, and the sixteenths as a row of x.
const BEAT: [(Drum, Articulation, &str); 11] = [
    (Drum::Kick, Plain, "x..x..x.x.x...x."),
    (Drum::Snare, Plain, "....x..x.x......"),
    (Drum::Snare, Rim, "............x..x"),
    (Drum::ClosedHat, Plain, "xx.xxxxxxx.xxxxx"),
    (Drum::OpenHat, Plain, "..x.......x....."),
    (Drum::ClosedHat, Pedal, "....x.......x..."),
    (Drum::HighTom, Plain, ".............xx."),
    (Drum::LowTom, Plain, "..............xx"),
    (Drum::Crash, Plain, "x..............."),
    (Drum::Crash, Second, "........x......."),
    (Drum::Ride, Plain, "x.x.x.x.x.x.x.x."),
];

fn main() {
    let trimmed = [Trim { level: 1.2, pitch: 1.1, decay: 1.2 }; CLASSES];
    for &(_, kit, title) in KITS {
        for (trims, how) in [(UNTRIMMED, ""), (trimmed, ", trimmed")] {
            let shares = (0..PASSES).map(|_| {
                let blocks = BARS * 16 * BLOCKS;
                pass(kit, &trims).as_secs_f64() * RATE / (blocks * FRAMES) as f64
            });
            let least = 100.0 * shares.fold(f64::INFINITY, f64::min);
            println!("figure kit_share {least:.3} % ({title}{how})");
        }
    }
}

/// Plays the beat on a fresh kit of a kind and returns the time that it took.
fn pass(sound: Kit, trims: &Trims) -> Duration {
    let mut kit = AuditionKit::new(RATE);
    kit.set_kit(sound);
    kit.set_trims(trims);
    let [mut left, mut right] = [[0.0; FRAMES]; 2];
    let start = Instant::now();
    for step in 0..BARS * 16 {
        for (drum, articulation, row) in BEAT {
            if row.as_bytes()[step % 16] == b'x' {
                kit.strike(drum, articulation, 100);
            }
        }
        for _ in 0..BLOCKS {
            kit.render(&mut left, &mut right);
            std::hint::black_box((&left, &right));
        }
    }
    start.elapsed()
}
