//! The top of the window: whose window it is, what the host is doing, which model plays; and
//! below it, only when something is wrong, a sentence that says what.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, FontId, Rect, Sense, Ui, WidgetInfo, pos2};
use groove::pattern::Meter;

use super::theme::{self, Scale, Type};

/// What the host's transport is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Transport {
    /// Nothing plays.
    Stopped,
    /// The drummer follows.
    Following {
        /// Quarter notes a minute.
        tempo: f64,
        /// The host's meter.
        meter: Meter,
        /// The host's number of the bar, counted from 1.
        bar: i64,
    },
}

impl Transport {
    fn text(self) -> String {
        match self {
            Transport::Stopped => "stopped: press play in the host".to_owned(),
            Transport::Following { tempo, meter: Meter { numerator, denominator }, bar } => {
                format!("following host · {tempo:.1} · {numerator}/{denominator} · bar {bar}")
            }
        }
    }
}

/// What stands in the header.
pub(super) struct Header<'a> {
    /// The take in a few words.
    pub take: &'a str,
    /// What the host is doing.
    pub transport: Transport,
    /// The model in a few words.
    pub model: &'a str,
    /// What the model's figure means.
    pub model_hint: &'a str,
}

impl Header<'_> {
    /// Draws the header in `rect`.
    pub(super) fn show(&self, ui: &mut Ui, scale: Scale, rect: Rect) {
        ui.painter().rect_filled(rect, 0.0, theme::PANEL);
        ui.painter().hline(rect.x_range(), rect.bottom(), (1.0, theme::LINE));
        let at = |x: f32| pos2(x, rect.center().y);

        let title = at(rect.left() + scale.px(20.0));
        let title = line(
            ui,
            title,
            Align2::LEFT_CENTER,
            "Deep Pocket",
            scale.font(Type::Title),
            theme::TEXT,
        );
        let take = at(title.right() + scale.px(18.0));
        let take =
            line(ui, take, Align2::LEFT_CENTER, self.take, scale.font(Type::Body), theme::MUTED);

        let model = at(rect.right() - scale.px(20.0));
        let model =
            line(ui, model, Align2::RIGHT_CENTER, self.model, scale.font(Type::Body), theme::MUTED);
        ui.interact(model, ui.make_persistent_id("model"), Sense::hover())
            .on_hover_text(self.model_hint);

        // It starts at a fixed place, so that it does not dance when figures grow or shrink, but
        // never under its neighbour.
        let playing = self.transport != Transport::Stopped;
        let start = (rect.center().x - scale.px(110.0)).max(take.right() + scale.px(40.0));
        let text = self.transport.text();
        let colour = if playing { theme::TEXT } else { theme::MUTED };
        let font = scale.font(Type::Body);
        let said = line(ui, at(start), Align2::LEFT_CENTER, &text, font, colour);
        let dot = at(said.left() - scale.px(14.0));
        let light = if playing { theme::TEAL } else { theme::BAR_LINE };
        ui.painter().circle_filled(dot, scale.px(5.0), light);
    }
}

/// Draws a sentence about something that is wrong in `rect`.
pub(super) fn message(ui: &mut Ui, scale: Scale, rect: Rect, text: &str) {
    ui.painter().rect_filled(
        rect,
        CornerRadius::from(scale.px(7.0)),
        theme::WRONG.gamma_multiply(0.16),
    );
    let dot = pos2(rect.left() + scale.px(16.0), rect.center().y);
    ui.painter().circle_filled(dot, scale.px(4.5), theme::WRONG);
    let left = pos2(rect.left() + scale.px(30.0), rect.center().y);
    line(ui, left, Align2::LEFT_CENTER, text, scale.font(Type::Body), theme::TEXT);
}

/// Draws one line of text that assistive tools can read, and returns where it stands.
pub(super) fn line(
    ui: &Ui,
    at: egui::Pos2,
    anchor: Align2,
    text: &str,
    font: FontId,
    colour: egui::Color32,
) -> Rect {
    let rect = ui.painter().text(at, anchor, text, font, colour);
    ui.interact(rect, ui.make_persistent_id(("line", text)), Sense::empty())
        .widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
    rect
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transport_is_told_in_words() {
        assert_eq!(Transport::Stopped.text(), "stopped: press play in the host");
        let following = Transport::Following { tempo: 97.25, meter: Meter::new(7, 8), bar: -1 };
        assert_eq!(following.text(), "following host · 97.2 · 7/8 · bar -1");
    }
}
