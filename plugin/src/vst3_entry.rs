//! VST3 factory whose instances refuse blocks before their first activation, and read no side-chain
//! that the host does not pass.
//!
//! Works around: the framework panics in `process` if the host has neither set the instance up nor
//! activated it before, and a panic there aborts the host. Its export macro cannot be extended, so
//! this module implements the factory itself. The table of functions of a new instance's processor
//! has a `process` that refuses; the first activation puts the framework's table in its place.
//!
//! Also works around: for a plugin without a main input the framework reads the arrangement of the
//! first auxiliary input one place too far, and it trusts that each block has all inputs and
//! channels. The tables have functions of this module before the framework's.
//!
//! Upstream: nice-plug, `setBusArrangements` and `process` in `wrapper/vst3/wrapper.rs`; report 10 of `docs/upstream.md`.
//! Delete this module, and export with `nice_export_vst3!`, once nice-plug refuses such a block.

use std::ffi::c_void;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use nice_plug::wrapper::setup_logger;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    IAudioProcessor, IAudioProcessorVtbl, IComponent, IComponentVtbl, ProcessData,
    SpeakerArrangement,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FIDString, FUnknown, IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactory3,
    IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2, PClassInfoW, PFactoryInfo,
    TBool, TUID, int32, kInvalidArgument, kResultFalse, kResultOk, tresult,
};
use nice_plug::wrapper::vst3::vst3::{Class, ComRef, ComWrapper};
use nice_plug::wrapper::vst3::{PluginInfo, Wrapper};

use crate::DeepPocket;

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
    processor: &'static IAudioProcessorVtbl,
    /// The processor's with the functions of this module before the framework's.
    checked: IAudioProcessorVtbl,
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
        let (component, processor) = (component.as_ptr(), processor.as_ptr());
        // SAFETY: an object begins with a pointer to its table, and the framework's are constants.
        let tables = TABLES.get_or_init(|| unsafe {
            let (component, processor) = (&*(*component).vtbl, &*(*processor).vtbl);
            let checked = IAudioProcessorVtbl {
                process: process_checked,
                setBusArrangements: set_arrangements,
                ..*processor
            };
            let guarded = (
                IComponentVtbl { setActive: set_active, ..*component },
                IAudioProcessorVtbl { process: refuse, ..checked },
            );
            Tables { component, processor, checked, guarded }
        });
        let (guarded_component, guarded_processor) = &tables.guarded;
        // SAFETY: as above; both tables live as long as the library.
        unsafe {
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

/// Activates or deactivates an instance. From the first activation on it has the framework's
/// tables.
unsafe extern "system" fn set_active(component: *mut IComponent, state: TBool) -> tresult {
    let Some(tables) = TABLES.get() else { return kResultFalse };
    // SAFETY: the host passes the object that has this function in its table.
    unsafe {
        let result = (tables.component.setActive)(component, state);
        let processor = ComRef::from_raw(component).and_then(|it| it.cast::<IAudioProcessor>());
        if let Some(processor) = processor.filter(|_| state != 0 && result == kResultOk) {
            set_table(processor.as_ptr(), &tables.checked);
            set_table(component, tables.component);
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

/// Processes a block, without the side-chain if the host does not pass it with all its channels.
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
mod tests {
    use super::*;
    use std::ptr;

    use nice_plug::prelude::Vst3Plugin;
    use nice_plug::wrapper::vst3::vst3::Steinberg::IPluginBaseTrait;
    use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
        AudioBusBuffers, AudioBusBuffers__type0, IAudioProcessorTrait, IComponentTrait,
        ProcessModes_, ProcessSetup, SymbolicSampleSizes_,
    };
    use nice_plug::wrapper::vst3::vst3::{ComPtr, Interface};

    fn factory() -> ComPtr<IPluginFactory> {
        // SAFETY: the factory is a new reference.
        unsafe { ComPtr::from_raw(GetPluginFactory().cast()) }.expect("a factory")
    }

    fn instance() -> ComPtr<IComponent> {
        let (class, mut object) = (DeepPocket::PLATFORM_VST3_CLASS_ID, ptr::null_mut());
        let interface = IComponent::IID;
        // SAFETY: both identifiers and the place are valid during the call.
        unsafe {
            let made = factory().createInstance(
                class.as_ptr().cast(),
                (&raw const interface).cast(),
                &raw mut object,
            );
            assert_eq!(made, kResultOk);
            ComPtr::from_raw(object.cast()).expect("an instance")
        }
    }

    /// Processes a block into buffers that are not silent before.
    fn block(processor: &ComPtr<IAudioProcessor>) -> (tresult, [[f32; 64]; 2]) {
        let mut sound = [[1.0; 64]; 2];
        let mut channels = sound.each_mut().map(|channel| channel.as_mut_ptr());
        let mut output = AudioBusBuffers {
            numChannels: 2,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: channels.as_mut_ptr() },
        };
        let mut data = ProcessData {
            processMode: ProcessModes_::kRealtime.cast_signed(),
            symbolicSampleSize: SymbolicSampleSizes_::kSample32.cast_signed(),
            numSamples: 64,
            numInputs: 0,
            numOutputs: 1,
            inputs: ptr::null_mut(),
            outputs: &raw mut output,
            inputParameterChanges: ptr::null_mut(),
            outputParameterChanges: ptr::null_mut(),
            inputEvents: ptr::null_mut(),
            outputEvents: ptr::null_mut(),
            processContext: ptr::null_mut(),
        };
        // SAFETY: all buffers outlive the call.
        let result = unsafe { processor.process(&raw mut data) };
        (result, sound)
    }

    #[test]
    fn blocks_before_the_first_activation_are_refused() {
        let component = instance();
        let processor = component.cast::<IAudioProcessor>().expect("a processor");
        let other = instance();
        let other = other.cast::<IAudioProcessor>().expect("a processor");
        let refused = (kResultFalse, [[1.0; 64]; 2]);
        assert_eq!(block(&processor), refused, "before everything");
        // SAFETY: the calls are in the order that VST3 defines.
        unsafe {
            assert_eq!(component.initialize(ptr::null_mut()), kResultOk);
            assert_eq!(block(&processor), refused, "before the setup");
            assert_ne!(component.setActive(1), kResultOk, "before the setup");
            assert_eq!(block(&processor), refused, "not activated");
            let mut setup = ProcessSetup {
                processMode: ProcessModes_::kRealtime.cast_signed(),
                symbolicSampleSize: SymbolicSampleSizes_::kSample32.cast_signed(),
                maxSamplesPerBlock: 64,
                sampleRate: 44_100.0,
            };
            assert_eq!(processor.setupProcessing(&raw mut setup), kResultOk);
            assert_eq!(block(&processor), refused, "before the activation");
            assert_eq!(component.setActive(1), kResultOk);
            assert_eq!(block(&processor), (kResultOk, [[0.0; 64]; 2]));
            assert_eq!(block(&other), refused, "another instance");
            assert_eq!(component.setActive(0), kResultOk);
            assert_eq!(component.setActive(1), kResultOk);
            assert_eq!(block(&processor).0, kResultOk);
            assert_eq!(component.setActive(0), kResultOk);
            assert_eq!(component.terminate(), kResultOk);
        }
    }

    #[test]
    fn the_arrangement_of_the_side_chain_is_that_of_the_first_input() {
        let component = instance();
        let processor = component.cast::<IAudioProcessor>().expect("a processor");
        let (stereo, mono) = (3, 4);
        // SAFETY: the calls are in the order that VST3 defines, and the arrays are as long as said.
        unsafe {
            assert_eq!(component.initialize(ptr::null_mut()), kResultOk);
            let set = |input: SpeakerArrangement, next: SpeakerArrangement| {
                let (mut inputs, mut outputs) = ([input, next], [stereo]);
                processor.setBusArrangements(inputs.as_mut_ptr(), 1, outputs.as_mut_ptr(), 1)
            };
            // What lies behind the host's array does not matter.
            assert_eq!((set(stereo, stereo), set(stereo, mono)), (kResultOk, kResultOk));
            assert_eq!((set(mono, stereo), set(mono, mono)), (kResultFalse, kResultFalse));
            assert_eq!(component.terminate(), kResultOk);
        }
    }

    #[test]
    fn the_factory_has_one_class() {
        let (factory, other, iid) = (factory(), [7_u8; 16], IComponent::IID);
        let mut object = ptr::null_mut();
        // SAFETY: the structures are plain data, and all pointers are valid during the calls.
        unsafe {
            let mut info: PClassInfo = std::mem::zeroed();
            assert_eq!((factory.countClasses(), factory.getClassInfo(0, &raw mut info)), (1, 0));
            assert_eq!(
                info.cid.map(|byte| byte.to_ne_bytes()[0]),
                DeepPocket::PLATFORM_VST3_CLASS_ID
            );
            assert_eq!(factory.getClassInfo(1, &raw mut info), kInvalidArgument);
            assert_eq!(factory.getFactoryInfo(ptr::null_mut()), kInvalidArgument);
            let (class, interface) = (other.as_ptr().cast(), (&raw const iid).cast());
            let made = factory.createInstance(class, interface, &raw mut object);
            assert_eq!((made, object.is_null()), (kInvalidArgument, true));
        }
    }
}
