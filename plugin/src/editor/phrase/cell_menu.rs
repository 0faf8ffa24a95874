//! Menu entries of a cell: pin, articulation, strokes and choke.

use egui::{Key, Ui};
use groove::Articulation;
use groove::pattern::rudiment::{self, Choke, Rudiment};
use groove::pattern::{Hit, MAX_ARTICULATIONS};
use groove::take::pins::Pin;

use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::layout::Cell;
use crate::editor::phrase::view::PhraseView;
use crate::editor::widgets::{menu_item, menu_words};

/// Velocity of the hit that an entry puts into an empty cell.
pub(super) const STRUCK: u8 = 96;

/// Keys of the articulations in the order of their class, and of [`Rudiment::CHOICES`].
const ARTICULATION_KEYS: [Key; MAX_ARTICULATIONS] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6];
const STROKE_KEYS: [Key; 5] = [Key::S, Key::F, Key::D, Key::B, Key::R];

/// Keys of [`Choke::CHOICES`]: note values from the sixteenth to the half, as in notation programs.
const CHOKE_KEYS: [Key; 5] = [Key::N, Key::X, Key::E, Key::Q, Key::H];

/// Returns the hit of a cell with the articulation or the strokes whose key is pressed, as in its
/// menu.
pub(super) fn pressed(ui: &Ui, phrase: &PhraseView<'_>, cell: Cell) -> Option<Hit> {
    let drum = cell.drum();
    let base = phrase.pattern_hit(cell).unwrap_or(Hit::plain(STRUCK, 0));
    let is_pressed = |key: &Key| ui.input(|input| input.key_pressed(*key));
    let articulation = ARTICULATION_KEYS.iter().position(is_pressed);
    let articulation = articulation.and_then(|index| Articulation::of(drum).get(index));
    articulation.map(|&articulation| rudiment::with_articulation(base, articulation)).or_else(
        || {
            let strokes = STROKE_KEYS.iter().position(is_pressed)?;
            Some(Rudiment::CHOICES[strokes].apply(base, phrase.tempo))
        },
    )
}

/// Draws the menu entries of a cell.
pub(crate) fn entries(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    phrase: &PhraseView<'_>,
    cell: Cell,
) {
    let (scale, drum) = (view.scale, cell.drum());
    let (struck, silent) = (phrase.pins.struck(cell.place), phrase.pins.silent(cell.place));
    let hit = phrase.pattern_hit(cell);
    if struck.contains(drum) || silent.contains(drum) {
        let hint = "The drummer decides what plays here.";
        if menu_item(ui, scale, "Unpin cell", "Unpin this cell", hint) {
            view.edits.session_mut().pin(cell.place, drum, None);
        }
    } else if menu_item(ui, scale, "Pin cell", "Pin this cell as it is", "New takes keep it.") {
        view.edits.pin_as_heard(cell.place, drum, hit);
    }
    let base = hit.unwrap_or(Hit::plain(STRUCK, 0));
    let articulations = Articulation::of(drum);
    let names = articulations.iter().map(|each| each.name(drum));
    let names: Vec<_> = ARTICULATION_KEYS.into_iter().zip(names).collect();
    let chosen = hit.map(|hit| hit.articulation.index_in(drum));
    let hint = "Articulation of this cell, by click or by its key. The cell is pinned with it.";
    let picked = menu_words(ui, scale, "Articulation", &names, hint, chosen)
        .map(|index| rudiment::with_articulation(base, articulations[index]));
    let names: Vec<_> =
        STROKE_KEYS.into_iter().zip(Rudiment::CHOICES.map(Rudiment::name)).collect();
    let now = hit.map(|hit| Rudiment::of(hit, phrase.tempo));
    let chosen = Rudiment::CHOICES.iter().position(|&choice| Some(choice) == now);
    let hint = "Strokes of this cell around the main one, by click or by their key. The cell is \
                pinned with them.";
    let picked = menu_words(ui, scale, "Strokes", &names, hint, chosen)
        .map(|index| Rudiment::CHOICES[index].apply(base, phrase.tempo))
        .or(picked);
    let picked = match drum.can_choke() {
        true => choke(ui, view, base).or(picked),
        false => picked,
    };
    if let Some(hit) = picked {
        view.edits.session_mut().pin(cell.place, drum, Some(Pin::Hit(hit)));
    }
}

/// Draws the chokes of a cymbal's cell. Returns the hit with the picked one.
fn choke(ui: &mut Ui, view: &ViewContext<'_>, hit: Hit) -> Option<Hit> {
    let names: Vec<_> = CHOKE_KEYS.into_iter().zip(Choke::CHOICES.map(Choke::name)).collect();
    let now = Choke::of(hit);
    let chosen = Choke::CHOICES.iter().position(|&choice| Some(choice) == now);
    let hint = "Time after which a hand chokes the cymbal, by click or by its key. The cell is \
                pinned with it.";
    let picked = menu_words(ui, view.scale, "Choke", &names, hint, chosen)?;
    Some(Hit { choke_ticks: Choke::CHOICES[picked].ticks(), ..hit })
}
