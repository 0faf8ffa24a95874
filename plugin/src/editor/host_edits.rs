//! Edits by the user: the only place from which the window changes anything. Parameters are set
//! through the host in complete gestures, so that automation and undo work.

pub(crate) mod clock_ports;
pub(crate) mod midi_learn;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use egui::Rect;
use groove::pattern::drum::Drum;
use groove::pattern::{Hit, Step};
use groove::take::pins::Pin;
use nice_plug::context::PluginApi;
use nice_plug::context::gui::GuiContext;
use nice_plug::params::Param;
use nice_plug::params::internals::ParamPtr;

use crate::editor::files::action::Action;
use crate::editor::host_edits::clock_ports::ClockPorts;
use crate::editor::host_edits::midi_learn::MidiLearn;
use crate::editor::theme::Scale;
use crate::editor::window::shared::Sources;
use crate::link::own_transport::OwnTransport;
use crate::link::{Link, ModelState};
use crate::params::DeepPocketParams;
use crate::params::button::LearnedButton;
use crate::project::presets::{self, Preset};
use crate::project::settings::Settings;
use crate::session::clip_export::ExportOptions;
use crate::session::{Session, SetParam};

/// A parameter edit by a control. A drag is one gesture from press to release.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ParamGesture {
    /// Starts a drag.
    Begin,
    /// Sets the value during a drag, 0 to 1.
    To(f32),
    /// Ends a drag.
    End,
    /// A complete gesture: reset, wheel, key, click or typed value, 0 to 1.
    Jump(f32),
}

/// Context that each view is drawn with.
pub(crate) struct ViewContext<'a> {
    pub scale: Scale,
    pub params: &'a DeepPocketParams,
    pub edits: &'a mut HostEdits,
    /// State of the model.
    pub model: &'a ModelState,
    /// Action to carry out after the frame is drawn.
    pub asked: Option<Action>,
    /// Area above which the tooltips of its controls appear, so that they cover none of them.
    pub hints_above: Option<Rect>,
}

/// Edits of the host's parameters and of the session.
pub(crate) struct HostEdits {
    /// Takes, pins and files.
    session: Session,
    /// `None` before the window is built.
    host: Option<GuiContext>,
    /// Options of clips exported from the window.
    pub options: ExportOptions,
    /// Preset that was played last.
    pub preset: Option<Preset>,
    link: Arc<Link>,
    /// MIDI controllers.
    pub midi: MidiLearn,
    /// Ports of the standalone program's MIDI clock.
    pub clock: ClockPorts,
    /// Keys act while nobody types.
    pub shortcuts: bool,
}

impl HostEdits {
    pub(crate) fn new(sources: &Sources) -> Self {
        let Sources { params, link } = sources.clone();
        let midi = MidiLearn::new(&params, Arc::clone(&link));
        let session = Session::new(params, Arc::clone(&link));
        let clock = ClockPorts::new(Arc::clone(&link));
        // A project whose take is a factory preset shows its name when the window opens.
        let preset = presets::factory().iter().find(|preset| session.sounds_as(preset)).cloned();
        HostEdits {
            session,
            host: None,
            options: ExportOptions::default(),
            preset,
            link,
            midi,
            clock,
            shortcuts: Settings::for_user().0.shortcuts,
        }
    }

    /// Connects to the host; parameters can be set from now on.
    pub(crate) fn connect(&mut self, host: GuiContext) {
        self.host = Some(host);
    }

    /// Returns the session, for reading.
    pub(crate) const fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the session, for edits that set no parameter.
    pub(crate) const fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Edits the session and may set parameters, each in one complete gesture.
    pub(crate) fn with_host<R>(
        &mut self,
        act: impl FnOnce(&mut Session, &mut SetParam<'_>) -> R,
    ) -> R {
        let host = &self.host;
        let mut set = |param: ParamPtr, value: f32| {
            let Some(host) = host else { return };
            // SAFETY: the pointer is into the parameters that session and host share.
            unsafe {
                host.raw_begin_set_parameter(param);
                host.raw_set_parameter_normalized(param, value);
                host.raw_end_set_parameter(param);
            }
        };
        act(&mut self.session, &mut set)
    }

    /// Applies a control's gesture to a parameter.
    pub(crate) fn gesture<P: Param>(&self, param: &P, gesture: ParamGesture) {
        let Some(host) = &self.host else { return };
        let setter = host.param_setter();
        match gesture {
            ParamGesture::Begin => setter.begin_set_parameter(param),
            ParamGesture::To(to) => setter.set_parameter(param, param.preview_plain(to)),
            ParamGesture::End => setter.end_set_parameter(param),
            ParamGesture::Jump(to) => {
                setter.begin_set_parameter(param);
                setter.set_parameter(param, param.preview_plain(to));
                setter.end_set_parameter(param);
            }
        }
    }

    /// Sets a parameter in one complete gesture.
    pub(crate) fn set<P: Param>(&self, param: &P, value: P::Plain) {
        self.gesture(param, ParamGesture::Jump(param.preview_normalized(value)));
    }

    /// Returns `true` in the standalone program, which has no host.
    pub(crate) fn is_standalone(&self) -> bool {
        self.host.as_ref().is_some_and(|host| host.plugin_api() == PluginApi::Standalone)
    }

    /// Returns `true` for an instance without sound of its own.
    pub(crate) fn is_notes_only(&self) -> bool {
        self.link.notes_only().load(Ordering::Relaxed)
    }

    /// Returns the transport of the standalone program.
    pub(crate) fn own_transport(&self) -> &OwnTransport {
        self.link.own_transport()
    }

    /// Shows the preset that the host has loaded, if it has.
    pub(crate) fn follow_host_preset(&mut self) {
        if let Some(preset) = self.session.take_loaded_preset() {
            self.preset = Some(preset);
        }
    }

    /// Presses a button.
    pub(crate) fn press(&mut self, button: LearnedButton) {
        self.with_host(|session, set| match button {
            LearnedButton::NewTake => session.new_take(set),
            LearnedButton::Undo => drop(session.undo(set)),
            LearnedButton::Redo => drop(session.redo(set)),
            LearnedButton::OtherSide => session.switch_sides(set),
        });
    }

    /// Tells the host about parameters that MIDI controllers have moved, and presses the buttons
    /// that they have pressed.
    pub(crate) fn follow_controllers(&mut self) {
        for button in self.midi.pressed() {
            self.press(button);
        }
        for (param, value) in self.midi.moved() {
            self.with_host(|_, set| set(param, value));
        }
    }

    /// Pins a cell as it sounds.
    pub(crate) fn pin_as_heard(&mut self, place: usize, drum: Drum, hit: Option<Hit>) {
        self.session.pin(place, drum, Some(hit.map_or(Pin::Silent, Pin::Hit)));
    }

    /// Starts a new take for one lane and holds the others.
    pub(crate) fn regenerate_lane(&mut self, drum: Drum, steps: &[Step]) {
        self.with_host(|session, set| session.regenerate_lane(drum, steps, set));
    }
}
