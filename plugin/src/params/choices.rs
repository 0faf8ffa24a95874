//! Values of the parameters with a few choices.

use nice_plug::prelude::*;

/// Bars per phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PhraseBars {
    /// One.
    #[name = "1 bar"]
    One,
    /// Two.
    #[name = "2 bars"]
    Two,
    /// Four.
    #[name = "4 bars"]
    Four,
    /// Eight.
    #[name = "8 bars"]
    Eight,
}

/// Relation of phrases to the theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PhraseOrder {
    /// Phrases vary it.
    #[name = "Vary"]
    Evolve,
    /// Phrases repeat it.
    Loop,
}

/// Grid at which a changed take starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Enum)]
pub enum LaunchGrid {
    /// Next sixteenth.
    #[name = "Next 1/16"]
    Step,
    /// Next beat.
    #[default]
    #[name = "Next beat"]
    Beat,
    /// Next bar.
    #[name = "Next bar"]
    Bar,
    /// Next phrase.
    #[name = "Next phrase"]
    Phrase,
}

/// Interval between fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FillInterval {
    /// No fills.
    Never,
    /// Every bar.
    #[name = "Every bar"]
    One,
    /// Every two bars.
    #[name = "Every 2 bars"]
    Two,
    /// Every four bars.
    #[name = "Every 4 bars"]
    Four,
    /// Every eight bars.
    #[name = "Every 8 bars"]
    Eight,
    /// Every sixteen bars.
    #[name = "Every 16 bars"]
    Sixteen,
}

/// Speed of the pattern relative to the song.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PaceChoice {
    /// Half time.
    #[name = "Half time"]
    Half,
    /// Song tempo.
    #[name = "Normal"]
    Plain,
    /// Double time.
    #[name = "Double time"]
    Double,
}

/// Note value whose pairs swing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SwingChoice {
    /// Pairs of sixteenths.
    #[name = "1/16"]
    Sixteenths,
    /// Pairs of eighths.
    #[name = "1/8"]
    Eighths,
}

/// Use of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PrimeMode {
    /// Keys are ignored.
    Off,
    /// Held drums prime the take and are favoured.
    Hold,
    /// Notes played in a bar prime the take.
    #[name = "Jam"]
    Play,
    /// The rhythm of the played notes primes the take.
    Tap,
}

impl PhraseBars {
    /// Returns the choice for a number of bars, rounded down.
    pub(crate) const fn of(bars: usize) -> Self {
        match bars {
            0 | 1 => PhraseBars::One,
            2 | 3 => PhraseBars::Two,
            4..8 => PhraseBars::Four,
            _ => PhraseBars::Eight,
        }
    }

    /// Returns the number of bars.
    pub(crate) const fn count(self) -> u8 {
        1 << self as u8
    }
}

impl FillInterval {
    /// Returns the choice for an interval in bars, rounded down; 0 means no fills.
    pub(crate) const fn of(bars: u8) -> Self {
        match bars {
            0 => FillInterval::Never,
            1 => FillInterval::One,
            2 | 3 => FillInterval::Two,
            4..8 => FillInterval::Four,
            8..16 => FillInterval::Eight,
            _ => FillInterval::Sixteen,
        }
    }

    /// Returns the interval in bars, 0 for no fills.
    pub(crate) const fn bars(self) -> u8 {
        match self {
            FillInterval::Never => 0,
            interval => 1 << (interval as u8 - 1),
        }
    }
}
