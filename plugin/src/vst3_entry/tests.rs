//! Tests of the VST3 factory and of blocks out of order.

mod buses;

use super::*;
use std::ptr;

use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, DataEvent, Event, Event_::EventTypes_,
    IAudioProcessor, IAudioProcessorTrait, IComponent, IComponentTrait, IEventList,
    IEventListTrait, ProcessData, ProcessModes_, ProcessSetup, SpeakerArrangement,
    SymbolicSampleSizes_,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{IPluginBaseTrait, kResultFalse};
use nice_plug::wrapper::vst3::vst3::{ComPtr, Interface};

fn factory() -> ComPtr<IPluginFactory> {
    // SAFETY: the factory is a new reference.
    unsafe { ComPtr::from_raw(GetPluginFactory().cast()) }.expect("a factory")
}

pub(super) fn instance() -> ComPtr<IComponent> {
    instance_of(DeepPocket::PLATFORM_VST3_CLASS_ID)
}

fn instance_of(class: [u8; 16]) -> ComPtr<IComponent> {
    let mut object = ptr::null_mut();
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

fn setup() -> ProcessSetup {
    ProcessSetup {
        processMode: ProcessModes_::kRealtime.cast_signed(),
        symbolicSampleSize: SymbolicSampleSizes_::kSample32.cast_signed(),
        maxSamplesPerBlock: 64,
        sampleRate: 44_100.0,
    }
}

/// A block without buses and events.
fn empty_block() -> ProcessData {
    ProcessData {
        processMode: ProcessModes_::kRealtime.cast_signed(),
        symbolicSampleSize: SymbolicSampleSizes_::kSample32.cast_signed(),
        numSamples: 0,
        numInputs: 0,
        numOutputs: 0,
        inputs: ptr::null_mut(),
        outputs: ptr::null_mut(),
        inputParameterChanges: ptr::null_mut(),
        outputParameterChanges: ptr::null_mut(),
        inputEvents: ptr::null_mut(),
        outputEvents: ptr::null_mut(),
        processContext: ptr::null_mut(),
    }
}

/// Processes a block without events into buffers that are not silent before.
fn block(processor: &ComPtr<IAudioProcessor>) -> (tresult, [[f32; 64]; 2]) {
    block_with(processor, ptr::null_mut())
}

fn block_with(
    processor: &ComPtr<IAudioProcessor>,
    events: *mut IEventList,
) -> (tresult, [[f32; 64]; 2]) {
    let mut sound = [[1.0; 64]; 2];
    let mut channels = sound.each_mut().map(|channel| channel.as_mut_ptr());
    let mut output = AudioBusBuffers {
        numChannels: 2,
        silenceFlags: 0,
        __field0: AudioBusBuffers__type0 { channelBuffers32: channels.as_mut_ptr() },
    };
    let mut data = ProcessData {
        numSamples: 64,
        numOutputs: 1,
        outputs: &raw mut output,
        inputEvents: events,
        ..empty_block()
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
        assert_eq!(processor.setupProcessing(&mut setup()), kResultOk);
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

/// A SysEx event without bytes, one that the list fails to return, and a SysEx event of one byte.
struct Events;

impl Class for Events {
    type Interfaces = (IEventList,);
}

impl IEventListTrait for Events {
    unsafe fn getEventCount(&self) -> int32 {
        3
    }

    unsafe fn getEvent(&self, index: int32, to: *mut Event) -> tresult {
        const BYTE: [u8; 1] = [0xf8];
        if index == 1 {
            return kResultFalse;
        }
        let (size, bytes) = if index == 0 { (3, ptr::null()) } else { (1, BYTE.as_ptr()) };
        // SAFETY: an event is plain data, and the place is the caller's.
        unsafe {
            to.write(std::mem::zeroed());
            (*to).r#type = EventTypes_::kDataEvent.try_into().expect("16 bits");
            (*to).__field0.data = DataEvent { size, r#type: 0, bytes };
        }
        kResultOk
    }

    unsafe fn addEvent(&self, _: *mut Event) -> tresult {
        kResultFalse
    }
}

#[test]
fn a_system_exclusive_event_without_bytes_is_survived() {
    let component = instance();
    let processor = component.cast::<IAudioProcessor>().expect("a processor");
    let events = ComWrapper::new(Events).to_com_ptr::<IEventList>().expect("a list");
    // SAFETY: the calls are in the order that VST3 defines.
    unsafe {
        assert_eq!(component.initialize(ptr::null_mut()), kResultOk);
        assert_eq!(processor.setupProcessing(&mut setup()), kResultOk);
        assert_eq!(component.setActive(1), kResultOk);
        assert_eq!(block_with(&processor, events.as_ptr()), (kResultOk, [[0.0; 64]; 2]));
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
        // The memory behind the host's array does not matter.
        assert_eq!((set(stereo, stereo), set(stereo, mono)), (kResultOk, kResultOk));
        assert_eq!((set(mono, stereo), set(mono, mono)), (kResultFalse, kResultFalse));
        assert_eq!(component.terminate(), kResultOk);
    }
}

#[test]
fn the_factory_has_two_classes() {
    let (factory, other, iid) = (factory(), [7_u8; 16], IComponent::IID);
    let mut object = ptr::null_mut();
    // SAFETY: the structures are plain data, and all pointers are valid during the calls.
    unsafe {
        let mut info: PClassInfo = std::mem::zeroed();
        assert_eq!(factory.countClasses(), 2);
        let ids = [DeepPocket::PLATFORM_VST3_CLASS_ID, OUTPUTS_CLASS_ID];
        for (index, (id, name)) in
            (0..).zip(ids.into_iter().zip(["Deep Pocket", "Deep Pocket Outputs"]))
        {
            assert_eq!(factory.getClassInfo(index, &raw mut info), kResultOk);
            assert_eq!(info.cid.map(|byte| byte.to_ne_bytes()[0]), id);
            let text = info.name.map(|byte| byte.to_ne_bytes()[0]);
            assert_eq!(
                std::ffi::CStr::from_bytes_until_nul(&text).expect("a name").to_str(),
                Ok(name)
            );
        }
        for index in [-1, 2] {
            assert_eq!(factory.getClassInfo(index, &raw mut info), kInvalidArgument);
        }
        assert_eq!(factory.getFactoryInfo(ptr::null_mut()), kInvalidArgument);
        let (class, interface) = (other.as_ptr().cast(), (&raw const iid).cast());
        let made = factory.createInstance(class, interface, &raw mut object);
        assert_eq!((made, object.is_null()), (kInvalidArgument, true));
    }
}
