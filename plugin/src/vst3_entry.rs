//! VST3 factory whose instances survive blocks that VST3 forbids, and read no side-chain that the
//! host does not pass.
//!
//! Works around: the framework panics in `process` if the host has neither set the instance up nor
//! activated it before, and at a SysEx event without bytes. A panic there aborts the host. Its
//! export macro cannot be extended, so this module implements the factory itself. The table of
//! functions of a new instance's processor has a `process` that refuses; the first activation puts
//! one in its place that passes events on through [`input_events`].
//!
//! Also works around: for a plugin without a main input the framework reads the arrangement of the
//! first auxiliary input one place too far, and it trusts that each block has all inputs and
//! channels. The tables have functions of this module before the framework's.
//!
//! Also adds what the framework lacks: the names of the stage keys ([`keyswitches`]). The tables of
//! component and controller have a `queryInterface` that knows them.
//!
//! Upstream: nice-plug, `setBusArrangements` and `process` in `wrapper/vst3/wrapper.rs`; reports 10
//! and 14 of `docs/upstream.md`. Delete this module, and export with `nice_export_vst3!`, once
//! nice-plug refuses such blocks.

mod input_events;
mod keyswitches;

use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use nice_plug::wrapper::setup_logger;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    IAudioProcessor, IAudioProcessorVtbl, IComponent, IComponentVtbl, IEditController,
    IEditControllerVtbl, ProcessData, SpeakerArrangement,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactory3,
    IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2, PClassInfoW, PFactoryInfo,
    TBool, TUID, int32, kInvalidArgument, kResultFalse, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComRef, ComWrapper};
use nice_plug::wrapper::vst3::{PluginInfo, Wrapper};

use crate::DeepPocket;
use crate::vst3_entry::input_events::InputEvents;

/// Factory of the plugin, its only class.
struct Factory(PluginInfo);

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

impl Factory {
    /// Writes information to a host's pointer, if there is one and it asks for the only class.
    fn write<T>(index: int32, place: *mut T, info: T) -> tresult {
        if index != 0 || place.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: the host passes a pointer to such a structure.
        unsafe { place.write(info) };
        kResultOk
    }
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        Self::write(0, info, self.0.create_factory_info())
    }

    unsafe fn countClasses(&self) -> int32 {
        1
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        Self::write(index, info, self.0.create_class_info())
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
        if unsafe { *class.cast::<[u8; 16]>() } != *self.0.cid {
            return kInvalidArgument;
        }
        let instance = ComWrapper::new(Wrapper::<DeepPocket>::new());
        let Some(component) = instance.as_com_ref::<IComponent>() else { return kInvalidArgument };
        // SAFETY: no other thread knows the instance yet, and the interface is valid.
        unsafe {
            Tables::guard(component);
            let unknown: *mut FUnknown = component.as_ptr().cast();
            ((*(*unknown).vtbl).queryInterface)(unknown, interface.cast::<TUID>(), object)
        }
    }
}

/// Tables of functions of the instances, which are all of one class.
struct Tables {
    component: &'static IComponentVtbl,
    controller: &'static IEditControllerVtbl,
    processor: &'static IAudioProcessorVtbl,
    /// The processor's with the functions of this module before the framework's.
    checked: IAudioProcessorVtbl,
    /// Those of component and controller with key switches.
    named: (IComponentVtbl, IEditControllerVtbl),
    /// The same with `setActive` and `process` of this module, up to the first activation.
    guarded: (IComponentVtbl, IAudioProcessorVtbl),
}

static TABLES: OnceLock<Tables> = OnceLock::new();

impl Tables {
    /// Gives a new instance the guarded tables.
    ///
    /// # Safety
    /// The component must be a new one of the framework's.
    unsafe fn guard(component: ComRef<'_, IComponent>) {
        let Some(processor) = component.cast::<IAudioProcessor>() else { return };
        let Some(controller) = component.cast::<IEditController>() else { return };
        let (component, processor) = (component.as_ptr(), processor.as_ptr());
        let controller = controller.as_ptr();
        // SAFETY: an object begins with a pointer to its table, and the framework's are constants.
        let tables = TABLES.get_or_init(|| unsafe {
            let (component, processor) = (&*(*component).vtbl, &*(*processor).vtbl);
            let controller = &*(*controller).vtbl;
            let (mut named_component, mut named_controller) = (*component, *controller);
            named_component.base.base.queryInterface = query_component;
            named_controller.base.base.queryInterface = query_controller;
            let checked = IAudioProcessorVtbl {
                process: process_checked,
                setBusArrangements: set_arrangements,
                ..*processor
            };
            let guarded = (
                IComponentVtbl { setActive: set_active, ..named_component },
                IAudioProcessorVtbl { process: refuse, ..checked },
            );
            let named = (named_component, named_controller);
            Tables { component, controller, processor, checked, named, guarded }
        });
        let (guarded_component, guarded_processor) = &tables.guarded;
        // SAFETY: as above; the tables live as long as the library.
        unsafe {
            set_table(controller, &tables.named.1);
            set_table(component, guarded_component);
            set_table(processor, guarded_processor);
        }
    }
}

/// Sets the table of functions of an object.
///
/// # Safety
/// The object must begin with a pointer to such a table.
unsafe fn set_table<Object, Table>(object: *mut Object, table: &'static Table) {
    let place: *mut *mut Table = object.cast();
    // SAFETY: guaranteed by the caller.
    unsafe { AtomicPtr::from_ptr(place) }.store((&raw const *table).cast_mut(), Ordering::Release);
}

/// Returns an interface of a component.
unsafe extern "system" fn query_component(
    component: *mut FUnknown,
    interface: *const TUID,
    place: *mut *mut c_void,
) -> tresult {
    let Some(tables) = TABLES.get() else { return kResultFalse };
    let framework = tables.component.base.base.queryInterface;
    // SAFETY: the host passes the object that has this function in its table, and valid pointers.
    unsafe { keyswitches::query(framework, component, interface, place) }
}

/// Returns an interface of a controller.
unsafe extern "system" fn query_controller(
    controller: *mut FUnknown,
    interface: *const TUID,
    place: *mut *mut c_void,
) -> tresult {
    let Some(tables) = TABLES.get() else { return kResultFalse };
    let framework = tables.controller.base.base.queryInterface;
    // SAFETY: as above.
    unsafe { keyswitches::query(framework, controller, interface, place) }
}

/// Activates or deactivates an instance. From the first activation on it processes blocks.
unsafe extern "system" fn set_active(component: *mut IComponent, state: TBool) -> tresult {
    let Some(tables) = TABLES.get() else { return kResultFalse };
    // SAFETY: the host passes the object that has this function in its table.
    unsafe {
        let result = (tables.component.setActive)(component, state);
        let processor = ComRef::from_raw(component).and_then(|it| it.cast::<IAudioProcessor>());
        if let Some(processor) = processor.filter(|_| state != 0 && result == kResultOk) {
            set_table(processor.as_ptr(), &tables.checked);
            set_table(component, &tables.named.0);
        }
        result
    }
}

/// Sets the arrangements of the busses. The framework reads the second input instead of the first.
unsafe extern "system" fn set_arrangements(
    processor: *mut IAudioProcessor,
    inputs: *mut SpeakerArrangement,
    num_inputs: int32,
    outputs: *mut SpeakerArrangement,
    num_outputs: int32,
) -> tresult {
    let Some(tables) = TABLES.get() else { return kResultFalse };
    if num_inputs != 1 || inputs.is_null() {
        return kResultFalse;
    }
    // SAFETY: the host passes as many arrangements as it says, and the object that has this function
    // in its table.
    unsafe {
        let mut twice = [*inputs; 2];
        let set = tables.processor.setBusArrangements;
        set(processor, twice.as_mut_ptr(), num_inputs, outputs, num_outputs)
    }
}

/// Processes a block with a safe list of its events, and without the side-chain if the host does not
/// pass it with all its channels.
unsafe extern "system" fn process_checked(
    processor: *mut IAudioProcessor,
    block: *mut ProcessData,
) -> tresult {
    let Some(tables) = TABLES.get() else { return kResultFalse };
    // SAFETY: the host passes a valid block, whose copy outlives the call, and the object that has
    // this function in its table.
    unsafe {
        let Some(mut copy) = block.as_ref().copied() else { return kInvalidArgument };
        if !has_side_chain(&copy) {
            (copy.inputs, copy.numInputs) = (std::ptr::null_mut(), 0);
        }
        let mut events = InputEvents::new(copy.inputEvents);
        copy.inputEvents = events.list();
        (tables.processor.process)(processor, &raw mut copy)
    }
}

/// Returns `true` if a block has the side-chain with all its channels.
///
/// # Safety
/// The inputs must be valid as far as the block counts them.
unsafe fn has_side_chain(block: &ProcessData) -> bool {
    if block.numInputs < 1 || block.inputs.is_null() {
        return false;
    }
    // SAFETY: guaranteed by the caller; a bus has as many pointers as channels.
    unsafe {
        let input = &*block.inputs;
        let channels = usize::try_from(input.numChannels).unwrap_or(0);
        let pointers = input.__field0.channelBuffers32;
        channels > 0
            && !pointers.is_null()
            && (0..channels).all(|channel| !(*pointers.add(channel)).is_null())
    }
}

/// Refuses a block.
unsafe extern "system" fn refuse(_: *mut IAudioProcessor, _: *mut ProcessData) -> tresult {
    kResultFalse
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        Self::write(index, info, self.0.create_class_info_2())
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        Self::write(index, info, self.0.create_class_info_unicode())
    }

    unsafe fn setHostContext(&self, _: *mut FUnknown) -> tresult {
        kResultOk
    }
}

/// Returns the factory, with a reference for the caller; null if there is none.
// SAFETY: VST3 defines this name; no other function of the library has it.
#[unsafe(no_mangle)]
pub extern "system" fn GetPluginFactory() -> *mut c_void {
    let factory = ComWrapper::new(Factory(PluginInfo::for_plugin::<DeepPocket>()));
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
