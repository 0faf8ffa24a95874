//! Dragging a clip out of the window: its file, the picture beside the pointer, the cursor, and the
//! message after a failed drop.

use std::path::PathBuf;
use std::time::Duration;

use egui::{Color32, ColorImage, Context, CursorIcon, Rect, pos2, vec2};
use groove::Step;

use crate::editor::phrase::layout::LANES;
use crate::editor::status::Expiring;
use crate::editor::theme;
use crate::editor::window::shared::WindowShared;
use crate::platform::drag::{Drag, DragState};
use crate::project::folders::Folders;
use crate::session::clip_files;

/// Duration of a message, in seconds.
const SAID: f64 = 6.0;
/// Interval between polls of a running drag.
const PACE: Duration = Duration::from_millis(30);
/// Width and height of the picture, in points.
const PICTURE: [f32; 2] = [176.0, 64.0];

/// State of the last drag.
#[derive(Default)]
pub(crate) struct ClipDrag {
    message: Expiring<String>,
}

impl ClipDrag {
    /// Starts dragging a clip. `name` is the file name with extension, `bytes` its contents; the
    /// picture shows `steps`. Call it in the frame in which the gesture starts.
    pub(crate) fn take_up(
        &mut self,
        context: &Context,
        shared: &WindowShared,
        name: &str,
        bytes: &[u8],
        steps: &[Step],
    ) {
        let picture = picture(steps, context.pixels_per_point());
        let drag = shared
            .origin()
            .ok_or_else(|| "The clip cannot be dragged: the window is not open.".to_owned());
        let drag = drag.and_then(|origin| Drag::start(origin, &kept(name, bytes)?, picture));
        match drag {
            Ok(drag) => {
                self.message.clear();
                shared.set_drag(Some(drag));
                // The system captures the mouse from here on; the window does not see the release.
                if !cfg!(target_os = "linux") {
                    context.stop_dragging();
                    context.input_mut(|input| input.pointer = egui::PointerState::default());
                }
            }
            Err(sentence) => self.say(context, sentence),
        }
    }

    /// Shows a message for [`SAID`] seconds.
    pub(crate) fn say(&mut self, context: &Context, sentence: String) {
        self.message.set(sentence, context.input(|input| input.time) + SAID);
    }

    /// Polls the drag, once per frame. Returns the message to show, if any.
    pub(crate) fn look(&mut self, context: &Context, shared: &WindowShared) -> Option<&str> {
        match shared.drag_state() {
            None => {}
            Some(DragState::Running { accepted }) => {
                let shape = if accepted { CursorIcon::Copy } else { CursorIcon::NoDrop };
                context.set_cursor_icon(shape);
                context.request_repaint_after(PACE);
            }
            Some(DragState::Refused(sentence)) => {
                shared.set_drag(None);
                self.say(context, sentence);
            }
            Some(DragState::Delivered | DragState::Cancelled) => shared.set_drag(None),
        }
        let now = context.input(|input| input.time);
        self.message.current(context, now).map(String::as_str)
    }
}

/// Writes the file to drag.
fn kept(name: &str, bytes: &[u8]) -> Result<PathBuf, String> {
    let folders = Folders::for_user()
        .ok_or("The clip cannot be stored: the system reports no user folder.")?;
    clip_files::keep(&folders.clips, name, bytes)
}

/// Draws the steps as a small picture with `density` pixels per point.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size in pixels")]
fn picture(steps: &[Step], density: f32) -> ColorImage {
    let [width, height] = PICTURE.map(|points| (points * density).round().max(1.0));
    let mut image = ColorImage::filled([width as usize, height as usize], theme::AMBER);
    let whole = Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height));
    let inside = whole.shrink(density.max(1.0).round());
    fill(&mut image, inside, theme::RAISED);
    let room = inside.shrink(5.0 * density);
    let step_width = room.width() / steps.len().max(1) as f32;
    let lane_height = room.height() / LANES.len() as f32;
    for (place, step) in steps.iter().enumerate() {
        for (lane, drum) in LANES.into_iter().enumerate() {
            let Some(hit) = step.hit(drum) else { continue };
            let at = vec2((place as f32 + hit.offset()) * step_width, lane as f32 * lane_height);
            let size = vec2((step_width * 0.7).max(density), (lane_height * 0.7).max(density));
            fill(&mut image, Rect::from_min_size(room.min + at, size), theme::AMBER);
        }
    }
    image
}

/// Fills the part of a rectangle that lies within the image.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the image")]
fn fill(image: &mut ColorImage, rect: Rect, colour: Color32) {
    let [width, height] = image.size;
    let pixel = |place: f32, most: usize| (place.round().max(0.0) as usize).min(most);
    for y in pixel(rect.top(), height)..pixel(rect.bottom(), height) {
        let row = &mut image.pixels[y * width..][..width];
        row[pixel(rect.left(), width)..pixel(rect.right(), width)].fill(colour);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::{Bar, Drum, Hit, Meter};

    #[test]
    fn picture_places_each_hit_at_its_step_and_lane() {
        let mut bar = Bar::silent(Meter::FOUR_FOUR);
        let empty = picture(bar.steps(), 1.0);
        let amber = |image: &ColorImage, x: std::ops::Range<usize>, y: std::ops::Range<usize>| {
            let [width, _] = image.size;
            let inside = y.flat_map(|y| x.clone().map(move |x| (x, y)));
            inside.filter(|&(x, y)| image.pixels[y * width + x] == theme::AMBER).count()
        };
        assert_eq!(empty.size, [176, 64]);
        assert_eq!(amber(&empty, 1..175, 1..63), 0);
        bar.steps_mut()[8].set(Drum::Kick, Some(Hit::plain(100, 0)));
        let struck = picture(bar.steps(), 1.0);
        // The kick lane is the lowest one; step 8 starts in the middle.
        assert!(amber(&struck, 88..99, 52..58) > 20);
        assert_eq!(amber(&struck, 1..88, 1..63) + amber(&struck, 88..175, 1..50), 0);
        assert_eq!(picture(bar.steps(), 2.0).size, [352, 128]);
        assert_eq!(picture(&[], 1.0), empty);
    }
}
