//! Window header: title, presets, transport status, model, output and audition kit, with a message
//! line below it.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, FontId, Rect, Sense, Ui, WidgetInfo, pos2, vec2};
use groove::pattern::Meter;

use crate::editor::drawer::{Drawer, presets};
use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{Button, ButtonStyle, Slider, switch};

/// State of the host's transport.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Transport {
    /// Nothing plays.
    Stopped,
    /// The drummer follows a transport.
    Following {
        /// In quarter notes per minute.
        tempo: f64,
        /// The host's meter.
        meter: Meter,
        /// Bar number as the host counts it, from 1.
        bar: i64,
        /// The plugin runs on its own transport.
        free: bool,
    },
}

impl Transport {
    fn text(self) -> String {
        match self {
            Transport::Stopped => "stopped: press play in the host".to_owned(),
            Transport::Following { tempo, meter: Meter { numerator, denominator }, bar, free } => {
                let whom = if free { "free run" } else { "following host" };
                format!("{whom} · {tempo:.1} · {numerator}/{denominator} · bar {bar}")
            }
        }
    }
}

/// Contents of the header.
pub(crate) struct Header<'a> {
    /// Name of the take.
    pub take: &'a str,
    /// Transport status.
    pub transport: Transport,
    /// Name of the model.
    pub model: &'a str,
    /// Brightness of the note activity light, 0 to 1.
    pub sent: f32,
    /// Open drawer.
    pub drawer: Option<Drawer>,
}

impl Header<'_> {
    /// Draws the header in `rect`. Returns the drawer whose button was pressed.
    pub(crate) fn show(
        &self,
        ui: &mut Ui,
        view: &mut ViewContext<'_>,
        rect: Rect,
    ) -> Option<Drawer> {
        let scale = view.scale;
        ui.painter().rect_filled(rect, 0.0, theme::PANEL);
        ui.painter().hline(rect.x_range(), rect.bottom(), (1.0, theme::LINE));
        let at = |x: f32| pos2(x, rect.center().y);

        let title = at(rect.left() + scale.px(20.0));
        let title = line(
            ui,
            title,
            Align2::LEFT_CENTER,
            "Deep Pocket",
            scale.font(FontRole::Title),
            theme::TEXT,
        );
        let mut pressed = None;
        let audition = rect.with_min_x(rect.right() - scale.px(192.0));
        hear(ui, view, audition.with_max_x(rect.right() - scale.px(16.0)));
        let mut right = audition.left() - scale.px(8.0);
        let mut door = |ui: &mut Ui, drawer: Drawer, name: &str, label: &str, hint: &str| {
            let font = scale.font(FontRole::Body);
            let text = ui.painter().layout_no_wrap(label.to_owned(), font, theme::TEXT);
            let width = text.size().x + scale.px(22.0);
            let area =
                Rect::from_center_size(at(right - width / 2.0), egui::vec2(width, scale.px(30.0)));
            let look =
                if self.drawer == Some(drawer) { ButtonStyle::Selected } else { ButtonStyle::Flat };
            if (Button { name, label, style: look, hint }).show(ui, scale, area) {
                pressed = Some(drawer);
            }
            right = area.left() - scale.px(6.0);
            area
        };
        let hint = "Where the notes go: MIDI channel, drum map, notes that go through, and playing \
                    without the host. The light shows that the host takes notes.";
        let out = door(ui, Drawer::Out, "Output", "    Output", hint);
        let hint =
            "Which model plays, what it learned from and how well, and others that you have.";
        let model = door(ui, Drawer::Model, "Model", self.model, hint);
        let light = pos2(out.left() + scale.px(15.0), out.center().y);
        let colour = theme::LINE.lerp_to_gamma(theme::AMBER, self.sent);
        ui.painter().circle_filled(light, scale.px(4.5), colour);

        // Presets come first because a beat starts with one.
        let width = scale.px(190.0);
        let left = title.right() + scale.px(18.0);
        let take =
            Rect::from_center_size(at(left + width / 2.0), egui::vec2(width, scale.px(30.0)));
        let size = scale.size(24.0, 30.0);
        let before = Rect::from_min_size(take.right_top() + scale.size(4.0, 0.0), size);
        let after = before.translate(vec2(size.x, 0.0));
        for (by, name, label, hint, place) in [
            (-1, "Previous preset", "‹", "The preset before.", before),
            (1, "Next preset", "›", "The next preset.", after),
        ] {
            if (Button { name, label, style: ButtonStyle::Flat, hint }).show(ui, scale, place) {
                presets::turn(view, by);
            }
        }
        let hint = "Beats to begin with, and your own.";
        let look = if self.drawer == Some(Drawer::Presets) {
            ButtonStyle::Selected
        } else {
            ButtonStyle::Raised
        };
        if (Button { name: "Presets", label: self.take, style: look, hint }).show(ui, scale, take) {
            pressed = Some(Drawer::Presets);
        }

        // The text has a fixed left edge, so that it does not jitter as numbers change width, but
        // never overlaps its neighbour.
        let playing = self.transport != Transport::Stopped;
        let start = (rect.center().x - scale.px(140.0)).max(after.right() + scale.px(34.0));
        let text = self.transport.text();
        let colour = if playing { theme::TEXT } else { theme::MUTED };
        let font = scale.font(FontRole::Body);
        let room = ui.painter().with_clip_rect(rect.with_max_x(model.left()));
        let said = room.text(at(start), Align2::LEFT_CENTER, &text, font, colour);
        tell(ui, said, &text);
        let dot = at(said.left() - scale.px(14.0));
        let light = if playing { theme::TEAL } else { theme::BAR_LINE };
        ui.painter().circle_filled(dot, scale.px(5.0), light);
        pressed
    }
}

/// Draws the switch and level of the audition kit.
fn hear(ui: &mut Ui, view: &mut ViewContext<'_>, rect: Rect) {
    let scale = view.scale;
    let audition = &view.params.audition;
    let middle = Rect::from_center_size(rect.center(), vec2(rect.width(), scale.px(28.0)));
    let hint = "The plugin's own drums play the notes, so that you hear them before any routing. \
                Off: only notes leave the plugin.";
    let kit = middle.with_max_x(middle.left() + scale.px(96.0));
    switch(ui, view, kit, &audition.on, ["Audition kit", "Audition"], hint);
    let level = Slider {
        param: &audition.level,
        name: "Audition level",
        origin: 0.0,
        knob: true,
        colour: if audition.on.value() { theme::AMBER } else { theme::MUTED },
        hint: "How loud the plugin's own drums are.",
        beside: None,
    };
    level.show(ui, view, middle.with_min_x(kit.right() + scale.px(12.0)));
}

/// Draws a message in `rect`: an error if `wrong`, else a confirmation.
pub(crate) fn message(ui: &mut Ui, scale: Scale, rect: Rect, text: &str, wrong: bool) {
    let colour = if wrong { theme::WRONG } else { theme::TEAL };
    let round = CornerRadius::from(scale.px(7.0));
    ui.painter().rect_filled(rect, round, theme::GROUND.lerp_to_gamma(colour, 0.16));
    let dot = pos2(rect.left() + scale.px(16.0), rect.center().y);
    ui.painter().circle_filled(dot, scale.px(4.5), colour);
    let left = pos2(rect.left() + scale.px(30.0), rect.center().y);
    line(ui, left, Align2::LEFT_CENTER, text, scale.font(FontRole::Body), theme::TEXT);
}

/// Draws a line of text that assistive tools can read. Returns its rectangle.
pub(crate) fn line(
    ui: &Ui,
    at: egui::Pos2,
    anchor: Align2,
    text: &str,
    font: FontId,
    colour: egui::Color32,
) -> Rect {
    let rect = ui.painter().text(at, anchor, text, font, colour);
    tell(ui, rect, text);
    rect
}

/// Draws wrapped text at the top of `rect`. Returns its rectangle.
pub(crate) fn paragraph(
    ui: &Ui,
    rect: Rect,
    text: &str,
    font: FontId,
    colour: egui::Color32,
) -> Rect {
    let laid = ui.painter().layout(text.to_owned(), font, colour, rect.width());
    let area = Rect::from_min_size(rect.min, laid.size());
    ui.painter().galley(rect.min, laid, colour);
    tell(ui, area, text);
    area
}

/// Exposes drawn text to assistive tools.
fn tell(ui: &Ui, rect: Rect, text: &str) {
    ui.interact(rect, ui.make_persistent_id(("line", text)), Sense::empty())
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transport_is_told_in_words() {
        assert_eq!(Transport::Stopped.text(), "stopped: press play in the host");
        let following =
            Transport::Following { tempo: 97.25, meter: Meter::new(7, 8), bar: -1, free: false };
        assert_eq!(following.text(), "following host · 97.2 · 7/8 · bar -1");
        let free =
            Transport::Following { tempo: 120.0, meter: Meter::FOUR_FOUR, bar: 2, free: true };
        assert_eq!(free.text(), "free run · 120.0 · 4/4 · bar 2");
    }
}
