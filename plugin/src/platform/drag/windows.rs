//! Dragging under Windows, with OLE.
//!
//! `DoDragDrop` follows the mouse until the button is released and runs the thread's message loop
//! meanwhile. Called while the window draws, it would draw recursively. The drag is therefore
//! posted to a hidden window on the same thread and runs when the thread returns to its message
//! loop.

use std::ffi::c_void;
use std::os::windows::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use egui::ColorImage;
use windows::Win32::Foundation::{
    COLORREF, DRAGDROP_S_CANCEL, DRAGDROP_S_DROP, DRAGDROP_S_USEDEFAULTCURSORS, HWND, LPARAM,
    LRESULT, POINT, S_OK, SIZE, WPARAM,
};
use windows::Win32::Graphics::Gdi::{
    BITMAPINFO, BITMAPINFOHEADER, CreateDIBSection, DIB_RGB_COLORS, DeleteObject, HBITMAP,
};
use windows::Win32::System::Com::{CLSCTX_INPROC_SERVER, CoCreateInstance, IDataObject};
use windows::Win32::System::Ole::{
    DROPEFFECT, DROPEFFECT_COPY, DROPEFFECT_NONE, DoDragDrop, IDropSource, IDropSource_Impl,
    OleInitialize,
};
use windows::Win32::System::SystemServices::{MK_LBUTTON, MODIFIERKEYS_FLAGS};
use windows::Win32::UI::Input::KeyboardAndMouse::{GetAsyncKeyState, VK_ESCAPE};
use windows::Win32::UI::Shell::{
    BHID_DataObject, CLSID_DragDropHelper, IDragSourceHelper, IShellItem,
    SHCreateItemFromParsingName, SHDRAGIMAGE,
};
use windows::Win32::UI::WindowsAndMessaging::{
    CreateWindowExW, DefWindowProcW, DestroyWindow, GWLP_USERDATA, GWLP_WNDPROC, HWND_MESSAGE,
    PostMessageW, SetWindowLongPtrW, WINDOW_EX_STYLE, WINDOW_STYLE, WM_APP,
};
use windows::core::{BOOL, HRESULT, PCWSTR, implement, w};

use super::drag_state::{DragReport, DragState, NO_TARGET, WindowId};

/// Message that starts the drag.
const WM_START_DRAG: u32 = WM_APP;

/// A running drag. It holds nothing: the drag checks by itself whether it was abandoned.
pub(super) struct PlatformDrag;

/// A drag that waits for the message loop.
struct PendingDrag {
    data: IDataObject,
    report: Arc<DragReport>,
}

impl PlatformDrag {
    pub(super) fn start(
        _origin: WindowId,
        file: &Path,
        picture: ColorImage,
        report: Arc<DragReport>,
    ) -> Result<Self, String> {
        post_drag(file, &picture, report)
            .map(|()| PlatformDrag)
            .map_err(|fault| format!("The clip could not be dragged: {}", fault.message()))
    }
}

fn post_drag(
    file: &Path,
    picture: &ColorImage,
    report: Arc<DragReport>,
) -> windows::core::Result<()> {
    let path: Vec<u16> = file.as_os_str().encode_wide().chain([0]).collect();
    // SAFETY: `path` is null-terminated and outlives the call. OLE may be initialised several times; it
    // stays initialised, because the window's drop target needs it, too.
    let data: IDataObject = unsafe {
        OleInitialize(None)?;
        let item: IShellItem = SHCreateItemFromParsingName(PCWSTR(path.as_ptr()), None)?;
        item.BindToHandler(None, &BHID_DataObject)?
    };
    // The drag also works without a picture.
    drop(attach_picture(picture, &data));
    let pending = Box::into_raw(Box::new(PendingDrag { data, report }));
    // SAFETY: the window is created, used and destroyed on this thread. It owns the pending drag,
    // which its procedure takes back once; on an error it is taken back here.
    unsafe {
        let created = CreateWindowExW(
            WINDOW_EX_STYLE::default(),
            w!("STATIC"),
            PCWSTR::null(),
            WINDOW_STYLE::default(),
            0,
            0,
            0,
            0,
            Some(HWND_MESSAGE),
            None,
            None,
            None,
        );
        let posted = created.and_then(|window| {
            SetWindowLongPtrW(window, GWLP_USERDATA, pending.expose_provenance().cast_signed());
            let procedure: unsafe extern "system" fn(_, _, _, _) -> _ = window_procedure;
            SetWindowLongPtrW(
                window,
                GWLP_WNDPROC,
                (procedure as *const c_void).addr().cast_signed(),
            );
            PostMessageW(Some(window), WM_START_DRAG, WPARAM(0), LPARAM(0))
                .inspect_err(|_| drop(DestroyWindow(window)))
        });
        posted.inspect_err(|_| drop(Box::from_raw(pending)))
    }
}

/// Procedure of the hidden window.
unsafe extern "system" fn window_procedure(
    window: HWND,
    message: u32,
    word: WPARAM,
    long: LPARAM,
) -> LRESULT {
    if message != WM_START_DRAG {
        // SAFETY: the arguments are passed on unchanged.
        return unsafe { DefWindowProcW(window, message, word, long) };
    }
    // SAFETY: the address was stored when the window was created and is taken once.
    let pending = unsafe { SetWindowLongPtrW(window, GWLP_USERDATA, 0) };
    if pending != 0 {
        let pending = std::ptr::with_exposed_provenance_mut::<PendingDrag>(pending.cast_unsigned());
        // SAFETY: as above; the address came from `Box::into_raw`.
        let PendingDrag { data, report } = *unsafe { Box::from_raw(pending) };
        let state = run_drag(&data, &report);
        report.set(state);
        // SAFETY: this thread created the window. An error means that it is gone.
        drop(unsafe { DestroyWindow(window) });
    }
    LRESULT(0)
}

/// Runs the drag until the button is released.
fn run_drag(data: &IDataObject, report: &Arc<DragReport>) -> DragState {
    let source: IDropSource = OleDropSource { report: Arc::clone(report) }.into();
    let mut effect = DROPEFFECT_NONE;
    // Discards a key press from before the drag.
    _ = escape_was_pressed();
    // SAFETY: both objects outlive the call.
    let result = unsafe { DoDragDrop(data, &source, DROPEFFECT_COPY, &mut effect) };
    let accepted = matches!(
        *report.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        DragState::Running { accepted: true }
    );
    match result {
        // Some hosts import a file and report that they did not.
        DRAGDROP_S_DROP if effect != DROPEFFECT_NONE || accepted => DragState::Delivered,
        DRAGDROP_S_DROP => DragState::Refused(NO_TARGET.to_owned()),
        DRAGDROP_S_CANCEL => DragState::Cancelled,
        fault => DragState::Refused(format!("The clip could not be dragged: {}", fault.message())),
    }
}

/// Returns `true` if Escape is down or was pressed since the last call. OLE does not see the key,
/// because baseview consumes the keys of its windows.
fn escape_was_pressed() -> bool {
    // SAFETY: the call only reads the state of a key.
    unsafe { GetAsyncKeyState(VK_ESCAPE.0.into()) != 0 }
}

/// Callbacks of OLE during the drag.
#[implement(IDropSource)]
struct OleDropSource {
    report: Arc<DragReport>,
}

impl IDropSource_Impl for OleDropSource_Impl {
    fn QueryContinueDrag(&self, escape: BOOL, keys: MODIFIERKEYS_FLAGS) -> HRESULT {
        if escape.as_bool() || escape_was_pressed() || self.report.is_abandoned() {
            DRAGDROP_S_CANCEL
        } else if keys.0 & MK_LBUTTON.0 == 0 {
            DRAGDROP_S_DROP
        } else {
            S_OK
        }
    }

    fn GiveFeedback(&self, effect: DROPEFFECT) -> HRESULT {
        self.report.set(DragState::Running { accepted: effect != DROPEFFECT_NONE });
        DRAGDROP_S_USEDEFAULTCURSORS
    }
}

/// Shows the picture beside the pointer.
fn attach_picture(picture: &ColorImage, data: &IDataObject) -> windows::core::Result<()> {
    let [Ok(width), Ok(height)] = picture.size.map(i32::try_from) else { return Ok(()) };
    let bitmap = bitmap(picture, width, height)?;
    let image = SHDRAGIMAGE {
        sizeDragImage: SIZE { cx: width, cy: height },
        ptOffset: POINT { x: -14, y: -14 },
        hbmpDragImage: bitmap,
        crColorKey: COLORREF(u32::MAX),
    };
    // SAFETY: the helper owns the bitmap after success; otherwise it is deleted here.
    unsafe {
        CoCreateInstance(&CLSID_DragDropHelper, None, CLSCTX_INPROC_SERVER)
            .and_then(|helper: IDragSourceHelper| helper.InitializeFromBitmap(&image, data))
            .inspect_err(|_| _ = DeleteObject(bitmap.into()))
    }
}

/// Converts the picture to a bitmap.
fn bitmap(picture: &ColorImage, width: i32, height: i32) -> windows::core::Result<HBITMAP> {
    let header = BITMAPINFOHEADER {
        biSize: u32::try_from(size_of::<BITMAPINFOHEADER>()).unwrap_or(0),
        biWidth: width,
        // Top-down rows.
        biHeight: -height,
        biPlanes: 1,
        biBitCount: 32,
        ..BITMAPINFOHEADER::default()
    };
    let info = BITMAPINFO { bmiHeader: header, ..BITMAPINFO::default() };
    let mut bits = std::ptr::null_mut();
    // SAFETY: the header describes as many pixels of four bytes as the picture has; the system
    // allocates them, and only this code writes there.
    unsafe {
        let bitmap = CreateDIBSection(None, &info, DIB_RGB_COLORS, &mut bits, None, 0)?;
        let pixels = picture.pixels.iter().map(|c| [c.b(), c.g(), c.r(), c.a()]);
        for (place, pixel) in pixels.enumerate() {
            bits.cast::<[u8; 4]>().add(place).write_unaligned(pixel);
        }
        Ok(bitmap)
    }
}
