//! Spectrograms of the audition kit: each drum struck softly (top row) and hard (bottom row).
//!
//! `cargo run --release -p groove --features audition --example kit -- kit.ppm`. X axis: one
//! second. Y axis: 30 Hz to 18 kHz, with lines at 100 Hz, 1 kHz and 10 kHz. Brightness: 72 dB.

use groove::Drum;
use groove::synth::AuditionKit;

const RATE: f32 = 48_000.0;
/// Width and height of one drum's spectrogram, and the margin around it, in pixels.
const WIDTH: usize = 150;
const HEIGHT: usize = 220;
const ROOM: usize = 6;
/// Lowest and highest frequency, in Hz.
const RANGE: [f32; 2] = [30.0, 18_000.0];
/// Lowest visible level, in dB below the loudest of all drums.
const FLOOR: f32 = 72.0;
/// Velocities, one per row.
const VELOCITIES: [u8; 2] = [50, 115];

fn main() -> std::io::Result<()> {
    let Some(file) = std::env::args().nth(1) else {
        return Err(std::io::Error::other("Say where the picture goes, as in: kit.ppm"));
    };
    let rows = VELOCITIES.map(|velocity| Drum::ALL.map(|drum| spectrogram(drum, velocity)));
    let loudest = rows.iter().flatten().flatten().copied().fold(f32::MIN, f32::max);
    let (across, down) = ((WIDTH + ROOM) * Drum::ALL.len(), (HEIGHT + ROOM) * rows.len());
    let mut picture = format!("P6 {across} {down} 255\n").into_bytes();
    for y in 0..down {
        for x in 0..across {
            let drum = &rows[y / (HEIGHT + ROOM)][x / (WIDTH + ROOM)];
            let (x, y) = (x % (WIDTH + ROOM), y % (HEIGHT + ROOM));
            picture.extend(if x < WIDTH && y < HEIGHT {
                let seen = (drum[y * WIDTH + x] - loudest + FLOOR) / FLOOR;
                colour(seen.clamp(0.0, 1.0), is_line(y))
            } else {
                [40; 3]
            });
        }
    }
    std::fs::write(file, picture)
}

/// Frequency of a pixel row, in Hz.
fn hertz(y: usize) -> f32 {
    let [low, high] = RANGE;
    high * (low / high).powf(y as f32 / HEIGHT as f32)
}

/// Returns true if a grid line is drawn in this row.
fn is_line(y: usize) -> bool {
    [100.0, 1_000.0, 10_000.0].iter().any(|&line| hertz(y) >= line && line > hertz(y + 1))
}

/// Level of a drum in dB per pixel, row by row.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes in samples")]
fn spectrogram(drum: Drum, velocity: u8) -> Vec<f32> {
    let mut kit = AuditionKit::new(RATE.into());
    kit.strike(drum, velocity);
    let mut left = vec![0.0; RATE as usize * 5 / 4];
    let mut right = left.clone();
    kit.render(&mut left, &mut right);
    let mut loudness = Vec::with_capacity(WIDTH * HEIGHT);
    for y in 0..HEIGHT {
        // Eight periods, within limits that keep both time and pitch sharp.
        let window = ((8.0 * RATE / hertz(y)) as usize).clamp(512, 4_096);
        let turn = std::f32::consts::TAU * hertz(y) / RATE;
        for x in 0..WIDTH {
            let start = x * RATE as usize / WIDTH;
            let part = |sound: &[f32]| {
                let mut sum = [0.0; 2];
                for (at, sample) in sound[start..start + window].iter().enumerate() {
                    let place = std::f32::consts::TAU * at as f32 / window as f32;
                    let faded = sample * (0.5 - 0.5 * place.cos());
                    let (sine, cosine) = (turn * at as f32).sin_cos();
                    sum = [sum[0] + faded * cosine, sum[1] + faded * sine];
                }
                (sum[0] * sum[0] + sum[1] * sum[1]) / (window * window) as f32
            };
            loudness.push(10.0 * (part(&left) + part(&right)).max(1e-14).log10());
        }
    }
    loudness
}

/// Colour map from black through red and yellow to white.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
fn colour(seen: f32, line: bool) -> [u8; 3] {
    [0.0, 1.0, 2.0].map(|from| {
        let part = ((3.0 * seen - from).clamp(0.0, 1.0) * 255.0) as u8;
        if line { part.max(70) } else { part }
    })
}
