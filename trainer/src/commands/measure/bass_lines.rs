//! Bass lines of several styles, for the checks of accents.

use groove::take::chart::{Accent, Chart};

/// A bass line of two bars of 4/4.
pub(super) struct BassLine {
    /// Name of its style.
    pub(super) style: &'static str,
    /// Quarter notes per minute.
    pub(super) tempo: f32,
    /// Two bars: `X` a strong note, `x` a light one.
    pub(super) bars: [&'static str; 2],
}

const fn line(style: &'static str, tempo: f32, one: &'static str, two: &'static str) -> BassLine {
    BassLine { style, tempo, bars: [one, two] }
}

/// The lines, written for this check.
pub(super) const BASS_LINES: [BassLine; 20] = [
    line("rock", 120.0, "X.x.x.x.X.x.x.x.", "X.x.x.x.X.x.x.Xx"),
    line("rock", 96.0, "X..x..x.X.....x.", "X..x..x.X...x.x."),
    line("rock", 140.0, "X.....X.X.......", "X.....X.X...x.x."),
    line("pop", 104.0, "X.....x.X.....x.", "X.....x.X...x.x."),
    line("pop", 118.0, "X.x.X.x.X.x.X.x.", "X.x.X.x.X.x.X.xx"),
    line("funk", 100.0, "X..x..x...xX..x.", "X..x..x.x..xX.x."),
    line("funk", 108.0, "X.xx..X...x.xx.x", "X.xx..X....xX..."),
    line("soul", 92.0, "X..xx.x.X.x.x..x", "X..xx.x.X...x.xx"),
    line("soul", 112.0, "X.....xxX.x.x.x.", "X.....xxX..x..x."),
    line("reggae", 76.0, "....X.x.x...X.x.", "....X.x.x.x.X..."),
    line("reggae", 84.0, "X..x..X.......xx", "X..x..X.x......."),
    line("jazz", 140.0, "X...x...X...x...", "X...x...X...x.x."),
    line("jazz", 170.0, "X.......X.......", "X.......X...x..."),
    line("latin", 100.0, "......X.....X...", "......X.....X.x."),
    line("latin", 124.0, "X.....xxX.....xx", "X.....xxX.....x."),
    line("hiphop", 88.0, "X..x......X..x..", "X..x..x...X....."),
    line("hiphop", 94.0, "X......xx.X.....", "X......xx.X..x.."),
    line("punk", 180.0, "X.x.x.x.X.x.x.x.", "X.x.x.x.X.x.X.x."),
    line("country", 110.0, "X.......X.......", "X.......X...x.x."),
    line("gospel", 90.0, "X..x..X.x..x..xx", "X..x..X.X.x.x..."),
];

impl BassLine {
    /// Accents of a bar, by step.
    pub(super) fn accents(&self, bar: usize) -> impl Iterator<Item = (usize, Accent)> {
        let letters = self.bars[bar % 2].chars().enumerate();
        letters.filter_map(|(step, letter)| match letter {
            'X' => Some((step, Accent::Strong)),
            'x' => Some((step, Accent::Light)),
            _ => None,
        })
    }

    /// A chart of this line alone, over this many bars.
    pub(super) fn chart(&self, bars: usize, follow: f32) -> Chart {
        let mut chart = Chart::default();
        chart.follow = follow;
        for (number, bar) in (0i64..).zip(0..bars) {
            for (step, accent) in self.accents(bar) {
                chart.accents.set(number, step, Some(accent));
            }
        }
        chart
    }
}
