//! Areas of the window in which two frames differ.

use egui::epaint::ClippedShape;
use egui::{Rect, Shape};

/// Maximum number of shapes of either frame that are skipped to find equal ones again.
const LONGEST_SKIP: usize = 32;
/// Maximum number of changed shapes, and of pixels as a share of the window. Beyond them, drawing
/// the whole window costs less.
const MOST_SHAPES: usize = 256;
const MOST_PIXELS: f32 = 0.5;
/// Areas are merged if the area around both has at most this many times their pixels, and a few
/// more: each area has a cost of its own.
const MERGE_FACTOR: f32 = 1.25;
const MERGE_PIXELS: f32 = 256.0;
/// Width of the soft edge of shapes, in pixels.
const FEATHER: f32 = 2.0;

/// A rectangle of pixels of a window; the origin is at the top left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PixelArea {
    /// Left and top.
    pub min: [f32; 2],
    /// Right and bottom, exclusive.
    pub max: [f32; 2],
}

impl PixelArea {
    /// Smallest area around a rectangle in points; `None` if it is empty.
    fn around(rect: Rect, pixels_per_point: f32) -> Option<PixelArea> {
        let rect = rect * pixels_per_point;
        let area = PixelArea {
            min: [rect.min.x.floor(), rect.min.y.floor()],
            max: [rect.max.x.ceil(), rect.max.y.ceil()],
        };
        (area.pixels() > 0.0).then_some(area)
    }

    /// The area in points.
    pub(crate) fn rect(self, pixels_per_point: f32) -> Rect {
        Rect::from_min_max(self.min.into(), self.max.into()) / pixels_per_point
    }

    fn pixels(self) -> f32 {
        let side = |axis: usize| (self.max[axis] - self.min[axis]).max(0.0);
        side(0) * side(1)
    }

    fn with(self, other: PixelArea) -> PixelArea {
        PixelArea {
            min: std::array::from_fn(|axis| self.min[axis].min(other.min[axis])),
            max: std::array::from_fn(|axis| self.max[axis].max(other.max[axis])),
        }
    }

    fn overlaps(self, other: PixelArea) -> bool {
        (0..2).all(|axis| self.min[axis] < other.max[axis] && other.min[axis] < self.max[axis])
    }
}

/// Returns disjoint areas outside of which both frames have the same pixels, or `None` if the whole
/// window should be drawn. `window` is its rectangle in points.
pub(crate) fn changed_areas(
    before: &[ClippedShape],
    after: &[ClippedShape],
    window: Rect,
    pixels_per_point: f32,
) -> Option<Vec<PixelArea>> {
    let mut areas = Vec::new();
    for shape in changed_shapes(before, after)? {
        if matches!(shape.shape, Shape::Callback(_)) {
            return None;
        }
        areas.extend(PixelArea::around(drawn(shape, pixels_per_point, window), pixels_per_point));
    }
    let areas = merged(areas);
    let sum: f32 = areas.iter().map(|area| area.pixels()).sum();
    let whole = (window * pixels_per_point).area();
    (sum <= MOST_PIXELS * whole).then_some(areas)
}

/// Returns what a shape may draw in a rectangle, in points.
pub(crate) fn drawn(shape: &ClippedShape, pixels_per_point: f32, within: Rect) -> Rect {
    let rect = shape.transform_after_tessellation * shape.shape.visual_bounding_rect();
    rect.expand(FEATHER / pixels_per_point).intersect(shape.clip_rect).intersect(within)
}

/// Returns the shapes that only one of two frames has. The others are in the same order in both.
fn changed_shapes<'a>(
    before: &'a [ClippedShape],
    after: &'a [ClippedShape],
) -> Option<Vec<&'a ClippedShape>> {
    let (mut old, mut new) = (before, after);
    let mut changed = Vec::new();
    while let ([first, ..], [second, ..]) = (old, new) {
        let (skip_old, skip_new) = match first == second {
            true => (0, 0),
            false => skip(old, new)?,
        };
        changed.extend(old[..skip_old].iter().chain(&new[..skip_new]));
        if changed.len() > MOST_SHAPES {
            return None;
        }
        // After the skipped shapes both go on with equal ones, or end.
        old = old.get(skip_old + 1..).unwrap_or_default();
        new = new.get(skip_new + 1..).unwrap_or_default();
    }
    changed.extend(old.iter().chain(new));
    (changed.len() <= MOST_SHAPES).then_some(changed)
}

/// Smallest numbers of shapes to skip in two frames until both go on with an equal one, or end.
fn skip(old: &[ClippedShape], new: &[ClippedShape]) -> Option<(usize, usize)> {
    let meet = |&(in_old, in_new): &(usize, usize)| match (old.get(in_old), new.get(in_new)) {
        (Some(first), Some(second)) => first == second,
        (None, None) => in_old == old.len() && in_new == new.len(),
        _ => false,
    };
    (1..=2 * LONGEST_SKIP)
        .flat_map(|sum| (0..=sum).map(move |in_old| (in_old, sum - in_old)))
        .filter(|&(in_old, in_new)| in_old.max(in_new) <= LONGEST_SKIP)
        .find(meet)
}

/// Merges areas until they are disjoint and merging more would cost pixels.
fn merged(mut areas: Vec<PixelArea>) -> Vec<PixelArea> {
    let mut done = Vec::new();
    while let Some(mut area) = areas.pop() {
        let near = |other: &PixelArea| {
            let sum = area.pixels() + other.pixels();
            area.overlaps(*other) || area.with(*other).pixels() <= MERGE_FACTOR * sum + MERGE_PIXELS
        };
        if let Some(place) = areas.iter().position(near) {
            area = area.with(areas.swap_remove(place));
            areas.push(area);
        } else if let Some(place) = done.iter().position(near) {
            area = area.with(done.swap_remove(place));
            areas.push(area);
        } else {
            done.push(area);
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{Color32, pos2, vec2};

    const WINDOW: Rect = Rect { min: pos2(0.0, 0.0), max: pos2(400.0, 300.0) };

    fn square(x: f32, y: f32, color: Color32) -> ClippedShape {
        let rect = Rect::from_min_size(pos2(x, y), vec2(10.0, 10.0));
        ClippedShape::new(WINDOW, Shape::rect_filled(rect, 0.0, color))
    }

    fn row() -> Vec<ClippedShape> {
        (0..20).map(|number| square(20.0 * number as f32, 100.0, Color32::RED)).collect()
    }

    fn area(min: [f32; 2], max: [f32; 2]) -> PixelArea {
        PixelArea { min, max }
    }

    #[test]
    fn equal_frames_have_no_changed_areas() {
        assert_eq!(changed_areas(&row(), &row(), WINDOW, 1.0), Some(vec![]));
    }

    #[test]
    fn a_changed_shape_is_an_area_with_its_soft_edge() {
        let mut after = row();
        after[3] = square(60.0, 100.0, Color32::GREEN);
        let areas = changed_areas(&row(), &after, WINDOW, 1.0);
        assert_eq!(areas, Some(vec![area([58.0, 98.0], [72.0, 112.0])]));
        let doubled = changed_areas(&row(), &after, WINDOW, 2.0);
        assert_eq!(doubled, Some(vec![area([118.0, 198.0], [142.0, 222.0])]));
    }

    #[test]
    fn a_moved_shape_is_two_areas_and_an_inserted_one_is_one() {
        let playhead = |x: f32| {
            let mut frame = row();
            frame.insert(10, square(x, 0.0, Color32::WHITE));
            frame
        };
        let moved = changed_areas(&playhead(50.0), &playhead(300.0), WINDOW, 1.0);
        assert_eq!(moved.map(|areas| areas.len()), Some(2));
        let inserted = changed_areas(&row(), &playhead(50.0), WINDOW, 1.0);
        assert_eq!(inserted, Some(vec![area([48.0, 0.0], [62.0, 12.0])]));
        let removed = changed_areas(&playhead(50.0), &row(), WINDOW, 1.0);
        assert_eq!(removed, Some(vec![area([48.0, 0.0], [62.0, 12.0])]));
        let appended = [row(), vec![square(50.0, 0.0, Color32::WHITE)]].concat();
        let appended = changed_areas(&row(), &appended, WINDOW, 1.0);
        assert_eq!(appended, Some(vec![area([48.0, 0.0], [62.0, 12.0])]));
    }

    #[test]
    fn shapes_that_change_their_order_are_changed() {
        let (red, green) = (square(0.0, 0.0, Color32::RED), square(5.0, 5.0, Color32::GREEN));
        let (before, after) = ([red.clone(), green.clone()], [green, red]);
        let areas = changed_areas(&before, &after, WINDOW, 1.0).expect("a part");
        assert!(areas.iter().any(|area| area.rect(1.0).contains(pos2(7.0, 7.0))), "{areas:?}");
    }

    #[test]
    fn changes_of_half_the_window_draw_all_of_it() {
        let ground = |color: Color32| {
            let rect = Rect::from_min_size(WINDOW.min, vec2(400.0, 200.0));
            let shape = Shape::rect_filled(rect, 0.0, color);
            [vec![ClippedShape::new(WINDOW, shape)], row()].concat()
        };
        let areas = changed_areas(&ground(Color32::RED), &ground(Color32::BLUE), WINDOW, 1.0);
        assert_eq!(areas, None);
        assert_eq!(changed_areas(&[], &ground(Color32::RED), WINDOW, 1.0), None);
    }

    #[test]
    fn areas_are_disjoint() {
        let mut after = row();
        for number in [2, 3, 4, 9, 19] {
            after[number] = square(20.0 * number as f32, 104.0, Color32::GREEN);
        }
        let areas = changed_areas(&row(), &after, WINDOW, 1.5).expect("a part");
        for (number, one) in areas.iter().enumerate() {
            assert!(areas[..number].iter().all(|other| !one.overlaps(*other)), "{areas:?}");
        }
    }
}
