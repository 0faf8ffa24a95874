//! Pins of the current take. Steps are counted within the take's phrase, from 0. Hits that find no
//! room among the pins are reported like the result of a command.

use groove::take::pins::{MAX_PINNED_STEPS, Pin, Pins};
use groove::{Drum, DrumSet, Step};

use crate::project::saved_state::HeldLanes;
use crate::session::{Session, SetParam};

impl Session {
    /// Returns the pins.
    #[must_use]
    pub fn pins(&self) -> Pins {
        self.store().extras().pins
    }

    /// Changes the pins, and the user's own ones below held lanes.
    fn change_pins(&mut self, change: impl Fn(&mut Pins)) {
        self.humanised = None;
        if let Some(mut held) = self.store().held() {
            change(&mut held.own);
            change(&mut held.pins);
            self.store().hold(held);
        }
        self.store().change(|extras| change(&mut extras.pins));
    }

    /// Reports the hits of these drums in these steps that the pins do not have.
    fn report_missing(&self, drums: DrumSet, steps: &[Step]) {
        if let Some(told) = self.pins().told(drums, steps) {
            self.link.mailbox().report(Err(told));
        }
    }

    /// Returns the regenerated drum around which all other lanes are held, if there is one.
    #[must_use]
    pub fn held_around(&self) -> Option<Drum> {
        let held = self.store().held().filter(|held| held.own != held.pins)?;
        held.lane.iter().next()
    }

    /// Releases held lanes: only the user's own pins stay.
    pub fn release_lanes(&mut self) {
        if let Some(held) = self.store().held() {
            self.humanised = None;
            self.store().change(|extras| extras.pins = held.own);
        }
    }

    /// Starts a new take for one lane. The others are held as they sound in `steps`, the first
    /// steps of the phrase, until the next take or style.
    pub fn regenerate_lane(&mut self, drum: Drum, steps: &[Step], set: &mut SetParam) {
        self.commit_pending();
        self.humanised = None;
        let mut own = self.store().held().map_or_else(|| self.pins(), |held| held.own);
        let mut pins = Pins::all(steps);
        own.free_lane(drum);
        pins.free_lane(drum);
        let lane: DrumSet = [drum].into_iter().collect();
        self.store().hold(HeldLanes { lane, own, pins });
        self.store().change(|extras| extras.pins = pins);
        self.report_missing(DrumSet::ALL.without(lane), steps);
        self.start_seed(self.another_seed(), set);
    }

    /// Pins or unpins a cell.
    pub fn pin(&mut self, step: usize, drum: Drum, pin: Option<Pin>) {
        self.change_pins(|pins| pins.set(step, drum, pin));
        if let Some(Pin::Hit(hit)) = pin.filter(|_| step < MAX_PINNED_STEPS) {
            let mut steps = [Step::SILENT; MAX_PINNED_STEPS];
            steps[step].set(drum, Some(hit));
            self.report_missing([drum].into_iter().collect(), &steps[..=step]);
        }
    }

    /// Toggles a cell: pins a sounding cell as silent and a silent one as struck.
    pub fn toggle(&mut self, step: usize, drum: Drum, sounds: bool) {
        self.pin(step, drum, Some(if sounds { Pin::Silent } else { Pin::Struck }));
    }

    /// Pins a lane as it sounds in `steps`, the first steps of the phrase.
    pub fn keep_lane(&mut self, drum: Drum, steps: &[Step]) {
        self.change_pins(|pins| pins.keep_lane(drum, steps));
        self.report_missing([drum].into_iter().collect(), steps);
    }

    /// Unpins a lane.
    pub fn free_lane(&mut self, drum: Drum) {
        self.change_pins(|pins| pins.free_lane(drum));
    }

    /// Unpins everything.
    pub fn free_all(&mut self) {
        self.change_pins(|pins| *pins = Pins::NONE);
    }

    /// Pins a lane as it sounds in `steps`, the whole phrase, rotated later by `by` steps.
    pub fn shift_lane(&mut self, drum: Drum, steps: &[Step], by: i32) {
        let count = steps.len().min(MAX_PINNED_STEPS);
        let by = i64::from(by).rem_euclid(i64::try_from(count.max(1)).unwrap_or(1));
        let mut moved = steps[..count].to_vec();
        moved.rotate_right(usize::try_from(by).unwrap_or(0));
        self.keep_lane(drum, &moved);
    }
}
