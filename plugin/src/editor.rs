//! The window: what goes on, as [`crate::link`] tells it. It sets parameters through the host and
//! reaches neither the engine nor the model.

use std::sync::Arc;

use nice_plug_egui::{
    EguiEditor, EguiEditorState, EguiNiceSettings, Frame, NiceEguiApp, RepaintNotifier,
    create_egui_editor,
};

use crate::link::Link;
use crate::params::DeepPocketParams;

/// The editor that the plugin gives its host.
pub type Window = EguiEditor<View>;

/// What is drawn.
pub struct View {
    link: Arc<Link>,
}

impl NiceEguiApp for View {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut Frame) {
        ui.label(if self.link.status().following { "following" } else { "stopped" });
    }
}

/// Makes the editor.
pub fn create(params: Arc<DeepPocketParams>, link: Arc<Link>) -> Option<Window> {
    let (width, height) = params.state.window();
    let size = nice_plug::editor::dpi::LogicalSize::new(f64::from(width), f64::from(height));
    let state = EguiEditorState::from_size(size, 1.0);
    create_egui_editor(state, RepaintNotifier::default(), EguiNiceSettings::new(), View { link })
}
