//! The phrase on screen: its layout, its picture, its lane headers, its menu, and editing it.

pub(crate) mod cell_edit;
pub(crate) mod cell_keys;
mod cell_menu;
mod hit_signs;
pub(crate) mod lane_headers;
pub(crate) mod layout;
mod song_buttons;
pub(crate) mod song_strip;
pub(crate) mod spoken;
pub(crate) mod view;
