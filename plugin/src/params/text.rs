//! Texts of styles, channels, drum maps and kits as hosts show and enter them. A range has more numbers
//! than its table has rows, so that rows can be added; the others are "unused".

use groove::pattern::style::{ANY, LAST_STYLE, OWN_STYLES, Style, style_in};
use groove::play::drum_maps::{FactoryMap, LAST_MAP, map_name};
use groove::synth::{AUTOMATIC_KIT, KITS, LAST_KIT};

pub(super) fn style_text(table: &[Style], number: i32) -> String {
    let number = u8::try_from(number).unwrap_or(0);
    match style_in(table, number) {
        Some(style) => style.name.into(),
        None if number == 0 => ANY.into(),
        None if OWN_STYLES.contains(&number) => format!("own {}", number - OWN_STYLES.start() + 1),
        None => unused(number),
    }
}

pub(super) fn style_from_text(table: &[Style], text: &str) -> Option<i32> {
    numbered(LAST_STYLE, text, |number| style_text(table, number))
}

pub(super) fn map_text(table: &[FactoryMap], number: i32) -> String {
    let number = u8::try_from(number).unwrap_or(0);
    map_name(table, number).map_or_else(|| unused(number), str::to_owned)
}

pub(super) fn map_from_text(table: &[FactoryMap], text: &str) -> Option<i32> {
    numbered(LAST_MAP, text, |number| map_text(table, number))
}

pub(super) fn channel_text(number: i32) -> String {
    if number == 0 { "common".into() } else { number.to_string() }
}

pub(super) fn channel_from_text(text: &str) -> Option<i32> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("common") { Some(0) } else { text.parse().ok() }
}

pub(super) fn kit_text(number: i32) -> String {
    let number = u8::try_from(number).unwrap_or(AUTOMATIC_KIT);
    if number == AUTOMATIC_KIT {
        return "Automatic".into();
    }
    let kit = KITS.iter().find(|(known, ..)| *known == number);
    kit.map_or_else(|| unused(number), |(.., title)| (*title).into())
}

pub(super) fn kit_from_text(text: &str) -> Option<i32> {
    numbered(LAST_KIT, text, kit_text)
}

fn unused(number: u8) -> String {
    format!("unused {number}")
}

/// Returns the number up to `last` with a text, or the number that the text is.
fn numbered(last: u8, text: &str, text_of: impl Fn(i32) -> String) -> Option<i32> {
    let text = text.trim();
    let named = (0..=last.into()).find(|number| text_of(*number).eq_ignore_ascii_case(text));
    named.or_else(|| text.parse().ok())
}

/// Returns the position of the second note of a swung pair, in percent of the pair.
pub(super) fn swing_percent(swing: f32) -> f32 {
    50.0 + 25.0 * swing
}

/// Reads the position of the second note of a swung pair, in percent.
pub(super) fn swing_from_text(text: &str) -> Option<f32> {
    let percent: f32 = text.trim().trim_end_matches('%').trim().parse().ok()?;
    Some((percent - 50.0) / 25.0)
}
