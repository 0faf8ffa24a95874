//! Stage keys: requests begin on the next beat or bar in blocks of any size, every note ends, and
//! nothing stays in the project.

use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::params::controls::{LaunchGrid, PrimeMode};
use deep_pocket::params::stage::StageKey;
use groove::play::clock::Transport;
use groove::take::Take;
use groove::take::chart::{Chart, Section, SectionKind};
use groove::take::stage::{Cue, SongStep, Stage};
use groove::{Bar, Drum, Hit, Meter};

use crate::rig::{Rig, at, known_bar};

/// Samples of a quarter note and of a bar at 120 bpm.
pub const BEAT: u64 = 24_000;
pub const BAR: u64 = 4 * BEAT;

/// Earliness of all strokes, in samples.
const EARLY: u64 = 250;

/// Velocities of fills, of pick-ups, of entries and of the last stroke.
const FILL: u8 = 100;
const PICK_UP: u8 = 101;
const ENTRY: u8 = 110;
const LAST: u8 = 120;

/// Block sizes, in samples.
const FRAMES: [u32; 4] = [17, 480, 4_096, 65_536];

/// A key at a sample: pitch and velocity, 0 for a release.
pub type KeyEvent = (u64, u8, u8);

/// A bar of [`known_bar`] whose velocities tell the requests on stage.
fn staged_bar(take: &Take, meter: Meter, bar: i64) -> Bar {
    let Stage { kind, cue, entry, .. } = take.stage;
    let mut velocity = 40 + take.stage.chart_bar(bar).rem_euclid(20);
    velocity += if kind.is_some() { 20 } else { 0 };
    let usual = u8::try_from(velocity).expect("below 128");
    let mut played = known_bar(take, meter, bar);
    for (step, cell) in played.steps_mut().iter_mut().enumerate() {
        let at = SongStep { bar, step };
        let velocity = match cue {
            Cue::Fill { from, to } if (from..to).contains(&at) => FILL,
            Cue::Silence => 0,
            Cue::Return { from, pick_up, .. } if (from..pick_up).contains(&at) => 0,
            Cue::Return { pick_up, to, .. } if (pick_up..to).contains(&at) => PICK_UP,
            Cue::End { at: end } if at == end => LAST,
            Cue::End { at: end } if at > end => 0,
            _ if entry == Some(at) => ENTRY,
            _ => usual,
        };
        cell.set(Drum::Snare, (velocity > 0).then(|| Hit::plain(velocity, -10)));
    }
    played
}

pub fn down(at: u64, key: StageKey) -> KeyEvent {
    (at, key.pitch(), 100)
}

pub fn up(at: u64, key: StageKey) -> KeyEvent {
    (at, key.pitch(), 0)
}

fn rig() -> Rig {
    let mut rig = Rig::new(HostMode::Offline, staged_bar);
    // Requests do not wait for the user's grid.
    (rig.controls.launch_grid, rig.controls.phrase_bars) = (LaunchGrid::Phrase, 8);
    rig
}

/// Plays from a sample of the song in blocks of one size, with keys at samples from there on.
pub fn play(
    rig: &mut Rig,
    (from, samples): (u64, u64),
    frames: u32,
    keys: &[KeyEvent],
    cycle: u64,
) {
    let begin = rig.now;
    while rig.now < begin + samples {
        let done = rig.now - begin;
        let length = u64::from(frames).min(samples - done);
        for &(sample, pitch, velocity) in keys {
            if (done..done + length).contains(&sample) {
                rig.engine.key(u32::try_from(sample - done).expect("small"), pitch, velocity);
            }
        }
        let mut position = from + done;
        if cycle > 0 {
            position %= cycle;
        }
        let loop_range = (cycle > 0).then_some((0.0, cycle as f64 / BEAT as f64));
        let transport = Transport { loop_range, ..at(position as f64 / BEAT as f64) };
        rig.block_of(&transport, u32::try_from(length).expect("small"));
    }
}

/// Velocity of each sixteenth, 0 for silence.
fn velocities(rig: &Rig, from: u64, steps: u64) -> Vec<u8> {
    let notes = rig.notes();
    let heard = |step: u64| {
        let time = from + step * BEAT / 4;
        // Before the start of a song an early stroke sounds with its first sample.
        let around = time.saturating_sub(EARLY + 2)..=time + 2;
        let mut found = notes.iter().filter(|(at, _)| around.contains(at));
        let velocity = found.next().map_or(0, |(_, velocity)| *velocity);
        assert_eq!(found.next(), None, "two strokes at step {step}");
        velocity
    };
    (0..steps).map(heard).collect()
}

/// The beat from which a key at a sample has an effect.
fn beat_after(at: u64) -> u64 {
    (at + BEAT / 8).div_ceil(BEAT) * BEAT
}

/// Checks that the notes of some bars are as expected: velocity by the sample of a step.
fn expect(keys: &[KeyEvent], bars: u64, expected: impl Fn(u64) -> Option<u8>) {
    let wanted: Vec<u8> = (0..16 * bars)
        .map(|step| {
            let usual = 40 + u8::try_from(step / 16 % 20).expect("few");
            expected(step * BEAT / 4).unwrap_or(usual)
        })
        .collect();
    for frames in FRAMES {
        let mut rig = rig();
        play(&mut rig, (0, bars * BAR), frames, keys, 0);
        rig.stop();
        assert_eq!(velocities(&rig, 0, 16 * bars), wanted, "blocks of {frames}, {keys:?}");
        assert_eq!(rig.link.status().late, 0);
    }
}

#[test]
fn a_fill_begins_on_the_next_beat_and_ends_with_the_bar() {
    for pressed in [100, 30_000, 45_000, 45_100, 70_000, 93_000, 94_000, 200_000] {
        let from = beat_after(pressed);
        let to = (from / BAR + 1) * BAR;
        let keys = [down(pressed, StageKey::Fill), up(pressed + 3_000, StageKey::Fill)];
        expect(&keys, 6, |at| match at {
            at if (from..to).contains(&at) => Some(FILL),
            at if at == to => Some(ENTRY),
            _ => None,
        });
    }
}

#[test]
fn a_break_lasts_while_its_key_is_down_and_a_bar_at_least() {
    for (pressed, released) in
        [(100, 2_000), (30_000, 36_000), (94_000, 96_000), (30_000, 300_000), (70_000, 383_000)]
    {
        let (from, next) = (beat_after(pressed), beat_after(released));
        let to = (from + BAR).max(next + BEAT).div_ceil(BAR) * BAR;
        let keys = [down(pressed, StageKey::Break), up(released, StageKey::Break)];
        expect(&keys, 8, |at| match at {
            at if (from..to - BEAT).contains(&at) => Some(0),
            at if (to - BEAT..to).contains(&at) => Some(PICK_UP),
            at if at == to => Some(ENTRY),
            _ => None,
        });
    }
}

#[test]
fn the_end_is_a_stroke_and_silence_until_another_key() {
    for pressed in [30_000, 94_000] {
        let end = beat_after(pressed);
        let after = |at: u64| (at >= end).then_some(if at == end { LAST } else { 0 });
        expect(&[down(pressed, StageKey::End)], 6, after);
        let (again, from) = (300_000, beat_after(300_000));
        let to = (from / BAR + 1) * BAR;
        expect(&[down(pressed, StageKey::End), down(again, StageKey::Fill)], 6, |at| match at {
            at if at < from => after(at),
            at if at < to => Some(FILL),
            at if at == to => Some(ENTRY),
            _ => None,
        });
    }
}

#[test]
fn without_sections_the_next_section_is_the_chorus_and_then_the_theme() {
    let keys = [
        down(30_000, StageKey::NextSection),
        down(3 * BAR + 5, StageKey::NextSection),
        // Too late for the bar line.
        down(5 * BAR - 100, StageKey::NextSection),
    ];
    expect(&keys, 8, |at| match at / BAR {
        _ if [BAR, 4 * BAR, 6 * BAR].contains(&at) => Some(ENTRY),
        bar @ (1..4 | 6..) => Some(60 + u8::try_from(bar).expect("few")),
        _ => None,
    });
}

#[test]
fn the_next_section_begins_on_the_next_bar() {
    let mut chart = Chart::default();
    assert!(chart.set_sections([0, 8, 13].map(|bar| Section::new(bar, SectionKind::Solo))));
    let play_with = |keys: &[KeyEvent], frames: u32, cycle: u64| {
        let mut rig = rig();
        rig.state.kept().change(|extras| extras.chart = chart);
        play(&mut rig, (0, 8 * BAR), frames, keys, cycle);
        rig.stop();
        let all = velocities(&rig, 0, 128);
        // The second step of each bar: no entry.
        all.iter().skip(1).step_by(16).map(|velocity| velocity - 40).collect::<Vec<u8>>()
    };
    let press = |at: u64| down(at, StageKey::NextSection);
    for frames in FRAMES {
        assert_eq!(play_with(&[], frames, 0), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(play_with(&[press(BAR + 5)], frames, 0), [0, 1, 8, 9, 10, 11, 12, 13]);
        let twice = [press(BAR + 5), press(BAR + 40_000)];
        assert_eq!(play_with(&twice, frames, 0), [0, 1, 13, 14, 15, 16, 17, 18]);
        let on = [press(BAR + 5), press(3 * BAR + 9), press(5 * BAR + 9)];
        assert_eq!(play_with(&on, frames, 0), [0, 1, 8, 9, 13, 14, 0, 1]);
        // A loop of four bars repeats four bars from there on.
        assert_eq!(play_with(&[press(BAR + 5)], frames, 4 * BAR), [0, 1, 8, 9, 10, 11, 8, 9]);
    }
}

#[test]
fn requests_go_on_at_the_start_of_a_loop() {
    let cycle = 2 * BAR;
    let play_with = |keys: &[KeyEvent], frames: u32| {
        let mut rig = rig();
        play(&mut rig, (0, 8 * BAR), frames, keys, cycle);
        rig.stop();
        velocities(&rig, 0, 128)
    };
    let usual = |step: usize| 40 + u8::try_from(step / 16 % 2).expect("few");
    let check = |keys: &[KeyEvent], wanted: &dyn Fn(usize) -> Option<u8>| {
        let wanted: Vec<u8> =
            (0..128).map(|step| wanted(step).unwrap_or_else(|| usual(step))).collect();
        for frames in FRAMES {
            assert_eq!(play_with(keys, frames), wanted, "blocks of {frames}, {keys:?}");
        }
    };
    // A fill before the end, whose entry is the start.
    check(&[down(2 * BAR - 30_000, StageKey::Fill)], &|step| match step {
        28..32 => Some(FILL),
        32 => Some(ENTRY),
        _ => None,
    });
    // Pressed in the last beat, it begins with the start.
    check(&[down(2 * BAR - 10_000, StageKey::Fill)], &|step| match step {
        32..48 => Some(FILL),
        48 => Some(ENTRY),
        _ => None,
    });
    // A break over the end of the loop, released in the next pass.
    let keys = [down(BAR + 30_000, StageKey::Break), up(2 * BAR + 30_000, StageKey::Break)];
    check(&keys, &|step| match step {
        24..44 => Some(0),
        44..48 => Some(PICK_UP),
        48 => Some(ENTRY),
        _ => None,
    });
    check(&[down(30_000, StageKey::End)], &|step| match step {
        0..8 => None,
        8 => Some(LAST),
        _ => Some(0),
    });
}

#[test]
fn a_stop_and_a_jump_end_all_requests() {
    let keys = [down(30_000, StageKey::Break), down(30_000, StageKey::NextSection)];
    for frames in FRAMES {
        for jumps in [false, true] {
            let mut rig = rig();
            play(&mut rig, (0, BAR), frames, &keys, 0);
            if !jumps {
                rig.stop();
            }
            let begin = rig.now;
            play(&mut rig, (10 * BAR, 2 * BAR), frames, &[up(500, StageKey::Break)], 0);
            rig.stop();
            let bars = [[50; 16], [51; 16]].concat();
            assert_eq!(velocities(&rig, begin, 32), bars, "blocks of {frames}");
        }
    }
}

#[test]
fn parameters_are_keys_too() {
    let mut rig = rig();
    play(&mut rig, (0, 30_000), 480, &[], 0);
    // On and off again before the next block.
    rig.controls.stage.presses[StageKey::Fill as usize] += 1;
    play(&mut rig, (30_000, 3 * BAR - 30_000), 480, &[], 0);
    rig.controls.stage.presses[StageKey::Break as usize] += 1;
    rig.controls.stage.down[StageKey::Break as usize] = true;
    play(&mut rig, (3 * BAR, 2 * BAR + BEAT), 480, &[], 0);
    rig.controls.stage.down[StageKey::Break as usize] = false;
    play(&mut rig, (5 * BAR + BEAT, 3 * BAR), 480, &[], 0);
    rig.stop();
    let heard = velocities(&rig, 0, 128);
    let fill: Vec<usize> = (0..128).filter(|&step| heard[step] == FILL).collect();
    assert_eq!(fill, (8..16).collect::<Vec<_>>());
    let silent: Vec<usize> = (0..128).filter(|&step| heard[step] == 0).collect();
    assert_eq!(silent, (52..92).collect::<Vec<_>>());
    assert_eq!(heard[92..97], [PICK_UP, PICK_UP, PICK_UP, PICK_UP, ENTRY]);
}

#[test]
fn keys_that_are_down_by_a_load_are_not_pressed() {
    let mut rig = rig();
    play(&mut rig, (0, 30_000), 480, &[], 0);
    let [fill, pause] = [StageKey::Fill, StageKey::Break].map(|key| key as usize);
    for key in [fill, pause] {
        rig.controls.stage.presses[key] += 1;
        rig.controls.stage.down[key] = true;
    }
    rig.controls.stage.loads += 1;
    play(&mut rig, (30_000, 3 * BAR - 30_000), 480, &[], 0);
    rig.controls.stage.down = [false; 4];
    play(&mut rig, (3 * BAR, BEAT), 480, &[], 0);
    rig.controls.stage.presses[fill] += 1;
    play(&mut rig, (3 * BAR + BEAT, 2 * BAR), 480, &[], 0);
    rig.stop();
    let heard = velocities(&rig, 0, 64);
    let filled: Vec<usize> = (0..64).filter(|&step| heard[step] == FILL).collect();
    assert!(!filled.is_empty() && filled[0] >= 52, "{filled:?}");
    assert!(!heard.contains(&0), "{heard:?}");
}

#[test]
fn nothing_of_it_stays_in_the_project() {
    let mut rig = rig();
    let before = (rig.state.kept().extras(), rig.state.kept().changes());
    let keys = [down(30_000, StageKey::Fill), down(3 * BAR, StageKey::NextSection)];
    play(&mut rig, (0, 6 * BAR), 480, &keys, 0);
    rig.stop();
    let after = (rig.state.kept().extras(), rig.state.kept().changes());
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    let shown = rig.link.phrases().playing.expect("a phrase").take;
    assert!(shown.stage.is_empty());
    let saved =
        (0..6).filter_map(|bar| Some((bar, rig.state.kept().bar(&shown, Meter::FOUR_FOUR, bar)?)));
    for (bar, played) in saved {
        assert_eq!(played, staged_bar(&shown, Meter::FOUR_FOUR, bar));
    }
}

#[test]
fn stage_keys_are_no_held_keys() {
    let mut rig = rig();
    (rig.controls.gate, rig.controls.prime) = (true, PrimeMode::Off);
    play(&mut rig, (0, 4 * BAR), 480, &[down(30_000, StageKey::Fill)], 0);
    rig.stop();
    assert_eq!(rig.notes(), [], "the gate stays closed");
    assert!(StageKey::ALL.iter().all(|key| Drum::from_general_midi(key.pitch()).is_none()));
    assert!((0..=127).filter_map(StageKey::of_pitch).eq(StageKey::ALL));
}

/// A pseudo-random number below a limit.
fn draw(state: &mut u64, end: u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (*state >> 33) % end
}

#[test]
fn random_keys_sound_the_same_in_blocks_of_any_size() {
    for seed in 0..40u64 {
        let mut state = seed + 1;
        let parts: Vec<_> = (0..3)
            .map(|_| {
                let cycle = [0, 0, 8 * BAR, 2 * BAR, BAR, 3 * BEAT, BEAT / 2, 700];
                let cycle = cycle[usize::try_from(draw(&mut state, 8)).expect("small")];
                let from = draw(&mut state, if cycle > 0 { cycle } else { 6 * BAR });
                let samples = BAR + draw(&mut state, 4 * BAR);
                let keys: Vec<KeyEvent> = (0..draw(&mut state, 8))
                    .map(|_| {
                        let place = draw(&mut state, 4);
                        let key = StageKey::ALL[usize::try_from(place).expect("small")];
                        let velocity = if draw(&mut state, 3) == 0 { 0 } else { 90 };
                        (draw(&mut state, samples), key.pitch(), velocity)
                    })
                    .collect();
                let mut keys = keys;
                keys.sort_unstable();
                (from, samples, keys, cycle)
            })
            .collect();
        let heard = FRAMES.map(|frames| {
            let mut rig = rig();
            for (from, samples, keys, cycle) in &parts {
                play(&mut rig, (*from, *samples), frames, keys, *cycle);
            }
            rig.stop();
            rig.notes()
        });
        for other in &heard[1..] {
            assert_eq!(heard[0], *other, "seed {seed}: {parts:?}");
        }
    }
}
