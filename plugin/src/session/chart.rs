//! The chart of the song: sections, stops, and the file that it comes from. It belongs to the song,
//! so it stays when the take changes.

use groove::Meter;
use groove::take::chart::{Chart, MAX_SECTIONS, MAX_STOPS, Place, Section, SongFile};

use crate::session::Session;

impl Session {
    /// Returns the chart.
    #[must_use]
    pub fn chart(&self) -> Chart {
        self.store().extras().chart
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

    /// Returns true if something was done on stage that the song does not have yet.
    #[must_use]
    pub fn has_performance(&self) -> bool {
        !self.link.performance().is_empty()
    }

    /// Adds what was done on stage to the song, in a meter, and reports it.
    pub fn keep_performance(&mut self, meter: Meter) {
        let (acts, were_lost) = self.link.performance().take();
        if acts.is_empty() {
            return;
        }
        let mut lost = 0;
        self.change_chart(|chart| (*chart, lost) = chart.performed(&acts, meter));
        let told = match acts.len() - lost {
            0 => "Nothing of what you did on stage is part of the song.".to_owned(),
            1 => "The song has what you did on stage now: 1 change.".to_owned(),
            kept => format!("The song has what you did on stage now: {kept} changes."),
        };
        let why = match (lost, were_lost) {
            (0, false) => "",
            (0, true) => " There were more than fit.",
            _ => " The others found no room: they lie before the song, or the song is full.",
        };
        self.link.mailbox().report(Ok(told + why));
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
            let (follow, choke) = (known.follow, known.choke);
            *known = chart;
            (known.follow, known.choke) = (follow, choke);
        });
        let (sections, stops) = (count(sections, "section"), count(stops, "stop"));
        Ok(format!("The drummer follows the song: {sections}, {stops}. {told}"))
    }
}
