//! The chart of the song: sections, stops, and the file that it comes from. It belongs to the song,
//! so it stays when the take changes, and the history of takes does not contain it.

use groove::take::chart::{Chart, SongFile};

use crate::session::Session;

impl Session {
    /// Returns the chart.
    #[must_use]
    pub fn chart(&self) -> Chart {
        self.store().extras().chart
    }

    /// Changes the chart.
    pub fn change_chart(&mut self, change: impl FnOnce(&mut Chart)) {
        self.store().change(|extras| change(&mut extras.chart));
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
