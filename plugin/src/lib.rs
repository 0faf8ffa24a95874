//! Deep Pocket as a plugin: metadata, wiring and exports.
//!
//! [`params`] is the host's and the project's view; [`audio`] runs on the audio thread; [`worker`]
//! runs the model on a thread of its own; [`mod@link`] connects these two and the window,
//! [`editor`]. [`session`] holds the user's takes, [`project`] everything that is saved,
//! [`platform`] the code for one system or format.

pub mod audio;
mod clap_entry;
pub mod editor;
#[cfg(feature = "fault")]
pub mod fault_injection;
mod host_events;
pub mod link;
pub mod params;
pub mod platform;
pub mod project;
pub mod session;
mod vst3_entry;
pub mod worker;

pub use crate::params::controls;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, atomic::Ordering};

use groove::Drum;
use groove::play::clock;
use groove::synth::Outputs;
use nice_plug::context::PluginApi;
use nice_plug::midi::Key;
use nice_plug::params::internals::ParamPtr;
use nice_plug::prelude::*;

use crate::audio::audition::Audition;
use crate::audio::engine::{Engine, NoteMessage};
use crate::audio::midi_clock::own_song::OwnSong;
use crate::audio::offline_detect::HostMode;
use crate::host_events::{
    ALL_NOTES_OFF, ALL_SOUND_OFF, NEVER_MOVED, channel_number, hat_pedal_event, midi_velocity,
    note_event, transport,
};
use crate::link::drum_outputs::{OutputsOwner, offered};
use crate::link::own_transport::{OwnTransport, Sound};
use crate::link::{Fault, Link, ModelState, WorkerEnd, link};
use crate::params::DeepPocketParams;
use crate::params::button::LearnedButton;
use crate::params::controls::Controls;
use crate::params::host_order::HostOrder;
use crate::params::remote_controls;
use crate::params::stage::StageKey;
use crate::project::folders::Folders;
use crate::project::settings::Settings;
use crate::project::store::ProjectStore;
use crate::worker::{ModelPlayer, Worker};

/// Declares this program the standalone one, on the backend that `--backend` has this name for. Call it
/// before the instance is created.
pub fn declare_backend(name: &str) {
    let sound = match name {
        "jack" => Sound::Jack,
        "dummy" => Sound::Missing,
        _ => Sound::Card,
    };
    sound.declare();
}

/// Asks for MIDI ports of the standalone program, by their names or a part of it: one whose clock it
/// follows, and one that it sends its clock to. Call it before the instance is created.
pub fn request_clock_ports(names: [Option<String>; 2]) {
    OwnTransport::request_ports(names);
}

/// Sets the pixels per point of windows whose system knows none.
pub fn set_display_scale(scale: f64) {
    editor::set_display_scale(scale);
}

/// The plugin.
pub struct DeepPocket {
    params: Arc<DeepPocketParams>,
    link: Arc<Link>,
    engine: Engine,
    controls: Controls,
    /// Parameters by place, for MIDI controllers.
    places: Box<[ParamPtr]>,
    /// [`DeepPocketParams::changes`] at the time `controls` was read.
    changes: u32,
    /// Created at the first activation: hosts create instances just to scan them.
    audition: Option<Audition>,
    outputs: OutputsOwner,
    own_song: OwnSong,
    /// The standalone program's transport has the tempo and meter of its command line.
    own_started: bool,
    /// Moves to the worker at the first activation.
    worker_end: Option<WorkerEnd>,
    worker: Option<Worker>,
}

/// Parts of an instance that its CLAP entry reads and changes on the host's main thread.
#[derive(Clone)]
pub struct SharedParts {
    pub(crate) params: Arc<DeepPocketParams>,
    pub(crate) link: Arc<Link>,
}

/// Request of the CLAP entry for the parts of an instance. A task is the framework's only way from
/// its wrapper to the plugin.
pub struct ShareParts(pub(crate) Arc<OnceLock<SharedParts>>);

impl Default for DeepPocket {
    fn default() -> Self {
        let (audio, worker, link) = link();
        // In its final place: the pointers below are into it.
        let params = Arc::new(DeepPocketParams::default());
        let settings = Settings::for_user().0;
        params.start_with(&settings);
        let changes = params.changes();
        let listed = params.param_map();
        for (controller, id) in settings.controllers {
            let ids = listed.iter().map(|(known, ..)| known.as_str());
            let place = LearnedButton::place_of(&id, ids);
            link.controllers().set_target(controller, place);
        }
        let own_song = OwnSong::new(link.own_transport());
        DeepPocket {
            controls: Controls::new(&params),
            places: listed.into_iter().map(|(_, param, _)| param).collect(),
            changes,
            params,
            link,
            engine: Engine::new(audio),
            audition: None,
            outputs: offered(),
            own_song,
            own_started: false,
            worker_end: Some(worker),
            worker: None,
        }
    }
}

impl DeepPocket {
    /// Returns the state shared between threads, for the window.
    #[must_use]
    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }

    fn start_worker(&mut self) {
        if let Some(end) = self.worker_end.take() {
            let load = |identity, kept: &ProjectStore| {
                let folders = Folders::for_user();
                let folder = folders.as_ref().map(|folders| folders.models.as_path());
                project::models::find(identity, &kept.models(), folder)
                    .map(|model| ModelPlayer::of(&model))
            };
            match Worker::start(end, Arc::clone(self.params.state.kept()), load) {
                Ok(worker) => self.worker = Some(worker),
                Err(fault) => self.link.set_model(ModelState::Missing(format!(
                    "The drummer could not start its thread: {fault}"
                ))),
            }
        }
    }
}

impl DeepPocket {
    /// Handles a note or a controller of the host. Program changes have no effect.
    fn input(&mut self, event: NoteEvent<()>) {
        match event {
            NoteEvent::NoteOn { timing, channel, key: Key::Number(key), velocity, .. } => {
                let velocity = midi_velocity(velocity.max(1.0 / 127.0));
                let is_stage_key = StageKey::of_pitch(key).is_some();
                if self.link.listening().is_on() && !is_stage_key {
                    let channel = channel_number(channel).unwrap_or(0);
                    self.engine.hear(timing, channel, key, velocity);
                } else {
                    self.engine.key(timing, key, velocity);
                }
                let known = Drum::from_general_midi(key).is_some() || is_stage_key;
                if self.controls.through && !known {
                    let channel = channel_number(channel).unwrap_or(self.controls.channel);
                    let off = NoteMessage::off(timing, channel, key);
                    let message = NoteMessage { velocity, ..off };
                    self.engine.pass_through(message);
                }
            }
            NoteEvent::NoteOff { timing, channel, key: Key::Number(key), .. }
            | NoteEvent::Choke { timing, channel, key: Key::Number(key), .. } => {
                if self.link.listening().is_on() {
                    self.engine.hear(timing, channel_number(channel).unwrap_or(0), key, 0);
                }
                // It may have been pressed before listening began.
                self.engine.key(timing, key, 0);
                self.engine.end_pass_through(timing, channel_number(channel), Some(key));
            }
            NoteEvent::NoteOff { timing, .. } | NoteEvent::Choke { timing, .. } => {
                self.engine.release_keys(timing);
            }
            NoteEvent::MidiCC { value: NEVER_MOVED, .. } => {}
            NoteEvent::MidiCC { timing, cc: cc @ (ALL_SOUND_OFF | ALL_NOTES_OFF), .. } => {
                self.engine.release_keys(timing);
                let silenced = self.audition.as_mut().filter(|_| cc == ALL_SOUND_OFF);
                silenced.into_iter().for_each(|kit| kit.silence());
            }
            NoteEvent::MidiCC { cc, value, .. } => {
                let place = self.link.controllers().receive(cc, value);
                if let Some(param) = place.and_then(|place| self.places.get(place)) {
                    // SAFETY: the pointers are into `self.params`. Setting a value is what the
                    // framework does on this thread.
                    unsafe { param._internal_set_normalized_value(value.clamp(0.0, 1.0)) };
                }
            }
            _ => {}
        }
    }

    /// Hears the sound of the band. A channel that the host leaves out is silent or like the other.
    fn hear_sound(&mut self, side_chain: &mut Buffer, frames: u32) {
        let frames = usize::try_from(frames).unwrap_or(0);
        let mut channels = side_chain.as_slice().iter().filter_map(|it| it.get(..frames));
        let Some(left) = channels.next() else { return };
        self.engine.hear_sound(left, channels.next().unwrap_or(left));
    }

    /// Prepares for processing. Allocates.
    fn prepare(&mut self, config: &BufferConfig, api: PluginApi) {
        self.start_worker();
        self.link.clear(Fault::Engine);
        let mode = match (api, config.process_mode) {
            // VST3 reports the mode one setup late.
            (PluginApi::Vst3, _) => HostMode::Unknown,
            (_, ProcessMode::Offline) => HostMode::Offline,
            _ => HostMode::Realtime,
        };
        self.audition = Some(Audition::new(config.sample_rate.into()));
        self.read();
        self.engine.activate(config.sample_rate.into(), mode, &self.params.state);
    }

    /// Reads the parameters and applies them to engine and kit.
    fn read(&mut self) {
        self.changes = self.params.changes();
        self.controls = Controls::new(&self.params);
        self.controls.audition &= !self.link.notes_only().load(Ordering::Relaxed);
        self.engine.set_controls(&self.controls);
        if let Some(audition) = &mut self.audition {
            audition.set(&self.controls);
        }
    }

    /// Processes a block.
    fn play(
        &mut self,
        buffer: &mut Buffer,
        side_chain: Option<&mut Buffer>,
        context: &mut impl ProcessContext<Self>,
    ) {
        if self.params.changes() != self.changes {
            self.read();
        }
        while let Some(event) = context.next_event() {
            self.input(event);
        }
        // A controller may have moved a parameter.
        if self.params.changes() != self.changes {
            self.read();
        }
        let frames = frames(buffer);
        let transport = self.transport(context.transport(), frames);
        if let Some(side_chain) = side_chain.filter(|_| self.link.listening().is_on()) {
            self.hear_sound(side_chain, frames);
        }
        let DeepPocket { params, link, engine, controls, audition, outputs, own_song, .. } = self;
        // Hosts activate before the first block.
        let (Some(audition), [left, right]) = (audition, buffer.as_slice()) else {
            return silence(buffer);
        };
        audition.follow(params.state.trims());
        // SAFETY: the outputs are used in this function only.
        let own = unsafe { (**outputs).as_ref().next(left.len()) };
        let mut output = Outputs::stereo(left, right).with_own(own);
        let mut sent = 0;
        engine.process(&transport, frames, &params.state, |message| {
            audition.hear(message, &mut output);
            if let Some(pedal) = hat_pedal_event(message).filter(|_| controls.hat_pedal)
                && context.try_send_event(pedal).is_err()
            {
                return false;
            }
            let taken = context.try_send_event(note_event(message)).is_ok();
            sent += u32::from(taken && message.velocity > 0);
            taken
        });
        link.report_block(sent, !transport.playing && controls.free_run.is_some());
        audition.end(&mut output);
        let rate = context.transport().sample_rate;
        own_song.end(link.own_transport(), engine.free_block(), buffer.as_slice(), rate);
    }

    /// Returns the host's transport. The standalone program without JACK has none: a MIDI clock or free
    /// run plays there, in its own meter. Its first block brings tempo and meter of the command line.
    fn transport(&mut self, host: &Transport, frames: u32) -> clock::Transport {
        let transport = transport(host);
        let own = self.link.own_transport();
        if !own.is_present() {
            return transport;
        }
        if !std::mem::replace(&mut self.own_started, true) {
            own.set_meter(transport.meter.unwrap_or_default());
            if let Some(tempo) = transport.tempo {
                let param = &self.params.output.free_tempo;
                #[expect(clippy::cast_possible_truncation, reason = "a tempo")]
                let value = param.preview_normalized(tempo as f32);
                // SAFETY: the pointer is into `self.params`.
                unsafe { param.as_ptr()._internal_set_normalized_value(value) };
                self.read();
            }
        }
        let DeepPocket { own_song, link, engine, .. } = self;
        own_song.transport(link.own_transport(), engine, frames, host.sample_rate.into())
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
        aux_input_ports: &[new_nonzero_u32(2)],
        names: PortNames { aux_inputs: &["Side-chain"], ..PortNames::const_default() },
        ..AudioIOLayout::const_default()
    }];
    /// With controllers: two of them release all keys, the others can move parameters.
    const MIDI_INPUT: MidiConfig = MidiConfig::MidiCCs;
    /// With controllers, for the pedal of a hi-hat.
    const MIDI_OUTPUT: MidiConfig = MidiConfig::MidiCCs;
    /// Room for all 130 controllers of 16 channels, which Ardour sends at once, and a full block.
    const INPUT_EVENT_CAPACITY: usize = 16 * 130 + 1_024;

    type Editor = editor::Window;
    type SysExMessage = ();
    type BackgroundTask = ShareParts;

    fn task_executor(&mut self) -> TaskExecutor<Self> {
        let parts = SharedParts { params: Arc::clone(&self.params), link: Arc::clone(&self.link) };
        Box::new(move |ShareParts(place)| {
            // Set only once.
            let _ = place.set(parts.clone());
        })
    }

    fn params(&self) -> Arc<dyn Params> {
        Arc::new(HostOrder(Arc::clone(&self.params)))
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<Self::Editor> {
        editor::create(Arc::clone(&self.params), Arc::clone(&self.link))
    }

    fn filter_state(state: &mut PluginState) {
        DeepPocketParams::repair(state);
    }

    fn activate(
        &mut self,
        _layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        // A panic in a function of the framework would abort the host.
        let prepared =
            catch_unwind(AssertUnwindSafe(|| self.prepare(config, context.plugin_api())));
        if prepared.is_err() {
            self.engine.fail(0, &mut |_| true);
        }
        prepared.is_ok()
    }

    fn reset(&mut self) {
        self.engine.reset();
        if let Some(audition) = &mut self.audition {
            audition.silence();
        }
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        if !self.engine.has_failed() {
            let played = catch_unwind(AssertUnwindSafe(|| {
                self.play(buffer, aux.inputs.first_mut(), context);
            }));
            if played.is_err() {
                self.engine.fail(frames(buffer), &mut |message| {
                    context.try_send_event(note_event(message)).is_ok()
                });
            }
        }
        if self.engine.has_failed() {
            (*self.outputs).as_ref().discard();
            silence(buffer);
        }
        // A silent generator may play at any time, so the host must keep calling it.
        ProcessStatus::KeepAlive
    }
}

fn frames(buffer: &Buffer) -> u32 {
    u32::try_from(buffer.samples()).unwrap_or(u32::MAX)
}

fn silence(buffer: &mut Buffer) {
    for channel in buffer.as_slice() {
        channel.fill(0.0);
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

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        remote_controls::add_pages(&self.params, context);
    }
}

impl Vst3Plugin for DeepPocket {
    const VST3_CLASS_ID: [u8; 16] = *b"DeepPocketDrums1";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Instrument, Vst3SubCategory::Drum, Vst3SubCategory::Stereo];
}
