//! Rendered bars of the song: bars of the pattern with the performance controls and the drum map
//! applied.
//!
//! A bar is rendered once, and again after a control changes. The last played bar replaces one that
//! is late, except just after a jump of the song.

use groove::play::drum_maps::{at_pitches, plain_strokes};
use groove::play::perform::Performance;
use groove::{Bar, Channels, Pitches};

use crate::audio::bar_cache::{BarCache, BarKey};

/// Number of rendered bars: enough for the part of a span and the start of its loop.
const CAPACITY: usize = 8;

/// Settings of rendered bars.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RenderSettings {
    pub(crate) performance: Performance,
    /// Drum map; `None`: the bars' own pitches.
    pub(crate) pitches: Option<Pitches>,
    pub(crate) channels: Channels,
    /// One plain note per drum and sixteenth, without articulations and further strokes.
    pub(crate) plain: bool,
}

/// The rendered bars and the settings they were rendered with.
#[derive(Debug)]
pub(crate) struct RenderCache {
    settings: RenderSettings,
    /// Keyed by the bar of the song.
    bars: [Option<(BarKey, Bar)>; CAPACITY],
    /// Time of last use of each slot, counted in uses; the oldest is evicted.
    last_use: [u64; CAPACITY],
    now: u64,
    /// Last bar that was played in time.
    last: Option<(BarKey, Bar)>,
}

impl RenderCache {
    pub(crate) fn new() -> Self {
        RenderCache {
            settings: RenderSettings::default(),
            bars: [None; CAPACITY],
            last_use: [0; CAPACITY],
            now: 0,
            last: None,
        }
    }

    /// Changes the settings; drops all rendered bars if they differ.
    pub(crate) fn set(&mut self, settings: RenderSettings) {
        if self.settings != settings {
            self.settings = settings;
            self.bars = [None; CAPACITY];
        }
    }

    /// Returns the bars of the pattern that make up a bar of the song.
    pub(crate) fn sources(&self, bar: i64) -> impl Iterator<Item = i64> + use<> {
        let (first, count) = self.settings.performance.sources(bar);
        (first..).take(count)
    }

    /// Renders a bar of the song. Returns `false` if one of its source bars is missing.
    pub(crate) fn render(&mut self, bar_cache: &BarCache, key: BarKey) -> bool {
        if self.touch(key) {
            return true;
        }
        let mut sources = [Bar::silent(key.meter); 2];
        let mut count = 0;
        for (source, bar) in sources.iter_mut().zip(self.sources(key.bar)) {
            let Some(found) = bar_cache.get(BarKey { bar, ..key }) else { return false };
            *source = found.into();
            count += 1;
        }
        let RenderSettings { performance, pitches, channels, plain } = self.settings;
        let mut played = performance.play(key.bar, &sources[..count]);
        if plain {
            played = plain_strokes(&played);
        }
        if let Some(pitches) = pitches {
            played = at_pitches(&played, pitches, channels);
        }
        let place = (0..CAPACITY).min_by_key(|&place| self.last_use[place]).unwrap_or(0);
        self.bars[place] = Some((key, played));
        self.now += 1;
        self.last_use[place] = self.now;
        true
    }

    /// Returns `true` if a bar is rendered, and marks it as used, so that bars that are needed
    /// together are not evicted.
    pub(crate) fn touch(&mut self, key: BarKey) -> bool {
        let found = self.bars.iter().position(|bar| bar.is_some_and(|(of, _)| of == key));
        if let Some(place) = found {
            self.now += 1;
            self.last_use[place] = self.now;
        }
        found.is_some()
    }

    /// Returns a rendered bar of the song.
    pub(crate) fn get(&self, key: BarKey) -> Option<&Bar> {
        self.bars.iter().flatten().find(|(of, _)| *of == key).map(|(_, bar)| bar)
    }

    /// Returns the replacement for a late bar: the last bar of the same take.
    pub(crate) fn fallback(&self, key: BarKey) -> Option<&Bar> {
        self.last.as_ref().filter(|(of, _)| of.number == key.number).map(|(_, bar)| bar)
    }

    /// Forgets the last bar that was played: the song jumps, and it belongs to another place.
    pub(crate) fn forget_played(&mut self) {
        self.last = None;
    }

    /// Records that a bar is being played.
    pub(crate) fn mark_played(&mut self, key: BarKey) {
        if self.last.as_ref().is_none_or(|(of, _)| *of != key) {
            self.last = self.get(key).map(|bar| (key, *bar)).or(self.last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{BarAnswer, TakesInUse};
    use groove::play::perform::TimeFeel;
    use groove::{Drum, Hit, Meter};

    fn key(bar: i64) -> BarKey {
        BarKey { number: 1, meter: Meter::FOUR_FOUR, bar }
    }

    /// Bars 1, 2, ... with a kick hit whose velocity is the bar's number.
    fn bar_cache(bars: std::ops::Range<i64>) -> BarCache {
        let mut bar_cache = BarCache::new();
        for bar in bars {
            let mut played = Bar::silent(Meter::FOUR_FOUR);
            let velocity = u8::try_from(bar).expect("small");
            played.steps_mut()[0].set(Drum::Kick, Some(Hit::plain(velocity, 0)));
            bar_cache.reserve(key(bar), TakesInUse { playing: 1, ..TakesInUse::default() }, bar);
            let BarKey { number, meter, bar } = key(bar);
            let played = Some((&played).into());
            assert_eq!(bar_cache.put(BarAnswer { number, meter, bar, played }), None);
        }
        bar_cache
    }

    fn velocity(render_cache: &RenderCache, bar: i64, step: usize) -> Option<u8> {
        render_cache.get(key(bar))?.steps()[step].hit(Drum::Kick).map(|hit| hit.velocity)
    }

    #[test]
    fn half_and_double_time_combine_source_bars() {
        let bar_cache = bar_cache(1..6);
        let mut render_cache = RenderCache::new();
        assert!(
            render_cache.render(&bar_cache, key(3)) && !render_cache.render(&bar_cache, key(7))
        );
        assert_eq!(velocity(&render_cache, 3, 0), Some(3));
        let performance = Performance { pace: TimeFeel::Double, ..Performance::default() };
        render_cache.set(RenderSettings { performance, ..RenderSettings::default() });
        assert_eq!(render_cache.get(key(3)), None, "made anew");
        assert!(
            render_cache.render(&bar_cache, key(2)) && !render_cache.render(&bar_cache, key(3))
        );
        assert_eq!(
            (velocity(&render_cache, 2, 0), velocity(&render_cache, 2, 8)),
            (Some(4), Some(5))
        );
    }

    #[test]
    fn a_recently_used_bar_is_not_evicted() {
        let bar_cache = bar_cache(1..12);
        let mut render_cache = RenderCache::new();
        (1..9).for_each(|bar| assert!(render_cache.render(&bar_cache, key(bar))));
        // A jump back to the oldest bar.
        assert!(render_cache.touch(key(1)) && render_cache.render(&bar_cache, key(9)));
        assert_eq!(
            (velocity(&render_cache, 1, 0), velocity(&render_cache, 9, 0)),
            (Some(1), Some(9))
        );
        assert!(!render_cache.touch(key(2)), "the oldest that nobody needed gave way");
    }

    #[test]
    fn the_last_bar_of_the_take_replaces_a_late_one() {
        let bar_cache = bar_cache(1..3);
        let mut render_cache = RenderCache::new();
        render_cache.render(&bar_cache, key(2));
        render_cache.mark_played(key(2));
        render_cache.mark_played(key(3));
        assert_eq!(render_cache.fallback(key(3)), render_cache.get(key(2)));
        assert_eq!(render_cache.fallback(BarKey { number: 2, ..key(3) }), None);
        render_cache.forget_played();
        assert_eq!(render_cache.fallback(key(3)), None);
    }
}
