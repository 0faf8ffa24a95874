//! Cells in words, as drummers count: "Bar 2, beat 3 and, snare, ghost, velocity 34".

use groove::Articulation;
use groove::pattern::drum::Drum;
use groove::pattern::rudiment;
use groove::pattern::{Hit, Meter};

/// Loudest snare stroke that is called a ghost note, as a MIDI velocity.
const GHOST: u8 = 50;

/// Returns the position of a step in a bar with the host's number.
pub(crate) fn position(bar: i64, meter: Meter, step: usize, drum: Drum) -> String {
    format!("Bar {bar}, {}, {}", count(meter, step), drum.name().to_lowercase())
}

/// Returns a step as it is counted: the beat of the meter, and the part of the beat.
pub(crate) fn count(meter: Meter, step: usize) -> String {
    let parts: &[&str] = match meter.denominator {
        4 => &["", " e", " and", " a"],
        8 => &["", " and"],
        16 => &[""],
        32 => return format!("beat {}", 2 * step + 1),
        _ => return format!("sixteenth {}", step + 1),
    };
    format!("beat {}{}", step / parts.len() + 1, parts[step % parts.len()])
}

/// Returns a hit: articulation, velocity, and its further strokes at a tempo in quarter notes per
/// minute.
pub(crate) fn hit(hit: Hit, drum: Drum, tempo: f64) -> String {
    let text = rudiment::describe(hit, drum, tempo);
    let ghost = drum == Drum::Snare && hit.velocity <= GHOST;
    match (ghost, hit.articulation) {
        (true, Articulation::Plain) => {
            let usual = hit.articulation.name(drum);
            format!("ghost{}", text.strip_prefix(usual).unwrap_or(&text))
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screen_reader_words_are_those_of_drummers() {
        let words = |velocity| hit(Hit::plain(velocity, 0), Drum::Snare, 120.0);
        assert_eq!(words(34), "ghost, velocity 34");
        assert_eq!(words(96), "head, velocity 96");
        assert_eq!(
            position(2, Meter::FOUR_FOUR, 10, Drum::ClosedHat),
            "Bar 2, beat 3 and, closed hat"
        );
    }

    #[test]
    fn steps_are_counted_in_the_beats_of_the_meter() {
        let counts = |numerator, denominator, steps: [usize; 3]| {
            steps.map(|step| count(Meter::new(numerator, denominator), step))
        };
        assert_eq!(counts(4, 4, [0, 5, 15]), ["beat 1", "beat 2 e", "beat 4 a"]);
        assert_eq!(counts(7, 8, [0, 5, 12]), ["beat 1", "beat 3 and", "beat 7"]);
        assert_eq!(counts(5, 16, [0, 1, 4]), ["beat 1", "beat 2", "beat 5"]);
        assert_eq!(counts(5, 32, [0, 1, 2]), ["beat 1", "beat 3", "beat 5"]);
        assert_eq!(counts(3, 2, [0, 8, 23]), ["sixteenth 1", "sixteenth 9", "sixteenth 24"]);
    }
}
