//! Clips exported by the window match the notes that play: the worker's phrase with the parameters'
//! performance, drum map and channel.

use std::sync::Arc;

use deep_pocket::link::mailbox::PlayedSong;
use deep_pocket::link::{Link, Phrase, Phrases, link};
use deep_pocket::params::DeepPocketParams;
use deep_pocket::session::clip_export::{ClipExport, ExportOptions, Extent};
use groove::pattern::Articulation;
use groove::pattern::midi::{Clip, MidiFile, PitchMap};
use groove::take::chart::{Chart, Section, SectionKind};
use groove::take::{Take, TakeControls};
use groove::{Bar, Drum, Hit, Meter, Step};
use nice_plug::prelude::*;

/// Phrase from bar 4 on with a snare on each beat and an early kick at the start of each bar.
fn shown() -> (Arc<Link>, [Bar; 4]) {
    let (_, _, link) = link();
    let mut bars = [Bar::silent(Meter::FOUR_FOUR); 4];
    for (velocity, bar) in (60..).zip(&mut bars) {
        for beat in 0..4 {
            let hit = Hit::plain(velocity, 9);
            bar.steps_mut()[4 * beat].set(Drum::Snare, Some(hit));
        }
        bar.steps_mut()[0].set(Drum::Kick, Some(Hit::plain(velocity, -30)));
    }
    let take = Take::from(TakeControls { seed: 464, style: 17, ..TakeControls::default() });
    let phrase = Phrase { number: 1, take, first_bar: 4, bars: bars.to_vec(), next: bars[0] };
    link.show(Phrases { playing: Some(Arc::new(phrase)), ..Phrases::default() });
    (link, bars)
}

fn set(params: &DeepPocketParams, id: &str, value: f32) {
    let map = params.param_map();
    let (_, pointer, _) = map.iter().find(|(known, ..)| known == id).expect("a parameter");
    // SAFETY: the pointer is into `params`.
    unsafe {
        let normalized = pointer.preview_normalized(value);
        pointer._internal_set_normalized_value(normalized);
    }
}

fn steps(export: &ClipExport) -> Vec<Step> {
    Clip::read(&export.midi(), PitchMap::Detect).expect("our own file").steps
}

#[test]
fn an_exported_phrase_matches_playback() {
    let (link, bars) = shown();
    let params = DeepPocketParams::default();
    let export = ClipExport::of(&params, &link, ExportOptions::default()).expect("a clip");
    assert_eq!(export.name(), "rock-120bpm-464");
    let read = steps(&export);
    assert_eq!(read[0].hit(Drum::Kick), Some(Hit::plain(60, 0)));
    assert_eq!(read[16], bars[1].steps()[0]);
    assert_eq!(read[60], bars[3].steps()[12]);
    // Map, channel and performance come from the parameters.
    set(&params, "map", 3.0);
    set(&params, "channel", 3.0);
    set(&params, "lane_mute_1", 1.0);
    set(&params, "timing", 0.0);
    let export = ClipExport::of(&params, &link, ExportOptions::default()).expect("a clip");
    let midi = export.midi();
    assert!(midi.windows(3).any(|bytes| bytes == [0x92, 38, 60]), "Addictive Drums' snare");
    let read = steps(&export);
    assert!(read.iter().all(|step| step.hit(Drum::Kick).is_none()));
    assert_eq!(read[16].hit(Drum::Snare), Some(Hit::plain(61, 0)));
}

#[test]
fn without_articulations_a_clip_has_plain_single_notes() {
    let (link, _) = shown();
    let mut phrase = Phrase::clone(&link.phrases().playing.expect("a phrase"));
    let rim = Hit { articulation: Articulation::Rim, ..Hit::plain(100, 3) };
    phrase.bars[0].steps_mut()[4].add(Drum::Snare, rim);
    link.show(Phrases { playing: Some(Arc::new(phrase)), ..Phrases::default() });
    let params = DeepPocketParams::default();
    let snare = || {
        let export = ClipExport::of(&params, &link, ExportOptions::default()).expect("a clip");
        steps(&export)[4].hit(Drum::Snare).expect("a hit")
    };
    assert_eq!(snare().strokes().collect::<Vec<_>>(), [rim.main(), Hit::plain(60, 9).main()]);
    set(&params, "articulations", 0.0);
    assert_eq!(snare(), Hit::plain(100, 3));
}

#[test]
fn one_lane_a_bar_range_and_a_quantised_clip_are_exported() {
    let (link, _) = shown();
    let params = DeepPocketParams::default();
    let of = |options| ClipExport::of(&params, &link, options);
    let lane =
        of(ExportOptions { lane: Some(Drum::Kick), ..ExportOptions::default() }).expect("a clip");
    assert_eq!(lane.name(), "rock-120bpm-464-kick");
    assert!(steps(&lane).iter().all(|step| step.hit(Drum::Snare).is_none()));
    let quantised =
        of(ExportOptions { quantised: true, ..ExportOptions::default() }).expect("a clip");
    assert!(steps(&quantised).iter().all(|step| step.hits().all(|(_, hit)| hit.offset_ticks == 0)));
    let refused = |options| of(options).expect_err("a sentence");
    let ride = ExportOptions { lane: Some(Drum::Ride), ..ExportOptions::default() };
    assert_eq!(refused(ride), "Ride has no hits in these bars.");
    let far = refused(ExportOptions { extent: Extent::Phrases(2), ..ExportOptions::default() });
    assert!(far.contains("bar 9"), "{far}");
}

#[test]
fn half_and_double_time_export_at_their_heard_length() {
    let (link, _) = shown();
    let params = DeepPocketParams::default();
    let snares = |pace: f32| {
        set(&params, "pace", pace);
        let export = ClipExport::of(&params, &link, ExportOptions::default()).expect("a clip");
        let read = steps(&export);
        (0..)
            .zip(read)
            .filter(|(_, step)| step.hit(Drum::Snare).is_some())
            .map(|(at, _)| at)
            .collect::<Vec<_>>()
    };
    let every = |steps: usize| -> Vec<usize> { (0..16).map(|beat| steps * beat).collect() };
    assert_eq!(snares(0.0), every(8));
    assert_eq!(snares(1.0), every(4));
    assert_eq!(snares(2.0), every(2));
}

#[test]
fn text_and_sound_export_the_same_clip() {
    let (link, _) = shown();
    let export = ClipExport::of(&DeepPocketParams::default(), &link, ExportOptions::default())
        .expect("a clip");
    let text = export.text();
    assert!(text.starts_with("rock-120bpm-464: 120 bpm, 4/4;"), "{text}");
    assert!(text.contains("Snare      x...x...x...x...|"), "{text}");
    let wav = export.wav(8_000);
    assert!(wav.starts_with(b"RIFF") && wav.len() > 8 * 8_000 * 6, "eight seconds");
}

#[test]
fn export_without_a_phrase_fails_with_a_message() {
    let (_, _, link) = link();
    let fault = ClipExport::of(&DeepPocketParams::default(), &link, ExportOptions::default());
    assert!(fault.expect_err("a sentence").contains("no clip yet"));
}

#[test]
fn a_song_and_its_sections_are_clips_with_markers() {
    let (link, shown) = shown();
    let mut phrase = Phrase::clone(&link.phrases().playing.expect("a phrase"));
    let kinds = [(2, SectionKind::Verse), (5, SectionKind::Chorus), (9, SectionKind::Outro)];
    let mut chart = Chart::default();
    assert!(chart.set_sections(kinds.map(|(bar, kind)| Section::new(bar, kind))));
    phrase.take.chart = chart;
    let take = phrase.take;
    link.show(Phrases { playing: Some(Arc::new(phrase)), ..Phrases::default() });
    let params = DeepPocketParams::default();
    let of = |extent| {
        ClipExport::of(&params, &link, ExportOptions { extent, ..ExportOptions::default() })
    };
    let told = of(Extent::Song).expect_err("no bars yet");
    assert!(told.contains("try again"), "{told}");
    // A bar's velocity tells its number.
    let bars = (0..17).map(|number| {
        let mut bar = shown[0];
        bar.steps_mut()[4].set(Drum::Snare, Some(Hit::plain(30 + number, 0)));
        bar
    });
    let (meter, bars) = (Meter::FOUR_FOUR, bars.collect());
    link.mailbox().set_song(Arc::new(PlayedSong { take, meter, first: 0, bars }));
    let song = of(Extent::Song).expect("a clip");
    assert_eq!(song.name(), "rock-120bpm-464-song");
    assert_eq!(song.steps().len(), 17 * 16);
    let markers = MidiFile::read(&song.midi()).expect("our own file").markers;
    let wanted = kinds.map(|(bar, kind)| (u64::from(bar) * 3_840, kind.name().to_owned()));
    assert_eq!(markers, wanted);
    let velocity = |export: &ClipExport, bar: usize| {
        export.steps()[16 * bar + 4].hit(Drum::Snare).map(|hit| hit.velocity)
    };
    assert_eq!([0, 16].map(|bar| velocity(&song, bar)), [Some(30), Some(46)]);
    // The song stands at bar 0, before the verse.
    let section = of(Extent::Section).expect("a clip");
    assert_eq!((section.name(), section.steps().len()), ("rock-120bpm-464-bars-1", 2 * 16));
}
