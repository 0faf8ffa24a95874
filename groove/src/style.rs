//! The styles that a take can ask for, in a fixed order: a style's number is what a project
//! saves, so the list only ever grows at its end.

/// The primary styles of the Groove MIDI Dataset, by name. Style number 0 is [`ANY`]; number `n`
/// is `STYLES[n - 1]`.
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

/// Styles that a model can know: [`STYLES`], and a few more of its own after them.
pub const SLOTS: usize = 23;

/// Name of style number 0: no style in particular.
pub const ANY: &str = "any";

/// The number of a style by its name (letter case does not matter), `None` if there is none.
#[must_use]
pub fn style_number(name: &str) -> Option<u8> {
    let name = name.trim().to_ascii_lowercase();
    if name == ANY {
        return Some(0);
    }
    let place = STYLES.iter().position(|style| *style == name)?;
    u8::try_from(place + 1).ok()
}

/// The name of a style by its number; a number without a style is [`ANY`].
#[must_use]
pub fn style_name(number: u8) -> &'static str {
    match usize::from(number) {
        0 => ANY,
        n => STYLES.get(n - 1).copied().unwrap_or(ANY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_agree() {
        for number in 0..=18 {
            assert_eq!(style_number(style_name(number)), Some(number));
        }
        assert_eq!(style_number("Rock"), style_number("rock"));
        assert_eq!(style_number("polka"), None);
        assert_eq!(style_name(200), ANY);
    }
}
