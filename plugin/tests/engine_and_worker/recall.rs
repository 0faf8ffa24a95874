//! Recorded primers, and recall of take and notes from a project.

use std::sync::Arc;

use deep_pocket::audio::engine::Engine;
use deep_pocket::audio::offline_detect::HostMode;
use deep_pocket::link::link;
use deep_pocket::params::controls::PrimeMode;
use deep_pocket::project::saved_state::SavedState;
use deep_pocket::project::state::ProjectState;
use deep_pocket::project::store::ProjectStore;
use deep_pocket::worker::Worker;
use groove::play::clock::Transport;
use groove::take::chart::{Chart, Section, SectionKind};
use groove::take::pins::{Pin, Pins};
use groove::take::{Primer, Take};
use groove::{Drum, Meter};
use nice_plug::params::persist::PersistentField;

use crate::rig::{RATE, Rig, at, controls, known_bar};

/// Returns the state that a project would save.
pub fn saved(state: &ProjectState) -> SavedState {
    let text = state.map(|saved| serde_json::to_string(saved).expect("text"));
    serde_json::from_str(&text).expect("a record")
}

/// Plays with keys at given samples.
fn with_keys(rig: &mut Rig, beats: u64, keys: &[(u64, u8, u8)]) {
    let end = rig.now + beats * 24_000;
    while rig.now < end {
        for &(sample, pitch, velocity) in keys {
            if (rig.now..rig.now + 480).contains(&sample) {
                let sample = u32::try_from(sample - rig.now).expect("in the block");
                rig.engine.key(sample, pitch, velocity);
            }
        }
        rig.block(rig.now as f64 / 24_000.0, 480);
    }
}

/// A bar whose velocity identifies the take's primer.
pub fn primed_bar(take: &Take, meter: Meter, _: i64) -> groove::Bar {
    let seed = match take.primer {
        Primer::Off => 1,
        Primer::Play(played) if played.steps().len() == 32 => 2,
        Primer::Tap(_) => 3,
        _ => 4,
    };
    known_bar(&Take { primer: Primer::Off, ..take.with(|take| take.seed = seed) }, meter, 0)
}

#[test]
fn notes_played_in_a_bar_prime_the_next() {
    for (prime, velocity) in [(PrimeMode::Play, 60), (PrimeMode::Tap, 80), (PrimeMode::Off, 40)] {
        let mut rig = Rig::new(HostMode::Offline, primed_bar);
        rig.controls.prime = prime;
        // A snare slightly late on the second beat of bar 1.
        with_keys(&mut rig, 12, &[(120_100, 38, 77), (121_000, 38, 0)]);
        let state = saved(&rig.state);
        rig.stop();
        let notes = rig.notes();
        let heard = |from: u64, to: u64| -> Vec<u8> {
            let notes = notes.iter().filter(|(at, _)| (from..to).contains(at));
            notes.map(|(_, velocity)| *velocity).collect()
        };
        assert!(heard(0, 191_000).iter().all(|&v| v == 40), "{prime:?}: {notes:?}");
        assert!(heard(216_000, 288_000).iter().all(|&v| v == velocity), "{prime:?}: {notes:?}");
        match (prime, state.primer) {
            (PrimeMode::Play, Primer::Play(played)) => {
                let hit = played.steps()[20].hit(Drum::Snare).expect("what was played");
                // 100 samples are 4 ticks of 25.
                assert_eq!((hit.velocity, hit.offset_ticks), (77, 4));
            }
            (PrimeMode::Tap, Primer::Tap(rhythm)) => assert_eq!(rhythm.onsets, 1 << 20),
            (PrimeMode::Off, Primer::Off) => {}
            (_, primer) => panic!("{prime:?} was saved as {primer:?}"),
        }
    }
}

/// A bar whose velocity tells the number of the take's sections.
fn charted_bar(take: &Take, meter: Meter, _: i64) -> groove::Bar {
    let seed = u32::try_from(take.chart.sections().len()).expect("few") + 1;
    let plain = Take { chart: Chart::default(), ..take.with(|take| take.seed = seed) };
    known_bar(&plain, meter, 0)
}

#[test]
fn a_chart_reaches_the_worker_and_comes_back_with_a_project() {
    let mut rig = Rig::new(HostMode::Offline, charted_bar);
    rig.roll(0.0, 4.0, 480);
    rig.state.kept().change(|extras| {
        let sections = [0, 8].map(|start| Section::new(start, SectionKind::Verse));
        assert!(extras.chart.set_sections(sections));
    });
    rig.roll(4.0, 8.0, 480);
    let record = saved(&rig.state);
    assert_eq!(record.chart.sections().len(), 2);
    rig.stop();
    let (first, last) = (rig.notes()[0].1, rig.notes().last().expect("notes").1);
    assert_eq!((first, last), (40, 80));
    let mut other = Rig::new(HostMode::Offline, charted_bar);
    other.state.set(record);
    other.roll(0.0, 4.0, 480);
    other.stop();
    assert!(other.notes().iter().all(|&(_, velocity)| velocity == 80));
}

#[test]
fn primers_and_pins_come_back_with_a_project() {
    let mut rig = Rig::new(HostMode::Offline, primed_bar);
    rig.controls.prime = PrimeMode::Tap;
    with_keys(&mut rig, 12, &[(120_100, 38, 77), (121_000, 38, 0)]);
    let mut pins = Pins::NONE;
    pins.set(7, Drum::Crash, Some(Pin::Struck));
    rig.state.kept().change(|extras| extras.pins = pins);
    let record = saved(&rig.state);
    assert!(matches!(record.primer, Primer::Tap(_)) && record.pins == pins);

    // Into a playing instance; the mode may arrive a block later or sooner.
    let asked = move |take: &Take, meter: Meter, bar: i64| {
        let mut played = primed_bar(take, meter, bar);
        if take.pins == pins {
            played.steps_mut().iter_mut().for_each(|step| {
                let hit = step.hit(Drum::Snare);
                step.set(
                    Drum::Snare,
                    hit.map(|hit| groove::Hit { velocity: hit.velocity + 9, ..hit }),
                );
            });
        }
        played
    };
    for mode_first in [true, false] {
        let mut other = Rig::new(HostMode::Offline, asked);
        other.roll(0.0, 2.0, 480);
        let mode = |rig: &mut Rig| rig.controls.prime = PrimeMode::Tap;
        if mode_first {
            mode(&mut other);
            other.roll(2.0, 0.1, 480);
        }
        other.state.set(record.clone());
        other.roll(2.1, 0.1, 480);
        mode(&mut other);
        other.roll(2.2, 6.0, 480);
        other.stop();
        let last = other.notes().last().copied().expect("notes");
        assert_eq!(last.1, 80 + 9, "mode first: {mode_first}");
    }
}

#[test]
fn a_reset_forgets_keys_and_keeps_what_was_played() {
    let mut rig = Rig::new(HostMode::Offline, primed_bar);
    rig.controls.prime = PrimeMode::Play;
    with_keys(&mut rig, 12, &[(120_100, 38, 77)]);
    rig.stop();
    rig.engine.reset();
    rig.roll(0.0, 4.0, 480);
    rig.stop();
    assert_eq!(rig.notes().last().expect("notes").1, 60);
}

#[test]
fn a_project_plays_its_notes_without_its_model() {
    let mut rig = Rig::new(HostMode::Offline, known_bar);
    rig.roll(0.0, 32.0, 480);
    let record = saved(&rig.state);
    rig.stop();
    let heard = rig.notes();

    let (audio, end, _link) = link();
    let state = ProjectState::default();
    let none = |_, _: &ProjectStore| Err("There is no model here.".into());
    let _worker = Worker::start(end, Arc::clone(state.kept()), none).expect("a thread");
    state.set(record);
    let mut engine = Engine::new(audio);
    engine.set_controls(&controls());
    engine.activate(RATE, HostMode::Offline, &state);
    let mut notes = Vec::new();
    for block in 0..4_800u32 {
        engine.process(&at(f64::from(block) * 0.02), 480, &state, |message| {
            if message.velocity > 0 {
                notes.push((u64::from(block * 480 + message.sample), message.velocity));
            }
            true
        });
    }
    engine.process(&Transport::default(), 64, &state, |_| true);
    // Eight bars and the early first note of the ninth are unchanged; later bars repeat the same
    // bar of another phrase.
    let eight = heard.iter().filter(|(at, _)| *at < 32 * 24_000 - 250).count();
    assert_eq!(notes[..eight], heard[..eight]);
    let bar =
        |number: usize| notes[number * 16..][..16].iter().map(|(_, v)| *v).collect::<Vec<_>>();
    assert!(
        (20..24).all(|number| bar(number) == bar(number - 12) || bar(number) == bar(number - 16))
    );
}
