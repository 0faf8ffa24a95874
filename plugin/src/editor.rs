//! The window: the phrase, the host's transport, and the controls. It draws the data of
//! [`mod@crate::link`] and [`crate::params`], sets parameters through the host, and accesses
//! neither the engine nor the model.
//!
//! Each frame reads the state, draws it, and carries out at most one action. While the host plays,
//! the window draws at the display's rate, otherwise only after a change.

mod app;
mod drawer;
mod files;
#[cfg(feature = "measure")]
mod frame_cost;
mod header;
mod host_edits;
mod panels;
mod phrase;
mod status;
mod styles;
#[cfg(test)]
mod tests;
mod theme;
mod widgets;
mod window;

use std::sync::Arc;

use self::window::shared::Sources;
pub use self::window::{Window, set_display_scale};
use crate::link::Link;
use crate::params::DeepPocketParams;

/// Creates the editor for the host.
#[must_use]
pub fn create(params: Arc<DeepPocketParams>, link: Arc<Link>) -> Option<Window> {
    Some(Window::new(Sources { params, link }))
}
