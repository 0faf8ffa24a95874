//! The pad *Intensity* by *Complexity*: its directions, heard in what the drummer plays.

use deep_pocket::params::DeepPocketParams;
use deep_pocket::params::controls::Controls;
use deep_pocket::project::models;
use groove::Meter;
use groove::generate::Drummer;
use groove::take::PadPoint;
use nice_plug::params::Param as _;

/// Styles that are averaged: rock, funk, jazz, hip-hop.
const STYLES: [&str; 4] = ["rock", "funk", "jazz", "hiphop"];
/// Takes of each style, and bars of each take.
const TAKES: u32 = 3;
const BARS: i64 = 4;

/// Hits a bar and mean velocity at a point of the pad, over takes of several styles.
fn figures(drummer: &mut Drummer, point: PadPoint) -> [f64; 2] {
    let params = DeepPocketParams::default();
    let pad = &params.pad;
    for (param, value) in [(&pad.intensity, point.intensity), (&pad.complexity, point.complexity)] {
        // SAFETY: the parameters are alive.
        unsafe { param.as_ptr()._internal_set_normalized_value(value) };
    }
    let controls = Controls::new(&params);
    let [mut hits, mut velocity, mut bars] = [0.0; 3];
    for style in STYLES {
        for seed in 0..TAKES {
            let style = groove::pattern::style::style_number(style).expect("a style");
            let take = controls.take_at(110.0);
            let take = take.with(|take| (take.style, take.seed) = (style, seed));
            for bar in 0..BARS {
                let played = drummer.bar(&take, Meter::FOUR_FOUR, bar).expect("a bar");
                let played = controls.performance.play(bar, &[played]);
                bars += 1.0;
                for (_, hit) in played.steps().iter().flat_map(|step| step.hits()) {
                    hits += 1.0;
                    velocity += f64::from(hit.velocity() * 127.0);
                }
            }
        }
    }
    [hits / bars, velocity / hits]
}

#[test]
fn the_pad_is_louder_upwards_and_busier_to_the_right() {
    let mut drummer = Drummer::new(models::built_in().expect("the shipped weights"));
    let shares = [0.0, 0.5, 1.0];
    let all = shares.map(|intensity| {
        shares.map(|complexity| {
            let found = figures(&mut drummer, PadPoint::new(complexity, intensity));
            println!(
                "intensity {intensity}, complexity {complexity}: {:.1} hits a bar, mean velocity {:.0}",
                found[0], found[1]
            );
            found
        })
    });
    for place in 0..3 {
        for step in 0..2 {
            let (row, next) = (all[place][step], all[place][step + 1]);
            assert!(next[0] > row[0], "complexity moves hits: {all:?}");
            let (column, next) = (all[step][place], all[step + 1][place]);
            assert!(next[1] > column[1], "intensity moves velocities: {all:?}");
        }
    }
}
