//! Stereo outputs of the kit: the main one, and those that drums have of their own.

use std::ops::Range;

use crate::pattern::drum::{CLASSES, Drum};

/// Left and right channel of an output.
pub type StereoOutput<'a> = [&'a mut [f32]; 2];

/// Outputs that the kit renders into. All channels are equally long.
pub struct Outputs<'a> {
    main: StereoOutput<'a>,
    /// Outputs of single drums, in class order. All other drums sound in the main one.
    own: [Option<StereoOutput<'a>>; CLASSES],
}

impl<'a> Outputs<'a> {
    /// The main output alone.
    #[must_use]
    pub fn stereo(left: &'a mut [f32], right: &'a mut [f32]) -> Self {
        Outputs { main: [left, right], own: Default::default() }
    }

    /// The same with outputs of single drums, in class order. One whose channels are not as long as
    /// the main ones is left out.
    #[must_use]
    pub fn with_own(self, own: [Option<StereoOutput<'a>>; CLASSES]) -> Self {
        let lengths = self.main.each_ref().map(|channel| channel.len());
        let fits = |output: &StereoOutput| output.each_ref().map(|it| it.len()) == lengths;
        Outputs { own: own.map(|output| output.filter(fits)), ..self }
    }

    /// Samples of each channel.
    #[must_use]
    pub fn frames(&self) -> usize {
        let [left, right] = &self.main;
        left.len().min(right.len())
    }

    /// A part of all channels.
    #[must_use]
    pub fn part(&mut self, range: Range<usize>) -> Outputs<'_> {
        let own = self.own.each_mut();
        Outputs {
            main: part(&mut self.main, &range),
            own: own.map(|output| output.as_mut().map(|output| part(output, &range))),
        }
    }

    /// The channels that a drum sounds in.
    pub(super) fn of(&mut self, drum: Drum) -> [&mut [f32]; 2] {
        let [left, right] = self.own[drum.index()].as_mut().unwrap_or(&mut self.main);
        [left, right]
    }

    /// All outputs.
    pub(super) fn all(&mut self) -> impl Iterator<Item = &mut StereoOutput<'a>> {
        std::iter::once(&mut self.main).chain(self.own.iter_mut().flatten())
    }
}

fn part<'b>(output: &'b mut StereoOutput, range: &Range<usize>) -> StereoOutput<'b> {
    output.each_mut().map(|channel| &mut channel[range.clone()])
}
