//! Hook of egui for screen readers: takes the accessibility tree of each frame before egui-baseview
//! drops it, and adds the reader's actions to the input.

use std::sync::Arc;

use egui::accesskit::Action;
use egui::{Context, Event, FullOutput, RawInput, ViewportCommand};

use crate::editor::window::shared::WindowShared;

/// Name of the window for screen readers.
const NAME: &str = "Deep Pocket";

/// Connects egui to the screen reader of a window.
pub(crate) struct ReaderHook(pub Arc<WindowShared>);

impl egui::Plugin for ReaderHook {
    fn debug_name(&self) -> &'static str {
        "screen reader"
    }

    fn input_hook(&mut self, context: &Context, input: &mut RawInput) {
        if self.0.reader.is_wanted() {
            context.enable_accesskit();
        } else {
            context.disable_accesskit();
        }
        for request in self.0.reader.take_actions() {
            if request.action == Action::Focus {
                // Keys reach the control only while the window has them.
                context.send_viewport_cmd(ViewportCommand::Focus);
            }
            input.events.push(Event::AccessKitActionRequest(request));
        }
    }

    fn output_hook(&mut self, context: &Context, output: &mut FullOutput) {
        let Some(mut tree) = output.platform_output.accesskit_update.take() else { return };
        let root = tree.tree.as_ref().map(|tree| tree.root);
        if let Some((_, window)) = tree.nodes.iter_mut().find(|(id, _)| Some(*id) == root) {
            window.set_label(NAME);
        }
        let focused = context.input(|input| input.viewport().focused == Some(true));
        self.0.reader.update(tree, focused);
    }
}
