//! Torture test of both bundles, and a test of its oracle.

mod common;

use anyhow::Result;
use common::{load_clap, load_vst3};
use xtask::host::allocations::{CAN_COUNT_ALLOCATIONS, count_allocations};
use xtask::host::clap::ClapHost;
use xtask::host::{Event, Host, Message, Setup, Transport};
use xtask::torture::action::HostAbilities;
use xtask::torture::{Report, learn_takes, run};

#[test]
fn the_clap_passes_the_torture_test() {
    let mut host = load_clap();
    let takes = learn_takes(&mut host, 0).unwrap();
    let report = run(&mut host, &takes, HostAbilities { full: true }, 50_000, 0).unwrap();
    println!("{report}");
    assert!(report.is_clean(), "{report}");
    assert!(report.findings.placed > 1_500, "{report}");
}

#[test]
fn allocations_of_the_plugin_are_counted() {
    for host in [&mut load_clap() as &mut dyn Host, &mut load_vst3()] {
        // Saving a state allocates memory.
        let (state, seen) = count_allocations(|| host.save());
        assert!(!state.unwrap().is_empty());
        assert!(!CAN_COUNT_ALLOCATIONS || seen > 0, "{seen} allocations to save a state");
    }
}

#[test]
fn the_vst3_passes_the_torture_test() {
    let mut host = load_vst3();
    let takes = learn_takes(&mut host, 0).unwrap();
    let report = run(&mut host, &takes, HostAbilities { full: false }, 10_000, 0).unwrap();
    println!("{report}");
    assert!(report.is_clean(), "{report}");
    assert!(report.findings.placed > 500, "{report}");
}

/// A fault in a block's messages.
type Wrong = fn(&mut Vec<Event>, u32);

/// A plugin with a fault in every hundredth block in which a note starts.
struct Faulty {
    sound: ClapHost,
    wrong: Wrong,
    begun: u32,
}

impl Host for Faulty {
    fn activate(&mut self, setup: Setup) -> Result<()> {
        self.sound.activate(setup)
    }

    fn process(
        &mut self,
        frames: u32,
        transport: Option<&Transport>,
        input: &[Event],
        output: &mut Vec<Event>,
    ) -> Result<()> {
        self.sound.process(frames, transport, input, output)?;
        let begins = |event: &Event| matches!(event.message, Message::NoteOn { .. });
        if output.iter().any(begins) {
            self.begun += 1;
            if self.begun.is_multiple_of(100) {
                (self.wrong)(output, frames);
            }
        }
        Ok(())
    }

    fn change_transport(&mut self, offset: u32, transport: Transport) {
        self.sound.change_transport(offset, transport);
    }

    fn reset(&mut self) -> Result<()> {
        self.sound.reset()
    }

    fn audio(&self) -> [&[f32]; 2] {
        self.sound.audio()
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        self.sound.save()
    }

    fn load(&mut self, state: &[u8]) -> Result<()> {
        self.sound.load(state)
    }

    fn parameters(&mut self) -> Vec<(String, f64)> {
        self.sound.parameters()
    }

    fn set(&mut self, name: &str, value: f64) -> Result<()> {
        self.sound.set(name, value)
    }
}

/// A plugin to which no stage key comes.
struct Deaf(ClapHost);

impl Host for Deaf {
    fn activate(&mut self, setup: Setup) -> Result<()> {
        self.0.activate(setup)
    }

    fn process(
        &mut self,
        frames: u32,
        transport: Option<&Transport>,
        input: &[Event],
        output: &mut Vec<Event>,
    ) -> Result<()> {
        let is_stage_key = |event: &&Event| match event.message {
            Message::NoteOn { key, .. } | Message::NoteOff { key, .. } => (12..16).contains(&key),
            Message::Midi(_) => false,
        };
        let rest: Vec<Event> = input.iter().filter(|it| !is_stage_key(it)).copied().collect();
        self.0.process(frames, transport, &rest, output)
    }

    fn change_transport(&mut self, offset: u32, transport: Transport) {
        self.0.change_transport(offset, transport);
    }

    fn reset(&mut self) -> Result<()> {
        self.0.reset()
    }

    fn audio(&self) -> [&[f32]; 2] {
        self.0.audio()
    }

    fn save(&mut self) -> Result<Vec<u8>> {
        self.0.save()
    }

    fn load(&mut self, state: &[u8]) -> Result<()> {
        self.0.load(state)
    }

    fn parameters(&mut self) -> Vec<(String, f64)> {
        self.0.parameters()
    }

    fn set(&mut self, name: &str, value: f64) -> Result<()> {
        self.0.set(name, value)
    }
}

#[test]
fn a_plugin_that_ignores_stage_keys_is_found() {
    let takes = learn_takes(&mut load_clap(), 0).unwrap();
    let abilities = HostAbilities { full: true };
    let report = run(&mut Deaf(load_clap()), &takes, abilities, 30_000, 3).unwrap();
    assert!(report.findings.doubled > 0, "{report}");
    assert!(report.findings.faults.iter().any(|fault| fault.contains("silence")), "{report}");
}

fn first_on(output: &[Event]) -> usize {
    output.iter().position(|it| matches!(it.message, Message::NoteOn { .. })).expect("one begins")
}

#[test]
fn late_lost_doubled_and_hung_notes_and_wrong_controllers_are_found() {
    let takes = learn_takes(&mut load_clap(), 0).unwrap();
    let run_faulty = |wrong: Wrong| {
        let mut host = Faulty { sound: load_clap(), wrong, begun: 0 };
        run(&mut host, &takes, HostAbilities { full: true }, 16_000, 3).unwrap()
    };
    let sound = run_faulty(|_, _| {});
    assert!(sound.is_clean(), "{sound}");
    let late = run_faulty(|output, frames| {
        let place = first_on(output);
        if output[place].offset + 1 < frames {
            output[place].offset += 1;
            output.sort_by_key(|event| event.offset);
        }
    });
    assert!(late.findings.error == 1, "{late}");
    let lost = run_faulty(|output, _| {
        output.remove(first_on(output));
    });
    assert!(lost.findings.lost > 0, "{lost}");
    let doubled = run_faulty(|output, _| {
        let place = first_on(output);
        output.insert(place, output[place]);
    });
    assert!(doubled.findings.doubled > 0, "{doubled}");
    let hung =
        run_faulty(|output, _| output.retain(|it| !matches!(it.message, Message::NoteOff { .. })));
    assert!(hung.findings.hung > 0, "{hung}");
    let without_pedal = run_faulty(|output, _| {
        output.retain(|it| !matches!(it.message, Message::Midi([0xb0..=0xbf, 4, _])));
    });
    assert!(without_pedal.findings.lost > 0, "{without_pedal}");
    let pedal_after_note = run_faulty(|output, _| {
        let pedal = |it: &Event| matches!(it.message, Message::Midi([0xb0..=0xbf, 4, _]));
        if let Some(place) = output.iter().position(pedal) {
            output.swap(place, place + 1);
        }
    });
    assert!(pedal_after_note.findings.doubled > 0, "{pedal_after_note}");
    let faults = |report: &Report| report.findings.faults.len();
    let all = [&late, &lost, &doubled, &hung, &without_pedal, &pedal_after_note];
    assert!(all.into_iter().all(|report| faults(report) > 0));
}
