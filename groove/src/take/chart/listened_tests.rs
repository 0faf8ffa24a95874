//! Tests of charts by listening.

use crate::hearing::SoundFrame;
use crate::pattern::Meter;
use crate::take::chart::{
    Accent, Chart, Heard, HeardPlace, Listened, Place, Section, SectionKind, Stop,
};

const FOUR: Meter = Meter::FOUR_FOUR;

fn place(bar: i64, step: f32) -> HeardPlace {
    HeardPlace { bar, ticks: 240.0 * step }
}

/// A note from a step of the song over some steps, on a channel.
fn note(at: f32, steps: f32, channel: u8, pitch: u8, velocity: u8) -> [(f32, Heard); 2] {
    let of = |at: f32| {
        #[expect(clippy::cast_possible_truncation, reason = "few bars")]
        let bar = (at / 16.0).floor() as i64;
        place(bar, at - 16.0 * bar as f32)
    };
    let (on, off) = (of(at), of(at + steps));
    [
        (at, Heard::On { at: on, channel, pitch, velocity }),
        (at + steps, Heard::Off { at: off, channel, pitch }),
    ]
}

/// Hears notes over some bars of 4/4 from a bar on, and the end.
fn hear(listened: &mut Listened, bars: std::ops::Range<i64>, notes: &[[(f32, Heard); 2]]) {
    let end = bars.end;
    let mut all: Vec<(f32, Heard)> = notes.iter().flatten().copied().collect();
    all.extend(bars.map(|bar| {
        // A bar begins before its notes, and a note that ends with it before that.
        (16.0 * bar as f32 - 0.001, Heard::Bar { at: place(bar, 0.0), meter: FOUR })
    }));
    all.push((16.0 * end as f32, Heard::End { at: place(end, 0.0) }));
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    all.into_iter().for_each(|(_, heard)| listened.hear(heard));
}

fn accents(chart: &Chart, bars: i64) -> Vec<(i64, usize, Accent)> {
    let steps = (0..bars).flat_map(|bar| (0..16).map(move |step| (bar, step)));
    steps.filter_map(|(bar, step)| Some((bar, step, chart.accents.get(bar, step)?))).collect()
}

#[test]
fn the_lowest_part_gives_accents_and_the_bands_rests_stops() {
    let mut listened = Listened::default();
    let notes = [
        // A bass, played a little late and early.
        note(0.1, 6.0, 1, 36, 110),
        note(6.0, 2.0, 1, 38, 60),
        note(15.8, 3.0, 1, 36, 110),
        // A piano holds up to step 24; the band rests up to step 40.
        note(0.0, 24.0, 0, 60, 90),
        note(40.0, 8.0, 1, 36, 100),
        note(48.0, 16.0, 0, 60, 90),
    ];
    hear(&mut listened, 0..4, &notes);
    let (chart, told) = listened.chart(&Chart::default());
    let (light, strong) = (Accent::Light, Accent::Strong);
    assert_eq!(accents(&chart, 4), [(0, 0, strong), (0, 6, light), (1, 0, strong), (2, 8, strong)]);
    let at = |bar, step| Place { bar, step };
    assert_eq!(chart.stops(), [Stop { start: at(1, 8), end: at(2, 8), pick_up: 4, hit: false }]);
    assert_eq!(told, "Listened to 4 bars: 4 accents, 1 stop in the song.");
}

#[test]
fn only_whole_bars_that_were_heard_change() {
    let mut known = Chart::default();
    (0..6).for_each(|bar| {
        known.accents.set(bar, 3, Some(Accent::Stab));
    });
    known.add_stop(Place { bar: 0, step: 8 }, Place { bar: 5, step: 0 }, FOUR);
    let mut listened = Listened::default();
    // From the middle of bar 1 to the middle of bar 4.
    listened.hear(Heard::Bar { at: place(1, 5.0), meter: FOUR });
    for bar in 2..5 {
        listened.hear(Heard::Bar { at: place(bar, 0.0), meter: FOUR });
        listened.hear(Heard::On { at: place(bar, 8.0), channel: 0, pitch: 40, velocity: 90 });
        listened.hear(Heard::Off { at: place(bar, 9.0), channel: 0, pitch: 40 });
    }
    listened.hear(Heard::End { at: place(4, 9.0) });
    let (chart, _) = listened.chart(&known);
    let (strong, stab) = (Accent::Strong, Accent::Stab);
    let wanted =
        [(0, 3, stab), (1, 3, stab), (2, 8, strong), (3, 8, strong), (4, 3, stab), (5, 3, stab)];
    assert_eq!(accents(&chart, 6), wanted);
    let at = |bar, step| Place { bar, step };
    let stops: Vec<_> = chart.stops().iter().map(|stop| (stop.start, stop.end)).collect();
    // Bar 2 has a rest before its note, and there is one between the notes.
    let wanted =
        [(at(0, 8), at(2, 0)), (at(2, 0), at(2, 8)), (at(2, 9), at(3, 8)), (at(4, 0), at(5, 0))];
    assert_eq!(stops, wanted);
}

#[test]
fn a_bar_that_is_heard_again_replaces_itself_and_a_note_over_the_bar_line_sounds() {
    let mut listened = Listened::default();
    hear(&mut listened, 0..2, &[note(0.0, 2.0, 0, 40, 90), note(4.0, 28.0, 0, 40, 90)]);
    hear(&mut listened, 1..2, &[note(20.0, 12.0, 0, 40, 90)]);
    let (chart, _) = listened.chart(&Chart::default());
    let places: Vec<_> = accents(&chart, 2).iter().map(|&(bar, step, _)| (bar, step)).collect();
    assert_eq!(places, [(0, 0), (0, 4), (1, 4)]);
    assert!(chart.stops().is_empty(), "{:?}", chart.stops());
    // Nothing whole was heard.
    let mut short = Listened::default();
    short.hear(Heard::Bar { at: place(0, 0.0), meter: FOUR });
    short.hear(Heard::End { at: place(0, 12.0) });
    assert!(short.is_empty());
    assert_eq!(short.chart(&chart).0, chart);
}

/// Frames of a sound in which a step is 24 frames: each onset is loud and dies away, over a noise.
fn sound(step: usize, plays: impl Fn(usize) -> Option<f32>) -> Vec<SoundFrame> {
    let strong = plays(step).unwrap_or(0.0);
    (0..24)
        .map(|frame| {
            let flux = if frame == 0 { 8.0 * strong } else { 0.05 };
            let level = 0.002 + 0.3 * strong * (-(frame as f32) / 20.0).exp();
            SoundFrame { flux, level }
        })
        .collect()
}

#[test]
fn audio_gives_accents_stabs_and_stops_and_sections_their_intensity() {
    let mut known = Chart::default();
    let of = |(bar, kind)| Section::new(bar, kind);
    known.set_sections([(0, SectionKind::Verse), (2, SectionKind::Chorus)].map(of));
    let mut listened = Listened::default();
    // Eighths in the chorus, quarters in the verse; bar 1 rests but for a stab.
    let plays = |step: usize| match step / 16 {
        1 => (step == 24).then_some(1.0),
        bar => step.is_multiple_of(if bar == 0 { 4 } else { 2 }).then_some(0.5),
    };
    for bar in 0..4 {
        listened.hear(Heard::Bar { at: place(bar, 0.0), meter: FOUR });
        for step in 0..16usize {
            let song_step = 16 * usize::try_from(bar).unwrap() + step;
            for (number, frame) in (0u8..).zip(sound(song_step, plays)) {
                let at = place(bar, step as f32 + f32::from(number) / 24.0);
                listened.hear(Heard::Sound { at, frame });
            }
        }
    }
    listened.hear(Heard::End { at: place(4, 0.0) });
    let (chart, _) = listened.chart(&known);
    assert_eq!([0, 1, 2, 3].map(|bar| chart.accents.in_bar(bar)), [4, 1, 8, 8]);
    assert_eq!(chart.accents.get(1, 8), Some(Accent::Stab));
    // The last quarter of bar 0 sounds for a step and a half.
    let at = |bar, step| Place { bar, step };
    assert_eq!(chart.stops(), [Stop { start: at(0, 14), end: at(1, 8), pick_up: 4, hit: false }]);
    let [verse, chorus] = [0, 1].map(|place| chart.sections()[place].intensity);
    assert!(verse < SectionKind::Verse.usual_intensity() && verse < chorus, "{verse} {chorus}");
}
