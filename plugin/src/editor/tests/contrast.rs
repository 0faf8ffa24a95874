//! Contrast of every text to what it stands on, measured on the drawn window: at least 4.5 : 1, as
//! WCAG 2.1 asks of small text.

use std::collections::BTreeMap;

use super::*;
use egui::epaint::{ClippedShape, TextShape};
use egui::{Color32, Rect, Shape, pos2};
use groove::take::chart::{Place, Section, SectionKind, Stop};

/// Smallest contrast of a text.
const LEAST: f64 = 4.5;

/// Relative luminance of a colour (WCAG 2.1), 0 to 1.
fn luminance(colour: Color32) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
}

fn contrast(one: Color32, other: Color32) -> f64 {
    let [one, other] = [one, other].map(luminance);
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// A colour over another one; colours have premultiplied alpha.
fn over(top: Color32, below: Color32) -> Color32 {
    let left = 255 - u16::from(top.a());
    let mixed = |top: u8, below: u8| {
        let sum = u16::from(top) + (u16::from(below) * left + 127) / 255;
        u8::try_from(sum.min(255)).expect("at most 255")
    };
    Color32::from_rgb(
        mixed(top.r(), below.r()),
        mixed(top.g(), below.g()),
        mixed(top.b(), below.b()),
    )
}

/// Filled areas that cover a point, in the order of drawing, and texts.
fn flat<'a>(shape: &'a Shape, clip: Rect, into: &mut Vec<(Rect, &'a Shape)>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| flat(shape, clip, into)),
        Shape::Rect(_) | Shape::Circle(_) | Shape::Text(_) => into.push((clip, shape)),
        _ => {}
    }
}

fn fill_at(shape: &Shape, at: Pos2) -> Option<Color32> {
    match shape {
        Shape::Rect(rect) if rect.rect.contains(at) => Some(rect.fill),
        Shape::Circle(circle) if circle.center.distance(at) < circle.radius => Some(circle.fill),
        _ => None,
    }
}

/// Colours of a text.
fn colours(text: &TextShape) -> Vec<Color32> {
    let of = |colour: Color32| match colour {
        Color32::PLACEHOLDER => text.fallback_color,
        colour => colour,
    };
    let sections = text.galley.job.sections.iter().map(|section| of(section.format.color));
    let colours = sections.map(|colour| text.override_text_color.unwrap_or(colour));
    colours.map(|colour| colour.gamma_multiply(text.opacity_factor)).collect()
}

/// Adds the smallest contrast of each text of a picture.
fn measure(shapes: &[ClippedShape], found: &mut BTreeMap<String, f64>) {
    let mut all = Vec::new();
    shapes.iter().for_each(|clipped| flat(&clipped.shape, clipped.clip_rect, &mut all));
    for (number, (clip, shape)) in all.iter().enumerate() {
        let Shape::Text(text) = shape else { continue };
        let area = text.visual_bounding_rect().intersect(*clip);
        if text.galley.text().trim().is_empty() || !area.is_positive() {
            continue;
        }
        for share in [0.1f32, 0.3, 0.5, 0.7, 0.9] {
            let at = pos2(area.left() + share * area.width(), area.center().y);
            let below = all[..number].iter().filter(|(clip, _)| clip.contains(at));
            let below = below.filter_map(|(_, shape)| fill_at(shape, at));
            // A frame begins as ground.
            let ground = below.fold(theme::GROUND, |ground, fill| over(fill, ground));
            for colour in colours(text) {
                let ratio = contrast(over(colour, ground), ground);
                let least = found.entry(text.galley.text().to_owned()).or_insert(ratio);
                *least = least.min(ratio);
            }
        }
    }
}

#[test]
fn the_measure_of_contrast_is_that_of_the_standard() {
    assert!((contrast(Color32::WHITE, Color32::BLACK) - 21.0).abs() < 1e-9);
    assert!((contrast(Color32::from_gray(0x76), Color32::WHITE) - 4.54).abs() < 0.01);
    assert_eq!(over(Color32::from_black_alpha(0), theme::PANEL), theme::PANEL);
    let half = over(Color32::WHITE.gamma_multiply(0.5), Color32::BLACK);
    assert!((127..=128).contains(&half.r()));
}

#[test]
fn secondary_text_is_readable_on_every_surface() {
    for ground in [theme::GROUND, theme::PANEL, theme::RAISED, theme::LIFTED, theme::LINE] {
        for text in [theme::TEXT, theme::MUTED, theme::AMBER, theme::TEAL, theme::WRONG] {
            assert!(contrast(text, ground) >= LEAST, "{text:?} on {ground:?}");
        }
    }
    for ground in [theme::GROUND, theme::PANEL] {
        assert!(contrast(theme::FAINT, ground) >= LEAST);
    }
    for ground in [theme::AMBER, theme::TEAL] {
        assert!(contrast(theme::GROUND, ground) >= LEAST);
    }
}

#[test]
fn every_text_of_the_window_has_contrast() {
    let mut found = BTreeMap::new();
    let mut rig = Rig::new();
    rig.show_phrase(Take::default());
    let mut look = |rig: &mut Rig| {
        rig.window.run();
        measure(&rig.window.output().shapes, &mut found);
    };
    look(&mut rig);
    // Off, muted and held lanes; a song with all kinds of intensity.
    rig.params.state.kept().change(|extras| {
        for (number, kind) in (0u8..).zip(SectionKind::ALL) {
            let intensity = f32::from(number) / 7.0;
            let start = u16::from(number) * 4;
            extras.chart.add_section(Section { intensity, ..Section::new(start, kind) });
        }
        // To the end of the song, over bar numbers.
        let start = Place { bar: 20, step: 8 };
        let stop = Stop { start, end: Stop::SONG_END, pick_up: 0, hit: true };
        extras.chart.set_stops([stop]);
    });
    rig.click("Kick mute");
    rig.click("Ride solo");
    let snare = rig.find("Snare");
    rig.click_at(snare, PointerButton::Secondary, Modifiers::NONE);
    rig.click("Regenerate Snare");
    look(&mut rig);
    for drawer in ["Presets", "Model", "Output", "Kit drums", "Help"] {
        rig.click(drawer);
        look(&mut rig);
        rig.click(drawer);
    }
    for (name, button) in [
        ("Snare", PointerButton::Secondary),
        ("Clip menu", PointerButton::Primary),
        ("Song", PointerButton::Secondary),
        ("Repeat", PointerButton::Secondary),
        ("Style", PointerButton::Primary),
    ] {
        let at = rig.find(name);
        rig.click_at(at, button, Modifiers::NONE);
        look(&mut rig);
        rig.window.key_press(Key::Escape);
        rig.window.run();
    }
    // Under the pointer.
    let names = rig.names().0;
    for name in names.iter().filter(|name| !name.contains("bar ")).take(150) {
        let at = rig.window.query_all_by_label(name).next().map(|node| node.rect().center());
        if let Some(at) = at {
            rig.window.hover_at(at);
            rig.window.run();
            measure(&rig.window.output().shapes, &mut found);
        }
    }
    // The toolkit writes it over widgets that share an id.
    let shared = found.keys().find(|text| text.contains("use of widget ID"));
    assert_eq!(shared, None);
    assert!(found.len() > 150, "{} texts", found.len());
    let faint: Vec<_> = found.iter().filter(|(_, ratio)| **ratio < LEAST).collect();
    let least = found.values().copied().fold(21.0, f64::min);
    println!("{} texts, contrast at least {least:.2}", found.len());
    assert!(faint.is_empty(), "{faint:?}");
}
