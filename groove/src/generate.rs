//! A take and a song position to a bar.
//!
//! Phrase 0 of a take is its *theme*. A take that loops repeats it; only fills, where the song has
//! other ones there, and the crash that may follow one, are played anew. In a take that evolves,
//! phrase `k` is what the drummer plays after the theme (with the fill that the song has there
//! before phrase `k`), with draws of its own. So it needs the theme, but no phrase between, and
//! the bar at a song position is a function of the take, the meter and the position alone,
//! whatever was asked for before.
//!
//! A phrase is made step by step, as far as somebody asks for it: its first step is out before
//! its last is thought of. Where cells ahead are pinned, several ways there are tried, and one is
//! chosen by how well it leads up to them (a particle filter with a short look-ahead).

use std::sync::Arc;

use crate::balance::{Balance, Lean};
use crate::condition::Wish;
use crate::drum::{CLASSES, Drum, DrumSet};
use crate::encode::Kind;
use crate::model::{Model, ModelError};
use crate::pattern::{Bar, Meter, Step};
use crate::player::{Draws, Player};
use crate::take::{Primer, Rhythm, Take};

/// Added to the log-probability of a subset for each held drum in it: a held drum is about twelve
/// times as likely as the drummer would have it.
const HELD: f32 = 2.5;
/// Added to the log-odds of a drum where its lane is as busy as can be.
const BUSY: f32 = 2.5;
/// Added to the log-probability of a subset for each tom and crash in it, in a fill of the usual
/// amount; and how much more or less of that the greatest and the least amount have.
const FILL: (f32, f32) = (0.8, 1.6);
/// Added for the crash at the first step after a fill.
const AFTER_FILL: f32 = 2.0;
/// Added for bass and snare where a tapped rhythm has an onset, and taken away where it has none.
const TAPPED: f32 = 1.5;
/// How many steps before a pinned one the drummer begins to lead up to it.
const LEAD: usize = 16;
/// How many ways to lead up to pins are tried.
const TRIES: u8 = 8;

/// A drummer: a model, and what it thought of last.
#[derive(Debug)]
pub struct Drummer {
    model: Arc<Model>,
    /// Take and meter of all that follows.
    of: Option<(Take, Meter)>,
    /// The theme, as far as it is played, and the same with the fills of other places of the song.
    versions: Vec<Playing>,
    /// The last phrase that was asked for besides the theme.
    phrase: Option<(i64, Playing)>,
}

impl Drummer {
    /// A drummer with this model.
    #[must_use]
    pub fn new(model: Arc<Model>) -> Self {
        Drummer { model, of: None, versions: Vec::new(), phrase: None }
    }

    /// The bar at a song position: a pure function of the arguments.
    ///
    /// # Errors
    /// When the take is another model's, or the network cannot be computed.
    pub fn bar(&mut self, take: &Take, meter: Meter, bar: i64) -> Result<Bar, ModelError> {
        let played = self.bar_unless(take, meter, bar, || false)?;
        Ok(played.unwrap_or(Bar::silent(meter)))
    }

    /// The bar at a song position, unless `stop` says before some step that it is no longer
    /// wanted. What was done until then is kept for the next time.
    ///
    /// # Errors
    /// As [`Drummer::bar`].
    pub fn bar_unless(
        &mut self,
        take: &Take,
        meter: Meter,
        bar: i64,
        stop: impl Fn() -> bool,
    ) -> Result<Option<Bar>, ModelError> {
        let (phrase, place) = take.phrase_of(bar);
        let length = meter.steps();
        let mut played = Bar::silent(meter).at(self.model.metadata().classes.pitches());
        for (step, cell) in (place * length..).zip(played.steps_mut()) {
            loop {
                if stop() {
                    return Ok(None);
                }
                if let Some(step) = self.step_toward(take, meter, phrase, step)? {
                    *cell = step;
                    break;
                }
            }
        }
        Ok(Some(played))
    }

    /// All bars of a phrase: a pure function of the arguments.
    ///
    /// # Errors
    /// As [`Drummer::bar`].
    pub fn phrase(
        &mut self,
        take: &Take,
        meter: Meter,
        phrase: i64,
    ) -> Result<Vec<Bar>, ModelError> {
        let first = take.first_bar(phrase);
        (first..).take(take.bars()).map(|bar| self.bar(take, meter, bar)).collect()
    }

    /// A step of a phrase; plays on as far as that.
    ///
    /// # Errors
    /// As [`Drummer::bar`].
    pub fn step(
        &mut self,
        take: &Take,
        meter: Meter,
        phrase: i64,
        step: usize,
    ) -> Result<Step, ModelError> {
        loop {
            if let Some(step) = self.step_toward(take, meter, phrase, step)? {
                return Ok(step);
            }
        }
    }

    /// A step of a phrase if it is played; else plays one of those that it needs.
    fn step_toward(
        &mut self,
        take: &Take,
        meter: Meter,
        phrase: i64,
        step: usize,
    ) -> Result<Option<Step>, ModelError> {
        if take.model != 0 && take.model != self.model.identity() {
            return Err(ModelError::Another);
        }
        if self.of.as_ref().is_none_or(|of| *of != (*take, meter)) {
            *self = Drummer::new(Arc::clone(&self.model));
            self.of = Some((*take, meter));
        }
        let model = Arc::clone(&self.model);
        let part = Part { model: &model, take, meter };
        if self.versions.is_empty() {
            self.versions.push(part.theme()?);
        }
        let playing = if phrase == 0 {
            &mut self.versions[0]
        } else if let Some((_, playing)) = self.phrase.as_mut().filter(|(of, _)| *of == phrase) {
            playing
        } else {
            if let Some(begun) = self.begin(&part, phrase)? {
                self.phrase = Some((phrase, begun));
            }
            return Ok(None);
        };
        let at = playing.start + step.min(playing.cues.len().saturating_sub(1));
        if playing.player.steps.len() <= at {
            part.go_on(playing)?;
        }
        Ok(playing.player.steps.get(at).copied())
    }

    /// Begins a phrase that is not the theme, if all that it needs is played; else plays a step of
    /// that.
    fn begin(&mut self, part: &Part, phrase: i64) -> Result<Option<Playing>, ModelError> {
        let first = part.take.first_bar(phrase);
        let opens = part.is_fill(first, 0, -1) && !part.is_fill(first, 0, 0);
        let before = match part.take.evolve || opens {
            true => match self.version(part, &part.fills(phrase - 1))? {
                Some(version) => Some(version),
                None => return Ok(None),
            },
            false => None,
        };
        if let Some(before) = before.as_ref().filter(|_| part.take.evolve) {
            let (player, cues) = (before.player.clone(), part.cues(phrase).collect());
            return Ok(Some(Playing { start: player.steps.len(), player, cues }));
        }
        let Some(mut looped) = self.version(part, &part.fills(phrase))? else { return Ok(None) };
        if let Some(mut before) = before {
            // What the theme begins with, and perhaps a crash.
            let first = looped.player.steps[looped.start];
            before.start = before.player.steps.len();
            before.cues = vec![Cue { opens: Some(first), ..part.cue(0, 0) }];
            part.go_on(&mut before)?;
            looped.player.steps[looped.start] = before.player.steps[before.start];
        }
        Ok(Some(looped))
    }

    /// The theme with fills at these steps, if it is played to its end; else plays a step of what
    /// it needs.
    fn version(&mut self, part: &Part, fills: &[bool]) -> Result<Option<Playing>, ModelError> {
        let theme = &mut self.versions[0];
        if !theme.is_whole() {
            part.go_on(theme)?;
            return Ok(None);
        }
        let same =
            |version: &Playing| version.cues.iter().map(|cue| cue.fill).eq(fills.iter().copied());
        let Some(version) = self.versions.iter_mut().find(|version| same(version)) else {
            let theme = &self.versions[0];
            let mut version = part.theme()?;
            let steps = &theme.player.steps[theme.start..];
            for ((cue, &fill), &step) in version.cues.iter_mut().zip(fills).zip(steps) {
                cue.keep = (!fill || cue.fill).then_some(step);
                cue.fill |= fill;
            }
            self.versions.push(version);
            return Ok(None);
        };
        if version.is_whole() {
            return Ok(Some(version.clone()));
        }
        part.go_on(version)?;
        Ok(None)
    }
}

/// A step to be played.
#[derive(Clone, Copy, Debug)]
struct Cue {
    /// Bar of the song that the draws come from, and step of that bar.
    bar: i64,
    step: usize,
    /// Whether it is part of a fill, and whether it is the first after one.
    fill: bool,
    after_fill: bool,
    /// Whether it is the theme's.
    theme: bool,
    /// It is this one, and only heard.
    keep: Option<Step>,
    /// It is this one, but that a crash may be added.
    opens: Option<Step>,
}

/// A phrase in the making: the player has heard what was before, and played some of the cues.
#[derive(Clone, Debug)]
struct Playing {
    player: Player,
    /// Steps that the player had behind it when the phrase began.
    start: usize,
    cues: Vec<Cue>,
}

impl Playing {
    fn is_whole(&self) -> bool {
        self.player.steps.len() >= self.start + self.cues.len()
    }
}

/// What all steps of a take have in common.
struct Part<'a> {
    model: &'a Model,
    take: &'a Take,
    meter: Meter,
}

impl Part<'_> {
    /// Whether a step some way from a bar's step is part of a fill.
    fn is_fill(&self, bar: i64, step: usize, shift: isize) -> bool {
        let length = self.meter.steps();
        let (bar, step) = match step.checked_add_signed(shift) {
            Some(step) => (bar, step),
            None => (bar - 1, length - 1),
        };
        self.take.fills.cover(self.meter, bar, step)
    }

    fn cue(&self, bar: i64, step: usize) -> Cue {
        let fill = self.is_fill(bar, step, 0);
        Cue {
            bar,
            step,
            fill,
            after_fill: !fill && self.is_fill(bar, step, -1),
            theme: false,
            keep: None,
            opens: None,
        }
    }

    fn cues(&self, phrase: i64) -> impl Iterator<Item = Cue> {
        let first = self.take.first_bar(phrase);
        let bars = (first..).take(self.take.bars());
        bars.flat_map(move |bar| (0..self.meter.steps()).map(move |step| self.cue(bar, step)))
    }

    fn fills(&self, phrase: i64) -> Vec<bool> {
        self.cues(phrase).map(|cue| cue.fill).collect()
    }

    /// The theme, before its first step.
    fn theme(&self) -> Result<Playing, ModelError> {
        let mut player = Player::new(self.model);
        if let Primer::Play(played) = &self.take.primer {
            let bar = self.meter.steps();
            let steps = played.steps();
            // Whole bars, the last ones; less than one bar is the end of one.
            let kept = if steps.len() < bar { 0 } else { steps.len() % bar };
            let missing = bar.saturating_sub(steps.len()) % bar;
            let silence = vec![Step::SILENT; if steps.is_empty() { 0 } else { missing }];
            let kit = &self.model.metadata().classes;
            for step in silence.iter().chain(&steps[kept..]) {
                player.hear(self.model, &self.kind(false), kit.step(step))?;
            }
        }
        let cues = self.cues(0).map(|cue| Cue { theme: true, ..cue });
        let mut cues: Vec<Cue> = cues.collect();
        // Nothing was before the theme.
        if let Some(first) = cues.first_mut() {
            first.after_fill = false;
        }
        Ok(Playing { start: player.steps.len(), player, cues })
    }

    fn kind(&self, fill: bool) -> Kind {
        let Take { style, blend, tempo, .. } = *self.take;
        Kind { style, blend, tempo, meter: self.meter, fill }
    }

    /// Plays the next step, or several if they lead up to pins.
    fn go_on(&self, playing: &mut Playing) -> Result<(), ModelError> {
        let at = playing.player.steps.len() - playing.start;
        let cue = playing.cues[at];
        if let Some(step) = cue.keep {
            return playing.player.hear(self.model, &self.kind(cue.fill), step);
        }
        // To the last of the pins ahead, if the next of them is near.
        let free = playing.cues[at..].iter().take_while(|cue| cue.keep.is_none()).count();
        let pinned = |reach: usize| {
            let mut ahead = (at + 1..at + free.min(reach)).rev();
            ahead.find(|&place| self.take.pins.any_at(place))
        };
        match pinned(LEAD).and_then(|_| pinned(2 * LEAD)) {
            Some(last) => self.lead_up(playing, at, last),
            None => self.play(&mut playing.player, at, &cue, 0).map(drop),
        }
    }

    /// Plays the cues from `at` to `last` in several ways at once. Ways that did not lead up to a
    /// pin are given up for others that did; at the end one is chosen, each with the chance that
    /// the drummer would have come to the pins by it.
    fn lead_up(&self, playing: &mut Playing, at: usize, last: usize) -> Result<(), ModelError> {
        let mut ways: Vec<(Player, f32)> =
            (0..TRIES).map(|_| (playing.player.clone(), 0.0)).collect();
        for (place, cue) in playing.cues[..=last].iter().enumerate().skip(at) {
            for (attempt, (player, weight)) in (0..).zip(&mut ways) {
                *weight += self.play(player, place, cue, attempt)?;
            }
            let mut choice = Draws::at(self.take.seed, cue.bar, cue.step, u8::MAX);
            let chances = chances(&ways);
            if place == last {
                let chosen = choose(&chances, choice.next());
                playing.player = ways.swap_remove(chosen).0;
                return Ok(());
            }
            let effective = 1.0 / chances.iter().map(|chance| chance * chance).sum::<f32>();
            if effective < f32::from(TRIES) / 2.0 {
                // Systematic resampling: evenly spaced places in the cumulative chances.
                let first = choice.next();
                let kept = (0..TRIES).map(|way| (f32::from(way) + first) / f32::from(TRIES));
                let kept = kept.map(|place| (ways[choose(&chances, place)].0.clone(), 0.0));
                ways = kept.collect();
            }
        }
        Ok(())
    }

    /// Plays a cue, the one at this place of the phrase.
    fn play(
        &self,
        player: &mut Player,
        place: usize,
        cue: &Cue,
        attempt: u8,
    ) -> Result<f32, ModelError> {
        let kind = self.kind(cue.fill);
        let wish = self.wish(player, place, cue);
        let temperature = if cue.theme { self.take.temperature } else { 1.0 };
        let mut draws = Draws::at(self.take.seed, cue.bar, cue.step, attempt);
        let allowed = player.play(self.model, &kind, temperature, &wish, &mut draws)?;
        if let Some(kept) = cue.opens {
            let crash = player.steps.pop().and_then(|step| step.hit(Drum::Crash));
            let mut step = kept;
            if kept.hit(Drum::Crash).is_none() {
                step.set(Drum::Crash, crash);
            }
            player.steps.push(step);
        }
        Ok(allowed)
    }

    fn wish(&self, player: &Player, place: usize, cue: &Cue) -> Wish {
        let Take { pins, off, stick, primer, .. } = self.take;
        let kit = &self.model.metadata().classes;
        let before = player.before(self.meter.steps());
        let pinned = pins.struck(place);
        let mut wish = Wish { lean: self.lean(player, cue, before), ..Wish::default() };
        wish.never = pins.silent(place).with(*off).without(pinned);
        match primer {
            Primer::Hold { drums, at } if self.is_struck_now(player, place, cue, *drums, *at) => {
                wish.must = kit.set(*drums);
            }
            Primer::Tap(rhythm) => wish.some = rhythm.at(self.song_step(cue, rhythm)),
            _ => {}
        }
        if let Some(kept) = cue.opens {
            wish.must = kept.drums();
            wish.never = wish.never.with(DrumSet::ALL.without([Drum::Crash].into_iter().collect()));
            return wish;
        }
        if let Some(before) = before.filter(|_| *stick >= 1.0 && !cue.fill) {
            wish.must = wish.must.with(before);
            wish.never = wish.never.with(DrumSet::ALL.without(wish.must));
        }
        wish.must = wish.must.without(pins.silent(place).with(*off)).with(pinned);
        wish.odds = self.odds();
        wish
    }

    /// Held drums are struck where the theme begins, where they began to be held, and where the
    /// last beat of a bar begins in which they were not.
    fn is_struck_now(
        &self,
        player: &Player,
        place: usize,
        cue: &Cue,
        held: DrumSet,
        at: u16,
    ) -> bool {
        let begins = cue.theme && place == 0 || place == usize::from(at);
        let last_beat = self.meter.beat_steps() * (self.meter.whole_beats() - 1);
        let in_bar = &player.steps[player.steps.len() - cue.step..];
        let held = self.model.metadata().classes.set(held);
        let struck = in_bar.iter().fold(DrumSet::EMPTY, |all, step| all.with(step.drums()));
        begins || cue.step == last_beat && !held.without(struck).is_empty()
    }

    /// The step of a rhythm that goes round from the start of the song.
    fn song_step(&self, cue: &Cue, rhythm: &Rhythm) -> usize {
        let steps = cue.bar.wrapping_mul(self.meter.steps() as i64) + cue.step as i64;
        usize::try_from(steps.rem_euclid(i64::from(rhythm.steps.max(1)))).unwrap_or(0)
    }

    /// The style's balance, but in fills; and what is favoured.
    fn lean(&self, player: &Player, cue: &Cue, before: Option<DrumSet>) -> Lean {
        let Take { style, blend: (second, share), stick, primer, fills, .. } = *self.take;
        let metadata = self.model.metadata();
        let mut lean = [0.0; CLASSES];
        let mut add = |drums: DrumSet, amount: f32| {
            drums.iter().for_each(|drum| lean[drum.index()] += amount);
        };
        let held = match primer {
            Primer::Hold { drums, .. } => metadata.classes.set(drums),
            _ => DrumSet::EMPTY,
        };
        add(held, HELD);
        if let Primer::Tap(rhythm) = primer {
            let onset = rhythm.at(self.song_step(cue, &rhythm));
            add(BACKBONE.into_iter().collect(), if onset { TAPPED } else { -TAPPED });
        }
        if cue.fill {
            let (usual, more) = FILL;
            add(FILLING.into_iter().collect(), usual + more * (2.0 * fills.amount - 1.0));
            return lean;
        }
        if cue.after_fill {
            add([Drum::Crash].into_iter().collect(), AFTER_FILL);
        }
        let dial = metadata.dial(style).at(stick);
        let mut balance = match share > 0.0 {
            true => dial.blend(&metadata.dial(second).at(stick), share),
            false => dial,
        };
        self.expect(&mut balance, held);
        let balanced = balance.lean(&player.steps, before);
        std::array::from_fn(|class| lean[class] + balanced[class])
    }

    /// What is asked for is not called back.
    fn expect(&self, balance: &mut Balance, held: DrumSet) {
        let odds = self.odds();
        for (drum, usual) in Drum::ALL.into_iter().zip(&mut balance.usual) {
            if held.contains(drum) || self.take.off.contains(drum) {
                *usual = 0.0;
            }
            let rate = usual.clamp(0.0, 0.99);
            let odds = rate / (1.0 - rate) * odds[drum.index()].exp();
            *usual = odds / (1.0 + odds);
        }
    }

    fn odds(&self) -> Lean {
        self.take.lanes.map(|lane| BUSY * (lane + self.take.density).clamp(-1.0, 1.0))
    }
}

/// What a rhythm is mostly played on.
const BACKBONE: [Drum; 2] = [Drum::Bass, Drum::Snare];
/// What a fill is mostly played on.
const FILLING: [Drum; 4] = [Drum::LowTom, Drum::MidTom, Drum::HighTom, Drum::Crash];

/// Logarithms of weights to chances.
fn chances(ways: &[(Player, f32)]) -> Vec<f32> {
    let top = ways.iter().map(|(_, weight)| *weight).fold(f32::NEG_INFINITY, f32::max);
    let mut chances: Vec<f32> = ways.iter().map(|(_, weight)| (weight - top).exp()).collect();
    let sum: f32 = chances.iter().sum();
    chances.iter_mut().for_each(|chance| *chance /= sum);
    chances
}

/// The number of the chance at a place, 0 to 1, of the cumulative chances.
fn choose(chances: &[f32], place: f32) -> usize {
    let mut left = place;
    for (number, chance) in chances.iter().enumerate() {
        left -= chance;
        if left < 0.0 {
            return number;
        }
    }
    chances.len() - 1
}
