//! Learning in the model drawer: what a style is learned from, progress, and the result to keep or
//! discard.

use egui::{Rect, Ui, pos2};

use crate::editor::files::action::{Action, FilePurpose};
use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole};
use crate::editor::widgets::{Button, ButtonStyle, menu_item, paragraph, thin_bar};
use crate::link::Metadata;
use crate::link::learning::{LearnedStyle, LearningState};
use crate::project::models::style_title;

const PROMISE: &str = "Nothing leaves this computer. Nothing is kept without a click.";

/// Returns `true` if something is learned, or its result waits for an answer.
pub(super) fn is_busy(view: &ViewContext<'_>) -> bool {
    !matches!(view.edits.session().link().learning().state().0, LearningState::Idle)
}

/// Draws the section beside the description of the model. Returns its bottom.
pub(super) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, rect: Rect) -> f32 {
    let link = view.edits.session().link().clone();
    let (state, read) = link.learning().state();
    let mut place = DrawerSpace { rect, gap: view.scale.px(8.0) };
    match state {
        LearningState::Idle => offer(ui, view, &mut place, link.learning().played_bars()),
        LearningState::Reading => {
            place.text(ui, view, "The clips are read…", false);
            if place.button(ui, view, "Cancel learning", "Cancel", ButtonStyle::Raised) {
                view.edits.session_mut().cancel_learning();
            }
        }
        LearningState::Learning { share, seconds_left } => {
            place.text(ui, view, &read, false);
            let text = format!("Learning: at most {seconds_left:.0} seconds left.");
            place.text(ui, view, &text, false);
            let bar = place.rect.with_max_y(place.rect.top() + view.scale.px(8.0));
            thin_bar(ui, view.scale, bar, theme::LINE, ([0.0, share], theme::AMBER));
            place.below(bar);
            if place.button(ui, view, "Cancel learning", "Cancel", ButtonStyle::Raised) {
                view.edits.session_mut().cancel_learning();
            }
        }
        LearningState::Learned(style) => {
            place.text(ui, view, &read, false);
            place.text(ui, view, &result(&style), false);
            place.text(ui, view, PROMISE, false);
            if place.button(ui, view, "Keep style", "Keep", ButtonStyle::Primary) {
                view.edits.session_mut().keep_style();
            }
            if place.beside(ui, view, "Discard style", "Discard") {
                view.edits.session_mut().cancel_learning();
            }
        }
        LearningState::Failed(why) => {
            place.text(ui, view, &why, true);
            if place.button(ui, view, "Close message", "OK", ButtonStyle::Raised) {
                view.edits.session_mut().cancel_learning();
            }
        }
    }
    place.rect.top()
}

/// Offers a folder, and the bars played on the keys.
fn offer(ui: &mut Ui, view: &mut ViewContext<'_>, place: &mut DrawerSpace, bars: usize) {
    let text = format!(
        "It learns a style from MIDI clips of your playing: choose a folder, or drop a folder or \
         files here. {PROMISE}"
    );
    place.text(ui, view, &text, false);
    if place.button(ui, view, "Learn style", "Learn…", ButtonStyle::Raised) {
        view.asked = Some(Action::PickFile(FilePurpose::Learn, view.edits.options));
    }
    let label = match bars {
        0 => return,
        1 => "Learn the bar you played".to_owned(),
        bars => format!("Learn the {bars} bars you played"),
    };
    if place.beside(ui, view, "Learn played bars", &label) {
        view.edits.session_mut().learn_played();
    }
}

/// Says how much better the style is than none.
fn result(style: &LearnedStyle) -> String {
    let LearnedStyle { name, perplexities: [before, after], .. } = style;
    let percent = 100.0 * (1.0 - after / before);
    if percent < 0.5 {
        return format!(
            "In the clips that it had not heard, the style “{name}” foresees your playing no better \
             than before ({before:.1} likely choices for each sixteenth): the model knew such \
             playing already. Kept, the style starts its takes from your bars."
        );
    }
    format!(
        "The style “{name}” foresees your playing {percent:.0} % better: in the clips that it had not \
         heard, it narrows each sixteenth down to {after:.1} likely choices instead of {before:.1}."
    )
}

/// Draws an entry for each own style of the model that removes it, after a second click.
pub(super) fn unlearn_items(ui: &mut Ui, view: &mut ViewContext<'_>, model: &Metadata) {
    let id = ui.make_persistent_id("unlearn");
    let asked: Option<u8> = ui.data(|data| data.get_temp(id));
    let own: Vec<u8> = model.own_styles().filter_map(|name| model.style_number(name)).collect();
    for number in own {
        let title = style_title(number, Some(model));
        let name = format!("Unlearn {title}");
        let hint = "Removes the style and its file. Projects that play it keep their saved notes.";
        let label = match asked == Some(number) {
            true => format!("{name}: click again to remove it"),
            false => format!("{name}…"),
        };
        if menu_item(ui, view.scale, &name, &label, hint) {
            if asked == Some(number) {
                ui.data_mut(|data| data.remove::<u8>(id));
                view.edits.session_mut().unlearn(number);
            } else {
                ui.data_mut(|data| data.insert_temp(id, number));
            }
        }
    }
}

/// Free place in the drawer, from the top down.
struct DrawerSpace {
    rect: Rect,
    gap: f32,
}

impl DrawerSpace {
    fn below(&mut self, drawn: Rect) {
        self.rect.min.y = drawn.bottom() + self.gap;
    }

    fn text(&mut self, ui: &Ui, view: &ViewContext<'_>, text: &str, wrong: bool) {
        if text.is_empty() {
            return;
        }
        let colour = if wrong { theme::WRONG } else { theme::TEXT };
        let font = view.scale.font(FontRole::Small);
        let drawn = paragraph(ui, self.rect, text, font, colour);
        self.below(drawn);
    }

    /// Draws a button on a line of its own. Returns `true` if it was clicked.
    fn button(
        &mut self,
        ui: &mut Ui,
        view: &ViewContext<'_>,
        name: &str,
        label: &str,
        style: ButtonStyle,
    ) -> bool {
        let area = Rect::from_min_size(self.rect.min, view.scale.size(90.0, 26.0));
        self.below(area);
        Button { name, label, style, hint: PROMISE }.show(ui, view.scale, area)
    }

    /// Draws a button to the right of the last one. Returns `true` if it was clicked.
    fn beside(&self, ui: &mut Ui, view: &ViewContext<'_>, name: &str, label: &str) -> bool {
        let scale = view.scale;
        let top = self.rect.top() - self.gap - scale.px(26.0);
        let min = pos2(self.rect.left() + scale.px(98.0), top);
        let right = if label.len() > 10 { self.rect.right() } else { min.x + scale.px(90.0) };
        let area = Rect::from_min_max(min, pos2(right, top + scale.px(26.0)));
        Button { name, label, style: ButtonStyle::Raised, hint: PROMISE }.show(ui, scale, area)
    }
}
