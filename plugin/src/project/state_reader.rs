//! Reads a saved state field by field: a damaged field does not affect others, and memory is
//! proportional to the record's length, so that a hostile record does no harm.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::project::saved_state::SavedState;

/// Maximum length of a record, in bytes: several times the largest valid one.
const LONGEST: usize = 8 << 20;

impl SavedState {
    /// Reads a record field by field. Unreadable fields have defaults, and the record is marked as
    /// damaged.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut saved = SavedState::default();
        if text.len() > LONGEST {
            return SavedState { damaged: true, ..saved };
        }
        let SavedState {
            version,
            tempo,
            window,
            primer,
            pins,
            toward,
            model,
            models,
            history,
            notes,
            damaged,
        } = &mut saved;
        let good = [
            read_field(text, "version", version),
            read_field(text, "tempo", tempo),
            read_field(text, "window", window),
            read_field(text, "primer", primer),
            read_field(text, "pins", pins),
            read_field(text, "toward", toward),
            read_field(text, "model", model),
            read_field(text, "models", models),
            read_field(text, "history", history),
            read_field(text, "notes", notes),
            read_field(text, "damaged", damaged),
        ];
        saved.damaged |= good.contains(&false);
        saved
    }
}

/// Reads one field of a record, if present, and skips the others. Returns `false` on a syntax
/// error.
fn read_field<'de, T: Deserialize<'de>>(text: &'de str, name: &str, place: &mut T) -> bool {
    struct FieldVisitor<'a, T> {
        name: &'a str,
        place: &'a mut T,
    }

    impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<'_, T> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str("a record")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut record: A) -> Result<(), A::Error> {
            while let Some(name) = record.next_key::<String>()? {
                if name == self.name {
                    *self.place = record.next_value()?;
                } else {
                    record.next_value::<IgnoredAny>()?;
                }
            }
            Ok(())
        }
    }

    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_map(FieldVisitor { name, place }).and_then(|()| reader.end()).is_ok()
}
