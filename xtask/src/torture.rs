//! The built plugin under a host at its worst, with every note checked.
//!
//! [`reference`] learns once what the plugin plays; [`random_host`] makes up, from a seed, a host that does
//! whatever hosts do; [`oracle`] knows from both which note must stand on which sample, and compares.
//! Meanwhile the allocations and frees that the plugin makes while it processes are counted.

pub mod action;
pub mod findings;
pub mod oracle;
pub mod random_host;
pub mod random_user;
pub mod reference;
pub mod truth;

use crate::host::allocations::{CAN_COUNT_ALLOCATIONS, count_allocations};
use crate::host::{Event, Host, Setup};
use action::{HostAbilities, HostAction, HostBlock};
use anyhow::{Result, ensure};
use findings::Findings;
use oracle::Oracle;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use random_host::RandomHost;
use reference::ReferenceTake;

/// Takes that are played: fractions of the ranges of the parameters that pick one and say whether
/// its phrases repeat. Most of the time they do: what is tried here is the host, and the drummer
/// needs long for a phrase that it has not played before.
const TAKE_SETTINGS: [(f64, f64); 2] = [(0.007, 1.0), (0.61, 0.0)];

/// A saved state and what it plays.
#[derive(Clone, Debug)]
pub struct LearnedTake {
    /// The plugin's state.
    pub state: Vec<u8>,
    /// What it plays.
    pub reference: ReferenceTake,
}

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// Blocks that were processed.
    pub blocks: u64,
    /// What was found of notes.
    pub findings: Findings,
    /// Allocations and frees in `process`; nothing where they cannot be counted.
    pub allocations: Option<u64>,
}

impl Report {
    /// Whether nothing was wrong, and something was tried.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let Findings { placed, error, lost, doubled, hung, ref faults, .. } = self.findings;
        placed > 0
            && error + lost + doubled + hung + self.allocations.unwrap_or(0) == 0
            && faults.is_empty()
    }

    /// Adds another run's figures.
    pub fn add(&mut self, other: &Report) {
        self.blocks += other.blocks;
        self.findings.add(&other.findings);
        self.allocations = self.allocations.zip(other.allocations).map(|(a, b)| a + b);
    }

    /// The figures as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let found = &self.findings;
        serde_json::json!({
            "blocks": self.blocks,
            "notes": found.notes,
            "placed": found.placed,
            "error": found.error,
            "lost": found.lost,
            "doubled": found.doubled,
            "hung": found.hung,
            "allocations": self.allocations,
            "faults": found.faults,
        })
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let found = &self.findings;
        writeln!(f, "blocks                        {}", self.blocks)?;
        writeln!(f, "notes                         {}", found.notes)?;
        writeln!(f, "  with a place known before   {}", found.placed)?;
        writeln!(f, "greatest timing error         {} samples", found.error)?;
        writeln!(f, "lost                          {}", found.lost)?;
        writeln!(f, "doubled                       {}", found.doubled)?;
        writeln!(f, "hung                          {}", found.hung)?;
        match self.allocations {
            Some(count) => write!(f, "allocations in process()      {count}")?,
            None => write!(f, "allocations in process()      cannot be counted on this system")?,
        }
        found.faults.iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

/// Learns what an instance plays of each take.
///
/// # Errors
/// The plugin reports a fault.
pub fn learn_takes(host: &mut dyn Host) -> Result<Vec<LearnedTake>> {
    TAKE_SETTINGS
        .into_iter()
        .map(|(take, repeats)| {
            let set = |host: &mut dyn Host, kit: f64| {
                host.set("Take", take)?;
                host.set("Phrases", repeats)?;
                host.set("Audition kit", kit)?;
                host.activate(Setup { sample_rate: 48_000.0, max_block: 64, offline: true })?;
                // The change reaches the plugin with a block.
                host.process(64, None, &[], &mut Vec::new())
            };
            // To learn the notes, half an hour of song is played at a high rate: without the kit.
            set(host, 0.0)?;
            let reference = ReferenceTake::learn(host)?;
            set(host, 1.0)?;
            Ok(LearnedTake { state: host.save()?, reference })
        })
        .collect()
}

/// Has an instance process so many blocks of the host that a seed makes up.
///
/// # Errors
/// The plugin reports a fault, or allocations cannot be seen although this system counts them.
pub fn run(
    host: &mut dyn Host,
    takes: &[LearnedTake],
    abilities: HostAbilities,
    blocks: u64,
    seed: u64,
) -> Result<Report> {
    // To save a state takes memory, which must be seen, or the count would mean nothing.
    let (saved, seen) = count_allocations(|| host.save());
    saved?;
    ensure!(
        !CAN_COUNT_ALLOCATIONS || seen > 0,
        "The plugin's allocations are not seen, so none can be counted."
    );
    let mut random_host = RandomHost::new(ChaCha8Rng::seed_from_u64(seed), abilities, takes.len());
    let mut oracle = Oracle::default();
    let (mut output, mut coming) = (Vec::new(), None);
    let (mut done, mut allocations) = (0, 0);
    host.load(&takes[0].state)?;
    host.activate(random_host.next_setup())?;
    while done < blocks {
        match coming.take().unwrap_or_else(|| random_host.next_action()) {
            HostAction::Activate(setup) => host.activate(setup)?,
            HostAction::Reset => host.reset()?,
            HostAction::Load(take) => host.load(&takes[take].state)?,
            HostAction::Set(name, value) => host.set(&name, value)?,
            HostAction::Block(first) => {
                let room = random_host.max_block() - first.truth.frames;
                let mut second = None;
                if first.may_join_next {
                    match random_host.next_action() {
                        HostAction::Block(next) if (1..=room).contains(&next.truth.frames) => {
                            second = Some(next);
                        }
                        other => coming = Some(other),
                    }
                }
                let blocks = [Some(first), second];
                allocations += process_blocks(host, &blocks, &mut output)?;
                let mut begin = 0;
                for block in blocks.iter().flatten() {
                    let end = begin + block.truth.frames;
                    let goes_on = begin == 0 && blocks[1].is_some();
                    let here = |it: &&Event| !goes_on || it.offset < end;
                    let count = output.iter().take_while(here).count();
                    let mut heard: Vec<Event> = output.drain(..count).collect();
                    heard.iter_mut().for_each(|it| it.offset = it.offset.wrapping_sub(begin));
                    oracle.check_block(&block.truth, &takes[block.take].reference, &heard)?;
                    begin = end;
                    done += 1;
                }
            }
        }
    }
    // The transport stops, and all that sounds ends.
    let end = random_host.final_block();
    output.clear();
    host.process(end.truth.frames, Some(&end.transport), &end.input, &mut output)?;
    oracle.check_block(&end.truth, &takes[end.take].reference, &output)?;
    let allocations = CAN_COUNT_ALLOCATIONS.then_some(allocations);
    Ok(Report { blocks: done, findings: oracle.findings, allocations })
}

/// Has the plugin process one or two blocks in one piece: between the two, the host says within it
/// what changes. Returns how many allocations and frees that took.
fn process_blocks(
    host: &mut dyn Host,
    [first, second]: &[Option<HostBlock>; 2],
    output: &mut Vec<Event>,
) -> Result<u64> {
    let Some(first) = first else { return Ok(0) };
    let mut frames = first.truth.frames;
    let mut input = first.input.clone();
    if let Some(second) = second {
        host.change_transport(frames, second.transport);
        let later = |it: &Event| Event { offset: it.offset + frames, ..*it };
        input.extend(second.input.iter().map(later));
        frames += second.truth.frames;
    }
    output.clear();
    let (processed, count) =
        count_allocations(|| host.process(frames, Some(&first.transport), &input, output));
    processed.map(|()| count)
}
