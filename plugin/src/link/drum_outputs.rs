//! Outputs of single drums in the host's current block, which the framework does not pass on.
//!
//! The entry of a format (CLAP, VST3) passes them to the plugin beside the framework, which calls the
//! plugin for the block or for consecutive parts of it. Everything happens on the audio thread,
//! within one call of the host.

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use groove::CLASSES;
use groove::synth::StereoOutput;

/// Left and right channel of each drum's output; null where the drum sounds in the main output.
#[derive(Debug, Default)]
pub struct DrumOutputs {
    channels: [[AtomicPtr<f32>; 2]; CLASSES],
    /// Frames of the block, and those of them that have been rendered.
    frames: AtomicUsize,
    rendered: AtomicUsize,
}

impl AsRef<DrumOutputs> for DrumOutputs {
    fn as_ref(&self) -> &DrumOutputs {
        self
    }
}

/// Shared owner of the outputs of an instance: its entry, and the instance itself.
pub type OutputsOwner = Arc<dyn AsRef<DrumOutputs> + Send + Sync>;

thread_local! {
    /// Owner for the instance that this thread creates; null for one without an entry.
    static OFFERED: Cell<*const OutputsOwner> = const { Cell::new(ptr::null()) };
}

/// Creates an instance through the framework, which shares this owner.
pub fn create_with<I>(owner: &OutputsOwner, create: impl FnOnce() -> I) -> I {
    /// Withdraws the offer, also after a panic.
    struct Offer;
    impl Drop for Offer {
        fn drop(&mut self) {
            OFFERED.set(ptr::null());
        }
    }
    OFFERED.set(owner);
    let _offer = Offer;
    create()
}

/// Returns the owner for the instance that is being created.
pub fn offered() -> OutputsOwner {
    // SAFETY: the pointer is that of `create_with`, which is running on this thread, or null.
    unsafe { OFFERED.get().as_ref() }.map_or_else(|| Arc::new(DrumOutputs::default()), Arc::clone)
}

impl DrumOutputs {
    /// Has a block processed with outputs of drums. `drums` has the channels of each drum's output as
    /// the host passes them, and no channels for a drum without output.
    ///
    /// An output has its drum if it has two channels and shares none with another output. Frames that
    /// are not rendered are cleared, and so are outputs without their drum.
    ///
    /// # Safety
    /// For the audio thread. Each pointer must be null or valid for so many frames.
    pub unsafe fn with<R>(
        &self,
        frames: usize,
        main: &[*mut f32],
        drums: &[&[*mut f32]; CLASSES],
        process: impl FnOnce() -> R,
    ) -> R {
        let is_known = |channel: &*mut f32, before: usize| {
            main.contains(channel) || drums[..before].iter().any(|drum| drum.contains(channel))
        };
        for (place, (drum, own)) in drums.iter().zip(&self.channels).enumerate() {
            let pair = <[*mut f32; 2]>::try_from(*drum).ok().filter(|[left, right]| {
                let valid = !left.is_null() && !right.is_null() && left != right;
                valid && ![left, right].into_iter().any(|channel| is_known(channel, place))
            });
            let [left, right] = pair.unwrap_or_default();
            own[0].store(left, Ordering::Relaxed);
            own[1].store(right, Ordering::Relaxed);
            let others = drum.iter().filter(|channel| pair.is_none() && !channel.is_null());
            for channel in others.filter(|channel| !is_known(channel, place)) {
                // SAFETY: guaranteed by the caller.
                unsafe { channel.write_bytes(0, frames) };
            }
        }
        self.frames.store(frames, Ordering::Relaxed);
        self.rendered.store(0, Ordering::Relaxed);
        let result = process();
        let rendered = self.rendered.load(Ordering::Relaxed).min(frames);
        for channel in self.channels.as_flattened() {
            let start = channel.swap(ptr::null_mut(), Ordering::Relaxed);
            if !start.is_null() {
                // SAFETY: guaranteed by the caller; zeros are the number 0.
                unsafe { start.add(rendered).write_bytes(0, frames - rendered) };
            }
        }
        result
    }

    /// Returns the next frames of the drums' outputs, which the caller must render.
    ///
    /// # Safety
    /// For the plugin while it processes a block. The outputs must not be used after that.
    pub unsafe fn next<'a>(&self, frames: usize) -> [Option<StereoOutput<'a>>; CLASSES] {
        let start = self.rendered.load(Ordering::Relaxed);
        let end = start.saturating_add(frames);
        let is_within = end <= self.frames.load(Ordering::Relaxed);
        if is_within {
            self.rendered.store(end, Ordering::Relaxed);
        }
        self.channels.each_ref().map(|pair| {
            let pair = pair.each_ref().map(|channel| channel.load(Ordering::Relaxed));
            // SAFETY: `with` is running, and both channels are valid for the frames of its block; no
            // other output has them.
            let output =
                || pair.map(|it| unsafe { std::slice::from_raw_parts_mut(it.add(start), frames) });
            (is_within && !pair[0].is_null()).then(output)
        })
    }

    /// Takes back what has been rendered of the block, so that it is cleared.
    pub fn discard(&self) {
        self.rendered.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::Drum;

    type Sound = [[f32; 8]; 2];

    fn pointers(sound: &mut Sound) -> [*mut f32; 2] {
        sound.each_mut().map(|channel| channel.as_mut_ptr())
    }

    /// Drums that have an output in the next part of a block.
    fn drums_of(outputs: &DrumOutputs, frames: usize) -> Vec<Drum> {
        // SAFETY: the tests call it within `with`, and use no output after that.
        let next = unsafe { outputs.next(frames) };
        let drums = Drum::ALL.into_iter().zip(next);
        drums.filter_map(|(drum, output)| output.map(|_| drum)).collect()
    }

    #[test]
    fn a_block_is_rendered_in_parts_and_the_rest_is_cleared() {
        let outputs = DrumOutputs::default();
        let mut sound = [[1f32; 8]; 2];
        let kick = pointers(&mut sound);
        let mut drums = [&[][..]; CLASSES];
        drums[Drum::Kick.index()] = &kick;
        assert_eq!(drums_of(&outputs, 8), [], "no block");
        // SAFETY: the sound outlives the call.
        unsafe {
            outputs.with(8, &[], &drums, || {
                for (frames, value) in [(3, 0.25), (2, 0.5)] {
                    let [Some(output), ..] = outputs.next(frames) else { panic!("an output") };
                    output.into_iter().for_each(|channel| channel.fill(value));
                }
                assert_eq!(drums_of(&outputs, 9), [], "longer than the block");
            });
        }
        assert_eq!(sound, [[0.25, 0.25, 0.25, 0.5, 0.5, 0.0, 0.0, 0.0]; 2]);
        assert_eq!(drums_of(&outputs, 0), [], "after the block");
        let kick = pointers(&mut sound);
        drums[Drum::Kick.index()] = &kick;
        // SAFETY: as above.
        unsafe {
            outputs.with(8, &[], &drums, || {
                assert_eq!(drums_of(&outputs, 8), [Drum::Kick]);
                outputs.discard();
            });
        }
        assert_eq!(sound, [[0.0; 8]; 2], "discarded");
    }

    #[test]
    fn incomplete_and_shared_outputs_have_no_drum() {
        let outputs = DrumOutputs::default();
        let (mut main, mut sounds) = ([[1f32; 8]; 2], [[[1f32; 8]; 2]; 3]);
        let main_channels = pointers(&mut main);
        let [ride, mono, half] = sounds.each_mut().map(pointers);
        let half = [ptr::null_mut(), half[1]];
        let mut drums = [&[][..]; CLASSES];
        drums[Drum::Kick.index()] = &main_channels;
        drums[Drum::Snare.index()] = &mono[..1];
        drums[Drum::OpenHat.index()] = &half;
        drums[Drum::HighTom.index()] = &ride;
        drums[Drum::Crash.index()] = &ride;
        // SAFETY: the sounds outlive the call.
        let heard = unsafe { outputs.with(8, &main_channels, &drums, || drums_of(&outputs, 8)) };
        assert_eq!(heard, [Drum::HighTom]);
        assert_eq!(main, [[1.0; 8]; 2], "the main output is rendered elsewhere");
        assert_eq!(sounds[0], [[1.0; 8]; 2], "rendered");
        assert_eq!(sounds[1], [[0.0; 8], [1.0; 8]], "cleared as far as it was passed");
        assert_eq!(sounds[2], [[1.0; 8], [0.0; 8]], "cleared as far as it was passed");
    }
}
