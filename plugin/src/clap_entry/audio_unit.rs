//! Audio Unit (feature `audio-unit`, macOS only): clap-wrapper around the CLAP of this library, as
//! instrument and as MIDI processor.
//!
//! Works around: clap-wrapper sends every note at the start of its block, and truncates velocities.
//! It therefore gets raw MIDI, which has exact velocities (`HostPointer::is_clap_wrapper`), and its
//! sources are compiled with the header `event_sample.h`, which puts each message at its
//! sample. `cargo xtask bundle` passes the header to the compiler.
//!
//! Upstream: clap-wrapper, `MIDIOutput` in `detail/auv2/auv2_base_classes.h`; report 17 of
//! `docs/upstream.md`. Delete the header and the raw MIDI once clap-wrapper keeps times and velocities.

clap_wrapper::export_auv2!();
