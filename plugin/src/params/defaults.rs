//! Names, ranges, defaults and texts of the parameters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use groove::Drum;
use groove::pattern::style::{LAST_STYLE, STYLES, style_number};
use groove::play::drum_maps::{DRUM_MAPS, LAST_MAP};
use groove::synth::{AUTOMATIC_KIT, LAST_KIT};
use nice_plug::prelude::*;

use crate::params::change_counter::ChangeCounter;
use crate::params::choices::{
    FillInterval, LaunchGrid, PaceChoice, PhraseBars, PhraseOrder, PrimeMode, SwingChoice,
};
use crate::params::pad::PadParams;
use crate::params::stage::{StageKey, StageParams};
use crate::params::text::{
    channel_from_text, channel_text, kit_from_text, kit_text, map_from_text, map_text,
    style_from_text, style_text, swing_from_text, swing_percent,
};
use crate::params::{
    AuditionParams, DeepPocketParams, DrummerParams, FIRST_TAKE, FillParams, LAST_GENERATION,
    LaneParams, MAX_SEED, OutputParams, PlayingParams, PrimeParams, RouteParams, TEMPERATURE,
};
use crate::project::state::ProjectState;

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
    whole(name, default, [0, LAST_STYLE.into()], changes)
        .with_value_to_string(Arc::new(|number| style_text(STYLES, number)))
        .with_string_to_value(Arc::new(|text| style_from_text(STYLES, text)))
}

fn whole(
    name: impl Into<String>,
    default: i32,
    [min, max]: [i32; 2],
    changes: &ChangeCounter,
) -> IntParam {
    IntParam::new(name, default, IntRange::Linear { min, max }).with_callback(changes.counter())
}

fn choice<T: Enum + PartialEq + 'static>(
    name: &str,
    default: T,
    changes: &ChangeCounter,
) -> EnumParam<T> {
    EnumParam::new(name, default).with_callback(changes.counter())
}

fn switch(name: impl Into<String>, default: bool, changes: &ChangeCounter) -> BoolParam {
    BoolParam::new(name, default).with_callback(changes.counter())
}

/// Creates a linear parameter with a step size and that many shown decimals.
fn linear(
    name: &str,
    default: f32,
    [min, max]: [f32; 2],
    step: f32,
    decimals: usize,
    changes: &ChangeCounter,
) -> FloatParam {
    FloatParam::new(name, default, FloatRange::Linear { min, max })
        .with_callback(changes.counter())
        .with_step_size(step)
        .with_value_to_string(formatters::v2s_f32_rounded(decimals))
}

impl Default for DeepPocketParams {
    fn default() -> Self {
        let changes = &ChangeCounter::default();
        DeepPocketParams {
            style: style("Style", i32::from(style_number("rock").unwrap_or(0)), changes),
            temperature: temperature(changes),
            seed: whole("Take number", FIRST_TAKE, [0, MAX_SEED], changes),
            channel: whole("Channel", 10, [1, 16], changes),
            generation: whole("Generation", 0, [0, LAST_GENERATION], changes)
                .hide()
                .non_automatable(),
            drummer: DrummerParams::new(changes),
            fills: FillParams::new(changes),
            playing: PlayingParams::new(changes),
            prime: PrimeParams {
                mode: choice("Listen to keys", PrimeMode::Hold, changes),
                gate: switch("Only while held", false, changes),
            },
            output: OutputParams::new(changes),
            lanes: Drum::ALL.map(|drum| LaneParams::new(drum, changes)),
            routes: Drum::ALL.map(|drum| RouteParams::new(drum, changes)),
            bypass: switch("Bypass", false, changes).make_bypass(),
            audition: AuditionParams {
                on: switch("Audition kit", true, changes),
                level: linear("Audition level", 0.0, [-30.0, 6.0], 0.1, 1, changes)
                    .with_unit(" dB"),
                kit: whole("Kit", AUTOMATIC_KIT.into(), [0, LAST_KIT.into()], changes)
                    .with_value_to_string(Arc::new(kit_text))
                    .with_string_to_value(Arc::new(kit_from_text)),
            },
            stage: StageParams::new(changes),
            pad: PadParams {
                intensity: percent("Intensity", 0.5, 0.0, 1.0, changes),
                complexity: percent("Complexity", 0.5, 0.0, 1.0, changes),
            },
            state: ProjectState::default(),
            changes: changes.clone(),
        }
    }
}

fn temperature(changes: &ChangeCounter) -> FloatParam {
    let (min, max) = TEMPERATURE;
    let range = FloatRange::Skewed { min, max, factor: FloatRange::skew_factor(-0.4) };
    FloatParam::new("Daring", 1.0, range).with_callback(changes.counter()).with_step_size(0.01)
}

impl DrummerParams {
    fn new(changes: &ChangeCounter) -> Self {
        DrummerParams {
            blend_style: style("Second style", 0, changes),
            blend: percent("Blend", 0.0, 0.0, 1.0, changes),
            stick: percent("Repeat", 0.5, 0.0, 1.0, changes),
            density: percent("Density", 0.0, -1.0, 1.0, changes),
            phrase: choice("Phrase length", PhraseBars::Four, changes),
            order: choice("Phrase variation", PhraseOrder::Evolve, changes),
            launch: choice("Changes start", LaunchGrid::Beat, changes),
        }
    }
}

impl FillParams {
    fn new(changes: &ChangeCounter) -> Self {
        FillParams {
            every: choice("Fill", FillInterval::Never, changes),
            length: whole("Fill length", 2, [1, 8], changes).with_unit(" beats"),
            amount: percent("Fill amount", 0.5, 0.0, 1.0, changes),
        }
    }
}

impl PlayingParams {
    fn new(changes: &ChangeCounter) -> Self {
        PlayingParams {
            swing: percent("Swing", 0.0, 0.0, 1.0, changes)
                .with_value_to_string(Arc::new(|swing| format!("{:.0}", swing_percent(swing))))
                .with_string_to_value(Arc::new(swing_from_text)),
            swing_of: choice("Swing of", SwingChoice::Sixteenths, changes),
            timing: percent("Timing", 1.0, 0.0, 2.0, changes),
            dynamics: percent("Dynamics", 1.0, 0.0, 2.0, changes),
            velocity: linear("Velocity", 0.0, [-64.0, 64.0], 1.0, 0, changes),
            pace: choice("Time", PaceChoice::Plain, changes),
        }
    }
}

impl OutputParams {
    fn new(changes: &ChangeCounter) -> Self {
        OutputParams {
            map: whole("Drum map", 0, [0, LAST_MAP.into()], changes)
                .with_value_to_string(Arc::new(|number| map_text(DRUM_MAPS, number)))
                .with_string_to_value(Arc::new(|text| map_from_text(DRUM_MAPS, text))),
            through: switch("MIDI thru", false, changes),
            free_run: switch("Free run", false, changes),
            free_tempo: linear("Free tempo", 120.0, [20.0, 400.0], 0.1, 1, changes)
                .with_unit(" bpm"),
            articulations: switch("Articulations", true, changes),
        }
    }
}

impl LaneParams {
    fn new(drum: Drum, changes: &ChangeCounter) -> Self {
        let name = |what: &str| format!("{} {what}", drum.name());
        LaneParams {
            density: percent(&name("density"), 0.0, -1.0, 1.0, changes),
            off: switch(name("off"), false, changes),
            mute: switch(name("mute"), false, changes),
            solo: switch(name("solo"), false, changes),
            pitch: whole(name("pitch"), drum.general_midi().into(), [0, 127], changes),
        }
    }
}

impl RouteParams {
    fn new(drum: Drum, changes: &ChangeCounter) -> Self {
        RouteParams {
            channel: whole(format!("{} channel", drum.name()), 0, [0, 16], changes)
                .with_value_to_string(Arc::new(channel_text))
                .with_string_to_value(Arc::new(channel_from_text)),
        }
    }
}

impl StageParams {
    fn new(changes: &ChangeCounter) -> Self {
        let presses: Arc<[AtomicU32; 4]> = Arc::default();
        let key = |key: StageKey| {
            let (presses, count) = (Arc::clone(&presses), changes.counter());
            BoolParam::new(key.title(), false).with_callback(Arc::new(move |down| {
                if down {
                    presses[key as usize].fetch_add(1, Ordering::Relaxed);
                }
                count(down);
            }))
        };
        StageParams {
            fill: key(StageKey::Fill),
            section: key(StageKey::NextSection),
            pause: key(StageKey::Break),
            end: key(StageKey::End),
            presses,
            changes: changes.clone(),
        }
    }
}
