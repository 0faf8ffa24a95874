//! Properties of takes, on small models of every kind.

use std::sync::Arc;

use proptest::prelude::*;

use crate::generate::Drummer;
use crate::model::feel::is_clear;
use crate::model::metadata::Metadata;
use crate::model::tests::{kinds, small_bytes};
use crate::model::{Model, ModelError};
use crate::pattern::drum::{Drum, DrumSet};
use crate::pattern::kit::DrumClasses;
use crate::pattern::{Bar, Hit, Meter, Step};
use crate::take::pins::{Pin, Pins};
use crate::take::{Fills, Played, Primer, Rhythm, Take, TakeControls, Toward};

fn drummer_of(metadata: &Metadata) -> Drummer {
    Drummer::new(Arc::new(Model::from_bytes(&small_bytes(metadata, false)).expect("a model")))
}

fn drummer() -> Drummer {
    drummer_of(&kinds()[0])
}

fn take() -> Take {
    Take::from(TakeControls { seed: 7, style: 17, ..TakeControls::default() })
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
    drums.iter().for_each(|&drum| step.set(drum, Some(Hit::plain(77, 5))));
    step
}

#[test]
fn theme_follows_the_lead_in_of_its_style_or_the_primer() {
    let theme = |take: &Take| hits(&bars(take, Meter::FOUR_FOUR, 0..4));
    let rock = take();
    let plain = Model::from_bytes(&small_bytes(&kinds()[0], false)).expect("a model");
    assert_eq!(plain.lead_ins().len(), 2);
    // The same random numbers after another lead-in give another beat.
    assert_ne!(theme(&rock), theme(&rock.with(|take| take.style = 3)));
    let played = Played::new(&plain.lead_ins()[0].steps);
    let primer = Primer::Play(played);
    let primed = Take { primer, ..rock.with(|take| take.tempo = plain.lead_ins()[0].tempo) };
    // The first bar sticks to a primer, and to a lead-in as closely as drummers would.
    assert_eq!(theme(&primed), theme(&rock), "the lead-in, as a primer");
}

#[test]
fn stick_leaves_the_first_bar_alone_and_changes_those_after_it() {
    let theme = |stick: f32| bars(&take().with(|take| take.stick = stick), Meter::FOUR_FOUR, 0..4);
    let [free, usual, whole] = [0.0, 0.5, 1.0].map(theme);
    assert!(free[0] == usual[0] && usual[0] == whole[0]);
    assert!(whole[1..].iter().all(|bar| hits(&[*bar]) == hits(&whole[..1])));
    assert!(hits(&usual[1..]) != hits(&whole[1..]));
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
            let pin = if struck { Pin::Struck } else { Pin::Silent };
            pins.set(step, Drum::ALL[drum], Some(pin));
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
        let mut take = Take { controls: TakeControls { seed, style, blend, temperature, stick, density, off: DrumSet::from_bits(off & off.rotate_left(3)), ..TakeControls::default() }, phrase_bars, evolve, primer, pins, fills: Fills { every: fills.0, steps: fills.1, amount: fills.2 }, ..Take::default() };
        take.controls.lanes[lane.0] = lane.1;
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
            let requested = one.phrase(&take, meter, phrase).expect("a phrase");
            // Streamed from the start of the song, and step by step backwards.
            let mut streaming = drummer();
            let first = take.first_bar(phrase);
            for bar in first.min(0)..first {
                streaming.bar(&take, meter, bar).expect("a bar");
            }
            let streamed: Vec<Bar> = (first..)
                .take(requested.len())
                .map(|bar| streaming.bar(&take, meter, bar).expect("a bar")).collect();
            prop_assert_eq!(&streamed, &requested);
            let mut fresh = drummer();
            for step in (0..requested.len() * meter.steps()).rev() {
                let bar = requested[step / meter.steps()];
                let played = fresh.step(&take, meter, phrase, step).expect("a step");
                prop_assert_eq!(played, bar.steps()[step % meter.steps()]);
            }
        }
    }

    #[test]
    fn pins_are_kept_in_every_phrase(take in takes(), meter in meters(), phrase in -3i64..5) {
        let played = drummer().phrase(&take, meter, phrase).expect("a phrase");
        for (place, step) in played.iter().flat_map(Bar::steps).enumerate() {
            let played = step.drums();
            prop_assert_eq!(take.pins.struck(place).without(played), DrumSet::EMPTY);
            for drum in take.pins.struck(place).iter() {
                prop_assert!(step.hit(drum).is_some_and(is_clear), "{step:?}");
            }
            prop_assert_eq!(take.pins.silent(place).and(played), DrumSet::EMPTY);
            let off = take.controls.off.without(take.pins.struck(place));
            prop_assert_eq!(off.and(played), DrumSet::EMPTY);
        }
    }
}

#[test]
fn seed_meter_and_position_each_change_the_bar() {
    let four = Meter::FOUR_FOUR;
    let first = bars(&take(), four, 0..1);
    assert_ne!(first, bars(&take().with(|take| take.seed = 8), four, 0..1));
    assert_ne!(first, bars(&take(), four, 4..5));
    assert_eq!(bars(&take(), Meter::new(7, 8), 0..1)[0].steps().len(), 14);
}

#[test]
fn full_stick_repeats_the_first_bar_for_ever() {
    for evolve in [true, false] {
        let take = Take { evolve, ..take().with(|take| take.stick = 1.0) };
        let played = bars(&take, Meter::FOUR_FOUR, -8..16);
        let first = hits(&played[8..9]);
        assert!(first.iter().any(|drums| !drums.is_empty()));
        assert!(played.iter().all(|bar| hits(&[*bar]) == first));
        // The hits repeat; their velocities and offsets differ.
        assert_ne!(played[8].steps(), played[9].steps());
    }
}

#[test]
fn full_stick_returns_to_its_bar_after_a_fill() {
    let fills = Fills { every: 2, steps: 16, amount: 1.0 };
    let take = Take { fills, ..take().with(|take| take.stick = 1.0) };
    let played = bars(&take, Meter::FOUR_FOUR, 0..8);
    assert!((2..8).step_by(2).all(|bar| hits(&played[bar..=bar]) == hits(&played[..1])));
    assert!((1..8).step_by(2).any(|bar| hits(&played[bar..=bar]) != hits(&played[..1])));
}

#[test]
fn looped_phrases_repeat_the_theme_except_for_fills_and_their_crash() {
    let fills = Fills { every: 8, steps: 8, amount: 0.5 };
    let take = Take { evolve: false, fills, ..take() };
    let played = bars(&take, Meter::FOUR_FOUR, -4..28);
    let (theme, added) = (&played[4..8], drums(&[Drum::Crash, Drum::Kick]));
    for (phrase, bars) in (-1i64..).zip(played.chunks(4)) {
        let same = |at: usize| bars[at / 16].steps()[at % 16] == theme[at / 16].steps()[at % 16];
        let fill = phrase.rem_euclid(2) == 1;
        assert!((1..64).all(|at| same(at) || fill && at >= 56), "phrase {phrase}");
        assert_eq!((56..64).all(same), !fill, "phrase {phrase}");
        let (first, was) = (bars[0].steps()[0].drums(), theme[0].steps()[0].drums());
        assert_eq!(first.without(added), was.without(added));
        assert_eq!(was.without(first), DrumSet::EMPTY);
        assert!(same(0) || !fill);
    }
}

#[test]
fn fills_whose_period_differs_from_the_phrase_are_at_their_bars() {
    for evolve in [true, false] {
        let fills = Fills { every: 3, steps: 8, amount: 0.5 };
        let take = Take { evolve, fills, ..take() };
        let played = bars(&take, Meter::FOUR_FOUR, 0..24);
        let strokes = drums(&crate::generate::conditioning::fill_quota::STROKE_DRUMS);
        for (number, bar) in played.iter().enumerate().filter(|(number, _)| number % 3 == 2) {
            let end = hits(&[*bar])[8..].iter().map(|step| step.and(strokes).len()).sum::<u32>();
            assert!(end >= 4, "bar {number}: {end} strokes");
        }
        // In a loop, a bar without a fill equals the theme's, except for the step after a fill.
        for (number, bar) in played.iter().enumerate() {
            let (fill, theme) = (number % 3 == 2, number % 4);
            if !evolve && !fill && theme != 2 {
                assert_eq!(bar.steps()[1..], played[theme].steps()[1..], "bar {number}");
            }
        }
    }
}

#[test]
fn a_fill_has_its_strokes_in_every_meter_and_more_with_its_amount() {
    let strokes = drums(&crate::generate::conditioning::fill_quota::STROKE_DRUMS);
    for (n, d, steps) in [(4, 4, 4u8), (4, 4, 32), (3, 4, 8), (6, 8, 12), (7, 8, 14)] {
        let meter = Meter::new(n, d);
        let mean = |amount: f32| -> f32 {
            let of = |seed: u32| {
                let fills = Fills { every: 4, steps, amount };
                let played =
                    bars(&Take { fills, ..take().with(|take| take.seed = seed) }, meter, 0..4);
                let fill = &hits(&played)[4 * meter.steps() - usize::from(steps)..];
                let struck = fill.iter().map(|step| step.and(strokes).len()).sum::<u32>() as f32;
                let least = 1.75 * f32::from(steps) / 4.0;
                assert!(struck >= (least - 0.5).ceil(), "{n}/{d}, seed {seed}: {struck}");
                struck
            };
            (0..12).map(of).sum::<f32>() / 12.0
        };
        let all = [0.0, 0.5, 1.0].map(mean);
        assert!(all.is_sorted_by(|less, more| less < more), "{n}/{d}, {steps} steps: {all:?}");
    }
}

#[test]
fn most_fills_are_followed_by_crash_and_kick() {
    let both = drums(&[Drum::Crash, Drum::Kick]);
    for evolve in [true, false] {
        let of = |seed: u32| {
            let fills = Fills { every: 4, steps: 8, amount: 0.5 };
            let played = bars(
                &Take { evolve, fills, ..take().with(|take| take.seed = seed) },
                Meter::FOUR_FOUR,
                4..5,
            );
            both.without(hits(&played)[0]).is_empty()
        };
        let share = (0..60).filter(|&seed| of(seed)).count();
        assert!((30..60).contains(&share), "{share} of 60");
        let off = Take {
            fills: Fills { every: 4, ..Fills::default() },
            ..take().with(|take| take.off = both)
        };
        let played = bars(&Take { evolve, ..off }, Meter::FOUR_FOUR, 4..5);
        assert!(hits(&played)[0].and(both).is_empty(), "drums that are off stay off");
    }
}

#[test]
fn held_drums_begin_the_theme_and_are_in_every_bar() {
    let held = drums(&[Drum::Ride, Drum::LowTom]);
    let take = Take { primer: Primer::Hold { drums: held, at: 36 }, ..take() };
    let played = bars(&take, Meter::FOUR_FOUR, 0..24);
    let steps = hits(&played);
    assert_eq!(held.without(steps[0]), DrumSet::EMPTY);
    let first = &played[0].steps()[0];
    assert!(held.iter().all(|drum| first.hit(drum).is_some_and(is_clear)), "{first:?}");
    for (bar, steps) in steps.chunks(16).enumerate() {
        let all = steps.iter().fold(DrumSet::EMPTY, |all, &drums| all.with(drums));
        assert_eq!(held.without(all), DrumSet::EMPTY, "bar {bar}");
        let at_once = bar % 4 == 2;
        assert!(!at_once || held.without(steps[4]).is_empty(), "bar {bar}");
    }
}

#[test]
fn a_primer_is_heard_before_the_theme() {
    let clip = vec![struck(&[Drum::Kick, Drum::Ride]); 32];
    let play = |steps: &[Step]| {
        let take = Take {
            primer: Primer::Play(Played::new(steps)),
            ..take().with(|take| take.stick = 1.0)
        };
        hits(&bars(&take, Meter::FOUR_FOUR, 0..4))
    };
    // Full stick repeats the primer.
    assert!(play(&clip).iter().all(|&drums| drums == clip[0].drums()));
    // Less than one bar is the end of one.
    let bar = &play(&clip[..5])[..16];
    assert!(bar[..11].iter().all(|drums| drums.is_empty()));
    assert!(bar[11..].iter().all(|&drums| drums == clip[0].drums()));
    // A primer without hits counts as none.
    let unprimed = hits(&bars(&take().with(|take| take.stick = 1.0), Meter::FOUR_FOUR, 0..4));
    assert_eq!(play(&[]), unprimed);
    assert_eq!(play(&[Step::SILENT; 32]), unprimed);
}

#[test]
fn the_kit_plays_to_a_tapped_rhythm() {
    let rhythm = Rhythm { onsets: 0b1001_0010_0100_1001, steps: 16 };
    let take = Take { primer: Primer::Tap(rhythm), ..take().with(|take| take.density = -1.0) };
    for (at, drums) in hits(&bars(&take, Meter::FOUR_FOUR, -4..8)).into_iter().enumerate() {
        assert!(!rhythm.at(at) || !drums.is_empty(), "step {at}");
    }
}

#[test]
fn bar_is_cancelled_between_steps_and_resumed() {
    let mut one = drummer();
    let requested = std::cell::Cell::new(0);
    let mut tries = 0;
    let bar = loop {
        tries += 1;
        requested.set(0);
        let stop = || requested.replace(requested.get() + 1) >= tries;
        if let Some(bar) = one.bar_cancellable(&take(), Meter::FOUR_FOUR, 5, stop).expect("a bar") {
            break bar;
        }
        assert!(tries < 1_000);
    };
    assert!(tries > 5);
    assert_eq!(bar, bars(&take(), Meter::FOUR_FOUR, 5..6)[0]);
}

#[test]
fn every_kind_of_model_plays_its_own_classes_and_pitches() {
    for metadata in kinds() {
        let kit: &DrumClasses = &metadata.classes;
        let mut one = drummer_of(&metadata);
        let primer = Primer::Hold { drums: DrumSet::ALL, at: 0 };
        let take =
            Take { primer, ..take().with(|take| (take.temperature, take.density) = (3.0, 0.3)) };
        let bars: Vec<Bar> =
            (-4..8).map(|k| one.bar(&take, Meter::FOUR_FOUR, k).expect("a bar")).collect();
        // The theme begins with the held drums that the kit has, and with no others.
        assert_eq!(bars[4].steps()[0].drums(), kit.set(DrumSet::ALL));
        let steps = || bars.iter().flat_map(|bar| bar.steps());
        assert!(steps().all(|step| usize::from(step.drums().bits()) < kit.subsets()));
        let velocities = steps().flat_map(|step| step.hits()).map(|(_, hit)| hit.velocity);
        assert!(velocities.collect::<std::collections::HashSet<_>>().len() > 5);
        for (drum, class) in kit.lanes() {
            assert!(bars.iter().all(|bar| bar.pitches().lanes()[drum.index()] == class.pitch));
        }
    }
}

#[test]
fn a_take_of_another_model_is_refused() {
    let metadata = &kinds()[0];
    let model = Model::from_bytes(&small_bytes(metadata, false)).expect("a model");
    let own = Take { model: model.identity(), ..take() };
    let mut one = Drummer::new(Arc::new(model));
    one.bar(&own, Meter::FOUR_FOUR, 0).expect("its own");
    let other = Take { model: own.model ^ 1, ..own };
    let refused = one.bar(&other, Meter::FOUR_FOUR, 0);
    assert!(matches!(refused, Err(ModelError::Another)));
}

#[test]
fn pinned_hit_is_played_exactly_and_changes_no_other_hit() {
    let before = bars(&take(), Meter::FOUR_FOUR, 0..8);
    let theme: Vec<Step> = before[..4].iter().flat_map(|bar| bar.steps().to_vec()).collect();
    let (place, drum) = (0..)
        .zip(&theme)
        .find_map(|(place, step)| step.hits().next().map(|(drum, _)| (place, drum)))
        .expect("a hit");
    let hit = Hit::plain(3, 101);
    let mut painted = take();
    painted.pins.set(place, drum, Some(Pin::Hit(hit)));
    let after = bars(&painted, Meter::FOUR_FOUR, 0..8);
    assert_eq!(after[place / 16].steps()[place % 16].hit(drum), Some(hit));
    assert_eq!(hits(&after[..4]), hits(&before[..4]));
    // In every phrase, and also where bars repeat.
    for stick in [0.2, 1.0] {
        let mut take = Take { phrase_bars: 1, ..take().with(|take| take.stick = stick) };
        take.pins.set(2, Drum::LowTom, Some(Pin::Hit(hit)));
        for bar in bars(&take, Meter::FOUR_FOUR, -2..5) {
            assert_eq!(bar.steps()[2].hit(Drum::LowTom), Some(hit), "stick {stick}");
        }
    }
}

#[test]
fn morph_begins_and_ends_with_the_two_themes() {
    let other = take()
        .with(|take| (take.seed, take.style, take.stick, take.temperature) = (91, 6, 0.8, 1.3));
    let toward =
        |share| Take { toward: Some(Toward { share, controls: other.controls }), ..take() };
    let theme = |take: &Take| bars(take, Meter::FOUR_FOUR, 0..4);
    assert_eq!(theme(&toward(0.0)), theme(&take()));
    assert_eq!(theme(&toward(1.0)), theme(&other));
    let between = hits(&theme(&toward(0.5)));
    for ((step, one), two) in between.iter().zip(hits(&theme(&take()))).zip(hits(&theme(&other))) {
        assert_eq!(one.and(two).without(*step), DrumSet::EMPTY, "what both have stays");
        assert_eq!(step.without(one.with(two)), DrumSet::EMPTY, "what neither has stays away");
    }
    assert!(between != hits(&theme(&take())) && between != hits(&theme(&other)));
}

#[test]
fn morph_is_a_function_of_the_position_and_keeps_its_pins() {
    let other = take().with(|take| (take.seed, take.style, take.lanes) = (91, 6, [0.4; 9]));
    let mut take = Take { toward: Some(Toward { share: 0.4, controls: other.controls }), ..take() };
    take.fills.every = 4;
    take.pins.set(9, Drum::HighTom, Some(Pin::Struck));
    take.pins.set(0, Drum::Kick, Some(Pin::Silent));
    let order: Vec<i64> = vec![13, 0, -3, 7, 2, 13, 5];
    let mut drummer = drummer();
    for bar in order {
        let again = drummer.bar(&take, Meter::FOUR_FOUR, bar).expect("a bar");
        // Other bars in between change nothing.
        let share = Take { toward: Some(Toward { share: 0.9, controls: other.controls }), ..take };
        drummer.bar(&share, Meter::FOUR_FOUR, bar).expect("a bar");
        assert_eq!(bars(&take, Meter::FOUR_FOUR, bar..bar + 1), [again], "bar {bar}");
        if bar.rem_euclid(4) == 0 {
            assert!(again.steps()[9].hit(Drum::HighTom).is_some());
            assert!(again.steps()[0].hit(Drum::Kick).is_none());
        }
    }
}
