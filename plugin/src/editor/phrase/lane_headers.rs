//! Lane headers: name, mute, solo and density, more buttons on hover, and the context menu of a
//! lane and its cells.

use egui::accesskit::Role;
use egui::{
    Align2, CornerRadius, CursorIcon, PointerButton, Popup, PopupCloseBehavior, Pos2, Rect,
    Response, Sense, Ui, WidgetInfo, pos2,
};
use groove::pattern::drum::Drum;
use groove::{Pitches, Step};
use nice_plug::params::Param as _;

use crate::editor::files::action::{Action, FilePurpose};
use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::cell_menu;
use crate::editor::phrase::layout::{Cell, GridLayout, HEADERS, LANES, RULER};
use crate::editor::phrase::view::PhraseView;
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{
    Button, ButtonStyle, Slider, hint_beside, letter_toggle, line, menu_item,
};
use crate::params::LaneParams;
use crate::params::controls::Controls;
use crate::session::clip_export::ExportOptions;

/// Draws the lanes and their headers.
pub(crate) fn show(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    grid: &GridLayout,
    phrase: &PhraseView<'_>,
) {
    let pitches = Controls::new(view.params).pitches.unwrap_or(Pitches::GENERAL_MIDI).lanes();
    for (row, drum) in LANES.into_iter().enumerate() {
        let lane = grid.lane(row, grid.lanes);
        if row.is_multiple_of(2) {
            ui.painter().rect_filled(lane, CornerRadius::ZERO, theme::PANEL);
        }
        header(ui, view, phrase, (drum, pitches[drum.index()]), lane);
    }
    held_lanes(ui, view, grid);
}

/// Width of the song's button above the headers, with its margins, in design points.
const SONG_BUTTON: f32 = 62.0;

/// Says beside the song's button which lanes are held, with a button that releases them.
fn held_lanes(ui: &mut Ui, view: &mut ViewContext<'_>, grid: &GridLayout) {
    let Some(drum) = view.edits.session().held_around() else { return };
    let (scale, top) = (view.scale, grid.lanes.top());
    let area = grid.lanes.with_min_y(top - scale.px(RULER)).with_max_y(top - scale.px(4.0));
    let area = area.with_max_x(area.left() + scale.px(HEADERS - 8.0));
    let area = area.with_min_x(area.left() + scale.px(SONG_BUTTON));
    let text = format!("Held: all but {}", drum.name());
    let font = scale.font(FontRole::Small);
    line(ui, area.left_center(), Align2::LEFT_CENTER, &text, font, theme::TEAL);
    let hint = "The other drums stay as they are while you try new parts for this one, until New take \
                or another style. ×: only your own pins stay.";
    let button = Button { name: "Release lanes", label: "×", style: ButtonStyle::Raised, hint };
    if button.show(ui, scale, area.with_min_x(area.right() - scale.px(24.0))) {
        view.edits.session_mut().release_lanes();
    }
}

/// A lane header as it is drawn.
struct LaneHeader<'a> {
    drum: Drum,
    params: &'a LaneParams,
    /// The whole lane, and its header.
    lane: Rect,
    area: Rect,
    held: bool,
    has_pins: bool,
    hovered: bool,
}

fn header(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    phrase: &PhraseView<'_>,
    (drum, pitch): (Drum, u8),
    lane: Rect,
) {
    let area = lane.with_max_x(lane.left() + view.scale.px(HEADERS - 4.0));
    let header = LaneHeader {
        drum,
        params: &view.params.lanes[drum.index()],
        lane,
        area,
        held: phrase.held.contains(drum),
        has_pins: phrase.pinned.contains(drum),
        hovered: ui.rect_contains_pointer(area) && !Popup::is_any_open(ui.ctx()),
    };
    let response = header.name(ui, view);
    if header.hovered {
        header.hover_buttons(ui, view, &phrase.steps);
    }
    header.controls(ui, view);
    menu(view, phrase, drum, &response, None);
    let hint = format!(
        "{}, sent as note {pitch}.\n\nDrag: the lane alone, as a clip. Right click: what can be done \
         with the lane.",
        drum.name()
    );
    hint_beside(&response.on_hover_cursor(CursorIcon::Grab), area, &hint);
}

impl LaneHeader<'_> {
    /// Returns a point on the header's centre line, in design points from its left edge.
    fn at(&self, scale: Scale, x: f32) -> Pos2 {
        pos2(self.lane.left() + scale.px(x), self.lane.center().y)
    }

    /// Returns the square of a button.
    fn button(&self, scale: Scale, x: f32) -> Rect {
        Rect::from_center_size(self.at(scale, x), scale.size(22.0, 22.0))
    }

    /// Draws the name, which is also the drag handle of the lane.
    fn name(&self, ui: &Ui, view: &mut ViewContext<'_>) -> Response {
        let LaneHeader { drum, params, lane, area, held, .. } = *self;
        let (scale, name, off) = (view.scale, drum.name(), params.off.value());
        let id = ui.make_persistent_id(("lane", drum.index()));
        let named = area.with_max_x(area.left() + scale.px(98.0));
        let response = ui.interact(named, id, Sense::click_and_drag());
        response.widget_info(|| {
            let state = match (held, off) {
                (true, _) => ", held",
                (false, true) => ", off",
                (false, false) => "",
            };
            WidgetInfo::labeled(Role::RowHeader, true, format!("{name}{state}"))
        });
        if held {
            ui.painter().rect_filled(lane, 0.0, theme::TEAL.gamma_multiply(0.1));
        }
        let colour = match (held, off) {
            (true, _) => theme::TEAL,
            (false, true) => theme::FAINT,
            (false, false) => theme::TEXT,
        };
        let font = scale.font(FontRole::Body);
        ui.painter().text(self.at(scale, 14.0), Align2::LEFT_CENTER, name, font, colour);
        if off {
            let ends = self.at(scale, 12.0).x..=self.at(scale, 96.0).x;
            ui.painter().hline(ends, lane.center().y, (scale.px(1.0), theme::FAINT));
        }
        if self.hovered {
            grip(ui, scale, self.at(scale, 7.0));
        }
        if response.drag_started_by(PointerButton::Primary) {
            let options = ExportOptions { lane: Some(drum), ..view.edits.options };
            view.asked = Some(Action::DragClip(options));
        }
        if self.has_pins && !self.hovered {
            ui.painter().circle_filled(self.at(scale, 122.0), scale.px(4.0), theme::TEAL);
        }
        response
    }

    /// Draws the buttons that appear on hover: pin or free the lane, and regenerate it.
    fn hover_buttons(&self, ui: &Ui, view: &mut ViewContext<'_>, steps: &[Step]) {
        let LaneHeader { drum, area, has_pins, .. } = *self;
        let (scale, name) = (view.scale, drum.name());
        let (what, label, style, hint) = if has_pins {
            let hint = "Removes all pins of this lane.";
            ("Unpin lane", "●", ButtonStyle::Selected, hint)
        } else {
            let hint = "Pins the whole lane as it is: new takes play around it.";
            ("Pin lane", "○", ButtonStyle::Flat, hint)
        };
        let pin = Button { name: &format!("{what}: {name}"), label, style, hint };
        if pin.show_in(ui, scale, self.button(scale, 112.0), area) {
            if has_pins {
                view.edits.session_mut().free_lane(drum);
            } else {
                view.edits.session_mut().keep_lane(drum, steps);
            }
        }
        let again = format!("New part: {name}");
        let style = ButtonStyle::Flat;
        let again = Button { name: &again, label: "↻", style, hint: REGENERATE };
        if again.show_in(ui, scale, self.button(scale, 134.0), area) {
            view.edits.regenerate_lane(drum, steps);
        }
    }

    /// Draws mute, solo and density.
    fn controls(&self, ui: &mut Ui, view: &ViewContext<'_>) {
        let LaneHeader { params, lane, area, has_pins, .. } = *self;
        let scale = view.scale;
        let hint = "Mutes the lane at once. The drummer still plays to it.";
        let names = [params.mute.name(), "M"];
        let mute = self.button(scale, 156.0);
        letter_toggle(ui, view, mute, &params.mute, names, theme::TEXT, (hint, area));
        let hint = "Only lanes with a lit S are heard.";
        let names = [params.solo.name(), "S"];
        let solo = self.button(scale, 178.0);
        letter_toggle(ui, view, solo, &params.solo, names, theme::AMBER, (hint, area));
        let ends = self.at(scale, 194.0).x..=self.at(scale, 230.0).x;
        let track = Rect::from_x_y_ranges(ends, lane.y_range().shrink(scale.px(4.0)));
        Slider {
            param: &params.density,
            name: params.density.name(),
            origin: 0.0,
            knob: false,
            colour: match (params.off.value(), has_pins) {
                (true, _) => theme::BAR_LINE,
                (false, true) => theme::TEAL,
                (false, false) => theme::AMBER,
            },
            hint: "Density of this lane. The drummer fits it to the other lanes.",
            beside: Some(area),
        }
        .show(ui, view, track);
    }
}

/// Tooltip of regenerating a lane.
const REGENERATE: &str =
    "A new part for this drum. The others are held until New take or another style.";

/// Draws a drag handle of six dots.
fn grip(ui: &Ui, scale: Scale, centre: Pos2) {
    for (x, y) in [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)] {
        let at = centre + scale.size(3.6 * (x as f32 - 0.5), 4.0 * (y as f32 - 1.0));
        ui.painter().circle_filled(at, scale.px(1.1), theme::MUTED);
    }
}

/// Draws the context menu of a lane, and of a cell if one was clicked.
pub(crate) fn menu(
    view: &mut ViewContext<'_>,
    phrase: &PhraseView<'_>,
    drum: Drum,
    response: &Response,
    cell: Option<Cell>,
) {
    let scale = view.scale;
    let popup = Popup::context_menu(response)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .gap(scale.px(4.0));
    popup.show(|ui| {
        if let Some(cell) = cell {
            cell_menu::entries(ui, view, phrase, cell);
        }
        lane_entries(ui, view, &phrase.steps, drum);
        export_entries(ui, view, drum);
    });
}

/// Draws the menu entries of a lane.
fn lane_entries(ui: &mut Ui, view: &mut ViewContext<'_>, steps: &[Step], drum: Drum) {
    let (scale, params) = (view.scale, &view.params.lanes[drum.index()]);
    for (by, name, label) in [
        (-1, "Earlier", "Move the lane a sixteenth earlier"),
        (1, "Later", "Move the lane a sixteenth later"),
    ] {
        let name = format!("{name} {}", drum.name());
        let hint = "Rotates the lane within the phrase and pins it.";
        if menu_item(ui, scale, &name, label, hint) {
            view.edits.session_mut().shift_lane(drum, steps, by);
        }
    }
    let lane = |what: &str| format!("{what} {}", drum.name());
    let hint = "New takes keep the whole lane.";
    if menu_item(ui, scale, &lane("Pin"), "Pin the lane as it is", hint) {
        view.edits.session_mut().keep_lane(drum, steps);
    }
    let hint = "The drummer decides what this lane plays.";
    if menu_item(ui, scale, &lane("Unpin"), "Unpin the lane", hint) {
        view.edits.session_mut().free_lane(drum);
    }
    if menu_item(ui, scale, "Unpin all", "Unpin all lanes", "Removes all pins.") {
        view.edits.session_mut().free_all();
    }
    if menu_item(ui, scale, &lane("Regenerate"), "New part for this lane", REGENERATE) {
        view.edits.regenerate_lane(drum, steps);
    }
    let hint = "The drummer plays without this drum, and the others accordingly. To silence it only \
                for now, mute it.";
    let off = if params.off.value() { "Use this drum" } else { "Leave this drum out" };
    if menu_item(ui, scale, params.off.name(), off, hint) {
        view.edits.set(&params.off, !params.off.value());
    }
}

/// Draws the menu entries that export a lane.
fn export_entries(ui: &mut Ui, view: &mut ViewContext<'_>, drum: Drum) {
    let options = ExportOptions { lane: Some(drum), ..view.edits.options };
    let hint =
        "Only this lane, with the options of the clip menu. You can also drag the lane's name.";
    for (name, label, purpose) in [
        ("Save MIDI", "Save the lane as .mid…", FilePurpose::Midi),
        ("Save sound", "Save the lane as .wav…", FilePurpose::Sound),
    ] {
        if menu_item(ui, view.scale, &format!("{name} {}", drum.name()), label, hint) {
            view.asked = Some(Action::PickFile(purpose, options));
        }
    }
}
