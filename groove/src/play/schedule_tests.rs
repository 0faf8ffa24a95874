//! Tests of the scheduler.

use crate::pattern::Meter;
use crate::pattern::drum::{CLASSES, Drum};
use crate::pattern::{Articulation, Bar, Hit};
use crate::play::clock::{Clock, Transport};
use crate::play::clock_tests::playing as at;
use crate::play::schedule::*;

/// A bar of hits: step, drum, offset in ticks. Velocity is 100.
fn bar(hits: &[(usize, Drum, i8)]) -> Bar {
    let mut bar = Bar::silent(Meter::FOUR_FOUR);
    for &(step, drum, offset_ticks) in hits {
        bar.steps_mut()[step].set(drum, Some(Hit::plain(100, offset_ticks)));
    }
    bar
}

fn play(
    scheduler: &mut Scheduler,
    clock: &mut Clock,
    transport: &Transport,
    frames: u32,
    bar: &Bar,
) -> Vec<Note> {
    let mut notes = Vec::new();
    for span in clock.block(transport, frames).spans {
        scheduler.play(&span, |_| Some(bar), &mut |note| notes.push(note));
    }
    notes
}

fn struck_at(sample: u32, drum: Drum, pitch: u8) -> Note {
    let articulation = Articulation::Plain;
    Note::On { sample, channel: 0, drum, articulation, pitch, velocity: 100 }
}

fn on(sample: u32, drum: Drum) -> Note {
    struck_at(sample, drum, drum.general_midi())
}

fn off(sample: u32, drum: Drum) -> Note {
    Note::Off { sample, channel: 0, pitch: drum.general_midi() }
}

#[test]
fn of_two_hits_of_a_drum_at_one_position_the_louder_sounds() {
    // Steps half a step apart: one hit a quarter step late, the next a quarter step early.
    let bars = [(60, 50), (-60, 90)].map(|(offset_ticks, velocity)| {
        let mut bar = Bar::silent(Meter::new(1, 32));
        bar.steps_mut()[0].set(Drum::Snare, Some(Hit::plain(velocity, offset_ticks)));
        bar
    });
    let transport = Transport { meter: Some(bars[0].meter()), ..at(0.0) };
    let (mut clock, mut scheduler) = (Clock::new(48_000.0), Scheduler::default());
    let mut struck = Vec::new();
    for span in clock.block(&transport, 6000).spans {
        let bar = |index: i64| usize::try_from(index).ok().and_then(|index| bars.get(index));
        scheduler.play(&span, bar, &mut |note| {
            if let Note::On { sample, velocity, .. } = note {
                struck.push((sample, velocity));
            }
        });
    }
    assert_eq!(struck, [(1500, 90)]);
}

#[test]
fn a_note_sounds_at_its_sample_and_lasts_half_a_step() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let bar = bar(&[(1, Drum::Snare, 24)]);
    // A step is 6,000 samples, a tick 25.
    let notes = play(&mut scheduler, &mut clock, &at(0.0), 24_000, &bar);
    assert_eq!(notes, [on(6_600, Drum::Snare), off(9_600, Drum::Snare)]);
}

#[test]
fn a_note_ends_before_its_drum_is_struck_again() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let bar = bar(&[(0, Drum::Snare, 119), (1, Drum::Snare, -120)]);
    let notes = play(&mut scheduler, &mut clock, &at(0.0), 24_000, &bar);
    assert_eq!(
        notes[..3],
        [on(2_975, Drum::Snare), off(2_988, Drum::Snare), on(3_000, Drum::Snare)]
    );
}

#[test]
fn an_early_hit_at_the_very_start_sounds_at_once() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let bar = bar(&[(0, Drum::Kick, -20), (1, Drum::Crash, -20)]);
    let notes = play(&mut scheduler, &mut clock, &at(0.0), 64, &bar);
    assert_eq!(notes, [on(0, Drum::Kick)]);
}

#[test]
fn an_early_hit_that_sounds_at_once_has_its_whole_length() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let bar = bar(&[(12, Drum::Kick, -20)]);
    // Rounding errors of the host's position make no difference.
    for beats in [-1.0, -1.0 + 1e-12, -1.0 - 1e-12] {
        clock.restart();
        let notes = play(&mut scheduler, &mut clock, &at(beats), 12_000, &bar);
        assert_eq!(notes, [on(0, Drum::Kick), off(3_000, Drum::Kick)], "from {beats}");
    }
}

#[test]
fn an_early_hit_sounds_before_its_bar_and_not_again() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let bar = bar(&[(0, Drum::Kick, -20)]);
    let before = play(&mut scheduler, &mut clock, &at(3.5), 12_000, &bar);
    assert_eq!(before, [on(11_500, Drum::Kick)]);
    let after = play(&mut scheduler, &mut clock, &at(4.0), 12_000, &bar);
    assert_eq!(after, [off(2_500, Drum::Kick)]);
}

#[test]
fn an_early_hit_at_a_loop_start_sounds_before_the_loop_end() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let bar = bar(&[(0, Drum::Kick, -20), (2, Drum::Snare, 0)]);
    let looped = |beats| Transport { loop_range: Some((0.0, 1.0)), ..at(beats) };
    let first = play(&mut scheduler, &mut clock, &looped(0.0), 24_000, &bar);
    assert_eq!(
        first,
        [
            on(0, Drum::Kick),
            off(3_000, Drum::Kick),
            on(12_000, Drum::Snare),
            off(15_000, Drum::Snare),
            on(23_500, Drum::Kick),
        ]
    );
    let again = play(&mut scheduler, &mut clock, &looped(0.0), 24_000, &bar);
    assert_eq!(again[..2], [off(0, Drum::Kick), on(12_000, Drum::Snare)]);
}

#[test]
fn a_loop_shorter_than_the_lead_of_its_first_hit_strikes_it_once_per_sample() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let bar = bar(&[(0, Drum::Kick, -120)]);
    // The loop is 1,200 samples, and the hit is 3,000 early.
    let looped = Transport { loop_range: Some((0.0, 0.05)), ..at(0.0) };
    let notes = play(&mut scheduler, &mut clock, &looped, 1_300, &bar);
    let again = [off(1_200, Drum::Kick), on(1_200, Drum::Kick)];
    assert_eq!(notes, [[on(0, Drum::Kick)].as_slice(), &again].concat());
}

#[test]
fn a_hit_at_the_loop_end_is_excluded_despite_host_rounding() {
    for end in [1.025, 1.025 + 2e-10, 1.025 - 2e-10] {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        // A tick is 25 samples, and the hit is 24 ticks after the beat.
        let bar = bar(&[(4, Drum::Kick, 24)]);
        let looped = Transport { loop_range: Some((0.9, end)), ..at(0.9) };
        assert_eq!(play(&mut scheduler, &mut clock, &looped, 9_000, &bar), [], "to {end}");
    }
}

#[test]
fn jump_releases_sounding_notes() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let bar = bar(&[(0, Drum::Kick, 0), (8, Drum::Snare, 0)]);
    play(&mut scheduler, &mut clock, &at(0.0), 64, &bar);
    let notes = play(&mut scheduler, &mut clock, &at(2.0), 64, &bar);
    assert_eq!(notes, [off(0, Drum::Kick), on(0, Drum::Snare)]);
    let mut released = Vec::new();
    scheduler.release(0, &mut |note| released.push(note));
    assert_eq!(released, [off(0, Drum::Snare)]);
    assert!(scheduler.is_silent());
}

#[test]
fn notes_end_after_they_begin_at_any_tempo() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(8_000.0));
    let mut bar = Bar::silent(Meter::FOUR_FOUR);
    for step in bar.steps_mut() {
        Drum::ALL.into_iter().for_each(|d| step.set(d, Some(Hit::plain(1, 0))));
    }
    let fast = Transport { tempo: Some(10_000.0), ..at(0.0) };
    let notes = play(&mut scheduler, &mut clock, &fast, 65_536, &bar);
    let mut since = [None; 128];
    for note in notes {
        match note {
            Note::On { sample, pitch, .. } => {
                assert!(since[usize::from(pitch)].replace(sample).is_none())
            }
            Note::Off { sample, pitch, .. } => {
                assert!(since[usize::from(pitch)].take().is_some_and(|on| on < sample));
            }
        }
    }
}

#[test]
fn notes_use_the_pitches_of_their_bar_and_end_on_their_start_pitch() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let mut notes = |beats: f64, bar: Bar| play(&mut scheduler, &mut clock, &at(beats), 480, &bar);
    let struck = struck_at;
    let ended = |sample, pitch| Note::Off { sample, channel: 0, pitch };
    let kit = [60, 61, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(notes(0.0, bar(&[(0, Drum::Kick, 0)]).at(kit.into())), [struck(0, Drum::Kick, 60)]);
    // Bars of another kit follow while the note sounds. Their snare has the kick's pitch, and their
    // kick is the same drum: each ends the note that it would double.
    let other = [70, 60, 0, 0, 0, 0, 0, 0, 0];
    let snare = bar(&[(0, Drum::Snare, 20)]).at(other.into());
    let kick = bar(&[(0, Drum::Kick, 39)]).at(kit.into());
    assert_eq!(notes(0.02, snare), [ended(20, 60), struck(20, Drum::Snare, 60)]);
    assert_eq!(notes(0.04, kick), [ended(15, 60), struck(15, Drum::Kick, 60)]);
    assert_eq!(
        notes(0.06, bar(&[(0, Drum::Kick, 58)]).at(other.into())),
        [ended(10, 60), struck(10, Drum::Kick, 70)]
    );
}

#[test]
fn drums_on_separate_channels_do_not_end_each_other() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let mut channels = [9; CLASSES];
    channels[Drum::Snare.index()] = 3;
    scheduler.route(channels);
    let struck = |sample, channel, drum| {
        let (pitch, velocity) = (60, 100);
        Note::On { sample, channel, drum, articulation: Articulation::Plain, pitch, velocity }
    };
    let ended = |sample, channel| Note::Off { sample, channel, pitch: 60 };
    // All at one pitch. The tom shares the kick's channel.
    let bar = bar(&[(0, Drum::Kick, 0), (0, Drum::Snare, 20), (0, Drum::LowTom, 40)]);
    let bar = bar.at([60; CLASSES].into());
    let notes = play(&mut scheduler, &mut clock, &at(0.0), 2_400, &bar);
    let (kick, snare) = (struck(0, 9, Drum::Kick), struck(500, 3, Drum::Snare));
    assert_eq!(notes, [kick, snare, ended(1_000, 9), struck(1_000, 9, Drum::LowTom)]);
    // Sounding notes end on the channel on which they began.
    scheduler.route([0; CLASSES]);
    let notes = play(&mut scheduler, &mut clock, &at(0.1), 2_400, &bar);
    assert_eq!(notes, [ended(3_500 - 2_400, 3), ended(4_000 - 2_400, 9)]);
}

#[test]
fn host_jump_ahead_strikes_a_drum_once() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let bar = bar(&[(0, Drum::Snare, 119), (1, Drum::Snare, -120)]);
    assert_eq!(play(&mut scheduler, &mut clock, &at(0.0), 2_950, &bar), []);
    // The tempo rises, and the song is further ahead than the last block played.
    let faster = Transport { tempo: Some(240.0), ..at(0.133) };
    let notes = play(&mut scheduler, &mut clock, &faster, 4_800, &bar);
    assert!(
        matches!(notes[..], [Note::On { sample: 0, .. }, Note::Off { sample: 1.., .. }]),
        "{notes:?}"
    );
}

#[test]
fn two_drums_on_one_pitch_at_one_sample_are_one_note() {
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(8_000.0));
    let bar = bar(&[(0, Drum::Kick, 119), (1, Drum::Snare, -120)]).at([60; CLASSES].into());
    let fast = Transport { tempo: Some(999.0), ..at(0.0) };
    let notes = play(&mut scheduler, &mut clock, &fast, 480, &bar);
    assert!(
        matches!(notes[..], [Note::On { sample: 60, .. }, Note::Off { .. }]),
        "a hit of half a sample: {notes:?}"
    );
}

#[test]
fn a_hat_that_closes_ends_the_open_one() {
    let pedal = Hit { articulation: Articulation::Pedal, ..Hit::plain(100, 100) };
    for closing in [Hit::plain(100, 100), pedal] {
        for opening in [Articulation::Plain, Articulation::HalfOpen] {
            let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
            let mut bar = Bar::silent(Meter::FOUR_FOUR);
            let open = Hit { articulation: opening, ..Hit::plain(100, 0) };
            bar.steps_mut()[0].set(Drum::OpenHat, Some(open));
            bar.steps_mut()[0].set(Drum::ClosedHat, Some(closing));
            let notes = play(&mut scheduler, &mut clock, &at(0.0), 24_000, &bar);
            let [first, ended, closed, last] = notes[..] else { panic!("{notes:?}") };
            let on = |note| match note {
                Note::On { sample, articulation, .. } => (sample, articulation),
                Note::Off { .. } => panic!("{note:?} is no note-on"),
            };
            assert_eq!((on(first), on(closed)), ((0, opening), (2_500, closing.articulation)));
            assert_eq!(ended, off(2_500, Drum::OpenHat), "half a step would be 3,000 samples");
            assert!(matches!(last, Note::Off { sample: 5_500, .. }), "{last:?}");
        }
    }
}
