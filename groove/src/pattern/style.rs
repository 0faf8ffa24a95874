//! Styles and their numbers. Projects, presets, automation and model files store the number, so it
//! never changes its meaning: a new built-in style takes a free number up to [`LAST_STYLE`]. A model
//! tuned to a user's own clips can have a few more styles, stored in its file.

use std::ops::RangeInclusive;

/// A built-in style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Number, never changed or used again.
    pub number: u8,
    /// Name in data sets, model files and host texts.
    pub name: &'static str,
    /// Name in the window.
    pub title: &'static str,
}

const fn style(number: u8, name: &'static str, title: &'static str) -> Style {
    Style { number, name, title }
}

/// Built-in styles. The first 18 are the primary styles of the Groove MIDI Dataset; the others were
/// learned from programmed drums.
pub const STYLES: &[Style] = &[
    style(1, "afrobeat", "Afrobeat"),
    style(2, "afrocuban", "Afro-Cuban"),
    style(3, "blues", "Blues"),
    style(4, "country", "Country"),
    style(5, "dance", "Dance"),
    style(6, "funk", "Funk"),
    style(7, "gospel", "Gospel"),
    style(8, "highlife", "Highlife"),
    style(9, "hiphop", "Hip-hop"),
    style(10, "jazz", "Jazz"),
    style(11, "latin", "Latin"),
    style(12, "middleeastern", "Middle Eastern"),
    style(13, "neworleans", "New Orleans"),
    style(14, "pop", "Pop"),
    style(15, "punk", "Punk"),
    style(16, "reggae", "Reggae"),
    style(17, "rock", "Rock"),
    style(18, "soul", "Soul"),
    style(24, "metal", "Metal"),
    style(25, "hardrock", "Hard rock"),
    style(26, "house", "House"),
    style(27, "techno", "Techno"),
    style(28, "trap", "Trap"),
    style(29, "drumandbass", "Drum and bass"),
    style(30, "garage", "Garage"),
    style(31, "breakbeat", "Breakbeat"),
    style(32, "disco", "Disco"),
    style(33, "dancehall", "Dancehall"),
    style(34, "reggaeton", "Reggaeton"),
    style(35, "boombap", "Boom-bap"),
];

/// Largest style number. The range of the style parameters depends on it, so it never changes.
pub const LAST_STYLE: u8 = 127;

/// Numbers of a model's own styles; all others are for built-in styles.
pub const OWN_STYLES: RangeInclusive<u8> = 19..=23;

/// Smallest number of a built-in style that was learned from programmed drums. Such styles are no
/// part of [`ANY`], which is a mixture of drummers' recordings.
pub const FIRST_PROGRAMMED: u8 = 24;

/// Maximum length of an own style's name, in letters.
pub const LETTERS: usize = 32;

/// Name of style number 0: no particular style.
pub const ANY: &str = "any";

/// Returns the style with a number in a table such as [`STYLES`].
#[must_use]
pub fn style_in(table: &[Style], number: u8) -> Option<&Style> {
    table.iter().find(|style| style.number == number)
}

/// Number of a built-in style by name, case-insensitive; `None` if there is none.
#[must_use]
pub fn style_number(name: &str) -> Option<u8> {
    let name = name.trim().to_ascii_lowercase();
    if name == ANY {
        return Some(0);
    }
    STYLES.iter().find(|style| style.name == name).map(|style| style.number)
}

/// Name of a built-in style by number; [`ANY`] for other numbers.
#[must_use]
pub fn style_name(number: u8) -> &'static str {
    style_in(STYLES, number).map_or(ANY, |style| style.name)
}

/// Error message if a name is invalid for an own style, given the names before it; `None` if it is
/// valid. Names are lower case, so that a name has one spelling, and safe in file names.
#[must_use]
pub fn own_style_name_error(name: &str, known: &[String]) -> Option<String> {
    let fits = |letter: char| letter.is_alphanumeric() || " -_".contains(letter);
    let shown = name.escape_debug();
    if name == ANY || known.iter().any(|style| style == name) {
        Some(format!("two styles have the name {shown}"))
    } else if !(1..=LETTERS).contains(&name.chars().count())
        || !name.chars().all(fits)
        || name.trim() != name
        || name.to_lowercase() != name
    {
        Some(format!(
            "{shown} is not a style name: use 1 to {LETTERS} lower-case letters, digits, spaces, - and _"
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_names_and_numbers_agree() {
        for (place, style) in STYLES.iter().enumerate() {
            assert_eq!(style_in(STYLES, style.number), Some(style));
            assert_eq!(style_number(style.name), Some(style.number), "{} twice", style.name);
            assert!((1..=LAST_STYLE).contains(&style.number), "{}", style.name);
            assert!(!OWN_STYLES.contains(&style.number), "{}", style.name);
            let before = STYLES[..place].iter().map(|style| style.name.to_owned());
            assert_eq!(own_style_name_error(style.name, &before.collect::<Vec<_>>()), None);
        }
        assert_eq!((style_number("any"), style_name(0)), (Some(0), ANY));
        assert_eq!(style_number("Rock"), style_number("rock"));
        assert_eq!(style_number("polka"), None);
        assert_eq!(style_name(200), ANY);
    }

    #[test]
    fn own_style_names_are_short_and_unique() {
        let known = ["rock".to_owned(), "polka".to_owned()];
        for name in ["mine", "zwölf takte", "a-b_2", &"x".repeat(LETTERS)] {
            assert_eq!(own_style_name_error(name, &known), None, "{name}");
        }
        for name in ["any", "polka", "rock"] {
            assert!(
                own_style_name_error(name, &known)
                    .is_some_and(|fault| fault.contains("two styles"))
            );
        }
        for name in ["", " mine", "Mine", "a/b", "a, b", "a\n", &"x".repeat(LETTERS + 1)] {
            let fault = own_style_name_error(name, &known);
            assert!(fault.is_some_and(|fault| fault.contains("is not a style name")), "{name}");
        }
    }
}
