//! Growth of the tables of styles and drum maps: projects and automation keep their meaning.
//! `groove/src/model/tests.rs` tests the same of model files, [`crate::project::presets`] of factory
//! presets.

use groove::pattern::style::{LAST_STYLE, STYLES, Style};
use groove::play::drum_maps::{DRUM_MAPS, FactoryMap, LAST_MAP};
use nice_plug::params::Param as _;
use nice_plug::plugin::{ParamValue, PluginState};
use nice_plug::prelude::IntParam;

use crate::params::DeepPocketParams;
use crate::params::controls::{Controls, pitches};
use crate::params::text::{map_from_text, map_text, style_from_text, style_text};

const PROJECTS: [&str; 4] = [
    include_str!("../../tests/states/version-1.json"),
    include_str!("../../tests/states/version-2.json"),
    include_str!("../../tests/states/version-3.json"),
    include_str!("../../tests/states/version-4.json"),
];

/// Returns the tables with a new style and a new map amid the others, and the numbers of both.
fn grown() -> (Vec<Style>, Vec<FactoryMap>, [u8; 2]) {
    let unused = |text: &dyn Fn(i32) -> String| {
        let number = (0..).find(|number| text(*number).starts_with("unused"));
        u8::try_from(number.expect("a free number")).expect("a small number")
    };
    let style = unused(&|number| style_text(STYLES, number));
    let map = unused(&|number| map_text(DRUM_MAPS, number));
    let (mut styles, mut maps) = (STYLES.to_vec(), DRUM_MAPS.to_vec());
    styles.insert(3, Style { number: style, name: "polka", title: "Polka" });
    maps.insert(
        1,
        FactoryMap {
            number: map,
            name: "Accordion",
            pitches: Some([60; 9].into()),
            hat_pedal: false,
        },
    );
    (styles, maps, [style, map])
}

#[test]
fn projects_keep_styles_and_drum_map() {
    let (styles, maps, _) = grown();
    for text in PROJECTS {
        let mut project: PluginState = serde_json::from_str(text).expect("a state");
        DeepPocketParams::repair(&mut project);
        let value = |id: &str| match project.params[id] {
            ParamValue::I32(value) => value,
            ref other => panic!("{id}: {other:?}"),
        };
        for style in ["style", "blend_style"].map(value) {
            assert_eq!(style_text(&styles, style), style_text(STYLES, style));
        }
        let (map, params) = (value("map"), DeepPocketParams::default());
        assert_eq!(map_text(&maps, map), map_text(DRUM_MAPS, map));
        let map = u8::try_from(map).expect("a small number");
        let at = |table| pitches(table, map, &params.lanes);
        assert_eq!(at(&maps), at(DRUM_MAPS));
    }
}

#[test]
fn automation_keeps_styles_and_drum_maps() {
    let (styles, maps, [style, map]) = grown();
    let params = DeepPocketParams::default();
    // CLAP hosts store steps from the minimum, VST3 hosts a share of the range.
    let stored = |param: &IntParam, number: i32, last: u8| {
        assert_eq!(param.step_count(), Some(last.into()));
        assert_eq!(param.preview_normalized(number), number as f32 / f32::from(last));
        assert_eq!(param.preview_plain(number as f32 / f32::from(last)), number);
    };
    for number in 0..=LAST_STYLE.into() {
        stored(&params.style, number, LAST_STYLE);
        stored(&params.drummer.blend_style, number, LAST_STYLE);
        let text = style_text(&styles, number);
        let same = text == style_text(STYLES, number);
        assert!(same != (number == i32::from(style)), "{number} is {text}");
        assert_eq!(style_from_text(&styles, &text), Some(number));
    }
    for number in 0..=LAST_MAP.into() {
        stored(&params.output.map, number, LAST_MAP);
        let text = map_text(&maps, number);
        let same = text == map_text(DRUM_MAPS, number);
        assert!(same != (number == i32::from(map)), "{number} is {text}");
        assert_eq!(map_from_text(&maps, &text), Some(number));
    }
    // The ranges are part of what hosts store.
    assert_eq!((LAST_STYLE, LAST_MAP), (127, 63));
    assert_eq!(map_text(&maps, 7), "My own");
    assert_eq!(style_text(&styles, 23), "own 5");
    assert_eq!(pitches(&maps, map, &params.lanes), Some([60; 9].into()));
    let without_map = Controls::new(&params).pitches;
    assert_eq!(pitches(DRUM_MAPS, map, &params.lanes), without_map, "as General MIDI");
}
