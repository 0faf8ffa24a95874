//! The window's widgets. Each draws itself, handles pointer and keys, has an accessible name, and
//! sets its parameter through [`crate::editor::host_edits`].

mod button;
mod dial;
mod field;
mod frame;
mod labels;
mod list;
mod menu;
mod momentary;
mod param_menu;
mod segments;
mod slider;
mod text_field;
mod toggle;
mod value_input;

pub(crate) use self::button::{Button, ButtonStyle};
pub(crate) use self::dial::Dial;
pub(crate) use self::field::{Field, grouped};
pub(crate) use self::frame::{corners, focus_ring, hint_below, hint_beside, hint_of, thin_bar};
pub(crate) use self::labels::{
    banner, describe, expose_text, line, paragraph, remark, take_remark,
};
pub(crate) use self::list::{List, choices_of};
pub(crate) use self::menu::{menu_check, menu_choice, menu_item, menu_percent, menu_words};
pub(crate) use self::momentary::momentary;
pub(crate) use self::param_menu::{button_menu, pad_menu};
pub(crate) use self::segments::Segments;
pub(crate) use self::slider::Slider;
pub(crate) use self::toggle::{letter_toggle, switch};
pub(crate) use self::value_input::{
    ValueRequest, arrow_keys, axis, dragged_by, is_drag, offer_value_requests, pad_arrows,
    value_request, wheel_notches,
};
