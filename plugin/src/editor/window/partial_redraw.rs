//! Draws only what has changed of a window that is rendered on the CPU.
//!
//! There a frame of the whole window takes ten times as long as one of the playhead. The framework
//! clears and draws the whole window, so the frame's shapes are replaced by those of the changed
//! areas, clipped to them, between two callbacks. The first one clears the areas. The second one
//! directs the framework's next `glClear` to no buffer; the first one directs drawing to the back
//! buffer again.
//!
//! That needs a back buffer with the last frame in it, which OpenGL does not promise. The second
//! callback therefore marks a pixel in the corner with a colour of the frame's own, hardly
//! different from the background, and the first one looks for it. If it is missing although the
//! size of the window is the same, all later frames are drawn whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use egui::epaint::ClippedShape;
use egui::{Context, FullOutput, PaintCallback, PaintCallbackInfo, Rect, Rgba, Shape};
use egui_glow::glow::{self, HasContext, PixelPackData};
use egui_glow::{CallbackFn, Painter};

use crate::editor::window::changed_areas::{PixelArea, changed_areas, drawn};

/// Number of colours of the mark.
const MARKS: u8 = 8;

/// Hook of egui that reduces a frame to the changes since the one before.
pub(crate) struct PartialRedraw {
    buffer: Arc<BackBuffer>,
    /// The last frame: shapes, the window's rectangle in points, and pixels per point.
    shown: Option<(Vec<ClippedShape>, Rect, f32)>,
}

/// Back buffer of the window, as the callbacks know it.
struct BackBuffer {
    /// Colour of the background.
    background: Rgba,
    /// Mark of the last frame: 0 before the first one, then 1 to [`MARKS`].
    mark: AtomicU8,
    /// It did not keep the last frame, or cannot be told to.
    unusable: AtomicBool,
}

impl PartialRedraw {
    pub(crate) fn new(background: Rgba) -> Self {
        let (mark, unusable) = (AtomicU8::new(0), AtomicBool::new(false));
        PartialRedraw { buffer: Arc::new(BackBuffer { background, mark, unusable }), shown: None }
    }
}

impl egui::Plugin for PartialRedraw {
    fn debug_name(&self) -> &'static str {
        "partial redraw"
    }

    fn output_hook(&mut self, context: &Context, output: &mut FullOutput) {
        if self.buffer.unusable.load(Ordering::Relaxed) {
            return;
        }
        let (window, pixels_per_point) = (context.content_rect(), output.pixels_per_point);
        let shapes = std::mem::take(&mut output.shapes);
        let areas = match &self.shown {
            Some((before, of, scale)) if (*of, *scale) == (window, pixels_per_point) => {
                changed_areas(before, &shapes, window, pixels_per_point)
            }
            _ => None,
        };
        output.shapes = match &areas {
            None => shapes.clone(),
            Some(areas) => areas
                .iter()
                .flat_map(|area| clipped_to(area.rect(pixels_per_point), &shapes, pixels_per_point))
                .collect(),
        };
        self.shown = Some((shapes, window, pixels_per_point));
        let callback = |run: CallbackFn| {
            let shape = Shape::Callback(PaintCallback { rect: window, callback: Arc::new(run) });
            ClippedShape::new(window, shape)
        };
        let (buffer, context) = (Arc::clone(&self.buffer), context.clone());
        let begin = CallbackFn::new(move |info, painter| {
            if buffer.begin(&info, painter, areas.as_deref()).is_none() {
                context.request_repaint();
            }
        });
        output.shapes.insert(0, callback(begin));
        let buffer = Arc::clone(&self.buffer);
        output.shapes.push(callback(CallbackFn::new(move |_, painter| buffer.end(painter))));
    }
}

/// The shapes that are visible in a rectangle, clipped to it.
fn clipped_to(
    rect: Rect,
    shapes: &[ClippedShape],
    pixels_per_point: f32,
) -> impl Iterator<Item = ClippedShape> {
    let is_visible =
        move |shape: &&ClippedShape| drawn(shape, pixels_per_point, rect).is_positive();
    shapes.iter().filter(is_visible).map(move |shape| ClippedShape {
        clip_rect: shape.clip_rect.intersect(rect),
        ..shape.clone()
    })
}

impl BackBuffer {
    /// Colour of a mark, as bytes.
    fn mark_color(&self, mark: u8) -> [u8; 3] {
        // Colours of OpenGL are the bytes that are shown.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let [red, green, blue] = [self.background.r(), self.background.g(), self.background.b()]
            .map(|part| (255.0 * part.clamp(0.0, 1.0)).round() as u8);
        [red, green, blue.saturating_add(mark)]
    }

    /// Begins a frame of these areas, or of the whole window: clears them. Returns `None` if the
    /// last frame is lost, so that the areas alone do not make a picture.
    fn begin(
        &self,
        info: &PaintCallbackInfo,
        painter: &Painter,
        areas: Option<&[PixelArea]>,
    ) -> Option<()> {
        let gl = painter.gl();
        let last = self.mark.load(Ordering::Relaxed);
        if gl.version().is_embedded {
            // It has no way to keep a clear from the buffer, so none has been kept from it.
            self.unusable.store(true, Ordering::Relaxed);
            return areas.is_none().then_some(());
        }
        let [width, height] = info.screen_size_px;
        let whole = [PixelArea { min: [0.0; 2], max: [width as f32, height as f32] }];
        let mut corner = [0; 4];
        // SAFETY: the painter calls this with its context current. `corner` has room for a pixel.
        unsafe {
            gl.draw_buffer(glow::BACK);
            if areas.is_some() {
                let to = PixelPackData::Slice(Some(&mut corner));
                gl.read_pixels(0, 0, 1, 1, glow::RGBA, glow::UNSIGNED_BYTE, to);
            }
            gl.clear_color(self.background.r(), self.background.g(), self.background.b(), 1.0);
            for area in areas.unwrap_or(&whole) {
                clear(gl, *area, height as f32);
            }
        }
        let is_kept = areas.is_none() || corner[..3] == self.mark_color(last);
        self.unusable.fetch_or(!is_kept, Ordering::Relaxed);
        is_kept.then_some(())
    }

    /// Ends a frame: marks it, and keeps the framework's next clear from the buffer.
    fn end(&self, painter: &Painter) {
        let gl = painter.gl();
        if self.unusable.load(Ordering::Relaxed) {
            return;
        }
        let mark = self.mark.load(Ordering::Relaxed) % MARKS + 1;
        self.mark.store(mark, Ordering::Relaxed);
        let [red, green, blue] = self.mark_color(mark).map(|part| f32::from(part) / 255.0);
        // SAFETY: as in `begin`.
        unsafe {
            gl.clear_color(red, green, blue, 1.0);
            clear(gl, PixelArea { min: [0.0; 2], max: [1.0; 2] }, 1.0);
            gl.draw_buffer(glow::NONE);
        }
    }
}

/// Clears an area of a window with a height in pixels.
///
/// # Safety
/// The context must be current.
#[expect(clippy::cast_possible_truncation)]
unsafe fn clear(gl: &glow::Context, area: PixelArea, height: f32) {
    let [left, top] = area.min;
    let [right, bottom] = area.max;
    // SAFETY: the caller's. OpenGL counts rows from the bottom.
    unsafe {
        gl.scissor(
            left as i32,
            (height - bottom) as i32,
            (right - left) as i32,
            (bottom - top) as i32,
        );
        gl.clear(glow::COLOR_BUFFER_BIT);
    }
}
