//! Undo, A/B, pins, presets and dropped files, as a musician expects them.

mod chart;
mod held_lanes;
mod undo;

use std::cell::RefCell;
use std::sync::Arc;

use groove::pattern::midi::{Clip, MidiLayout};
use groove::take::chart::{MAX_SECTIONS, Section, SectionKind};
use groove::take::pins::{Pin, Pins};
use groove::take::{Primer, Rhythm, Take, TakeControls};
use groove::{Drum, Hit, Meter, Step};
use nice_plug::params::Param;
use nice_plug::params::internals::ParamPtr;
use nice_plug::params::persist::PersistentField;

use crate::link::link;
use crate::link::mailbox::WorkerCommand;
use crate::params::writer::tests::at_once;
use crate::params::{DeepPocketParams, PrimeMode};
use crate::project::presets::Preset;
use crate::project::saved_state::SavedState;
use crate::session::{Session, Side};

struct Bench {
    params: Arc<DeepPocketParams>,
    session: Session,
    now: f64,
}

impl Bench {
    fn new() -> Self {
        let params = Arc::new(DeepPocketParams::default());
        let (_, _, link) = link();
        let mut bench =
            Bench { session: Session::new(Arc::clone(&params), link), params, now: 10.0 };
        bench.wait();
        bench
    }

    /// Advances one frame.
    fn look(&mut self, busy: bool) {
        self.now += 0.02;
        self.session.update(self.now, busy, &mut at_once);
    }

    /// Advances until every change is committed.
    fn wait(&mut self) {
        (0..60).for_each(|_| self.look(false));
    }

    fn turn<P: Param>(&mut self, param: impl Fn(&DeepPocketParams) -> &P, to: P::Plain) {
        let param = param(&self.params);
        at_once(param.as_ptr(), param.preview_normalized(to));
    }

    fn saved(&self) -> SavedState {
        let text = self.params.state.map(|saved| serde_json::to_string(saved).expect("text"));
        serde_json::from_str(&text).expect("a record")
    }

    fn takes(&self) -> usize {
        self.session.history(|history| history.all().0.len())
    }
}

#[test]
fn a_drag_is_one_undo() {
    let mut bench = Bench::new();
    let first = bench.session.take();
    for step in 0..30u8 {
        bench.turn(|params| &params.drummer.stick, 0.5 + f32::from(step) / 100.0);
        bench.look(true);
    }
    // The knob is held without moving.
    (0..100).for_each(|_| bench.look(true));
    assert_eq!(bench.takes(), 1);
    bench.wait();
    let turned = bench.session.take();
    assert!(bench.takes() == 2 && (turned.controls.stick - 0.79).abs() < 1e-6);
    assert!(bench.session.undo(&mut at_once));
    assert!(bench.session.take() == first);
    bench.wait();
    assert!(!bench.session.undo(&mut at_once));
    assert!(bench.session.redo(&mut at_once) && !bench.session.redo(&mut at_once));
    assert!(bench.session.take() == turned);
    bench.wait();
    assert_eq!(bench.takes(), 2);
}

#[test]
fn unrecorded_changes_can_be_undone() {
    let mut bench = Bench::new();
    bench.turn(|params| &params.temperature, 1.5);
    bench.look(false);
    assert!(bench.session.overview().can_undo);
    assert!(bench.session.undo(&mut at_once));
    assert_eq!(bench.session.take().controls.temperature, 1.0);
    assert!(bench.session.redo(&mut at_once));
    assert_eq!(bench.session.take().controls.temperature, 1.5);
}

#[test]
fn a_slow_host_adds_no_history_entries() {
    let mut bench = Bench::new();
    bench.turn(|params| &params.style, 6);
    bench.wait();
    bench.turn(|params| &params.drummer.stick, 0.9);
    bench.wait();
    let on_their_way = RefCell::new(Vec::new());
    let mut later = |param: ParamPtr, value: f32| on_their_way.borrow_mut().push((param, value));
    assert!(bench.session.undo(&mut later) && bench.session.undo(&mut later));
    for (param, value) in on_their_way.take() {
        (0..3).for_each(|_| bench.look(false));
        at_once(param, value);
    }
    bench.wait();
    let take = bench.session.take();
    assert_eq!((take.controls.style, take.controls.stick), (17, 0.5));
    let overview = bench.session.overview();
    assert_eq!((bench.takes(), overview.can_undo, overview.can_redo), (3, false, true));
}

#[test]
fn undo_restores_the_latched_tempo() {
    let mut bench = Bench::new();
    let state = &Arc::clone(&bench.params).state;
    let seed = bench.session.take().controls.seed;
    state.tempo().latch(state.tempo().get(), Some(90.0));
    bench.wait();
    assert_eq!(bench.takes(), 1, "a tempo alone is no other take");
    bench.session.new_take(&mut at_once);
    assert_ne!(bench.session.take().controls.seed, seed);
    state.tempo().latch(state.tempo().get(), Some(140.0));
    bench.wait();
    assert!(bench.session.undo(&mut at_once));
    let take = bench.session.take();
    assert_eq!((take.controls.seed, take.controls.tempo), (seed, 90.0));
    assert!(state.tempo().is_restored(seed));
    assert!(bench.session.redo(&mut at_once));
    assert_eq!(bench.session.take().controls.tempo, 140.0);
    bench.session.set_seed(4_000_000, &mut at_once);
    assert_eq!(bench.session.take().controls.seed, 65_535);
    assert_eq!(bench.takes(), 3);
}

#[test]
fn favourites_stay_as_they_are() {
    let mut bench = Bench::new();
    let first = bench.session.take();
    bench.session.set_favourite(true);
    assert!(bench.session.overview().favourite);
    bench.turn(|params| &params.drummer.density, 0.5);
    bench.wait();
    assert!(!bench.session.overview().favourite);
    let favourites = bench
        .session
        .history(|history| history.all().0.iter().map(|entry| entry.favourite).collect::<Vec<_>>());
    assert_eq!(favourites, [true, false]);
    assert!(bench.session.undo(&mut at_once));
    assert!(bench.session.take() == first);
    assert_eq!(bench.saved().history.expect("a history").all().0.len(), 2);
}

#[test]
fn ab_sides_compare_and_morph() {
    let mut bench = Bench::new();
    assert!(!bench.session.set_morph(0.5), "there is nothing to go to");
    let a = bench.session.take();
    bench.session.switch_sides(&mut at_once);
    assert!((bench.session.take(), bench.session.overview().side) == (a, Side::B));
    bench.turn(|params| &params.style, 10);
    bench.wait();
    let b = bench.session.take();
    bench.session.switch_sides(&mut at_once);
    assert!((bench.session.take(), bench.session.overview().side) == (a, Side::A));
    bench.wait();
    for share in [0.1, 0.2, 0.3] {
        assert!(bench.session.set_morph(share));
        bench.look(true);
    }
    bench.wait();
    let toward = bench.session.take().toward.expect("a morph");
    assert_eq!(
        (toward.share, toward.controls.style, bench.session.overview().morph),
        (0.3, 10, 0.3)
    );
    assert_eq!(bench.saved().toward, Some(toward));
    assert!(bench.session.undo(&mut at_once));
    assert!(bench.session.take() == a);
    assert!(bench.session.redo(&mut at_once));
    assert_eq!(bench.session.take().toward, Some(toward));
    assert!(bench.session.set_morph(f32::NAN));
    assert!(bench.session.take() == a);
    bench.session.switch_sides(&mut at_once);
    assert!(bench.session.take() == b);
    bench.session.copy_to_other_side();
    bench.session.switch_sides(&mut at_once);
    assert!((bench.session.take(), bench.session.overview().side) == (b, Side::A));
}

#[test]
fn pins_are_part_of_the_take_and_of_the_project() {
    let mut bench = Bench::new();
    let hit = Hit::plain(33, -7);
    bench.session.toggle(4, Drum::Snare, true);
    bench.session.toggle(5, Drum::Snare, false);
    for velocity in [100, 60, 33] {
        bench.session.pin(6, Drum::Crash, Some(Pin::Hit(Hit { velocity, ..hit })));
        bench.look(true);
    }
    bench.wait();
    let pins = bench.session.take().pins;
    assert_eq!(pins.get(4, Drum::Snare), Some(Pin::Silent));
    assert_eq!(pins.get(5, Drum::Snare), Some(Pin::Struck));
    assert_eq!(pins.get(6, Drum::Crash), Some(Pin::Hit(hit)));
    assert_eq!(bench.takes(), 2, "one stroke");

    // Into another instance.
    let saved = bench.saved();
    assert_eq!(saved.pins, pins);
    let mut other = Bench::new();
    other.params.state.set(saved);
    other.wait();
    assert_eq!(other.session.take().pins, pins);
    assert_eq!(other.takes(), 2, "a load is no take");
    assert!(other.session.undo(&mut at_once));
    assert_eq!(other.session.take().pins, Pins::NONE);

    bench.session.free_lane(Drum::Snare);
    assert_eq!(bench.session.pins().get(4, Drum::Snare), None);
    bench.session.free_all();
    assert_eq!(bench.session.pins(), Pins::NONE);
}

#[test]
fn a_lane_is_pinned_as_it_sounds_and_rotated() {
    let mut bench = Bench::new();
    let mut steps = [Step::SILENT; 16];
    let hit = Hit::plain(70, 3);
    steps[15].set(Drum::Ride, Some(hit));
    bench.session.shift_lane(Drum::Ride, &steps, 1);
    let pins = bench.session.pins();
    assert_eq!(pins.get(0, Drum::Ride), Some(Pin::Hit(hit)));
    assert!((1..16).all(|step| pins.get(step, Drum::Ride) == Some(Pin::Silent)));
    bench.session.shift_lane(Drum::Ride, &steps, -17);
    assert_eq!(bench.session.pins().get(14, Drum::Ride), Some(Pin::Hit(hit)));
}

#[test]
fn pins_without_room_are_reported() {
    let mut bench = Bench::new();
    let roll = Hit::of_strokes([-90, -30, 30, 90].map(|offset| Hit::plain(80, offset).main()));
    let mut steps = [Step::SILENT; 128];
    for step in &mut steps {
        step.set(Drum::Snare, roll);
        step.set(Drum::Kick, roll);
    }
    bench.session.keep_lane(Drum::Snare, &steps);
    bench.session.keep_lane(Drum::Kick, &steps);
    assert_eq!(bench.session.take_report(), None);
    bench.session.pin(7, Drum::Crash, Some(Pin::Hit(Hit::plain(90, 0))));
    let told = bench.session.take_report().expect("a report").expect_err("no success");
    assert!(told.starts_with("1 hit is pinned without strokes of its own"), "{told}");
    bench.session.pin(8, Drum::Crash, Some(Pin::Silent));
    assert_eq!(bench.session.take_report(), None);
    bench.session.free_lane(Drum::Snare);
    bench.session.keep_lane(Drum::Crash, &steps);
    assert_eq!(bench.session.take_report(), None, "there is room again");
}

#[test]
fn a_full_chart_is_reported() {
    let mut bench = Bench::new();
    for bar in 0..u16::try_from(MAX_SECTIONS).expect("few") {
        bench.session.add_section(Section::new(bar, SectionKind::Chorus));
        assert_eq!(bench.session.take_report(), None);
    }
    let full = bench.session.chart();
    bench.session.add_section(Section::new(900, SectionKind::Verse));
    let told = bench.session.take_report().expect("a report").expect_err("no success");
    assert!(told.starts_with("The song has 64 sections"), "{told}");
    assert_eq!(bench.session.chart(), full);
}

#[test]
fn changes_mark_the_project_as_modified_once() {
    let mut bench = Bench::new();
    let generation = |bench: &Bench| bench.params.generation.value();
    bench.wait();
    let before = generation(&bench);
    bench.wait();
    assert_eq!(generation(&bench), before, "nothing was changed");
    for velocity in 1..20 {
        bench.session.pin(6, Drum::Crash, Some(Pin::Hit(Hit::plain(velocity, 0))));
        bench.look(true);
    }
    bench.wait();
    assert_eq!(generation(&bench), before + 1);
    bench.session.set_favourite(true);
    bench.wait();
    assert_eq!(generation(&bench), before + 2);
    at_once(bench.params.generation.as_ptr(), 1.0);
    bench.session.set_favourite(false);
    bench.wait();
    assert_eq!(generation(&bench), 0, "the count begins anew");
}

fn file(places: &[usize]) -> Vec<u8> {
    let mut steps = vec![Step::SILENT; places.iter().max().map_or(0, |last| last + 1)];
    for &place in places {
        steps[place].set(Drum::Snare, Some(Hit::plain(90, -9)));
    }
    Clip { steps, tempo: 97.0, meter: Meter::FOUR_FOUR }
        .write(&MidiLayout::new("Drums", Drum::PITCHES))
}

#[test]
fn a_dropped_file_is_the_primer() {
    let mut bench = Bench::new();
    let said = bench.session.prime_with(&file(&[4, 12, 20]), &mut at_once);
    assert_eq!(said.as_deref(), Ok("The drummer continues from 2 bars of the file."));
    bench.wait();
    let Primer::Play(played) = bench.session.take().primer else { panic!("no primer") };
    assert_eq!((played.steps().len(), bench.takes()), (32, 2));
    assert_eq!(bench.saved().primer, Primer::Play(played));
    let store = Arc::clone(bench.params.state.kept());
    let version = store.extras().primer_version;
    bench.session.clear_primer();
    // A recording in flight does not restore the cleared primer; later recordings count.
    let tapped = Primer::Tap(Rhythm { onsets: 5, steps: 16 });
    store.record_primer(version, tapped);
    assert_eq!((bench.session.primer(), bench.session.take().primer), (Primer::Off, Primer::Off));
    store.record_primer(version.wrapping_add(1), tapped);
    assert_eq!(bench.session.primer(), tapped);
    assert!(bench.session.undo(&mut at_once));
    assert_eq!(bench.session.take().primer, Primer::Play(played));
    let sentence = bench.session.prime_with(b"MThd", &mut at_once).expect_err("broken");
    assert!(sentence.starts_with("The file cannot be used"), "{sentence}");
    assert_eq!(bench.session.primer(), Primer::Play(played));
}

#[test]
fn a_melody_is_a_rhythm_that_the_kit_plays_to() {
    let mut bench = Bench::new();
    // Quarters from middle C upwards, on channel 1.
    let mut track = vec![0, 0xff, 0x58, 4, 4, 2, 24, 8];
    for pitch in [60, 64, 67, 72] {
        track.extend([0, 0x90, pitch, 90, 0x60, 0x80, pitch, 0]);
    }
    track.extend([0, 0xff, 0x2f, 0]);
    let length = u32::try_from(track.len()).expect("a length").to_be_bytes();
    let file = [b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk", &length[..], &track[..]].concat();
    let said = bench.session.prime_with(&file, &mut at_once).expect("a rhythm");
    assert!(said.starts_with("The file has no drums: the kit plays to the rhythm"), "{said}");
    let rhythm = Rhythm { onsets: 0x1111, steps: 16 };
    assert_eq!(bench.session.primer(), Primer::Tap(rhythm));
    assert_eq!(bench.params.prime.mode.value(), PrimeMode::Tap);
    let sentence = bench.session.humanise(&file, &mut at_once).expect_err("no drums");
    assert!(sentence.contains("has no drum notes: 4 notes on channel 1"), "{sentence}");
}

#[test]
fn a_dropped_file_is_sent_to_be_humanised() {
    let mut bench = Bench::new();
    bench.session.humanise(&file(&[0, 40]), &mut at_once).expect("a clip");
    assert_eq!(bench.session.take().phrase_bars, 4);
    match bench.session.link.mailbox().next_command() {
        Some(WorkerCommand::Humanise(clip, take, amount, notes)) => {
            assert_eq!((clip.steps.len(), take.phrase_bars, amount), (48, 4, 0.5));
            assert_eq!(notes, "The file fills 3 bars of a phrase of 4.");
        }
        other => panic!("{other:?}"),
    }
    assert!(bench.session.humanise(b"", &mut at_once).is_err());
    assert!(bench.session.link.mailbox().next_command().is_none());
}

#[test]
fn the_amount_outlives_the_window_and_humanises_the_last_file_again_until_its_pins_are_edited() {
    let mut bench = Bench::new();
    bench.session.humanise(&file(&[0, 8]), &mut at_once).expect("a clip");
    bench.session.set_amount(200);
    bench.session.humanise_again();
    let amounts = |session: &Session| {
        std::iter::from_fn(|| session.link.mailbox().next_command())
            .map(|command| match command {
                WorkerCommand::Humanise(clip, _, amount, _) => (clip.steps.len(), amount),
                other => panic!("{other:?}"),
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(amounts(&bench.session), [(16, 0.5), (16, 1.0)]);
    bench.session.pin(3, Drum::Kick, Some(Pin::Struck));
    bench.session.humanise_again();
    assert_eq!(amounts(&bench.session), []);
    let reopened = Session::new(Arc::clone(&bench.params), Arc::clone(&bench.session.link));
    assert_eq!(reopened.amount(), 100);
}

#[test]
fn a_preset_is_applied_exactly_and_undone() {
    let mut bench = Bench::new();
    let before = bench.session.take();
    let mut take = Take::from(TakeControls {
        seed: 9,
        style: 6,
        stick: 0.75,
        tempo: 101.0,
        ..TakeControls::default()
    });
    take.pins.set(3, Drum::Kick, Some(Pin::Struck));
    let performance = groove::play::perform::Performance { swing: 0.25, ..Default::default() };
    let preset = Preset::new("Mine", "", take, performance);
    bench.session.play(&preset.take, &preset.performance, &mut at_once);
    bench.wait();
    assert!((bench.session.take(), bench.session.performance()) == (take, performance));
    assert_eq!(bench.takes(), 2);
    assert!(bench.session.undo(&mut at_once));
    assert!(bench.session.take() == before);
}
