//! Output drawer: drum map, channels, articulations, note pass-through, and playing without the
//! host or by a MIDI clock.

use egui::{Align2, Rect, Ui, pos2, vec2};
use groove::pattern::drum::CLASSES;
use groove::play::drum_maps::{DRUM_MAPS, OWN_MAP};
use groove::{Drum, Pitches};
use nice_plug::params::Param as _;

use crate::editor::host_edits::ViewContext;
use crate::editor::host_edits::clock_ports::Direction;
use crate::editor::phrase::layout::LANES;
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{Button, ButtonStyle, Field, List, choices_of, line, remark, switch};
use crate::params::controls::Controls;

/// Height of a row, in design points.
const ROW: f32 = 28.0;

/// Height of a drum's cell and the space below it, in design points.
const CELL: [f32; 2] = [26.0, 3.0];

/// The drawer's rows.
#[derive(Clone, Copy)]
struct Rows {
    scale: Scale,
    inside: Rect,
}

impl Rows {
    /// Returns a row at a distance from the top, in design points.
    fn at(self, top: f32) -> Rect {
        let top = self.inside.top() + self.scale.px(top);
        Rect::from_x_y_ranges(self.inside.x_range(), top..=top + self.scale.px(ROW))
    }

    /// Draws the name of a row. Returns the space beside it.
    fn named(self, ui: &Ui, top: f32, name: &str) -> Rect {
        self.named_in(ui, self.at(top), name)
    }

    /// Draws the name of a part of a row. Returns the space beside it.
    fn named_in(self, ui: &Ui, row: Rect, name: &str) -> Rect {
        let (at, font) = (row.left_center(), self.scale.font(FontRole::Small));
        line(ui, at, Align2::LEFT_CENTER, name, font, theme::MUTED);
        row.with_min_x(row.left() + self.scale.px(66.0))
    }
}

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect) {
    let rows = Rows { scale: view.scale, inside };
    drum_map(ui, view, rows);
    channels(ui, view, rows);
    // The standalone program has play and tempo in its header.
    if view.edits.own_transport().is_present() {
        midi_clock(ui, view, rows);
    } else {
        free_run(ui, view, rows.at(306.0));
    }
}

/// Draws the choice of the drum map, its pitches, and the switch of articulations.
fn drum_map(ui: &mut Ui, view: &mut ViewContext<'_>, rows: Rows) {
    let (scale, params) = (view.scale, view.params);
    let map = &params.output.map;
    let place = rows.named(ui, 0.0, "Drum map");
    let factory = DRUM_MAPS.iter().map(|map| (map.number, map.name));
    let known = factory.chain([OWN_MAP]).map(|(number, name)| (i32::from(number), name.to_owned()));
    let (mut numbers, mut maps): (Vec<i32>, Vec<String>) = known.unzip();
    if !numbers.contains(&map.value()) {
        numbers.push(map.value());
        maps.push(format!("Map {}", map.value()));
    }
    let [chosen, usual] = [map.value(), map.default_plain_value()]
        .map(|number| numbers.iter().position(|&known| known == number).unwrap_or(0));
    let hint = "The MIDI notes of your drum instrument.";
    let list =
        List { name: "Drum map", choices: &maps, chosen, usual, columns: 1, column: 240.0, hint };
    let remember = place.with_min_x(place.right() - scale.px(86.0));
    let place = place.with_max_x(remember.left() - scale.px(6.0));
    if let Some(choice) = list.show(ui, view, place, Some(map.as_ptr())) {
        view.edits.set(map, numbers[choice]);
    }
    let hint = "New instances start with this map. Existing projects keep theirs.";
    let name = "Remember this map for new instances";
    let button = Button { name, label: "Remember", style: ButtonStyle::Raised, hint };
    if button.show(ui, scale, remember) {
        view.edits.session_mut().save_default_map();
    }

    // The map itself, one field per drum in lane order.
    let controls = Controls::new(params);
    let own = controls.map == OWN_MAP.0;
    let pitches = controls.pitches.unwrap_or(Pitches::GENERAL_MIDI).lanes();
    for (drum, field) in drum_cells(ui, scale, rows.inside.with_min_y(rows.at(33.0).top())) {
        let param = &params.lanes[drum.index()].pitch;
        if own {
            let shown = param.value().to_string();
            let hint = "The MIDI note of this drum.";
            Field { param, name: param.name(), shown, turns: true, hint }.show(ui, view, field);
        } else {
            let pitch = pitches[drum.index()].to_string();
            let font = scale.font(FontRole::Small);
            ui.painter().text(field.center(), Align2::CENTER_CENTER, pitch, font, theme::TEXT);
        }
    }
    let hint = "Rim shots, pedal, bell and other ways of striking, drags and rolls. Off: one note per \
                drum and sixteenth, at the drum's note above.";
    let names = ["Articulations", "Articulations, drags and rolls"];
    switch(ui, view, rows.at(121.0), &params.output.articulations, names, hint);
}

/// Draws the common channel, note pass-through, and the channels of single drums.
fn channels(ui: &mut Ui, view: &mut ViewContext<'_>, rows: Rows) {
    let (scale, params) = (view.scale, view.params);
    let place = rows.named(ui, 156.0, "Channel");
    let [chosen, usual] = choices_of(&params.channel);
    let channels: Vec<String> = (1..=16).map(|channel: u8| channel.to_string()).collect();
    let hint = "The MIDI channel of the notes. Most drum kits listen on 10.";
    let list =
        List { name: "Channel", choices: &channels, chosen, usual, columns: 4, column: 44.0, hint };
    let field = place.with_max_x(place.left() + scale.px(80.0));
    if let Some(choice) = list.show(ui, view, field, Some(params.channel.as_ptr())) {
        view.edits.set(&params.channel, i32::try_from(choice + 1).unwrap_or(10));
    }
    let through = place.with_min_x(place.left() + scale.px(104.0));
    let hint = "Passes on notes that you play and that are not drums.";
    switch(ui, view, through, &params.output.through, ["MIDI thru"; 2], hint);

    let caption = "Channel of each drum; a dash is the common channel";
    let at = rows.at(183.0).left_center();
    line(ui, at, Align2::LEFT_CENTER, caption, scale.font(FontRole::Small), theme::MUTED);
    for (drum, field) in drum_cells(ui, scale, rows.inside.with_min_y(rows.at(210.0).top())) {
        let param = &params.routes[drum.index()].channel;
        let shown = match param.value() {
            0 => "–".to_owned(),
            own => own.to_string(),
        };
        let hint = "The MIDI channel of this drum; 0 is the common channel.";
        Field { param, name: param.name(), shown, turns: true, hint }.show(ui, view, field);
    }
}

/// Draws free run and its tempo.
fn free_run(ui: &mut Ui, view: &ViewContext<'_>, row: Rect) {
    let output = &view.params.output;
    let hint = "Plays while the host is stopped, at its own tempo.";
    switch(ui, view, row, &output.free_run, ["Free run", "Play without the host"], hint);
    Field {
        param: &output.free_tempo,
        name: "Free tempo",
        shown: output.free_tempo.to_string(),
        turns: true,
        hint: "The tempo while the host is stopped.",
    }
    .show(ui, view, row.with_min_x(row.right() - view.scale.px(110.0)));
}

/// Longest name of a port in the list, in characters.
const MAX_PORT_CHARS: usize = 34;

/// Draws the choices of the ports of the MIDI clock, or why there are none.
fn midi_clock(ui: &mut Ui, view: &mut ViewContext<'_>, rows: Rows) {
    let now = ui.input(|input| input.time);
    let [inputs, outputs] = match view.edits.clock.names(now) {
        Ok(names) => names,
        Err(why) => {
            let (at, font) = (rows.at(306.0).left_center(), rows.scale.font(FontRole::Small));
            line(ui, at, Align2::LEFT_CENTER, &why, font, theme::MUTED);
            return;
        }
    };
    let hint = "Start, stop, position and tempo come from this MIDI port. Play and the tempo above count \
                while its song stands.";
    let texts = ["Follow MIDI clock", hint];
    let (left, right) = rows.at(306.0).split_left_right_at_fraction(0.5);
    let place = rows.named_in(ui, left.with_max_x(left.right() - rows.scale.px(4.0)), "Clock in");
    clock_port(ui, view, place, (Direction::In, &inputs), texts);
    let hint = "While the song plays, its clock goes to this MIDI port.";
    let texts = ["Send MIDI clock", hint];
    let place = rows.named_in(ui, right.with_min_x(right.left() + rows.scale.px(4.0)), "Clock out");
    clock_port(ui, view, place, (Direction::Out, &outputs), texts);
}

/// Draws the choice of a port of the MIDI clock.
fn clock_port(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    place: Rect,
    (direction, names): (Direction, &[String]),
    [name, hint]: [&str; 2],
) {
    let open = view.edits.clock.name(direction).map(str::to_owned);
    let mut ports: Vec<Option<String>> = vec![None];
    ports.extend(names.iter().cloned().map(Some));
    if !ports.contains(&open) {
        ports.push(open.clone());
    }
    let title = |port: &Option<String>| -> String {
        let name = port.as_deref().unwrap_or("None");
        let short = name.chars().count() <= MAX_PORT_CHARS;
        if short {
            return name.to_owned();
        }
        name.chars().take(MAX_PORT_CHARS - 1).chain(['…']).collect()
    };
    let titles: Vec<String> = ports.iter().map(title).collect();
    let chosen = ports.iter().position(|port| *port == open).unwrap_or(0);
    let list = List { name, choices: &titles, chosen, usual: 0, columns: 1, column: 280.0, hint };
    if let Some(choice) = list.show(ui, view, place, None)
        && let Err(why) = view.edits.clock.open(direction, ports[choice].as_deref())
    {
        remark(ui.ctx(), why);
    }
}

/// Draws the drum names in lane order, three in a row, and returns the space beside each name.
fn drum_cells(ui: &Ui, scale: Scale, area: Rect) -> [(Drum, Rect); CLASSES] {
    let cell = vec2((area.width() - scale.px(16.0)) / 3.0, scale.px(CELL[0]));
    std::array::from_fn(|place| {
        let corner = vec2(
            (cell.x + scale.px(8.0)) * (place % 3) as f32,
            (cell.y + scale.px(CELL[1])) * (place / 3) as f32,
        );
        let whole = Rect::from_min_size(area.min + corner, cell);
        let at = pos2(whole.left(), whole.center().y);
        let drum = LANES[place];
        line(ui, at, Align2::LEFT_CENTER, drum.name(), scale.font(FontRole::Small), theme::MUTED);
        (drum, whole.with_min_x(whole.right() - scale.px(40.0)))
    })
}
