//! Tempo of the take: latched when the take is first played, restored together with an earlier
//! take, and loaded with the project.

use std::sync::atomic::{AtomicU64, Ordering};

/// The take's tempo and the load that it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TakeTempo(u64);

impl TakeTempo {
    /// Returns the tempo in quarter notes per minute, `None` before the take was first played.
    #[must_use]
    pub fn tempo(self) -> Option<f32> {
        let (_, bits) = unpack(self.0);
        (bits != 0).then(|| f32::from_bits(bits))
    }

    /// Returns the load counter; it differs after every load.
    #[must_use]
    pub fn load(self) -> u32 {
        unpack(self.0).0
    }
}

/// Owner of the take's tempo.
#[derive(Debug, Default)]
pub struct TempoLatch {
    /// Load counter in the upper half, bits of the tempo in the lower (0: none). One word, so that
    /// the audio thread cannot overwrite a tempo loaded meanwhile.
    word: AtomicU64,
    /// Seed of the take whose tempo was restored, plus one; 0: none.
    restored_seed: AtomicU64,
}

impl TempoLatch {
    /// Returns the take's tempo. For all threads.
    #[must_use]
    pub fn get(&self) -> TakeTempo {
        TakeTempo(self.word.load(Ordering::Acquire))
    }

    /// Sets or clears the tempo, unless another one was loaded since `seen`. Returns the current
    /// value. For the audio thread.
    pub fn latch(&self, seen: TakeTempo, tempo: Option<f32>) -> TakeTempo {
        let next = pack(seen.load(), tempo.map_or(0, f32::to_bits));
        match self.word.compare_exchange(seen.0, next, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => TakeTempo(next),
            Err(loaded) => TakeTempo(loaded),
        }
    }

    /// Follows the seed: another one is another take, whose tempo is not known, unless seed and
    /// tempo were loaded together. Latches the tempo of the song while it plays. `latched` is the
    /// seed and the load counter of the last call. For the audio thread.
    pub(crate) fn follow(
        &self,
        latched: &mut Option<(u32, u32)>,
        seed: u32,
        song: Option<f32>,
    ) -> TakeTempo {
        let mut kept = self.get();
        let another = latched.is_some_and(|(of, load)| load == kept.load() && of != seed);
        if another && !self.is_restored(seed) {
            kept = self.latch(kept, None);
        }
        *latched = Some((seed, kept.load()));
        if kept.tempo().is_none() && song.is_some() {
            kept = self.latch(kept, song);
        }
        kept
    }

    /// Restores the tempo of a take that is played again; its seed does not count as a new take.
    /// For the window.
    pub fn restore(&self, seed: u32, tempo: f32) {
        self.restored_seed.store(u64::from(seed) + 1, Ordering::Release);
        self.replace(tempo.to_bits());
    }

    /// Replaces the tempo by that of a project. For the host's main thread.
    pub(super) fn load(&self, tempo: Option<f32>) {
        self.restored_seed.store(0, Ordering::Release);
        self.replace(tempo.map_or(0, f32::to_bits));
    }

    /// Returns `true` if the tempo of the take with this seed was restored.
    #[must_use]
    pub fn is_restored(&self, seed: u32) -> bool {
        self.restored_seed.load(Ordering::Acquire) == u64::from(seed) + 1
    }

    /// Overrides a tempo that the audio thread writes concurrently.
    fn replace(&self, bits: u32) {
        let next = |word| Some(pack(unpack(word).0.wrapping_add(1), bits));
        // Fails only if the closure returns `None`.
        let _ = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, next);
    }
}

/// Packs two words into one.
pub(super) const fn pack(upper: u32, lower: u32) -> u64 {
    (upper as u64) << 32 | lower as u64
}

/// Returns the upper and the lower word.
pub(super) fn unpack(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}
