//! Clip export: the bars that play now, as a MIDI file, as text and as audio.
//!
//! Runs on the window's thread and reads the worker's phrases, the stored bars and the parameters,
//! not the engine or the model. [`groove::pattern::clip`] and [`groove::pattern::midi`] define timing and file
//! format.

use std::ops::Range;

use groove::pattern::clip::{self, Clip};
use groove::pattern::midi::MidiLayout;
use groove::play::drum_maps::{at_pitches, plain_strokes};
use groove::synth::{Kit, chosen_kit};
use groove::{Bar, Channels, Drum, DrumSet, Pitches, Step};

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
        if options.quantised {
            controls.performance.timing = 0.0;
        }
        let mut bars = Vec::new();
        for bar in song_bars(&phrase, &controls, options.extent) {
            let (first, count) = controls.performance.sources(bar);
            let mut sources = Vec::with_capacity(count);
            for source in (first..).take(count) {
                let Some(found) = pattern_bar(params, &phrase, source) else {
                    return Err(format!(
                        "The drummer has not played bar {} yet, so it cannot be part of a clip.",
                        bar + 1
                    ));
                };
                sources.push(found);
            }
            let mut played = controls.performance.play(bar, &sources);
            if !controls.articulations {
                played = plain_strokes(&played);
            }
            let pitches = controls.pitches.unwrap_or(*played.pitches());
            bars.push(at_pitches(&played, pitches, controls.channels));
        }
        let Some(first) = bars.first() else {
            return Err("A clip needs at least one bar.".into());
        };
        let pitches = *first.pitches();
        let lanes = options.lane.map_or(DrumSet::ALL, |drum| [drum].into_iter().collect());
        let clip = Clip::of(&bars, link.status().tempo).lanes(lanes);
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
        let Controls { hat_pedal, channels, kit, .. } = controls;
        let kit = chosen_kit(kit, phrase.take.controls.main_style());
        Ok(ClipExport { clip, name, pitches, hat_pedal, channels, lanes, kit })
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
        clip.write(&MidiLayout { name, pitches, channels, lanes, hat_pedal })
    }

    /// Renders the clip with the audition kit at a sample rate in Hz, as a `.wav` file. Takes a few
    /// hundredths of the clip's duration.
    #[must_use]
    pub fn wav(&self, rate: u32) -> Vec<u8> {
        groove::synth::wav(&self.clip, self.kit, rate)
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
fn song_bars(phrase: &Phrase, controls: &Controls, extent: Extent) -> Range<i64> {
    let phrases = match extent {
        Extent::Phrase => 1,
        Extent::Phrases(count) => i64::from(count),
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
