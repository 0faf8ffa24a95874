//! The picture beside the pointer during a drag under X11.

use std::error::Error;

use egui::ColorImage;
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection as _;
use x11rb::protocol::shape::{self, ConnectionExt as _};
use x11rb::protocol::xproto::{
    ClipOrdering, ConnectionExt as _, CreateGCAux, CreateWindowAux, ImageFormat, ImageOrder,
    Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;

/// Creates the unmapped window with the picture. It passes pointer input through.
pub(super) fn picture_window(
    connection: &RustConnection,
    number: usize,
    picture: &ColorImage,
) -> Result<Option<Window>, Box<dyn Error>> {
    let screen = &connection.setup().roots[number];
    let order = connection.setup().image_byte_order;
    let size = picture.size.map(u16::try_from);
    let [Ok(width), Ok(height)] = size else { return Ok(None) };
    if screen.root_depth < 24 || order != ImageOrder::LSB_FIRST {
        return Ok(None);
    }
    let pixels = picture.pixels.iter().flat_map(|colour| [colour.b(), colour.g(), colour.r(), 255]);
    let pixels: Vec<u8> = pixels.collect();
    let [pixmap, context, window] =
        [connection.generate_id()?, connection.generate_id()?, connection.generate_id()?];
    let (root, depth) = (screen.root, screen.root_depth);
    connection.create_pixmap(depth, pixmap, root, width, height)?;
    connection.create_gc(context, pixmap, &CreateGCAux::new())?;
    let whole = ImageFormat::Z_PIXMAP;
    connection.put_image(whole, pixmap, context, width, height, 0, 0, 0, depth, &pixels)?;
    let look = CreateWindowAux::new().override_redirect(1).background_pixmap(pixmap);
    let (parent, class) = (COPY_DEPTH_FROM_PARENT, WindowClass::INPUT_OUTPUT);
    connection.create_window(parent, window, root, 0, 0, width, height, 0, class, 0, &look)?;
    let (set, input) = (shape::SO::SET, shape::SK::INPUT);
    // Without the shape extension the pointer may hit the picture.
    drop(connection.shape_rectangles(set, input, ClipOrdering::UNSORTED, window, 0, 0, &[]));
    connection.free_gc(context)?;
    connection.free_pixmap(pixmap)?;
    Ok(Some(window))
}
