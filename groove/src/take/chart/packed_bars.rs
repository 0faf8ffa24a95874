//! Small numbers by bar and place in the bar, packed into words.

/// Cells of `BITS` bits. Cells without a number are 0.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct PackedBars<const WORDS: usize, const BITS: usize> {
    words: [u64; WORDS],
    /// Cells reserved for each bar: those of the song's longest bar.
    pub(super) bar_cells: u8,
}

impl<const WORDS: usize, const BITS: usize> PackedBars<WORDS, BITS> {
    const PER_WORD: usize = 64 / BITS;

    /// No numbers, with this many cells in a bar, 1 to `limit`.
    pub(super) fn new(bar_cells: usize, limit: u8) -> Self {
        let bar_cells = u8::try_from(bar_cells.clamp(1, limit.into())).unwrap_or(limit);
        PackedBars { words: [0; WORDS], bar_cells }
    }

    /// Number of bars with cells.
    pub(super) fn bars(&self) -> usize {
        WORDS * Self::PER_WORD / usize::from(self.bar_cells)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    /// Word and shift of a cell; `None` where none is stored.
    fn place(&self, bar: i64, cell: usize) -> Option<(usize, usize)> {
        let bar = usize::try_from(bar).ok().filter(|&bar| bar < self.bars())?;
        let at = bar * usize::from(self.bar_cells) + cell;
        let is_stored = cell < usize::from(self.bar_cells);
        is_stored.then_some((at / Self::PER_WORD, BITS * (at % Self::PER_WORD)))
    }

    /// Number of a cell; 0 where none is stored.
    pub(super) fn get(&self, bar: i64, cell: usize) -> u8 {
        let Some((word, shift)) = self.place(bar, cell) else { return 0 };
        u8::try_from(self.words[word] >> shift & ((1 << BITS) - 1)).unwrap_or(0)
    }

    /// Sets the number of a cell. Returns false if none is stored there.
    pub(super) fn set(&mut self, bar: i64, cell: usize, number: u8) -> bool {
        let Some((word, shift)) = self.place(bar, cell) else { return false };
        let mask = ((1 << BITS) - 1) << shift;
        self.words[word] = self.words[word] & !mask | u64::from(number) << shift;
        true
    }

    /// Number of bars up to the last number.
    pub(super) fn used_bars(&self) -> u16 {
        let last = self.words.iter().rposition(|&word| word != 0);
        let cells = last.map_or(0, |word| {
            let bits = 63 - self.words[word].leading_zeros() as usize;
            word * Self::PER_WORD + bits / BITS + 1
        });
        u16::try_from(cells.div_ceil(self.bar_cells.into())).unwrap_or(u16::MAX)
    }

    /// Bars with numbers, each with its cells up to the last number: `.` or a digit.
    pub(super) fn texts(&self) -> Vec<(u16, String)> {
        let bars = (0u16..).take(self.bars()).filter_map(|bar| {
            let digit = |cell| match self.get(bar.into(), cell) {
                0 => '.',
                number => char::from_digit(number.into(), 16).unwrap_or('.'),
            };
            let text: String = (0..usize::from(self.bar_cells)).map(digit).collect();
            let text = text.trim_end_matches('.');
            (!text.is_empty()).then(|| (bar, text.to_owned()))
        });
        bars.collect()
    }

    /// Reads [`PackedBars::texts`] with digits below `radix`. Other letters are no numbers; bars and
    /// cells beyond the limits are left out.
    pub(super) fn read(&mut self, texts: Vec<(u16, String)>, radix: u32) {
        for (bar, text) in texts {
            for (cell, letter) in text.chars().take(self.bar_cells.into()).enumerate() {
                let number = letter.to_digit(radix).and_then(|digit| u8::try_from(digit).ok());
                self.set(bar.into(), cell, number.unwrap_or(0));
            }
        }
    }
}
