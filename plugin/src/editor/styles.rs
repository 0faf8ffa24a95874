//! Styles in the window.

use groove::play::drum_maps::{DRUM_MAPS, map_name};

use crate::link::{Metadata, ModelState};
use crate::params::controls::Controls;
use crate::project::models;

/// Returns the metadata of a model that is ready.
pub(crate) fn ready(model: &ModelState) -> Option<&Metadata> {
    match model {
        ModelState::Ready(model) => Some(model),
        ModelState::Loading | ModelState::Missing(_) => None,
    }
}

/// Returns the numbers of the selectable styles: those of the model, and the selected one even if
/// the model lacks it.
pub(crate) fn style_numbers(model: Option<&Metadata>, chosen: u8) -> Vec<u8> {
    let mut numbers = models::style_numbers(model);
    if !numbers.contains(&chosen) {
        numbers.push(chosen);
    }
    numbers
}

/// Returns the display name of a style, short for "any style".
pub(crate) fn style_title(number: u8, model: Option<&Metadata>) -> String {
    match number {
        0 => "Any".to_owned(),
        number => models::style_title(number, model),
    }
}

/// Returns a message if the model does not have a style in use, or the drum map is unknown.
pub(crate) fn unknown_choice(model: Option<&Metadata>, controls: &Controls) -> Option<String> {
    let (second, share) = controls.take.blend;
    let styles = [(controls.take.style, 1.0 - share), (second, share)];
    let lacks = |model: &Metadata, number| number != 0 && model.style_place(number).is_none();
    for (number, _) in styles.into_iter().filter(|(_, share)| *share > 0.0) {
        if let Some(model) = model.filter(|model| lacks(model, number)) {
            let style = style_title(number, Some(model));
            return Some(format!(
                "The model {} has no style {style}: it plays any style instead.",
                model.name
            ));
        }
    }
    let map = controls.map;
    map_name(DRUM_MAPS, map).is_none().then(|| {
        format!("This version has no drum map {map}: the notes are those of General MIDI.")
    })
}
