//! Receives files dropped on the window under Windows, with OLE.
//!
//! Works around: baseview registers a drop target of its own for each window, but egui-baseview drops
//! its drag events and declines every file. This target takes its place. baseview revokes whatever
//! target the window has before it destroys the window, so nothing needs to be undone.
//!
//! Upstream: egui-baseview, `on_event` in `window.rs`; report 5 of `docs/upstream.md`. Delete this
//! module once dropped files reach `egui::RawInput::dropped_files`.

use std::ffi::{OsString, c_void};
use std::os::windows::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use egui::Context;
use egui::mutex::Mutex;
use windows::Win32::Foundation::{HWND, POINT, POINTL, RECT};
use windows::Win32::Graphics::Gdi::ScreenToClient;
use windows::Win32::System::Com::{DVASPECT_CONTENT, FORMATETC, IDataObject, TYMED_HGLOBAL};
use windows::Win32::System::Ole::{
    CF_HDROP, DROPEFFECT, DROPEFFECT_COPY, DROPEFFECT_NONE, IDropTarget, IDropTarget_Impl,
    RegisterDragDrop, ReleaseStgMedium, RevokeDragDrop,
};
use windows::Win32::System::SystemServices::MODIFIERKEYS_FLAGS;
use windows::Win32::UI::Shell::{DragQueryFileW, HDROP};
use windows::Win32::UI::WindowsAndMessaging::GetClientRect;
use windows::core::{Ref, Result, implement};

use crate::platform::drag::WindowId;
use crate::platform::file_drops::{FileDrops, HoveredFiles};

/// Number that asks for the count of files instead of a file.
const COUNT: u32 = u32::MAX;

/// Receives files that are dropped on a window from now on. Call it on the window's thread, after
/// baseview has registered its drop target. On an error the window is no worse off than without it.
pub(crate) fn receive(window: WindowId, drops: Arc<FileDrops>, context: Context) {
    // A drag that hovered over an earlier window has not reported its end.
    drops.set_hovered(None);
    let window = HWND(std::ptr::with_exposed_provenance_mut::<c_void>(window.number()));
    let target = OleReceiver { window, drops, context, files: Mutex::default() };
    let target: IDropTarget = target.into();
    // SAFETY: the window was just created on this thread. OLE holds a reference to the target until
    // it is revoked.
    let registered =
        unsafe { RevokeDragDrop(window).and_then(|()| RegisterDragDrop(window, &target)) };
    drop(registered);
}

/// Drop target of a window.
#[implement(IDropTarget)]
struct OleReceiver {
    window: HWND,
    drops: Arc<FileDrops>,
    /// Requests the frame that shows a change.
    context: Context,
    /// Files of the running drag, which OLE names only when it enters and when it drops.
    files: Mutex<Vec<PathBuf>>,
}

impl OleReceiver {
    /// Returns the files of the running drag at a position on the screen; `None` if it has no files or
    /// is outside.
    fn hovered(&self, at: POINTL) -> Option<HoveredFiles> {
        let files = self.files.lock().clone();
        let at = self.position_in_window(at)?;
        (!files.is_empty()).then_some(HoveredFiles { files, at })
    }

    /// Converts a screen position to a position in the window.
    fn position_in_window(&self, at: POINTL) -> Option<[f32; 2]> {
        let mut here = POINT { x: at.x, y: at.y };
        let mut area = RECT::default();
        // SAFETY: both calls write into the variables that they are given; a window that is gone is an
        // error.
        unsafe {
            if !ScreenToClient(self.window, &raw mut here).as_bool() {
                return None;
            }
            GetClientRect(self.window, &raw mut area).ok()?;
        }
        let at =
            [here.x as f32 / area.right.max(1) as f32, here.y as f32 / area.bottom.max(1) as f32];
        at.iter().all(|share| (0.0..1.0).contains(share)).then_some(at)
    }

    /// Shows the files at a position, and writes whether they can be dropped there over the effects
    /// that the source allows.
    ///
    /// # Safety
    /// `effect` must be valid.
    unsafe fn update_position(&self, at: POINTL, effect: *mut DROPEFFECT) {
        let hovered = self.hovered(at);
        // SAFETY: the caller guarantees it.
        unsafe { answer(hovered.is_some(), effect) };
        if self.drops.set_hovered(hovered) {
            self.context.request_repaint();
        }
    }
}

/// Writes whether files can be copied over the effects that the source allows; returns it too.
///
/// # Safety
/// `effect` must be valid.
unsafe fn answer(takes: bool, effect: *mut DROPEFFECT) -> bool {
    // SAFETY: the caller guarantees it.
    unsafe {
        let takes = takes && (*effect).contains(DROPEFFECT_COPY);
        *effect = if takes { DROPEFFECT_COPY } else { DROPEFFECT_NONE };
        takes
    }
}

impl IDropTarget_Impl for OleReceiver_Impl {
    fn DragEnter(
        &self,
        data: Ref<IDataObject>,
        _keys: MODIFIERKEYS_FLAGS,
        at: &POINTL,
        effect: *mut DROPEFFECT,
    ) -> Result<()> {
        *self.files.lock() = data.as_ref().map(files).unwrap_or_default();
        // SAFETY: OLE passes a valid address.
        unsafe { self.update_position(*at, effect) };
        Ok(())
    }

    fn DragOver(
        &self,
        _keys: MODIFIERKEYS_FLAGS,
        at: &POINTL,
        effect: *mut DROPEFFECT,
    ) -> Result<()> {
        // SAFETY: OLE passes a valid address.
        unsafe { self.update_position(*at, effect) };
        Ok(())
    }

    fn DragLeave(&self) -> Result<()> {
        self.files.lock().clear();
        self.drops.set_hovered(None);
        self.context.request_repaint();
        Ok(())
    }

    fn Drop(
        &self,
        data: Ref<IDataObject>,
        _keys: MODIFIERKEYS_FLAGS,
        at: &POINTL,
        effect: *mut DROPEFFECT,
    ) -> Result<()> {
        *self.files.lock() = data.as_ref().map(files).unwrap_or_default();
        let dropped = self.hovered(*at);
        self.files.lock().clear();
        self.drops.set_hovered(None);
        // SAFETY: OLE passes a valid address.
        if unsafe { answer(dropped.is_some(), effect) }
            && let Some(dropped) = dropped
        {
            self.drops.set_dropped(dropped);
        }
        self.context.request_repaint();
        Ok(())
    }
}

/// Returns the files that a drag carries.
fn files(data: &IDataObject) -> Vec<PathBuf> {
    let format = FORMATETC {
        cfFormat: CF_HDROP.0,
        ptd: std::ptr::null_mut(),
        dwAspect: DVASPECT_CONTENT.0,
        lindex: -1,
        tymed: TYMED_HGLOBAL.0.cast_unsigned(),
    };
    // SAFETY: the format outlives the call. The medium is a handle of a list of files, as asked, and
    // is released after its last use.
    unsafe {
        let Ok(mut medium) = data.GetData(&raw const format) else { return Vec::new() };
        let list = HDROP(medium.u.hGlobal.0);
        let paths = (0..DragQueryFileW(list, COUNT, None)).map(|place| path(list, place)).collect();
        ReleaseStgMedium(&raw mut medium);
        paths
    }
}

/// Returns a file of a list.
///
/// # Safety
/// The list must not be released yet.
unsafe fn path(list: HDROP, place: u32) -> PathBuf {
    // SAFETY: the caller guarantees that the list is there; the calls write no more than fits.
    let text = unsafe {
        let length = DragQueryFileW(list, place, None) as usize;
        // The terminating null is written too.
        let mut text = vec![0; length + 1];
        let written = DragQueryFileW(list, place, Some(&mut text)) as usize;
        text.truncate(written);
        text
    };
    PathBuf::from(OsString::from_wide(&text))
}
