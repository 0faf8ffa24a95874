//! Clip export: the bars that play now, as a MIDI file, as text and as audio.
//!
//! Runs on the window's thread and reads the worker's phrases, the stored bars and the parameters,
//! not the engine or the model. [`groove::pattern::clip`] and [`groove::pattern::midi`] define timing and file
//! format.

use std::ops::Range;

use groove::pattern::TICKS_PER_STEP;
use groove::pattern::clip::{self, Clip};
use groove::pattern::midi::{MidiLayout, Song};
use groove::play::drum_maps::{at_pitches, plain_strokes};
use groove::synth::{Kit, Trims, chosen_kit};
use groove::take::chart::{Chart, Section};
use groove::{Bar, Channels, Drum, DrumSet, Meter, Pitches, Step};

use crate::link::{Link, ModelState, Phrase};
use crate::params::DeepPocketParams;
use crate::params::controls::Controls;

/// Range of bars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// The phrase shown.
    #[default]
    Phrase,
    /// A number of phrases, starting with the one shown.
    Phrases(u8),
    /// The section of the song at its current position, with a marker.
    Section,
    /// The whole song as far as its chart describes it, with a marker for each section.
    Song,
}

impl Extent {
    /// Returns `true` for a part of the song instead of a number of phrases.
    #[must_use]
    pub fn is_of_song(self) -> bool {
        matches!(self, Extent::Section | Extent::Song)
    }
}

/// Options of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// Range of bars.
    pub extent: Extent,
    /// Single lane; `None`: all.
    pub lane: Option<Drum>,
    /// Removes the drummer's timing. Swing stays, because it is the user's.
    pub quantised: bool,
}

/// A clip ready to write.
#[derive(Clone, Debug, PartialEq)]
pub struct ClipExport {
    clip: Clip,
    name: String,
    pitches: Pitches,
    hat_pedal: bool,
    channels: Channels,
    lanes: DrumSet,
    kit: Kit,
    trims: Trims,
    /// Names at ticks.
    markers: Vec<(u32, String)>,
}

impl ClipExport {
    /// Collects the playing take as it sounds, at the song's tempo.
    ///
    /// # Errors
    /// Returns a message for the user if bars are missing or contain no hit.
    pub fn of(
        params: &DeepPocketParams,
        link: &Link,
        options: ExportOptions,
    ) -> Result<ClipExport, String> {
        let phrases = link.phrases();
        let Some(phrase) = phrases.playing else {
            return Err("There is no clip yet: the drummer has not played a phrase.".into());
        };
        let mut controls = Controls::new(params);
        let mut options = options;
        if phrase.take.chart.is_empty() && options.extent.is_of_song() {
            // The chart was removed after the length was chosen.
            options.extent = Extent::Phrase;
        }
        if options.quantised {
            controls.performance.timing = 0.0;
        }
        let status = link.status();
        let range = song_bars(&phrase, &controls, options.extent, status.bar);
        let bars = played_bars(params, link, &phrase, &controls, range.clone())
            .map_err(|bar| missing_bar(options.extent, bar))?;
        let Some(first) = bars.first() else {
            return Err("A clip needs at least one bar.".into());
        };
        let pitches = *first.pitches();
        let lanes = options.lane.map_or(DrumSet::ALL, |drum| [drum].into_iter().collect());
        let clip = Clip::of(&bars, status.tempo).lanes(lanes);
        if clip.drums().is_empty() {
            return Err(match options.lane {
                Some(drum) => format!("{} has no hits in these bars.", drum.name()),
                None => "These bars contain no hits.".into(),
            });
        }
        let style = style_name(link, phrase.take.controls.style);
        let mut name = clip::name(&style, clip.tempo, phrase.take.controls.seed);
        if let Some(drum) = options.lane {
            name = format!("{name}-{}", drum.name().to_lowercase().replace(' ', "-"));
        }
        let mut markers = Vec::new();
        if options.extent.is_of_song() {
            let chart = &phrase.take.chart;
            name = format!("{name}-{}", part_name(chart, options.extent, range.start));
            markers = section_markers(chart, &range, clip.meter);
        }
        let Controls { hat_pedal, channels, kit, .. } = controls;
        let kit = chosen_kit(kit, phrase.take.controls.main_style());
        let trims = params.state.trims().get().factors();
        Ok(ClipExport { clip, name, pitches, hat_pedal, channels, lanes, kit, trims, markers })
    }

    /// Returns the name of the clip, without extension: style, tempo, seed and, for a single lane,
    /// the drum.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the steps of the clip, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.clip.steps
    }

    /// Returns a Standard MIDI File.
    #[must_use]
    pub fn midi(&self) -> Vec<u8> {
        let ClipExport { ref clip, ref name, pitches, hat_pedal, channels, lanes, .. } = *self;
        let layout = MidiLayout { name, pitches, channels, lanes, hat_pedal };
        if self.markers.is_empty() {
            return clip.write(&layout);
        }
        Song { markers: self.markers.clone(), ..Song::of(clip.clone()) }.write(&layout)
    }

    /// Renders the clip with the audition kit at a sample rate in Hz, as a `.wav` file. Takes a few
    /// hundredths of the clip's duration.
    #[must_use]
    pub fn wav(&self, rate: u32) -> Vec<u8> {
        groove::synth::wav(&self.clip, self.kit, &self.trims, rate)
    }

    /// Returns the clip as a grid of text.
    #[must_use]
    pub fn text(&self) -> String {
        let Clip { tempo, meter, .. } = self.clip;
        format!(
            "{}: {tempo:.0} bpm, {}/{}; o soft, x medium, X loud\n\n{}\n",
            self.name,
            meter.numerator,
            meter.denominator,
            self.clip.grid()
        )
    }
}

/// Returns the bars of the song to export. In half time a phrase of the pattern is twice as long,
/// in double time half as long.
fn song_bars(phrase: &Phrase, controls: &Controls, extent: Extent, here: i64) -> Range<i64> {
    let phrases = match extent {
        Extent::Phrase => 1,
        Extent::Phrases(count) => i64::from(count),
        Extent::Section => return phrase.take.chart.section_bars(here),
        Extent::Song => return 0..phrase.take.chart.bars().into(),
    };
    let bars = i64::try_from(phrase.bars.len()).unwrap_or(1);
    let (first, end) = (phrase.first_bar, phrase.first_bar + bars * phrases);
    // First bar of the song that the pattern's first bar contributes to, and the end.
    match controls.performance.pace {
        groove::play::perform::TimeFeel::Half => 2 * first..2 * end,
        groove::play::perform::TimeFeel::Plain => first..end,
        groove::play::perform::TimeFeel::Double => first.div_euclid(2)..(end + 1).div_euclid(2),
    }
}

/// Returns the first bar and the number of bars of the pattern that a clip of the song needs beside
/// the phrases; `None` for a clip of phrases.
pub(super) fn needed_of_song(
    phrase: &Phrase,
    controls: &Controls,
    extent: Extent,
    here: i64,
) -> Option<(i64, u16)> {
    if !extent.is_of_song() {
        return None;
    }
    let bars = song_bars(phrase, controls, extent, here);
    let (first, _) = controls.performance.sources(bars.start);
    let (last, count) = controls.performance.sources(bars.end - 1);
    let end = last + i64::try_from(count).unwrap_or(1);
    Some((first, u16::try_from(end - first).ok()?))
}

/// Returns the bars of a range of the song as they sound, or the first one that is missing.
fn played_bars(
    params: &DeepPocketParams,
    link: &Link,
    phrase: &Phrase,
    controls: &Controls,
    range: Range<i64>,
) -> Result<Vec<Bar>, i64> {
    let song = link.mailbox().song();
    let meter = phrase.bars.first().map(Bar::meter);
    let of_song = |bar| song.as_ref()?.bar(&phrase.take, meter?, bar);
    let mut bars = Vec::new();
    for bar in range {
        let (first, count) = controls.performance.sources(bar);
        let source = |bar| of_song(bar).or_else(|| pattern_bar(params, phrase, bar));
        let sources: Option<Vec<Bar>> = (first..).take(count).map(source).collect();
        let mut played = controls.performance.play(bar, &sources.ok_or(bar)?);
        if !controls.articulations {
            played = plain_strokes(&played);
        }
        let pitches = controls.pitches.unwrap_or(*played.pitches());
        bars.push(at_pitches(&played, pitches, controls.channels));
    }
    Ok(bars)
}

/// Returns the sentence about a bar that is missing in a clip.
fn missing_bar(extent: Extent, bar: i64) -> String {
    if extent.is_of_song() {
        return "The drummer is still playing through the song for this clip: try again in a few \
                seconds."
            .into();
    }
    format!("The drummer has not played bar {} yet, so it cannot be part of a clip.", bar + 1)
}

/// Returns the name of a part of the song that begins at a bar, in the name of a file.
fn part_name(chart: &Chart, extent: Extent, first: i64) -> String {
    if extent != Extent::Section {
        return "song".to_owned();
    }
    let kind = chart.section_at(first).map_or("bars", |section| section.kind.name());
    format!("{}-{}", kind.to_lowercase(), first + 1)
}

/// Returns the sections that begin in a range of bars, at ticks from its start.
fn section_markers(chart: &Chart, bars: &Range<i64>, meter: Meter) -> Vec<(u32, String)> {
    let length = i64::try_from(meter.steps()).unwrap_or(1) * i64::from(TICKS_PER_STEP);
    let sections = chart.sections().iter().filter(|it| bars.contains(&i64::from(it.start)));
    let marker = |section: &Section| {
        let tick = (i64::from(section.start) - bars.start) * length;
        (u32::try_from(tick).unwrap_or(u32::MAX), section.kind.name().to_owned())
    };
    sections.map(marker).collect()
}

/// Returns a bar of the pattern, from the phrase shown or from the stored bars.
fn pattern_bar(params: &DeepPocketParams, phrase: &Phrase, bar: i64) -> Option<Bar> {
    let shown = usize::try_from(bar - phrase.first_bar).ok().and_then(|at| phrase.bars.get(at));
    let meter = phrase.bars.first()?.meter();
    shown.copied().or_else(|| params.state.kept().bar(&phrase.take, meter, bar))
}

/// Returns the name of a style as the model has it.
fn style_name(link: &Link, number: u8) -> String {
    match link.model() {
        ModelState::Ready(metadata) => metadata.style_name(number).into(),
        _ => groove::pattern::style::style_name(number).into(),
    }
}
