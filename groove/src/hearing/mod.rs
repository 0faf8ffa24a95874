//! Onsets in audio: an onset function that does the same work for each sample, so that an audio
//! thread can compute it, and the choice of its peaks, which comes later.
//!
//! The onset function is the spectral flux (Bello et al. 2005) of a bank of band-pass filters, of
//! logarithmic levels and against a maximum over the last levels, as Böck and others do with more
//! bands (2012, 2013).

mod band_flux;
mod onsets;
#[cfg(test)]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "short sounds")]
mod tests;

pub use band_flux::{BandFlux, FRAME_SECONDS, SoundFrame};
pub use onsets::{AudioOnset, onsets};
