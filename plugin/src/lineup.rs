//! Which take sounds from which beat on.
//!
//! There are at most three: the one that plays, the newest one (`asked`), and between them one
//! whose first bar is here (`ready`). A new take plays from the first beat before which its bar is
//! here. While `asked` is unanswered no newer one is asked for in real time, so that a knob that
//! moves all the time is heard all the time. Getting bars is the engine's business.

use groove::clock::{Grid, Span, TICKS_PER_BEAT};
use groove::pattern::STEPS_PER_BEAT;
use groove::take::Take;

use crate::controls::Begins;
use crate::link::Takes;
use crate::shelf::{Key, Place, Shelf};

/// Half a step in quarter notes: how early a beat's first hit can sound.
pub(crate) const REACH: f64 = 0.5 / STEPS_PER_BEAT;

/// Grain of positions in quarter notes: what is nearer together is the same place.
const GRAIN: f64 = 1e-6;

/// A take and its number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Numbered {
    pub(crate) number: u32,
    pub(crate) take: Take,
}

impl Numbered {
    /// What a bar of this take is known by.
    pub(crate) const fn key(&self, grid: &Grid, bar: i64) -> Key {
        Key { number: self.number, meter: grid.meter, bar }
    }
}

/// A take that waits for a beat.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) numbered: Numbered,
    /// It may play from the first beat on whose earliest hits are after this position.
    pub(crate) since: f64,
}

/// A beat that a take can begin at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Landing {
    /// From this position on, notes belong to the new take.
    pub(crate) cut: f64,
    /// The bar that it begins in or with.
    pub(crate) bar: i64,
}

/// The takes in use.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lineup {
    /// Number of the newest take.
    count: u32,
    playing: Option<Numbered>,
    ready: Option<Waiting>,
    asked: Option<Waiting>,
    /// Where changes begin.
    begins: Begins,
}

impl Lineup {
    /// The take that plays.
    pub(crate) fn playing(&self) -> Option<Numbered> {
        self.playing
    }

    /// The newest take, while it waits.
    pub(crate) fn asked(&self) -> Option<Numbered> {
        self.asked.map(|asked| asked.numbered)
    }

    /// The takes that wait, newest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = Waiting> + use<> {
        [self.asked, self.ready].into_iter().flatten()
    }

    /// The numbers of all.
    pub(crate) fn takes(&self) -> Takes {
        Takes {
            playing: self.playing.map_or(0, |playing| playing.number),
            ready: self.ready.map_or(0, |ready| ready.numbered.number),
            asked: self.asked.map_or(0, |asked| asked.numbered.number),
        }
    }

    fn numbered(&mut self, take: Take) -> Numbered {
        // 0 is no take.
        self.count = self.count.wrapping_add(1).max(1);
        Numbered { number: self.count, take }
    }

    /// While the song stands, a new take needs no beat.
    pub(crate) fn settle(&mut self, take: Take) {
        if self.playing.is_none_or(|playing| playing.take != take) {
            self.playing = Some(self.numbered(take));
        }
        (self.ready, self.asked) = (None, None);
    }

    /// Notes that another take is to play from the next beat after a position on. `patient`: the
    /// song waits for bars, so that only the newest take matters.
    pub(crate) fn want(
        &mut self,
        take: Take,
        since: f64,
        span: &Span,
        shelf: &Shelf,
        patient: bool,
    ) {
        if self.playing.is_some_and(|playing| playing.take == take) {
            (self.ready, self.asked) = (None, None);
            return;
        }
        let newest = self.asked.or(self.ready);
        if newest.is_some_and(|newest| newest.numbered.take == take) {
            return;
        }
        if let Some(asked) = self.asked {
            if self.is_answered(&asked, span, shelf) {
                self.ready = Some(asked);
            } else if !patient {
                return;
            }
        }
        self.asked = Some(Waiting { numbered: self.numbered(take), since });
    }

    fn is_answered(&self, waiting: &Waiting, span: &Span, shelf: &Shelf) -> bool {
        self.landing_of(waiting, span).is_some_and(|landing| {
            let key = waiting.numbered.key(&span.grid, landing.bar);
            matches!(shelf.place(key), Place::Here | Place::Failed)
        })
    }

    /// After a jump or at the start of a loop, waiting begins anew.
    pub(crate) fn wait_from(&mut self, since: f64) {
        for waiting in [&mut self.ready, &mut self.asked].into_iter().flatten() {
            waiting.since = since;
        }
    }

    /// At the start of the song, a take plays even if none of its bars is here.
    pub(crate) fn begin(&mut self) {
        if self.playing.is_none() {
            self.playing = self.asked.take().map(|asked| asked.numbered);
        }
    }

    /// The next beat that a waiting take could begin at.
    pub(crate) fn landing(&self, span: &Span) -> Option<Landing> {
        let asked = self.asked.and_then(|asked| self.landing_of(&asked, span));
        let ready = self.ready.and_then(|ready| self.landing_of(&ready, span));
        match (asked, ready) {
            (Some(asked), Some(ready)) if ready.cut < asked.cut => Some(ready),
            (asked, ready) => asked.or(ready),
        }
    }

    /// The first place whose earliest hits are after a position and at which a take with phrases of
    /// so many bars can begin, in quarter notes.
    pub(crate) fn next_landing(&self, since: f64, grid: &Grid, bars: usize) -> f64 {
        let earliest = since + REACH;
        let bar = grid.bar_at(earliest);
        let start = grid.bar_ticks(bar) / TICKS_PER_BEAT;
        let length = grid.meter.beats();
        let from = |grain: f64| {
            let grains = ((earliest - start) / grain - GRAIN).ceil();
            grains.mul_add(grain, start).min(start + length)
        };
        match self.begins {
            Begins::Step => from(1.0 / STEPS_PER_BEAT),
            Begins::Beat => {
                from((4.0 / f64::from(grid.meter.denominator)).max(1.0 / STEPS_PER_BEAT))
            }
            Begins::Bar => from(length),
            Begins::Phrase => {
                let at = from(length);
                let bars = i64::try_from(bars).unwrap_or(1);
                let into = grid.bar_at(at + GRAIN).rem_euclid(bars);
                at + ((bars - into) % bars) as f64 * length
            }
        }
    }

    /// Where changes are to begin.
    pub(crate) fn set_begins(&mut self, begins: Begins) {
        self.begins = begins;
    }

    /// The first place whose earliest hits are after the position since when a take waits. At the
    /// end of a loop that is its start.
    fn landing_of(&self, waiting: &Waiting, span: &Span) -> Option<Landing> {
        let grid = &span.grid;
        let at = self.next_landing(waiting.since, grid, waiting.numbered.take.bars());
        let (at, bar) = match span.seam {
            // This time round is over.
            Some((_, end)) if waiting.since + REACH > end + GRAIN => return None,
            Some((start, end)) if at > end - GRAIN => (end, grid.bar_at(start + GRAIN)),
            _ => (at, grid.bar_at(at + GRAIN)),
        };
        Some(Landing { cut: at - REACH, bar })
    }

    /// A beat has come: the newest take whose bar is here plays from it on. Those whose bar is not
    /// here wait for the next beat.
    pub(crate) fn land(&mut self, span: &Span, landing: Landing, shelf: &Shelf) {
        let here = self.waiting().find(|waiting| {
            waiting.since <= landing.cut + GRAIN
                && shelf.place(waiting.numbered.key(&span.grid, landing.bar)) == Place::Here
        });
        if let Some(here) = here {
            self.playing = Some(here.numbered);
            self.ready = None;
            if self.asked == Some(here) {
                self.asked = None;
            }
        }
        for waiting in [&mut self.ready, &mut self.asked].into_iter().flatten() {
            waiting.since = waiting.since.max(landing.cut + 1e-3);
        }
    }
}
