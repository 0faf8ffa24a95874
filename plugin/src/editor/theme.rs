//! Colours, type and scale of the window.
//!
//! Every text has a contrast of at least 4.5 : 1 to what it stands on, which a test measures on the
//! drawn window.
//!
//! Two colours carry a meaning: amber is the drummer's hits and the current selection, teal is the
//! user's pins and held keys. The two are distinguishable with every common kind of colour
//! blindness, and pinned lanes also carry a dot.

use std::sync::Arc;

use egui::epaint::text::{FontTweak, VariationCoords};
use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Rgba, Stroke,
    Vec2, vec2,
};

/// Background.
pub(crate) const GROUND: Color32 = Color32::from_rgb(0x14, 0x16, 0x1a);
/// [`GROUND`] as the renderer clears a frame to it: sRGB components from 0 to 1.
pub(crate) const CLEAR: Rgba = {
    let [red, green, blue, _] = GROUND.to_array();
    let [red, green, blue] = [red as f32 / 255.0, green as f32 / 255.0, blue as f32 / 255.0];
    Rgba::from_rgba_premultiplied(red, green, blue, 1.0)
};
/// Panels, header and every other lane.
pub(crate) const PANEL: Color32 = Color32::from_rgb(0x1b, 0x1e, 0x23);
/// Raised surfaces that can be pressed.
pub(crate) const RAISED: Color32 = Color32::from_rgb(0x23, 0x27, 0x2e);
/// Raised surfaces under the pointer.
pub(crate) const LIFTED: Color32 = Color32::from_rgb(0x2e, 0x33, 0x3c);
/// Lines and empty tracks.
pub(crate) const LINE: Color32 = Color32::from_rgb(0x2b, 0x30, 0x38);
/// Lines between bars.
pub(crate) const BAR_LINE: Color32 = Color32::from_rgb(0x45, 0x4c, 0x57);
/// Text and values.
pub(crate) const TEXT: Color32 = Color32::from_rgb(0xec, 0xe7, 0xdd);
/// Secondary text, on all surfaces.
pub(crate) const MUTED: Color32 = Color32::from_rgb(0x98, 0x9e, 0xa7);
/// Text of something that is off or cannot be pressed, on background and panels.
pub(crate) const FAINT: Color32 = Color32::from_rgb(0x81, 0x87, 0x8f);
/// The drummer's hits, and the current selection.
pub(crate) const AMBER: Color32 = Color32::from_rgb(0xff, 0xb4, 0x54);
/// Pins and held keys.
pub(crate) const TEAL: Color32 = Color32::from_rgb(0x5c, 0xc8, 0xc0);
/// Errors, always with text beside them.
pub(crate) const WRONG: Color32 = Color32::from_rgb(0xff, 0x7d, 0x6b);
/// Playhead: the only pure white.
pub(crate) const PLAYHEAD: Color32 = Color32::from_rgb(0xff, 0xff, 0xff);

/// Window size that the design is drawn for, in points.
pub(crate) const DESIGN: Vec2 = vec2(1280.0, 720.0);
/// Smallest window that stays readable, in points.
pub(crate) const SMALLEST: Vec2 = vec2(960.0, 540.0);
/// Largest window requested from a host, in points.
pub(crate) const LARGEST: Vec2 = vec2(2560.0, 1440.0);

/// Font roles: two weights, few sizes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FontRole {
    /// Product name.
    Title,
    /// Value inside a dial.
    Figure,
    /// Names, values and buttons.
    Strong,
    /// Body text.
    Body,
    /// Panel titles.
    Caption,
    /// Names of controls.
    Small,
    /// Selected one among small names.
    Chosen,
}

/// Scale of the window: a larger window is the same picture, magnified.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Scale(f32);

impl Scale {
    /// Returns the scale at which the design fits a window of this size in points.
    pub(crate) fn fitting(window: Vec2) -> Self {
        let fit = (window.x / DESIGN.x).min(window.y / DESIGN.y);
        // Quantised to sixteenths, so that resizing does not build a font atlas for every pixel.
        Scale(((fit * 16.0).floor() / 16.0).clamp(0.75, 2.0))
    }

    /// Converts design points to window points.
    pub(crate) fn px(self, design: f32) -> f32 {
        self.0 * design
    }

    /// Converts a size in design points to window points.
    pub(crate) fn size(self, x: f32, y: f32) -> Vec2 {
        vec2(self.px(x), self.px(y))
    }

    /// Returns the font of a role.
    pub(crate) fn font(self, voice: FontRole) -> FontId {
        let (size, family) = match voice {
            FontRole::Title => (18.5, strong()),
            FontRole::Figure => (14.5, strong()),
            FontRole::Strong => (13.5, strong()),
            FontRole::Body => (13.5, FontFamily::Proportional),
            FontRole::Caption => (11.5, strong()),
            FontRole::Small => (12.5, FontFamily::Proportional),
            FontRole::Chosen => (12.5, strong()),
        };
        FontId::new(self.px(size), family)
    }
}

/// The heavier of the two weights.
fn strong() -> FontFamily {
    FontFamily::Name("strong".into())
}

/// Installs the fonts. Inter (SIL Open Font Licence 1.1) comes first; the toolkit's fonts provide
/// missing glyphs.
pub(crate) fn set_fonts(context: &Context) {
    let mut fonts = FontDefinitions::default();
    let fallback = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    for (name, family, weight) in
        [("inter", FontFamily::Proportional, 450.0), ("inter-strong", strong(), 620.0)]
    {
        let tweak =
            FontTweak { coords: VariationCoords::new([(b"wght", weight)]), ..FontTweak::default() };
        let data = FontData::from_static(ttf_inter::REGULAR).tweak(tweak);
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
        let mut order = vec![name.to_owned()];
        order.extend(fallback.iter().cloned());
        fonts.families.insert(family, order);
    }
    context.set_fonts(fonts);
}

/// Styles the toolkit's own parts (tooltips, pop-ups, text fields) at a scale.
pub(crate) fn set_style(context: &Context, scale: Scale) {
    context.set_theme(egui::Theme::Dark);
    context.all_styles_mut(|style| {
        let font = scale.font(FontRole::Body);
        style.override_font_id = Some(font);
        style.interaction.tooltip_delay = 0.5;
        style.interaction.selectable_labels = false;
        style.spacing.tooltip_width = scale.px(300.0);
        style.spacing.menu_margin = egui::Margin::same(8);
        style.spacing.item_spacing = scale.size(4.0, 4.0);

        let visuals = &mut style.visuals;
        visuals.override_text_color = Some(TEXT);
        visuals.panel_fill = GROUND;
        visuals.window_fill = RAISED;
        visuals.window_stroke = Stroke::new(1.0, BAR_LINE);
        visuals.menu_corner_radius = CornerRadius::same(8);
        visuals.extreme_bg_color = GROUND;
        visuals.selection.bg_fill = AMBER.gamma_multiply(0.35);
        visuals.selection.stroke = Stroke::new(1.0, AMBER);
        visuals.text_cursor.stroke = Stroke::new(scale.px(1.5), AMBER);
        // A blinking caret would repaint the window as long as a field is open.
        visuals.text_cursor.blink = false;
    });
}
