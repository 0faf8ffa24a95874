//! Loudness of a bar that follows the band's energy.

use crate::pattern::{Hit, Meter, Step};
use crate::take::Take;

/// Makes the steps of a bar of the song louder and softer as its energy says. `first` is the bar's
/// first step in its phrase. Pinned hits stay as they are, and so does a bar without energy.
pub(crate) fn follow_energy(take: &Take, meter: Meter, bar: i64, first: usize, steps: &mut [Step]) {
    let energy = &take.chart.energy;
    if energy.is_empty() {
        return;
    }
    let bar = take.stage.chart_bar(bar);
    for (place, step) in steps.iter_mut().enumerate() {
        let added = energy.velocity(meter, bar, place);
        let louder = |velocity: u8| Hit::new((f32::from(velocity) + added) / 127.0, 0.0).velocity;
        let played = *step;
        for (drum, hit) in played.hits() {
            step.set(drum, Some(hit.moved(hit.offset(), 1.0, louder)));
        }
        take.pins.apply_hits(first + place, step);
    }
}
