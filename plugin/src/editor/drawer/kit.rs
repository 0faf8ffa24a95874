//! Kit drawer: level, tune and decay of each drum of the audition kit.

use egui::{Align2, Rect, Ui, pos2};
use groove::Drum;

use crate::editor::drawer::number_bar::NumberBar;
use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::layout::LANES;
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{Button, ButtonStyle, line, paragraph};
use crate::project::kit_trims::{KitTrims, LaneTrim};

/// Height of a drum's row and distance of the first one from the top, in design points.
const ROW: f32 = 31.0;
const TOP: f32 = 22.0;

/// Width of the names and distance of the bars, in design points.
const NAMES: f32 = 84.0;
const GAP: f32 = 12.0;

const LEVEL: &str = "Level of this drum in the audition kit; at the left end it is off. The notes that the \
                     plugin sends stay as they are.";
const TUNE: &str = "Pitch of this drum in the audition kit, an octave down to an octave up.";
const DECAY: &str = "Length of this drum in the audition kit, a quarter to twice as long.";

pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, inside: Rect) {
    let scale = view.scale;
    let columns = columns(scale, inside);
    for (column, title) in columns.iter().zip(["Level", "Tune", "Decay"]) {
        let at = pos2(column.center().x, inside.top() + scale.px(8.0));
        line(ui, at, Align2::CENTER_CENTER, title, scale.font(FontRole::Small), theme::MUTED);
    }
    let before = view.edits.session().trims();
    let mut trims = before;
    for (row, drum) in LANES.into_iter().enumerate() {
        let top = inside.top() + scale.px(TOP + ROW * row as f32);
        let row = Rect::from_x_y_ranges(inside.x_range(), top..=top + scale.px(ROW - 3.0));
        let (at, font) = (row.left_center(), scale.font(FontRole::Small));
        line(ui, at, Align2::LEFT_CENTER, drum.name(), font, theme::TEXT);
        let cells = columns.map(|column| Rect::from_x_y_ranges(column.x_range(), row.y_range()));
        lane(ui, scale, cells, drum, &mut trims.0[drum.index()]);
    }
    let below = inside.top() + scale.px(TOP + ROW * LANES.len() as f32 + 8.0);
    let row = Rect::from_x_y_ranges(inside.x_range(), below..=below + scale.px(26.0));
    let hint = "Level, tune and decay of all drums as the kit was built.";
    let style = if trims.is_default() { ButtonStyle::Disabled } else { ButtonStyle::Raised };
    let button = Button { name: "Kit as built", label: "All as built", style, hint };
    if button.show(ui, scale, row.with_max_x(row.left() + scale.px(104.0))) {
        trims = KitTrims::default();
    }
    let text = "For all kits and clips saved as .wav. Part of the project.";
    let room = row.with_min_x(row.left() + scale.px(116.0));
    paragraph(ui, room, text, scale.font(FontRole::Small), theme::MUTED);
    if trims != before {
        view.edits.session_mut().set_trims(trims);
    }
}

/// Returns the columns of the three bars.
fn columns(scale: Scale, inside: Rect) -> [Rect; 3] {
    let width = (inside.width() - scale.px(NAMES + 2.0 * GAP)) / 3.0;
    [0.0, 1.0, 2.0].map(|place| {
        let left = inside.left() + scale.px(NAMES) + (width + scale.px(GAP)) * place;
        Rect::from_x_y_ranges(left..=left + width, inside.y_range())
    })
}

/// Draws the bars of a drum.
fn lane(ui: &mut Ui, scale: Scale, cells: [Rect; 3], drum: Drum, trim: &mut LaneTrim) {
    let usual = LaneTrim::default();
    let [level, tune, decay] = cells;
    let name = |what: &str| format!("{} {what}", drum.name());
    let shown = match trim.is_off() {
        true => "off".to_owned(),
        false => signed(0.5 * f32::from(trim.level), "dB"),
    };
    let bar = NumberBar {
        name: &name("level"),
        shown: &shown,
        range: LaneTrim::LEVELS.map(i16::from),
        usual: usual.level.into(),
        step: 2,
        unit: 0.5,
        hint: LEVEL,
    };
    if let Some(to) = bar.show(ui, scale, level, trim.level.into()) {
        trim.level = i8::try_from(to).unwrap_or(usual.level);
    }
    let bar = NumberBar {
        name: &name("tune"),
        shown: &signed(0.1 * f32::from(trim.tune), "st"),
        range: LaneTrim::TUNES.map(i16::from),
        usual: usual.tune.into(),
        step: 10,
        unit: 0.1,
        hint: TUNE,
    };
    if let Some(to) = bar.show(ui, scale, tune, trim.tune.into()) {
        trim.tune = i8::try_from(to).unwrap_or(usual.tune);
    }
    let bar = NumberBar {
        name: &name("decay"),
        shown: &format!("{} %", trim.decay),
        range: LaneTrim::DECAYS.map(i16::from),
        usual: usual.decay.into(),
        step: 5,
        unit: 1.0,
        hint: DECAY,
    };
    if let Some(to) = bar.show(ui, scale, decay, trim.decay.into()) {
        trim.decay = u8::try_from(to).unwrap_or(usual.decay);
    }
}

/// A number with its sign and unit; zero has no sign.
fn signed(number: f32, unit: &str) -> String {
    if number == 0.0 { format!("0.0 {unit}") } else { format!("{number:+.1} {unit}") }
}
