//! Names of styles in the window.

use crate::link::{Metadata, ModelState};
use crate::project::models;

/// Returns the selectable styles: those of the model, and the selected one even if the model lacks
/// it.
pub(crate) fn style_names(model: &ModelState, chosen: usize) -> Vec<String> {
    let model = match model {
        ModelState::Ready(model) => Some(&**model),
        ModelState::Loading | ModelState::Missing(_) => None,
    };
    let known = models::style_numbers(model).last().map_or(0, usize::from);
    let numbers = (0..=known.max(chosen)).filter_map(|number| u8::try_from(number).ok());
    numbers.map(|number| style_title(number, model)).collect()
}

/// Returns the display name of a style, short for "any style".
pub(crate) fn style_title(number: u8, model: Option<&Metadata>) -> String {
    match number {
        0 => "Any".to_owned(),
        number => models::style_title(number, model),
    }
}
