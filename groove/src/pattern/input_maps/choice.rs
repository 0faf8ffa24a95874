//! Choice of a file's map by its notes.

use super::tables::{InputMap, PitchCounts};
use crate::pattern::drum::Drum::{Kick, Snare};

/// Chooses the map of drum notes by their pitches, the presence of controller 4, and the names
/// of their tracks. Without evidence for another map it is General MIDI. The text says why.
#[must_use]
pub fn choose_map(notes: &PitchCounts, has_pedal: bool, names: &str) -> (InputMap, String) {
    let names = names.to_lowercase();
    for map in InputMap::ALL {
        let word = map.words().iter().find(|word| names.contains(*word));
        if let Some(word) = word
            && map.drums(notes) >= InputMap::GeneralMidi.drums(notes)
        {
            return (map, format!("a track's name has \"{word}\""));
        }
    }
    let evidence = Evidence { notes, has_pedal };
    let maps = InputMap::ALL.into_iter().rev();
    let told = maps.filter_map(|map| Some((map, evidence.of(map)?))).next();
    told.unwrap_or((InputMap::GeneralMidi, "nothing points to another map".into()))
}

/// Evidence for a map.
struct Evidence<'a> {
    notes: &'a PitchCounts,
    has_pedal: bool,
}

impl Evidence<'_> {
    fn count(&self, pitches: &[u8]) -> usize {
        pitches.iter().map(|&pitch| self.notes[usize::from(pitch)]).sum()
    }

    /// The reason for a map other than General MIDI, if there is one.
    fn of(&self, map: InputMap) -> Option<String> {
        let all: usize = self.notes.iter().sum();
        let gm_hats = self.count(&[42, 44, 46]);
        let marks: &[u8] = match map {
            InputMap::GeneralMidi => return None,
            InputMap::Roland => {
                let marks: &[u8] = &[22, 26];
                let known = map.drums(self.notes) == all;
                if self.has_pedal && known && self.count(marks) == 0 {
                    return Some("it has controller 4 and only notes of such a kit".into());
                }
                marks
            }
            // Their kick and snare, where General MIDI has clicks; or the edges of the hi-hat.
            InputMap::Yamaha => {
                let old = self.count(&[33, 31]) > 0
                    && (self.count(&[35, 36]) == 0 || self.count(&[38, 40]) == 0);
                let new = self.count(&[35, 36]) > 0 && self.count(&[78, 79]) > gm_hats;
                match (old, new) {
                    (true, _) => &[31, 33],
                    (_, true) => &[78, 79],
                    _ => return None,
                }
            }
            InputMap::Alesis if gm_hats > 0 && self.count(&[22, 24, 25, 26]) == 0 => &[23],
            InputMap::Alesis => return None,
            InputMap::Toontrack => {
                let own = self.count(&[17, 18, 19, 21, 24, 25]);
                let congas = self.count(&[60, 62, 63, 64, 66]);
                let sequenced = gm_hats == 0 && self.count(&[61, 65]) * 5 > all && congas == 0;
                match own > 0 || sequenced {
                    true => &[17, 18, 19, 21, 22, 24, 25, 26, 61, 62, 63, 64, 65],
                    false => return None,
                }
            }
            // Hi-hats where General MIDI has crashes and toms, and hardly any where that has them.
            InputMap::AddictiveDrums => {
                let marks: &[u8] = &[49, 50, 52, 54, 55, 56, 57];
                let foreign = self.count(&[41, 42, 43, 44, 45, 46, 47]);
                let (hats, own) = (self.count(marks), self.count(&[50, 52]));
                match own > 0 && hats >= 8 && hats * 4 > all && foreign * 20 < all {
                    true => marks,
                    false => return None,
                }
            }
        };
        let (kick, snare) = (map.has(self.notes, Kick), map.has(self.notes, Snare));
        let fits = match map {
            InputMap::Roland | InputMap::Alesis => true,
            _ => kick && snare,
        };
        let better = map.drums(self.notes) >= InputMap::GeneralMidi.drums(self.notes);
        let found: Vec<String> =
            (marks.iter()).filter(|&&pitch| self.count(&[pitch]) > 0).map(u8::to_string).collect();
        (fits && better && !found.is_empty())
            .then(|| format!("it has notes on {}", found.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(notes: &[(u8, usize)]) -> PitchCounts {
        let mut counts = [0; 128];
        for &(pitch, count) in notes {
            counts[usize::from(pitch)] = count;
        }
        counts
    }

    fn chosen(notes: &[(u8, usize)]) -> InputMap {
        choose_map(&counts(notes), false, "").0
    }

    #[test]
    fn general_midi_is_the_default() {
        let beat = [(36, 8), (38, 8), (42, 32)];
        assert_eq!(chosen(&beat), InputMap::GeneralMidi);
        for other in [
            [(56, 16), (39, 4)],
            [(62, 20), (64, 20)],
            [(49, 2), (54, 30)],
            [(60, 9), (61, 9)],
            [(31, 4), (33, 4)],
            [(58, 3), (81, 8)],
        ] {
            let notes = [&beat[..], &other].concat();
            assert_eq!(chosen(&notes), InputMap::GeneralMidi, "{other:?}");
        }
        // Congas with a kick and a clap alone.
        let congas = [(36, 4), (39, 4), (60, 8), (61, 8), (62, 8), (63, 8)];
        assert_eq!(chosen(&congas), InputMap::GeneralMidi);
        // A fill over the toms into a crash.
        let fill = [(38, 8), (50, 4), (48, 4), (45, 4), (43, 4), (36, 2), (49, 1)];
        assert_eq!(chosen(&fill), InputMap::GeneralMidi);
        // Crashes instead of hats.
        let crashes = [(36, 8), (38, 8), (49, 16), (57, 16), (54, 9), (56, 9)];
        assert_eq!(chosen(&crashes), InputMap::GeneralMidi);
        assert_eq!(chosen(&[]), InputMap::GeneralMidi);
    }

    #[test]
    fn maps_are_told_by_their_pitches() {
        let cases: [(InputMap, &[(u8, usize)]); 8] = [
            (InputMap::Roland, &[(36, 8), (38, 8), (22, 20), (42, 9), (26, 2)]),
            (InputMap::Yamaha, &[(33, 2), (31, 2), (42, 8)]),
            (InputMap::Yamaha, &[(36, 2), (38, 2), (79, 8), (42, 1)]),
            (InputMap::Alesis, &[(36, 2), (38, 2), (42, 8), (23, 2)]),
            (InputMap::Toontrack, &[(36, 2), (38, 2), (61, 8), (21, 8), (95, 1), (24, 1)]),
            (InputMap::Toontrack, &[(36, 2), (38, 2), (22, 20), (24, 4)]),
            (InputMap::Toontrack, &[(36, 2), (38, 2), (65, 8)]),
            (InputMap::AddictiveDrums, &[(36, 4), (38, 4), (49, 8), (50, 8), (54, 2), (77, 1)]),
        ];
        for (map, notes) in cases {
            assert_eq!(chosen(notes), map, "{notes:?}");
        }
        let beat = counts(&[(36, 8), (38, 8), (42, 32), (46, 1)]);
        assert_eq!(choose_map(&beat, true, "").0, InputMap::Roland);
        let (map, reason) = choose_map(&beat, false, "Superior Drummer 3");
        assert_eq!(map, InputMap::Toontrack);
        assert!(reason.contains("superior drummer"), "{reason}");
    }
}
