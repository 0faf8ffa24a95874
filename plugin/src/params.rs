//! Parameters, and what a project keeps besides them.
//!
//! Parameter ids and ranges are frozen: projects and automation refer to them. The rest of the
//! state is one versioned record, [`Saved`]. Loading a state calls neither `activate` nor
//! `reset`, so every load is counted, and whoever depends on the record compares the count.
//! What the parameters mean for the music is not decided here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use groove::style::{STYLES, style_name, style_number};
use nice_plug::params::persist::PersistentField;
use nice_plug::plugin::ParamValue;
use nice_plug::prelude::*;
use serde::{Deserialize, Serialize};

/// Version of [`Saved`] that this code writes.
pub const STATE_VERSION: u32 = 1;

/// Key of [`Saved`] in the state's fields.
const STATE_KEY: &str = "deep-pocket";

/// Number of styles that a user can train: they follow the built-in ones.
const OWN_STYLES: usize = 5;

/// Window size in logical pixels, before the user changes it.
pub const WINDOW: (u32, u32) = (1180, 660);

const TEMPERATURE: (f32, f32) = (0.2, 2.0);
const MAX_SEED: i32 = 65_535;

/// The take of a new instance: with the shipped weights, a plain rock beat that a newcomer knows
/// at once.
const FIRST_TAKE: i32 = 464;

/// Everything that the host can automate, and the rest of the state.
#[derive(Params)]
pub struct DeepPocketParams {
    /// Style number: 0 any, 1 to 18 as in [`groove::style`], 19 to 23 the user's own.
    #[id = "style"]
    pub style: IntParam,
    /// How daring the drummer is; 1 is as the drummers of the data.
    #[id = "temperature"]
    pub temperature: FloatParam,
    /// Which take.
    #[id = "seed"]
    pub seed: IntParam,
    /// MIDI channel of the notes that we play, 1 to 16.
    #[id = "channel"]
    pub channel: IntParam,
    /// What is saved besides.
    #[persist = "deep-pocket"]
    pub state: State,
}

impl Default for DeepPocketParams {
    fn default() -> Self {
        let styles = i32::try_from(STYLES.len() + OWN_STYLES).unwrap_or(i32::MAX);
        let rock = i32::from(style_number("rock").unwrap_or(0));
        DeepPocketParams {
            style: IntParam::new("Style", rock, IntRange::Linear { min: 0, max: styles })
                .with_value_to_string(Arc::new(style_text))
                .with_string_to_value(Arc::new(style_from_text)),
            temperature: FloatParam::new(
                "Temperature",
                1.0,
                FloatRange::Skewed {
                    min: TEMPERATURE.0,
                    max: TEMPERATURE.1,
                    factor: FloatRange::skew_factor(-0.4),
                },
            )
            .with_step_size(0.01),
            seed: IntParam::new("Take", FIRST_TAKE, IntRange::Linear { min: 0, max: MAX_SEED }),
            channel: IntParam::new("Channel", 10, IntRange::Linear { min: 1, max: 16 }),
            state: State::default(),
        }
    }
}

impl DeepPocketParams {
    /// Brings a state to what this code can hold before it is loaded: values out of range are
    /// clamped, missing ones are the defaults, and a record that does not parse is marked so that
    /// the window can say it.
    pub fn repair(state: &mut PluginState) {
        let fresh = DeepPocketParams::default();
        let numbers = [("style", &fresh.style), ("seed", &fresh.seed), ("channel", &fresh.channel)];
        for (id, param) in numbers {
            let (least, most) = (param.preview_plain(0.0), param.preview_plain(1.0));
            let value = match state.params.get(id) {
                Some(ParamValue::I32(value)) => (*value).clamp(least, most),
                _ => param.default_plain_value(),
            };
            state.params.insert(id.into(), ParamValue::I32(value));
        }
        let temperature = match state.params.get("temperature") {
            Some(ParamValue::F32(value)) if value.is_finite() => {
                value.clamp(TEMPERATURE.0, TEMPERATURE.1)
            }
            _ => fresh.temperature.default_plain_value(),
        };
        state.params.insert("temperature".into(), ParamValue::F32(temperature));

        let record = match state.fields.get(STATE_KEY).map(|json| serde_json::from_str(json)) {
            Some(Ok(record)) => record,
            None => Saved::default(),
            Some(Err(_)) => Saved { damaged: true, ..Saved::default() },
        };
        if let Ok(json) = serde_json::to_string(&record) {
            state.fields.insert(STATE_KEY.into(), json);
        }
    }
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

/// What a project keeps besides the parameters. Fields that a state lacks are the defaults;
/// fields that this code does not know are passed over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Version of the code that wrote it, [`STATE_VERSION`].
    pub version: u32,
    /// The tempo that the take was first played at, in quarter notes a minute: a part of the take.
    /// `None`: not played yet.
    pub tempo: Option<f32>,
    /// Window width and height in logical pixels.
    pub window: (u32, u32),
    /// The record that was loaded could not be read, and this is the default.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub damaged: bool,
}

impl Default for Saved {
    fn default() -> Self {
        Saved { version: STATE_VERSION, tempo: None, window: WINDOW, damaged: false }
    }
}

/// The live copy of [`Saved`], in atomics, because the audio thread reads and writes the tempo.
#[derive(Debug)]
pub struct State {
    /// Count of loads in the upper half, bits of the tempo in the lower (0: none yet). In one
    /// word, so that the audio thread cannot overwrite a tempo that was loaded in between.
    tempo: AtomicU64,
    /// Width in the upper half, height in the lower. Written by the window and by loads.
    window: AtomicU64,
    /// What was wrong with the last state: 0 nothing, 1 damaged, 2 from a newer version.
    trouble: AtomicU8,
}

impl Default for State {
    fn default() -> Self {
        State {
            tempo: AtomicU64::new(0),
            window: AtomicU64::new(joined(WINDOW.0, WINDOW.1)),
            trouble: AtomicU8::new(0),
        }
    }
}

/// The take's tempo and the load that it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakeTempo(u64);

impl TakeTempo {
    /// Quarter notes a minute, `None` before the take was first played.
    #[must_use]
    pub fn tempo(self) -> Option<f32> {
        let (_, bits) = halves(self.0);
        (bits != 0).then(|| f32::from_bits(bits))
    }

    /// Which load the tempo came with: differs after every load.
    #[must_use]
    pub fn load(self) -> u32 {
        halves(self.0).0
    }
}

impl State {
    /// The take's tempo. For the audio thread.
    #[must_use]
    pub fn take_tempo(&self) -> TakeTempo {
        TakeTempo(self.tempo.load(Ordering::Acquire))
    }

    /// Sets or forgets the take's tempo, unless a state was loaded since `seen`. For the audio
    /// thread. Gives what holds now.
    pub fn latch_tempo(&self, seen: TakeTempo, tempo: Option<f32>) -> TakeTempo {
        let next = joined(seen.load(), tempo.map_or(0, f32::to_bits));
        match self.tempo.compare_exchange(seen.0, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => TakeTempo(next),
            Err(loaded) => TakeTempo(loaded),
        }
    }

    /// The window's width and height in logical pixels.
    #[must_use]
    pub fn window(&self) -> (u32, u32) {
        halves(self.window.load(Ordering::Relaxed))
    }

    /// Keeps the window's size with the project. For the window.
    pub fn set_window(&self, width: u32, height: u32) {
        self.window.store(joined(width, height), Ordering::Relaxed);
    }

    /// What was wrong with the state that was loaded last, for the window to say.
    #[must_use]
    pub fn notice(&self) -> Option<&'static str> {
        match self.trouble.load(Ordering::Relaxed) {
            1 => Some("The saved state was damaged: what could not be read is at its default."),
            2 => Some(
                "The project was saved by a newer Deep Pocket: what this one knows was loaded.",
            ),
            _ => None,
        }
    }
}

impl<'a> PersistentField<'a, Saved> for State {
    fn set(&self, saved: Saved) {
        let trouble = match saved {
            Saved { damaged: true, .. } => 1,
            Saved { version, .. } if version > STATE_VERSION => 2,
            _ => 0,
        };
        self.trouble.store(trouble, Ordering::Relaxed);
        let (width, height) = saved.window;
        self.set_window(width.clamp(320, 8_192), height.clamp(200, 8_192));
        let tempo = saved.tempo.filter(|tempo| (1.0..=10_000.0).contains(tempo));
        let tempo = tempo.map_or(0, f32::to_bits);
        // The audio thread may write the tempo at any time, but a load counts more.
        let mut seen = self.tempo.load(Ordering::Acquire);
        loop {
            let next = joined(halves(seen).0.wrapping_add(1), tempo);
            match self.tempo.compare_exchange(seen, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    fn map<F, R>(&self, f: F) -> R
    where
        F: Fn(&Saved) -> R,
    {
        f(&Saved {
            version: STATE_VERSION,
            tempo: self.take_tempo().tempo(),
            window: self.window(),
            damaged: false,
        })
    }
}

const fn joined(upper: u32, lower: u32) -> u64 {
    (upper as u64) << 32 | lower as u64
}

fn halves(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}
