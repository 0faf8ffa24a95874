//! Output buses of the drums: their descriptions, and hosts that pass fewer.

use super::*;
use groove::Drum;
use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::BusInfo;

/// Numbers of VST3: audio, event, input, output, main, and auxiliary.
const AUDIO: i32 = 0;
const EVENT: i32 = 1;
const INPUT: i32 = 0;
const OUTPUT: i32 = 1;
const MAIN: i32 = 0;
const AUXILIARY: i32 = 1;

/// Output buses of the plugin.
const BUSES: usize = 10;
const FRAMES: usize = 64;

fn several() -> (ComPtr<IComponent>, ComPtr<IAudioProcessor>) {
    let component = instance_of(OUTPUTS_CLASS_ID);
    let processor = component.cast().expect("a processor");
    (component, processor)
}

#[test]
fn the_drums_have_buses_that_are_off_by_default() {
    let (several, _) = several();
    let one = instance();
    // SAFETY: the structures are plain data, and all pointers are valid during the calls.
    unsafe {
        let mut info: BusInfo = std::mem::zeroed();
        assert_eq!(one.getBusCount(AUDIO, OUTPUT), 1);
        assert_ne!(one.getBusInfo(AUDIO, OUTPUT, 1, &raw mut info), kResultOk);
        assert_ne!(one.activateBus(AUDIO, OUTPUT, 1, 1), kResultOk);
        for (media, direction, count) in
            [(AUDIO, OUTPUT, 10), (AUDIO, INPUT, 1), (EVENT, OUTPUT, 1), (EVENT, INPUT, 1)]
        {
            assert_eq!(several.getBusCount(media, direction), count);
        }
        assert_eq!(several.getBusInfo(AUDIO, OUTPUT, 0, &raw mut info), kResultOk);
        assert_eq!((info.busType, info.flags), (MAIN, 1));
        for (index, drum) in (1..).zip(Drum::ALL) {
            assert_eq!(several.getBusInfo(AUDIO, OUTPUT, index, &raw mut info), kResultOk);
            assert_eq!((info.mediaType, info.direction), (AUDIO, OUTPUT));
            assert_eq!((info.busType, info.flags, info.channelCount), (AUXILIARY, 0, 2));
            let end = info.name.iter().position(|unit| *unit == 0).expect("an end");
            let name = String::from_utf16(&info.name[..end]).expect("a name");
            assert_eq!(name, drum.name());
            assert_eq!(several.activateBus(AUDIO, OUTPUT, index, 1), kResultOk);
        }
        for (media, direction, index) in
            [(AUDIO, OUTPUT, 10), (AUDIO, OUTPUT, -1), (EVENT, OUTPUT, 1)]
        {
            assert_ne!(several.getBusInfo(media, direction, index, &raw mut info), kResultOk);
            assert_ne!(several.activateBus(media, direction, index, 1), kResultOk);
        }
        assert_ne!(several.getBusInfo(AUDIO, OUTPUT, 1, ptr::null_mut()), kResultOk);
    }
}

#[test]
fn arrangements_are_stereo_for_all_buses() {
    let (component, processor) = several();
    let (stereo, mono) = (3, 4);
    // SAFETY: the calls are in the order that VST3 defines, and the arrays are as long as said.
    unsafe {
        assert_eq!(component.initialize(ptr::null_mut()), kResultOk);
        let set = |outputs: &mut [SpeakerArrangement]| {
            let count = i32::try_from(outputs.len()).expect("few");
            processor.setBusArrangements([stereo].as_mut_ptr(), 1, outputs.as_mut_ptr(), count)
        };
        assert_eq!(set(&mut [stereo; BUSES]), kResultOk);
        for count in [0, 1, BUSES - 1, BUSES + 1] {
            assert_eq!(set(&mut vec![stereo; count]), kResultFalse, "{count} buses");
        }
        for index in 0..BUSES {
            let mut outputs = [stereo; BUSES];
            outputs[index] = mono;
            assert_eq!(set(&mut outputs), kResultFalse, "bus {index}");
            let (mut found, bus) = (0, i32::try_from(index).expect("few"));
            assert_eq!(processor.getBusArrangement(OUTPUT, bus, &raw mut found), kResultOk);
            assert_eq!(found, stereo);
        }
        let mut found = 0;
        assert_ne!(processor.getBusArrangement(OUTPUT, 10, &raw mut found), kResultOk);
        assert_ne!(processor.getBusArrangement(INPUT, 1, &raw mut found), kResultOk);
        assert_eq!(component.terminate(), kResultOk);
    }
}

/// Processes a block into so many buses, of which some are incomplete. The buffers are not silent
/// before.
fn block_of(
    processor: &ComPtr<IAudioProcessor>,
    count: usize,
    channels: impl Fn(usize) -> [bool; 2],
) -> (tresult, Vec<[[f32; FRAMES]; 2]>) {
    let mut sound = vec![[[1f32; FRAMES]; 2]; count];
    let mut pointers: Vec<_> = sound
        .iter_mut()
        .enumerate()
        .map(|(bus, sides)| {
            let mut has = channels(bus).into_iter();
            sides.each_mut().map(|side| {
                if has.next() == Some(true) { side.as_mut_ptr() } else { ptr::null_mut() }
            })
        })
        .collect();
    // Exactly as many as the host says: a sanitizer finds what reads past them.
    let mut buses: Box<[_]> = pointers
        .iter_mut()
        .map(|pair| AudioBusBuffers {
            numChannels: 2,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: pair.as_mut_ptr() },
        })
        .collect();
    let mut data = ProcessData {
        numSamples: i32::try_from(FRAMES).expect("few"),
        numOutputs: i32::try_from(count).expect("few"),
        outputs: buses.as_mut_ptr(),
        ..empty_block()
    };
    // SAFETY: all buffers outlive the call.
    let result = unsafe { processor.process(&raw mut data) };
    (result, sound)
}

#[test]
fn hosts_may_pass_fewer_buses_and_incomplete_ones() {
    let (component, processor) = several();
    // SAFETY: the calls are in the order that VST3 defines.
    unsafe {
        assert_eq!(component.initialize(ptr::null_mut()), kResultOk);
        assert_eq!(processor.setupProcessing(&mut setup()), kResultOk);
    }
    let activate = |component: &ComPtr<IComponent>, drums: bool| {
        // SAFETY: as above.
        unsafe {
            for index in 1..10 {
                let set = component.activateBus(AUDIO, OUTPUT, index, drums.into());
                assert_eq!(set, kResultOk);
            }
            assert_eq!(component.setActive(1), kResultOk);
        }
    };
    for active in [false, true] {
        activate(&component, active);
        for count in 0..=BUSES + 1 {
            for incomplete in (0..=count.min(BUSES)).map(|bus| bus + 1) {
                let has = |bus| [bus != incomplete, bus != incomplete + 1];
                let (result, sound) = block_of(&processor, count, has);
                assert_eq!(result, kResultOk, "{incomplete} of {count} buses");
                for (bus, sides) in sound.iter().enumerate() {
                    for (side, has) in sides.iter().zip(has(bus)) {
                        // Channels that are not there, and buses that are off, stay as they are.
                        let is_ours = has && bus < BUSES && (active || bus == 0);
                        let expected = if is_ours { 0.0 } else { 1.0 };
                        assert!(side.iter().all(|it| *it == expected), "{bus} of {count}");
                    }
                }
            }
        }
        let (result, sound) = block_of(&processor, BUSES, |bus| [bus > 0; 2]);
        let expected = if active { 0.0 } else { 1.0 };
        assert_eq!(result, kResultOk, "without the main output");
        assert!(sound[1..].as_flattened().as_flattened().iter().all(|it| *it == expected));
        // SAFETY: as above.
        assert_eq!(unsafe { component.setActive(0) }, kResultOk);
    }
    // SAFETY: as above.
    assert_eq!(unsafe { component.terminate() }, kResultOk);
}
