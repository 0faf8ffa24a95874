//! Output drawer: drum map, channels, note pass-through, and playing without the host.

use egui::{Align2, Rect, Ui, pos2, vec2};
use groove::Drum;
use groove::drum::CLASSES;
use groove::output::MAPS;
use nice_plug::params::Param as _;

use crate::editor::header::line;
use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::layout::LANES;
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{Button, ButtonStyle, Field, List, choices_of, switch};
use crate::params::controls::Controls;

/// Height and pitch of a row, in design points.
const ROW: [f32; 2] = [28.0, 35.0];

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect) {
    let (scale, params) = (view.scale, view.params);
    let output = &params.output;
    let row = |top: f32| {
        let top = inside.top() + scale.px(top);
        Rect::from_x_y_ranges(inside.x_range(), top..=top + scale.px(ROW[0]))
    };
    let said = |ui: &Ui, rect: Rect, text: &str| {
        let at = pos2(rect.left(), rect.center().y);
        line(ui, at, Align2::LEFT_CENTER, text, scale.font(FontRole::Small), theme::MUTED);
        rect.with_min_x(rect.left() + scale.px(66.0))
    };
    let place = said(ui, row(0.0), "Drum map");
    let [chosen, usual] = choices_of(&output.map);
    let maps: Vec<String> = MAPS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let hint = "The notes that your drum instrument expects.";
    let list =
        List { name: "Drum map", choices: &maps, chosen, usual, columns: 1, column: 240.0, hint };
    let remember = place.with_min_x(place.right() - scale.px(86.0));
    let place = place.with_max_x(remember.left() - scale.px(6.0));
    if let Some(choice) = list.show(ui, scale, place) {
        view.edits.set(&output.map, i32::try_from(choice).unwrap_or(0));
    }
    let hint = "New instances begin with this map. Projects that you have keep theirs.";
    let name = "Remember this map for new instances";
    let button = Button { name, label: "Remember", style: ButtonStyle::Raised, hint };
    if button.show(ui, scale, remember) {
        view.edits.session_mut().save_default_map();
    }

    // The map itself, one field per drum in lane order.
    let own = chosen + 1 == MAPS.len();
    let pitches = Controls::new(params).pitches.unwrap_or(Drum::PITCHES);
    for (drum, field) in named(ui, scale, inside.with_min_y(row(ROW[1]).top())) {
        let param = &params.lanes[drum.index()].pitch;
        if own {
            Field {
                param,
                name: param.name(),
                shown: param.value().to_string(),
                turns: true,
                hint: "The MIDI note of this drum.",
            }
            .show(ui, view, field);
        } else {
            let pitch = pitches[drum.index()].to_string();
            let font = scale.font(FontRole::Small);
            ui.painter().text(field.center(), Align2::CENTER_CENTER, pitch, font, theme::TEXT);
        }
    }

    let place = said(ui, row(140.0), "Channel");
    let [chosen, usual] = choices_of(&params.channel);
    let channels: Vec<String> = (1..=16).map(|channel: u8| channel.to_string()).collect();
    let hint = "The MIDI channel of the notes. Most drum kits listen on 10.";
    let list =
        List { name: "Channel", choices: &channels, chosen, usual, columns: 4, column: 44.0, hint };
    if let Some(choice) = list.show(ui, scale, place.with_max_x(place.left() + scale.px(80.0))) {
        view.edits.set(&params.channel, i32::try_from(choice + 1).unwrap_or(10));
    }
    let through = place.with_min_x(place.left() + scale.px(104.0));
    let hint = "Notes that you play and that mean no drum are passed on.";
    switch(ui, view, through, &output.through, ["Through", "Pass other notes"], hint);

    let caption = "Channels of single drums; the dash is the common one";
    line(
        ui,
        row(140.0 + ROW[1]).left_center(),
        Align2::LEFT_CENTER,
        caption,
        scale.font(FontRole::Small),
        theme::MUTED,
    );
    for (drum, field) in named(ui, scale, inside.with_min_y(row(202.0).top())) {
        let param = &params.routes[drum.index()].channel;
        Field {
            param,
            name: param.name(),
            shown: match param.value() {
                0 => "–".to_owned(),
                own => own.to_string(),
            },
            turns: true,
            hint: "The MIDI channel of this drum alone; 0 is the common one.",
        }
        .show(ui, view, field);
    }

    let hint = "It plays while the host stands, at its own tempo.";
    let free = row(308.0);
    switch(ui, view, free, &output.free_run, ["Free run", "Play without the host"], hint);
    Field {
        param: &output.free_tempo,
        name: "Free tempo",
        shown: output.free_tempo.to_string(),
        turns: true,
        hint: "The tempo while the host stands.",
    }
    .show(ui, view, free.with_min_x(free.right() - scale.px(110.0)));
}

/// Draws the drum names in lane order, three in a row, and returns the space beside each name.
fn named(ui: &Ui, scale: Scale, area: Rect) -> [(Drum, Rect); CLASSES] {
    let cell = vec2((area.width() - scale.px(16.0)) / 3.0, scale.px(28.0));
    std::array::from_fn(|place| {
        let corner = vec2(
            (cell.x + scale.px(8.0)) * (place % 3) as f32,
            (cell.y + scale.px(5.0)) * (place / 3) as f32,
        );
        let whole = Rect::from_min_size(area.min + corner, cell);
        let at = pos2(whole.left(), whole.center().y);
        let drum = LANES[place];
        line(ui, at, Align2::LEFT_CENTER, drum.name(), scale.font(FontRole::Small), theme::MUTED);
        (drum, whole.with_min_x(whole.right() - scale.px(40.0)))
    })
}
