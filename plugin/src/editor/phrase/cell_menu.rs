//! Menu entries of a cell: pin, articulation and strokes.

use egui::Ui;
use groove::Articulation;
use groove::pattern::Hit;
use groove::pattern::rudiment::{self, Rudiment};
use groove::take::pins::Pin;

use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::layout::Cell;
use crate::editor::phrase::view::PhraseView;
use crate::editor::widgets::{menu_item, menu_words};

/// Velocity of the hit that an entry puts into an empty cell.
const STRUCK: u8 = 96;

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
    let names: Vec<_> = articulations.iter().map(|each| each.name(drum)).collect();
    let chosen = hit.map(|hit| hit.articulation.index_in(drum));
    let hint = "Articulation of this cell. The cell is pinned with it.";
    let picked = menu_words(ui, scale, "Articulation", &names, hint, chosen)
        .map(|index| rudiment::with_articulation(base, articulations[index]));
    let names = Rudiment::CHOICES.map(Rudiment::name);
    let now = hit.map(|hit| Rudiment::of(hit, phrase.tempo));
    let chosen = Rudiment::CHOICES.iter().position(|&choice| Some(choice) == now);
    let hint = "Strokes of this cell around the main one. The cell is pinned with them.";
    let picked = menu_words(ui, scale, "Strokes", &names, hint, chosen)
        .map(|index| Rudiment::CHOICES[index].apply(base, phrase.tempo))
        .or(picked);
    if let Some(hit) = picked {
        view.edits.session_mut().pin(cell.place, drum, Some(Pin::Hit(hit)));
    }
}
