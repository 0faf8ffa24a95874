//! Supply of bars: requests to the worker ahead of the song, and waiting for bars in an offline
//! render.

use std::time::{Duration, Instant};

use groove::play::clock::{Block, Grid};

use crate::audio::bar_cache::{BarCache, BarKey, BarState};
use crate::audio::engine::{Engine, MAX_BARS_AHEAD};
use crate::audio::idle_span::{BARS_AHEAD, lookahead_bar};
use crate::audio::offline_detect::OfflineDetector;
use crate::audio::take_queue::EARLY_REACH;
use crate::link::BarRequest;

impl Engine {
    /// Stores the bars that the worker has delivered. Returns `true` if there were any.
    pub(super) fn receive_bars(&mut self) -> bool {
        let mut received = false;
        while self.end.returns.has_room()
            && let Some(answer) = self.end.answers.pop()
        {
            received = true;
            self.offline.worker_answered();
            if let Some(bar) = self.bar_cache.put(answer) {
                // There is room: only this thread pushes.
                let _ = self.end.returns.push(bar);
            }
            self.idle = None;
        }
        received
    }

    /// Requests the source bars of a bar of the song if necessary. Returns `true` once all of them
    /// are requested.
    pub(super) fn request_bar(&mut self, number: u32, grid: &Grid, bar: i64, near: i64) -> bool {
        let near = self.render_cache.sources(near).next().unwrap_or(near);
        let mut asked = true;
        for source in self.render_cache.sources(bar) {
            asked &= self.request_source(number, grid, source, near);
        }
        asked
    }

    pub(super) fn request_source(&mut self, number: u32, grid: &Grid, bar: i64, near: i64) -> bool {
        let wanted = BarKey::of(number, grid, bar);
        self.bar_cache.state(wanted) != BarState::Absent
            || self.end.requests.has_room()
                && self.take_queue.send_once(number, |take| self.end.takes.push(take).is_ok())
                && self.bar_cache.reserve(wanted, self.take_queue.in_use(), near)
                && self.end.request(BarRequest { number, meter: grid.meter, bar })
    }

    /// Renders a bar of the song if it is not rendered yet.
    pub(super) fn prepare_bar(&mut self, number: u32, grid: &Grid, bar: i64) {
        let key = BarKey::of(number, grid, bar);
        if !self.render_cache.touch(key) {
            self.fetch(number, grid, bar);
            self.render_cache.render(&self.bar_cache, key);
        }
    }

    /// Requests the source bars of a bar that is needed now, and waits for them where waiting is
    /// allowed.
    pub(super) fn fetch(&mut self, number: u32, grid: &Grid, bar: i64) {
        for source in self.render_cache.sources(bar) {
            self.fetch_source(number, grid, source);
        }
    }

    pub(super) fn fetch_source(&mut self, number: u32, grid: &Grid, bar: i64) {
        self.request_source(number, grid, bar, bar);
        let wanted = BarKey::of(number, grid, bar);
        let Some(max_wait) = self.offline.max_wait() else { return };
        let waits = |bar_cache: &BarCache| {
            matches!(bar_cache.state(wanted), BarState::Absent | BarState::Requested)
        };
        if !waits(&self.bar_cache) {
            return;
        }
        let begin = Instant::now();
        let mut answered = begin;
        loop {
            if self.receive_bars() {
                answered = Instant::now();
            }
            // After a jump the request queue may have been full of obsolete requests.
            self.request_source(number, grid, bar, bar);
            if !waits(&self.bar_cache) {
                break;
            }
            if OfflineDetector::has_waited_in_vain(begin, answered, max_wait) {
                self.offline.wait_failed(max_wait);
                break;
            }
            self.end.wake();
            std::thread::sleep(Duration::from_micros(100));
        }
        self.offline.waited(begin.elapsed());
    }

    /// Requests upcoming bars: those of the playing take from the end of the block, those of
    /// waiting takes from the next beat, and those at the start of the loop. Returns `true` once
    /// all are requested.
    pub(super) fn request_ahead(&mut self, block: &Block, beats: f64) -> bool {
        let grid = &block.grid;
        let seam = block.loop_range.filter(|(_, end)| block.position < *end);
        let here = grid.bar_at(block.position);
        let far = lookahead_bar(block, block.position, beats)
            .max(here + BARS_AHEAD)
            .min(here + MAX_BARS_AHEAD);
        let last = seam.map_or(far, |(_, end)| far.min(grid.bar_at(end)));
        let mut asked = true;
        if let Some(playing) = self.take_queue.playing() {
            for bar in here..=last {
                asked &= self.request_bar(playing, grid, bar, here);
            }
            if let Some((start, _)) = seam {
                let first = grid.bar_at(start);
                for bar in first..=(first + BARS_AHEAD).min(last) {
                    asked &= self.request_bar(playing, grid, bar, here);
                }
            }
        }
        for waiting in self.take_queue.waiting() {
            let next = grid.bar_at(waiting.since.max(block.position) + EARLY_REACH);
            for bar in next..=next + 1 {
                asked &= self.request_bar(waiting.number, grid, bar, here);
            }
            if let Some((start, _)) = seam {
                asked &= self.request_bar(waiting.number, grid, grid.bar_at(start), here);
            }
        }
        asked
    }
}
