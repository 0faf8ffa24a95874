//! Lead-ins of the trainer's data: those of [`groove::learn::lead_ins`], with the idioms of the
//! programmed styles.

use groove::learn::data::Piece;
use groove::learn::lead_ins;
use groove::model::lead_in::LeadIn;
use groove::pattern::style::FIRST_PROGRAMMED;

use crate::metrics::idiom::styles::style_idiom;

/// Returns the lead-ins from the train beats in 4/4; in styles that have an idiom, from phrases that
/// satisfy it.
#[must_use]
pub fn lead_ins(pieces: &[Piece]) -> Vec<LeadIn> {
    lead_ins::lead_ins(pieces, &|style, steps| Some(style_idiom(style)?.is_met_by(steps)))
}

/// Adds the known lead-ins of programmed styles that the new ones lack: the data of a calibration
/// need not have them.
#[must_use]
pub(crate) fn with_programmed(mut lead_ins: Vec<LeadIn>, known: &[LeadIn]) -> Vec<LeadIn> {
    let lacks = |style: u8| lead_ins.iter().all(|lead_in| lead_in.style != style);
    let kept = |lead_in: &&LeadIn| lead_in.style >= FIRST_PROGRAMMED && lacks(lead_in.style);
    let more: Vec<LeadIn> = known.iter().filter(kept).cloned().collect();
    lead_ins.extend(more);
    lead_ins
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::learn::data::Split;
    use groove::model::encode::Kind;
    use groove::model::lead_in::LEAD_IN_STEPS;
    use groove::pattern::style::style_number;
    use groove::{Drum, Hit, Meter, Step};

    fn piece(bars: usize, style: u8) -> Piece {
        let mut steps = vec![Step::SILENT; bars * LEAD_IN_STEPS];
        for (at, step) in steps.iter_mut().enumerate().filter(|(at, _)| at % 2 == 0) {
            let drum = if at % 8 == 4 { Drum::Snare } else { Drum::Kick };
            step.set(drum, Some(Hit::plain(90, 0)));
        }
        let kind =
            Kind { style, blend: (0, 0.0), tempo: 99.0, meter: Meter::FOUR_FOUR, fill: false };
        Piece { steps, kind, split: Split::Train }
    }

    #[test]
    fn lead_ins_of_a_programmed_style_satisfy_its_idiom_and_are_kept_without_data() {
        let boombap = style_number("boombap").expect("a style");
        let without_kicks = piece(8, boombap);
        let mut beat = without_kicks.clone();
        for (at, step) in beat.steps.iter_mut().enumerate() {
            let drum = if at % 16 % 10 == 0 { Drum::Kick } else { Drum::ClosedHat };
            *step = Step::SILENT;
            step.set(drum, Some(Hit::plain(90, 0)));
            step.set(Drum::Snare, (at % 8 == 4).then_some(Hit::plain(90, 0)));
        }
        let all = lead_ins(&[beat, without_kicks]);
        assert_eq!(all.len(), 2, "the phrases of the first piece");
        let rock = lead_ins(&[piece(8, 3)]);
        assert_eq!(with_programmed(rock.clone(), &all).len(), 4);
        assert_eq!(with_programmed(all.clone(), &all), all);
        assert_eq!(with_programmed(all.clone(), &rock), all, "recorded styles are not kept");
    }
}
