//! Phrases in the making, and how a step of one is played.

use crate::generate::conditioning::{Cue, Part};
use crate::generate::decoder::{Draws, Player};
use crate::model::ModelError;
use crate::model::encode::Kind;
use crate::model::feel::is_clear;
use crate::pattern::Step;

/// Sampling temperature at the lowest value of the temperature control. Below it the likeliest
/// drums win nearly every draw, so that the control would do nothing.
const COOLEST: f32 = 0.35;

/// Sampling temperature at a value of the temperature control: the control's own from 1 up, and a
/// straight line from [`COOLEST`] to 1 below.
fn sampling_temperature(control: f32) -> f32 {
    if control < 1.0 { COOLEST + (1.0 - COOLEST) * control } else { control }
}

/// A phrase in the making: the player has heard what was before, and played some of the cues.
#[derive(Clone, Debug)]
pub(crate) struct Playing {
    pub(crate) player: Player,
    /// Steps that the player had behind it when the phrase began.
    pub(crate) start: usize,
    pub(crate) cues: Vec<Cue>,
}

/// A player who has heard a lead-in, with what that was: knobs that change neither the lead-in nor
/// the kind of playing need not wait for it again.
#[derive(Debug, Default)]
pub(crate) struct Opening(Option<(Option<usize>, Kind, Player)>);

impl Opening {
    /// A player who has heard the lead-in of a take; of a model without lead-ins, nothing.
    pub(crate) fn player(&mut self, part: &Part) -> Result<Player, ModelError> {
        let (place, kind) = (part.lead_in, part.kind(false));
        if let Some((_, _, player)) = self.0.as_ref().filter(|of| (of.0, of.1) == (place, kind)) {
            return Ok(player.clone());
        }
        let mut player = Player::new(part.model);
        if let Some(lead_in) = part.lead_in() {
            for step in lead_in.in_meter(part.meter) {
                player.hear(part.model, &kind, step)?;
            }
        }
        self.0 = Some((place, kind, player.clone()));
        Ok(player)
    }
}

impl Playing {
    pub(crate) fn is_whole(&self) -> bool {
        self.player.steps.len() >= self.start + self.cues.len()
    }

    /// The steps, as far as they are played.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.player.steps[self.start..]
    }
}

impl Part<'_> {
    /// The theme, before its first step.
    pub(crate) fn theme(
        &self,
        opening: &mut Opening,
        base: Option<&[Step]>,
    ) -> Result<Playing, ModelError> {
        let player = match self.primed()? {
            Some(player) => player,
            None => opening.player(self)?,
        };
        let mut cues = self.cues(0, base);
        // Nothing was before the theme.
        cues[0].after_fill = false;
        Ok(Playing { start: player.steps.len(), player, cues })
    }

    /// A player who has heard the take's primer, if it has one.
    fn primed(&self) -> Result<Option<Player>, ModelError> {
        let Some(primer) = self.take.played() else { return Ok(None) };
        let mut player = Player::new(self.model);
        let (bar, steps) = (self.meter.steps(), primer);
        // Whole bars, the last ones; less than one bar is the end of one.
        let (silent, left_out) = match steps.len() {
            few if few < bar => (bar - few, 0),
            many => (0, many % bar),
        };
        let silence = vec![Step::SILENT; silent];
        let kit = &self.model.metadata().classes;
        for step in silence.iter().chain(&steps[left_out..]) {
            player.hear(self.model, &self.kind(false), kit.step(step))?;
        }
        Ok(Some(player))
    }

    /// Hears a step; gives its log-probability.
    pub(crate) fn hear(
        &self,
        player: &mut Player,
        cue: &Cue,
        step: Step,
    ) -> Result<f32, ModelError> {
        let kind = self.kind(cue.fill.is_some());
        let outlook = player.outlook(self.model, &kind)?;
        let likely = outlook.likely(step.drums());
        player.take_in(self.model, &kind, outlook, step)?;
        Ok(likely)
    }

    /// Plays what the simpler take plays, but for the pins; gives its log-probability.
    pub(crate) fn amend(
        &self,
        player: &mut Player,
        place: usize,
        cue: &Cue,
    ) -> Result<f32, ModelError> {
        let base = cue.base.unwrap_or(Step::SILENT);
        let pins = &self.take.pins;
        let drums = base.drums().with(pins.struck(place)).without(pins.silent(place));
        let mut draws = Draws::at(self.take.seed, cue.bar, cue.step, 0);
        let kind = self.kind(cue.fill.is_some());
        let asked = pins.struck(place);
        let likely = player.play_these(self.model, &kind, drums, asked, &mut draws)?;
        if let Some(played) = player.steps.last_mut() {
            for (drum, hit) in base.hits().filter(|(drum, _)| drums.contains(*drum)) {
                if is_clear(hit) || !asked.contains(drum) {
                    played.set(drum, Some(hit));
                }
            }
            pins.touch(place, played);
        }
        Ok(likely)
    }

    /// Plays a cue, the one at this place of the phrase; gives the log-probability of what was
    /// struck.
    pub(crate) fn play(
        &self,
        player: &mut Player,
        place: usize,
        cue: &Cue,
        attempt: u8,
    ) -> Result<f32, ModelError> {
        let wish = self.wish(player, place, cue);
        // What comes after the theme is never more daring than drummers are.
        let most = if cue.theme { f32::INFINITY } else { 1.0 };
        let temperature = sampling_temperature(self.take.temperature.min(most));
        let mut draws = Draws::at(self.take.seed, cue.bar, cue.step, attempt);
        let kind = self.kind(cue.fill.is_some());
        let likely = player.play(self.model, &kind, temperature, &wish, &mut draws)?;
        if let Some(played) = player.steps.last_mut() {
            for (drum, hit) in cue.opens.iter().flat_map(Step::hits) {
                played.set(drum, Some(hit));
            }
            self.take.pins.touch(place, played);
        }
        Ok(likely)
    }
}
