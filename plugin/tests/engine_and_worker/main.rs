//! Engine and worker together, without a host and without the model. Bars are a known function of
//! take and index, so that each note identifies its take and bar.

mod controls;
mod idle_span;
mod key_release;
mod listening;
mod long_songs;
mod meter_maps;
mod performance;
mod recall;
mod restore;
mod rig;
mod seeks;
mod song_clip;
mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deep_pocket::audio::engine::Engine;
use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::link::mailbox::WorkerCommand;
use deep_pocket::link::{Fault, ModelState, link};
use deep_pocket::project::state::ProjectState;
use deep_pocket::worker::Worker;
use groove::Meter;
use groove::play::clock::Transport;
use groove::take::Take;
use rig::{Deadline, RATE, Rig, at, controls as defaults, known_bar};

fn expected(beats: u64, velocity: impl Fn(u64) -> u8) -> Vec<(u64, u8)> {
    // A sixteenth is 6,000 samples and ten ticks are 250; the first note is clipped to the start.
    (0..beats * 4).map(|step| ((step * 6_000).saturating_sub(250), velocity(step))).collect()
}

#[test]
fn a_bounce_plays_every_bar_at_any_block_size() {
    for frames in [1, 64, 480, 4_096, 65_536] {
        let mut rig = Rig::new(HostMode::Offline, known_bar);
        rig.roll(0.0, 48.0, frames);
        rig.stop();
        let mut notes = rig.notes();
        notes.truncate(48 * 4);
        assert_eq!(
            notes,
            expected(48, |step| 40 + u8::try_from(step / 16 % 10).unwrap()),
            "{frames}"
        );
        assert_eq!(rig.link.status().late, 0);
    }
}

#[test]
fn an_unreported_bounce_loses_nothing() {
    for from in [0.0, 400.0] {
        let slow = |take: &Take, meter: Meter, bar: i64| {
            std::thread::sleep(Duration::from_millis(5));
            known_bar(take, meter, bar)
        };
        let mut rig = Rig::new(HostMode::Unknown, slow);
        rig.roll(from, 64.0, 512);
        rig.stop();
        let mut notes = rig.notes();
        notes.truncate(64 * 4);
        assert_eq!(notes, expected(64, |step| 40 + u8::try_from(step / 16 % 10).unwrap()));
        assert_eq!(rig.link.status().late, 0);
    }
}

#[test]
fn real_time_equals_bounce() {
    let mut rig = Rig::new(HostMode::Realtime, known_bar);
    let start = Instant::now();
    for block in 0..200u32 {
        rig.block(f64::from(block) * 0.02, 480);
        let due = start + Duration::from_millis(10) * (block + 1);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    rig.stop();
    let mut notes = rig.notes();
    notes.truncate(16);
    assert_eq!(notes, expected(4, |_| 40));
    assert_eq!(rig.link.status().late, 0);
}

#[test]
fn in_real_time_a_late_bar_is_replaced_by_the_last_one_and_counted() {
    let slow = |take: &Take, meter: Meter, bar: i64| {
        if bar == 1 {
            std::thread::sleep(Duration::from_millis(1_500));
        }
        known_bar(take, meter, bar)
    };
    let mut rig = Rig::new(HostMode::Realtime, slow);
    let mut longest = Duration::ZERO;
    for block in 0..40 {
        // Bar 1 is requested and not answered; no block may come early enough to look like a
        // bounce.
        let begin = Instant::now();
        rig.block(3.5 + f64::from(block) * 0.02, 480);
        longest = longest.max(begin.elapsed());
        std::thread::sleep(Duration::from_millis(10));
    }
    rig.stop();
    assert!(rig.notes().iter().all(|(_, velocity)| *velocity == 40), "{:?}", rig.notes());
    assert!(rig.notes().len() >= 4);
    assert_eq!(rig.link.status().late, 1);
    assert!(longest < Duration::from_millis(100), "a block took {longest:?}");
}

#[test]
fn another_take_plays_from_the_next_beat_on() {
    for frames in [17, 480, 4_096] {
        let mut rig = Rig::new(HostMode::Offline, known_bar);
        rig.roll(0.0, 1.5, frames);
        let changed = rig.now;
        rig.controls.take.seed = 2;
        rig.roll(changed as f64 / 24_000.0, 4.0, frames);
        rig.stop();
        let beat = (changed + 3_000).div_ceil(24_000) * 24_000;
        for (at, velocity) in rig.notes() {
            let bar = u8::try_from((at + 250) / 96_000).unwrap();
            let seed = if at + 250 >= beat { 20 } else { 0 };
            assert_eq!(velocity, 40 + bar + seed, "at {at}, beat {beat}, blocks of {frames}");
        }
    }
}

#[test]
fn held_keys_are_heard_from_the_next_beat_on_and_no_longer_than_held() {
    for frames in [64, 480, 4_096, 65_536] {
        let mut rig = Rig::new(HostMode::Offline, known_bar);
        let total = 10 * 24_000u64;
        while rig.now < total {
            for (sample, velocity) in [(51_000, 90), (135_000, 0)] {
                if (rig.now..rig.now + u64::from(frames)).contains(&sample) {
                    rig.engine.key(u32::try_from(sample - rig.now).unwrap(), 49, velocity);
                }
            }
            rig.block(rig.now as f64 / 24_000.0, frames);
        }
        rig.stop();
        for (at, velocity) in rig.notes().into_iter().filter(|(at, _)| *at < total) {
            let bar = u8::try_from((at + 250) / 96_000).unwrap();
            let held = if (72_000..144_000).contains(&(at + 250)) { 40 } else { 0 };
            assert_eq!(velocity, 40 + bar + held, "at {at}, blocks of {frames}");
        }
    }
}

#[test]
fn a_moving_knob_is_heard_continuously() {
    let slow = |take: &Take, meter: Meter, bar: i64| {
        std::thread::sleep(Duration::from_millis(25));
        known_bar(take, meter, bar)
    };
    let mut rig = Rig::new(HostMode::Realtime, slow);
    let mut takes = Vec::new();
    for block in 0..150u16 {
        rig.controls.take.temperature = 0.5 + f32::from(block) / 1000.0;
        rig.block(f64::from(block) * 0.02, 480);
        takes.push(rig.link.status().playing);
        std::thread::sleep(Duration::from_millis(10));
    }
    takes.dedup();
    assert!(takes.len() >= 3, "takes that played: {takes:?}");
}

#[test]
fn the_tempo_of_a_take_is_latched_once_per_seed() {
    let tempi = Arc::new(AtomicU64::new(0));
    let told = Arc::clone(&tempi);
    let mut rig = Rig::new(HostMode::Offline, move |take: &Take, meter, bar| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        told.store(take.controls.tempo.round() as u64, Ordering::SeqCst);
        known_bar(take, meter, bar)
    });
    let play = |rig: &mut Rig, tempo: f64, from: f64| {
        rig.block_of(&Transport { tempo: Some(tempo), ..at(from) }, 480);
        rig.stop();
        tempi.load(Ordering::SeqCst)
    };
    assert_eq!(play(&mut rig, 97.0, 100.0), 97);
    assert_eq!(play(&mut rig, 140.0, 200.0), 97);
    assert_eq!(rig.state.tempo().get().tempo(), Some(97.0));
    rig.controls.take.seed = 2;
    assert_eq!(play(&mut rig, 140.0, 300.0), 140);
}

#[test]
fn a_worker_fault_is_reported_and_playback_continues() {
    let mut rig = Rig::new(HostMode::Offline, |take: &Take, meter, bar| {
        assert_ne!(bar, 1, "a planted fault");
        known_bar(take, meter, bar)
    });
    rig.roll(0.0, 12.0, 480);
    rig.stop();
    let notes = rig.notes();
    assert!(rig.link.has_fault(Fault::Worker));
    assert!(notes.iter().any(|(_, velocity)| *velocity == 42));
    assert!(notes.iter().all(|(_, velocity)| *velocity != 41));
    assert!(matches!(rig.link.model(), ModelState::Ready(_)));
}

#[test]
fn a_playing_song_that_does_not_move_hangs_no_notes() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.block(0.0, 480);
    assert_eq!(rig.heard.len(), 1, "a note sounds");
    // A host that counts in reports a playing song at a fixed position.
    rig.block(0.0, 480);
    assert_eq!(rig.heard[1..], [(480, 0)]);
    rig.block(0.0, 480);
    rig.roll(0.02, 2.0, 480);
    rig.stop();
    let begun = rig.notes().len();
    assert_eq!(begun, 8 + 1, "what was to sound sounds once");
}

#[test]
fn an_engine_fault_silences_until_the_next_activation() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.block(0.0, 480);
    let mut messages = Vec::new();
    let mut broken = true;
    rig.engine.process(&at(1.0), 24_000, &rig.state, |message| {
        if message.velocity > 0 && std::mem::take(&mut broken) {
            panic!("a planted fault");
        }
        messages.push(message);
        true
    });
    // Sounding notes have ended, and nothing follows.
    assert_eq!(messages.iter().filter(|m| m.velocity > 0).count(), 0, "{messages:?}");
    assert!(messages.iter().filter(|m| m.velocity == 0).count() >= 1);
    assert!(rig.link.has_fault(Fault::Engine));
    assert_eq!(rig.link.notices().len(), 1);
    rig.heard.clear();
    rig.roll(2.0, 2.0, 480);
    assert_eq!(rig.heard, []);
    rig.engine.activate(RATE, HostMode::Offline, &rig.state);
    rig.roll(2.0, 2.0, 480);
    assert!(!rig.heard.is_empty());
}

#[test]
fn without_a_model_the_plugin_is_silent_and_reports_why() {
    let (audio, end, link) = link();
    let _worker = Worker::start(end, Arc::clone(ProjectState::default().kept()), |_, _| {
        Err("There is no model here.".into())
    })
    .expect("a thread");
    let (mut engine, state) = (Engine::new(audio), ProjectState::default());
    engine.set_controls(&defaults());
    engine.activate(RATE, HostMode::Offline, &state);
    let begin = Instant::now();
    for block in 0..200 {
        engine.process(&at(f64::from(block)), 24_000, &state, |message| {
            panic!("{message:?} from nowhere")
        });
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "nobody waits for what cannot come");
    assert_eq!(link.notices(), ["There is no model here."]);
}

#[test]
fn a_missing_worker_does_not_stall_a_bounce() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.worker = None;
    let begin = Instant::now();
    rig.roll(800.0, 64.0, 480);
    rig.stop();
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert!(rig.link.status().late > 0);
}

#[test]
fn the_window_gets_the_playing_and_the_pending_phrase() {
    let mut rig = Rig::new(HostMode::Realtime, known_bar);
    let shown = |rig: &Rig| {
        let look = || {
            let (phrases, status) = (rig.link.phrases(), rig.link.status());
            phrases.playing.filter(|phrase| {
                phrase.number == status.playing && phrase.first_bar == status.bar.div_euclid(4) * 4
            })
        };
        Deadline::start().wait_for(look, "no phrase is shown")
    };
    // Before playback, the phrase that would play is shown.
    assert_eq!(shown(&rig).first_bar, 0);
    rig.block(-2.0, 480);
    let phrase = shown(&rig);
    assert_eq!(phrase.first_bar, -4);
    assert_eq!(phrase.bars[3], known_bar(&phrase.take, Meter::FOUR_FOUR, -1));
    let playing = rig.link.status().playing;
    rig.controls.take.seed = 2;
    rig.block(-1.98, 480);
    let status = rig.link.status();
    assert_eq!(status.playing, playing);
    assert_ne!(status.pending, 0);
    let look = || rig.link.phrases().pending.filter(|phrase| phrase.number == status.pending);
    Deadline::start().wait_for(look, "the take to come is not shown");
}

#[test]
fn bars_of_a_longer_clip_are_generated_ahead_of_the_song() {
    let mut rig = Rig::new(HostMode::Realtime, known_bar);
    rig.block(0.0, 480);
    let deadline = Deadline::start();
    let take = deadline.wait_for(|| rig.link.phrases().playing, "no phrase is shown").take;
    let kept = Arc::clone(rig.state.kept());
    let other = take.with(|take| take.seed = 9);
    for (of, first) in [(other, 100), (take, 10)] {
        rig.link.mailbox().send(WorkerCommand::PlayAhead(
            Box::new(of),
            Meter::FOUR_FOUR,
            first,
            30,
        ));
    }
    rig.link.worker_notify().wake();
    let bar = |take: &Take, bar| kept.bar(take, Meter::FOUR_FOUR, bar);
    deadline.wait_for(|| bar(&take, 39), "not all bars are played");
    for number in 10..40 {
        assert_eq!(bar(&take, number), Some(known_bar(&take, Meter::FOUR_FOUR, number)));
    }
    assert_eq!((bar(&take, 40), bar(&other, 100)), (None, None));
}

#[test]
fn a_hundred_instances_are_created_and_dropped() {
    for _ in 0..100 {
        let mut rig = Rig::new(HostMode::Offline, known_bar);
        rig.roll(0.0, 1.0, 4_096);
        // Dropped with requests pending.
        rig.controls.take.seed = 2;
        rig.block(90.0, 64);
    }
}
