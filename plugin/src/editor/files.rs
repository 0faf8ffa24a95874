//! Files at the window: the clip card, clips that are dragged out, files that are dropped, and the
//! file dialog.

pub(crate) mod action;
pub(crate) mod clip_card;
pub(crate) mod clip_drag;
pub(crate) mod drop_overlay;
pub(crate) mod picker;
