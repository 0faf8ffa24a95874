//! The song above the phrase: sections with their intensity, stops and accents along the host's
//! bars. A drag up or down sets a section's intensity, a drag of its left edge moves it, a drag in
//! the row below paints stops, and the menu does the rest.

use egui::accesskit::Role;
use egui::{
    Align2, CornerRadius, CursorIcon, Key, Popup, PopupCloseBehavior, Pos2, Rect, Response, Sense,
    Stroke, Ui, WidgetInfo, pos2,
};
use groove::Meter;
use groove::take::chart::{
    Accent, Chart, Energy, Place, Section, SectionKind, Stop, USUAL_INTENSITY,
};

use crate::editor::host_edits::ViewContext;
use crate::editor::phrase::layout::HEADERS;
use crate::editor::phrase::song_buttons;
use crate::editor::theme::{self, FontRole, Scale};
use crate::editor::widgets::{menu_item, menu_percent, menu_words};
use crate::link::Status;

/// Height of the strip and of its row of stops, in design points.
pub(crate) const HEIGHT: f32 = 52.0;
const STOPS: f32 = 14.0;

/// Fewest bars in the strip, and bars after the last section.
const MIN_BARS: u16 = 32;
const BARS_AFTER: u16 = 8;

/// Share of the strip's height that the energy of a beat moves its curve at most.
const ENERGY: f32 = 0.2;

/// Width of a section's left edge, in design points.
const EDGE: f32 = 6.0;

/// Keys of the kinds in the menu, in their order.
const KIND_KEYS: [Key; 8] =
    [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8];

/// Places of the strip on screen.
struct StripLayout {
    scale: Scale,
    /// Sections, and stops below them.
    sections: Rect,
    stops: Rect,
    bars: u16,
    meter: Meter,
}

impl StripLayout {
    fn new(scale: Scale, area: Rect, chart: &Chart, status: &Status) -> Self {
        let area = area.with_min_x(area.left() + scale.px(HEADERS));
        let (sections, stops) = area.split_top_bottom_at_y(area.bottom() - scale.px(STOPS));
        let last = chart.sections().last().map_or(0, |section| section.start);
        let stopped = chart.stops().last().map_or(0, Stop::bars);
        let bars = last.max(stopped).saturating_add(BARS_AFTER).max(MIN_BARS);
        let bars = bars.div_ceil(8).saturating_mul(8);
        StripLayout { scale, sections, stops, bars, meter: status.meter }
    }

    /// The x coordinate of a position in bars.
    fn x(&self, bars: f32) -> f32 {
        let share = (bars / f32::from(self.bars)).clamp(0.0, 1.0);
        self.sections.left() + self.sections.width() * share
    }

    fn x_of(&self, place: Place) -> f32 {
        let into = f32::from(place.step) / self.meter.steps() as f32;
        self.x(f32::from(place.bar) + into.min(1.0))
    }

    /// The x coordinate of some steps before a place.
    fn before(&self, place: Place, steps: u8) -> f32 {
        let step = self.sections.width() / f32::from(self.bars) / self.meter.steps() as f32;
        self.x_of(place) - step * f32::from(steps)
    }

    /// The position under the pointer, in bars.
    fn bars_at(&self, at: Pos2) -> f32 {
        let share = (at.x - self.sections.left()) / self.sections.width();
        share.clamp(0.0, 1.0) * f32::from(self.bars)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the strip")]
    fn bar_at(&self, at: Pos2) -> u16 {
        (self.bars_at(at) as u16).min(self.bars - 1)
    }

    /// The beat under the pointer: its start and its end.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the strip")]
    fn beat_at(&self, at: Pos2) -> (Place, Place) {
        let (bar, beat) = (self.bar_at(at), self.meter.beat_steps());
        let into = (self.bars_at(at) - f32::from(bar)).clamp(0.0, 1.0);
        let beats = self.meter.whole_beats();
        let number = ((into * self.meter.steps() as f32) as usize / beat).min(beats - 1);
        let place = |number: usize| match number >= beats {
            true => Place { bar: bar + 1, step: 0 },
            false => Place { bar, step: u8::try_from(number * beat).unwrap_or(0) },
        };
        (place(number), place(number + 1))
    }

    /// The rectangle of a section, which ends at a bar.
    fn block(&self, section: &Section, end: u16) -> Rect {
        let across = self.x(section.start.into())..=self.x(end.into());
        Rect::from_x_y_ranges(across, self.sections.y_range())
    }
}

/// Draws the strip and handles its edits.
pub(crate) fn show(ui: &mut Ui, view: &mut ViewContext<'_>, area: Rect, status: &Status) {
    let chart = view.edits.session().chart();
    let layout = StripLayout::new(view.scale, area, &chart, status);
    song_buttons::show(ui, view, area, (&chart, status.meter));
    let round = CornerRadius::from(view.scale.px(4.0));
    ui.painter().rect_filled(layout.sections, round, theme::PANEL);
    ui.painter().rect_filled(layout.stops, CornerRadius::ZERO, theme::GROUND);
    track(ui, view, &layout, &chart);
    let ends = chart.sections().iter().skip(1).map(|next| next.start).chain([layout.bars]);
    for (number, (section, end)) in chart.sections().iter().zip(ends).enumerate() {
        self::section(ui, view, &layout, &chart, (number, section, end));
    }
    energy(ui, &layout, &chart);
    draw_accents(ui, &layout, &chart);
    draw_stops(ui, &layout, &chart);
    edit_stops(ui, view, &layout, &chart);
    bar_numbers(ui, &layout, &chart);
    if status.following {
        let beats = (status.position - status.bar_start).max(0.0) / status.meter.beats();
        #[expect(clippy::cast_possible_truncation, reason = "songs are short")]
        let x = layout.x((status.bar as f64 + beats) as f32);
        let y = layout.sections.top()..=layout.stops.bottom();
        ui.painter().vline(x, y, Stroke::new(view.scale.px(1.5), theme::PLAYHEAD));
    }
}

/// Handles the track below the sections.
fn track(ui: &mut Ui, view: &mut ViewContext<'_>, layout: &StripLayout, chart: &Chart) {
    let id = ui.make_persistent_id("song");
    let response = ui.interact(layout.sections, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Row, true, "Song"));
    if response.double_clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        add_section(view, layout.bar_at(at), SectionKind::Verse);
    }
    if chart.sections().is_empty() {
        let text = "Double click: a section. Right click: its kind. Below: drag to paint stops.";
        let font = view.scale.font(FontRole::Small);
        let at = layout.sections.center();
        ui.painter().text(at, Align2::CENTER_CENTER, text, font, theme::MUTED);
    }
    menu(ui, view, layout, chart, &response);
}

fn add_section(view: &mut ViewContext<'_>, bar: u16, kind: SectionKind) {
    view.edits.session_mut().add_section(Section::new(bar, kind));
}

/// Draws a section, which ends at a bar, and handles its drags.
fn section(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    layout: &StripLayout,
    chart: &Chart,
    (number, section, end): (usize, &Section, u16),
) {
    let (scale, block) = (view.scale, layout.block(section, end));
    let name = format!("{}, bar {}", section.kind.name(), section.start + 1);
    let response = ui.interact(block, ui.make_persistent_id(("section", number)), Sense::all());
    response.widget_info(|| WidgetInfo::slider(true, section.intensity.into(), &name));
    let inner = block.shrink2(scale.size(1.0, 0.0));
    let filled = inner.with_min_y(inner.bottom() - inner.height() * section.intensity);
    let round = CornerRadius::from(scale.px(4.0));
    ui.painter().rect_filled(inner, round, theme::RAISED);
    ui.painter().rect_filled(filled, round, theme::AMBER.gamma_multiply(0.35));
    let clipped = ui.painter().with_clip_rect(inner);
    let own = if section.seed.is_some() { " *" } else { "" };
    let label = format!("{}{own}", section.kind.name());
    let at = pos2(inner.left() + scale.px(6.0), inner.top() + scale.px(4.0));
    clipped.text(at, Align2::LEFT_TOP, label, scale.font(FontRole::Strong), theme::TEXT);
    drag_section(ui, view, layout, section, &response);
    if response.double_clicked()
        && let Some(at) = response.interact_pointer_pos()
        && layout.bar_at(at) > section.start
    {
        let other = match section.kind {
            SectionKind::Verse => SectionKind::Chorus,
            _ => SectionKind::Verse,
        };
        add_section(view, layout.bar_at(at), other);
    }
    menu(ui, view, layout, chart, &response);
    let percent = 100.0 * section.intensity;
    let text = format!(
        "{name}: intensity {percent:.0} %.\n\nDrag up and down: intensity. Drag the left edge: move \
         it. Double click: a new section. Right click: more."
    );
    response.on_hover_text_at_pointer(text);
}

/// Draws the energy of the song as a curve around the intensity of its sections.
fn energy(ui: &Ui, layout: &StripLayout, chart: &Chart) {
    if chart.energy.is_empty() {
        return;
    }
    let Rect { min, max } = layout.sections.shrink2(layout.scale.size(0.0, 2.0));
    let beats = layout.meter.whole_beats();
    let point = |bar: u16, beat: usize| {
        let section = chart.section_at(bar.into());
        let intensity = section.map_or(USUAL_INTENSITY, |section| section.intensity);
        let level = intensity + ENERGY * chart.energy.get(bar.into(), beat);
        let x = layout.x(f32::from(bar) + beat as f32 / beats as f32);
        pos2(x, max.y - (max.y - min.y) * level.clamp(0.0, 1.0))
    };
    let bars = 0..chart.bars().min(layout.bars);
    let places = bars.flat_map(|bar| (0..beats).map(move |beat| (bar, beat)));
    let points: Vec<Pos2> = places.map(|(bar, beat)| point(bar, beat)).collect();
    let line = Stroke::new(layout.scale.px(1.2), theme::AMBER.gamma_multiply(0.6));
    ui.painter().line(points, line);
}

/// Sets the intensity or the start of a section that is dragged.
fn drag_section(
    ui: &Ui,
    view: &mut ViewContext<'_>,
    layout: &StripLayout,
    section: &Section,
    response: &Response,
) {
    let is_edge = |at: Pos2| at.x < response.rect.left() + layout.scale.px(EDGE);
    if response.hover_pos().is_some_and(is_edge) {
        ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    let moves_id = response.id.with("moves");
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin());
        ui.data_mut(|data| data.insert_temp(moves_id, origin.is_some_and(is_edge)));
    }
    let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged()) else { return };
    let start = section.start;
    if ui.data(|data| data.get_temp(moves_id)).unwrap_or(false) {
        let to = layout.bars_at(at).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the strip")]
        let to = to as u16;
        view.edits.session_mut().change_chart(|chart| {
            chart.move_section(start, to);
        });
        return;
    }
    let height = layout.sections.height() - layout.scale.px(8.0);
    let share = (layout.sections.bottom() - layout.scale.px(4.0) - at.y) / height;
    let intensity = (share.clamp(0.0, 1.0) * 20.0).round() / 20.0;
    if intensity != section.intensity {
        let changed = Section { intensity, ..*section };
        view.edits.session_mut().add_section(changed);
    }
}

/// Marks the bars with accents in the row of stops.
fn draw_accents(ui: &Ui, layout: &StripLayout, chart: &Chart) {
    let scale = layout.scale;
    for bar in 0..layout.bars {
        let steps = layout.meter.steps();
        let accent = |step: usize| chart.accents.get(bar.into(), step);
        let strongest = (0..steps).filter_map(accent).max();
        let Some(strongest) = strongest else { continue };
        let colour = match strongest {
            Accent::Light => theme::LINE,
            Accent::Strong | Accent::Stab => theme::BAR_LINE,
        };
        let across = layout.x(bar.into())..=layout.x(f32::from(bar) + 1.0);
        let row = Rect::from_x_y_ranges(across, layout.stops.y_range());
        let low = row.with_min_y(row.bottom() - scale.px(4.0)).shrink2(scale.size(1.0, 0.0));
        ui.painter().rect_filled(low, CornerRadius::ZERO, colour);
    }
}

/// Draws stops: a pick-up fills the lower half, a hit is a line.
fn draw_stops(ui: &Ui, layout: &StripLayout, chart: &Chart) {
    let scale = layout.scale;
    for stop in chart.stops() {
        let across = layout.x_of(stop.start)..=layout.x_of(stop.end);
        let row = Rect::from_x_y_ranges(across, layout.stops.y_range());
        let bar = row.shrink2(scale.size(0.5, 3.0));
        ui.painter().rect_filled(bar, CornerRadius::from(scale.px(2.0)), theme::TEAL);
        // A pick-up is lower than silence, and a hit stands out.
        let pick_up = layout.before(stop.end, stop.pick_up).max(bar.left());
        let over = bar.with_min_x(pick_up).with_max_y(bar.center().y);
        if over.width() > 0.0 && stop.pick_up > 0 {
            ui.painter().rect_filled(over, CornerRadius::ZERO, theme::GROUND);
        }
        if stop.hit {
            let line = Stroke::new(scale.px(2.0), theme::AMBER);
            ui.painter().vline(bar.left() + scale.px(1.0), row.y_range(), line);
        }
    }
}

/// Handles drags and clicks in the row of stops: a drag paints stops, and removes them if it begins
/// in one.
fn edit_stops(ui: &mut Ui, view: &mut ViewContext<'_>, layout: &StripLayout, chart: &Chart) {
    let id = ui.make_persistent_id("stops");
    let response = ui.interact(layout.stops, id, Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Row, true, "Stops"));
    let from_id = response.id.with("from");
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin());
        ui.data_mut(|data| data.insert_temp(from_id, origin));
    }
    let origin: Option<Pos2> = ui.data(|data| data.get_temp(from_id)).flatten();
    let ends = response.interact_pointer_pos().map(|at| {
        let from = origin.filter(|_| !response.clicked()).unwrap_or(at);
        let ((a, b), (c, d)) = (layout.beat_at(from), layout.beat_at(at));
        (layout.beat_at(from).0, a.min(c), b.max(d))
    });
    if let Some((first, start, end)) = ends {
        let meter = layout.meter;
        if response.clicked() || response.drag_stopped() {
            let removes = chart.stops_at(first);
            let session = view.edits.session_mut();
            match removes {
                true => session.change_chart(|chart| chart.remove_stops(start, end, meter)),
                false => session.add_stop(start, end, meter),
            }
        } else if response.dragged() {
            let across = layout.x_of(start)..=layout.x_of(end);
            let row = Rect::from_x_y_ranges(across, layout.stops.y_range());
            ui.painter().rect_filled(row, CornerRadius::ZERO, theme::TEAL.gamma_multiply(0.5));
        }
    }
    response.on_hover_text_at_pointer(
        "Stops: the drummer rests here, and leads back in on the last beat of two and more. Drag: \
         paint them. Click: a beat on or off. The lower half is a fill; amber is a hit of kick and \
         crash, before the end of the song for example.",
    );
}

/// Draws the menu of the bar that was clicked.
fn menu(
    ui: &mut Ui,
    view: &mut ViewContext<'_>,
    layout: &StripLayout,
    chart: &Chart,
    response: &Response,
) {
    let scale = view.scale;
    let id = response.id.with("asked");
    if response.secondary_clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        ui.data_mut(|data| data.insert_temp(id, layout.bar_at(at)));
    }
    let bar: u16 = ui.data(|data| data.get_temp(id)).unwrap_or(0);
    let popup = Popup::context_menu(response)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .gap(scale.px(4.0));
    popup.show(|ui| {
        let here = chart.sections().iter().find(|section| section.start == bar);
        let kinds: Vec<(Key, &str)> =
            KIND_KEYS.into_iter().zip(SectionKind::ALL.map(SectionKind::name)).collect();
        let chosen =
            here.and_then(|section| SectionKind::ALL.iter().position(|&kind| kind == section.kind));
        let title = format!("Section from bar {}", bar + 1);
        let hint = "Sections of one kind share a theme; a fill leads into each.";
        if let Some(kind) = menu_words(ui, scale, &title, &kinds, hint, chosen) {
            add_section(view, bar, SectionKind::ALL[kind]);
        }
        if let Some(section) = chart.section_at(bar.into()) {
            section_entries(ui, view, section);
        }
        let mut percent = follow_percent(chart);
        let hint = "How closely the kick follows the accents of the song's bass. 50 %: as drummers \
                    do. 100 %: nearly every note.";
        if menu_percent(ui, scale, "Follow", hint, &mut percent).changed() {
            let follow = f32::from(percent) / 100.0;
            view.edits.session_mut().change_chart(|chart| chart.follow = follow);
        }
        let hint = "The loudness no longer follows the band's from beat to beat.";
        if !chart.energy.is_empty() && menu_item(ui, scale, "Remove energy", "Remove energy", hint)
        {
            view.edits.session_mut().change_chart(|chart| chart.energy = Energy::default());
        }
        let (label, hint) = match chart.choke {
            true => ("Let cymbals ring into stops", "A crash or ride before a stop rings on."),
            false => ("Choke cymbals at stops", "A hand ends crash and ride where a stop begins."),
        };
        if menu_item(ui, scale, label, label, hint) {
            view.edits.session_mut().change_chart(|chart| chart.choke = !chart.choke);
        }
    });
}

/// Draws the menu entries of a section.
fn section_entries(ui: &mut Ui, view: &mut ViewContext<'_>, section: &Section) {
    let (label, seed, hint) = match section.seed {
        Some(_) => ("Theme of its kind", None, "It plays what other sections of its kind play."),
        None => {
            let own = u32::from(section.start).wrapping_mul(0x9e37_79b9) >> 16;
            ("Theme of its own", Some(own), "Other sections of its kind keep theirs.")
        }
    };
    if menu_item(ui, view.scale, label, label, hint) {
        let changed = Section { seed, ..*section };
        view.edits.session_mut().add_section(changed);
    }
    let hint = "The section before it goes on.";
    if menu_item(ui, view.scale, "Delete section", "Delete this section", hint) {
        let start = section.start;
        view.edits.session_mut().change_chart(|chart| chart.remove_section(start));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 100")]
fn follow_percent(chart: &Chart) -> u8 {
    (100.0 * chart.follow).round().clamp(0.0, 100.0) as u8
}

/// Draws the number of every eighth bar.
fn bar_numbers(ui: &Ui, layout: &StripLayout, chart: &Chart) {
    let font = layout.scale.font(FontRole::Small);
    for bar in (0..layout.bars).step_by(8) {
        let x = layout.x(bar.into());
        let y = layout.sections.top()..=layout.stops.bottom();
        ui.painter().vline(x, y, Stroke::new(1.0, theme::LINE));
        let at = pos2(x + layout.scale.px(3.0), layout.stops.center().y);
        let text = (bar + 1).to_string();
        // On a stop, and beside one that ends there.
        let stops = chart.stops_at(Place { bar, step: 0 });
        let colour = if stops { theme::GROUND } else { theme::MUTED };
        ui.painter().text(at, Align2::LEFT_CENTER, text, font.clone(), colour);
    }
}
