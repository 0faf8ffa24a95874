//! Instances of the framework, whose tables of functions have those of this module before the
//! framework's.
//!
//! Works around: for a plugin without a main input the framework reads the arrangement of the first
//! auxiliary input one place too far, and it trusts that each block has all buses and channels. It
//! panics at blocks before the first activation.

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use nice_plug::wrapper::vst3::Wrapper;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    AudioBusBuffers, BusDirection, BusInfo, IAudioProcessor, IAudioProcessorVtbl, IComponent,
    IComponentVtbl, IEditController, IEditControllerVtbl, MediaType, ProcessData,
    SpeakerArrangement,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FUnknown, TBool, TUID, int32, kInvalidArgument, kResultFalse, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{ComPtr, ComWrapper};

use super::buses::DrumBuses;
use super::input_events::InputEvents;
use super::keyswitches;
use crate::DeepPocket;
use crate::link::drum_outputs::{DrumOutputs, OutputsOwner, create_with};

/// Data of an instance beside the framework's. The plugin owns it with the host, so that it lives as
/// long as the framework's object, whose tables it contains.
pub(super) struct Instance {
    component: OnceLock<Table<IComponentVtbl>>,
    controller: OnceLock<Table<IEditControllerVtbl>>,
    processor: OnceLock<Table<IAudioProcessorVtbl>>,
    /// The instance has been activated at least once.
    activated: AtomicBool,
    /// Buses of the drums; `None` for the plugin with one output.
    buses: Option<DrumBuses>,
    outputs: DrumOutputs,
}

impl AsRef<DrumOutputs> for Instance {
    fn as_ref(&self) -> &DrumOutputs {
        &self.outputs
    }
}

/// Table of functions of an interface. The functions find the rest by it.
#[repr(C)]
struct Table<Functions: 'static> {
    /// First field, as the host expects.
    functions: Functions,
    framework: &'static Functions,
    instance: *const Instance,
}

// SAFETY: the table is not changed, and what it points to may be used by any thread.
unsafe impl<Functions: Send> Send for Table<Functions> {}
// SAFETY: as above.
unsafe impl<Functions: Sync> Sync for Table<Functions> {}

impl<Functions: Copy> Table<Functions> {
    /// Gives an object a table of its own.
    ///
    /// # Safety
    /// The object must be a new one of the framework's, with such a table, and must not outlive the
    /// instance.
    unsafe fn install<Object>(
        object: *mut Object,
        place: &OnceLock<Table<Functions>>,
        instance: &Arc<Instance>,
        own: impl FnOnce(Functions) -> Functions,
    ) {
        let object: *mut *const Functions = object.cast();
        // SAFETY: an object begins with a pointer to its table, and the framework's are constants.
        unsafe {
            let framework = &**object;
            let instance = Arc::as_ptr(instance);
            let new = || Table { functions: own(*framework), framework, instance };
            object.write((&raw const *place.get_or_init(new)).cast());
        }
    }
}

/// Returns the framework's functions of an object and its instance.
///
/// # Safety
/// The object must have a table from [`Table::install`] with these functions.
unsafe fn parts<'a, Object, Functions>(object: *mut Object) -> (&'static Functions, &'a Instance) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let table = &**object.cast::<*const Table<Functions>>();
        (table.framework, &*table.instance)
    }
}

impl Instance {
    /// Creates an instance.
    pub(super) fn create(has_drum_buses: bool) -> Option<ComPtr<IComponent>> {
        let instance = Arc::new(Instance {
            component: OnceLock::new(),
            controller: OnceLock::new(),
            processor: OnceLock::new(),
            activated: AtomicBool::new(false),
            buses: has_drum_buses.then(DrumBuses::default),
            outputs: DrumOutputs::default(),
        });
        let owner: OutputsOwner = Arc::<Instance>::clone(&instance);
        let object = ComWrapper::new(create_with(&owner, Wrapper::<DeepPocket>::new));
        drop(owner);
        let component = object.to_com_ptr::<IComponent>()?;
        let controller = object.as_com_ref::<IEditController>()?.as_ptr();
        let processor = object.as_com_ref::<IAudioProcessor>()?.as_ptr();
        // The tables must live as long as the plugin.
        if Arc::strong_count(&instance) < 2 {
            return None;
        }
        // SAFETY: no other thread knows the object yet, and its plugin owns the instance.
        unsafe {
            Table::install(component.as_ptr(), &instance.component, &instance, |framework| {
                let mut table = IComponentVtbl {
                    setActive: set_active,
                    getBusCount: bus_count,
                    getBusInfo: bus_info,
                    activateBus: activate_bus,
                    ..framework
                };
                table.base.base.queryInterface = query_component;
                table
            });
            Table::install(controller, &instance.controller, &instance, |mut framework| {
                let framework: &mut IEditControllerVtbl = &mut framework;
                framework.base.base.queryInterface = query_controller;
                *framework
            });
            Table::install(processor, &instance.processor, &instance, |framework| {
                IAudioProcessorVtbl {
                    process,
                    setBusArrangements: set_arrangements,
                    getBusArrangement: arrangement,
                    ..framework
                }
            });
        }
        Some(component)
    }
}

/// Returns an interface of a component.
unsafe extern "system" fn query_component(
    component: *mut FUnknown,
    interface: *const TUID,
    place: *mut *mut c_void,
) -> tresult {
    // SAFETY: the host passes the object that has this function in its table, and valid pointers.
    unsafe {
        let (framework, _) = parts::<_, IComponentVtbl>(component);
        keyswitches::query(framework.base.base.queryInterface, component, interface, place)
    }
}

/// Returns an interface of a controller.
unsafe extern "system" fn query_controller(
    controller: *mut FUnknown,
    interface: *const TUID,
    place: *mut *mut c_void,
) -> tresult {
    // SAFETY: as above.
    unsafe {
        let (framework, _) = parts::<_, IEditControllerVtbl>(controller);
        keyswitches::query(framework.base.base.queryInterface, controller, interface, place)
    }
}

/// Activates or deactivates an instance. From the first activation on it processes blocks.
unsafe extern "system" fn set_active(component: *mut IComponent, state: TBool) -> tresult {
    // SAFETY: as above.
    unsafe {
        let (framework, instance) = parts::<_, IComponentVtbl>(component);
        let result = (framework.setActive)(component, state);
        instance.activated.fetch_or(state != 0 && result == kResultOk, Ordering::Release);
        result
    }
}

/// Returns the number of buses.
unsafe extern "system" fn bus_count(
    component: *mut IComponent,
    media: MediaType,
    direction: BusDirection,
) -> int32 {
    // SAFETY: as above.
    unsafe {
        let (framework, instance) = parts::<_, IComponentVtbl>(component);
        let drums = instance.buses.as_ref().map_or(0, |_| DrumBuses::count(media, direction));
        (framework.getBusCount)(component, media, direction) + drums
    }
}

/// Describes a bus.
unsafe extern "system" fn bus_info(
    component: *mut IComponent,
    media: MediaType,
    direction: BusDirection,
    index: int32,
    place: *mut BusInfo,
) -> tresult {
    // SAFETY: as above.
    unsafe {
        let (framework, instance) = parts::<_, IComponentVtbl>(component);
        let drum = instance.buses.as_ref().and_then(|_| DrumBuses::drum(media, direction, index));
        match (drum, place.is_null()) {
            (None, _) => (framework.getBusInfo)(component, media, direction, index, place),
            (Some(_), true) => kInvalidArgument,
            (Some(drum), false) => {
                place.write(DrumBuses::info(drum));
                kResultOk
            }
        }
    }
}

/// Activates or deactivates a bus.
unsafe extern "system" fn activate_bus(
    component: *mut IComponent,
    media: MediaType,
    direction: BusDirection,
    index: int32,
    state: TBool,
) -> tresult {
    // SAFETY: as above.
    unsafe {
        let (framework, instance) = parts::<_, IComponentVtbl>(component);
        let buses = instance.buses.as_ref();
        match buses.zip(DrumBuses::drum(media, direction, index)) {
            None => (framework.activateBus)(component, media, direction, index, state),
            Some((buses, drum)) => {
                buses.activate(drum, state != 0);
                kResultOk
            }
        }
    }
}

/// Sets the arrangements of the buses. The framework reads the second input instead of the first, and
/// does not know the drums' outputs.
unsafe extern "system" fn set_arrangements(
    processor: *mut IAudioProcessor,
    inputs: *mut SpeakerArrangement,
    num_inputs: int32,
    outputs: *mut SpeakerArrangement,
    num_outputs: int32,
) -> tresult {
    if num_inputs != 1 || inputs.is_null() {
        return kResultFalse;
    }
    // SAFETY: the host passes as many arrangements as it says, and the object that has this function
    // in its table.
    unsafe {
        let (framework, instance) = parts::<_, IAudioProcessorVtbl>(processor);
        let mut num_outputs = num_outputs;
        if instance.buses.is_some() {
            let all = list(outputs, num_outputs);
            if !all.get(1..).is_some_and(DrumBuses::fit) {
                return kResultFalse;
            }
            num_outputs = 1;
        }
        let mut twice = [*inputs; 2];
        let set = framework.setBusArrangements;
        set(processor, twice.as_mut_ptr(), num_inputs, outputs, num_outputs)
    }
}

/// Returns the arrangement of a bus.
unsafe extern "system" fn arrangement(
    processor: *mut IAudioProcessor,
    direction: BusDirection,
    index: int32,
    place: *mut SpeakerArrangement,
) -> tresult {
    // SAFETY: as above.
    unsafe {
        let (framework, instance) = parts::<_, IAudioProcessorVtbl>(processor);
        // All are like the main output.
        let buses = instance.buses.as_ref();
        let drum = buses.and_then(|_| DrumBuses::drum_of_output(direction, index));
        let index = if drum.is_some() { 0 } else { index };
        (framework.getBusArrangement)(processor, direction, index, place)
    }
}

/// Processes a block with a safe list of its events, and with those buses that the host passes with
/// all their channels.
unsafe extern "system" fn process(
    processor: *mut IAudioProcessor,
    block: *mut ProcessData,
) -> tresult {
    // SAFETY: the host passes a valid block, whose copy outlives the call, and the object that has
    // this function in its table.
    unsafe {
        let (framework, instance) = parts::<_, IAudioProcessorVtbl>(processor);
        if !instance.activated.load(Ordering::Acquire) {
            return kResultFalse;
        }
        let Some(mut copy) = block.as_ref().copied() else { return kInvalidArgument };
        let inputs = list(copy.inputs, copy.numInputs);
        let side_chain = inputs.first().map_or(&[][..], |bus| channels(bus));
        if side_chain.is_empty() || side_chain.iter().any(|channel| channel.is_null()) {
            (copy.inputs, copy.numInputs) = (std::ptr::null_mut(), 0);
        }
        let outputs = list(copy.outputs, copy.numOutputs);
        let main = outputs.first().map_or(&[][..], |bus| channels(bus));
        if main.iter().any(|channel| channel.is_null()) {
            (copy.outputs, copy.numOutputs) = (std::ptr::null_mut(), 0);
        }
        let drums = std::array::from_fn(|place| {
            let active = instance.buses.as_ref().is_some_and(|buses| buses.is_active(place));
            let bus = outputs.get(place + 1).filter(|_| active);
            bus.map_or(&[][..], |bus| channels(bus))
        });
        let mut events = InputEvents::new(copy.inputEvents);
        copy.inputEvents = events.list();
        let frames = usize::try_from(copy.numSamples).unwrap_or(0);
        instance
            .outputs
            .with(frames, main, &drums, || (framework.process)(processor, &raw mut copy))
    }
}

/// Returns a host's list.
///
/// # Safety
/// The pointer must be null or valid for so many items.
unsafe fn list<'a, T>(first: *mut T, count: int32) -> &'a [T] {
    match usize::try_from(count) {
        // SAFETY: guaranteed by the caller.
        Ok(count) if !first.is_null() => unsafe { std::slice::from_raw_parts(first, count) },
        _ => &[],
    }
}

/// Returns the channels of a bus.
///
/// # Safety
/// The bus must have as many pointers as channels, or none.
unsafe fn channels(bus: &AudioBusBuffers) -> &[*mut f32] {
    // SAFETY: guaranteed by the caller; blocks have 32 bits, as the plugin says.
    unsafe { list(bus.__field0.channelBuffers32, bus.numChannels) }
}
