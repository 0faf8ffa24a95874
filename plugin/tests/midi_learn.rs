//! MIDI controllers move their parameters while no window is open.

mod common;

use common::{Host, process};
use deep_pocket::params::DeepPocketParams;
use nice_plug::params::internals::ParamPtr;
use nice_plug::prelude::*;

/// Returns the place of a parameter for the link, and the pointer to the plugin's.
fn parameter(host: &Host, id: &str) -> (usize, ParamPtr) {
    let listed = DeepPocketParams::default().param_map();
    let place = listed.iter().position(|(known, ..)| known == id).expect("a parameter");
    let hosted = host.plugin.params().param_map();
    let found = hosted.into_iter().find(|(known, ..)| known == id).expect("the same parameter");
    (place, found.1)
}

fn send(host: &mut Host, cc: u8, value: f32) {
    host.context.input = Some(NoteEvent::MidiCC { timing: 0, channel: 0, cc, value });
    host.block(64, process);
}

#[test]
fn a_controller_moves_its_parameter_without_a_window() {
    let mut host = Host::new();
    let (place, repeat) = parameter(&host, "stick");
    // SAFETY: the plugin keeps the parameter alive.
    let value = || unsafe { repeat.unmodulated_normalized_value() };
    send(&mut host, 11, 0.8);
    assert!((value() - 0.5).abs() < 1e-6, "it has no target yet");
    host.plugin.link().controllers().set_target(11, Some(place));
    send(&mut host, 11, 0.8);
    assert!((value() - 0.8).abs() < 1e-6);
    send(&mut host, 12, 0.1);
    assert!((value() - 0.8).abs() < 1e-6, "another controller");
    assert_eq!(host.plugin.link().controllers().take_moved(), [(place, 0.8)]);
}

#[test]
fn a_pedal_demands_a_fill_while_it_is_down() {
    let mut host = Host::new();
    let (place, fill) = parameter(&host, "stage_fill");
    host.plugin.link().controllers().set_target(64, Some(place));
    for (sent, expected) in [(1.0, 1.0), (0.0, 0.0), (64.0 / 127.0, 1.0), (63.0 / 127.0, 0.0)] {
        send(&mut host, 64, sent);
        // SAFETY: the plugin keeps the parameter alive.
        assert_eq!(unsafe { fill.unmodulated_normalized_value() }, expected, "{sent}");
    }
}

#[test]
fn a_host_that_sets_all_controllers_moves_nothing() {
    let mut host = Host::new();
    let (place, repeat) = parameter(&host, "stick");
    host.plugin.link().controllers().set_target(11, Some(place));
    send(&mut host, 11, 0.8);
    host.plugin.link().controllers().take_moved();
    // Ardour sends the framework's value of a controller, one half, whenever it opens a project.
    send(&mut host, 11, 0.5);
    // SAFETY: the plugin keeps the parameter alive.
    assert!((unsafe { repeat.unmodulated_normalized_value() } - 0.8).abs() < 1e-6);
    assert!(host.plugin.link().controllers().take_moved().is_empty());
    for middle in [63.0, 64.0] {
        send(&mut host, 11, middle / 127.0);
        // SAFETY: the same.
        let value = unsafe { repeat.unmodulated_normalized_value() };
        // The parameter has steps of a hundredth.
        assert!((value - middle / 127.0).abs() < 0.005, "the values beside it count: {value}");
    }
}
