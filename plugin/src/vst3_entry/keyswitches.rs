//! Names of the stage keys for VST3 hosts that show key switches, as Cubase does in expression maps.
//!
//! The framework has no `IKeyswitchController`. The interface is an object of its own (a tear-off),
//! which holds a reference to the instance and passes every request for another interface on to it,
//! so that the two are one object for the host.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    IComponent, IKeyswitchController, IKeyswitchControllerVtbl, KeyswitchInfo,
    KeyswitchTypeIDs_::kNoteOnKeyswitchTypeID, String128,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FUnknown, FUnknownVtbl, TUID, int16, int32, kInvalidArgument, kResultOk, tresult, uint32,
};
use nice_plug::wrapper::vst3::vst3::{ComPtr, Interface};

use crate::params::stage::StageKey;

/// Function of an object that returns its interfaces.
type Query = unsafe extern "system" fn(*mut FUnknown, *const TUID, *mut *mut c_void) -> tresult;

/// Number that stands for no unit of parameters.
const NO_UNIT: int32 = -1;

/// Number that stands for no other place of a key.
const NOT_REMAPPED: int32 = -1;

static TABLE: IKeyswitchControllerVtbl = IKeyswitchControllerVtbl {
    base: FUnknownVtbl { queryInterface: query_own, addRef: add_reference, release },
    getKeyswitchCount: count,
    getKeyswitchInfo: info,
};

/// The key switches of an instance.
#[repr(C)]
struct Keyswitches {
    /// First field, as in every object.
    table: *const IKeyswitchControllerVtbl,
    references: AtomicU32,
    component: ComPtr<IComponent>,
}

/// Returns an interface of an instance: the key switches, or one of the framework's, whose function
/// is `framework`.
///
/// # Safety
/// The object must be the one that has `framework` in its table, and the pointers must be valid.
pub(super) unsafe fn query(
    framework: Query,
    object: *mut FUnknown,
    interface: *const TUID,
    place: *mut *mut c_void,
) -> tresult {
    // SAFETY: guaranteed by the caller.
    unsafe {
        if !is_wanted(interface) || place.is_null() {
            return framework(object, interface, place);
        }
        let (id, mut component) = (IComponent::IID, ptr::null_mut());
        let found = framework(object, (&raw const id).cast(), &raw mut component);
        // The framework has counted this reference.
        let Some(component) = ComPtr::from_raw(component.cast()).filter(|_| found == kResultOk)
        else {
            return found;
        };
        let references = AtomicU32::new(1);
        let keyswitches = Keyswitches { table: &raw const TABLE, references, component };
        *place = Box::into_raw(Box::new(keyswitches)).cast();
        kResultOk
    }
}

/// Returns `true` if an identifier is that of the key switches.
///
/// # Safety
/// The pointer must be null or an identifier.
unsafe fn is_wanted(interface: *const TUID) -> bool {
    // SAFETY: guaranteed by the caller; identifiers have 16 bytes and need no alignment.
    !interface.is_null() && unsafe { *interface.cast::<[u8; 16]>() } == IKeyswitchController::IID
}

unsafe extern "system" fn query_own(
    object: *mut FUnknown,
    interface: *const TUID,
    place: *mut *mut c_void,
) -> tresult {
    // SAFETY: the host passes the object that has this function in its table, and valid pointers.
    unsafe {
        if is_wanted(interface) && !place.is_null() {
            add_reference(object);
            *place = object.cast();
            return kResultOk;
        }
        let instance: *mut FUnknown = (*object.cast::<Keyswitches>()).component.as_ptr().cast();
        ((*(*instance).vtbl).queryInterface)(instance, interface, place)
    }
}

unsafe extern "system" fn add_reference(object: *mut FUnknown) -> uint32 {
    // SAFETY: as above.
    let references = unsafe { &(*object.cast::<Keyswitches>()).references };
    references.fetch_add(1, Ordering::Relaxed) + 1
}

unsafe extern "system" fn release(object: *mut FUnknown) -> uint32 {
    let keyswitches: *mut Keyswitches = object.cast();
    // SAFETY: as above; after the last reference nobody has the object.
    unsafe {
        let left = (*keyswitches).references.fetch_sub(1, Ordering::AcqRel) - 1;
        if left == 0 {
            drop(Box::from_raw(keyswitches));
        }
        left
    }
}

/// Returns the number of key switches; they are on every channel of the only input.
unsafe extern "system" fn count(_: *mut IKeyswitchController, bus: int32, _: int16) -> int32 {
    if bus == 0 { int32::try_from(StageKey::ALL.len()).unwrap_or(0) } else { 0 }
}

unsafe extern "system" fn info(
    _: *mut IKeyswitchController,
    bus: int32,
    _: int16,
    index: int32,
    place: *mut KeyswitchInfo,
) -> tresult {
    let key = usize::try_from(index).ok().and_then(|index| StageKey::ALL.get(index));
    let Some(key) = key.filter(|_| bus == 0 && !place.is_null()) else { return kInvalidArgument };
    let (title, pitch) = (utf16(key.title()), int32::from(key.pitch()));
    let info = KeyswitchInfo {
        typeId: kNoteOnKeyswitchTypeID,
        title,
        shortTitle: title,
        keyswitchMin: pitch,
        keyswitchMax: pitch,
        keyRemapped: NOT_REMAPPED,
        unitId: NO_UNIT,
        flags: 0,
    };
    // SAFETY: the host passes a pointer to such a structure.
    unsafe { place.write(info) };
    kResultOk
}

/// Returns a text of less than 128 characters, with zeros after it.
pub(super) fn utf16(text: &str) -> String128 {
    let mut units = [0; 128];
    for (to, from) in units[..127].iter_mut().zip(text.encode_utf16()) {
        *to = from;
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vst3_entry::tests::instance;
    use nice_plug::wrapper::vst3::vst3::Steinberg::IPluginBaseTrait;
    use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
        IEditController, IKeyswitchControllerTrait,
    };

    /// Returns the number of references to an object.
    fn references<I: Interface>(object: &ComPtr<I>) -> uint32 {
        let unknown: *mut FUnknown = object.as_ptr().cast();
        // SAFETY: the object is alive; both calls cancel out.
        unsafe {
            ((*(*unknown).vtbl).addRef)(unknown);
            ((*(*unknown).vtbl).release)(unknown)
        }
    }

    #[test]
    fn a_host_reads_the_stage_keys_from_the_controller() {
        let component = instance();
        let controller = component.cast::<IEditController>().expect("a controller");
        let keys = controller.cast::<IKeyswitchController>().expect("key switches");
        // SAFETY: the places outlive the calls.
        unsafe {
            assert_eq!(component.initialize(ptr::null_mut()), kResultOk);
            assert_eq!((keys.getKeyswitchCount(0, 0), keys.getKeyswitchCount(0, 15)), (4, 4));
            assert_eq!(keys.getKeyswitchCount(1, 0), 0);
            let mut info = std::mem::MaybeUninit::<KeyswitchInfo>::zeroed();
            for (index, pitch) in (0..4).zip(12u8..) {
                assert_eq!(keys.getKeyswitchInfo(0, 3, index, info.as_mut_ptr()), kResultOk);
                let info = info.assume_init();
                let range = (info.keyswitchMin, info.keyswitchMax);
                assert_eq!(range, (pitch.into(), pitch.into()));
                let end = info.title.iter().position(|unit| *unit == 0).expect("an end");
                let title = String::from_utf16(&info.title[..end]).expect("a title");
                let known = StageKey::of_pitch(pitch);
                assert_eq!(Some(title.as_str()), known.map(StageKey::title));
            }
            for index in [-1, 4] {
                assert_ne!(keys.getKeyswitchInfo(0, 0, index, info.as_mut_ptr()), kResultOk);
            }
            assert_ne!(keys.getKeyswitchInfo(0, 0, 0, ptr::null_mut()), kResultOk);
            assert_eq!(component.terminate(), kResultOk);
        }
    }

    #[test]
    fn the_key_switches_are_one_object_with_the_instance() {
        let component = instance();
        let before = references(&component);
        let keys = component.cast::<IKeyswitchController>().expect("key switches");
        assert_eq!(references(&component), before + 1, "it keeps the instance alive");
        let same = keys.cast::<IKeyswitchController>().expect("itself");
        assert_eq!((same.as_ptr(), references(&keys)), (keys.as_ptr(), 2));
        let back = keys.cast::<IComponent>().expect("the component");
        assert_eq!(back.as_ptr(), component.as_ptr());
        let unknown = keys.cast::<FUnknown>().expect("the object").as_ptr();
        assert_eq!(unknown, component.cast::<FUnknown>().expect("the object").as_ptr());
        drop((same, back, keys));
        assert_eq!(references(&component), before, "nothing is left");
    }
}
