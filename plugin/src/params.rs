//! Parameters: everything that a host can automate.
//!
//! Ids, order and ranges are frozen: projects and automation refer to them.
//! [`crate::project::state`] holds the rest of the saved state.

pub mod controls;
pub(crate) mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use groove::Drum;
use groove::output::MAPS;
use groove::style::{STYLES, style_name, style_number};
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;

use crate::project::settings::Settings;
pub use crate::project::state::{ProjectState, STATE_VERSION, SavedState, TakeTempo, WINDOW};

/// Key of [`SavedState`] in the state's fields.
const STATE_KEY: &str = "deep-pocket";

/// Number of user-trained styles; they follow the built-in ones.
const OWN_STYLES: usize = 5;

const TEMPERATURE: (f32, f32) = (0.2, 2.0);
const MAX_SEED: i32 = 65_535;

/// Last value of the generation counter before it wraps.
const LAST_GENERATION: i32 = 65_535;

/// The take of a new instance: with the shipped weights, a plain rock beat that a newcomer knows
/// at once.
const FIRST_TAKE: i32 = 530;

/// All automatable parameters and the rest of the state.
#[derive(Params)]
pub struct DeepPocketParams {
    /// Style number: 0 any, 1 to 18 as in [`groove::style`], 19 to 23 the user's own.
    #[id = "style"]
    pub style: IntParam,
    /// Sampling temperature of the theme; 1 matches the training data.
    #[id = "temperature"]
    pub temperature: FloatParam,
    /// Seed of the take.
    #[id = "seed"]
    pub seed: IntParam,
    /// MIDI channel of the notes, 1 to 16.
    #[id = "channel"]
    pub channel: IntParam,
    /// Counter of changes to the saved state outside the parameters; makes the host mark the
    /// project as modified. Hidden, without any other meaning.
    #[id = "generation"]
    pub generation: IntParam,
    /// Other controls of generation.
    #[nested(group = "Drummer")]
    pub drummer: DrummerParams,
    /// Controls of fills.
    #[nested(group = "Fills")]
    pub fills: FillParams,
    /// Controls of performance.
    #[nested(group = "Playing")]
    pub playing: PlayingParams,
    /// Use of MIDI input.
    #[nested(group = "Prime")]
    pub prime: PrimeParams,
    /// Routing of notes.
    #[nested(group = "Output")]
    pub output: OutputParams,
    /// Lane controls, in class order.
    #[nested(array, group = "Lane")]
    pub lanes: [LaneParams; 9],
    /// Lane channels, in class order.
    #[nested(array, group = "Lane")]
    pub routes: [RouteParams; 9],
    /// Bypass, as the host's own switch.
    #[id = "bypass"]
    pub bypass: BoolParam,
    /// Audition kit.
    #[nested(group = "Audition")]
    pub audition: AuditionParams,
    /// Saved state besides the parameters.
    #[persist = "deep-pocket"]
    pub state: ProjectState,
    changes: ChangeCounter,
}

/// Counter of parameter changes, incremented after a parameter has its new value.
#[derive(Clone, Debug, Default)]
struct ChangeCounter(Arc<AtomicU32>);

impl ChangeCounter {
    /// Returns a callback that counts the changes of one parameter.
    fn counter<T>(&self) -> Arc<dyn Fn(T) + Send + Sync> {
        let ChangeCounter(count) = self.clone();
        Arc::new(move |_| {
            count.fetch_add(1, Ordering::Release);
        })
    }
}

/// Controls of generation.
#[derive(Params)]
pub struct DrummerParams {
    /// Second style of the blend, numbered as the first.
    #[id = "blend_style"]
    pub blend_style: IntParam,
    /// Share of the second style.
    #[id = "blend"]
    pub blend: FloatParam,
    /// Similarity of bars to the preceding ones.
    #[id = "stick"]
    pub stick: FloatParam,
    /// Density of the whole kit.
    #[id = "density"]
    pub density: FloatParam,
    /// Bars per phrase.
    #[id = "phrase"]
    pub phrase: EnumParam<PhraseBars>,
    /// Phrases vary the theme or repeat it.
    #[id = "order"]
    pub order: EnumParam<PhraseOrder>,
    /// Grid at which a changed take starts.
    #[id = "landing"]
    pub launch: EnumParam<LaunchGrid>,
}

/// Controls of fills.
#[derive(Params)]
pub struct FillParams {
    /// Interval between fills.
    #[id = "fill_every"]
    pub every: EnumParam<FillInterval>,
    /// Length in quarter notes.
    #[id = "fill_length"]
    pub length: IntParam,
    /// Share of toms and crash in a fill.
    #[id = "fill_amount"]
    pub amount: FloatParam,
}

/// Controls of performance.
#[derive(Params)]
pub struct PlayingParams {
    /// Delay of every second sixteenth.
    #[id = "swing"]
    pub swing: FloatParam,
    /// Share of the drummer's micro-timing.
    #[id = "timing"]
    pub timing: FloatParam,
    /// Scale of velocities around their mean.
    #[id = "dynamics"]
    pub dynamics: FloatParam,
    /// Offset added to every velocity.
    #[id = "velocity"]
    pub velocity: FloatParam,
    /// Half, plain or double time.
    #[id = "pace"]
    pub pace: EnumParam<PaceChoice>,
}

/// Use of MIDI input.
#[derive(Params)]
pub struct PrimeParams {
    /// Use of the keys.
    #[id = "prime"]
    pub mode: EnumParam<PrimeMode>,
    /// Gate: notes sound only while a key is held.
    #[id = "gate"]
    pub gate: BoolParam,
}

/// Routing of notes.
#[derive(Params)]
pub struct OutputParams {
    /// Index of the drum map in [`MAPS`].
    #[id = "map"]
    pub map: IntParam,
    /// Pass-through of notes that map to no drum.
    #[id = "through"]
    pub through: BoolParam,
    /// Free run: plays without a host's transport.
    #[id = "free_run"]
    pub free_run: BoolParam,
    /// Tempo in free run, in quarter notes per minute.
    #[id = "free_tempo"]
    pub free_tempo: FloatParam,
}

/// Audition kit.
#[derive(Params)]
pub struct AuditionParams {
    /// On or off.
    #[id = "audition"]
    pub on: BoolParam,
    /// Level in dB.
    #[id = "audition_level"]
    pub level: FloatParam,
}

/// Controls of one lane.
#[derive(Params)]
pub struct LaneParams {
    /// Density of the lane.
    #[id = "lane_density"]
    pub density: FloatParam,
    /// The drummer leaves the drum out.
    #[id = "lane_off"]
    pub off: BoolParam,
    /// Mute.
    #[id = "lane_mute"]
    pub mute: BoolParam,
    /// Solo.
    #[id = "lane_solo"]
    pub solo: BoolParam,
    /// Pitch in the user's own map.
    #[id = "lane_pitch"]
    pub pitch: IntParam,
}

/// Routing of one lane.
#[derive(Params)]
pub struct RouteParams {
    /// MIDI channel of the lane, 1 to 16; 0 is the common channel.
    #[id = "lane_channel"]
    pub channel: IntParam,
}

/// Bars per phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PhraseBars {
    /// One.
    #[name = "1 bar"]
    One,
    /// Two.
    #[name = "2 bars"]
    Two,
    /// Four.
    #[name = "4 bars"]
    Four,
    /// Eight.
    #[name = "8 bars"]
    Eight,
}

/// Relation of phrases to the theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PhraseOrder {
    /// Phrases vary it.
    Evolve,
    /// Phrases repeat it.
    Loop,
}

/// Grid at which a changed take starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum LaunchGrid {
    /// Next sixteenth.
    #[name = "Next step"]
    Step,
    /// Next beat.
    #[default]
    #[name = "Next beat"]
    Beat,
    /// Next bar.
    #[name = "Next bar"]
    Bar,
    /// Next phrase.
    #[name = "Next phrase"]
    Phrase,
}

/// Interval between fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FillInterval {
    /// No fills.
    Never,
    /// Every bar.
    #[name = "Every bar"]
    One,
    /// Every two bars.
    #[name = "Every 2 bars"]
    Two,
    /// Every four bars.
    #[name = "Every 4 bars"]
    Four,
    /// Every eight bars.
    #[name = "Every 8 bars"]
    Eight,
    /// Every sixteen bars.
    #[name = "Every 16 bars"]
    Sixteen,
}

/// Speed of the pattern relative to the song.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaceChoice {
    /// Half time.
    #[name = "Half time"]
    Half,
    /// Song tempo.
    Plain,
    /// Double time.
    #[name = "Double time"]
    Double,
}

/// Use of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PrimeMode {
    /// Keys are ignored.
    Off,
    /// Held drums prime the take and are favoured.
    Hold,
    /// Notes played in a bar prime the take.
    Play,
    /// The rhythm of the played notes primes the take.
    Tap,
}

fn percent(name: &str, default: f32, min: f32, max: f32, changes: &ChangeCounter) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min, max })
        .with_callback(changes.counter())
        .with_step_size(0.01)
        .with_unit(" %")
        // Avoids "-0" for values just below zero.
        .with_value_to_string(Arc::new(|value| format!("{:.0}", (value * 100.0).round() + 0.0)))
        .with_string_to_value(formatters::s2v_f32_percentage())
}

fn style(name: &str, default: i32, changes: &ChangeCounter) -> IntParam {
    let styles = i32::try_from(STYLES.len() + OWN_STYLES).unwrap_or(i32::MAX);
    IntParam::new(name, default, IntRange::Linear { min: 0, max: styles })
        .with_callback(changes.counter())
        .with_value_to_string(Arc::new(style_text))
        .with_string_to_value(Arc::new(style_from_text))
}

impl Default for DeepPocketParams {
    fn default() -> Self {
        let changes = &ChangeCounter::default();
        DeepPocketParams {
            style: style("Style", i32::from(style_number("rock").unwrap_or(0)), changes),
            temperature: FloatParam::new(
                "Temperature",
                1.0,
                FloatRange::Skewed {
                    min: TEMPERATURE.0,
                    max: TEMPERATURE.1,
                    factor: FloatRange::skew_factor(-0.4),
                },
            )
            .with_callback(changes.counter())
            .with_step_size(0.01),
            seed: IntParam::new("Take", FIRST_TAKE, IntRange::Linear { min: 0, max: MAX_SEED })
                .with_callback(changes.counter()),
            channel: IntParam::new("Channel", 10, IntRange::Linear { min: 1, max: 16 })
                .with_callback(changes.counter()),
            generation: IntParam::new(
                "Generation",
                0,
                IntRange::Linear { min: 0, max: LAST_GENERATION },
            )
            .with_callback(changes.counter())
            .hide()
            .non_automatable(),
            drummer: DrummerParams {
                blend_style: style("Second style", 0, changes),
                blend: percent("Blend", 0.0, 0.0, 1.0, changes),
                stick: percent("Stick", 0.5, 0.0, 1.0, changes),
                density: percent("Density", 0.0, -1.0, 1.0, changes),
                phrase: EnumParam::new("Phrase", PhraseBars::Four).with_callback(changes.counter()),
                order: EnumParam::new("Phrases", PhraseOrder::Evolve)
                    .with_callback(changes.counter()),
                launch: EnumParam::new("Changes begin", LaunchGrid::Beat)
                    .with_callback(changes.counter()),
            },
            fills: FillParams {
                every: EnumParam::new("Fill", FillInterval::Never).with_callback(changes.counter()),
                length: IntParam::new("Fill length", 2, IntRange::Linear { min: 1, max: 8 })
                    .with_callback(changes.counter())
                    .with_unit(" beats"),
                amount: percent("Fill amount", 0.5, 0.0, 1.0, changes),
            },
            playing: PlayingParams {
                swing: percent("Swing", 0.0, 0.0, 1.0, changes),
                timing: percent("Timing", 1.0, 0.0, 2.0, changes),
                dynamics: percent("Dynamics", 1.0, 0.0, 2.0, changes),
                velocity: FloatParam::new(
                    "Velocity",
                    0.0,
                    FloatRange::Linear { min: -64.0, max: 64.0 },
                )
                .with_callback(changes.counter())
                .with_step_size(1.0)
                .with_value_to_string(formatters::v2s_f32_rounded(0)),
                pace: EnumParam::new("Pace", PaceChoice::Plain).with_callback(changes.counter()),
            },
            prime: PrimeParams {
                mode: EnumParam::new("Prime", PrimeMode::Hold).with_callback(changes.counter()),
                gate: BoolParam::new("Gate", false).with_callback(changes.counter()),
            },
            output: OutputParams {
                map: IntParam::new("Drum map", 0, IntRange::Linear { min: 0, max: last_map() })
                    .with_callback(changes.counter())
                    .with_value_to_string(Arc::new(map_text))
                    .with_string_to_value(Arc::new(map_from_text)),
                through: BoolParam::new("Through", false).with_callback(changes.counter()),
                free_run: BoolParam::new("Free run", false).with_callback(changes.counter()),
                free_tempo: FloatParam::new(
                    "Free tempo",
                    120.0,
                    FloatRange::Linear { min: 20.0, max: 400.0 },
                )
                .with_callback(changes.counter())
                .with_step_size(0.1)
                .with_unit(" bpm")
                .with_value_to_string(formatters::v2s_f32_rounded(1)),
            },
            lanes: Drum::ALL.map(|drum| LaneParams {
                density: percent(&format!("{} density", drum.name()), 0.0, -1.0, 1.0, changes),
                off: BoolParam::new(format!("{} off", drum.name()), false)
                    .with_callback(changes.counter()),
                mute: BoolParam::new(format!("{} mute", drum.name()), false)
                    .with_callback(changes.counter()),
                solo: BoolParam::new(format!("{} solo", drum.name()), false)
                    .with_callback(changes.counter()),
                pitch: IntParam::new(
                    format!("{} pitch", drum.name()),
                    drum.general_midi().into(),
                    IntRange::Linear { min: 0, max: 127 },
                )
                .with_callback(changes.counter()),
            }),
            routes: Drum::ALL.map(|drum| RouteParams {
                channel: IntParam::new(
                    format!("{} channel", drum.name()),
                    0,
                    IntRange::Linear { min: 0, max: 16 },
                )
                .with_callback(changes.counter())
                .with_value_to_string(Arc::new(channel_text))
                .with_string_to_value(Arc::new(channel_from_text)),
            }),
            bypass: BoolParam::new("Bypass", false).with_callback(changes.counter()).make_bypass(),
            audition: AuditionParams {
                on: BoolParam::new("Audition kit", true).with_callback(changes.counter()),
                level: FloatParam::new(
                    "Audition level",
                    0.0,
                    FloatRange::Linear { min: -30.0, max: 6.0 },
                )
                .with_callback(changes.counter())
                .with_step_size(0.1)
                .with_unit(" dB")
                .with_value_to_string(formatters::v2s_f32_rounded(1)),
            },
            state: ProjectState::default(),
            changes: changes.clone(),
        }
    }
}

impl DeepPocketParams {
    /// Returns the number of parameter changes; wraps. Values read after this call are at least as
    /// new. The audio thread reads all parameters only when this has changed.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.changes.0.load(Ordering::Acquire)
    }

    /// Applies the drum map of the user's settings to a new instance. A project that is loaded
    /// later takes precedence.
    pub fn start_with(&self, settings: &Settings) {
        let Some(map) = &settings.map else { return };
        let begin = |param: &IntParam, value: i32| {
            let value = param.preview_normalized(value);
            // SAFETY: the pointer is into the parameters, which outlive the call.
            unsafe { param.as_ptr()._internal_set_normalized_value(value) };
        };
        begin(&self.output.map, i32::try_from(map.index()).unwrap_or(0));
        for (lane, pitch) in self.lanes.iter().zip(map.pitches) {
            begin(&lane.pitch, pitch.into());
        }
    }

    /// Repairs a state before it is loaded: clamps values, fills in defaults for missing ones, and
    /// marks a record that does not parse completely, so that the window can say so.
    pub fn repair(state: &mut PluginState) {
        let fresh = DeepPocketParams::default();
        for (id, pointer, _) in fresh.param_map() {
            let value = state.params.get(&id);
            // SAFETY: `fresh` outlives the pointers into it.
            let value = unsafe { repaired(pointer, value) };
            state.params.insert(id, value);
        }
        let record =
            state.fields.get(STATE_KEY).map(|text| SavedState::read(text)).unwrap_or_default();
        if let Ok(json) = serde_json::to_string(&record) {
            state.fields.insert(STATE_KEY.into(), json);
        }
    }
}

/// Returns a valid value of a parameter: the saved one, clamped, or the default.
///
/// # Safety
/// The pointer must be valid.
unsafe fn repaired(pointer: ParamPtr, saved: Option<&ParamValue>) -> ParamValue {
    // SAFETY: as the caller promises, for all of them.
    unsafe {
        let (least, most) = (pointer.preview_plain(0.0), pointer.preview_plain(1.0));
        let default = pointer.default_plain_value();
        match (pointer, saved) {
            (ParamPtr::BoolParam(_), Some(ParamValue::Bool(value))) => ParamValue::Bool(*value),
            (ParamPtr::BoolParam(_), _) => ParamValue::Bool(default > 0.5),
            (ParamPtr::FloatParam(_), Some(ParamValue::F32(value))) if value.is_finite() => {
                ParamValue::F32(value.clamp(least, most))
            }
            (ParamPtr::FloatParam(_), _) => ParamValue::F32(default),
            (_, Some(ParamValue::I32(value))) => {
                ParamValue::I32((*value).clamp(whole(least), whole(most)))
            }
            _ => ParamValue::I32(whole(default)),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "ranges of whole numbers are small")]
fn whole(value: f32) -> i32 {
    value.round() as i32
}

fn style_text(number: i32) -> String {
    match usize::try_from(number) {
        Ok(n) if n > STYLES.len() => format!("own {}", n - STYLES.len()),
        _ => style_name(u8::try_from(number).unwrap_or(0)).into(),
    }
}

fn style_from_text(text: &str) -> Option<i32> {
    let text = text.trim().to_ascii_lowercase();
    if let Some(own) = text.strip_prefix("own") {
        let own: usize = own.trim().parse().ok()?;
        return (1..=OWN_STYLES).contains(&own).then(|| i32::try_from(STYLES.len() + own).ok())?;
    }
    style_number(&text).map(i32::from).or_else(|| text.parse().ok())
}

fn channel_text(number: i32) -> String {
    if number == 0 { "common".into() } else { number.to_string() }
}

fn channel_from_text(text: &str) -> Option<i32> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("common") { Some(0) } else { text.parse().ok() }
}

fn last_map() -> i32 {
    i32::try_from(MAPS.len() - 1).unwrap_or(0)
}

fn map_text(number: i32) -> String {
    let map = usize::try_from(number).ok().and_then(|number| MAPS.get(number));
    map.unwrap_or(&MAPS[0]).0.into()
}

fn map_from_text(text: &str) -> Option<i32> {
    let named = MAPS.iter().position(|(name, _)| name.eq_ignore_ascii_case(text.trim()));
    named.and_then(|place| i32::try_from(place).ok()).or_else(|| text.trim().parse().ok())
}
