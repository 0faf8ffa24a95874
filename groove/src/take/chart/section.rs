//! Sections of a song.

use serde::{Deserialize, Serialize};

/// Intensity at which the drummer plays as the style's drummers do.
pub const USUAL_INTENSITY: f32 = 0.5;

/// Kind of a section. Sections of one kind share a theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionKind {
    /// Intro.
    Intro,
    /// Verse. Its theme is the take's own.
    #[default]
    Verse,
    /// Pre-chorus.
    PreChorus,
    /// Chorus.
    Chorus,
    /// Bridge.
    Bridge,
    /// Solo.
    Solo,
    /// Break.
    Break,
    /// Outro.
    Outro,
}

impl SectionKind {
    /// All kinds, in the usual order of a song.
    pub const ALL: [SectionKind; 8] = [
        SectionKind::Intro,
        SectionKind::Verse,
        SectionKind::PreChorus,
        SectionKind::Chorus,
        SectionKind::Bridge,
        SectionKind::Solo,
        SectionKind::Break,
        SectionKind::Outro,
    ];

    /// Name in the window and in markers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SectionKind::Intro => "Intro",
            SectionKind::Verse => "Verse",
            SectionKind::PreChorus => "Pre-chorus",
            SectionKind::Chorus => "Chorus",
            SectionKind::Bridge => "Bridge",
            SectionKind::Solo => "Solo",
            SectionKind::Break => "Break",
            SectionKind::Outro => "Outro",
        }
    }

    /// Intensity of a new section of this kind, 0 to 1.
    #[must_use]
    pub const fn usual_intensity(self) -> f32 {
        match self {
            SectionKind::Break => 0.25,
            SectionKind::Intro => 0.4,
            SectionKind::Verse | SectionKind::Bridge | SectionKind::Outro => USUAL_INTENSITY,
            SectionKind::PreChorus => 0.6,
            SectionKind::Solo => 0.7,
            SectionKind::Chorus => 0.8,
        }
    }

    /// The kind that a marker names, by the first known word in it; `None` without one.
    #[must_use]
    pub fn of_marker(text: &str) -> Option<SectionKind> {
        let words = text.to_lowercase();
        let squeezed: String = words.chars().filter(|letter| letter.is_alphabetic()).collect();
        const WORDS: [(&str, SectionKind); 17] = [
            ("prechorus", SectionKind::PreChorus),
            ("build", SectionKind::PreChorus),
            ("chorus", SectionKind::Chorus),
            ("refrain", SectionKind::Chorus),
            ("hook", SectionKind::Chorus),
            ("drop", SectionKind::Chorus),
            ("intro", SectionKind::Intro),
            ("outro", SectionKind::Outro),
            ("coda", SectionKind::Outro),
            ("ending", SectionKind::Outro),
            ("verse", SectionKind::Verse),
            ("strophe", SectionKind::Verse),
            ("bridge", SectionKind::Bridge),
            ("middle", SectionKind::Bridge),
            ("interlude", SectionKind::Bridge),
            ("solo", SectionKind::Solo),
            ("break", SectionKind::Break),
        ];
        WORDS.into_iter().find(|(word, _)| squeezed.contains(word)).map(|(_, kind)| kind)
    }
}

/// A section of a song. It ends where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// First bar, from 0.
    pub start: u16,
    /// Kind.
    pub kind: SectionKind,
    /// Intensity, 0 to 1; [`USUAL_INTENSITY`] changes nothing.
    pub intensity: f32,
    /// Seed of a theme of its own; `None`: the theme of the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
}

impl Default for Section {
    fn default() -> Self {
        Section::new(0, SectionKind::default())
    }
}

impl Section {
    /// A section at the usual intensity of its kind.
    #[must_use]
    pub const fn new(start: u16, kind: SectionKind) -> Self {
        Section { start, kind, intensity: kind.usual_intensity(), seed: None }
    }

    /// Returns true if two sections share a theme.
    #[must_use]
    pub fn shares_theme(&self, other: &Section) -> bool {
        self.kind == other.kind && self.seed == other.seed
    }

    /// Candidate number `attempt` for the seed of the section's theme in a take.
    pub(crate) fn theme_seed(&self, take: u32, attempt: u32) -> u32 {
        match (self.seed, self.kind) {
            (Some(seed), _) => seed,
            (None, SectionKind::Verse) => take,
            (None, kind) => {
                // The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
                let key = u64::from(take) << 32 | u64::from(attempt) << 8 | kind as u64;
                let mut mixed = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
                mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
                ((mixed ^ mixed >> 31) >> 32) as u32
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_name_their_kinds() {
        for kind in SectionKind::ALL {
            assert_eq!(SectionKind::of_marker(kind.name()), Some(kind));
            assert_eq!(SectionKind::of_marker(&format!("2. {} (loud)", kind.name())), Some(kind));
        }
        assert_eq!(SectionKind::of_marker("PRE CHORUS 2"), Some(SectionKind::PreChorus));
        assert_eq!(SectionKind::of_marker("Guitar"), None);
        assert_eq!(SectionKind::of_marker(""), None);
    }

    #[test]
    fn kinds_have_seeds_of_their_own_and_verse_has_the_takes() {
        let seeds: Vec<u32> =
            SectionKind::ALL.map(|kind| Section::new(0, kind).theme_seed(7, 0)).to_vec();
        let mut distinct = seeds.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), seeds.len());
        assert_eq!(Section::new(9, SectionKind::Verse).theme_seed(7, 3), 7);
        let own = Section { seed: Some(4), ..Section::new(0, SectionKind::Solo) };
        assert_eq!(own.theme_seed(7, 0), 4);
        assert!(!own.shares_theme(&Section::new(8, SectionKind::Solo)));
    }
}
