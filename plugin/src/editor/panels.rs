//! The panels below the phrase, one for each question: who plays, what the drummer hears, which
//! take it is, where the notes go. They return what the user asks for and change nothing.

use egui::{Align2, CornerRadius, Rect, Ui, pos2, vec2};
use groove::drum::{Drum, DrumSet};
use nice_plug::params::{FloatParam, Param};

use super::controls::{Dial, List, Turn, button, number};
use super::header::line;
use super::theme::{self, Scale, Type};

/// Height of the panels, in points of the design.
pub(super) const HEIGHT: f32 = 158.0;
/// Space between panels, in points of the design.
pub(super) const GAP: f32 = 12.0;
/// How the width is shared out among the four panels.
const SHARES: [f32; 4] = [528.0, 236.0, 200.0, 144.0];

/// What the panels show.
pub(super) struct Panels<'a> {
    /// Names of the styles, and which one is chosen and usual.
    pub styles: &'a [String],
    /// The chosen style and the usual one.
    pub style: [usize; 2],
    /// The dials, by [`Which`].
    pub dials: [&'a FloatParam; 3],
    /// Drums whose keys are down.
    pub held: DrumSet,
    /// The take's seed.
    pub seed: i32,
    /// Output channel, from 0, and the usual one.
    pub channel: [usize; 2],
}

/// A dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// How closely bars stick to the ones before.
    Stick,
    /// How daring the theme is.
    Temperature,
    /// How busy the kit is.
    Density,
}

impl Which {
    /// In the order in which they stand.
    const ALL: [Which; 3] = [Which::Stick, Which::Temperature, Which::Density];

    const fn name(self) -> &'static str {
        match self {
            Which::Stick => "Stick",
            Which::Temperature => "Temperature",
            Which::Density => "Density",
        }
    }

    const fn hint(self) -> &'static str {
        match self {
            Which::Stick => {
                "How closely the drummer sticks to the beat: 50 % is as the drummers of the \
                 style, 0 % drifts, 100 % repeats the first bar exactly."
            }
            Which::Temperature => {
                "How far the theme strays from the likeliest beat: low is plain, 1.00 is as in \
                 the recordings that it learned from, above that it gets wild."
            }
            Which::Density => "How much is struck: 0 % is as the drummers of the style.",
        }
    }
}

/// What the user asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ask {
    /// Another style.
    Style(usize),
    /// A dial is turned.
    Turn(Which, Turn),
    /// This very seed.
    Seed(i32),
    /// Any other take.
    NewTake,
    /// Another output channel, from 0.
    Channel(usize),
}

impl Panels<'_> {
    /// Draws the panels in `rect`. At most one thing is asked for in a frame.
    pub(super) fn show(self, ui: &mut Ui, scale: Scale, rect: Rect) -> Option<Ask> {
        let gaps = scale.px(GAP) * (SHARES.len() - 1) as f32;
        let unit = (rect.width() - gaps) / SHARES.iter().sum::<f32>();
        let mut left = rect.left();
        let [drummer, prime, take, out] = SHARES.map(|share| {
            let panel = Rect::from_x_y_ranges(left..=left + share * unit, rect.y_range());
            left = panel.right() + scale.px(GAP);
            panel
        });
        self.prime(ui, scale, prime);
        let asked = [self.take(ui, scale, take), self.out(ui, scale, out)];
        self.drummer(ui, scale, drummer).or_else(|| asked.into_iter().flatten().next())
    }

    fn drummer(self, ui: &mut Ui, scale: Scale, panel: Rect) -> Option<Ask> {
        let inside = frame(ui, scale, panel, "DRUMMER");
        let mut place =
            Rect::from_min_size(panel.min + scale.size(14.0, 40.0), scale.size(96.0, 110.0));
        let mut turn = None;
        for (which, param) in Which::ALL.into_iter().zip(self.dials) {
            let turned = Dial {
                name: which.name(),
                value: param.unmodulated_normalized_value(),
                usual: param.default_normalized_value(),
                shown: param.to_string(),
                read: &|text| param.string_to_normalized_value(text),
                hint: which.hint(),
            }
            .show(ui, scale, place);
            turn = turn.or(turned.map(|turn| Ask::Turn(which, turn)));
            place = place.translate(vec2(scale.px(106.0), 0.0));
        }

        let left = place.left() + scale.px(14.0);
        let list = Rect::from_min_max(
            pos2(left, inside.top() + scale.px(24.0)),
            pos2(inside.right(), inside.top() + scale.px(58.0)),
        );
        caption(ui, scale, list, "Style");
        let style = List {
            name: "Style",
            choices: self.styles,
            chosen: self.style[0],
            usual: self.style[1],
            columns: 2,
            column: 150.0,
            hint: "The kind of music that the drummer plays.",
        }
        .show(ui, scale, list);
        turn.or(style.map(Ask::Style))
    }

    fn prime(&self, ui: &mut Ui, scale: Scale, panel: Rect) {
        let inside = frame(ui, scale, panel, "PRIME");
        if self.held.is_empty() {
            let lines = [
                (14.0, "Hold drum keys to prime.", Type::Body, theme::TEXT),
                (38.0, "The drummer plays around", Type::Small, theme::MUTED),
                (56.0, "them from the next beat on.", Type::Small, theme::MUTED),
            ];
            for (down, text, voice, colour) in lines {
                let at = inside.min + scale.size(0.0, down);
                line(ui, at, Align2::LEFT_CENTER, text, scale.font(voice), colour);
            }
            return;
        }
        // One chip a drum, in as many rows as they need.
        let mut at = inside.min + scale.size(0.0, 2.0);
        let height = scale.px(26.0);
        for drum in Drum::ALL.into_iter().filter(|&drum| self.held.contains(drum)) {
            let font = scale.font(Type::Strong);
            let text = ui.painter().layout_no_wrap(drum.name().to_owned(), font, theme::GROUND);
            let size = vec2(text.size().x + scale.px(18.0), height);
            if at.x + size.x > inside.right() {
                at = pos2(inside.left(), at.y + height + scale.px(6.0));
            }
            let chip = Rect::from_min_size(at, size);
            ui.painter().rect_filled(chip, CornerRadius::from(scale.px(6.0)), theme::TEAL);
            ui.painter().galley(chip.center() - text.size() / 2.0, text, theme::GROUND);
            at.x = chip.right() + scale.px(6.0);
        }
    }

    fn take(&self, ui: &mut Ui, scale: Scale, panel: Rect) -> Option<Ask> {
        let inside = frame(ui, scale, panel, "TAKE");
        let again = Rect::from_min_size(inside.min, vec2(inside.width(), scale.px(40.0)));
        let hint = "Another beat with the same settings: a seed drawn at random.";
        let pressed = button(ui, scale, again, "New take", hint);

        let row = inside.top() + scale.px(54.0)..=inside.top() + scale.px(84.0);
        let field = Rect::from_x_y_ranges(inside.left() + scale.px(52.0)..=inside.right(), row);
        let name = pos2(inside.left(), field.center().y);
        line(ui, name, Align2::LEFT_CENTER, "Seed", scale.font(Type::Body), theme::MUTED);
        let hint = "The number behind this take: the same seed with the same settings plays the \
                    same beat, always. Click to type one.";
        let seed = number(ui, scale, field, "Seed", self.seed, hint);
        if pressed { Some(Ask::NewTake) } else { seed.map(Ask::Seed) }
    }

    fn out(&self, ui: &mut Ui, scale: Scale, panel: Rect) -> Option<Ask> {
        let inside = frame(ui, scale, panel, "OUT");
        let list = Rect::from_min_max(
            pos2(inside.left(), inside.top() + scale.px(24.0)),
            pos2(inside.right(), inside.top() + scale.px(58.0)),
        );
        caption(ui, scale, list, "MIDI channel");
        let channels: Vec<String> = (1..=16).map(|channel: u8| channel.to_string()).collect();
        List {
            name: "MIDI channel",
            choices: &channels,
            chosen: self.channel[0],
            usual: self.channel[1],
            columns: 4,
            column: 44.0,
            hint: "The channel of the notes that go out. Their pitches are those of General MIDI \
                   drums, which most kits use channel 10 for.",
        }
        .show(ui, scale, list)
        .map(Ask::Channel)
    }
}

/// Draws a panel with its name and returns the space below it.
fn frame(ui: &Ui, scale: Scale, panel: Rect, name: &str) -> Rect {
    ui.painter().rect_filled(panel, CornerRadius::from(scale.px(10.0)), theme::PANEL);
    let title = panel.min + scale.size(20.0, 20.0);
    line(ui, title, Align2::LEFT_CENTER, name, scale.font(Type::Caption), theme::MUTED);
    let margin = scale.px(20.0);
    Rect::from_min_max(
        pos2(panel.left() + margin, panel.top() + scale.px(46.0)),
        pos2(panel.right() - margin, panel.bottom() - scale.px(12.0)),
    )
}

/// The name of a field, above it.
fn caption(ui: &Ui, scale: Scale, field: Rect, name: &str) {
    let at = pos2(field.left(), field.top() - scale.px(12.0));
    line(ui, at, Align2::LEFT_CENTER, name, scale.font(Type::Small), theme::MUTED);
}
