//! Texts of styles, channels and drum maps as hosts show and enter them.

use groove::pattern::style::{STYLES, style_name, style_number};
use groove::play::drum_maps::DRUM_MAPS;

use crate::params::OWN_STYLES;

pub(super) fn style_text(number: i32) -> String {
    match usize::try_from(number) {
        Ok(n) if n > STYLES.len() => format!("own {}", n - STYLES.len()),
        _ => style_name(u8::try_from(number).unwrap_or(0)).into(),
    }
}

pub(super) fn style_from_text(text: &str) -> Option<i32> {
    let text = text.trim().to_ascii_lowercase();
    if let Some(own) = text.strip_prefix("own") {
        let own: usize = own.trim().parse().ok()?;
        return (1..=OWN_STYLES).contains(&own).then(|| i32::try_from(STYLES.len() + own).ok())?;
    }
    style_number(&text).map(i32::from).or_else(|| text.parse().ok())
}

pub(super) fn channel_text(number: i32) -> String {
    if number == 0 { "common".into() } else { number.to_string() }
}

pub(super) fn channel_from_text(text: &str) -> Option<i32> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("common") { Some(0) } else { text.parse().ok() }
}

pub(super) fn last_map() -> i32 {
    i32::try_from(DRUM_MAPS.len() - 1).unwrap_or(0)
}

pub(super) fn map_text(number: i32) -> String {
    let map = usize::try_from(number).ok().and_then(|number| DRUM_MAPS.get(number));
    map.unwrap_or(&DRUM_MAPS[0]).0.into()
}

pub(super) fn map_from_text(text: &str) -> Option<i32> {
    let named = DRUM_MAPS.iter().position(|(name, _)| name.eq_ignore_ascii_case(text.trim()));
    named.and_then(|place| i32::try_from(place).ok()).or_else(|| text.trim().parse().ok())
}
