//! How the window looks: its colours, its type and its scale. What is drawn with them stands in
//! the other modules.
//!
//! Two colours carry a meaning. Amber is what the drummer plays and what is chosen; teal is what
//! the user holds. Everything else is quiet. The two stay well apart for every common kind of
//! colour-blind eyes, and what is held carries a dot besides.

use std::sync::Arc;

use egui::epaint::text::{FontTweak, VariationCoords};
use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Stroke, Vec2,
    vec2,
};

/// Behind everything.
pub(crate) const GROUND: Color32 = Color32::from_rgb(0x14, 0x16, 0x1a);
/// Panels, the header and every other lane.
pub(crate) const PANEL: Color32 = Color32::from_rgb(0x1b, 0x1e, 0x23);
/// What stands out of a panel and can be pressed.
pub(crate) const RAISED: Color32 = Color32::from_rgb(0x23, 0x27, 0x2e);
/// The same under the pointer.
pub(crate) const LIFTED: Color32 = Color32::from_rgb(0x2e, 0x33, 0x3c);
/// Lines and empty tracks.
pub(crate) const LINE: Color32 = Color32::from_rgb(0x2b, 0x30, 0x38);
/// Lines between bars.
pub(crate) const BAR_LINE: Color32 = Color32::from_rgb(0x45, 0x4c, 0x57);
/// Words and values.
pub(crate) const TEXT: Color32 = Color32::from_rgb(0xec, 0xe7, 0xdd);
/// What explains words and values.
pub(crate) const MUTED: Color32 = Color32::from_rgb(0x8a, 0x90, 0x99);
/// What the drummer plays, and what is chosen.
pub(crate) const AMBER: Color32 = Color32::from_rgb(0xff, 0xb4, 0x54);
/// What the user holds.
pub(crate) const TEAL: Color32 = Color32::from_rgb(0x5c, 0xc8, 0xc0);
/// A fault, always with words beside it.
pub(crate) const WRONG: Color32 = Color32::from_rgb(0xff, 0x7d, 0x6b);
/// The playhead: the only white there is.
pub(crate) const PLAYHEAD: Color32 = Color32::from_rgb(0xff, 0xff, 0xff);

/// The size of the window, in points, for which the design is drawn.
pub(crate) const DESIGN: Vec2 = vec2(1280.0, 720.0);
/// The smallest window in which everything can still be read.
pub(crate) const SMALLEST: Vec2 = vec2(960.0, 540.0);
/// The largest window that we ask a host for.
pub(crate) const LARGEST: Vec2 = vec2(2560.0, 1440.0);

/// The voices of the window's type: two weights, few sizes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum FontRole {
    /// The product's name.
    Title,
    /// The figure inside the large dial.
    Big,
    /// A figure inside a small dial.
    Figure,
    /// What can be read at a glance: names, values, buttons.
    Strong,
    /// Everything else that is said.
    Body,
    /// Names of panels.
    Caption,
    /// Names of controls.
    Small,
    /// What is chosen among things as small.
    Chosen,
}

/// The scale of the window: a big window is the same picture, drawn bigger.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Scale(f32);

impl Scale {
    /// The scale at which the design fits a window of this size, in points.
    pub(crate) fn fitting(window: Vec2) -> Self {
        let fit = (window.x / DESIGN.x).min(window.y / DESIGN.y);
        // In sixteenths, so that dragging a window's edge does not make a font atlas for every
        // pixel of the way.
        Scale(((fit * 16.0).floor() / 16.0).clamp(0.75, 2.0))
    }

    /// So many points of the design in points of the window.
    pub(crate) fn px(self, design: f32) -> f32 {
        self.0 * design
    }

    /// A size of the design in points of the window.
    pub(crate) fn size(self, x: f32, y: f32) -> Vec2 {
        vec2(self.px(x), self.px(y))
    }

    /// The font of a voice.
    pub(crate) fn font(self, voice: FontRole) -> FontId {
        let (size, family) = match voice {
            FontRole::Title => (18.5, strong()),
            FontRole::Big => (25.0, strong()),
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

/// Gives a new window its fonts. Inter (SIL Open Font Licence 1.1) comes first; the toolkit's own
/// fonts stay behind it for letters that it lacks.
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

/// Gives the toolkit's own parts (tooltips, pop-ups, text fields) the window's look at a scale.
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
        // A caret that blinks would repaint the window for as long as a field is open.
        visuals.text_cursor.blink = false;
    });
}
