//! What the user does: the one place from which the window changes anything. Parameters are set
//! through the host, in whole gestures, so that it writes automation and undoes as one would
//! expect.

use groove::drum::Drum;
use groove::pattern::{Hit, Step};
use groove::pins::Pin;
use groove::take::Take;
use nice_plug::context::gui::GuiContext;
use nice_plug::params::Param;
use nice_plug::params::internals::ParamPtr;

use crate::editor::Sources;
use crate::editor::files::picker::Action;
use crate::editor::theme::Scale;
use crate::link::ModelState;
use crate::params::DeepPocketParams;
use crate::session::clip_export::ExportOptions;
use crate::session::{Session, SetParam};

/// What a control asks of its parameter. A drag is one gesture from press to release.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ParamGesture {
    /// A drag starts.
    Begin,
    /// The value while it is dragged, 0 to 1.
    To(f32),
    /// The drag is over.
    End,
    /// A whole gesture at once: reset, wheel, key, click or a typed value, 0 to 1.
    Jump(f32),
}

/// What each part of the window is drawn and acts with.
pub(crate) struct ViewContext<'a> {
    pub scale: Scale,
    pub params: &'a DeepPocketParams,
    pub edits: &'a mut HostEdits,
    /// Which model plays.
    pub model: &'a ModelState,
    /// What the user asks for in this frame besides values: it is done when all is drawn.
    pub asked: Option<Action>,
}

/// The way from the window to the host and the project.
pub(crate) struct HostEdits {
    /// Takes, pins, files.
    session: Session,
    /// `None` before the window is built.
    host: Option<GuiContext>,
    /// What of the phrase leaves the window as a clip.
    pub options: ExportOptions,
    /// The preset that was played last: its name, and its take.
    pub preset: Option<(String, Take)>,
}

impl HostEdits {
    pub(crate) fn new(sources: &Sources) -> Self {
        let Sources { params, link } = sources.clone();
        HostEdits {
            session: Session::new(params, link),
            host: None,
            options: ExportOptions::default(),
            preset: None,
        }
    }

    /// From now on, parameters can be set.
    pub(crate) fn connect(&mut self, host: GuiContext) {
        self.host = Some(host);
    }

    /// What there is to be read of takes, pins and primers.
    pub(crate) const fn session(&self) -> &Session {
        &self.session
    }

    /// Does something on the desk that sets no parameter.
    pub(crate) const fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Does something on the desk that may set parameters, each in one whole gesture.
    pub(crate) fn with_host<R>(
        &mut self,
        act: impl FnOnce(&mut Session, &mut SetParam<'_>) -> R,
    ) -> R {
        let host = &self.host;
        let mut set = |param: ParamPtr, value: f32| {
            let Some(host) = host else { return };
            // SAFETY: the pointer is into the parameters that desk and host share.
            unsafe {
                host.raw_begin_set_parameter(param);
                host.raw_set_parameter_normalized(param, value);
                host.raw_end_set_parameter(param);
            }
        };
        act(&mut self.session, &mut set)
    }

    /// Does to a parameter what a control asks.
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

    /// Gives a parameter a value, as one whole gesture.
    pub(crate) fn set<P: Param>(&self, param: &P, value: P::Plain) {
        self.gesture(param, ParamGesture::Jump(param.preview_normalized(value)));
    }

    /// Pins a cell as it sounds.
    pub(crate) fn pin_as_heard(&mut self, place: usize, drum: Drum, hit: Option<Hit>) {
        self.session.pin(place, drum, Some(hit.map_or(Pin::Silent, Pin::Hit)));
    }

    /// Another take in which all lanes but one are kept.
    pub(crate) fn regenerate_lane(&mut self, drum: Drum, steps: &[Step]) {
        self.session.keep_all(steps);
        self.session.free_lane(drum);
        self.with_host(Session::new_take);
    }
}
