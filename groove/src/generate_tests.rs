//! What a take promises, on small models of every kind.

use std::sync::Arc;

use proptest::prelude::*;

use crate::drum::{Drum, DrumSet};
use crate::generate::Drummer;
use crate::kit::Kit;
use crate::metadata::Metadata;
use crate::model::tests::{kinds, small_bytes};
use crate::model::{Model, ModelError};
use crate::pattern::{Bar, Hit, Meter, Step};
use crate::pins::Pins;
use crate::take::{Fills, Played, Primer, Rhythm, Take};

fn drummer_of(metadata: &Metadata) -> Drummer {
    Drummer::new(Arc::new(Model::from_bytes(&small_bytes(metadata, false)).expect("a model")))
}

fn drummer() -> Drummer {
    drummer_of(&kinds()[0])
}

fn take() -> Take {
    Take { seed: 7, style: 17, ..Take::default() }
}

fn bars(take: &Take, meter: Meter, bars: std::ops::Range<i64>) -> Vec<Bar> {
    let mut drummer = drummer();
    bars.map(|bar| drummer.bar(take, meter, bar).expect("a bar")).collect()
}

fn hits(bars: &[Bar]) -> Vec<DrumSet> {
    bars.iter().flat_map(|bar| bar.steps()).map(Step::drums).collect()
}

fn drums(drums: &[Drum]) -> DrumSet {
    drums.iter().copied().collect()
}

fn struck(drums: &[Drum]) -> Step {
    let mut step = Step::SILENT;
    drums.iter().for_each(|&drum| step.set(drum, Some(Hit { velocity: 77, offset_ticks: 5 })));
    step
}

prop_compose! {
    fn primers()(kind in 0..4, bits in 0u16..512, at in 0u16..64, steps in prop::collection::vec(0u16..512, 0..70)) -> Primer {
        let steps: Vec<Step> = steps.into_iter().map(|bits| {
            struck(&DrumSet::from_bits(bits & 0x11).iter().collect::<Vec<_>>())
        }).collect();
        match kind {
            0 => Primer::Off,
            1 => Primer::Hold { drums: DrumSet::from_bits(bits), at },
            2 => Primer::Play(Played::new(&steps)),
            _ => Primer::Tap(Rhythm::of(&steps)),
        }
    }
}

prop_compose! {
    fn pinned()(cells in prop::collection::vec((0usize..128, 0usize..9, any::<bool>()), 0..12)) -> Pins {
        let mut pins = Pins::NONE;
        for (step, drum, struck) in cells {
            pins.set(step, Drum::ALL[drum], Some(struck));
        }
        pins
    }
}

prop_compose! {
    fn takes()(
        seed in any::<u32>(),
        style in 0u8..19,
        blend in (0u8..19, 0.0f32..1.0),
        temperature in 0.3f32..2.0,
        stick in prop::sample::select(vec![0.0, 0.3, 0.5, 0.8, 1.0]),
        density in -1.0f32..1.0,
        lane in (0usize..9, -1.0f32..1.0),
        off in 0u16..512,
        fills in (prop::sample::select(vec![0u8, 1, 2, 4, 8, 16]), 4u8..33, 0.0f32..1.0),
        phrase_bars in prop::sample::select(vec![1u8, 2, 4]),
        evolve in any::<bool>(),
        primer in primers(),
        pins in pinned(),
    ) -> Take {
        let mut take = Take {
            seed, style, blend, temperature, stick, density, phrase_bars, evolve, primer, pins,
            off: DrumSet::from_bits(off & off.rotate_left(3)),
            fills: Fills { every: fills.0, steps: fills.1, amount: fills.2 },
            ..Take::default()
        };
        take.lanes[lane.0] = lane.1;
        take
    }
}

fn meters() -> impl Strategy<Value = Meter> {
    prop::sample::select(vec![(4, 4), (3, 4), (7, 8), (6, 8), (1, 4)])
        .prop_map(|(numerator, denominator)| Meter::new(numerator, denominator))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_phrase_is_a_function_of_take_and_number(
        take in takes(), meter in meters(), order in prop::collection::vec(-5i64..9, 1..5),
    ) {
        let mut one = drummer();
        for phrase in order {
            let asked = one.phrase(&take, meter, phrase).expect("a phrase");
            // Streamed from the start of the song up to it, and step by step, backwards.
            let mut streaming = drummer();
            let first = take.first_bar(phrase);
            for bar in first.min(0)..first {
                streaming.bar(&take, meter, bar).expect("a bar");
            }
            let streamed: Vec<Bar> = (first..)
                .take(asked.len())
                .map(|bar| streaming.bar(&take, meter, bar).expect("a bar")).collect();
            prop_assert_eq!(&streamed, &asked);
            let mut fresh = drummer();
            for step in (0..asked.len() * meter.steps()).rev() {
                let bar = asked[step / meter.steps()];
                let played = fresh.step(&take, meter, phrase, step).expect("a step");
                prop_assert_eq!(played, bar.steps()[step % meter.steps()]);
            }
        }
    }

    #[test]
    fn pins_are_kept_in_every_phrase(take in takes(), meter in meters(), phrase in -3i64..5) {
        let played = drummer().phrase(&take, meter, phrase).expect("a phrase");
        for (place, played) in hits(&played).into_iter().enumerate() {
            prop_assert_eq!(take.pins.struck(place).without(played), DrumSet::EMPTY);
            prop_assert_eq!(take.pins.silent(place).and(played), DrumSet::EMPTY);
            let off = take.off.without(take.pins.struck(place));
            prop_assert_eq!(off.and(played), DrumSet::EMPTY);
        }
    }
}

#[test]
fn seed_meter_and_position_each_change_the_bar() {
    let four = Meter::FOUR_FOUR;
    let first = bars(&take(), four, 0..1);
    assert_ne!(first, bars(&Take { seed: 8, ..take() }, four, 0..1));
    assert_ne!(first, bars(&take(), four, 4..5));
    assert_eq!(bars(&take(), Meter::new(7, 8), 0..1)[0].steps().len(), 14);
}

#[test]
fn full_stick_repeats_the_first_bar_for_ever() {
    for evolve in [true, false] {
        let take = Take { stick: 1.0, evolve, ..take() };
        let played = bars(&take, Meter::FOUR_FOUR, -8..16);
        let first = hits(&played[8..9]);
        assert!(first.iter().any(|drums| !drums.is_empty()));
        assert!(played.iter().all(|bar| hits(&[*bar]) == first));
        // But not as a machine would.
        assert_ne!(played[8].steps(), played[9].steps());
    }
}

#[test]
fn after_a_fill_full_stick_comes_back_to_its_bar() {
    let fills = Fills { every: 2, steps: 16, amount: 1.0 };
    let take = Take { stick: 1.0, fills, ..take() };
    let played = bars(&take, Meter::FOUR_FOUR, 0..8);
    assert!((2..8).step_by(2).all(|bar| hits(&played[bar..=bar]) == hits(&played[..1])));
    assert!((1..8).step_by(2).any(|bar| hits(&played[bar..=bar]) != hits(&played[..1])));
}

#[test]
fn a_loop_repeats_the_theme_but_for_fills_and_the_crash_after_them() {
    let fills = Fills { every: 8, steps: 8, amount: 0.5 };
    let take = Take { evolve: false, fills, ..take() };
    let played = bars(&take, Meter::FOUR_FOUR, -4..28);
    let (theme, crash) = (&played[4..8], drums(&[Drum::Crash]));
    for (phrase, bars) in (-1i64..).zip(played.chunks(4)) {
        let same = |at: usize| bars[at / 16].steps()[at % 16] == theme[at / 16].steps()[at % 16];
        let fill = phrase.rem_euclid(2) == 1;
        assert!((1..64).all(|at| same(at) || fill && at >= 56), "phrase {phrase}");
        assert_eq!((56..64).all(same), !fill, "phrase {phrase}");
        let (first, was) = (bars[0].steps()[0].drums(), theme[0].steps()[0].drums());
        assert_eq!(first.without(crash), was.without(crash));
        assert!(same(0) || !fill);
    }
}

#[test]
fn held_drums_begin_the_theme_and_are_in_every_bar() {
    let held = drums(&[Drum::Ride, Drum::LowTom]);
    let take = Take { primer: Primer::Hold { drums: held, at: 36 }, ..take() };
    let played = bars(&take, Meter::FOUR_FOUR, 0..24);
    let steps = hits(&played);
    assert_eq!(held.without(steps[0]), DrumSet::EMPTY);
    for (bar, steps) in steps.chunks(16).enumerate() {
        let all = steps.iter().fold(DrumSet::EMPTY, |all, &drums| all.with(drums));
        assert_eq!(held.without(all), DrumSet::EMPTY, "bar {bar}");
        let at_once = bar % 4 == 2;
        assert!(!at_once || held.without(steps[4]).is_empty(), "bar {bar}");
    }
}

#[test]
fn a_primer_is_heard_before_the_theme() {
    let clip = vec![struck(&[Drum::Bass, Drum::Ride]); 32];
    let play = |steps: &[Step]| {
        let take = Take { stick: 1.0, primer: Primer::Play(Played::new(steps)), ..take() };
        hits(&bars(&take, Meter::FOUR_FOUR, 0..4))
    };
    // Sticking fully to what was heard is to repeat it.
    assert!(play(&clip).iter().all(|&drums| drums == clip[0].drums()));
    // Less than a bar is the end of one.
    let bar = &play(&clip[..5])[..16];
    assert!(bar[..11].iter().all(|drums| drums.is_empty()));
    assert!(bar[11..].iter().all(|&drums| drums == clip[0].drums()));
    // A primer without a hit is none.
    let unprimed = hits(&bars(&Take { stick: 1.0, ..take() }, Meter::FOUR_FOUR, 0..4));
    assert_eq!(play(&[]), unprimed);
    assert_eq!(play(&[Step::SILENT; 32]), unprimed);
}

#[test]
fn the_kit_plays_to_a_tapped_rhythm() {
    let rhythm = Rhythm { onsets: 0b1001_0010_0100_1001, steps: 16 };
    let take = Take { density: -1.0, primer: Primer::Tap(rhythm), ..take() };
    for (at, drums) in hits(&bars(&take, Meter::FOUR_FOUR, -4..8)).into_iter().enumerate() {
        assert!(!rhythm.at(at) || !drums.is_empty(), "step {at}");
    }
}

#[test]
fn a_bar_is_given_up_between_two_steps_and_taken_up_again() {
    let mut one = drummer();
    let asked = std::cell::Cell::new(0);
    let mut tries = 0;
    let bar = loop {
        tries += 1;
        asked.set(0);
        let stop = || asked.replace(asked.get() + 1) >= tries;
        if let Some(bar) = one.bar_unless(&take(), Meter::FOUR_FOUR, 5, stop).expect("a bar") {
            break bar;
        }
        assert!(tries < 1_000);
    };
    assert!(tries > 10);
    assert_eq!(bar, bars(&take(), Meter::FOUR_FOUR, 5..6)[0]);
}

#[test]
fn a_model_of_any_kind_plays_its_own_classes_at_their_pitches() {
    for metadata in kinds() {
        let kit: &Kit = &metadata.classes;
        let mut one = drummer_of(&metadata);
        let primer = Primer::Hold { drums: DrumSet::ALL, at: 0 };
        let take = Take { primer, temperature: 3.0, density: 0.3, ..take() };
        let bars: Vec<Bar> =
            (-4..8).map(|k| one.bar(&take, Meter::FOUR_FOUR, k).expect("a bar")).collect();
        // Held drums that it has begin the theme; it strikes nothing else.
        assert_eq!(bars[4].steps()[0].drums(), kit.set(DrumSet::ALL));
        let steps = || bars.iter().flat_map(|bar| bar.steps());
        assert!(steps().all(|step| usize::from(step.drums().bits()) < kit.subsets()));
        let velocities = steps().flat_map(|step| step.hits()).map(|(_, hit)| hit.velocity);
        assert!(velocities.collect::<std::collections::HashSet<_>>().len() > 5);
        for (drum, class) in kit.lanes() {
            assert!(bars.iter().all(|bar| bar.pitch(drum) == class.pitch));
        }
    }
}

#[test]
fn another_models_take_is_refused() {
    let metadata = &kinds()[0];
    let model = Model::from_bytes(&small_bytes(metadata, false)).expect("a model");
    let own = Take { model: model.identity(), ..take() };
    let mut one = Drummer::new(Arc::new(model));
    one.bar(&own, Meter::FOUR_FOUR, 0).expect("its own");
    let other = Take { model: own.model ^ 1, ..own };
    let refused = one.bar(&other, Meter::FOUR_FOUR, 0);
    assert!(matches!(refused, Err(ModelError::Another)));
}
