//! Notes of the band in a block, and the bar that is being heard.

use groove::take::chart::HeardPlace;

/// Notes of a block.
const MAX_NOTES: usize = 256;

/// A note message at a sample of the next block; velocity 0 ends the note.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BandNote {
    pub(crate) sample: u32,
    pub(crate) channel: u8,
    pub(crate) pitch: u8,
    pub(crate) velocity: u8,
}

/// State of listening.
#[derive(Debug)]
pub(crate) struct Listener {
    notes: Box<[BandNote; MAX_NOTES]>,
    count: usize,
    /// Bar that is being heard.
    pub(crate) bar: Option<i64>,
    /// End of what was heard.
    pub(crate) end: HeardPlace,
}

impl Listener {
    pub(crate) fn new() -> Self {
        Listener {
            notes: Box::new([BandNote::default(); MAX_NOTES]),
            count: 0,
            bar: None,
            end: HeardPlace::default(),
        }
    }

    /// Adds a note of the next block. Returns `false` if there is no room.
    pub(crate) fn add(&mut self, note: BandNote) -> bool {
        let place = self.notes.get_mut(self.count);
        let fits = place.map(|place| *place = note).is_some();
        self.count += usize::from(fits);
        fits
    }

    /// Returns a note of the block by index.
    pub(crate) fn note(&self, number: usize) -> Option<BandNote> {
        self.notes[..self.count].get(number).copied()
    }

    /// Forgets the notes of the block.
    pub(crate) fn end_block(&mut self) {
        self.count = 0;
    }
}
