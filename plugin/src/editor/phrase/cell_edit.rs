//! Editing the grid: click toggles a cell, drag paints velocities, shift-click pins the cell as it
//! sounds, right click opens the menu. Lanes are widgets; their cells are exposed by
//! [`crate::editor::phrase::cell_keys`].

use std::collections::BTreeMap;

use egui::accesskit::Role;
use egui::{
    CursorIcon, PointerButton, Popup, Pos2, Rect, Response, Sense, Stroke, StrokeKind, Ui,
    WidgetInfo,
};
use groove::pattern::Hit;
use groove::pattern::drum::Drum;
use groove::take::pins::Pin;

use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::lane_headers;
use crate::editor::phrase::layout::{Cell, GridLayout, LANES, velocity_at};
use crate::editor::phrase::view::PhraseView;
use crate::editor::theme;
use crate::editor::widgets::hint_below;

/// Handles the pointer in the phrase drawn in `grid`.
pub(crate) fn edit(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    grid: &GridLayout,
    phrase: &PhraseView<'_>,
) {
    for (row, drum) in LANES.into_iter().enumerate() {
        let across = Rect::from_x_y_ranges(
            grid.steps.left()..=grid.next.rect.left(),
            grid.lane(row, grid.steps).y_range(),
        );
        let id = ui.make_persistent_id(("cells", row));
        let response = ui.interact(across, id, Sense::click_and_drag());
        response
            .widget_info(|| WidgetInfo::labeled(Role::Row, true, format!("{} lane", drum.name())));
        act(ui, view, grid, phrase, row, &response);
        lane_headers::menu(view, phrase, drum, &response, cell_asked(ui, grid, row, &response));
        describe(ui, grid, phrase, row, &response);
    }
}

fn act(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    grid: &GridLayout,
    phrase: &PhraseView<'_>,
    row: usize,
    response: &Response,
) {
    let at = response.interact_pointer_pos();
    let cell = at.and_then(|at| grid.cell_at(row, at.x));
    if response.clicked()
        && let Some(cell) = cell
    {
        if ui.input(|input| input.modifiers.shift) {
            view.edits.pin_as_heard(cell.place, cell.drum(), phrase.pattern_hit(cell));
        } else {
            toggle(view, phrase, cell);
        }
    }
    let painted_id = response.id.with("painted");
    if response.drag_started_by(PointerButton::Primary) {
        let origin = ui.input(|input| input.pointer.press_origin());
        let from = origin.and_then(|at| grid.cell_at(row, at.x)).or(cell);
        let from = from.map(|cell| cell.place);
        let painted = Painted { from, before: BTreeMap::new() };
        ui.data_mut(|data| data.insert_temp(painted_id, painted));
    }
    if response.dragged_by(PointerButton::Primary)
        && let (Some(at), Some(cell)) = (at, cell)
    {
        let velocity = velocity_at(view.scale, grid.lane(row, grid.steps), at.y);
        let mut painted: Painted = ui.data(|data| data.get_temp(painted_id)).unwrap_or_default();
        // A fast stroke paints every cell in between, including the one it started in.
        let from = painted.from.replace(cell.place).unwrap_or(cell.place);
        for place in from.min(cell.place)..=from.max(cell.place) {
            let Some(cell) = grid.cell_of(row, place) else { continue };
            let before = || phrase.pattern_hit(cell).unwrap_or(Hit::plain(velocity, 0));
            let before = *painted.before.entry(place).or_insert_with(before);
            let pin = Pin::Hit(before.with_velocity(velocity));
            view.edits.session_mut().pin(place, cell.drum(), Some(pin));
        }
        ui.data_mut(|data| data.insert_temp(painted_id, painted));
    }
}

/// Adds a hit to an empty cell, or silences a hit.
pub(super) fn toggle(view: &mut ViewContext<'_>, phrase: &PhraseView<'_>, cell: Cell) {
    let sounds = phrase.hit(cell.bar, cell.step, cell.drum()).is_some();
    view.edits.session_mut().toggle(cell.place, cell.drum(), sounds);
}

/// Cells that a drag has painted.
#[derive(Clone, Default)]
struct Painted {
    /// The latest one.
    from: Option<usize>,
    /// Their hits before the drag: scaling them anew in each frame would round the ratios of
    /// their strokes away.
    before: BTreeMap<usize, Hit>,
}

/// Returns the cell whose menu is open.
fn cell_asked(ui: &Ui, grid: &GridLayout, row: usize, response: &Response) -> Option<Cell> {
    let id = response.id.with("asked");
    if response.secondary_clicked() {
        let cell = response.interact_pointer_pos().and_then(|at| grid.cell_at(row, at.x));
        ui.data_mut(|data| data.insert_temp(id, cell.map(|cell| cell.place)));
    }
    let place = ui.data(|data| data.get_temp::<Option<usize>>(id)).flatten()?;
    grid.cell_of(row, place)
}

/// Highlights the cell under the pointer and describes it.
fn describe(ui: &Ui, grid: &GridLayout, phrase: &PhraseView<'_>, row: usize, response: &Response) {
    let at: Option<Pos2> = response.hover_pos();
    let Some(cell) = at.and_then(|at| grid.cell_at(row, at.x)) else { return };
    let open = Popup::is_any_open(ui.ctx());
    if open {
        return;
    }
    let stroke = Stroke::new(1.0, theme::BAR_LINE);
    let area = grid.cell(cell).shrink(1.0);
    ui.painter().rect_stroke(area, corners_of(area), stroke, StrokeKind::Inside);
    let drum: Drum = cell.drum();
    let mut text = phrase.describe(cell.bar, cell.step, drum);
    let state = match (phrase.pins.struck(cell.place), phrase.pins.silent(cell.place)) {
        (struck, _) if struck.contains(drum) => "Pinned: it is played in every take.",
        (_, silent) if silent.contains(drum) => "Pinned: it stays silent in every take.",
        _ => "",
    };
    for line in [
        state,
        "Click: on or off. Drag: velocity. Shift and click: pin it as it is. Right click: more.",
    ] {
        if !line.is_empty() {
            text.push_str("\n\n");
            text.push_str(line);
        }
    }
    // Below the cell, so that it stays visible.
    let response = response.clone().on_hover_cursor(CursorIcon::Default);
    hint_below(&response, grid.cell(cell), &text);
}

/// Returns the corners of an outlined cell.
pub(super) fn corners_of(area: Rect) -> egui::CornerRadius {
    egui::CornerRadius::from((area.width() / 4.0).min(3.0))
}
