//! The host's side of the CLAP callbacks.

use anyhow::Result;
use clack_extensions::{
    gui::{GuiSize, HostGui, HostGuiImpl},
    log::{HostLog, HostLogImpl, LogSeverity},
    note_name::{HostNoteName, HostNoteNameImpl},
    note_ports::{HostNotePorts, HostNotePortsImpl, NoteDialects, NotePortRescanFlags},
    params::{
        HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags,
        ParamRescanFlags,
    },
    preset_discovery::HostPresetLoadImpl,
    preset_discovery::prelude::{HostPresetLoad, Location},
    state::{HostState, HostStateImpl},
};
use clack_host::prelude::*;
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, Ordering};

/// Host side of the callbacks that a plugin may make from any thread.
#[derive(Default)]
pub(super) struct SharedCallbacks {
    /// The plugin requested a callback on the main thread.
    pub(super) callback: AtomicBool,
}

/// Host side of the callbacks on the main thread.
#[derive(Default)]
pub(super) struct MainThreadCallbacks {
    /// Number of times that the note names have changed.
    pub(super) note_name_changes: Cell<u32>,
    /// Reason why the last preset was not loaded.
    pub(super) preset_fault: RefCell<Option<String>>,
}

/// Handler types of this host, with the extensions that it offers.
pub(super) struct HandlerTypes;

impl HostHandlers for HandlerTypes {
    type Shared<'a> = SharedCallbacks;
    type MainThread<'a> = MainThreadCallbacks;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, _: &Self::Shared<'_>) {
        builder
            .register::<HostGui>()
            .register::<HostLog>()
            .register::<HostNoteName>()
            .register::<HostNotePorts>()
            .register::<HostParams>()
            .register::<HostPresetLoad>()
            .register::<HostState>();
    }
}

impl SharedHandler<'_> for SharedCallbacks {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.callback.store(true, Ordering::Release);
    }
}

impl HostLogImpl for SharedCallbacks {
    fn log(&self, severity: LogSeverity, message: &str) {
        eprintln!("plugin, {severity}: {message}");
    }
}

impl HostParamsImplShared for SharedCallbacks {
    fn request_flush(&self) {}
}

impl HostGuiImpl for SharedCallbacks {
    fn resize_hints_changed(&self) {}
    fn request_resize(&self, _: GuiSize) -> Result<(), HostError> {
        Ok(())
    }
    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn closed(&self, _: bool) {}
}

impl MainThreadHandler<'_> for MainThreadCallbacks {}

impl HostParamsImplMainThread for MainThreadCallbacks {
    fn rescan(&self, _: ParamRescanFlags) {}
    fn clear(&self, _: ClapId, _: ParamClearFlags) {}
}

impl HostStateImpl for MainThreadCallbacks {
    fn mark_dirty(&self) {}
}

impl HostNotePortsImpl for MainThreadCallbacks {
    fn supported_dialects(&self) -> NoteDialects {
        NoteDialects::CLAP | NoteDialects::MIDI
    }
    fn rescan(&self, _: NotePortRescanFlags) {}
}

impl HostNoteNameImpl for MainThreadCallbacks {
    fn changed(&self) {
        self.note_name_changes.set(self.note_name_changes.get() + 1);
    }
}

impl HostPresetLoadImpl for MainThreadCallbacks {
    fn on_error(&self, _: Location, _: Option<&CStr>, _: i32, message: Option<&CStr>) {
        let message = message.map(|message| message.to_string_lossy().into_owned());
        self.preset_fault.replace(message);
    }

    fn loaded(&self, _: Location, _: Option<&CStr>) {}
}
