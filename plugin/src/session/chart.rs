//! The chart of the song: sections, stops, and the file that it comes from. It belongs to the song,
//! so it stays when the take changes. Undo and redo go through takes and edits of the chart in the
//! order in which they were made.

use groove::Meter;
use groove::take::Take;
use groove::take::chart::{Chart, MAX_SECTIONS, MAX_STOPS, Place, Section, SongFile};
use groove::take::history::History;

use crate::project::chart_history::ChartHistory;
use crate::session::{Session, SetParam, equal_within_rounding};

impl Session {
    /// Returns the chart.
    #[must_use]
    pub fn chart(&self) -> Chart {
        self.store().extras().chart
    }

    /// Returns to the previous take or chart, whichever was changed last. Returns `false` if there is
    /// none.
    pub fn undo(&mut self, set: &mut SetParam) -> bool {
        self.commit_pending();
        self.record_chart();
        self.move_chart(ChartHistory::undo, false)
            || self.move_in_history(set, History::undo)
            || self.move_chart(ChartHistory::undo, true)
    }

    /// Advances to the next take or chart. Returns `false` if there is none.
    pub fn redo(&mut self, set: &mut SetParam) -> bool {
        self.commit_pending();
        self.record_chart();
        self.move_chart(ChartHistory::redo, false)
            || self.move_in_history(set, History::redo)
            || self.move_chart(ChartHistory::redo, true)
    }

    /// Moves in the history of the chart by an edit that was made at the current take, or at any.
    fn move_chart(
        &mut self,
        step: impl Fn(&mut ChartHistory, &dyn Fn(&Take) -> bool) -> Option<Chart>,
        any: bool,
    ) -> bool {
        let here = self.intended_take();
        let fits = |of: &Take| any || equal_within_rounding(of, &here);
        let Some(chart) = self.store().with_charts(|charts| step(charts, &fits)) else {
            return false;
        };
        self.store().change(|extras| extras.chart = chart);
        true
    }

    /// Records an edit of the chart. A drag is one edit.
    pub(super) fn record_chart(&self) {
        let (chart, take) = (self.chart(), self.intended_take());
        self.store().with_charts(|charts| charts.record(&chart, &take));
    }

    /// Returns `true` while the band is listened to.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.link.listening().is_on()
    }

    /// Starts or ends listening to the band.
    pub fn set_listening(&self, on: bool) {
        self.link.listening().set(on);
    }

    /// Changes the chart.
    pub fn change_chart(&mut self, change: impl FnOnce(&mut Chart)) {
        self.store().change(|extras| change(&mut extras.chart));
    }

    /// Adds a section, or replaces the one that begins at its bar. Reports a full chart.
    pub fn add_section(&mut self, section: Section) {
        let mut fits = true;
        self.change_chart(|chart| fits = chart.add_section(section));
        self.report_full(fits, MAX_SECTIONS, "section");
    }

    /// Adds a stop from a place to a later one. Reports a full chart.
    pub fn add_stop(&mut self, start: Place, end: Place, meter: Meter) {
        let mut fits = true;
        self.change_chart(|chart| fits = chart.add_stop(start, end, meter));
        self.report_full(fits, MAX_STOPS, "stop");
    }

    fn report_full(&self, fits: bool, most: usize, part: &str) {
        if !fits {
            let told = format!(
                "The song has {most} {part}s, which is the limit: the new one was not added. Remove \
                 another {part} first."
            );
            self.link.mailbox().report(Err(told));
        }
    }

    /// Replaces the chart by that of an arrangement file. Returns a message.
    ///
    /// # Errors
    /// Returns a message if the file cannot be used.
    pub fn follow_song(&mut self, file: &[u8]) -> Result<String, String> {
        let SongFile { chart, told, .. } =
            SongFile::read(file).map_err(|fault| format!("The file cannot be used: {fault}."))?;
        let (sections, stops) = (chart.sections().len(), chart.stops().len());
        let count = |number: usize, one: &str| match number {
            1 => format!("1 {one}"),
            many => format!("{many} {one}s"),
        };
        self.change_chart(|known| {
            let follow = known.follow;
            *known = chart;
            known.follow = follow;
        });
        let (sections, stops) = (count(sections, "section"), count(stops, "stop"));
        Ok(format!("The drummer follows the song: {sections}, {stops}. {told}"))
    }
}
