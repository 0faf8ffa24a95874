//! Fault isolation: a panic in engine or worker does not reach the host. Notes end, a message is
//! shown, and the rest keeps working. The feature `fault` injects the panics.

mod common;

use std::time::Duration;

use common::{Host, process};
use deep_pocket::fault_injection::{IN_ENGINE, IN_WORKER};
use deep_pocket::link::Fault;
use nice_plug::prelude::*;

/// Selects a take.
fn pick(host: &mut Host, take: u32) {
    let params = host.plugin.params();
    let map = params.param_map();
    let (_, seed, _) = map.iter().find(|(id, ..)| id == "seed").expect("there are takes");
    // SAFETY: the pointer is into `params`.
    unsafe {
        let value = seed.preview_normalized(take as f32);
        seed._internal_set_normalized_value(value);
    }
}

/// Plays `beats` beats slightly faster than real time.
fn play(host: &mut Host, beats: u32) {
    host.context.transport.playing = true;
    for _ in 0..beats * 50 {
        host.block(480, process);
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn stop(host: &mut Host) {
    host.context.transport.playing = false;
    host.block(64, process);
}

#[test]
fn an_engine_panic_silences_until_reactivation() {
    let mut host = Host::new();
    // Until a note sounds.
    while host.context.ons == host.context.offs {
        play(&mut host, 1);
    }
    pick(&mut host, IN_ENGINE);
    host.block(480, process);
    assert_eq!(host.context.ons, host.context.offs, "all notes end with the block");
    assert!(host.plugin.link().notices()[0].contains("is silent"));
    let before = host.context.ons;
    play(&mut host, 8);
    assert_eq!(host.context.ons, before);
    assert!(host.sound.iter().flat_map(|channel| &channel[..480]).all(|sample| *sample == 0.0));

    pick(&mut host, 1);
    host.activate();
    assert!(host.plugin.link().notices().is_empty());
    play(&mut host, 8);
    stop(&mut host);
    assert!(host.context.ons > before && host.context.ons == host.context.offs);
}

#[test]
fn a_worker_panic_is_reported_and_another_take_plays() {
    let mut host = Host::new();
    play(&mut host, 8);
    let before = host.context.ons;
    assert!(before > 0);
    pick(&mut host, IN_WORKER);
    play(&mut host, 8);
    assert!(host.plugin.link().has_fault(Fault::Worker));
    assert!(host.plugin.link().notices()[0].contains("failed to play a bar"));
    pick(&mut host, 2);
    let broken = host.context.ons;
    play(&mut host, 16);
    stop(&mut host);
    assert!(host.context.ons > broken && host.context.ons == host.context.offs);
}
