//! Editing the grid by keys and by a screen reader. One cell has the keyboard; every cell is exposed
//! with its name, its velocity and its actions while an assistive tool is connected.

use egui::accesskit::{Action, ActionData, Role};
use egui::{Event, EventFilter, Id, Key, Response, Sense, Stroke, StrokeKind, Ui, WidgetInfo};
use groove::pattern::Hit;
use groove::take::pins::Pin;

use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::cell_edit::{corners_of, toggle};
use crate::editor::phrase::cell_menu;
use crate::editor::phrase::layout::{Cell, GridLayout, LANES};
use crate::editor::phrase::view::PhraseView;
use crate::editor::theme;

/// Change of velocity by a key or a step of a screen reader.
const LOUDER: i16 = 5;

/// Position of the cell with the keyboard: lane from the top, and step of the phrase.
#[derive(Clone, Copy)]
struct Cursor {
    row: usize,
    place: usize,
}

impl Default for Cursor {
    /// The first step of the lowest lane, the kick.
    fn default() -> Self {
        Cursor { row: LANES.len() - 1, place: 0 }
    }
}

/// Change of a cell.
#[derive(Clone, Copy)]
enum CellEdit {
    Toggle,
    /// Velocity, 0 to 127; 0 silences the cell.
    Velocity(u8),
    /// Another articulation or other strokes.
    Hit(Hit),
    /// Pins the cell as it sounds.
    Pin,
}

/// Handles keys and a screen reader in the phrase drawn in `grid`.
pub(crate) fn edit(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    grid: &GridLayout,
    phrase: &PhraseView<'_>,
) {
    let cursor_id = ui.make_persistent_id("cell with the keyboard");
    let cursor: Cursor = ui.data(|data| data.get_temp(cursor_id)).unwrap_or_default();
    let Some(mut cell) =
        grid.cell_of(cursor.row, cursor.place).or_else(|| grid.cell_of(cursor.row, 0))
    else {
        return;
    };
    if ui.memory(|memory| memory.has_focus(id_of(ui, cell))) {
        if let Some(to) = moved(ui, grid, cell) {
            cell = to;
            ui.memory_mut(|memory| memory.request_focus(id_of(ui, to)));
        } else if let Some(change) = pressed(ui, phrase, cell) {
            apply(view, phrase, cell, change);
        }
    }
    if let Some(asked) = expose(ui, view, grid, phrase, cell) {
        cell = asked;
        ui.memory_mut(|memory| memory.request_focus(id_of(ui, asked)));
    }
    let response = ui.interact(grid.cell(cell), id_of(ui, cell), Sense::focusable_noninteractive());
    tell(phrase, cell, &response);
    if response.has_focus() {
        let arrows = EventFilter {
            horizontal_arrows: true,
            vertical_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
        let area = grid.cell(cell).shrink(1.0);
        let stroke = Stroke::new(view.scale.px(1.5), theme::AMBER);
        ui.painter().rect_stroke(area, corners_of(area), stroke, StrokeKind::Inside);
    }
    ui.data_mut(|data| data.insert_temp(cursor_id, Cursor { row: cell.row, place: cell.place }));
}

fn id_of(ui: &Ui, cell: Cell) -> Id {
    ui.make_persistent_id(("cell", cell.row, cell.place))
}

/// Returns the cell that the pressed key moves to: arrows by a step or a lane, with Ctrl by a bar,
/// Home and End to the ends of the phrase.
fn moved(ui: &Ui, grid: &GridLayout, cell: Cell) -> Option<Cell> {
    let last = grid.columns.last().map_or(0, |bar| bar.first + bar.meter.steps() - 1);
    let bar_at = |bar: usize| grid.columns.get(bar).map_or(last, |column| column.first);
    let bars = ui.input(|input| input.modifiers.command);
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    let (row, place) = if pressed(Key::ArrowRight) {
        (cell.row, if bars { bar_at(cell.bar + 1) } else { (cell.place + 1).min(last) })
    } else if pressed(Key::ArrowLeft) {
        let before = if cell.step > 0 { cell.bar } else { cell.bar.saturating_sub(1) };
        (cell.row, if bars { bar_at(before) } else { cell.place.saturating_sub(1) })
    } else if pressed(Key::ArrowDown) {
        ((cell.row + 1).min(LANES.len() - 1), cell.place)
    } else if pressed(Key::ArrowUp) {
        (cell.row.saturating_sub(1), cell.place)
    } else if pressed(Key::Home) {
        (cell.row, 0)
    } else if pressed(Key::End) {
        (cell.row, last)
    } else {
        return None;
    };
    grid.cell_of(row, place)
}

/// Returns the change that the pressed key makes.
fn pressed(ui: &Ui, phrase: &PhraseView<'_>, cell: Cell) -> Option<CellEdit> {
    let pressed = |keys: &[Key]| ui.input(|input| keys.iter().any(|&key| input.key_pressed(key)));
    let struck = phrase.pattern_hit(cell);
    if pressed(&[Key::Space, Key::Enter]) {
        Some(CellEdit::Toggle)
    } else if pressed(&[Key::Delete, Key::Backspace]) {
        Some(CellEdit::Velocity(0))
    } else if pressed(&[Key::Plus, Key::Equals, Key::PageUp]) {
        Some(louder(struck, LOUDER))
    } else if pressed(&[Key::Minus, Key::PageDown]) {
        Some(louder(struck, -LOUDER))
    } else if pressed(&[Key::P]) {
        Some(CellEdit::Pin)
    } else {
        cell_menu::pressed(ui, phrase, cell).map(CellEdit::Hit)
    }
}

/// Returns a change of velocity; a hit stays audible.
fn louder(struck: Option<Hit>, by: i16) -> CellEdit {
    let now = i16::from(struck.map_or(cell_menu::STRUCK, |hit| hit.velocity));
    CellEdit::Velocity(u8::try_from((now + by).clamp(1, 127)).unwrap_or(1))
}

fn apply(view: &mut ViewContext<'_>, phrase: &PhraseView<'_>, cell: Cell, change: CellEdit) {
    let struck = phrase.pattern_hit(cell);
    let pin = match change {
        CellEdit::Toggle => return toggle(view, phrase, cell),
        CellEdit::Pin => return view.edits.pin_as_heard(cell.place, cell.drum(), struck),
        CellEdit::Velocity(0) => Pin::Silent,
        CellEdit::Velocity(velocity) => {
            Pin::Hit(struck.unwrap_or(Hit::plain(velocity, 0)).with_velocity(velocity))
        }
        CellEdit::Hit(hit) => Pin::Hit(hit),
    };
    view.edits.session_mut().pin(cell.place, cell.drum(), Some(pin));
}

/// Exposes the cells other than `cursor`, only while an assistive tool is connected, and does what it
/// asks for. Returns the cell that is given the keyboard.
fn expose(
    ui: &Ui,
    view: &mut ViewContext<'_>,
    grid: &GridLayout,
    phrase: &PhraseView<'_>,
    cursor: Cell,
) -> Option<Cell> {
    ui.ctx().accesskit_node_builder(ui.scope_id(), |_| ())?;
    let asks = ui.input(|input| {
        input.events.iter().any(|event| matches!(event, Event::AccessKitActionRequest(_)))
    });
    let mut focused = None;
    for row in 0..LANES.len() {
        for (bar, column) in grid.columns.iter().enumerate() {
            for step in 0..column.meter.steps() {
                let cell = Cell { row, bar, step, place: column.first + step };
                let id = id_of(ui, cell);
                if cell != cursor {
                    tell(phrase, cell, &ui.interact(grid.cell(cell), id, Sense::empty()));
                }
                if asks {
                    if ui.input(|input| input.has_accesskit_action_request(id, Action::Focus)) {
                        focused = Some(cell);
                    }
                    if let Some(change) = asked(ui, id, phrase.pattern_hit(cell)) {
                        apply(view, phrase, cell, change);
                    }
                }
            }
        }
    }
    focused
}

/// Returns the change of a cell that a screen reader asks for.
fn asked(ui: &Ui, id: Id, struck: Option<Hit>) -> Option<CellEdit> {
    ui.input(|input| {
        let has = |action| input.has_accesskit_action_request(id, action);
        let value =
            input.accesskit_action_requests(id, Action::SetValue).find_map(|request| match request
                .data
            {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "clamped"
                )]
                Some(ActionData::NumericValue(value)) => {
                    Some(value.clamp(0.0, 127.0).round() as u8)
                }
                _ => None,
            });
        if let Some(velocity) = value {
            Some(CellEdit::Velocity(velocity))
        } else if has(Action::Click) {
            Some(CellEdit::Toggle)
        } else if has(Action::Increment) {
            Some(louder(struck, LOUDER))
        } else {
            has(Action::Decrement).then(|| louder(struck, -LOUDER))
        }
    })
}

/// Names a cell: "Bar 2, beat 3 and, snare, ghost, velocity 34", and exposes its velocity.
fn tell(phrase: &PhraseView<'_>, cell: Cell, response: &Response) {
    let drum = cell.drum();
    let hit = phrase.hit(cell.bar, cell.step, drum);
    let text = || {
        let text = phrase.describe(cell.bar, cell.step, drum);
        text.lines().next().unwrap_or_default().to_owned()
    };
    response.widget_info(|| WidgetInfo::selected(Role::Cell, true, hit.is_some(), text()));
    response.ctx.accesskit_node_builder(response.id, |node| {
        let pins = phrase.pins;
        if pins.struck(cell.place).contains(drum) || pins.silent(cell.place).contains(drum) {
            node.set_description("pinned");
        }
        node.set_numeric_value(hit.map_or(0.0, |hit| f64::from(hit.velocity)));
        node.set_min_numeric_value(0.0);
        node.set_max_numeric_value(127.0);
        node.set_numeric_value_step(f64::from(LOUDER));
        for action in
            [Action::Click, Action::Focus, Action::SetValue, Action::Increment, Action::Decrement]
        {
            node.add_action(action);
        }
    });
}
