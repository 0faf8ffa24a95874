//! Performances on stage that the user keeps: the song then plays what was played on stage, live as
//! in a bounce.

use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::params::controls::LaunchGrid;
use deep_pocket::params::stage::StageKey;
use groove::take::chart::{Chart, Place, Section, SectionKind, Stop};
use groove::take::stage::{Cue, SongStep};
use groove::take::{StageAct, Take};
use groove::{Bar, Drum, Hit, Meter};

use crate::rig::{Deadline, Rig, known_bar};
use crate::stage::{BAR, BEAT, KeyEvent, down, play, up};

const FOUR: Meter = Meter::FOUR_FOUR;

/// Velocities of fills and of hits at the end.
const FILL: u8 = 100;
const HIT: u8 = 120;

/// Velocity of a step by what the requests on stage, or else the chart, say of it; 0 for silence.
fn velocity(take: &Take, at: SongStep) -> u8 {
    let stage = take.stage;
    match stage.cue {
        Cue::Fill { from, to } if (from..to).contains(&at) => return FILL,
        Cue::Silence => return 0,
        Cue::Return { from, pick_up, .. } if (from..pick_up).contains(&at) => return 0,
        Cue::Return { pick_up, to, .. } if (pick_up..to).contains(&at) => return FILL,
        Cue::End { at: end } if at == end => return HIT,
        Cue::End { at: end } if at > end => return 0,
        _ => {}
    }
    let bar = stage.chart_bar(at.bar);
    let steps = |place: Place| i64::from(place.bar) * 16 + i64::from(place.step);
    let here = bar * 16 + i64::try_from(at.step).expect("few");
    let is_here = |stop: &&Stop| (steps(stop.start)..steps(stop.end)).contains(&here);
    if let Some(stop) = take.chart.stops().iter().find(is_here) {
        return match stop {
            _ if stop.hit && steps(stop.start) == here => HIT,
            _ if steps(stop.end) - here <= i64::from(stop.pick_up) => FILL,
            _ => 0,
        };
    }
    let kind = take.chart.section_at(bar).map(|section| section.kind).or(stage.kind);
    40 + 5 * kind.unwrap_or(SectionKind::Verse) as u8
}

fn played_bar(take: &Take, meter: Meter, bar: i64) -> Bar {
    let mut played = known_bar(take, meter, bar);
    for (step, cell) in played.steps_mut().iter_mut().enumerate() {
        let velocity = velocity(take, SongStep { bar, step });
        cell.set(Drum::Snare, (velocity > 0).then(|| Hit::plain(velocity, -10)));
    }
    played
}

fn rig(mode: HostMode, chart: &Chart) -> Rig {
    let mut rig = Rig::new(mode, played_bar);
    (rig.controls.launch_grid, rig.controls.phrase_bars) = (LaunchGrid::Phrase, 8);
    rig.state.kept().change(|extras| extras.chart = *chart);
    // The take with the chart plays from the start.
    rig.stop();
    rig
}

/// Plays bars of a chart with keys, and returns the notes and what was done.
fn perform(
    chart: &Chart,
    keys: &[KeyEvent],
    bars: u64,
    frames: u32,
    cycle: u64,
) -> (Vec<(u64, u8)>, Vec<StageAct>) {
    let mut rig = rig(HostMode::Offline, chart);
    play(&mut rig, (0, bars * BAR), frames, keys, cycle);
    rig.stop();
    let notes = rig.notes();
    rig.worker = None;
    // The worker has ended after its last look at the queue.
    (notes, rig.link.performance().take().0)
}

/// Checks that the song plays what was played on stage once the performance is kept.
fn check(chart: &Chart, keys: &[KeyEvent], bars: u64) -> Chart {
    let mut kept = None;
    for frames in [17, 480, 4_096, 65_536] {
        let (live, acts) = perform(chart, keys, bars, frames, 0);
        let (next, lost) = chart.performed(&acts, FOUR);
        assert_eq!(lost, 0);
        assert_eq!(*kept.get_or_insert(next), next, "blocks of {frames}");
        let (bounced, nothing) = perform(&next, &[], bars, frames, 0);
        assert_eq!(bounced, live, "blocks of {frames}: {acts:?}");
        assert_eq!(nothing, []);
    }
    kept.expect("blocks")
}

#[test]
fn a_kept_performance_is_played_as_on_stage() {
    let keys = [
        down(BEAT + 500, StageKey::Fill),
        // Before the change after the fill is over.
        down(BAR + 500, StageKey::NextSection),
        down(3 * BAR + BEAT + 9, StageKey::Break),
        up(5 * BAR, StageKey::Break),
        down(7 * BAR + 5, StageKey::NextSection),
        down(9 * BAR + 5, StageKey::Break),
        down(9 * BAR + 2 * BEAT, StageKey::Fill),
        down(11 * BAR + 2 * BEAT + 5, StageKey::End),
    ];
    let kept = check(&Chart::default(), &keys, 13);
    let kinds: Vec<_> = kept.sections().iter().map(|it| (it.start, it.kind)).collect();
    assert_eq!(kinds, [(2, SectionKind::Chorus), (8, SectionKind::Verse)]);
    assert_eq!((kept.stops().len(), kept.bars()), (4, 16));
    // The next section, before the take without the fill has started on the beat.
    let keys = [down(BEAT + 500, StageKey::Fill), down(BAR + 10_000, StageKey::NextSection)];
    check(&Chart::default(), &keys, 4);
    // An end that another key ends.
    let keys = [down(BAR, StageKey::End), down(3 * BAR + BEAT, StageKey::Fill)];
    check(&Chart::default(), &keys, 6);
    // A break until the song stops.
    let keys = [down(BAR, StageKey::Break)];
    assert_eq!(perform(&Chart::default(), &keys, 3, 480, 0).1.len(), 1);
}

#[test]
fn a_kept_break_over_the_end_of_a_loop_is_played_as_on_stage() {
    let (cycle, bars) = (4, 12);
    // From the third beat of the last bar to a bar of the next pass; and pressed in the last beat,
    // so that it begins with the next pass.
    let stop = |start: (u16, u8), bar, pick_up| Stop {
        start: Place { bar: start.0, step: start.1 },
        end: Place { bar, step: 0 },
        pick_up,
        hit: false,
    };
    for (pressed, released, expected) in [
        (3 * BAR + 40_000, 4 * BAR + 30_000, vec![stop((0, 0), 1, 4), stop((3, 8), 4, 0)]),
        (3 * BAR + 40_000, 6 * BAR + 5, vec![stop((0, 0), 3, 4), stop((3, 8), 4, 0)]),
        (4 * BAR - 10_000, 4 * BAR + 30_000, vec![stop((0, 0), 1, 4)]),
        (4 * BAR - 10_000, 4 * BAR - 5_000, vec![stop((0, 0), 1, 4)]),
        (2 * BAR + 5, 4 * BAR - 5_000, vec![stop((0, 0), 1, 4), stop((2, 4), 4, 0)]),
    ] {
        let keys = [down(pressed, StageKey::Break), up(released, StageKey::Break)];
        for frames in [17, 480, 4_096, 65_536] {
            let (live, acts) = perform(&Chart::default(), &keys, bars, frames, cycle * BAR);
            let (kept, lost) = Chart::default().performed(&acts, FOUR);
            assert_eq!(lost, 0, "{acts:?}");
            let (again, _) = perform(&kept, &[], bars, frames, cycle * BAR);
            assert_eq!(kept.stops(), expected);
            // From the key to the end of the break in the second pass.
            let end = u64::from(expected[0].end.bar) * BAR + cycle * BAR;
            let within = |notes: &[(u64, u8)], from: u64, to: u64| -> Vec<(u64, u8)> {
                let is_in = |(at, _): &&(u64, u8)| (from..to).contains(&(at + 1_000));
                notes.iter().filter(is_in).copied().collect()
            };
            let from = pressed.min(cycle * BAR);
            assert_eq!(within(&again, from, end), within(&live, from, end), "{frames}: {acts:?}");
        }
    }
}

#[test]
fn a_kept_jump_is_played_as_on_stage() {
    let mut chart = Chart::default();
    let kinds = [SectionKind::Intro, SectionKind::Verse, SectionKind::Chorus, SectionKind::Outro];
    let starts = [0, 6, 12, 18].into_iter().zip(kinds);
    assert!(chart.set_sections(starts.map(|(start, kind)| Section::new(start, kind))));
    let place = |bar, step| Place { bar, step };
    chart.set_stops([Stop { start: place(13, 4), end: place(13, 8), pick_up: 0, hit: false }]);
    let keys = [
        down(BAR + 500, StageKey::NextSection),
        down(4 * BAR + 500, StageKey::NextSection),
        down(8 * BAR + 500, StageKey::Fill),
    ];
    let kept = check(&chart, &keys, 12);
    let kinds: Vec<_> = kept.sections().iter().map(|it| (it.start, it.kind)).collect();
    let expected = [
        (0, SectionKind::Intro),
        (2, SectionKind::Verse),
        (5, SectionKind::Chorus),
        (11, SectionKind::Outro),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn another_run_begins_another_performance_and_live_equals_bounce() {
    let mut rig = rig(HostMode::Offline, &Chart::default());
    let count = |rig: &Rig, wanted: &[StageAct]| {
        let look = || {
            let (acts, _) = rig.link.performance().take();
            (!acts.is_empty()).then_some(acts)
        };
        let acts = Deadline::start().wait_for(look, "nothing was performed");
        assert_eq!(acts, wanted);
    };
    let end = |bar| StageAct::End { at: SongStep { bar, step: 4 } };
    play(&mut rig, (0, 2 * BAR), 480, &[down(500, StageKey::End)], 0);
    count(&rig, &[end(0)]);
    rig.stop();
    play(&mut rig, (4 * BAR, 2 * BAR), 480, &[down(500, StageKey::End)], 0);
    count(&rig, &[end(4)]);
    rig.stop();
    let kept = Chart::default().performed(&[end(4)], FOUR).0;
    let notes = [HostMode::Offline, HostMode::Realtime].map(|mode| {
        // In real time a bar may be late on a busy machine; then the song is played again.
        let mut runs = (0..20).map(|_| {
            let mut rig = self::rig(mode, &kept);
            // The host stands for a moment, in which the first bars arrive.
            for _ in 0..5 {
                std::thread::sleep(std::time::Duration::from_millis(20));
                rig.stop();
            }
            for block in 0..8 * BAR / 4_800 {
                rig.block(block as f64 * 0.2, 4_800);
                if mode == HostMode::Realtime {
                    std::thread::sleep(std::time::Duration::from_millis(20));
                }
            }
            rig.stop();
            (rig.link.status().late == 0).then(|| rig.notes())
        });
        runs.find_map(|notes| notes).expect("a run without a late bar")
    });
    assert_eq!(notes[0], notes[1]);
    assert_eq!(notes[0].len(), 4 * 16 + 5);
}
