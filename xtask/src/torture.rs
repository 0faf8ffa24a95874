//! Torture test: the built plugin under a host at its worst, with every note checked.
//!
//! [`reference`] records once what the plugin plays. [`random_host`] generates the actions of a
//! host from a seed. [`oracle`] derives the sample of each note from both and compares it with the
//! output. Allocations and frees during `process` are counted.

pub mod action;
pub mod findings;
pub mod oracle;
mod random_chart;
pub mod random_host;
pub mod random_user;
pub mod reference;
pub mod stage_state;
pub mod truth;

use crate::host::allocations::{CAN_COUNT_ALLOCATIONS, count_allocations};
use crate::host::saved_state::with_chart;
use crate::host::{Event, Host, Setup};
use action::{HostAbilities, HostAction, HostBlock};
use anyhow::{Result, ensure};
use findings::Findings;
use oracle::Oracle;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use random_chart::random_chart;
use random_host::RandomHost;
use random_user::ROLAND_MAP;
use reference::ReferenceTake;
use serde::Serialize;
use serde_json::json;
use std::time::Instant;

/// Settings of the takes: fractions of the ranges of `Take` and `Phrases`, and true for a random
/// chart. Most phrases repeat, because the test is about the host and a new phrase takes long to
/// generate.
const TAKE_SETTINGS: [(f64, f64, bool); 3] =
    [(0.007, 1.0, false), (0.23, 1.0, true), (0.61, 0.0, false)];

/// A saved state and its reference.
#[derive(Clone, Debug)]
pub struct LearnedTake {
    /// State of the plugin.
    pub state: Vec<u8>,
    /// Notes that the plugin plays with this state.
    pub reference: ReferenceTake,
}

/// Result of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Number of processed blocks.
    pub blocks: u64,
    /// Results of the note checks.
    #[serde(flatten)]
    pub findings: Findings,
    /// Allocations and frees in `process`; `None` if they cannot be counted.
    pub allocations: Option<u64>,
    /// Longest `process` call, in seconds. An offline render gives up waiting for the generator
    /// after 5 s: notes that are lost in such a run say that the machine was too busy.
    pub longest: f64,
}

impl Report {
    /// Returns true if notes were checked and no fault was found.
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
        self.longest = self.longest.max(other.longest);
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
        writeln!(f, "longest process()             {:.2} s", self.longest)?;
        match self.allocations {
            Some(count) => write!(f, "allocations in process()      {count}")?,
            None => write!(f, "allocations in process()      cannot be counted on this system")?,
        }
        found.faults.iter().try_for_each(|fault| write!(f, "\n{fault}"))
    }
}

/// Records the reference of each take. The seed decides the charts.
///
/// # Errors
/// If the plugin reports a fault.
pub fn learn_takes(host: &mut dyn Host, seed: u64) -> Result<Vec<LearnedTake>> {
    TAKE_SETTINGS
        .into_iter()
        .map(|(take, repeats, has_chart)| {
            if has_chart {
                let state = with_chart(&host.save()?, &random_chart(seed))?;
                host.load(&state)?;
            }
            let set = |host: &mut dyn Host, kit: f64, map: f64| {
                host.set("Take number", take)?;
                host.set("Phrase variation", repeats)?;
                host.set("Audition kit", kit)?;
                host.set("Drum map", map)?;
                host.activate(Setup { sample_rate: 48_000.0, max_block: 64, offline: true })?;
                // The plugin receives the change with a block.
                host.process(64, None, &[], &mut Vec::new())
            };
            // Half an hour of song at a high rate is faster without the audition kit.
            set(host, 0.0, ROLAND_MAP)?;
            let reference = ReferenceTake::learn(host)?;
            set(host, 1.0, 0.0)?;
            let state = host.save()?;
            if has_chart {
                host.load(&with_chart(&state, &json!({}))?)?;
            }
            Ok(LearnedTake { state, reference })
        })
        .collect()
}

/// Processes a number of blocks of a random host and checks them.
///
/// # Errors
/// If the plugin reports a fault, or its allocations are not counted although this system can count
/// them.
pub fn run(
    host: &mut dyn Host,
    takes: &[LearnedTake],
    abilities: HostAbilities,
    blocks: u64,
    seed: u64,
) -> Result<Report> {
    // Saving a state allocates memory; if that is not counted, the count means nothing.
    let (saved, seen) = count_allocations(|| host.save());
    saved?;
    ensure!(
        !CAN_COUNT_ALLOCATIONS || seen > 0,
        "The plugin's allocations are not counted, although this system can count them."
    );
    let mut random_host = RandomHost::new(ChaCha8Rng::seed_from_u64(seed), abilities, takes.len());
    let mut oracle = Oracle::default();
    let (mut output, mut coming) = (Vec::new(), None);
    let (mut done, mut allocations, mut longest) = (0, 0, 0.0_f64);
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
                let begin = Instant::now();
                allocations += process_blocks(host, &blocks, &mut output)?;
                longest = longest.max(begin.elapsed().as_secs_f64());
                done += check_output(&mut oracle, takes, &blocks, &mut output)?;
            }
        }
    }
    // The transport stops, which ends all sounding notes.
    if let Some(HostAction::Set(name, value)) = coming {
        host.set(&name, value)?;
    }
    while let Some((name, value)) = random_host.final_change() {
        host.set(&name, value)?;
    }
    let end = random_host.final_block();
    output.clear();
    host.process(end.truth.frames, Some(&end.transport), &end.input, &mut output)?;
    oracle.check_block(&end.truth, &takes[end.take].reference, &output)?;
    let allocations = CAN_COUNT_ALLOCATIONS.then_some(allocations);
    Ok(Report { blocks: done, findings: oracle.findings, allocations, longest })
}

/// Checks the output of one or two blocks that were processed in one call. Returns their number.
fn check_output(
    oracle: &mut Oracle,
    takes: &[LearnedTake],
    blocks: &[Option<HostBlock>; 2],
    output: &mut Vec<Event>,
) -> Result<u64> {
    let (mut begin, mut checked) = (0, 0);
    for block in blocks.iter().flatten() {
        let end = begin + block.truth.frames;
        let continues = begin == 0 && blocks[1].is_some();
        let here = |it: &&Event| !continues || it.offset < end;
        let count = output.iter().take_while(here).count();
        let mut heard: Vec<Event> = output.drain(..count).collect();
        heard.iter_mut().for_each(|it| it.offset = it.offset.wrapping_sub(begin));
        oracle.check_block(&block.truth, &takes[block.take].reference, &heard)?;
        begin = end;
        checked += 1;
    }
    Ok(checked)
}

/// Processes one or two blocks in one `process` call; the transport change between two is an event
/// within it. Returns the number of allocations and frees.
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
