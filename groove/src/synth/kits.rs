//! Kits of the audition, their numbers, and the kit of each style.

use crate::pattern::style::style_name;

/// A kit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kit {
    /// Drums and cymbals of wood and metal.
    #[default]
    Acoustic,
    /// Drum machine.
    Machine(Machine),
}

/// A drum machine: all of its sounds come from the same voices with other settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// Analogue, with a long low kick, in the manner of an 808.
    Deep,
    /// Hard kick with a click, bright snare, in the manner of a 909.
    Club,
}

/// Largest kit number. The range of the kit's parameter depends on it, so it never changes.
pub const LAST_KIT: u8 = 15;

/// Number of the choice that follows the style.
pub const AUTOMATIC_KIT: u8 = 0;

/// Kits with their numbers, which never change and are never used again, and their names.
pub const KITS: &[(u8, Kit, &str)] = &[
    (1, Kit::Acoustic, "Acoustic"),
    (2, Kit::Machine(Machine::Club), "909 style"),
    (3, Kit::Machine(Machine::Deep), "808 style"),
];

/// Styles with an electronic kit, by name. All other styles have the acoustic one.
const ELECTRONIC: &[(&str, Machine)] = &[
    ("dance", Machine::Club),
    ("house", Machine::Club),
    ("techno", Machine::Club),
    ("garage", Machine::Club),
    ("trap", Machine::Deep),
    ("dancehall", Machine::Deep),
    ("reggaeton", Machine::Deep),
];

/// The kit of a number; for [`AUTOMATIC_KIT`] and unknown numbers that of a style.
#[must_use]
pub fn chosen_kit(number: u8, style: u8) -> Kit {
    let chosen = KITS.iter().find(|(known, ..)| *known == number);
    chosen.map_or_else(|| kit_of_style(style), |(_, kit, _)| *kit)
}

/// The kit that fits a style.
fn kit_of_style(style: u8) -> Kit {
    let machine = ELECTRONIC.iter().find(|(name, _)| *name == style_name(style));
    machine.map_or(Kit::Acoustic, |(_, machine)| Kit::Machine(*machine))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::style::{LAST_STYLE, style_number};

    #[test]
    fn dance_is_electronic_and_all_other_first_styles_are_acoustic() {
        for style in 0..=18 {
            let expected = match style_name(style) {
                "dance" => Kit::Machine(Machine::Club),
                _ => Kit::Acoustic,
            };
            assert_eq!(chosen_kit(AUTOMATIC_KIT, style), expected, "{}", style_name(style));
        }
    }

    #[test]
    fn electronic_styles_are_known() {
        for (name, _) in ELECTRONIC {
            assert!(style_number(name).is_some_and(|number| number > 0), "{name}");
        }
    }

    #[test]
    fn a_chosen_kit_ignores_the_style() {
        for (place, &(number, kit, name)) in KITS.iter().enumerate() {
            assert!((1..=LAST_KIT).contains(&number), "{name}");
            assert!(KITS[..place].iter().all(|other| other.0 != number && other.2 != name));
            assert!((0..=LAST_STYLE).all(|style| chosen_kit(number, style) == kit), "{name}");
        }
    }
}
