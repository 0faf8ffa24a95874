//! Golden files: ten takes of the shipped weights, note for note. Projects must not change by
//! accident. `BLESS=1` rewrites the files, as new weights require.

use std::path::Path;
use std::sync::Arc;

use groove::generate::Drummer;
use groove::model::Model;
use groove::pattern::midi::{Clip, MidiLayout, PitchMap};
use groove::pattern::style::style_number;
use groove::take::pins::{Pin, Pins};
use groove::take::{Fills, Played, Primer, Rhythm, Take, TakeControls};
use groove::{Drum, DrumSet, Hit, Meter, Step};

const SHIPPED: &[u8] = include_bytes!("../../assets/deep-pocket.safetensors");

fn style(name: &str) -> u8 {
    style_number(name).expect("a style")
}

fn takes() -> [(&'static str, Meter, Take); 10] {
    let four = Meter::FOUR_FOUR;
    let take = |seed, name| {
        Take::from(TakeControls { seed, style: style(name), ..TakeControls::default() })
    };
    let drums = |drums: &[Drum]| drums.iter().copied().collect::<DrumSet>();
    let mut pins = Pins::NONE;
    pins.set(60, Drum::Crash, Some(Pin::Struck));
    pins.set(4, Drum::Snare, Some(Pin::Silent));
    let mut primer = vec![Step::SILENT; 32];
    for (place, step) in primer.iter_mut().enumerate().filter(|(place, _)| place % 3 == 0) {
        let drum = if place % 2 == 0 { Drum::Kick } else { Drum::Snare };
        step.set(drum, Some(Hit::plain(90, 8)));
    }
    let mut lanes = [0.0; 9];
    lanes[Drum::Kick.index()] = 0.6;
    let held = Primer::Hold { drums: drums(&[Drum::Ride, Drum::LowTom]), at: 20 };
    let rhythm = Rhythm { onsets: 0b1001_0010_0100_1001, steps: 16 };
    let every_two = Fills { every: 2, steps: 8, amount: 0.6 };
    [
        ("rock", four, take(31, "rock")),
        ("funk-loop-fills", four, Take { evolve: false, fills: every_two, ..take(2, "funk") }),
        (
            "jazz-free",
            four,
            take(3, "jazz").with(|take| (take.stick, take.temperature) = (0.1, 1.2)),
        ),
        (
            "latin-steady",
            four,
            Take { phrase_bars: 2, ..take(4, "latin").with(|take| take.stick = 0.9) },
        ),
        ("pinned", four, Take { pins, ..take(5, "rock") }),
        ("held", four, Take { primer: held, ..take(6, "any") }),
        ("carried-on", four, Take { primer: Primer::Play(Played::new(&primer)), ..take(7, "pop") }),
        ("tapped", four, Take { primer: Primer::Tap(rhythm), ..take(8, "soul") }),
        (
            "busy-kick",
            four,
            take(9, "hiphop").with(|take| (take.lanes, take.density) = (lanes, -0.2)),
        ),
        (
            "blend-seven",
            Meter::new(7, 8),
            take(10, "reggae").with(|take| take.blend = (style("punk"), 0.4)),
        ),
    ]
}

#[test]
fn ten_takes_match_their_golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let model = Arc::new(Model::from_bytes(SHIPPED).expect("the shipped weights"));
    let bless = std::env::var_os("BLESS").is_some();
    for (name, meter, take) in takes() {
        let mut drummer = Drummer::new(Arc::clone(&model));
        let bars = (0..8).map(|bar| drummer.bar(&take, meter, bar).expect("a bar"));
        let steps: Vec<Step> = bars.flat_map(|bar| bar.steps().to_vec()).collect();
        let clip = Clip { steps, tempo: 120.0, meter };
        let path = folder.join(format!("{name}.mid"));
        let written = clip.write(&MidiLayout::new(name, Drum::PITCHES));
        if bless {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&path, written).expect("written");
            continue;
        }
        let golden = std::fs::read(&path).expect("a golden file; BLESS=1 writes them");
        if golden != written {
            let read = |bytes: &[u8]| Clip::read(bytes, PitchMap::Detect).expect("a clip").steps;
            let (was, is) = (read(&golden), read(&written));
            let first = was.iter().zip(&is).position(|(was, is)| was != is);
            panic!("{name} has changed, at step {first:?} of {} first", was.len());
        }
    }
}
