//! Lane headers: name, mute, solo and density, more buttons on hover, and the context menu of a
//! lane and its cells.

use egui::accesskit::Role;
use egui::{
    Align2, CornerRadius, CursorIcon, PointerButton, Popup, PopupCloseBehavior, Pos2, Rect,
    Response, Sense, Ui, WidgetInfo, pos2, vec2,
};
use groove::drum::{Drum, DrumSet};
use nice_plug::params::Param as _;

use crate::editor::files::picker::{Action, FilePurpose};
use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::layout::{Cell, GridLayout, HEADERS, LANES};
use crate::editor::phrase::view::PhraseView;
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{Button, ButtonStyle, Slider, hint_beside, letter_toggle, menu_item};
use crate::params::controls::Controls;
use crate::session::clip_export::ExportOptions;

/// Draws the lanes and their headers.
pub(crate) fn show(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    grid: &GridLayout,
    phrase: &PhraseView<'_>,
) {
    for (row, drum) in LANES.into_iter().enumerate() {
        let lane = grid.lane(row, grid.lanes);
        if row.is_multiple_of(2) {
            ui.painter().rect_filled(lane, CornerRadius::ZERO, theme::PANEL);
        }
        header(ui, view, phrase, drum, lane);
    }
}

/// Returns the drums with at least one pinned cell.
fn pinned(phrase: &PhraseView<'_>) -> DrumSet {
    let steps = phrase.meters().iter().map(|meter| meter.steps()).sum();
    let at = |place| [phrase.pins.struck(place), phrase.pins.silent(place)];
    (0..steps).flat_map(at).flat_map(|drums| drums.iter().collect::<Vec<_>>()).collect()
}

fn header(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    phrase: &PhraseView<'_>,
    drum: Drum,
    lane: Rect,
) {
    let scale = view.scale;
    let params = &view.params.lanes[drum.index()];
    let name = drum.name();
    let (held, off) = (phrase.held.contains(drum), params.off.value());
    let has_pins = pinned(phrase).contains(drum);
    let area = lane.with_max_x(lane.left() + scale.px(HEADERS - 4.0));
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
    let at = |x: f32| pos2(lane.left() + scale.px(x), lane.center().y);
    let colour = match (held, off) {
        (true, _) => theme::TEAL,
        (false, true) => theme::MUTED.gamma_multiply(0.6),
        (false, false) => theme::TEXT,
    };
    ui.painter().text(at(14.0), Align2::LEFT_CENTER, name, scale.font(FontRole::Body), colour);
    if off {
        let ends = lane.left() + scale.px(12.0)..=lane.left() + scale.px(96.0);
        ui.painter().hline(
            ends,
            lane.center().y,
            (scale.px(1.0), theme::MUTED.gamma_multiply(0.6)),
        );
    }
    let hovered = ui.rect_contains_pointer(area) && !Popup::is_any_open(ui.ctx());
    if hovered {
        grip(ui, scale, at(7.0));
    }
    if response.drag_started_by(PointerButton::Primary) {
        view.asked =
            Some(Action::DragClip(ExportOptions { lane: Some(drum), ..view.edits.options }));
    }
    if has_pins && !hovered {
        ui.painter().circle_filled(at(122.0), scale.px(4.0), theme::TEAL);
    }

    let button = |x: f32| Rect::from_center_size(at(x), vec2(scale.px(22.0), scale.px(22.0)));
    let steps = phrase.steps();
    if hovered {
        let keep = if has_pins { "Free lane" } else { "Pin lane" };
        let (label, look) =
            if has_pins { ("●", ButtonStyle::Selected) } else { ("○", ButtonStyle::Flat) };
        let hint = if has_pins {
            "Frees everything that is pinned in this lane."
        } else {
            "Pins the whole lane as it is: new takes play around it."
        };
        let keep = format!("{keep}: {name}");
        let pin = Button { name: &keep, label, style: look, hint };
        if pin.show_in(ui, scale, button(112.0), area) {
            if has_pins {
                view.edits.session_mut().free_lane(drum);
            } else {
                view.edits.session_mut().keep_lane(drum, &steps);
            }
        }
        let again = format!("New lane: {name}");
        let hint = "Plays only this lane anew; all the others stay as they are.";
        let again = Button { name: &again, label: "↻", style: ButtonStyle::Flat, hint };
        if again.show_in(ui, scale, button(134.0), area) {
            view.edits.regenerate_lane(drum, &steps);
        }
    }
    let mute = "Not heard, at once. The drummer plays on as if it were there.";
    let names = [params.mute.name(), "M"];
    letter_toggle(ui, view, button(156.0), &params.mute, names, theme::TEXT, (mute, area));
    let solo = "Only lanes with a lit S are heard.";
    let names = [params.solo.name(), "S"];
    letter_toggle(ui, view, button(178.0), &params.solo, names, theme::AMBER, (solo, area));
    let track =
        Rect::from_x_y_ranges(at(194.0).x..=at(230.0).x, lane.y_range().shrink(scale.px(4.0)));
    Slider {
        param: &params.density,
        name: params.density.name(),
        origin: 0.0,
        knob: false,
        colour: if off {
            theme::BAR_LINE
        } else if has_pins {
            theme::TEAL
        } else {
            theme::AMBER
        },
        hint: "How busy this lane is. The drummer plays it to what the others play.",
        beside: Some(area),
    }
    .show(ui, view, track);
    menu(view, phrase, drum, &response, None);
    let hint = format!(
        "{name}, sent as note {}.\n\nDrag: the lane alone, as a clip. Right click: what can be done \
         with the lane.",
        Controls::new(view.params).pitches.unwrap_or(Drum::PITCHES)[drum.index()]
    );
    hint_beside(&response.on_hover_cursor(CursorIcon::Grab), area, &hint);
}

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
        let name = drum.name();
        if let Some(cell) = cell {
            let hit = phrase.hit(cell.bar, cell.step, drum);
            let (struck, silent) = (phrase.pins.struck(cell.place), phrase.pins.silent(cell.place));
            if struck.contains(drum) || silent.contains(drum) {
                let hint = "The drummer decides again what is played here.";
                if menu_item(ui, scale, "Free cell", "Free this cell", hint) {
                    view.edits.session_mut().pin(cell.place, drum, None);
                }
            } else if menu_item(
                ui,
                scale,
                "Pin cell",
                "Pin this cell as it is",
                "New takes keep it.",
            ) {
                view.edits.pin_as_heard(cell.place, drum, hit);
            }
        }
        let params = &view.params.lanes[drum.index()];
        let steps = phrase.steps();
        for (by, name, label) in [
            (-1, "Earlier", "Move the lane a sixteenth earlier"),
            (1, "Later", "Move the lane a sixteenth later"),
        ] {
            let name = format!("{name} {}", drum.name());
            if menu_item(
                ui,
                scale,
                &name,
                label,
                "The lane goes round the phrase, and is pinned so.",
            ) {
                view.edits.session_mut().shift_lane(drum, &steps, by);
            }
        }
        let lane = |what: &str| format!("{what} {name}");
        if menu_item(
            ui,
            scale,
            &lane("Pin"),
            "Pin the lane as it is",
            "New takes keep the whole lane.",
        ) {
            view.edits.session_mut().keep_lane(drum, &steps);
        }
        let hint = "The drummer decides again what is played in this lane.";
        if menu_item(ui, scale, &lane("Free"), "Free the lane", hint) {
            view.edits.session_mut().free_lane(drum);
        }
        if menu_item(ui, scale, "Free all", "Free all lanes", "Nothing is pinned any more.") {
            view.edits.session_mut().free_all();
        }
        let hint = "Plays only this lane anew; all the others stay as they are.";
        if menu_item(ui, scale, &lane("Renew"), "Play the lane anew", hint) {
            view.edits.regenerate_lane(drum, &steps);
        }
        let hint = "The drummer does without this drum, and plays the others accordingly. To hear \
                    less of it only for now, mute it.";
        let off = if params.off.value() { "Use the drum again" } else { "Do without the drum" };
        if menu_item(ui, scale, params.off.name(), off, hint) {
            view.edits.set(&params.off, !params.off.value());
        }
        let options = ExportOptions { lane: Some(drum), ..view.edits.options };
        let hint =
            "The lane alone, as what the clip's own menu says. Its name can be dragged, too.";
        for (name, label, purpose) in [
            (lane("Save MIDI"), "Save the lane as .mid…", FilePurpose::Midi),
            (lane("Save sound"), "Save the lane as .wav…", FilePurpose::Sound),
        ] {
            if menu_item(ui, scale, &name, label, hint) {
                view.asked = Some(Action::PickFile(purpose, options));
            }
        }
    });
}
