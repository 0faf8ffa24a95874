//! Standalone program: the same plugin with the system's audio and MIDI.

use deep_pocket::{DeepPocket, declare_backend, request_clock_ports, set_display_scale};
use nice_plug::prelude::nice_export_standalone_with_args;

/// Backends that are tried in this order, by the names that `--backend` has for them. The last one has
/// no sound.
const BACKENDS: [&str; 3] = ["jack", CARD, "dummy"];

/// Options of the MIDI clock, whose values are names of ports: one to follow, one to send to.
const CLOCK_OPTIONS: [&str; 2] = ["--clock-in", "--clock-out"];

/// Backend of the system's sound cards.
const CARD: &str = match () {
    () if cfg!(target_os = "macos") => "core-audio",
    () if cfg!(target_os = "windows") => "wasapi",
    () => "alsa",
};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [input, output] = CLOCK_OPTIONS.map(|name| value(&arguments, &[name]).map(str::to_owned));
    request_clock_ports([input, output]);
    let arguments = without(&arguments, &CLOCK_OPTIONS);
    if let Some(scale) = value(&arguments, &["--dpi-scale"]).and_then(|text| text.parse().ok()) {
        set_display_scale(scale);
    }
    let wanted = value(&arguments, &["--backend", "-b"]).filter(|name| *name != "auto");
    let ran = match wanted {
        Some(name) => {
            declare_backend(name);
            nice_export_standalone_with_args::<DeepPocket, _>(arguments.iter().cloned())
        }
        // The framework would choose in the same way, but not say what it chose.
        None => BACKENDS.iter().any(|name| {
            declare_backend(name);
            let chosen = ["--backend", name].map(str::to_owned);
            let rest = without(&arguments, &["--backend", "-b"]);
            nice_export_standalone_with_args::<DeepPocket, _>(rest.into_iter().chain(chosen))
        }),
    };
    if !ran {
        std::process::exit(1);
    }
}

/// Returns the value of an option, given as `--name value` or `--name=value`.
fn value<'a>(arguments: &'a [String], names: &[&str]) -> Option<&'a str> {
    arguments.iter().enumerate().find_map(|(place, argument)| {
        let name = names.iter().find(|name| argument.starts_with(**name))?;
        match argument[name.len()..].strip_prefix('=') {
            Some(value) => Some(value),
            None if argument == name => arguments.get(place + 1).map(String::as_str),
            None => None,
        }
    })
}

/// Returns the arguments without some options and their values.
fn without(arguments: &[String], names: &[&str]) -> Vec<String> {
    let mut rest = Vec::new();
    let mut skips = false;
    for argument in arguments {
        let is_option = names.iter().any(|name| argument.starts_with(name));
        if !is_option && !skips {
            rest.push(argument.clone());
        }
        skips = is_option && !argument.contains('=');
    }
    rest
}
