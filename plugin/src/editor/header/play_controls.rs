//! Transport of the standalone program: play, tempo, meter, metronome and count-in.

use egui::{Rect, Ui};
use groove::pattern::Meter;

use crate::editor::host_edits::ViewContext;
use crate::editor::widgets::{Button, ButtonStyle, Field, List};
use crate::link::midi_clock::ClockState;

/// Meters to choose from.
const METERS: [(u8, u8); 10] =
    [(2, 4), (3, 4), (4, 4), (5, 4), (6, 4), (7, 4), (6, 8), (7, 8), (9, 8), (12, 8)];

/// Draws the controls from the left of `rect`. `tempo` is the song's now, in quarter notes per minute.
pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, rect: Rect, tempo: f64) {
    let (scale, output) = (view.scale, &view.params.output);
    let mut left = rect.left();
    let mut place = |width: f32| {
        let at = egui::pos2(left, rect.center().y - scale.px(15.0));
        left += scale.px(width + 5.0);
        Rect::from_min_size(at, scale.size(width, 30.0))
    };
    let plays = output.free_run.value();
    let counted = view.edits.own_transport().counted();
    let count = counted.to_string();
    let (name, label, style) = match plays {
        true if counted > 0 => ("Stop", count.as_str(), ButtonStyle::Primary),
        true => ("Stop", "■", ButtonStyle::Primary),
        false => ("Play", "▶", ButtonStyle::Raised),
    };
    let hint = "Starts the drummer at bar 1, and stops it. Space does the same.";
    if (Button { name, label, style, hint }).show(ui, scale, place(34.0)) {
        view.edits.set(&output.free_run, !plays);
    }
    let own = view.edits.own_transport();
    let follows = own.clock.follows.is_on() && own.clock.state() == ClockState::Playing;
    let (shown, hint) = match follows {
        true => {
            (format!("{tempo:.1}"), "The tempo of the MIDI clock. Without it, the tempo set here.")
        }
        false => {
            (format!("{:.1}", output.free_tempo.value()), "The tempo, in quarter notes per minute.")
        }
    };
    Field { param: &output.free_tempo, name: "Tempo", shown, turns: true, hint }.show(
        ui,
        view,
        place(56.0),
    );
    meter(ui, view, place(66.0));
    let own = view.edits.own_transport();
    let style = |on: bool| if on { ButtonStyle::Selected } else { ButtonStyle::Flat };
    let (clicks, counts) = (own.click.is_on(), own.count_in.is_on());
    let hint = "A click on each beat while the drummer plays.";
    let click = Button { name: "Metronome", label: "Click", style: style(clicks), hint };
    if click.show(ui, scale, place(42.0)) {
        own.click.set(!clicks);
    }
    let hint = "Clicks for a bar before the drummer starts; the stop button counts along.";
    let count = Button { name: "Count-in", label: "Count-in", style: style(counts), hint };
    if count.show(ui, scale, place(66.0)) {
        own.count_in.set(!counts);
    }
}

/// Draws the choice of the meter.
fn meter(ui: &mut Ui, view: &ViewContext<'_>, rect: Rect) {
    let own = view.edits.own_transport();
    let Meter { numerator, denominator } = own.meter();
    let mut meters = METERS.to_vec();
    if !meters.contains(&(numerator, denominator)) {
        meters.push((numerator, denominator));
    }
    let titles: Vec<_> = meters.iter().map(|(beats, value)| format!("{beats}/{value}")).collect();
    let chosen = meters.iter().position(|&meter| meter == (numerator, denominator)).unwrap_or(0);
    let hint = "The meter of the song.";
    let list =
        List { name: "Meter", choices: &titles, chosen, usual: 2, columns: 1, column: 66.0, hint };
    if let Some((beats, value)) = list.show(ui, view, rect, None).map(|choice| meters[choice]) {
        own.set_meter(Meter::new(beats.into(), value.into()));
    }
}
