//! Reads a saved state field by field: a damaged field does not affect others, and memory is
//! proportional to the record's length, so that a hostile record does no harm.

use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::from_str;
use serde_json::value::RawValue;

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
        let mut record = serde_json::Deserializer::from_str(text);
        let read = record.deserialize_map(FieldReader(&mut saved)).and_then(|()| record.end());
        saved.damaged |= read.is_err();
        saved
    }

    fn read_field(&mut self, name: &str, value: &str) -> serde_json::Result<()> {
        match name {
            "version" => self.version = from_str(value)?,
            "tempo" => self.tempo = from_str(value)?,
            "window" => self.window = from_str(value)?,
            "primer" => self.primer = from_str(value)?,
            "pins" => self.pins = from_str(value)?,
            "held" => self.held = from_str(value)?,
            "toward" => self.toward = from_str(value)?,
            "chart" => self.chart = from_str(value)?,
            "kit" => self.kit = from_str(value)?,
            "model" => self.model = from_str(value)?,
            "models" => self.models = from_str(value)?,
            "history" => self.history = from_str(value)?,
            "notes" => self.notes = from_str(value)?,
            "damaged" => self.damaged |= from_str::<bool>(value)?,
            _ => {}
        }
        Ok(())
    }
}

/// Reads the fields of a record in their order, up to the first syntax error.
struct FieldReader<'a>(&'a mut SavedState);

impl<'de> Visitor<'de> for FieldReader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut record: A) -> Result<(), A::Error> {
        while let Some((name, value)) = record.next_entry::<String, &RawValue>()? {
            let read = self.0.read_field(&name, value.get());
            self.0.damaged |= read.is_err();
        }
        Ok(())
    }
}
