//! The phrase on screen: its layout, its picture, its lane headers, and editing it.

pub(crate) mod cell_edit;
pub(crate) mod lane_headers;
pub(crate) mod layout;
pub(crate) mod view;
