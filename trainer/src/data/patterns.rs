//! Text files of drum patterns, in the notation of `assets/patterns/README.md`. Each becomes a
//! piece; a pattern is looped.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use groove::learn::data::Split;
use groove::learn::data::{Piece, known_style};
use groove::model::Metadata;
use groove::model::encode::Kind;
use groove::pattern::{Stroke, TICKS_PER_STEP};
use groove::{Articulation, Drum, Hit, Meter, Step};

use super::folder::meter;

/// Name of the patterns, for a model's `trained_on`.
pub(super) const SOURCE: &str = "Deep Pocket's own patterns, CC0 1.0";

/// Bars of the piece that a pattern is looped to.
const BARS: usize = 8;
/// One of this many patterns of a file is in the validation split.
const HELD_OUT: usize = 10;

/// Lanes with their classes and articulations.
const LANES: [(&str, Drum, Articulation); 15] = [
    ("kick", Drum::Kick, Articulation::Plain),
    ("snare", Drum::Snare, Articulation::Plain),
    ("clap", Drum::Snare, Articulation::Plain),
    ("rim", Drum::Snare, Articulation::CrossStick),
    ("hat", Drum::ClosedHat, Articulation::Plain),
    ("pedal", Drum::ClosedHat, Articulation::Pedal),
    ("open", Drum::OpenHat, Articulation::Plain),
    ("low", Drum::LowTom, Articulation::Plain),
    ("mid", Drum::MidTom, Articulation::Plain),
    ("high", Drum::HighTom, Articulation::Plain),
    ("crash", Drum::Crash, Articulation::Plain),
    ("china", Drum::Crash, Articulation::Second),
    ("ride", Drum::Ride, Articulation::Plain),
    ("bell", Drum::Ride, Articulation::Bell),
    ("edge", Drum::ClosedHat, Articulation::Edge),
];

/// Velocities of the letters; strokes within a cell are of medium velocity.
const VELOCITIES: [(u8, u8); 4] = [(b'X', 112), (b'x', 88), (b'o', 62), (b'g', 34)];
const MEDIUM: u8 = 88;

/// Reads the patterns of a folder's text files in order of their names; none if it has no such
/// files.
///
/// # Errors
/// If a file cannot be read, or a line is wrong; the error names file and line.
pub(super) fn read_folder(folder: &Path, model: &Metadata) -> Result<Vec<Piece>> {
    let entries = fs::read_dir(folder)
        .with_context(|| format!("{} cannot be searched", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    paths.sort();
    let mut pieces = Vec::new();
    for path in paths {
        let text = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let text = String::from_utf8_lossy(&text);
        if text.lines().any(|line| line.starts_with("pattern ")) {
            pieces.extend(read(&text, model).with_context(|| format!("{}", path.display()))?);
        }
    }
    let kit = &model.classes;
    for step in pieces.iter_mut().flat_map(|piece| &mut piece.steps) {
        *step = kit.step(step);
    }
    Ok(pieces)
}

/// Conditions of the following patterns.
#[derive(Clone)]
struct Conditions {
    style: u8,
    tempo: (f32, f32),
    swing: f32,
    meter: Meter,
}

impl Conditions {
    /// Reads a condition; false if the word is none.
    fn read(&mut self, word: &str, rest: &str, model: &Metadata) -> Result<bool> {
        match word {
            "style" => self.style = known_style(model, rest)?,
            "tempo" => {
                let (least, most) = rest.split_once('-').context("a tempo is LEAST-MOST")?;
                self.tempo = (least.parse()?, most.parse()?);
            }
            "swing" => self.swing = rest.parse()?,
            "meter" => self.meter = meter(rest).context("a meter is N/D")?,
            _ => return Ok(false),
        }
        ensure!((30.0..=self.tempo.1).contains(&self.tempo.0), "{rest} is not a tempo range");
        ensure!((50.0..=75.0).contains(&self.swing), "{rest} is not a swing from 50 to 75");
        Ok(true)
    }
}

/// A pattern under construction: its lanes in the order written.
struct Pattern {
    context: Conditions,
    fill: bool,
    lanes: Vec<(Drum, Articulation, Vec<String>)>,
}

/// Reads the patterns of a text.
fn read(text: &str, model: &Metadata) -> Result<Vec<Piece>> {
    let four = Meter::FOUR_FOUR;
    let mut context = Conditions { style: 0, tempo: (120.0, 120.0), swing: 50.0, meter: four };
    let (mut open, mut pieces): (Option<Pattern>, Vec<Piece>) = (None, Vec::new());
    let close = |open: &mut Option<Pattern>, pieces: &mut Vec<Piece>| -> Result<()> {
        let Some(pattern) = open.take() else { return Ok(()) };
        let same = pieces.iter().filter(|piece| piece.kind.fill == pattern.fill).count();
        let piece = pattern.piece(same);
        pieces.push(piece?);
        Ok(())
    };
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end();
        let at = || format!("line {}, {line:?}", number + 1);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match (word, &mut open) {
            (_, _) if line.starts_with('#') => {}
            ("", _) => close(&mut open, &mut pieces).with_context(at)?,
            ("pattern" | "fill", _) => {
                close(&mut open, &mut pieces).with_context(at)?;
                let fill = word == "fill";
                open = Some(Pattern { context: context.clone(), fill, lanes: Vec::new() });
            }
            (_, Some(pattern)) => {
                if !pattern.context.read(word, rest, model).with_context(at)? {
                    pattern.add_lane(word, rest).with_context(at)?;
                }
            }
            (_, None) => {
                let known = context.read(word, rest, model).with_context(at)?;
                ensure!(known, "{}: a lane outside a pattern", at());
            }
        }
    }
    close(&mut open, &mut pieces)?;
    Ok(pieces)
}

impl Pattern {
    fn add_lane(&mut self, word: &str, rest: &str) -> Result<()> {
        let lane = LANES.iter().find(|(name, ..)| *name == word);
        let &(_, drum, articulation) = lane.with_context(|| format!("there is no lane {word}"))?;
        let bars: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
        let length = self.context.meter.steps();
        for bar in &bars {
            ensure!(bar.len() == length, "{bar} has {} letters, not {length}", bar.len());
            let known = |letter: u8| b".234t".contains(&letter) || velocity(letter).is_some();
            ensure!(bar.bytes().all(known), "{bar} has an unknown letter");
        }
        ensure!(!bars.is_empty(), "the lane has no bar");
        self.lanes.push((drum, articulation, bars));
        Ok(())
    }

    /// The piece of a pattern, the `number`th of its file: it is looped, and its tempo is a place
    /// of the range.
    fn piece(self, number: usize) -> Result<Piece> {
        let Conditions { style, tempo: (least, most), swing, meter } = self.context;
        let bars = self.lanes.iter().map(|(_, _, bars)| bars.len()).max();
        let bars = bars.context("a pattern without lanes")?;
        if let Some((_, _, lane)) =
            self.lanes.iter().find(|(_, _, lane)| !bars.is_multiple_of(lane.len()))
        {
            bail!("a lane of {} bars does not divide the {bars} of another", lane.len());
        }
        ensure!(!self.fill || bars == 1, "a fill has one bar, not {bars}");
        let mut steps = vec![Step::SILENT; bars * meter.steps()];
        for (place, (drum, articulation, lane)) in self.lanes.iter().enumerate() {
            let earlier = &self.lanes[..place];
            let letters = lane.concat().into_bytes();
            for cell in 0..steps.len() {
                let letter = letters[cell % letters.len()];
                let taken = |(other, _, lane): &(Drum, Articulation, Vec<String>)| {
                    let letters = lane.concat().into_bytes();
                    *other == *drum && letters[cell % letters.len()] != b'.'
                };
                let opened = *drum == Drum::ClosedHat && {
                    let open = self.lanes.iter().filter(|lane| lane.0 == Drum::OpenHat);
                    open.map(|lane| lane.2.concat().into_bytes())
                        .any(|letters| letters[cell % letters.len()] != b'.')
                };
                if !earlier.iter().any(taken) && !opened {
                    strike(&mut steps, cell, letter, (*drum, *articulation), swing);
                }
            }
        }
        if !self.fill {
            steps = steps.repeat(BARS.div_ceil(bars));
        }
        // Golden-ratio sequence: tempi of any few patterns are spread over the range.
        let place = (number as f32 * 0.618_034).fract();
        let tempo = (least + (most - least) * place).round();
        let kind = Kind { style, blend: (0, 0.0), tempo, meter, fill: self.fill };
        let held_out = number % HELD_OUT == HELD_OUT - 1;
        let split = if held_out { Split::Validation } else { Split::Train };
        Ok(Piece { steps, kind, split })
    }
}

fn velocity(letter: u8) -> Option<u8> {
    VELOCITIES.iter().find(|(known, _)| *known == letter).map(|(_, velocity)| *velocity)
}

/// Adds the strokes of a letter. Strokes nearer to the next step belong to it; a thirty-second
/// belongs to the step that it divides.
fn strike(
    steps: &mut [Step],
    cell: usize,
    letter: u8,
    (drum, articulation): (Drum, Articulation),
    swing: f32,
) {
    let ticks = i32::from(TICKS_PER_STEP);
    let (count, span) = match letter {
        b'.' => return,
        b'2'..=b'4' => (i32::from(letter - b'0'), ticks),
        b't' => (3, 2 * ticks),
        _ => (1, ticks),
    };
    let velocity = velocity(letter).unwrap_or(MEDIUM);
    #[expect(clippy::cast_possible_truncation, reason = "at most half a step")]
    let late =
        if cell % 2 == 1 { ((swing - 50.0) / 50.0 * ticks as f32).round() as i32 } else { 0 };
    for stroke in 0..count {
        let at = stroke * span / count + if count == 1 { late } else { 0 };
        let further = usize::try_from((at + ticks / 2 - 1) / ticks).unwrap_or(0);
        let offset = at - i32::try_from(further).unwrap_or(0) * ticks;
        let Some(step) = steps.get_mut(cell + further) else { continue };
        let offset_ticks = i8::try_from(offset.clamp(-120, 119)).unwrap_or(0);
        if let Some(hit) = Hit::of_strokes([Stroke { velocity, offset_ticks, articulation }]) {
            step.add(drum, hit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use groove::model::Stack;

    fn model() -> Metadata {
        let stack = Stack { layers: 1, cells: 1 };
        Metadata::new("", stack, stack, "")
    }

    const TEXT: &str = "# a comment\nstyle house\ntempo 120-130\nswing 60\n\n\
        pattern one\nopen  ..X...X...X...X.\nhat   xo.oxoxoxo.oxo.o\nclap  ....X.......X...\n\
        rim   x...x..........o\nkick  X...X...X...X... X...X...X...X..g\n\n\
        fill two\nsnare 2...3...4...t...\n\n\
        style metal\nmeter 7/8\npattern three\nkick x.............\n";

    #[test]
    fn a_pattern_becomes_a_looped_piece() -> Result<()> {
        let pieces = read(TEXT, &model())?;
        let kinds: Vec<_> = pieces.iter().map(|p| (p.kind.style, p.kind.fill)).collect();
        assert_eq!(kinds, [(26, false), (26, true), (24, false)]);
        let piece = &pieces[0];
        assert_eq!((piece.steps.len(), piece.kind.tempo), (8 * 16, 120.0));
        let hit = |step: usize, drum| piece.steps[step].hit(drum);
        assert_eq!(hit(0, Drum::Kick), Some(Hit::plain(112, 0)));
        assert_eq!(hit(15, Drum::Kick), None);
        assert_eq!(hit(31, Drum::Kick), Some(Hit::plain(34, 48)), "a swung sixteenth");
        assert_eq!(hit(6, Drum::ClosedHat), None, "an open hat");
        assert_eq!(hit(5, Drum::ClosedHat), Some(Hit::plain(62, 48)));
        assert_eq!(hit(4, Drum::Snare), Some(Hit::plain(112, 0)), "the first lane is played");
        let rim = hit(0, Drum::Snare).expect("a rim").articulation;
        assert_eq!(rim, Articulation::CrossStick);
        let odd = &pieces[2];
        assert_eq!((odd.kind.meter, odd.steps.len()), (Meter::new(7, 8), 8 * 14));
        Ok(())
    }

    #[test]
    fn ratchets_are_evenly_spaced_strokes() -> Result<()> {
        let fill = &read(TEXT, &model())?[1];
        let strokes = |step: usize| -> Vec<i8> {
            let hit = fill.steps[step].hit(Drum::Snare);
            let mut offsets: Vec<i8> =
                hit.into_iter().flat_map(Hit::strokes).map(|stroke| stroke.offset_ticks).collect();
            offsets.sort_unstable();
            offsets
        };
        assert_eq!((strokes(0), strokes(1)), (vec![0, 119], vec![]));
        assert_eq!((strokes(4), strokes(5)), (vec![0, 80], vec![-80]));
        assert_eq!((strokes(8), strokes(9)), (vec![0, 60, 119], vec![-60]));
        assert_eq!((strokes(12), strokes(13)), (vec![0], vec![-80, 80]));
        Ok(())
    }

    #[test]
    fn mistakes_are_named_with_their_lines() {
        for (text, part) in [
            ("style polka\n", "line 1"),
            ("style house\nkick x...\n", "outside a pattern"),
            ("pattern a\nkick x...\n", "4 letters, not 16"),
            ("pattern a\nkick x..............?\n", "unknown letter"),
            ("pattern a\ngong x...............\n", "no lane gong"),
            ("tempo 5\n", "LEAST-MOST"),
            ("swing 90\n", "not a swing"),
            ("pattern a\n\n", "without lanes"),
        ] {
            let fault = format!("{:#}", read(text, &model()).expect_err(text));
            assert!(fault.contains(part), "{text}: {fault}");
        }
    }

    #[test]
    fn the_repositorys_patterns_can_be_read_and_have_their_styles() -> Result<()> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/patterns");
        let pieces = read_folder(&folder, &model())?;
        for style in 24..=35 {
            let count = |fill| {
                let own = |piece: &&Piece| piece.kind.style == style && piece.kind.fill == fill;
                pieces.iter().filter(own).count()
            };
            assert!(count(false) >= 20 && count(true) >= 4, "style {style}");
        }
        let silent = |piece: &Piece| piece.steps.iter().all(|step| step.drums().is_empty());
        assert!(!pieces.iter().any(silent));
        Ok(())
    }
}
