//! Parameters: everything that a host can automate.
//!
//! Ids and ranges are frozen: projects and automation refer to them. Hosts list the parameters in
//! the order of [`host_order`].
//! [`crate::project::state`] holds the rest of the saved state.

pub mod button;
mod change_counter;
mod choices;
pub mod controls;
mod defaults;
#[cfg(test)]
mod growth_tests;
pub mod host_order;
pub mod pad;
pub(crate) mod remote_controls;
mod repair;
pub mod stage;
mod text;
pub(crate) mod writer;

use nice_plug::prelude::*;

use crate::params::change_counter::ChangeCounter;
pub use crate::params::choices::{
    FillInterval, LaunchGrid, PaceChoice, PhraseBars, PhraseOrder, PrimeMode, SwingChoice,
};
use crate::params::pad::PadParams;
use crate::params::stage::StageParams;
use crate::project::settings::Settings;
use crate::project::state::ProjectState;

/// Key of the saved record in the state's fields.
const STATE_KEY: &str = "deep-pocket";

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
    /// Style number as in [`groove::pattern::style`].
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
    #[nested(group = "Keys")]
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
    /// Stage keys.
    #[nested(group = "Stage")]
    pub stage: StageParams,
    /// The pad *Intensity* by *Complexity*.
    #[nested(group = "Pad")]
    pub pad: PadParams,
    /// Saved state besides the parameters.
    #[persist = "deep-pocket"]
    pub state: ProjectState,
    changes: ChangeCounter,
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
    /// Position of the second note of a pair, 0 for 50 % to 1 for 75 % of the pair.
    #[id = "swing"]
    pub swing: FloatParam,
    /// Note value whose pairs swing.
    #[id = "swing_of"]
    pub swing_of: EnumParam<SwingChoice>,
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
    /// Number of the drum map as in [`groove::play::drum_maps`].
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
    /// Articulations and further strokes; off: one plain note per drum and sixteenth.
    #[id = "articulations"]
    pub articulations: BoolParam,
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
    /// Kit number as in [`groove::synth::KITS`]; 0 follows the style.
    #[id = "audition_kit"]
    pub kit: IntParam,
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

impl DeepPocketParams {
    /// Returns the number of parameter changes; wraps. Values read after this call are at least as
    /// new. The audio thread reads all parameters only when this has changed.
    #[must_use]
    pub fn changes(&self) -> u32 {
        self.changes.get()
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
        begin(&self.output.map, map.number().into());
        for (lane, pitch) in self.lanes.iter().zip(map.pitches) {
            begin(&lane.pitch, pitch.into());
        }
    }
}
