//! Deep Pocket as a plugin: metadata, wiring and exports.
//!
//! The parts: [`params`] is what host and project see, [`link`] is all that crosses a thread,
//! [`editor`] is the window.

pub mod editor;
pub mod link;
pub mod params;

use std::sync::Arc;

use nice_plug::prelude::*;

use crate::link::{AudioEnd, Link, WorkerEnd, link};
use crate::params::DeepPocketParams;

/// The plugin.
pub struct DeepPocket {
    params: Arc<DeepPocketParams>,
    link: Arc<Link>,
    _audio: AudioEnd,
    _worker: WorkerEnd,
}

impl Default for DeepPocket {
    fn default() -> Self {
        let (audio, worker, link) = link();
        DeepPocket { params: Arc::default(), link, _audio: audio, _worker: worker }
    }
}

impl Plugin for DeepPocket {
    const NAME: &'static str = "Deep Pocket";
    const VENDOR: &'static str = "Deep Pocket";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[AudioIOLayout {
        main_input_channels: None,
        main_output_channels: NonZeroU32::new(2),
        ..AudioIOLayout::const_default()
    }];
    const MIDI_INPUT: MidiConfig = MidiConfig::Basic;
    const MIDI_OUTPUT: MidiConfig = MidiConfig::Basic;

    type Editor = editor::Window;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        editor::create(Arc::clone(&self.params), Arc::clone(&self.link))
    }

    fn filter_state(state: &mut PluginState) {
        DeepPocketParams::repair(state);
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        _context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        for channel in buffer.as_slice() {
            channel.fill(0.0);
        }
        ProcessStatus::KeepAlive
    }
}

impl ClapPlugin for DeepPocket {
    const CLAP_ID: &'static str = "org.deeppocket.deep-pocket";
    const CLAP_DESCRIPTION: Option<&'static str> =
        Some("A neural drummer that plays a beat in time with the song");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::Instrument,
        ClapFeature::DrumMachine,
        ClapFeature::Drum,
        ClapFeature::Stereo,
    ];
}

impl Vst3Plugin for DeepPocket {
    const VST3_CLASS_ID: [u8; 16] = *b"DeepPocketDrums1";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Instrument, Vst3SubCategory::Drum, Vst3SubCategory::Stereo];
}

nice_export_clap!(DeepPocket);
nice_export_vst3!(DeepPocket);
