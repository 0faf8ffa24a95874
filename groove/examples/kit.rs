//! Sounds of the audition kit as a table, a picture and files.
//!
//! `cargo run --release -p groove --features audition --example kit -- FOLDER` prints a table of
//! every drum and articulation of each kit. In a folder of each kit it writes a `.wav` file of each
//! sound and of some phrases, and `kit.ppm`: spectrograms of two seconds of each, 30 Hz to 18 kHz
//! with lines at 100 Hz, 1 kHz and 10 kHz, brightness over 72 dB.

use std::io::{Error, Result};
use std::path::Path;

use groove::synth::{AuditionKit, KITS, Kit};
use groove::{Articulation, Drum};

#[path = "../tests/audition/measures.rs"]
mod measures;
use measures::{RATE, built_decay, centroid, decay_time, peak, play, stroke};

/// Width and height of one spectrogram, the margin around it, in pixels, and spectrograms per row.
const WIDTH: usize = 150;
const HEIGHT: usize = 200;
const ROOM: usize = 6;
const ACROSS: usize = 7;
/// Seconds of a spectrogram.
const SECONDS: usize = 2;
/// Lowest and highest frequency, in Hz.
const RANGE: [f32; 2] = [30.0, 18_000.0];
/// Lowest visible level, in dB below the loudest of all sounds.
const FLOOR: f32 = 72.0;

fn main() -> Result<()> {
    let Some(folder) = std::env::args().nth(1) else {
        return Err(Error::other("Say which folder the sounds go to, as in: target/kit"));
    };
    for &(_, kit, title) in KITS {
        let name = title.to_lowercase().replace(' ', "-");
        println!("\n{title}:\n");
        write_kit(kit, &Path::new(&folder).join(name))?;
    }
    Ok(())
}

/// Prints the table of a kit, and writes its sounds and its picture to a folder.
fn write_kit(kit: Kit, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    println!("| drum | struck | to -40 dB, s | built for, s | mean frequency, Hz | peak, dB |");
    println!("|---|---|---|---|---|---|");
    let mut pictures = Vec::new();
    for drum in Drum::ALL {
        for &articulation in Articulation::of(drum) {
            let sides = stroke(kit, drum, articulation, 127, 6 * RATE);
            let built = built_decay(kit, drum, articulation);
            let (name, struck) = (drum.name(), articulation.name(drum));
            let (decays, level) = (decay_time(&sides), 20.0 * peak(&sides).log10());
            let mean = centroid(&sides);
            println!(
                "| {name} | {struck} | {decays:.2} | {}–{} | {mean:.0} | {level:.1} |",
                built.start(),
                built.end()
            );
            let file = format!("{:02}-{name}-{struck}.wav", pictures.len() + 1);
            write_wav(&folder.join(file.replace([' ', ','], "-").to_lowercase()), &sides)?;
            let seen = stroke(kit, drum, articulation, 115, SECONDS * RATE + 4_096);
            pictures.push(spectrogram(&seen));
        }
    }
    for (name, strokes) in phrases() {
        let sides = phrase(kit, &strokes);
        write_wav(&folder.join(format!("{:02}-{name}.wav", pictures.len() + 1)), &sides)?;
        pictures.push(spectrogram(&sides));
    }
    std::fs::write(folder.join("kit.ppm"), picture(&pictures))
}

/// A stroke of a phrase: time in seconds, drum, articulation, velocity.
type Stroke = (f32, Drum, Articulation, u8);

/// Strokes on drums that still ring: flams and a roll of the snare, a roll over the toms, the
/// hi-hat's openings, and a ride in sixteenths.
fn phrases() -> [(&'static str, Vec<Stroke>); 4] {
    use Articulation::{Bell, Edge, HalfOpen, Pedal, Plain};
    let mut snare = Vec::new();
    for start in [0.0, 0.4] {
        snare.extend([(start, Drum::Snare, Plain, 45), (start + 0.025, Drum::Snare, Plain, 110)]);
    }
    let roll = |place: u8| (0.8 + 0.0625 * f32::from(place), Drum::Snare, Plain, 50 + 3 * place);
    snare.extend((0..20).map(roll));
    let toms = (0..24).map(|place: u8| {
        let drum = [Drum::HighTom, Drum::MidTom, Drum::LowTom][usize::from(place / 8)];
        (0.0625 * f32::from(place), drum, Plain, 100)
    });
    let hats = [
        (0.0, Drum::OpenHat, Edge, 110),
        (0.5, Drum::ClosedHat, Pedal, 90),
        (0.75, Drum::OpenHat, Plain, 100),
        (1.0, Drum::OpenHat, HalfOpen, 100),
        (1.25, Drum::ClosedHat, Plain, 100),
        (1.5, Drum::ClosedHat, Edge, 110),
        (1.75, Drum::ClosedHat, Pedal, 100),
    ];
    let ride = (0..16).map(|place: u8| {
        let articulation = if place.is_multiple_of(4) { Bell } else { Plain };
        (0.125 * f32::from(place), Drum::Ride, articulation, 95)
    });
    [
        ("flams-and-roll", snare),
        ("toms", toms.collect()),
        ("hats", hats.into()),
        ("ride", ride.collect()),
    ]
}

/// Renders a phrase, left and right.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few seconds")]
fn phrase(sound: Kit, strokes: &[Stroke]) -> [Vec<f32>; 2] {
    let mut kit = AuditionKit::new(RATE as f64);
    kit.set_kit(sound);
    let mut sides = [Vec::new(), Vec::new()];
    let mut play_to = |kit: &mut AuditionKit, end: usize| {
        let rendered = play(kit, end - sides[0].len());
        sides.iter_mut().zip(rendered).for_each(|(side, more)| side.extend(more));
    };
    for &(seconds, drum, articulation, velocity) in strokes {
        play_to(&mut kit, (seconds * RATE as f32) as usize);
        kit.strike(drum, articulation, velocity);
    }
    play_to(&mut kit, 3 * RATE);
    sides
}

/// Writes a 16-bit stereo file.
#[expect(clippy::cast_possible_truncation, reason = "all samples are within -1 and 1")]
fn write_wav(file: &Path, [left, right]: &[Vec<f32>; 2]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(file, spec).map_err(Error::other)?;
    for sample in left.iter().zip(right).flat_map(|(left, right)| [left, right]) {
        writer.write_sample((sample * f32::from(i16::MAX)) as i16).map_err(Error::other)?;
    }
    writer.finalize().map_err(Error::other)
}

/// All spectrograms in rows, as a PPM file.
fn picture(sounds: &[Vec<f32>]) -> Vec<u8> {
    let loudest = sounds.iter().flatten().copied().fold(f32::MIN, f32::max);
    let rows = sounds.len().div_ceil(ACROSS);
    let (across, down) = ((WIDTH + ROOM) * ACROSS, (HEIGHT + ROOM) * rows);
    let mut picture = format!("P6 {across} {down} 255\n").into_bytes();
    for y in 0..down {
        for x in 0..across {
            let sound = sounds.get(y / (HEIGHT + ROOM) * ACROSS + x / (WIDTH + ROOM));
            let (x, y) = (x % (WIDTH + ROOM), y % (HEIGHT + ROOM));
            picture.extend(match sound {
                Some(sound) if x < WIDTH && y < HEIGHT => {
                    let seen = (sound[y * WIDTH + x] - loudest + FLOOR) / FLOOR;
                    colour(seen.clamp(0.0, 1.0), is_line(y))
                }
                _ => [40; 3],
            });
        }
    }
    picture
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

/// Level in dB per pixel, row by row.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes in samples")]
fn spectrogram(sides: &[Vec<f32>; 2]) -> Vec<f32> {
    let mut levels = Vec::with_capacity(WIDTH * HEIGHT);
    for y in 0..HEIGHT {
        // Eight periods, within limits that keep both time and pitch sharp.
        let window = ((8.0 * RATE as f32 / hertz(y)) as usize).clamp(512, 4_096);
        let turn = std::f32::consts::TAU * hertz(y) / RATE as f32;
        let waves: Vec<(f32, f32)> = (0..window)
            .map(|at| {
                let place = std::f32::consts::TAU * at as f32 / window as f32;
                let fade = (0.5 - 0.5 * place.cos()) / window as f32;
                let (sine, cosine) = (turn * at as f32).sin_cos();
                (fade * sine, fade * cosine)
            })
            .collect();
        for x in 0..WIDTH {
            let start = x * SECONDS * RATE / WIDTH;
            let part = |sound: &Vec<f32>| {
                let mut sums = [0.0; 2];
                for (sample, (sine, cosine)) in sound[start..].iter().zip(&waves) {
                    sums = [sums[0] + sample * sine, sums[1] + sample * cosine];
                }
                sums[0] * sums[0] + sums[1] * sums[1]
            };
            levels.push(10.0 * sides.iter().map(part).sum::<f32>().max(1e-14).log10());
        }
    }
    levels
}

/// Colour map from black through red and yellow to white.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
fn colour(seen: f32, line: bool) -> [u8; 3] {
    [0.0, 1.0, 2.0].map(|from| {
        let part = ((3.0 * seen - from).clamp(0.0, 1.0) * 255.0) as u8;
        if line { part.max(70) } else { part }
    })
}
