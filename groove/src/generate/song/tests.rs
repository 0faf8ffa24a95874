//! Properties of takes with a chart, on small models.

use std::sync::Arc;

use proptest::prelude::*;

use crate::generate::Drummer;
use crate::model::Model;
use crate::model::tests::{kinds, small_bytes};
use crate::pattern::drum::Drum;
use crate::pattern::{Bar, Meter, Step};
use crate::take::chart::{Accent, Chart, Place, Section, SectionKind, Stop};
use crate::take::pins::{Pin, Pins};
use crate::take::stage::{Cue, SectionJump, SongStep, Stage};
use crate::take::{Fills, Take, TakeControls};

fn drummer() -> Drummer {
    Drummer::new(Arc::new(Model::from_bytes(&small_bytes(&kinds()[0], false)).expect("a model")))
}

fn take() -> Take {
    Take::from(TakeControls { seed: 7, style: 17, ..TakeControls::default() })
}

fn bars(take: &Take, meter: Meter, bars: std::ops::Range<i64>) -> Vec<Bar> {
    let mut drummer = drummer();
    bars.map(|bar| drummer.bar(take, meter, bar).expect("a bar")).collect()
}

fn sections(sections: &[(u16, SectionKind)]) -> Chart {
    let mut chart = Chart::default();
    let section = |&(start, kind)| Section { intensity: 0.5, ..Section::new(start, kind) };
    assert!(chart.set_sections(sections.iter().map(section)));
    chart
}

fn place(bar: u16, step: u8) -> Place {
    Place { bar, step }
}

prop_compose! {
    fn charts()(
        starts in prop::collection::vec((0u16..12, 0usize..8, 0.0f32..1.0), 0..5),
        stops in prop::collection::vec((0u16..10, 0u8..16, 1u16..40, 0u8..5), 0..4),
        accents in prop::collection::vec((0i64..12, 0usize..16, 0usize..3), 0..40),
        energy in prop::collection::vec((0i64..12, prop::array::uniform4(-1.0f32..1.0)), 0..4),
        follow in 0.0f32..1.0,
    ) -> Chart {
        let mut chart = Chart::default();
        energy.into_iter().for_each(|(bar, beats)| chart.energy.set_bar(bar, beats));
        chart.follow = follow;
        chart.set_sections(starts.into_iter().map(|(start, kind, intensity)| {
            Section { intensity, ..Section::new(start, SectionKind::ALL[kind]) }
        }));
        chart.set_stops(stops.into_iter().map(|(bar, step, length, pick_up)| {
            let end = u16::from(step) + length;
            Stop {
                start: place(bar, step),
                end: place(bar + end / 16, (end % 16) as u8),
                pick_up,
                hit: false,
            }
        }));
        for (bar, step, accent) in accents {
            let accent = [Accent::Light, Accent::Strong, Accent::Stab][accent];
            chart.accents.set(bar, step, Some(accent));
        }
        chart
    }
}

#[test]
fn energy_makes_the_song_louder_and_changes_no_drum() {
    let mut chart = sections(&[(0, SectionKind::Verse), (4, SectionKind::Chorus)]);
    let even = Take { chart, ..take() };
    for bar in 0..8 {
        let energy = -1.0 + 2.0 * bar as f32 / 7.0;
        chart.energy.set_bar(bar, [energy; 4]);
    }
    let mut pins = Pins::NONE;
    let pinned = crate::pattern::Hit::plain(64, 0);
    pins.set(3, Drum::Snare, Some(Pin::Hit(pinned)));
    let louder = Take { chart, pins, ..take() };
    let even = bars(&Take { pins, ..even }, Meter::FOUR_FOUR, 0..8);
    let played = bars(&louder, Meter::FOUR_FOUR, 0..8);
    let mut gains = Vec::new();
    for (number, (one, other)) in even.iter().zip(&played).enumerate() {
        let (mut gain, mut count) = (0.0, 0.0f32);
        for (place, (a, b)) in one.steps().iter().zip(other.steps()).enumerate() {
            assert_eq!(a.drums(), b.drums());
            for ((drum, a), (_, b)) in a.hits().zip(b.hits()) {
                assert_eq!(a.offset_ticks, b.offset_ticks);
                if (place, drum) == (3, Drum::Snare) && number % 4 == 0 {
                    assert_eq!((a, b), (pinned, pinned), "pins stay");
                    continue;
                }
                gain += f32::from(b.velocity) - f32::from(a.velocity);
                count += 1.0;
            }
        }
        gains.push(gain / count.max(1.0));
    }
    assert!(gains[0] < -5.0 && gains[7] > 4.0, "{gains:?}");
    assert!(gains.windows(2).all(|two| two[1] >= two[0] - 1.0), "{gains:?}");
    // A chart without sections plays the take.
    let mut only_energy = take();
    only_energy.chart.energy = chart.energy;
    let plain = bars(&take(), Meter::FOUR_FOUR, 0..8);
    for (a, b) in plain.iter().zip(&bars(&only_energy, Meter::FOUR_FOUR, 0..8)) {
        assert!(a.steps().iter().zip(b.steps()).all(|(a, b)| a.drums() == b.drums()));
    }
}

/// Ticks of the strokes of consecutive bars of 4/4, the first of which is the song's first.
fn ticks(bars: &[Bar]) -> Vec<i32> {
    let steps = bars.iter().flat_map(|bar| bar.steps());
    let strokes = |(at, step): (i32, &Step)| -> Vec<i32> {
        let hits = step.hits().flat_map(|(_, hit)| hit.strokes());
        hits.map(|stroke| at * 240 + i32::from(stroke.offset_ticks)).collect()
    };
    (0..).zip(steps).flat_map(strokes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn bars_of_a_song_are_pure_and_stops_are_silent(
        chart in charts(),
        evolve: bool,
        order in Just((0i64..12).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let take = Take { chart, evolve, ..take() };
        let whole = bars(&take, Meter::FOUR_FOUR, 0..12);
        let mut drummer = drummer();
        for bar in order {
            let played = drummer.bar(&take, Meter::FOUR_FOUR, bar).expect("a bar");
            prop_assert_eq!(played, whole[usize::try_from(bar).unwrap()]);
        }
        let tick = |place: Place| (i32::from(place.bar) * 16 + i32::from(place.step)) * 240;
        for stop in chart.stops() {
            let silent = tick(stop.start)..tick(stop.end) - 240 * i32::from(stop.pick_up);
            let struck = ticks(&whole).into_iter().find(|tick| silent.contains(tick));
            prop_assert_eq!(struck, None, "{:?}", stop);
        }
    }
}

#[test]
fn looped_themes_return_with_their_sections() {
    use SectionKind::{Chorus, Verse};
    let chart = sections(&[(0, Verse), (8, Chorus), (16, Verse), (24, Chorus), (32, Verse)]);
    let take = Take { chart, evolve: false, ..take() };
    let played = bars(&take, Meter::FOUR_FOUR, 0..40);
    // All but the entry after a fill and the fill itself.
    let inner = |start: usize| played[start + 1..start + 7].to_vec();
    assert_eq!(inner(0), inner(16));
    assert_eq!(inner(8), inner(24));
    assert_ne!(inner(0), inner(8));
    let alone = bars(&Take { chart: Chart::default(), ..take }, Meter::FOUR_FOUR, 1..7);
    assert_eq!(inner(0), alone, "the verse is the take's own theme");
    let evolving = bars(&Take { evolve: true, ..take }, Meter::FOUR_FOUR, 0..24);
    assert_ne!(evolving[1..7], evolving[17..23], "a variation");
}

#[test]
fn a_fill_leads_into_each_section() {
    let chart = sections(&[(0, SectionKind::Verse), (6, SectionKind::Chorus)]);
    let fills = Fills { steps: 16, ..Fills::default() };
    let plain = bars(&Take { fills, ..take() }, Meter::FOUR_FOUR, 0..6);
    let played = bars(&Take { fills, chart, ..take() }, Meter::FOUR_FOUR, 0..6);
    assert_eq!(plain[..5], played[..5]);
    assert_ne!(plain[5], played[5]);
    let strokes = [Drum::Snare, Drum::LowTom, Drum::MidTom, Drum::HighTom];
    let struck = played[5].steps().iter().flat_map(|step| step.drums().iter());
    assert!(struck.filter(|drum| strokes.contains(drum)).count() >= 7);
}

#[test]
fn accents_move_the_kick_alone() {
    let mut chart = Chart::default();
    chart.follow = 1.0;
    let accents = [3, 7, 11];
    accents.iter().for_each(|&step| {
        chart.accents.set(1, step, Some(Accent::Strong));
    });
    let without_kick = |step: &Step| {
        let mut step = *step;
        step.set(Drum::Kick, None);
        step
    };
    let mut kicks = [0, 0];
    for seed in 0..12 {
        let take = take().with(|take| take.seed = seed);
        let plain = bars(&take, Meter::FOUR_FOUR, 0..4);
        let played = bars(&Take { chart, ..take }, Meter::FOUR_FOUR, 0..4);
        assert_eq!((played[0], &played[2..]), (plain[0], &plain[2..]));
        for (step, (was, is)) in plain[1].steps().iter().zip(played[1].steps()).enumerate() {
            assert_eq!(without_kick(was), without_kick(is), "step {step}");
            if accents.contains(&step) {
                for (kicks, step) in kicks.iter_mut().zip([was, is]) {
                    *kicks += usize::from(step.drums().contains(Drum::Kick));
                }
            }
        }
        let mut off = chart;
        off.follow = 0.0;
        assert_eq!(bars(&Take { chart: off, ..take }, Meter::FOUR_FOUR, 0..4), plain);
    }
    assert!(kicks[1] > 2 * kicks[0], "{kicks:?}");
}

#[test]
fn a_stab_is_struck_and_pins_stay() {
    let mut chart = Chart::default();
    chart.accents.set(0, 6, Some(Accent::Stab));
    chart.accents.set(0, 10, Some(Accent::Stab));
    let mut pins = Pins::NONE;
    pins.set(10, Drum::Crash, Some(Pin::Silent));
    pins.set(6, Drum::Ride, Some(Pin::Struck));
    let played = bars(&Take { chart, pins, ..take() }, Meter::FOUR_FOUR, 0..1);
    let drums = |step: usize| played[0].steps()[step].drums();
    assert!([Drum::Kick, Drum::Crash, Drum::Ride].iter().all(|&drum| drums(6).contains(drum)));
    assert!(drums(10).contains(Drum::Kick) && !drums(10).contains(Drum::Crash));
}

#[test]
fn cymbals_before_a_stop_are_choked_if_asked() {
    let mut chart = Chart::default();
    chart.accents.set(0, 6, Some(Accent::Stab));
    chart.set_stops([Stop { start: place(0, 8), end: place(1, 0), pick_up: 0, hit: false }]);
    let crashes = |choke: bool| -> Vec<Option<u16>> {
        let mut chart = chart;
        chart.choke = choke;
        let take = Take { chart, ..take() };
        let played = bars(&take, Meter::FOUR_FOUR, 0..2);
        let steps = [(0, 6), (1, 0)].map(|(bar, step): (usize, usize)| &played[bar].steps()[step]);
        steps.map(|step| step.hit(Drum::Crash).map(|hit| hit.choke_ticks)).to_vec()
    };
    assert_eq!(crashes(false), [Some(0), Some(0)]);
    assert_eq!(crashes(true), [Some(480), Some(0)]);
}

#[test]
fn intensity_moves_loudness_and_fullness() {
    let at = |intensity: f32| {
        let (mut hits, mut loud) = (0.0, 0.0);
        for seed in 0..12 {
            let take = Take { intensity, ..take().with(|take| take.seed = seed) };
            for bar in bars(&take, Meter::FOUR_FOUR, 0..4) {
                for (_, hit) in bar.steps().iter().flat_map(Step::hits) {
                    hits += 1.0;
                    loud += f64::from(hit.velocity);
                }
            }
        }
        [hits, loud / hits]
    };
    let [soft, usual, full] = [0.0, 0.5, 1.0].map(at);
    for figure in 0..2 {
        assert!(soft[figure] < usual[figure] && usual[figure] < full[figure], "{soft:?} {full:?}");
    }
}

#[test]
fn a_fill_on_stage_changes_only_its_steps_and_the_entry_after_it() {
    let step = |bar, step| SongStep { bar, step };
    for chart in [Chart::default(), sections(&[(0, SectionKind::Verse), (5, SectionKind::Solo)])] {
        let take = Take { chart, ..take() };
        let plain = bars(&take, Meter::FOUR_FOUR, -1..8);
        let cue = Cue::Fill { from: step(1, 8), to: step(2, 0) };
        let stage = Stage { cue, entry: Some(step(2, 0)), ..Stage::default() };
        let played = bars(&Take { stage, ..take }, Meter::FOUR_FOUR, -1..8);
        let steps = |bars: &[Bar]| bars.iter().flat_map(|bar| bar.steps().to_vec()).collect();
        let [plain, played]: [Vec<Step>; 2] = [steps(&plain), steps(&played)];
        // Bar -1 comes first.
        let (fill, entry) = (40..48, 48);
        assert_eq!(plain[..fill.start], played[..fill.start]);
        assert_eq!(plain[entry + 1..], played[entry + 1..]);
        assert_ne!(plain[fill.clone()], played[fill]);
    }
}

#[test]
fn requests_on_stage_silence_enter_and_jump() {
    let step = |bar, step| SongStep { bar, step };
    let stage = |cue| Stage { cue, ..Stage::default() };
    let played = |stage| bars(&Take { stage, ..take() }, Meter::FOUR_FOUR, -2..4);
    assert_eq!(ticks(&played(stage(Cue::Silence))), [] as [i32; 0]);
    let end = played(stage(Cue::End { at: step(1, 4) }));
    let last = end[3].steps()[4].drums();
    assert!(last.contains(Drum::Kick) && last.contains(Drum::Crash));
    // Two bars come before the song, and early strokes of the last one sound on their step.
    assert!(ticks(&end).iter().all(|&tick| tick < (3 * 16 + 5) * 240));
    let cue = Cue::Return { from: step(0, 0), pick_up: step(1, 12), to: step(2, 0) };
    let back = ticks(&played(stage(cue)));
    assert!(!back.iter().any(|tick| (2 * 3_840..3 * 3_840 + 12 * 240).contains(tick)));
    assert!(back.iter().any(|tick| (3 * 3_840 + 12 * 240..4 * 3_840).contains(tick)));
    let chart = sections(&[(0, SectionKind::Verse), (8, SectionKind::Chorus)]);
    let take = Take { chart, ..take() };
    let section = Some(SectionJump { from: 1, to: 8, cycle: 0 });
    let jumped = Take { stage: Stage { section, ..Stage::default() }, ..take };
    let four = Meter::FOUR_FOUR;
    assert_eq!(bars(&jumped, four, 1..4), bars(&take, four, 8..11));
    let kind = Some(SectionKind::Chorus);
    let chorus = Take { stage: Stage { kind, ..Stage::default() }, ..Take::default() };
    assert_ne!(bars(&chorus, four, 0..2), bars(&Take::default(), four, 0..2));
}
