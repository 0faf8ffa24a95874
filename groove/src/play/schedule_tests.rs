//! Tests of the scheduler.

use crate::pattern::Meter;
use crate::pattern::drum::{CLASSES, Drum};
use crate::pattern::pitches::Pitches;
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
            Note::Choke { .. } | Note::LetGo { .. } => panic!("{note:?} without a choke"),
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
                other => panic!("{other:?} is no note-on"),
            };
            assert_eq!((on(first), on(closed)), ((0, opening), (2_500, closing.articulation)));
            assert_eq!(ended, off(2_500, Drum::OpenHat), "half a step would be 3,000 samples");
            assert!(matches!(last, Note::Off { sample: 5_500, .. }), "{last:?}");
        }
    }
}

/// A bar of crashes: step, articulation, choke in ticks.
fn crashes(hits: &[(usize, Articulation, u16)]) -> Bar {
    let mut bar = Bar::silent(Meter::FOUR_FOUR).at(Pitches::ROLAND);
    for &(step, articulation, choke_ticks) in hits {
        let hit = Hit { articulation, choke_ticks, ..Hit::plain(100, 20) };
        bar.steps_mut()[step].set(Drum::Crash, Some(hit));
    }
    bar
}

fn crash(sample: u32, articulation: Articulation) -> [Note; 4] {
    let (channel, drum) = (0, Drum::Crash);
    let pitch = Pitches::ROLAND.of(drum, articulation);
    [
        Note::On { sample, channel, drum, articulation, pitch, velocity: 100 },
        Note::Choke { sample, channel, drum, articulation, pitch },
        Note::Off { sample, channel, pitch },
        Note::LetGo { sample, channel, pitch },
    ]
}

#[test]
fn a_choked_cymbal_lasts_until_its_choke_and_is_held_for_half_a_step() {
    let bar = crashes(&[(0, Articulation::Plain, 480)]);
    for frames in [24_000, 480, 7] {
        let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
        let mut notes = Vec::new();
        for block in 0..24_000 / frames {
            let beats = f64::from(block * frames) / 24_000.0;
            for note in play(&mut scheduler, &mut clock, &at(beats), frames, &bar) {
                notes.push((block * frames, note));
            }
        }
        let now = |sample| crash(sample % frames, Articulation::Plain);
        let place = |sample: u32, number: usize| (sample - sample % frames, now(sample)[number]);
        // A tick is 25 samples; the stroke is 20 ticks late, the choke is not.
        let expected = [place(500, 0), place(12_000, 1), place(12_000, 2), place(15_000, 3)];
        assert_eq!(notes, expected, "blocks of {frames}");
        assert!(scheduler.is_silent());
    }
}

#[test]
fn a_stroke_of_the_cymbal_comes_before_its_choke_and_of_another_one_does_not() {
    let (edge, second) = (Articulation::Edge, Articulation::Second);
    let bar = crashes(&[(0, Articulation::Plain, 480), (1, second, 0), (3, second, 0)]);
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let notes = play(&mut scheduler, &mut clock, &at(0.0), 15_500, &bar);
    let plain = |sample| crash(sample, Articulation::Plain);
    let expected = [
        plain(500)[0],
        crash(6_500, second)[0],
        crash(9_500, second)[2],
        plain(12_000)[1],
        plain(12_000)[2],
        plain(15_000)[3],
    ];
    assert_eq!(notes, expected);
    let bar = crashes(&[(0, Articulation::Plain, 480), (1, edge, 0)]);
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    let notes = play(&mut scheduler, &mut clock, &at(0.0), 23_000, &bar);
    let [on, .., off, _] = [plain(500)[0], plain(0)[1], plain(6_500)[2], plain(0)[3]];
    assert_eq!(notes, [on, off, crash(6_500, edge)[0], crash(9_500, edge)[2]]);
}

#[test]
fn a_stop_chokes_a_cymbal_that_waits_for_it() {
    let bar = crashes(&[(0, Articulation::Plain, 480)]);
    let (mut scheduler, mut clock) = (Scheduler::default(), Clock::new(48_000.0));
    play(&mut scheduler, &mut clock, &at(0.0), 4_800, &bar);
    let mut notes = Vec::new();
    scheduler.release(7, &mut |note| notes.push(note));
    assert_eq!(notes, crash(7, Articulation::Plain)[1..]);
    assert!(scheduler.is_silent());
}
