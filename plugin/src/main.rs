//! Standalone program: the same plugin with the system's audio and MIDI.

use deep_pocket::DeepPocket;
use nice_plug::prelude::nice_export_standalone;

fn main() {
    if !nice_export_standalone::<DeepPocket>() {
        std::process::exit(1);
    }
}
