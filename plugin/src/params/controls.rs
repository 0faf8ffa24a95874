//! Snapshot of the parameters for a block.

use groove::play::drum_maps::{DRUM_MAPS, FactoryMap, OWN_MAP, map_in};
use groove::play::perform::{self, Performance};
use groove::synth::AUTOMATIC_KIT;
use groove::take::{Fills, Take, TakeControls};
use groove::{CLASSES, Channels, Drum, DrumSet, Pitches};

use crate::params::stage::StageControls;
use crate::params::{DeepPocketParams, LaneParams, PaceChoice, PhraseOrder, SwingChoice};
pub use crate::params::{LaunchGrid, PrimeMode};

/// All parameters, clamped to their ranges and free of NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// Controls of the theme. The tempo is not a parameter and has its default value.
    pub take: TakeControls,
    /// Position and content of fills.
    pub fills: Fills,
    /// Bars per phrase: 1, 2, 4 or 8.
    pub phrase_bars: u8,
    /// Phrases vary the theme instead of repeating it.
    pub evolve: bool,
    /// Controls of performance, with what the pad adds.
    pub performance: Performance,
    /// Number of the drum map.
    pub map: u8,
    /// Pitches of the drums; `None`: the model's own.
    pub pitches: Option<Pitches>,
    /// Controller 4 is sent before each stroke of the hi-hat.
    pub hat_pedal: bool,
    /// Articulations and further strokes; otherwise one plain note per drum and sixteenth.
    pub articulations: bool,
    /// Common MIDI channel, 0 to 15.
    pub channel: u8,
    /// MIDI channel of each drum.
    pub channels: Channels,
    /// Bypass.
    pub bypass: bool,
    /// Use of the keys.
    pub prime: PrimeMode,
    /// Gate: notes sound only while a key is held.
    pub gate: bool,
    /// Pass-through of notes that map to no drum.
    pub through: bool,
    /// Grid at which changed takes start.
    pub launch_grid: LaunchGrid,
    /// Tempo in free run; `None` if free run is off.
    pub free_run: Option<f64>,
    /// Audition kit on.
    pub audition: bool,
    /// Level of the audition kit, in dB.
    pub level: f32,
    /// Number of the audition's kit, as in [`groove::synth::KITS`].
    pub kit: u8,
    /// Stage keys.
    pub stage: StageControls,
}

impl Default for Controls {
    fn default() -> Self {
        Controls::new(&DeepPocketParams::default())
    }
}

impl Controls {
    /// Reads the current parameters.
    #[must_use]
    pub fn new(params: &DeepPocketParams) -> Self {
        let DeepPocketParams { drummer, fills, prime, output, audition, .. } = params;
        let channel = u8::try_from(params.channel.value().clamp(1, 16) - 1).unwrap_or(0);
        let map = u8::try_from(output.map.value()).unwrap_or(0);
        let free_tempo = f64::from(finite(output.free_tempo.value(), 120.0));
        Controls {
            take: take_controls(params),
            kit: u8::try_from(audition.kit.value()).unwrap_or(AUTOMATIC_KIT),
            fills: Fills {
                every: fills.every.value().bars(),
                steps: 4 * u8::try_from(fills.length.value().clamp(1, 8)).unwrap_or(2),
                amount: finite(fills.amount.value(), 0.5),
            },
            phrase_bars: drummer.phrase.value().count(),
            evolve: drummer.order.value() == PhraseOrder::Evolve,
            performance: with_pad(params),
            map,
            pitches: pitches(DRUM_MAPS, map, &params.lanes),
            hat_pedal: map_in(DRUM_MAPS, map).is_some_and(|map| map.hat_pedal),
            articulations: output.articulations.value(),
            channel,
            channels: params.routes.each_ref().map(|route| match route.channel.value() {
                own @ 1..=16 => u8::try_from(own - 1).unwrap_or(channel),
                _ => channel,
            }),
            bypass: params.bypass.value(),
            prime: prime.mode.value(),
            gate: prime.gate.value(),
            through: output.through.value(),
            launch_grid: drummer.launch.value(),
            free_run: output.free_run.value().then_some(free_tempo),
            audition: audition.on.value(),
            level: finite(audition.level.value(), 0.0),
            stage: params.stage.controls(params.state.kept().loads()),
        }
    }

    /// Returns the take with these controls and a tempo, and defaults for what is no parameter.
    #[must_use]
    pub fn take_at(&self, tempo: f32) -> Take {
        let Controls { take, fills, phrase_bars, evolve, .. } = *self;
        let controls = TakeControls { tempo, ..take };
        Take { controls, fills, phrase_bars, evolve, ..Take::default() }
    }
}

fn take_controls(params: &DeepPocketParams) -> TakeControls {
    let style = |number: i32| u8::try_from(number).unwrap_or(0);
    let DeepPocketParams { drummer, lanes, .. } = params;
    TakeControls {
        seed: u32::try_from(params.seed.value()).unwrap_or(0),
        style: style(params.style.value()),
        blend: (style(drummer.blend_style.value()), finite(drummer.blend.value(), 0.0)),
        temperature: finite(params.temperature.value(), 1.0),
        stick: finite(drummer.stick.value(), 0.5),
        density: finite(drummer.density.value(), 0.0),
        lanes: lanes.each_ref().map(|lane| finite(lane.density.value(), 0.0)),
        off: lane_set(lanes, |lane| lane.off.value()),
        pad: params.pad.point(),
        ..TakeControls::default()
    }
}

fn with_pad(params: &DeepPocketParams) -> Performance {
    let dialled = performance(params);
    Performance { velocity: dialled.velocity + params.pad.point().velocity(), ..dialled }
}

/// Returns the controls of performance without the pad, as presets keep them.
pub(crate) fn performance(params: &DeepPocketParams) -> Performance {
    let DeepPocketParams { playing, lanes, .. } = params;
    Performance {
        swing: finite(playing.swing.value(), 0.0),
        swing_of: match playing.swing_of.value() {
            SwingChoice::Sixteenths => perform::SwingOf::Sixteenths,
            SwingChoice::Eighths => perform::SwingOf::Eighths,
        },
        timing: finite(playing.timing.value(), 1.0),
        dynamics: finite(playing.dynamics.value(), 1.0),
        velocity: finite(playing.velocity.value(), 0.0),
        mute: lane_set(lanes, |lane| lane.mute.value()),
        solo: lane_set(lanes, |lane| lane.solo.value()),
        pace: match playing.pace.value() {
            PaceChoice::Half => perform::TimeFeel::Half,
            PaceChoice::Plain => perform::TimeFeel::Plain,
            PaceChoice::Double => perform::TimeFeel::Double,
        },
    }
}

/// Returns the pitches of a drum map, or `None` for the model's own and unused numbers.
pub(super) fn pitches(
    table: &[FactoryMap],
    map: u8,
    lanes: &[LaneParams; CLASSES],
) -> Option<Pitches> {
    if map != OWN_MAP.0 {
        return map_in(table, map)?.pitches;
    }
    let pitch = |lane: &LaneParams| u8::try_from(lane.pitch.value().clamp(0, 127)).unwrap_or(0);
    Some(Pitches::plain(lanes.each_ref().map(pitch)))
}

fn lane_set(lanes: &[LaneParams; CLASSES], is: fn(&LaneParams) -> bool) -> DrumSet {
    let lanes = Drum::ALL.into_iter().zip(lanes);
    lanes.filter(|(_, lane)| is(lane)).map(|(drum, _)| drum).collect()
}

fn finite(value: f32, otherwise: f32) -> f32 {
    if value.is_finite() { value } else { otherwise }
}
