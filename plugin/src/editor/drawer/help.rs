//! Help drawer: the gestures and keys of the window.

use egui::{Align2, Rect, ScrollArea, Sense, Ui, vec2};

use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole};
use crate::editor::widgets::{line, menu_check, paragraph, remark};
use crate::project::settings::Settings;

/// Width of the column of gestures and space below an entry, in design points.
const GESTURE: f32 = 150.0;
const SPACE: f32 = 7.0;

/// Parts of the page: title, and gestures with what they do.
const PARTS: [(&str, &[(&str, &str)]); 6] = [
    (
        "PHRASE",
        &[
            ("Click an empty cell", "adds a hit"),
            ("Click a hit", "silences it"),
            ("Drag a hit up or down", "louder or softer"),
            ("Drag across cells", "fills them"),
            ("Shift and click", "pins a cell as it is: new takes keep it"),
            ("Right click a cell", "strokes, ways of playing, pins"),
            ("Right click a drum", "moves, pins or leaves out its lane"),
            ("Drag a drum's name", "the lane alone, as a clip"),
            ("↻ beside a drum", "a new part for it; the others are held"),
        ],
    ),
    (
        "DIALS AND SLIDERS",
        &[
            ("Drag the pad", "up is louder, right is busier"),
            ("Drag or scroll", "turns; up or right is more, shift is fine"),
            ("Double click", "the default"),
            ("Enter", "types a value"),
            (
                "Right click",
                "types a value, or MIDI learn: the next controller that you move is connected",
            ),
        ],
    ),
    (
        "TAKES AND CLIPS",
        &[
            ("New take", "another beat with the same settings"),
            ("↺ and ↻", "back and on; no take is lost"),
            ("★", "keeps a take in the list of presets"),
            ("Drag the clip card", "into a track or a folder; right click for more"),
        ],
    ),
    (
        "SONG AND STAGE",
        &[
            ("Double click the song", "adds a section; drag it for its intensity"),
            ("Drag below it", "paints a stop"),
            ("Listen", "what is played to the plugin becomes accents and stops"),
            ("MIDI C0, C#0", "a fill now, the next section"),
            ("MIDI D0, D#0", "a break while held, crash and end"),
            ("Keep", "what you did so becomes part of the song"),
        ],
    ),
    (
        "KEYS",
        &[
            ("Tab, arrows, Enter", "reach, turn and type every control"),
            ("Escape", "closes what was opened last"),
            ("N", "new take"),
            ("Z, with shift", "back to the previous take, on to the next"),
            ("F", "a fill from the next beat up to the bar line"),
            ("1 to 9, with shift", "mute a drum, from the kick up; solo it"),
            ("Space and all others", "go to the host"),
        ],
    ),
    (
        "KEYS ON A CELL OF THE PHRASE",
        &[
            ("Arrows, Home, End", "to the next cell or drum; with Ctrl by bars"),
            ("Enter", "a hit or none; Delete: none"),
            ("+ and −", "louder, softer"),
            ("1 to 6; S F D B R", "ways of playing; strokes, as in its menu"),
            ("P", "pins it as it is"),
        ],
    ),
];

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect) {
    let scale = view.scale;
    let small = || scale.font(FontRole::Small);
    ui.scope_builder(egui::UiBuilder::new().max_rect(inside), |ui| {
        ScrollArea::vertical().id_salt("help").auto_shrink(false).show(ui, |ui| {
            let hint = "Off: all keys go to the host, unless you type in the window.";
            let (name, on) = ("Keys of this window", view.edits.shortcuts);
            if menu_check(ui, scale, name, "N, Z, F and 1 to 9 act here", hint, on) {
                view.edits.shortcuts = !on;
                let saved = Settings::change(|settings| settings.shortcuts = !on);
                if let Err(why) = saved {
                    remark(ui.ctx(), why);
                }
            }
            for (title, entries) in PARTS {
                let size = vec2(ui.available_width(), scale.px(22.0));
                let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
                let font = scale.font(FontRole::Caption);
                line(ui, rect.left_center(), Align2::LEFT_CENTER, title, font, theme::MUTED);
                // Two parts may have entries with one text.
                ui.push_id(title, |ui| {
                    for (gesture, effect) in entries {
                        let rest = ui.available_rect_before_wrap();
                        let left = rest.with_max_x(rest.left() + scale.px(GESTURE - 8.0));
                        let right = rest.with_min_x(rest.left() + scale.px(GESTURE));
                        let gesture = paragraph(ui, left, gesture, small(), theme::TEXT);
                        let effect = paragraph(ui, right, effect, small(), theme::MUTED);
                        let height = gesture.height().max(effect.height()) + scale.px(SPACE);
                        ui.allocate_exact_size(vec2(rest.width(), height), Sense::hover());
                    }
                });
            }
        });
    });
}
