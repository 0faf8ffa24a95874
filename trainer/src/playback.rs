//! Bars of a take, played in order.

use std::ops::Range;

use anyhow::Result;
use groove::generate::Drummer;
use groove::take::Take;
use groove::{Bar, Meter, Step};

/// Plays consecutive bars of a take.
pub(crate) fn play_bars(
    drummer: &mut Drummer,
    take: &Take,
    meter: Meter,
    bars: Range<i64>,
) -> Result<Vec<Bar>> {
    bars.map(|bar| Ok(drummer.bar(take, meter, bar)?)).collect()
}

/// Plays the first bars of a take, as steps.
pub(crate) fn play_steps(
    drummer: &mut Drummer,
    take: &Take,
    meter: Meter,
    bars: i64,
) -> Result<Vec<Step>> {
    let bars = play_bars(drummer, take, meter, 0..bars)?;
    Ok(bars.iter().flat_map(|bar| bar.steps()).copied().collect())
}
