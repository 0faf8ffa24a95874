//! Undo of chart edits. It lasts as long as the instance; no project keeps it.

use groove::take::Take;
use groove::take::chart::Chart;

/// Maximum number of edits.
const MAX_EDITS: usize = 64;

/// A chart, and the take at which it was edited.
#[derive(Clone, Copy, Debug)]
struct ChartEdit {
    chart: Chart,
    take: Take,
}

/// Charts before and after the current one.
#[derive(Clone, Debug, Default)]
pub struct ChartHistory {
    /// Chart after the last edit; `None` before the first look at a project's chart.
    known: Option<Chart>,
    /// The newest last.
    past: Vec<ChartEdit>,
    /// The next last.
    future: Vec<ChartEdit>,
}

impl ChartHistory {
    /// Notes the current chart. A changed one is an edit at a take.
    pub fn record(&mut self, chart: &Chart, take: &Take) {
        match self.known.replace(*chart) {
            Some(before) if before != *chart => {
                if self.past.len() == MAX_EDITS {
                    self.past.remove(0);
                }
                self.past.push(ChartEdit { chart: before, take: *take });
                self.future.clear();
            }
            _ => {}
        }
    }

    /// Returns `true` if there is an edit to undo and to redo.
    #[must_use]
    pub fn can_move(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }

    /// Undoes the last edit if it fits: returns the chart before it.
    pub fn undo(&mut self, fits: &dyn Fn(&Take) -> bool) -> Option<Chart> {
        let ChartHistory { known, past, future } = self;
        step(known, past, future, fits)
    }

    /// Redoes the next edit if it fits: returns the chart after it.
    pub fn redo(&mut self, fits: &dyn Fn(&Take) -> bool) -> Option<Chart> {
        let ChartHistory { known, past, future } = self;
        step(known, future, past, fits)
    }
}

/// Moves the last edit of a list to another if its take fits. Returns its chart.
fn step(
    known: &mut Option<Chart>,
    from: &mut Vec<ChartEdit>,
    to: &mut Vec<ChartEdit>,
    fits: &dyn Fn(&Take) -> bool,
) -> Option<Chart> {
    let ChartEdit { chart, take } = from.pop_if(|edit| fits(&edit.take))?;
    let now = known.replace(chart)?;
    to.push(ChartEdit { chart: now, take });
    Some(chart)
}
