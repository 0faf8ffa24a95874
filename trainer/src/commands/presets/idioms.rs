//! Idioms of the factory presets.

use std::ops::RangeInclusive;

use groove::Drum;

use super::idiom::{
    ALL, ANY, EIGHTHS, FIRM, HAT, Idiom, Limit, OFF_BEATS, ONE, ONE_AND_THREE, QUARTERS, Rule,
    SOFT, StepMask, THREE, TIME, TOMS, TWO_AND_FOUR,
};

const KICK: &[Drum] = &[Drum::Kick];
const SNARE: &[Drum] = &[Drum::Snare];
const RIDE: &[Drum] = &[Drum::Ride];
const BRIGHT: &[Drum] = &[Drum::Ride, Drum::OpenHat, Drum::Crash];

/// A limit on the steps of a mask at which drums are struck.
const fn on(
    words: &'static str,
    drums: &'static [Drum],
    steps: StepMask,
    count: RangeInclusive<usize>,
) -> Limit {
    Limit { words, rule: Rule::Struck(drums, steps, ANY, count) }
}

const fn hits(words: &'static str, least: usize, most: usize) -> Limit {
    Limit { words, rule: Rule::Hits(least..=most) }
}

const KICK_ON_1: Limit = on("kick on 1", KICK, ONE, 1..=1);
const NO_KICK_ON_1: Limit = on("no kick on 1", KICK, ONE, 0..=0);
const FLOOR: Limit = on("kick on every quarter", KICK, QUARTERS, 4..=4);
const KICKS: Limit = on("at least two kicks", KICK, ALL, 2..=16);
const PUSH: Limit = on("at least one kick off the quarters", KICK, ALL & !QUARTERS, 1..=12);
const BACKBEAT: Limit =
    Limit { words: "snare on 2 and 4", rule: Rule::Struck(SNARE, TWO_AND_FOUR, FIRM, 2..=2) };
const HALF_TIME: Limit =
    Limit { words: "snare on 3", rule: Rule::Struck(SNARE, THREE, FIRM, 1..=1) };
const NO_BACKBEAT: Limit = Limit {
    words: "no loud snare on 2 and 4",
    rule: Rule::Struck(SNARE, TWO_AND_FOUR, FIRM, 0..=0),
};
const NOT_ON_1_AND_3: Limit = Limit {
    words: "no loud snare on 1 and 3",
    rule: Rule::Struck(SNARE, ONE_AND_THREE, FIRM, 0..=0),
};
const ONE_DROP: Limit = Limit {
    words: "kick and snare or stick together on 2 and 4, or on 3",
    rule: Rule::Either(&[
        Rule::Both(&[
            Rule::Struck(KICK, TWO_AND_FOUR, ANY, 2..=2),
            Rule::Struck(SNARE, TWO_AND_FOUR, ANY, 2..=2),
        ]),
        Rule::Both(&[
            Rule::Struck(KICK, THREE, ANY, 1..=1),
            Rule::Struck(SNARE, THREE, ANY, 1..=1),
        ]),
    ]),
};
const GHOSTS: Limit =
    Limit { words: "at least three ghost notes", rule: Rule::Struck(SNARE, ALL, SOFT, 3..=10) };
const PLAIN_SNARE: Limit = on("at most four snares", SNARE, ALL, 1..=4);
const EIGHTHS_KEPT: Limit = on("hats or ride in eighths", TIME, EIGHTHS, 7..=8);
const TIME_KEPT: Limit = on("hats or ride keep time", TIME, ALL, 4..=16);
const OFF_BEAT_HATS: Limit = on("hats on the off-beats", HAT, OFF_BEATS, 3..=4);
const FOOT: Limit = Limit {
    words: "hi-hat foot within a sixteenth of 2 and 4",
    rule: Rule::Both(&[
        Rule::Struck(HAT, 0x0038, ANY, 1..=3),
        Rule::Struck(HAT, 0x3800, ANY, 1..=3),
    ]),
};
const FEW_TOMS: Limit = on("at most one tom", TOMS, ALL, 0..=1);
const FEW_CRASHES: Limit = Limit { words: "at most one crash in 8 bars", rule: Rule::Crash(8) };
const STRAIGHT: Limit =
    Limit { words: "straight eighths", rule: Rule::OffBeat(TIME, 0.43..=0.56, 2) };

const fn swung(drums: &'static [Drum], least: usize) -> Limit {
    Limit { words: "swung off-beats", rule: Rule::OffBeat(drums, 0.58..=0.72, least) }
}

const fn idiom(file: &'static str, limits: &'static [Limit]) -> Idiom {
    Idiom { file, limits }
}

/// Idioms of the factory presets, in the order of their files.
pub const IDIOMS: &[Idiom] = &[
    idiom(
        "afrobeat-engine",
        &[
            on("at least eight strokes of hats or ride", TIME, ALL, 8..=16),
            on("at least three snares", SNARE, ALL, 3..=12),
            on("at least three kicks", KICK, ALL, 3..=10),
            PUSH,
            FEW_TOMS,
            FEW_CRASHES,
            hits("16 to 30 hits", 16, 30),
        ],
    ),
    idiom(
        "bossa-evening",
        &[
            KICK_ON_1,
            on("kick on the and of 2", KICK, 0x0040, 1..=1),
            on("kick on 3", KICK, THREE, 1..=1),
            EIGHTHS_KEPT,
            on("at least one snare", SNARE, ALL, 1..=6),
            on("no snare on 2 and 4 together", SNARE, TWO_AND_FOUR, 0..=1),
            FEW_TOMS,
            FEW_CRASHES,
            hits("10 to 26 hits", 10, 26),
        ],
    ),
    idiom(
        "bright-chorus",
        &[
            KICK_ON_1,
            BACKBEAT,
            on("ride, open hat or crash on at least four eighths", BRIGHT, EIGHTHS, 4..=8),
            PLAIN_SNARE,
            FEW_TOMS,
            STRAIGHT,
            hits("10 to 26 hits", 10, 26),
        ],
    ),
    idiom(
        "caravan",
        &[
            KICK_ON_1,
            on("kick on the and of 2", KICK, 0x0040, 1..=1),
            on("hats or cymbals on at least five steps", TIME, ALL, 5..=16),
            on("at least two snares", SNARE, ALL, 2..=10),
            FEW_TOMS,
            FEW_CRASHES,
            hits("10 to 26 hits", 10, 26),
        ],
    ),
    idiom(
        "country-train",
        &[
            on("snare on at least ten sixteenths", SNARE, ALL, 10..=16),
            on("kick on at least three quarters", KICK, QUARTERS, 3..=4),
            TIME_KEPT,
            FEW_TOMS,
            FEW_CRASHES,
            hits("14 to 30 hits", 14, 30),
        ],
    ),
    idiom(
        "cuban-stroll",
        &[
            FLOOR,
            OFF_BEAT_HATS,
            on("at least two snares", SNARE, ALL, 2..=10),
            FEW_TOMS,
            FEW_CRASHES,
            hits("12 to 30 hits", 12, 30),
        ],
    ),
    idiom(
        "dance-floor",
        &[FLOOR, BACKBEAT, OFF_BEAT_HATS, FEW_TOMS, FEW_CRASHES, hits("12 to 28 hits", 12, 28)],
    ),
    idiom(
        "driving-rock",
        &[
            KICK_ON_1,
            BACKBEAT,
            EIGHTHS_KEPT,
            on("at least three kicks", KICK, ALL, 3..=8),
            PLAIN_SNARE,
            FEW_TOMS,
            FEW_CRASHES,
            STRAIGHT,
            hits("13 to 24 hits", 13, 24),
        ],
    ),
    idiom(
        "dusty-loop",
        &[
            KICK_ON_1,
            BACKBEAT,
            TIME_KEPT,
            PUSH,
            PLAIN_SNARE,
            FEW_TOMS,
            on("no crash", &[Drum::Crash], ALL, 0..=0),
            hits("8 to 18 hits", 8, 18),
        ],
    ),
    idiom(
        "fast-punk",
        &[
            KICK_ON_1,
            Limit {
                words: "snare on every off-beat eighth",
                rule: Rule::Struck(SNARE, OFF_BEATS, FIRM, 4..=4),
            },
            NOT_ON_1_AND_3,
            NO_BACKBEAT,
            TIME_KEPT,
            FEW_TOMS,
            hits("14 to 26 hits", 14, 26),
        ],
    ),
    idiom(
        "floor-rock",
        &[
            FLOOR,
            BACKBEAT,
            on("hats or ride on at least five eighths", TIME, EIGHTHS, 5..=8),
            on("at most five snares", SNARE, ALL, 2..=5),
            FEW_TOMS,
            FEW_CRASHES,
            STRAIGHT,
            hits("12 to 24 hits", 12, 24),
        ],
    ),
    idiom(
        "ghost-note-funk",
        &[
            KICK_ON_1,
            BACKBEAT,
            GHOSTS,
            on("hats or cymbals on at least six steps", TIME, ALL, 6..=16),
            PUSH,
            FEW_TOMS,
            FEW_CRASHES,
            hits("15 to 30 hits", 15, 30),
        ],
    ),
    idiom(
        "gospel-drive",
        &[
            KICK_ON_1,
            BACKBEAT,
            on("hats or cymbals on at least six steps", TIME, ALL, 6..=16),
            on("at least three kicks", KICK, ALL, 3..=10),
            FEW_TOMS,
            FEW_CRASHES,
            hits("13 to 28 hits", 13, 28),
        ],
    ),
    idiom(
        "half-time-stomp",
        &[
            KICK_ON_1,
            HALF_TIME,
            NO_BACKBEAT,
            TIME_KEPT,
            on("at most three snares", SNARE, ALL, 1..=3),
            FEW_TOMS,
            FEW_CRASHES,
            hits("7 to 20 hits", 7, 20),
        ],
    ),
    idiom(
        "head-nod",
        &[
            KICK_ON_1,
            BACKBEAT,
            EIGHTHS_KEPT,
            PUSH,
            FEW_TOMS,
            FEW_CRASHES,
            hits("10 to 20 hits", 10, 20),
        ],
    ),
    idiom(
        "highlife-sway",
        &[
            FLOOR,
            OFF_BEAT_HATS,
            on("at least four snares", SNARE, ALL, 4..=14),
            FEW_TOMS,
            FEW_CRASHES,
            hits("16 to 30 hits", 16, 30),
        ],
    ),
    idiom(
        "island-sway",
        &[
            NO_KICK_ON_1,
            ONE_DROP,
            on("hats in eighths", HAT, EIGHTHS, 6..=8),
            FEW_TOMS,
            FEW_CRASHES,
            hits("10 to 24 hits", 10, 24),
        ],
    ),
    idiom(
        "jazz-walk",
        &[
            on("ride on at least three quarters", RIDE, QUARTERS, 3..=4),
            swung(RIDE, 1),
            FOOT,
            on("one to five kicks", KICK, ALL, 1..=5),
            on("one to six snares", SNARE, ALL, 1..=6),
            on("at most two toms", TOMS, ALL, 0..=2),
            FEW_CRASHES,
            hits("9 to 18 hits", 9, 18),
        ],
    ),
    idiom(
        "latin-night",
        &[
            on("hats or cymbals on at least six steps", TIME, ALL, 6..=16),
            PUSH,
            on("at least three snares", SNARE, ALL, 3..=12),
            on("at least one snare off the eighths", SNARE, ALL & !EIGHTHS, 1..=8),
            on("no loud backbeat", SNARE, TWO_AND_FOUR, 0..=1),
            FEW_CRASHES,
            hits("14 to 30 hits", 14, 30),
        ],
    ),
    idiom(
        "rock-shuffle",
        &[
            KICK_ON_1,
            BACKBEAT,
            on("hats or ride on at least three quarters", TIME, QUARTERS, 3..=4),
            swung(TIME, 3),
            FEW_TOMS,
            FEW_CRASHES,
            hits("11 to 26 hits", 11, 26),
        ],
    ),
    idiom(
        "samba-parade",
        &[
            Limit {
                words: "kick on 1 and 3 and on the sixteenth before 2, 3 or 4",
                rule: Rule::Both(&[
                    Rule::Struck(KICK, ONE_AND_THREE, ANY, 2..=2),
                    Rule::Struck(KICK, 0x8888, ANY, 2..=4),
                ]),
            },
            on("hats or cymbals on at least six steps", TIME, ALL, 6..=16),
            on("at least four kicks", KICK, ALL, 4..=9),
            on("at least one snare", SNARE, ALL, 1..=10),
            FEW_CRASHES,
            hits("16 to 30 hits", 16, 30),
        ],
    ),
    idiom(
        "second-line-roll",
        &[
            on("snare on at least eight sixteenths", SNARE, ALL, 8..=16),
            KICKS,
            PUSH,
            TIME_KEPT,
            FEW_TOMS,
            FEW_CRASHES,
            hits("14 to 30 hits", 14, 30),
        ],
    ),
    idiom(
        "slow-blues",
        &[
            KICK_ON_1,
            BACKBEAT,
            on("hats or ride on at least three quarters", TIME, QUARTERS, 3..=4),
            swung(TIME, 2),
            FEW_TOMS,
            FEW_CRASHES,
            hits("10 to 26 hits", 10, 26),
        ],
    ),
    idiom(
        "slow-heavy-rock",
        &[
            KICK_ON_1,
            BACKBEAT,
            KICKS,
            on("hats or ride on every quarter", TIME, QUARTERS, 4..=4),
            PLAIN_SNARE,
            FEW_TOMS,
            FEW_CRASHES,
            hits("9 to 20 hits", 9, 20),
        ],
    ),
    idiom(
        "soul-four",
        &[
            Limit {
                words: "snare on every quarter",
                rule: Rule::Struck(SNARE, QUARTERS, FIRM, 4..=4),
            },
            on("at least one kick", KICK, ALL, 1..=8),
            on("hats or cymbals on at least four steps", TIME, ALL, 4..=16),
            FEW_TOMS,
            FEW_CRASHES,
            hits("12 to 26 hits", 12, 26),
        ],
    ),
    idiom(
        "straight-rock",
        &[
            KICK_ON_1,
            BACKBEAT,
            NOT_ON_1_AND_3,
            EIGHTHS_KEPT,
            KICKS,
            PLAIN_SNARE,
            FEW_TOMS,
            FEW_CRASHES,
            STRAIGHT,
            hits("12 to 20 hits", 12, 20),
        ],
    ),
    idiom(
        "tight-funk",
        &[
            KICK_ON_1,
            BACKBEAT,
            on("hats in eighths", HAT, EIGHTHS, 7..=8),
            PUSH,
            on("at most five snares", SNARE, ALL, 2..=5),
            FEW_TOMS,
            FEW_CRASHES,
            hits("13 to 22 hits", 13, 22),
        ],
    ),
    idiom(
        "tumbling-break",
        &[
            KICK_ON_1,
            BACKBEAT,
            EIGHTHS_KEPT,
            Limit {
                words: "snare and kick between the eighths or on the off-beats",
                rule: Rule::Both(&[
                    Rule::Struck(SNARE, 0x8a8a, ANY, 1..=4),
                    Rule::Struck(KICK, 0x4c4c, ANY, 1..=4),
                ]),
            },
            on("no kick on 2 and 4", KICK, TWO_AND_FOUR, 0..=0),
            FEW_TOMS,
            FEW_CRASHES,
            hits("13 to 24 hits", 13, 24),
        ],
    ),
    idiom(
        "up-tempo-jazz",
        &[
            on("ride on at least three quarters", RIDE, QUARTERS, 3..=4),
            on("at least one skip note on the ride", RIDE, ALL & !QUARTERS, 1..=4),
            FOOT,
            on("one to five kicks", KICK, ALL, 1..=5),
            on("one to six snares", SNARE, ALL, 1..=6),
            on("at most three toms", TOMS, ALL, 0..=3),
            FEW_CRASHES,
            hits("8 to 20 hits", 8, 20),
        ],
    ),
    idiom(
        "warm-soul",
        &[
            KICK_ON_1,
            BACKBEAT,
            on("hats or ride on at least nine sixteenths", TIME, ALL, 9..=16),
            FEW_TOMS,
            FEW_CRASHES,
            hits("15 to 28 hits", 15, 28),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_idioms_match() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/presets");
        let entries = std::fs::read_dir(folder).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.expect("an entry").path();
            path.file_stem().expect("a name").to_string_lossy().into_owned()
        };
        let mut files: Vec<String> = entries.map(name).collect();
        files.sort();
        let idioms: Vec<&str> = IDIOMS.iter().map(|idiom| idiom.file).collect();
        assert_eq!(files, idioms);
    }

    #[test]
    fn limits_have_unique_names_and_include_the_number_of_hits() {
        for idiom in IDIOMS {
            let limits = idiom.limits;
            let limited = limits.iter().any(|limit| matches!(limit.rule, Rule::Hits(_)));
            assert!(limited, "{}", idiom.file);
            for (number, limit) in limits.iter().enumerate() {
                let same = |other: &Limit| other.words == limit.words;
                assert!(!limits[..number].iter().any(same), "{}: {}", idiom.file, limit.words);
            }
        }
    }
}
