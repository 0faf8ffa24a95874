//! Window header: title, presets, help, transport status, model, output and audition kit.

mod play_controls;
pub(crate) mod take_text;

use egui::{Align2, Color32, Pos2, Rect, Ui, pos2, vec2};
use groove::pattern::Meter;
use groove::synth::{AUTOMATIC_KIT, KITS};
use nice_plug::params::Param as _;
use nice_plug::plugin::TrackInfo;

use crate::editor::drawer::{Drawer, preset_browser};
use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{Button, ButtonStyle, List, Slider, expose_text, line, switch};

/// Width of the audition's controls, in design points.
const AUDITION: f32 = 316.0;

/// Width of the list of kits, in design points.
const KIT: f32 = 104.0;

/// State of the host's transport.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TransportStatus {
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

impl TransportStatus {
    fn text(self) -> String {
        match self {
            TransportStatus::Stopped => "stopped: press play in the host".to_owned(),
            TransportStatus::Following {
                tempo,
                meter: Meter { numerator, denominator },
                bar,
                free,
            } => {
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
    pub transport: TransportStatus,
    /// Track of the plugin, without a name if the host does not tell it.
    pub track: &'a TrackInfo,
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
        let title = pos2(rect.left() + scale.px(20.0), rect.center().y);
        let font = scale.font(FontRole::Title);
        let title = line(ui, title, Align2::LEFT_CENTER, "Deep Pocket", font, theme::TEXT);
        // A note effect has no kit.
        let notes_only = view.edits.is_notes_only();
        let width = scale.px(if notes_only { 16.0 } else { AUDITION });
        let audition = rect.with_min_x(rect.right() - width);
        let audition_area = audition.with_max_x(rect.right() - scale.px(16.0));
        let kit_pressed = !notes_only && self.audition_controls(ui, view, audition_area);

        let right = pos2(audition.left() - scale.px(8.0), rect.center().y);
        let hint = "MIDI channel, drum map, note pass-through, and playing without the host. The \
                    light flashes when the host accepts notes.";
        let names = ["Output", "    Output"];
        let (output, output_pressed) =
            self.drawer_button(ui, scale, right, Drawer::Out, names, hint);
        let right = pos2(output.left() - scale.px(6.0), rect.center().y);
        let hint = "The current model, its training data and accuracy, and your other models.";
        let names = ["Model", self.model];
        let (model, model_pressed) =
            self.drawer_button(ui, scale, right, Drawer::Model, names, hint);
        let light = pos2(output.left() + scale.px(15.0), output.center().y);
        let colour = theme::LINE.lerp_to_gamma(theme::AMBER, self.sent);
        ui.painter().circle_filled(light, scale.px(4.5), colour);

        let (presets, presets_pressed) =
            self.preset_buttons(ui, view, pos2(title.right() + scale.px(18.0), rect.center().y));
        let help =
            Rect::from_min_size(presets.right_top() + scale.size(6.0, 0.0), scale.size(26.0, 30.0));
        let open = self.drawer == Some(Drawer::Help);
        let style = if open { ButtonStyle::Selected } else { ButtonStyle::Flat };
        let hint = "Gestures and keys.";
        let help_pressed = Button { name: "Help", label: "?", style, hint }.show(ui, scale, help);
        let free = rect.with_min_x(help.right()).with_max_x(model.left());
        self.transport(ui, view, rect, free);
        let pressed = [
            (presets_pressed, Drawer::Presets),
            (model_pressed, Drawer::Model),
            (output_pressed, Drawer::Out),
            (kit_pressed, Drawer::Kit),
            (help_pressed, Drawer::Help),
        ];
        pressed.into_iter().find(|(pressed, _)| *pressed).map(|(_, drawer)| drawer)
    }

    /// Draws a drawer's button to the left of a point. Returns its rectangle and whether it was
    /// pressed.
    fn drawer_button(
        &self,
        ui: &mut Ui,
        scale: Scale,
        right: Pos2,
        drawer: Drawer,
        [name, label]: [&str; 2],
        hint: &str,
    ) -> (Rect, bool) {
        let font = scale.font(FontRole::Body);
        let text = ui.painter().layout_no_wrap(label.to_owned(), font, theme::TEXT);
        let width = text.size().x + scale.px(22.0);
        let centre = right - vec2(width / 2.0, 0.0);
        let area = Rect::from_center_size(centre, vec2(width, scale.px(30.0)));
        let open = self.drawer == Some(drawer);
        let style = if open { ButtonStyle::Selected } else { ButtonStyle::Flat };
        (area, Button { name, label, style, hint }.show(ui, scale, area))
    }

    /// Draws the preset button and the arrows beside it from a point to the right. Returns the
    /// rectangle of the last one and whether the preset button was pressed.
    fn preset_buttons(&self, ui: &mut Ui, view: &mut ViewContext<'_>, left: Pos2) -> (Rect, bool) {
        // Presets come first because a beat starts with one.
        let scale = view.scale;
        let width = scale.px(190.0);
        let centre = left + vec2(width / 2.0, 0.0);
        let take = Rect::from_center_size(centre, vec2(width, scale.px(30.0)));
        let size = scale.size(24.0, 30.0);
        let before = Rect::from_min_size(take.right_top() + scale.size(4.0, 0.0), size);
        let after = before.translate(vec2(size.x, 0.0));
        for (by, name, label, hint, place) in [
            (-1, "Previous preset", "‹", "Previous preset.", before),
            (1, "Next preset", "›", "Next preset.", after),
        ] {
            if (Button { name, label, style: ButtonStyle::Flat, hint }).show(ui, scale, place) {
                preset_browser::turn(view, by);
            }
        }
        let hint = "Factory presets and your own. A star: changed since it was loaded.";
        let open = self.drawer == Some(Drawer::Presets);
        let style = if open { ButtonStyle::Selected } else { ButtonStyle::Raised };
        let button = Button { name: "Presets", label: self.take, style, hint };
        (after, button.show(ui, scale, take))
    }

    /// Draws the switch, the kit and the level of the audition. Returns `true` if the button of the
    /// kit's drawer was pressed.
    fn audition_controls(&self, ui: &mut Ui, view: &mut ViewContext<'_>, rect: Rect) -> bool {
        let scale = view.scale;
        let audition = &view.params.audition;
        let middle = Rect::from_center_size(rect.center(), vec2(rect.width(), scale.px(28.0)));
        let hint = "The plugin's own drums play the notes, so you hear them without routing. Off: the \
                    plugin only sends notes.";
        let on = middle.with_max_x(middle.left() + scale.px(96.0));
        switch(ui, view, on, &audition.on, ["Audition kit", "Audition"], hint);
        let kit = middle.with_min_x(on.right() + scale.px(8.0));
        let kit = kit.with_max_x(kit.left() + scale.px(KIT));
        choose_kit(ui, view, kit);
        let more = middle.with_min_x(kit.right() + scale.px(3.0));
        let more = more.with_max_x(more.left() + scale.px(24.0));
        let open = self.drawer == Some(Drawer::Kit);
        let style = if open { ButtonStyle::Selected } else { ButtonStyle::Flat };
        let hint = "Level, tune and decay of each drum of the kit.";
        let pressed = Button { name: "Kit drums", label: "…", style, hint }.show(ui, scale, more);
        let level = Slider {
            param: &audition.level,
            name: "Audition level",
            origin: 0.0,
            knob: true,
            colour: if audition.on.value() { theme::AMBER } else { theme::MUTED },
            hint: "Level of the audition kit.",
            beside: None,
        };
        level.show(ui, view, middle.with_min_x(more.right() + scale.px(10.0)));
        pressed
    }

    /// Draws the standalone program's transport, or the status of the host's, in the free area.
    fn transport(&self, ui: &mut Ui, view: &mut ViewContext<'_>, header: Rect, free: Rect) {
        let scale = view.scale;
        if view.edits.own_transport().is_present() {
            let tempo = match self.transport {
                TransportStatus::Following { tempo, .. } => tempo,
                TransportStatus::Stopped => 0.0,
            };
            let free = free.with_min_x(free.left() + scale.px(14.0));
            play_controls::show(ui, view, free, tempo);
        } else {
            self.transport_text(ui, scale, header, free.left() + scale.px(34.0), free.right());
        }
    }

    /// Draws the transport status between `left` and `right`.
    fn transport_text(&self, ui: &Ui, scale: Scale, rect: Rect, left: f32, right: f32) {
        // The text has a fixed left edge, so that it does not jitter as numbers change width, but
        // never overlaps its neighbour.
        let playing = self.transport != TransportStatus::Stopped;
        let start = pos2((rect.center().x - scale.px(190.0)).max(left), rect.center().y);
        let start = match self.track.name() {
            "" => start,
            name => {
                let below = start + vec2(0.0, scale.px(11.0));
                self.track_name(ui, scale, name, below, rect.with_max_x(right));
                start - vec2(0.0, scale.px(7.0))
            }
        };
        let text = self.transport.text();
        let colour = if playing { theme::TEXT } else { theme::MUTED };
        let font = scale.font(FontRole::Body);
        let room = ui.painter().with_clip_rect(rect.with_max_x(right));
        let drawn = room.text(start, Align2::LEFT_CENTER, &text, font, colour);
        expose_text(ui, drawn, &text);
        let dot = pos2(drawn.left() - scale.px(14.0), start.y);
        let light = if playing { theme::TEAL } else { theme::BAR_LINE };
        ui.painter().circle_filled(dot, scale.px(5.0), light);
    }

    /// Draws the name of the track at a point, and its colour before it.
    fn track_name(&self, ui: &Ui, scale: Scale, name: &str, at: Pos2, room: Rect) {
        let (font, room) = (scale.font(FontRole::Small), ui.painter().with_clip_rect(room));
        let drawn = room.text(at, Align2::LEFT_CENTER, name, font, theme::MUTED);
        expose_text(ui, drawn, name);
        if let Some((red, green, blue, _)) = self.track.color().map(|colour| colour.rgba()) {
            let mark = Rect::from_center_size(at - vec2(scale.px(14.0), 0.0), scale.size(8.0, 8.0));
            room.rect_filled(mark, scale.px(2.0), Color32::from_rgb(red, green, blue));
        }
    }
}

/// Draws the choice of the audition's kit.
fn choose_kit(ui: &mut Ui, view: &ViewContext<'_>, rect: Rect) {
    let param = &view.params.audition.kit;
    let known = KITS.iter().map(|&(number, _, title)| (i32::from(number), title.to_owned()));
    let automatic = (i32::from(AUTOMATIC_KIT), "Auto kit".to_owned());
    let (numbers, titles): (Vec<i32>, Vec<String>) = [automatic].into_iter().chain(known).unzip();
    let chosen = numbers.iter().position(|&number| number == param.value()).unwrap_or(0);
    let hint = "The drums that you hear: acoustic, or the sounds of a drum machine. Auto follows the \
                style.";
    let list =
        List { name: "Kit", choices: &titles, chosen, usual: 0, columns: 1, column: KIT, hint };
    if let Some(choice) = list.show(ui, view, rect, Some(param.as_ptr())) {
        view.edits.set(param, numbers[choice]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transport_status_text() {
        assert_eq!(TransportStatus::Stopped.text(), "stopped: press play in the host");
        let following = TransportStatus::Following {
            tempo: 97.25,
            meter: Meter::new(7, 8),
            bar: -1,
            free: false,
        };
        assert_eq!(following.text(), "following host · 97.2 · 7/8 · bar -1");
        let free = TransportStatus::Following {
            tempo: 120.0,
            meter: Meter::FOUR_FOUR,
            bar: 2,
            free: true,
        };
        assert_eq!(free.text(), "free run · 120.0 · 4/4 · bar 2");
    }
}
