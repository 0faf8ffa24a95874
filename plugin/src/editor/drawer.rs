//! Drawers beside the phrase, one open at a time: presets, model, output, kit, help. The phrase stays
//! visible.

mod help;
mod kit;
mod learning;
mod model;
mod number_bar;
mod output;
pub(crate) mod preset_browser;
mod preset_rows;

use egui::{Align2, CornerRadius, Rect, Ui, pos2};

use crate::editor::host_edits::ViewContext;
use crate::editor::theme::{self, FontRole};
use crate::editor::widgets::{Button, ButtonStyle, line};
use crate::link::ModelState;

/// Width of a drawer, in design points.
pub(crate) const WIDTH: f32 = 380.0;

/// A drawer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drawer {
    Presets,
    Model,
    Out,
    Kit,
    Help,
}

impl Drawer {
    const fn title(self) -> &'static str {
        match self {
            Drawer::Presets => "PRESETS",
            Drawer::Model => "MODEL",
            Drawer::Out => "OUTPUT",
            Drawer::Kit => "KIT",
            Drawer::Help => "HELP",
        }
    }

    /// Draws the drawer in `rect`; `opened` marks its first frame. Returns `false` when it
    /// is closed.
    pub(crate) fn show(
        self,
        ui: &mut Ui,
        view: &mut ViewContext<'_>,
        rect: Rect,
        model: &ModelState,
        opened: bool,
    ) -> bool {
        let scale = view.scale;
        ui.painter().rect_filled(rect, CornerRadius::from(scale.px(10.0)), theme::PANEL);
        let title = rect.min + scale.size(18.0, 20.0);
        line(
            ui,
            title,
            Align2::LEFT_CENTER,
            self.title(),
            scale.font(FontRole::Caption),
            theme::MUTED,
        );
        let close = Rect::from_center_size(
            pos2(rect.right() - scale.px(22.0), rect.top() + scale.px(20.0)),
            scale.size(26.0, 26.0),
        );
        let button =
            Button { name: "Close", label: "×", style: ButtonStyle::Flat, hint: "Escape" };
        let closed = button.show(ui, scale, close);
        let inside = Rect::from_min_max(
            rect.min + scale.size(18.0, 38.0),
            rect.max - scale.size(18.0, 14.0),
        );
        match self {
            Drawer::Presets => preset_browser::show(ui, view, inside, opened),
            Drawer::Model => model::show(ui, view, inside, model, opened),
            Drawer::Out => output::show(ui, view, inside),
            Drawer::Kit => kit::show(ui, view, inside),
            Drawer::Help => help::show(ui, view, inside),
        }
        !closed
    }
}
