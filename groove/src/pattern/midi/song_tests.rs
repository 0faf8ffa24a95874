//! Songs of several meters and tempos, written and read.

use super::file::TimeSignature;
use super::{Clip, Import, MeterSection, MidiLayout, PitchMap, Song};
use crate::pattern::drum::Drum;
use crate::pattern::{Hit, Meter, Step};

/// A song of these meters with a number of bars each: kicks on the bar lines, half of them early,
/// and a ride on every second step. Changes of the tempo are at the changes of the meter.
fn song(meters: &[(i32, i32, usize)]) -> Song {
    let (mut sections, mut tempos, mut time_signatures) = (Vec::new(), Vec::new(), Vec::new());
    let (mut start, mut tempo) = (0, 90.0);
    // The last step of a bar of 5/64 is 60 ticks long: an early hit after it would be nearer to it
    // than to the bar line.
    let has_short_steps = meters.iter().any(|&(_, denominator, _)| denominator == 64);
    for &(numerator, denominator, bars) in meters {
        let meter = Meter::new(numerator, denominator);
        let mut steps = vec![Step::SILENT; bars * meter.steps()];
        for (place, step) in steps.iter_mut().enumerate() {
            let is_early = start > 0 && !has_short_steps && place % (2 * meter.steps()) == 0;
            match place % meter.steps() {
                0 => step.set(Drum::Kick, Some(Hit::plain(100, if is_early { -70 } else { 0 }))),
                odd if odd % 2 == 1 => step.set(Drum::Ride, Some(Hit::plain(60, 20))),
                _ => {}
            }
        }
        let clip = Clip { steps, tempo, meter };
        tempos.push((start, tempo));
        time_signatures.push(TimeSignature {
            tick: start.into(),
            numerator: meter.numerator,
            denominator: meter.denominator.into(),
        });
        let ticks = clip.ticks();
        sections.push(MeterSection { start, clip });
        (start, tempo) = (start + ticks, tempo + 30.0);
    }
    Song { sections, tempos, time_signatures, markers: Vec::new(), end: start }
}

fn again(song: &Song) -> Song {
    let bytes = song.write(&MidiLayout::new("song", Drum::PITCHES));
    let import = Import::read(&bytes, PitchMap::Detect).expect("our own file");
    import.song(Meter::new(7, 8)).expect("short").0
}

#[test]
fn meters_and_tempos_stay_at_their_bars() {
    for meters in [
        &[(4, 4, 3), (2, 4, 1), (4, 4, 2)][..],
        &[(1, 4, 1), (4, 4, 4)],
        &[(5, 64, 8)],
        &[(7, 8, 2), (5, 64, 3), (3, 4, 1)],
    ] {
        let song = song(meters);
        let read = again(&song);
        assert_eq!(read.onsets(), song.onsets(), "{meters:?}");
        assert_eq!((read.time_signatures, read.end), (song.time_signatures, song.end));
        let tempos = |tempos: &[(u32, f64)]| {
            tempos.iter().map(|&(tick, tempo)| (tick, tempo.round())).collect::<Vec<_>>()
        };
        assert_eq!(tempos(&read.tempos), tempos(&song.tempos));
        let sections = |song: &[MeterSection]| -> Vec<_> {
            song.iter().map(|it| (it.start, it.clip.meter, it.clip.steps.clone())).collect()
        };
        assert_eq!(sections(&read.sections), sections(&song.sections), "{meters:?}");
    }
}

#[test]
fn a_bar_too_long_for_the_network_is_several_but_stays_one_in_the_file() {
    let mut halves = song(&[(17, 8, 4)]);
    let long = TimeSignature { tick: 0, numerator: 17, denominator: 4 };
    halves.time_signatures = vec![long];
    let read = again(&halves);
    assert_eq!(read.onsets(), halves.onsets());
    assert_eq!((read.time_signatures.clone(), read.parts_per_bar()), (vec![long], 2));
    assert_eq!(read.sections[0].clip.steps.len(), 4 * 34);
    assert_eq!(song(&[(4, 4, 1)]).parts_per_bar(), 1);
}

#[test]
fn a_signature_within_a_bar_cuts_it_and_no_hit_moves() {
    let mut cut = song(&[(4, 4, 2), (3, 4, 2)]);
    // 1,930 ticks into the second bar, no multiple of a 64th.
    let moved = 3_840 - 1_930;
    cut.sections[1].start -= moved;
    cut.sections[0].clip.steps.truncate(24);
    cut.time_signatures[1].tick -= u64::from(moved);
    cut.end -= moved;
    let read = again(&cut);
    assert_eq!(read.onsets(), cut.onsets());
    let meters: Vec<Meter> = read.sections.iter().map(|it| it.clip.meter).collect();
    assert_eq!(meters, [Meter::FOUR_FOUR, Meter::new(2, 4), Meter::new(3, 4)]);
}

#[test]
fn bars_of_one_meter_are_taken_and_the_others_are_named() {
    let song = song(&[(1, 4, 1), (4, 4, 2), (2, 4, 1), (4, 4, 1)]);
    let (clip, others) = song.in_meter(Meter::FOUR_FOUR).expect("bars");
    assert_eq!((clip.steps.len(), others), (48, vec![1, 4]));
    assert_eq!(song.in_meter(Meter::new(3, 4)), None);
}

#[test]
fn silent_bars_count_and_a_hit_on_the_last_bar_line_adds_none() {
    let mut song = song(&[(4, 4, 4)]);
    song.sections[0].clip.steps[16..].fill(Step::SILENT);
    assert_eq!((again(&song).sections[0].clip.steps.len(), again(&song).end), (64, 4 * 3_840));
    let first = song.sections[0].clip.steps[0];
    song.sections[0].clip.steps.push(first);
    song.end += 960;
    let read = again(&song);
    assert_eq!((read.sections[0].clip.steps.len(), read.end), (65, 4 * 3_840 + 960));
    assert_eq!(read.onsets(), song.onsets());
}

#[test]
fn an_ending_is_not_part_of_the_groove() {
    let bar = song(&[(4, 4, 1)]).sections[0].clip.steps.clone();
    let clip =
        |parts: &[&[Step]]| Clip { steps: parts.concat(), tempo: 120.0, meter: Meter::FOUR_FOUR };
    let silent = [Step::SILENT; 16];
    let mut stop = silent;
    stop[0].set(Drum::Crash, Some(Hit::plain(120, 0)));
    stop[2].set(Drum::Kick, Some(Hit::plain(110, 0)));
    let groove = [&bar[..], &bar].concat();
    for steps in [
        clip(&[&bar, &bar]),
        clip(&[&bar, &bar, &stop[..1]]),
        clip(&[&bar, &bar, &stop]),
        clip(&[&bar, &bar, &silent]),
        clip(&[&bar, &bar, &silent, &stop, &silent]),
        clip(&[&bar, &bar[..15]]),
    ] {
        let last = steps.last_bars(64);
        assert_eq!(last.len(), 32);
        assert_eq!(last[..31], groove[..31]);
    }
    assert_eq!(clip(&[&bar, &bar, &bar]).last_bars(32).len(), 32);
    assert_eq!(clip(&[&stop, &stop]).last_bars(64).len(), 32, "all of it is such bars");
}
