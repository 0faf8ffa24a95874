//! Names of the strokes of a hit, as drummers use them, and hits with other strokes or another
//! articulation.

use crate::pattern::articulation::Articulation;
use crate::pattern::drum::Drum;
use crate::pattern::hit::{Hit, Stroke, TICKS_PER_STEP};

/// Maximum distance of the two strokes of a flam, in milliseconds.
const FLAM: f64 = 35.0;

/// Distance from which two strokes are a double at any tempo: nearly a 32nd note, in ticks.
const DOUBLE: i16 = 110;

/// Strokes of a hit on one drum or cymbal, as drummers name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rudiment {
    /// One stroke.
    Single,
    /// Two strokes within 35 ms.
    Flam,
    /// Two soft strokes and the main one.
    Drag,
    /// Two strokes farther apart than those of a flam.
    Double,
    /// Three strokes that are not a drag.
    Triple,
    /// Four strokes.
    Roll,
}

impl Rudiment {
    /// The rudiments to choose from.
    pub const CHOICES: [Rudiment; 5] =
        [Rudiment::Single, Rudiment::Flam, Rudiment::Drag, Rudiment::Double, Rudiment::Roll];

    /// Name as drummers say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Rudiment::Single => "single",
            Rudiment::Flam => "flam",
            Rudiment::Drag => "drag",
            Rudiment::Double => "double",
            Rudiment::Triple => "3 strokes",
            Rudiment::Roll => "roll",
        }
    }

    /// The rudiment of a hit at a tempo in quarter notes per minute. Strokes on another drum or
    /// cymbal than the main one, such as the hi-hat's pedal under a stick, are no part of it.
    #[must_use]
    pub fn of(hit: Hit, tempo: f64) -> Rudiment {
        let piece = hit.articulation.piece();
        let mut own = hit.further().filter(|stroke| stroke.articulation.piece() == piece);
        match (own.next(), own.next(), own.next()) {
            (None, ..) => Rudiment::Single,
            (Some(stroke), None, _) => {
                let distance = distance(hit, stroke).abs();
                let milliseconds = f64::from(distance) * tick_milliseconds(tempo);
                if milliseconds <= FLAM && distance < DOUBLE {
                    Rudiment::Flam
                } else {
                    Rudiment::Double
                }
            }
            (Some(first), Some(second), None) => {
                // The further strokes are in order of time.
                let soft =
                    |stroke: Stroke| 4 * u16::from(stroke.velocity) <= 3 * u16::from(hit.velocity);
                let before = distance(hit, second) < 0;
                if before && soft(first) && soft(second) {
                    Rudiment::Drag
                } else {
                    Rudiment::Triple
                }
            }
            (Some(_), Some(_), Some(_)) => Rudiment::Roll,
        }
    }

    /// The hit with its main stroke unchanged and the further strokes of this rudiment, fitted into
    /// the step. Strokes on other drums or cymbals are kept while there is room for them.
    #[must_use]
    pub fn apply(self, hit: Hit, tempo: f64) -> Hit {
        let ticks = |milliseconds: f64| milliseconds / tick_milliseconds(tempo);
        // Distances from the main stroke in ticks, and velocities as shares of the main one.
        let (flam, drag) = ([(-ticks(25.0), 0.45)], [(-ticks(70.0), 0.35), (-ticks(35.0), 0.45)]);
        let strokes: &[(f64, f64)] = match self {
            Rudiment::Single => &[],
            Rudiment::Flam => &flam,
            Rudiment::Drag => &drag,
            Rudiment::Double => &[(120.0, 0.85)],
            Rudiment::Triple => &[(-60.0, 0.85), (60.0, 0.85)],
            Rudiment::Roll => &[(-120.0, 0.6), (-60.0, 0.75), (60.0, 0.7)],
        };
        let main = f64::from(hit.offset_ticks);
        let (least, most) = (f64::from(*Hit::OFFSETS.start()), f64::from(*Hit::OFFSETS.end()));
        // Strokes that would leave the step move closer together.
        let fit = |distance: f64| {
            let room = if distance < 0.0 { main - least } else { most - main };
            let side = strokes.iter().filter(|(other, _)| (*other < 0.0) == (distance < 0.0));
            let farthest = side.map(|(other, _)| other.abs()).fold(room, f64::max);
            if farthest > 0.0 { distance * room / farthest } else { 0.0 }
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "within limits"
        )]
        let added = strokes.iter().map(|&(distance, velocity)| Stroke {
            velocity: (f64::from(hit.velocity) * velocity).round().max(1.0) as u8,
            offset_ticks: (main + fit(distance)).round() as i8,
            ..hit.main()
        });
        let piece = hit.articulation.piece();
        let others = hit.further().filter(|stroke| stroke.articulation.piece() != piece);
        hit.with_strokes(std::iter::once(hit.main()).chain(added).chain(others))
    }
}

/// Time after which a hand chokes a cymbal, counted from the step of its hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choke {
    /// It rings on.
    Never,
    /// A sixteenth.
    Sixteenth,
    /// An eighth.
    Eighth,
    /// A quarter note.
    Quarter,
    /// A half note.
    Half,
}

impl Choke {
    /// All of them, the shortest first.
    pub const CHOICES: [Choke; 5] =
        [Choke::Never, Choke::Sixteenth, Choke::Eighth, Choke::Quarter, Choke::Half];

    /// Name as drummers say it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Choke::Never => "rings on",
            Choke::Sixteenth => "a sixteenth",
            Choke::Eighth => "an eighth",
            Choke::Quarter => "a quarter",
            Choke::Half => "a half",
        }
    }

    /// The time in ticks of 1/240 step; 0 if it rings on.
    #[must_use]
    pub const fn ticks(self) -> u16 {
        match self {
            Choke::Never => 0,
            Choke::Sixteenth => TICKS_PER_STEP,
            Choke::Eighth => 2 * TICKS_PER_STEP,
            Choke::Quarter => 4 * TICKS_PER_STEP,
            Choke::Half => 8 * TICKS_PER_STEP,
        }
    }

    /// The choke of a hit; `None` if it comes at another time.
    #[must_use]
    pub fn of(hit: Hit) -> Option<Choke> {
        Self::CHOICES.into_iter().find(|choke| choke.ticks() == hit.choke_ticks)
    }
}

/// The hit with another articulation. Further strokes of the main one's articulation change with
/// it.
#[must_use]
pub fn with_articulation(hit: Hit, articulation: Articulation) -> Hit {
    let change = |stroke: Stroke| {
        let changes = stroke.articulation == hit.articulation;
        Stroke { articulation: if changes { articulation } else { stroke.articulation }, ..stroke }
    };
    hit.with_strokes(hit.strokes().map(change))
}

/// Describes the strokes of a hit at a tempo in quarter notes per minute, for example "rim shot,
/// velocity 96, drag (2 strokes before)".
#[must_use]
pub fn describe(hit: Hit, drum: Drum, tempo: f64) -> String {
    let mut text = format!("{}, velocity {}", hit.articulation.name(drum), hit.velocity);
    let piece = hit.articulation.piece();
    let (own, others): (Vec<Stroke>, Vec<Stroke>) =
        hit.further().partition(|stroke| stroke.articulation.piece() == piece);
    if !own.is_empty() {
        let before = own.iter().filter(|stroke| distance(hit, **stroke) < 0).count();
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let side = match (before, own.len() - before) {
            (before, 0) => format!("{before} stroke{} before", plural(before)),
            (0, after) => format!("{after} stroke{} after", plural(after)),
            (before, after) => format!("{before} stroke{} before, {after} after", plural(before)),
        };
        text.push_str(&format!(", {} ({side})", Rudiment::of(hit, tempo).name()));
    }
    for (number, stroke) in others.iter().enumerate() {
        let name = stroke.articulation.name(drum);
        text.push_str(&format!("{} {name}", if number == 0 { ", with" } else { " and" }));
    }
    if hit.choke_ticks > 0 {
        let steps = f64::from(hit.choke_ticks) / f64::from(TICKS_PER_STEP);
        text.push_str(&match Choke::of(hit) {
            Some(choke) => format!(", choked after {}", choke.name()),
            None => format!(", choked after {steps:.1} sixteenths"),
        });
    }
    text
}

/// Distance of a stroke from the main one in ticks, negative before it.
fn distance(hit: Hit, stroke: Stroke) -> i16 {
    i16::from(stroke.offset_ticks) - i16::from(hit.offset_ticks)
}

/// Length of a tick in milliseconds; a quarter note has 960.
fn tick_milliseconds(tempo: f64) -> f64 {
    60_000.0 / 960.0 / tempo.clamp(20.0, 400.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(strokes: &[(u8, i8)]) -> Hit {
        let stroke = |&(velocity, offset_ticks): &(u8, i8)| Stroke {
            velocity,
            offset_ticks,
            articulation: Articulation::Plain,
        };
        Hit::of_strokes(strokes.iter().map(stroke)).expect("a hit")
    }

    #[test]
    fn strokes_are_named_as_drummers_name_them() {
        for (strokes, tempo, rudiment) in [
            (&[(90, 3)][..], 120.0, Rudiment::Single),
            (&[(40, -60), (90, 0)], 120.0, Rudiment::Flam),
            (&[(40, -60), (90, 0)], 90.0, Rudiment::Double),
            (&[(90, 0), (80, 119)], 300.0, Rudiment::Double),
            (&[(30, -90), (40, -45), (90, 0)], 120.0, Rudiment::Drag),
            (&[(80, -90), (40, -45), (90, 0)], 120.0, Rudiment::Triple),
            (&[(30, -90), (90, 0), (40, 45)], 120.0, Rudiment::Triple),
            (&[(30, -90), (40, -45), (90, 0), (50, 40)], 120.0, Rudiment::Roll),
        ] {
            assert_eq!(Rudiment::of(hit(strokes), tempo), rudiment, "{strokes:?} at {tempo}");
        }
    }

    #[test]
    fn a_chosen_rudiment_is_played_and_keeps_the_main_stroke() {
        for tempo in [60.0, 97.5, 140.0, 200.0] {
            for offset in [-60, -7, 0, 40] {
                let plain = Hit { articulation: Articulation::Rim, ..Hit::plain(96, offset) };
                for rudiment in Rudiment::CHOICES {
                    let changed = rudiment.apply(plain, tempo);
                    assert_eq!(changed.main(), plain.main());
                    // Late in its step and at a high tempo, a double has less than 35 ms of room.
                    let narrow = rudiment == Rudiment::Double && offset > 0 && tempo > 150.0;
                    let named = if narrow { Rudiment::Flam } else { rudiment };
                    assert_eq!(Rudiment::of(changed, tempo), named, "{tempo} {offset}");
                    assert_eq!(Rudiment::Single.apply(changed, tempo), plain);
                }
            }
        }
    }

    #[test]
    fn descriptions_name_articulation_velocity_and_strokes() {
        let rim = Hit { articulation: Articulation::Rim, ..Hit::plain(96, 0) };
        let text = |hit, drum| describe(hit, drum, 120.0);
        assert_eq!(text(rim, Drum::Snare), "rim shot, velocity 96");
        let drag = Rudiment::Drag.apply(rim, 120.0);
        assert_eq!(text(drag, Drum::Snare), "rim shot, velocity 96, drag (2 strokes before)");
        let roll = Rudiment::Roll.apply(Hit::plain(50, 0), 120.0);
        let name = "head, velocity 50, roll (2 strokes before, 1 after)";
        assert_eq!(text(roll, Drum::LowTom), name);
        let double = Rudiment::Double.apply(Hit::plain(50, 0), 120.0);
        assert_eq!(text(double, Drum::Kick), "beater, velocity 50, double (1 stroke after)");
    }

    #[test]
    fn strokes_on_another_piece_are_no_flam_and_are_kept() {
        let pedal = Stroke { velocity: 40, offset_ticks: 2, articulation: Articulation::Pedal };
        let stick = Hit::plain(80, 0);
        let both = Hit::of_strokes([stick.main(), pedal]).expect("a hit");
        assert_eq!(Rudiment::of(both, 120.0), Rudiment::Single);
        assert_eq!(describe(both, Drum::ClosedHat, 120.0), "bow, velocity 80, with pedal");
        let flam = Rudiment::Flam.apply(both, 120.0);
        assert_eq!(Rudiment::of(flam, 120.0), Rudiment::Flam);
        assert!(flam.further().any(|stroke| stroke == pedal));
        assert_eq!(Rudiment::Single.apply(flam, 120.0), both);
        let edge = with_articulation(flam, Articulation::Edge);
        assert!(edge.strokes().all(|s| s == pedal || s.articulation == Articulation::Edge));
        assert_eq!(edge.strokes().count(), 3);
    }
}
