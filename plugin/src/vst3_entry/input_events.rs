//! A host's list of events, in which a SysEx event without bytes is of a kind that the framework
//! skips: it panics at the null pointer.

use std::ffi::c_void;

use nice_plug::wrapper::vst3::vst3::Steinberg::Vst::{
    DataEvent_::DataTypes_,
    Event,
    Event_::{EventTypes, EventTypes_},
    IEventList, IEventListVtbl,
};
use nice_plug::wrapper::vst3::vst3::Steinberg::{
    FUnknown, FUnknownVtbl, TUID, int32, kInvalidArgument, kNoInterface, kResultOk, tresult, uint32,
};

/// The list of one block, on the stack of the call that processes it.
#[repr(C)]
pub(super) struct InputEvents {
    list: IEventList,
    host: *mut IEventList,
}

impl InputEvents {
    /// Wraps a host's list, or null.
    pub(super) fn new(host: *mut IEventList) -> InputEvents {
        InputEvents { list: IEventList { vtbl: &raw const TABLE }, host }
    }

    /// The list for the framework; null if the host has none. It is valid while `self` is not moved.
    pub(super) fn list(&mut self) -> *mut IEventList {
        if self.host.is_null() { self.host } else { (&raw mut *self).cast() }
    }
}

/// The framework asks for nothing but events, and counts no references.
static TABLE: IEventListVtbl = IEventListVtbl {
    base: FUnknownVtbl { queryInterface: no_interface, addRef: one, release: one },
    getEventCount: count,
    getEvent: event,
    addEvent: refuse,
};

/// Returns the host's list.
///
/// # Safety
/// The pointer must be one of [`InputEvents::list`], and the host's list valid.
unsafe fn host(this: *mut IEventList) -> (*mut IEventList, &'static IEventListVtbl) {
    // SAFETY: the list is the first field, and the host's begins with a pointer to its table.
    unsafe {
        let host = (*this.cast::<InputEvents>()).host;
        (host, &*(*host).vtbl)
    }
}

unsafe extern "system" fn count(this: *mut IEventList) -> int32 {
    // SAFETY: the framework passes the list that has this function in its table.
    unsafe {
        let (host, table) = host(this);
        (table.getEventCount)(host)
    }
}

unsafe extern "system" fn event(this: *mut IEventList, index: int32, to: *mut Event) -> tresult {
    // SAFETY: as in `count`; a host that returns success has written the event.
    unsafe {
        let (host, table) = host(this);
        let result = (table.getEvent)(host, index, to);
        if result != kResultOk {
            // The framework reads the event all the same.
            to.write(std::mem::zeroed());
            (*to).r#type = NO_KIND;
            return kResultOk;
        }
        // The enumerations have another type on Windows.
        let is = |kind: u32, wanted: EventTypes| i64::from(kind) == i64::from(wanted);
        let data = &raw const (*to).__field0.data;
        if is((*to).r#type.into(), EventTypes_::kDataEvent)
            && is((*data).r#type, DataTypes_::kMidiSysEx)
            && (*data).bytes.is_null()
        {
            (*to).r#type = NO_KIND;
        }
        result
    }
}

/// A kind of event that VST3 does not define.
const NO_KIND: u16 = u16::MAX;

unsafe extern "system" fn refuse(_: *mut IEventList, _: *mut Event) -> tresult {
    kInvalidArgument
}

unsafe extern "system" fn no_interface(
    _: *mut FUnknown,
    _: *const TUID,
    _: *mut *mut c_void,
) -> tresult {
    kNoInterface
}

unsafe extern "system" fn one(_: *mut FUnknown) -> uint32 {
    1
}
