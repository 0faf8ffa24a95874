//! Writes takes and performance controls back into the parameters, for takes from the history, from
//! the other side and from presets. The inverse of [`crate::params::controls`].

use groove::play::perform::{self, Performance};
use groove::take::{Primer, Take, TakeControls};
use nice_plug::params::{Param, internals::ParamPtr};

use crate::params::{
    DeepPocketParams, FillInterval, PaceChoice, PhraseBars, PhraseOrder, PrimeMode, SwingChoice,
};

/// Sets a parameter to a normalised value through the host, in one complete gesture.
pub type SetParam<'a> = dyn FnMut(ParamPtr, f32) + 'a;

/// Writes parameters.
pub(crate) struct ParamWriter<'a, 'b> {
    /// Setter of the host.
    pub(crate) send: &'a mut SetParam<'b>,
    /// Also sends values that the parameters already have, because the host may be about to change
    /// them.
    pub(crate) force: bool,
}

impl ParamWriter<'_, '_> {
    /// Sets one parameter.
    pub(crate) fn set<P: Param>(&mut self, param: &P, value: P::Plain) {
        let normalized = param.preview_normalized(value);
        if self.force || normalized != param.unmodulated_normalized_value() {
            (self.send)(param.as_ptr(), normalized);
        }
    }

    /// Sets the parameters of a take.
    pub(crate) fn take(&mut self, params: &DeepPocketParams, take: &Take) {
        let DeepPocketParams { drummer, fills, prime, lanes, pad, .. } = params;
        let TakeControls { seed, style, blend, temperature, stick, density, .. } = take.controls;
        self.set(&pad.intensity, take.controls.pad.intensity);
        self.set(&pad.complexity, take.controls.pad.complexity);
        self.set(&params.seed, i32::try_from(seed).unwrap_or(i32::MAX));
        self.set(&params.style, style.into());
        self.set(&params.temperature, temperature);
        self.set(&drummer.blend_style, blend.0.into());
        self.set(&drummer.blend, blend.1);
        self.set(&drummer.stick, stick);
        self.set(&drummer.density, density);
        self.set(&drummer.phrase, PhraseBars::of(take.phrase_bars.into()));
        self.set(&drummer.order, if take.evolve { PhraseOrder::Evolve } else { PhraseOrder::Loop });
        self.set(&fills.every, FillInterval::of(take.fills.every));
        self.set(&fills.length, i32::from(take.fills.steps).div_euclid(4).max(1));
        self.set(&fills.amount, take.fills.amount);
        for (class, lane) in lanes.iter().enumerate() {
            self.set(&lane.density, take.controls.lanes[class]);
            self.set(&lane.off, take.controls.off.bits() >> class & 1 == 1);
        }
        match take.primer {
            Primer::Play(_) => self.set(&prime.mode, PrimeMode::Play),
            Primer::Tap(_) => self.set(&prime.mode, PrimeMode::Tap),
            Primer::Off | Primer::Hold { .. } => {}
        }
    }

    /// Sets the parameters of a performance.
    pub(crate) fn performance(&mut self, params: &DeepPocketParams, performance: &Performance) {
        let DeepPocketParams { playing, lanes, .. } = params;
        self.set(&playing.swing, performance.swing);
        let swing_of = match performance.swing_of {
            perform::SwingOf::Sixteenths => SwingChoice::Sixteenths,
            perform::SwingOf::Eighths => SwingChoice::Eighths,
        };
        self.set(&playing.swing_of, swing_of);
        self.set(&playing.timing, performance.timing);
        self.set(&playing.dynamics, performance.dynamics);
        self.set(&playing.velocity, performance.velocity);
        let pace = match performance.pace {
            perform::TimeFeel::Half => PaceChoice::Half,
            perform::TimeFeel::Plain => PaceChoice::Plain,
            perform::TimeFeel::Double => PaceChoice::Double,
        };
        self.set(&playing.pace, pace);
        for (class, lane) in lanes.iter().enumerate() {
            self.set(&lane.mute, performance.mute.bits() >> class & 1 == 1);
            self.set(&lane.solo, performance.solo.bits() >> class & 1 == 1);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::params::controls::{Controls, performance};
    use nice_plug::params::Params;

    /// Sets a parameter at once, as a host does a moment later.
    pub(crate) fn at_once(param: ParamPtr, normalized: f32) {
        // SAFETY: the tests keep the parameters alive.
        unsafe { param._internal_set_normalized_value(normalized) };
    }

    /// Creates parameters with values spread over their ranges.
    pub(crate) fn scrambled(salt: usize) -> DeepPocketParams {
        let params = DeepPocketParams::default();
        for (place, (_, param, _)) in params.param_map().into_iter().enumerate() {
            at_once(param, ((place + 1) * (7_919 + salt * 104_729) % 10_007) as f32 / 10_006.0);
        }
        params
    }

    #[test]
    fn takes_and_performance_round_trip_through_parameters() {
        for salt in 0..50 {
            let params = scrambled(salt);
            let controls = Controls::new(&params);
            let other = scrambled(salt + 1_000);
            let mut set = at_once;
            let mut apply = ParamWriter { send: &mut set, force: false };
            apply.take(&other, &controls.take_at(120.0));
            apply.performance(&other, &performance(&params));
            let back = Controls::new(&other);
            assert_eq!(back.take_at(120.0), controls.take_at(120.0));
            assert_eq!(back.performance, controls.performance);
            // Nothing is sent twice.
            let mut count = 0;
            let mut set = |_, _| count += 1;
            ParamWriter { send: &mut set, force: false }.take(&other, &controls.take_at(120.0));
            assert_eq!(count, 0);
        }
    }
}
