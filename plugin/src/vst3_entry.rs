//! VST3 factory whose instances survive blocks that VST3 forbids, and read no bus that the host does
//! not pass. It has two classes: the plugin, and the same plugin with an output bus for each drum
//! ([`buses`]), which is off until the host activates it.
//!
//! Works around: the framework panics in `process` if the host has neither set the instance up nor
//! activated it before, and at a SysEx event without bytes. A panic there aborts the host. Its
//! export macro cannot be extended, so this module implements the factory itself. Its instances
//! ([`instance`]) have functions of their own before the framework's.
//!
//! Also adds what the framework lacks: the names of the stage keys ([`keyswitches`]).
//!
//! Upstream: nice-plug, `setBusArrangements` and `process` in `wrapper/vst3/wrapper.rs`; reports 10,
//! 11 and 14 of `docs/upstream.md`. Delete this module, and export with `nice_export_vst3!`, once
//! nice-plug refuses such blocks and has auxiliary outputs that are off by default.

mod buses;
mod input_events;
mod instance;
mod keyswitches;

use std::ffi::c_void;

use nice_plug::prelude::Vst3Plugin;
use nice_plug::wrapper::setup_logger;
use nice_plug::wrapper::vst3::PluginInfo;
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactory3,
    IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2, PClassInfoW, PFactoryInfo,
    TUID, int32, kInvalidArgument, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComWrapper};

use crate::DeepPocket;
use crate::vst3_entry::instance::Instance;

/// Class id of the plugin with several outputs, `DeepPocketDrums2`. It must never change: projects
/// refer to it.
const OUTPUTS_CLASS_ID: [u8; 16] = {
    let mut id = DeepPocket::PLATFORM_VST3_CLASS_ID;
    id[15] = b'2';
    id
};

/// Factory of the plugin and of the one with several outputs.
struct Factory([PluginInfo; 2]);

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

impl Factory {
    fn new() -> Factory {
        let plugin = || PluginInfo::for_plugin::<DeepPocket>();
        let outputs =
            PluginInfo { cid: &OUTPUTS_CLASS_ID, name: "Deep Pocket Outputs", ..plugin() };
        Factory([plugin(), outputs])
    }

    /// Writes information on a class to a host's pointer, if both exist.
    fn write<T>(&self, index: int32, place: *mut T, info: impl Fn(&PluginInfo) -> T) -> tresult {
        let class = usize::try_from(index).ok().and_then(|index| self.0.get(index));
        let Some(class) = class.filter(|_| !place.is_null()) else { return kInvalidArgument };
        // SAFETY: the host passes a pointer to such a structure.
        unsafe { place.write(info(class)) };
        kResultOk
    }
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        self.write(0, info, PluginInfo::create_factory_info)
    }

    unsafe fn countClasses(&self) -> int32 {
        2
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        self.write(index, info, PluginInfo::create_class_info)
    }

    unsafe fn createInstance(
        &self,
        class: FIDString,
        interface: FIDString,
        object: *mut *mut c_void,
    ) -> tresult {
        if class.is_null() || interface.is_null() || object.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: identifiers have 16 bytes, and need no alignment.
        let class = unsafe { *class.cast::<[u8; 16]>() };
        let has_drum_buses = class == OUTPUTS_CLASS_ID;
        if !has_drum_buses && class != DeepPocket::PLATFORM_VST3_CLASS_ID {
            return kInvalidArgument;
        }
        let Some(component) = Instance::create(has_drum_buses) else { return kInvalidArgument };
        // SAFETY: the interface is valid.
        unsafe {
            let unknown: *mut FUnknown = component.as_ptr().cast();
            ((*(*unknown).vtbl).queryInterface)(unknown, interface.cast::<TUID>(), object)
        }
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        self.write(index, info, PluginInfo::create_class_info_2)
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        self.write(index, info, PluginInfo::create_class_info_unicode)
    }

    unsafe fn setHostContext(&self, _: *mut FUnknown) -> tresult {
        kResultOk
    }
}

/// Returns the factory, with a reference for the caller; null if there is none.
// SAFETY: VST3 defines this name; no other function of the library has it.
#[unsafe(no_mangle)]
pub extern "system" fn GetPluginFactory() -> *mut c_void {
    let factory = ComWrapper::new(Factory::new());
    factory
        .to_com_ptr::<IPluginFactory>()
        .map_or(std::ptr::null_mut(), |factory| factory.into_raw().cast())
}

/// Called after the library is loaded, on Linux.
// SAFETY: as for `GetPluginFactory`.
#[cfg(all(target_family = "unix", not(target_os = "macos")))]
#[unsafe(no_mangle)]
pub extern "C" fn ModuleEntry(_library: *mut c_void) -> bool {
    setup_logger::<DeepPocket>();
    true
}

/// Called before the library is unloaded, on Linux.
// SAFETY: as for `GetPluginFactory`.
#[cfg(all(target_family = "unix", not(target_os = "macos")))]
#[unsafe(no_mangle)]
pub extern "C" fn ModuleExit() -> bool {
    true
}

/// Called after the library is loaded, on macOS.
// SAFETY: as for `GetPluginFactory`.
#[cfg(target_os = "macos")]
#[unsafe(no_mangle)]
pub extern "C" fn bundleEntry(_library: *mut c_void) -> bool {
    setup_logger::<DeepPocket>();
    true
}

/// Called before the library is unloaded, on macOS.
// SAFETY: as for `GetPluginFactory`.
#[cfg(target_os = "macos")]
#[unsafe(no_mangle)]
pub extern "C" fn bundleExit() -> bool {
    true
}

/// Called after the library is loaded, on Windows.
// SAFETY: as for `GetPluginFactory`.
#[cfg(target_os = "windows")]
#[unsafe(no_mangle)]
pub extern "system" fn InitDll() -> bool {
    setup_logger::<DeepPocket>();
    true
}

/// Called before the library is unloaded, on Windows.
// SAFETY: as for `GetPluginFactory`.
#[cfg(target_os = "windows")]
#[unsafe(no_mangle)]
pub extern "system" fn ExitDll() -> bool {
    true
}

#[cfg(test)]
mod tests;
