//! The preset drawer: search, favourite takes, the user's own presets, and the offered tempo.

use super::*;
use crate::project::folders::Folders;
use crate::project::presets;

/// Types into a text field.
fn write(rig: &mut Rig, field: &str, text: &str) {
    rig.window.get_by_label(field).focus();
    rig.window.run();
    rig.window.event(Event::Text(text.to_owned()));
    rig.window.run();
}

/// The names of the user's presets.
fn own() -> Vec<String> {
    let folder = Folders::for_user().expect("a folder").presets;
    presets::list(&folder).into_iter().map(|it| it.preset.expect("a preset").name).collect()
}

#[test]
fn a_search_without_result_is_answered() {
    let mut rig = Rig::new();
    rig.click("Presets");
    let answer = "No preset has all of these words: polka 11/8. Try a style, a feel, a tempo such \
                  as 90 bpm, or a meter such as 6/8.";
    assert!(rig.shows("FACTORY PRESETS") && !rig.shows(answer));
    write(&mut rig, "Search presets", "polka 11/8");
    assert!(rig.shows(answer) && !rig.shows("FACTORY PRESETS"));
}

#[test]
fn a_preset_is_saved_found_renamed_and_deleted() {
    let mut rig = Rig::new();
    rig.click("Presets");
    write(&mut rig, "Preset name", "Back alley");
    rig.click("Save preset");
    assert_eq!(own(), ["Back alley"]);
    write(&mut rig, "Search presets", "alley rock");
    assert!(rig.shows("Back alley") && !rig.shows("FACTORY PRESETS"));
    let at = rig.find("Back alley");
    rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
    write(&mut rig, "New name", "Side alley");
    rig.click("Rename preset");
    assert_eq!(own(), ["Side alley"]);
    assert!(rig.shows("Side alley") && !rig.shows("Back alley"));
    let at = rig.find("Side alley");
    rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
    rig.click("Delete preset");
    assert!(own().is_empty() && !rig.shows("Side alley"));
}

#[test]
fn a_second_preset_of_a_name_is_refused_with_a_message() {
    let mut rig = Rig::new();
    rig.click("Presets");
    write(&mut rig, "Preset name", "Twice");
    rig.click("Save preset");
    rig.click("Save preset");
    assert!(rig.shows("The preset cannot be saved: a preset named Twice already exists."));
    assert!(rig.shows("FACTORY PRESETS"), "the list stays");
    assert_eq!(own(), ["Twice"]);
}

#[test]
fn favourite_takes_are_a_list() {
    let mut rig = Rig::new();
    let first = rig.params.seed.value();
    rig.click("Favourite");
    rig.click("New take");
    rig.window.run_steps(60);
    rig.click("Presets");
    assert!(rig.shows("FAVOURITE TAKES OF THIS PROJECT"));
    rig.click(&format!("★ Rock · take {}", crate::editor::widgets::grouped(first)));
    assert_eq!(rig.params.seed.value(), first);
    assert!(rig.window.state().edits.session().overview().can_redo, "no take is lost");
}

#[test]
fn the_tempo_of_a_preset_is_offered_and_never_forced() {
    let mut rig = Rig::new();
    rig.audio.publish(&Status { following: false, tempo: 97.5, ..playing() });
    rig.click("Presets");
    let preset = &presets::factory()[0];
    rig.click(&preset.name);
    assert!(
        rig.shows(&format!("Made for {:.0} bpm. The song has 98.", preset.take.controls.tempo))
    );
    assert!(!rig.shows("Use tempo"), "the tempo of the song is the host's");
    let free = &rig.params.output.free_run;
    // SAFETY: the parameters outlive the pointer.
    unsafe { nice_plug::prelude::Param::as_ptr(free)._internal_set_normalized_value(1.0) };
    rig.window.run();
    assert_eq!(rig.params.output.free_tempo.value(), 120.0);
    rig.click("Use tempo");
    assert_eq!(rig.params.output.free_tempo.value(), preset.take.controls.tempo);
    assert!(!rig.shows("Use tempo"));
}

#[test]
fn a_preset_is_tagged_and_found_by_its_tag() {
    let mut rig = Rig::new();
    rig.click("Presets");
    write(&mut rig, "Preset name", "Back alley");
    rig.click("Save preset");
    let at = rig.find("Back alley");
    rig.click_at(at, PointerButton::Secondary, Modifiers::NONE);
    write(&mut rig, "New tags", "verse, brushes");
    rig.click("Tag preset");
    write(&mut rig, "Search presets", "brushes");
    assert!(rig.shows("Back alley"));
    let folder = Folders::for_user().expect("a folder").presets;
    let tags: Vec<_> =
        presets::list(&folder).into_iter().map(|it| it.preset.expect("a preset").feel).collect();
    assert_eq!(tags, ["verse, brushes"]);
}

#[test]
fn a_preset_that_the_host_loads_is_shown() {
    let mut rig = Rig::new();
    let preset = presets::factory()[3].clone();
    rig.params.state.kept().set_loaded_preset(preset.clone());
    rig.window.run_steps(2);
    let shown = rig.window.state().edits.preset.as_ref().map(|preset| &preset.name);
    assert_eq!(shown, Some(&preset.name));
}
