//! Notes and sound of the band in a block, and the bar that is being heard.

use groove::hearing::{BandFlux, SoundFrame};
use groove::take::chart::HeardPlace;

/// Notes of a block.
const MAX_NOTES: usize = 256;

/// Frames of sound in a block: a block of 65,536 samples at 8 kHz.
const MAX_FRAMES: usize = 1_700;

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
    flux: BandFlux,
    /// Frames of sound that end in the block, and the sample at which each ends.
    frames: Box<[(u32, SoundFrame); MAX_FRAMES]>,
    frame_count: usize,
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
            flux: BandFlux::new(48_000.0),
            frames: Box::new([(0, SoundFrame::default()); MAX_FRAMES]),
            frame_count: 0,
            bar: None,
            end: HeardPlace::default(),
        }
    }

    /// Sets the sample rate in Hz and forgets all sound.
    pub(crate) fn set_rate(&mut self, rate: f64) {
        self.flux = BandFlux::new(rate);
    }

    /// Adds the sound of the next block, two channels of equal length. Returns `false` if there is no
    /// room. Digital silence leaves no frames.
    pub(crate) fn add_sound(&mut self, left: &[f32], right: &[f32]) -> bool {
        if self.bar.is_none() {
            // Listening begins.
            self.flux.reset();
        }
        let mut fits = true;
        for (sample, (left, right)) in (0..).zip(left.iter().zip(right)) {
            let Some(frame) = self.flux.push(0.5 * (left + right)) else { continue };
            if frame.level > 0.0 {
                let place = self.frames.get_mut(self.frame_count);
                fits &= place.map(|place| *place = (sample, frame)).is_some();
                self.frame_count = (self.frame_count + 1).min(MAX_FRAMES);
            }
        }
        fits
    }

    /// Returns a frame of sound by index: the sample at which it ends, and itself.
    pub(crate) fn frame(&self, number: usize) -> Option<(u32, SoundFrame)> {
        self.frames[..self.frame_count].get(number).copied()
    }

    /// Returns the length of a frame in samples.
    pub(crate) fn frame_length(&self) -> u32 {
        self.flux.frame_length()
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

    /// Forgets the notes and the sound of the block.
    pub(crate) fn end_block(&mut self) {
        (self.count, self.frame_count) = (0, 0);
    }
}
