//! Built-in styles in a fixed order. A style's number is saved in projects, so the list only grows
//! at its end. A model tuned to a user's own clips can have a few more styles, stored in its file.

/// Primary styles of the Groove MIDI Dataset. Style number 0 is [`ANY`]; number `n` is `STYLES[n -
/// 1]`.
pub const STYLES: [&str; 18] = [
    "afrobeat",
    "afrocuban",
    "blues",
    "country",
    "dance",
    "funk",
    "gospel",
    "highlife",
    "hiphop",
    "jazz",
    "latin",
    "middleeastern",
    "neworleans",
    "pop",
    "punk",
    "reggae",
    "rock",
    "soul",
];

/// Maximum number of styles of a model: [`STYLES`], and a few of its own after them.
pub const SLOTS: usize = 23;

/// Maximum length of an own style's name, in letters.
pub const LETTERS: usize = 32;

/// Name of style number 0: no particular style.
pub const ANY: &str = "any";

/// Style number by name, case-insensitive; `None` if there is none.
#[must_use]
pub fn style_number(name: &str) -> Option<u8> {
    let name = name.trim().to_ascii_lowercase();
    if name == ANY {
        return Some(0);
    }
    let place = STYLES.iter().position(|style| *style == name)?;
    u8::try_from(place + 1).ok()
}

/// Style name by number; [`ANY`] for unknown numbers.
#[must_use]
pub fn style_name(number: u8) -> &'static str {
    match usize::from(number) {
        0 => ANY,
        n => STYLES.get(n - 1).copied().unwrap_or(ANY),
    }
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
        for number in 0..=18 {
            assert_eq!(style_number(style_name(number)), Some(number));
        }
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
