//! Dragging under macOS: the window's view starts a dragging session, and the system does the rest.
//! It shows the file's own icon beside the pointer.
//!
//! Two formats of the plugin may be loaded into one host, and Objective-C class names are global to
//! the process. The class is therefore created at run time, with a name unique to this library.

use std::ffi::{CString, c_void};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use egui::ColorImage;
use objc2::rc::Retained;
use objc2::runtime::{AnyClass, AnyObject, ClassBuilder, NSObject, ProtocolObject, Sel};
use objc2::{AnyThread as _, ClassType as _, MainThreadMarker, ProtocolType as _, msg_send, sel};
use objc2_app_kit::{
    NSDragOperation, NSDraggingItem, NSDraggingSource, NSEvent, NSEventModifierFlags, NSEventType,
    NSView, NSWorkspace,
};
use objc2_foundation::{NSArray, NSPoint, NSRect, NSSize, NSString, NSURL};

use super::drag_state::{DragReport, DragState, NO_TARGET, WindowId};

/// Width and height of the icon, in points.
const ICON: f64 = 48.0;
/// Instance variable that holds the report.
const REPORT: &std::ffi::CStr = c"deepPocketReport";

/// A running session. It holds nothing: a session cannot be cancelled, and its source frees itself
/// when it ends.
pub(super) struct PlatformDrag;

impl PlatformDrag {
    pub(super) fn start(
        origin: WindowId,
        file: &Path,
        _picture: ColorImage,
        report: Arc<DragReport>,
    ) -> Result<Self, String> {
        let failed = |why: &str| format!("The clip could not be dragged: {why}.");
        if MainThreadMarker::new().is_none() {
            return Err(failed("its window is not on the main thread"));
        }
        let path = file.to_str().ok_or_else(|| failed("its file has no readable name"))?;
        let view = std::ptr::with_exposed_provenance_mut::<NSView>(origin.number());
        // SAFETY: the number is the address of the view that draws now, on this thread.
        let view = unsafe { Retained::retain(view) }.ok_or_else(|| failed("it has no window"))?;
        let window = view.window().ok_or_else(|| failed("it has no window"))?;
        let class = class().ok_or_else(|| failed("the system has no class for it"))?;

        let path = NSString::from_str(path);
        let url = NSURL::fileURLWithPath(&path);
        let item = NSDraggingItem::initWithPasteboardWriter(
            NSDraggingItem::alloc(),
            ProtocolObject::from_ref(&*url),
        );
        let at = window.mouseLocationOutsideOfEventStream();
        let place = view.convertPoint_fromView(at, None);
        let frame = NSRect::new(
            NSPoint::new(place.x - ICON / 2.0, place.y - ICON / 2.0),
            NSSize::new(ICON, ICON),
        );
        let icon = NSWorkspace::sharedWorkspace().iconForFile(&path);
        // SAFETY: an item accepts an image as contents.
        unsafe { item.setDraggingFrame_contents(frame, Some(&icon)) };

        // The window may draw long after the mouse moved, so the event is created here.
        let event = NSEvent::mouseEventWithType_location_modifierFlags_timestamp_windowNumber_context_eventNumber_clickCount_pressure(
            NSEventType::LeftMouseDragged,
            at,
            NSEventModifierFlags::empty(),
            0.0,
            window.windowNumber(),
            None,
            0,
            1,
            1.0,
        );
        let event = event.ok_or_else(|| failed("the mouse is nowhere"))?;
        let source = source(class, report);
        // SAFETY: the class implements the methods that the protocol requires of a source.
        let source: &ProtocolObject<dyn NSDraggingSource> =
            unsafe { &*source.cast::<ProtocolObject<dyn NSDraggingSource>>() };
        view.beginDraggingSessionWithItems_event_source(
            &NSArray::from_slice(&[&*item]),
            &event,
            source,
        );
        Ok(PlatformDrag)
    }
}

/// Creates a dragging source that updates the report and frees itself when the session ends.
fn source(class: &'static AnyClass, report: Arc<DragReport>) -> *mut AnyObject {
    // SAFETY: the class does not override `new`.
    let source: *mut AnyObject = unsafe { msg_send![class, new] };
    if let Some(place) = class.instance_variable(REPORT) {
        // SAFETY: the variable was added as a pointer; the object is not shared yet.
        unsafe { *place.load_ptr::<*const c_void>(&*source) = Arc::into_raw(report).cast() };
    }
    source
}

/// Returns the class of dragging sources.
fn class() -> Option<&'static AnyClass> {
    static CLASS: OnceLock<Option<&'static AnyClass>> = OnceLock::new();
    *CLASS.get_or_init(|| {
        let image = (&raw const CLASS).addr();
        let name = CString::new(format!("DeepPocketClipSource{image:x}")).ok()?;
        let mut class = ClassBuilder::new(&name, NSObject::class())?;
        class.add_ivar::<*const c_void>(REPORT);
        if let Some(protocol) = <dyn NSDraggingSource>::protocol() {
            class.add_protocol(protocol);
        }
        let offers: extern "C-unwind" fn(_, _, _, _) -> _ = offers;
        let ended: extern "C-unwind" fn(_, _, _, _, _) = ended;
        // SAFETY: the functions have the signatures of the protocol's methods.
        unsafe {
            class.add_method(sel!(draggingSession:sourceOperationMaskForDraggingContext:), offers);
            class.add_method(sel!(draggingSession:endedAtPoint:operation:), ended);
        }
        Some(class.register())
    })
}

/// Allows copying only.
extern "C-unwind" fn offers(
    _this: &AnyObject,
    _command: Sel,
    _session: *mut AnyObject,
    _context: isize,
) -> NSDragOperation {
    NSDragOperation::Copy
}

/// Handles the end of the session.
extern "C-unwind" fn ended(
    this: &AnyObject,
    _command: Sel,
    _session: *mut AnyObject,
    _point: NSPoint,
    operation: NSDragOperation,
) {
    let Some(place) = this.class().instance_variable(REPORT) else { return };
    // SAFETY: the variable was added as a pointer, and only this thread uses the object.
    let kept = unsafe { place.load_ptr::<*const c_void>(this).replace(std::ptr::null()) };
    if kept.is_null() {
        return;
    }
    // SAFETY: the address came from `Arc::into_raw` and is taken back once.
    let report = unsafe { Arc::from_raw(kept.cast::<DragReport>()) };
    let held = NSEvent::pressedMouseButtons() & 1 != 0;
    report.set(if operation != NSDragOperation::None {
        DragState::Delivered
    } else if held {
        // The session ended while the button was down: Escape was pressed.
        DragState::Cancelled
    } else {
        DragState::Refused(NO_TARGET.to_owned())
    });
    // SAFETY: the object was created with one reference, released only here.
    drop(unsafe { Retained::from_raw((&raw const *this).cast_mut()) });
}
