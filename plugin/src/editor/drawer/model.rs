//! The model: which one plays, what it learned from, and its held-out figures beside the floors.

use egui::{Align2, Rect, Ui, pos2};
use groove::model::Metadata;

use crate::editor::hand::Tools;
use crate::editor::header::line;
use crate::editor::theme::{self, Type};
use crate::link::ModelState;

pub(super) fn show(ui: &mut Ui, tools: &mut Tools<'_>, inside: Rect, model: &ModelState) {
    let scale = tools.scale;
    let text = match model {
        ModelState::Loading => "The model is being read.".to_owned(),
        ModelState::Missing(why) => why.clone(),
        ModelState::Ready(model) => {
            figures(ui, tools, inside.with_min_y(inside.top() + scale.px(30.0)), model);
            model.name.clone()
        }
    };
    line(ui, inside.min + scale.size(0.0, 10.0), Align2::LEFT_CENTER, &text, scale.font(Type::Strong), theme::TEXT);
}

fn figures(ui: &mut Ui, tools: &mut Tools<'_>, rect: Rect, model: &Metadata) {
    let scale = tools.scale;
    let text = model.validation.beats.map_or(String::new(), |beats| format!("{beats:.2}"));
    line(ui, pos2(rect.left(), rect.top()), Align2::LEFT_TOP, &text, scale.font(Type::Body), theme::MUTED);
}
