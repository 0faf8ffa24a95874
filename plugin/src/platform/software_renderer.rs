//! OpenGL implementations that render on the CPU, and the frame rate of windows with them.

use std::ffi::{CStr, c_char, c_uint, c_void};
use std::time::Duration;

use nice_plug_egui::baseview::WindowContext;

/// Parts of the names of such implementations: Mesa, SwiftShader, Windows and macOS.
const NAMES: [&str; 5] =
    ["llvmpipe", "softpipe", "SwiftShader", "GDI Generic", "Apple Software Renderer"];

/// Value of `GL_RENDERER` in the OpenGL registry.
const RENDERER: c_uint = 0x1f01;

/// Returns the time between the frames of a window while only its playhead and lights move; 0 for
/// the display's rate, which takes half of a core and more if the window is rendered on the CPU.
/// Must be called on the window's thread while its OpenGL context is not current.
pub(crate) fn frame_interval(window: &WindowContext) -> Duration {
    Duration::from_millis(if renders_on_cpu(window) { 60 } else { 0 })
}

fn renders_on_cpu(window: &WindowContext) -> bool {
    let Some(context) = window.gl_context() else { return false };
    let get_string = context.get_proc_address(c"glGetString");
    // SAFETY: the window's thread owns the context.
    if get_string.is_null() || unsafe { context.make_current() }.is_err() {
        return false;
    }
    // SAFETY: the function has this type in all versions of OpenGL.
    let get_string = unsafe {
        std::mem::transmute::<*const c_void, unsafe extern "system" fn(c_uint) -> *const c_char>(
            get_string,
        )
    };
    // SAFETY: a context is current. The text is null or ends with a zero, and lives as long as the
    // context.
    let name = unsafe {
        let name = get_string(RENDERER);
        (!name.is_null()).then(|| CStr::from_ptr(name).to_string_lossy().into_owned())
    };
    // SAFETY: as above. Drawing makes the context current again.
    drop(unsafe { context.make_not_current() });
    name.is_some_and(|name| NAMES.iter().any(|software| name.contains(software)))
}
