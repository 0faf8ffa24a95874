//! The parameters as they are in a block: what the engine plays by.

use groove::output::MAPS;
use groove::perform::{self, Performance};
use groove::take::{Fills, Take};
use groove::{CLASSES, Channels, Drum, DrumSet, Pitches};

use crate::params::{
    DeepPocketParams, FillInterval, LaneParams, PaceChoice, PhraseBars, PhraseOrder,
};
pub use crate::params::{LaunchGrid, PrimeMode};

/// What the parameters say of the take: as in [`Take`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TakeControls {
    /// Which of the many possible takes.
    pub seed: u32,
    /// Style number.
    pub style: u8,
    /// A second style, and its share.
    pub blend: (u8, f32),
    /// How daring the theme is.
    pub temperature: f32,
    /// How closely bars stick to the ones before.
    pub stick: f32,
    /// How busy the kit is.
    pub density: f32,
    /// By class: how busy its lane is.
    pub lanes: [f32; CLASSES],
    /// Drums that are not struck.
    pub off: DrumSet,
    /// Where fills are asked for.
    pub fills: Fills,
    /// Bars in a phrase: 1, 2, 4 or 8.
    pub phrase_bars: u8,
    /// Whether phrases vary the theme.
    pub evolve: bool,
}

impl From<TakeControls> for Take {
    /// A take of these, with nothing besides.
    fn from(knobs: TakeControls) -> Take {
        let TakeControls { seed, style, blend, temperature, stick, density, lanes, off, .. } =
            knobs;
        let TakeControls { fills, phrase_bars, evolve, .. } = knobs;
        Take {
            seed,
            style,
            blend,
            temperature,
            stick,
            density,
            lanes,
            off,
            fills,
            phrase_bars,
            evolve,
            ..Take::default()
        }
    }
}

/// What the parameters say. What a host or a state sets out of range is clamped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Controls {
    /// Generation. The take's tempo, primer, pins and model are not the parameters' to say.
    pub take: TakeControls,
    /// Performance.
    pub performance: Performance,
    /// The pitches that are emitted; `None`: the model's own.
    pub pitches: Option<Pitches>,
    /// Channel of the notes, 0 to 15.
    pub channel: u8,
    /// Channel of each drum's notes: the common one, or one of its own.
    pub channels: Channels,
    /// Whether it is to be as if it were not there.
    pub bypass: bool,
    /// What is done with keys.
    pub prime: PrimeMode,
    /// Whether it sounds only while a key is held.
    pub gate: bool,
    /// Whether notes that mean no drum go through.
    pub through: bool,
    /// Where a changed take begins.
    pub launch_grid: LaunchGrid,
    /// The tempo at which it plays while the host does not, if it does then.
    pub free_run: Option<f64>,
    /// Whether the audition kit plays.
    pub audition: bool,
    /// The kit's level in dB.
    pub level: f32,
}

impl Default for Controls {
    fn default() -> Self {
        Controls::new(&DeepPocketParams::default())
    }
}

impl Controls {
    /// The parameters as they are now.
    #[must_use]
    pub fn new(params: &DeepPocketParams) -> Self {
        let style = |number: i32| u8::try_from(number).unwrap_or(0);
        let DeepPocketParams { drummer, fills, playing, prime, output, lanes, .. } = params;
        let lane_set = |is: fn(&LaneParams) -> bool| -> DrumSet {
            let lanes = Drum::ALL.into_iter().zip(lanes);
            lanes.filter(|(_, lane)| is(lane)).map(|(drum, _)| drum).collect()
        };
        let take = TakeControls {
            seed: u32::try_from(params.seed.value()).unwrap_or(0),
            style: style(params.style.value()),
            blend: (style(drummer.blend_style.value()), finite(drummer.blend.value(), 0.0)),
            temperature: finite(params.temperature.value(), 1.0),
            stick: finite(drummer.stick.value(), 0.5),
            density: finite(drummer.density.value(), 0.0),
            lanes: lanes.each_ref().map(|lane| finite(lane.density.value(), 0.0)),
            off: lane_set(|lane| lane.off.value()),
            fills: Fills {
                every: match fills.every.value() {
                    FillInterval::Never => 0,
                    FillInterval::One => 1,
                    FillInterval::Two => 2,
                    FillInterval::Four => 4,
                    FillInterval::Eight => 8,
                    FillInterval::Sixteen => 16,
                },
                steps: 4 * u8::try_from(fills.length.value().clamp(1, 8)).unwrap_or(2),
                amount: finite(fills.amount.value(), 0.5),
            },
            phrase_bars: match drummer.phrase.value() {
                PhraseBars::One => 1,
                PhraseBars::Two => 2,
                PhraseBars::Four => 4,
                PhraseBars::Eight => 8,
            },
            evolve: drummer.order.value() == PhraseOrder::Evolve,
        };
        let performance = Performance {
            swing: finite(playing.swing.value(), 0.0),
            timing: finite(playing.timing.value(), 1.0),
            dynamics: finite(playing.dynamics.value(), 1.0),
            velocity: finite(playing.velocity.value(), 0.0),
            mute: lane_set(|lane| lane.mute.value()),
            solo: lane_set(|lane| lane.solo.value()),
            pace: match playing.pace.value() {
                PaceChoice::Half => perform::Pace::Half,
                PaceChoice::Plain => perform::Pace::Plain,
                PaceChoice::Double => perform::Pace::Double,
            },
        };
        let map = usize::try_from(output.map.value()).unwrap_or(0).min(MAPS.len() - 1);
        let own: [u8; CLASSES] = lanes
            .each_ref()
            .map(|lane| u8::try_from(lane.pitch.value().clamp(0, 127)).unwrap_or(0));
        let channel = u8::try_from(params.channel.value().clamp(1, 16) - 1).unwrap_or(0);
        let free_tempo = f64::from(finite(output.free_tempo.value(), 120.0));
        Controls {
            take,
            performance,
            pitches: if map == MAPS.len() - 1 { Some(own) } else { MAPS[map].1 },
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
            audition: params.audition.on.value(),
            level: finite(params.audition.level.value(), 0.0),
        }
    }
}

fn finite(value: f32, otherwise: f32) -> f32 {
    if value.is_finite() { value } else { otherwise }
}
