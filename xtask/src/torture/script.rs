//! A host at its worst, made up by a seed: what it says before each block, and the truth about it.

use super::act::{Abilities, Act, Block};
use super::judge::{Motion, Truth};
use super::kit::Kit;
use super::score::{Bars, METERS, TICKS};
use crate::host::{Event, Message, Setup, Transport};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// Where songs are played, in quarter notes; what was learned reaches farther.
const SONG: std::ops::Range<f64> = -16.0..200.0;

/// Sample rates in Hertz.
const RATES: [f64; 9] =
    [8_000.0, 11_025.0, 22_050.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0, 384_000.0];

/// Longest blocks, in frames.
const LONGEST: [u32; 6] = [1, 64, 480, 2_048, 65_536, 65_536];

/// What a host says about its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tells {
    /// Quarter notes, and no time.
    Beats,
    /// Quarter notes and seconds.
    Both,
    /// Seconds alone, which stand for samples.
    Time,
    /// Nothing: the song starts at 0.
    Nothing,
    /// That it stands: the plugin runs freely from 0 on.
    Free,
}

/// Tempi of free runs, evenly through the range of the parameter.
const FREE_TEMPI: [f64; 5] = [20.0, 115.0, 210.0, 305.0, 400.0];

/// How a host cuts its blocks at the end of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// Not at all: the loop goes round inside of blocks.
    Never,
    /// At the nearest sample.
    Nearest,
    /// At the last sample before the end.
    Before,
    /// At the first sample after it.
    After,
}

/// The host.
#[derive(Debug)]
pub struct Script {
    draw: ChaCha8Rng,
    abilities: Abilities,
    takes: usize,
    take: usize,
    setup: Setup,
    kit: Kit,
    /// Parameters that are to be set before the next block.
    turned: VecDeque<(String, f64)>,
    tells: Tells,
    cut: Cut,
    /// Bar lines are told, so that they can be anywhere.
    bar_lines: bool,
    tempo: f64,
    /// Factor of the tempo from block to block, and for how many blocks.
    ramp: (f64, u32),
    /// The tempo changes inside of blocks, too, and the host adds that up.
    smooth: bool,
    bars: Bars,
    cycle: Option<(f64, f64)>,
    passes: u64,
    position: f64,
    /// Sample of the position, for hosts that tell time alone.
    sample: i64,
    /// How the song comes to the next block.
    motion: Motion,
    /// Blocks left in which the transport rests or stands.
    still: u32,
    /// Frames and position of the last block.
    frames: u32,
    began: f64,
    release: bool,
    keys: Vec<u8>,
    /// Keys were held since the transport last rested.
    touched: bool,
}

impl Script {
    /// A host for a plugin with so many saved states, of which it has just loaded the first.
    #[must_use]
    pub fn new(draw: ChaCha8Rng, abilities: Abilities, takes: usize) -> Self {
        Script {
            draw,
            abilities,
            takes,
            take: 0,
            setup: Setup { sample_rate: 48_000.0, max_block: 1, offline: true },
            kit: Kit::default(),
            turned: VecDeque::new(),
            tells: Tells::Beats,
            cut: Cut::Never,
            bar_lines: false,
            tempo: 120.0,
            ramp: (1.0, 0),
            smooth: false,
            bars: Bars { meter: (4, 4), line: 0 },
            cycle: None,
            passes: 0,
            position: 0.0,
            sample: 0,
            motion: Motion::Rests,
            still: 1,
            frames: 1,
            began: 0.0,
            release: true,
            keys: Vec::new(),
            touched: false,
        }
    }

    fn chance(&mut self, of_thousand: f64) -> bool {
        self.draw.random_bool(of_thousand / 1_000.0)
    }

    fn tells_beats(&self) -> bool {
        matches!(self.tells, Tells::Beats | Tells::Both)
    }

    fn per_sample(&self) -> f64 {
        self.tempo / 60.0 / self.setup.sample_rate
    }

    /// How the plugin is to be made ready at first, and now and then later.
    pub fn setup(&mut self) -> Setup {
        let (rates, longest) = if self.abilities.full { (9, 0) } else { (7, 2) };
        self.setup = Setup {
            sample_rate: RATES[self.draw.random_range(0..rates)],
            max_block: LONGEST[self.draw.random_range(longest..LONGEST.len())],
            offline: !self.chance(120.0),
        };
        self.release = true;
        self.rest();
        self.setup
    }

    /// Most frames of a block.
    #[must_use]
    pub fn max_block(&self) -> u32 {
        self.setup.max_block
    }

    /// What the host does next.
    pub fn act(&mut self) -> Act {
        if self.motion == Motion::Rests && self.still == 0 {
            self.start();
        }
        if self.tells == Tells::Free {
            self.run_freely();
        }
        if let Some((name, value)) = self.turned.pop_front() {
            return Act::Set(name, value);
        }
        match self.draw.random_range(0..100_000) {
            0..50 => return Act::Activate(self.setup()),
            50..80 => {
                self.release = true;
                if self.motion != Motion::Rests {
                    (self.motion, self.still) = (Motion::Jumps, 0);
                }
                if self.tells == Tells::Time || self.tells == Tells::Nothing {
                    self.rest();
                }
                return Act::Reset;
            }
            80..480 => {
                let before = self.kit.channels();
                let (name, value) = self.kit.turn(&mut self.draw);
                self.release |= self.kit.channels() != before;
                return Act::Set(name, value);
            }
            480..1_480 if self.motion == Motion::Rests => {
                // A take that evolves takes the drummer long to play.
                let evolves = self.chance(200.0);
                self.take =
                    if evolves { self.takes - 1 } else { self.draw.random_range(0..self.takes) };
                (self.kit, self.release) = (Kit::default(), true);
                self.still = self.still.max(1);
                return Act::Load(self.take);
            }
            _ => {}
        }
        Act::Block(self.block())
    }

    /// A last block, in which the transport rests.
    pub fn end(&mut self) -> Block {
        self.motion = Motion::Rests;
        loop {
            let block = self.block();
            if block.truth.frames > 0 {
                return block;
            }
        }
    }

    /// The transport stops for some blocks.
    fn rest(&mut self) {
        if self.tells == Tells::Free {
            self.turned.push_back(("Free run".into(), 0.0));
            self.tells = Tells::Beats;
        }
        self.motion = Motion::Rests;
        self.still = self.draw.random_range(1..6);
    }

    /// The transport starts, in another song.
    fn start(&mut self) {
        self.tells = match self.draw.random_range(0..10) {
            _ if !self.abilities.full => Tells::Beats,
            0 | 1 => Tells::Time,
            2 if self.chance(500.0) => Tells::Nothing,
            2 => Tells::Free,
            3..6 => Tells::Both,
            _ => Tells::Beats,
        };
        let beats = self.tells_beats();
        self.bar_lines = beats && self.abilities.full && self.chance(500.0);
        self.smooth = beats && self.chance(300.0);
        self.cut =
            [Cut::Never, Cut::Nearest, Cut::Before, Cut::After][self.draw.random_range(0..4)];
        self.tempo = self.some_tempo();
        self.ramp = (1.0, 0);
        self.cycle = None;
        self.jump();
        self.change_meter();
        (self.motion, self.still) = (Motion::Jumps, 0);
        if self.tells == Tells::Free {
            self.turned.push_back(("Free run".into(), 1.0));
            self.turn_free_tempo();
        }
    }

    /// Another tempo of the free run.
    fn turn_free_tempo(&mut self) {
        let number = self.draw.random_range(0..FREE_TEMPI.len());
        self.tempo = FREE_TEMPI[number];
        self.turned.push_back(("Free tempo".into(), number as f64 / (FREE_TEMPI.len() - 1) as f64));
    }

    /// Ends a free run or changes its tempo, now and then.
    fn run_freely(&mut self) {
        match self.draw.random_range(0..1_000) {
            0..3 => self.rest(),
            _ if self.position > SONG.end - 50.0 => self.rest(),
            3..6 if self.motion == Motion::Goes => self.turn_free_tempo(),
            _ => {}
        }
    }

    fn some_tempo(&mut self) -> f64 {
        match self.draw.random_range(0..4) {
            0 => f64::from(self.draw.random_range(60..200)),
            _ => 10.0 * 99.9_f64.powf(self.draw.random::<f64>()),
        }
    }

    /// A place on a tick or a little after one.
    fn place(&mut self, range: std::ops::Range<f64>) -> f64 {
        let tick = (self.draw.random_range(range) * TICKS).round();
        let off = if self.chance(300.0) { 0.7 } else { 0.0 };
        let whole = if self.chance(400.0) { (tick / 240.0).round() * 240.0 } else { tick + off };
        said(whole / TICKS)
    }

    /// Goes elsewhere.
    fn jump(&mut self) {
        let here = self.position;
        let (around, near) = (self.chance(500.0), self.chance(800.0));
        let (from, to) = match self.cycle {
            Some((start, end)) if around => (start - 1.0, end + 0.5),
            _ if near => (here - 4.0, here + 4.0),
            _ => (SONG.start, SONG.end - 40.0),
        };
        let to = to.clamp(SONG.start + 2.0, SONG.end - 40.0);
        let from = from.clamp(SONG.start, to - 1.0);
        // What is about where the song is, or a loop away from there, would be no jump.
        let guard = 0.01 + 8.0 * self.per_sample();
        let length = self.cycle.map_or(0.0, |(start, end)| end - start);
        let known = [here, here - length, here + length, self.began];
        let target = loop {
            let target = self.place(from..to);
            if known.iter().all(|known| (target - known).abs() > guard) {
                break target;
            }
        };
        self.passes = 0;
        match self.tells {
            Tells::Beats | Tells::Both => self.position = target,
            Tells::Nothing | Tells::Free => self.position = 0.0,
            Tells::Time => {
                let per_sample = self.per_sample();
                #[expect(clippy::cast_possible_truncation, reason = "songs are short")]
                if self.motion == Motion::Rests {
                    self.sample = (target / per_sample).round() as i64;
                    self.position = self.sample as f64 * per_sample;
                } else {
                    let samples = ((target - here) / per_sample).round();
                    self.sample += samples as i64;
                    self.position += samples * per_sample;
                }
            }
        }
    }

    fn change_meter(&mut self) {
        self.bars.meter = METERS[self.draw.random_range(0..METERS.len())];
        self.bars.line = 0;
        if self.bar_lines {
            #[expect(clippy::cast_possible_truncation, reason = "songs are short")]
            let tick = (self.position * TICKS).floor() as i64;
            self.bars.line = if self.chance(500.0) { tick } else { tick.div_euclid(240) * 240 };
        }
    }

    /// Sets a loop around the position, or somewhere after it, or none.
    fn change_cycle(&mut self) {
        let far = |seam: f64, position: f64, per_sample: f64| {
            (seam - position).abs() > 0.01 + 8.0 * per_sample
        };
        let per_sample = self.per_sample();
        let here = self.position;
        if self.cycle.is_some_and(|(start, end)| {
            !far(start, here, per_sample) || !far(end, here, per_sample)
        }) {
            return;
        }
        let before = self.cycle.take();
        let passes = std::mem::take(&mut self.passes);
        if self.chance(150.0) {
            return;
        }
        // Short of eight samples at any tempo, no host has a loop.
        let least = 12.0 * 999.0 / 60.0 / self.setup.sample_rate;
        let least = least.max(2.0 / TICKS);
        let most: f64 = if self.chance(300.0) { 0.25 } else { 8.0 };
        let length = least * (most.max(2.0 * least) / least).powf(self.draw.random::<f64>());
        let start = here + self.draw.random_range(-1.0..0.5) * length;
        let start = self.place(start..start + length / 4.0);
        let end = said(start + ((length * TICKS).round() / TICKS).max(least));
        if far(start, here, per_sample) && far(end, here, per_sample) && end < SONG.end {
            self.cycle = Some((start, end));
            // The shortest loops are all alike: the same one goes on.
            if self.cycle == before {
                self.passes = passes;
            }
        }
    }

    fn block(&mut self) -> Block {
        let mut frames = self.length();
        if self.motion == Motion::Stands && self.still > 0 {
            (frames, self.still) = (self.frames, self.still - 1);
        } else if frames > 0 && self.still > 0 {
            self.still -= 1;
        } else if frames > 0 {
            self.disturb();
        }
        let per_sample = self.per_sample();
        if matches!(self.motion, Motion::Jumps | Motion::Goes) {
            frames = self.shortened(frames);
            let after = self.position + f64::from(frames) * per_sample;
            if frames > 0
                && after > SONG.end
                && self.cycle.is_none_or(|(_, end)| self.position >= end)
            {
                self.rest();
                self.still -= 1;
            }
        }
        let input = self.input(frames);
        let truth = Truth {
            motion: self.motion,
            position: if self.tells_beats() { said(self.position) } else { self.position },
            beats_per_sample: per_sample,
            frames,
            cycle: self.cycle,
            passes: self.passes,
            bars: self.bars,
            kit: self.kit,
            release: self.release,
            free: self.touched || !self.setup.offline,
        };
        let joins = frames > 0 && self.abilities.full && self.chance(100.0);
        let block = Block { transport: self.transport(), input, truth, take: self.take, joins };
        if frames > 0 {
            self.release = false;
            (self.frames, self.began) = (frames, self.position);
            self.advance(frames);
        }
        block
    }

    /// Frames of the next block, before the song has its say.
    fn length(&mut self) -> u32 {
        if self.abilities.full && self.chance(10.0) {
            return 0;
        }
        let most = f64::from(self.setup.max_block);
        // Where the pace alone tells a bounce, blocks must be long enough to come early.
        let least = if self.abilities.full { 1.0 } else { most.min(256.0) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let frames = most.powf(self.draw.random::<f64>()).round().clamp(least, most) as u32;
        frames
    }

    /// A block that is not too much of a song, and is cut at the loop's end if the host does so.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    fn shortened(&mut self, frames: u32) -> u32 {
        if frames == 0 {
            return 0;
        }
        let per_sample = self.per_sample();
        let most = if self.chance(5.0) { 36.0 } else { 1.0 };
        let mut frames = f64::from(frames).min((most / per_sample).floor().max(1.0));
        if let Some((_, end)) = self.cycle.filter(|(_, end)| self.position < *end) {
            let left = (end - self.position) / per_sample;
            let cut = match self.cut {
                Cut::Never => f64::INFINITY,
                Cut::Nearest => left.round(),
                Cut::Before => left.floor(),
                Cut::After => left.ceil(),
            };
            frames = frames.min(cut.max(1.0));
        }
        frames as u32
    }

    /// Changes something, now and then.
    fn disturb(&mut self) {
        if matches!(self.motion, Motion::Rests | Motion::Jumps) || self.tells == Tells::Free {
            return;
        }
        if self.motion == Motion::Stands {
            self.motion = Motion::Goes;
            self.position += f64::from(self.frames) * self.per_sample();
            return;
        }
        let beats = self.tells_beats();
        // While the tempo glides, the host has already gone by the tempo that comes.
        let glides = self.smooth && self.ramp.1 > 0;
        match self.draw.random_range(0..1_000) {
            0..2 => self.rest(),
            2..6 if self.tells != Tells::Nothing => {
                self.ramp.1 = 0;
                self.jump();
                self.motion = Motion::Jumps;
            }
            12..20 if !glides => self.tempo = self.some_tempo(),
            20..26 if !(glides || self.smooth && self.cycle.is_some()) => {
                let blocks = self.draw.random_range(2..60);
                let factor = (self.some_tempo() / self.tempo).powf(1.0 / f64::from(blocks));
                self.ramp = (factor, blocks);
            }
            26..28 => self.change_meter(),
            30..45 if beats && self.abilities.full && self.ramp.1 == 0 => self.change_cycle(),
            _ => {}
        }
        if self.ramp.1 > 0 {
            self.ramp.1 -= 1;
            self.tempo = (self.tempo * self.ramp.0).clamp(10.0, 999.0);
        }
    }

    /// Keys that go down and up.
    fn input(&mut self, frames: u32) -> Vec<Event> {
        let mut input = Vec::new();
        if self.motion == Motion::Rests && frames > 0 {
            // All keys are up before the song starts again.
            let up = |key| Event { offset: 0, message: Message::Off { key, channel: 0 } };
            input.extend(self.keys.drain(..).map(up));
            self.touched = false;
        } else if frames > 0 && self.chance(0.15) {
            let key = self.draw.random_range(30..60);
            let message = Message::On { key, channel: 0, velocity: 0.7 };
            input.push(Event { offset: self.draw.random_range(0..frames), message });
            self.keys.push(key);
            self.touched = true;
        } else if frames > 0 && self.chance(10.0) {
            let up = |key| Event { offset: frames / 2, message: Message::Off { key, channel: 0 } };
            input.extend(self.keys.pop().map(up));
        }
        input
    }

    /// What the host says.
    fn transport(&mut self) -> Transport {
        let playing = self.motion != Motion::Rests && self.tells != Tells::Free;
        // A stopped transport may be dragged along.
        let dragged = self.chance(500.0);
        let position = match self.motion {
            _ if !playing && dragged => self.draw.random_range(SONG),
            _ => self.position,
        };
        let beats = self.tells_beats().then_some(said(position));
        #[expect(clippy::cast_precision_loss, reason = "songs are short")]
        let seconds = match self.tells {
            Tells::Time => Some(self.sample as f64 / self.setup.sample_rate),
            Tells::Both => Some(position * 60.0 / self.tempo),
            Tells::Beats | Tells::Nothing | Tells::Free => None,
        };
        // A host without bar lines leaves the field at 0.
        #[expect(clippy::cast_precision_loss, reason = "songs are short")]
        let bar_start =
            if self.bar_lines { self.bars.start_at(said(position)) as f64 / TICKS } else { 0.0 };
        Transport {
            playing,
            tempo: Some(self.tempo),
            meter: Some(self.bars.meter),
            beats,
            seconds,
            cycle: self.cycle,
            bar_start: Some(bar_start),
        }
    }

    /// The song goes on after a block.
    fn advance(&mut self, frames: u32) {
        if matches!(self.motion, Motion::Rests | Motion::Stands) {
            return;
        }
        self.motion = Motion::Goes;
        // It stands for a while now and then, as some do while they count in.
        let beats = self.tells_beats();
        let long = f64::from(frames) * self.per_sample() > 0.002 + 4.0 * self.per_sample();
        if beats && long && self.cycle.is_none() && self.chance(1.0) {
            (self.motion, self.still) = (Motion::Stands, self.draw.random_range(1..6));
            self.ramp.1 = 0;
            return;
        }
        let next = if self.smooth && self.ramp.1 > 0 {
            (self.tempo * self.ramp.0).clamp(10.0, 999.0)
        } else {
            self.tempo
        };
        let per_sample = f64::midpoint(self.tempo, next) / 60.0 / self.setup.sample_rate;
        let before = self.position;
        self.position += f64::from(frames) * per_sample;
        self.sample += i64::from(frames);
        let Some((start, end)) = self.cycle.filter(|(_, end)| before < *end) else { return };
        let short = 1.001 * per_sample;
        let cuts = match self.cut {
            Cut::Never => false,
            Cut::Nearest => self.position >= end - short / 2.0,
            Cut::Before => self.position >= end - short,
            Cut::After => self.position >= end,
        };
        if cuts {
            self.position = start;
            self.passes += 1;
        }
        while said(self.position) >= end {
            self.position += start - end;
            self.passes += 1;
        }
    }
}

/// A position as a host says it: CLAP's have 31 bits after the point.
fn said(position: f64) -> f64 {
    const GRAIN: f64 = 2_147_483_648.0;
    (position * GRAIN).round() / GRAIN
}
