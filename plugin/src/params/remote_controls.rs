//! Pages of parameters for controllers with eight knobs. CLAP hosts have them.

use nice_plug::prelude::*;

use crate::params::DeepPocketParams;

/// Adds the pages: the controls that a producer moves most come first.
pub(crate) fn add_pages(params: &DeepPocketParams, context: &mut impl RemoteControlsContext) {
    let DeepPocketParams { drummer, fills, playing, stage, pad, lanes, .. } = params;
    context.add_section("Deep Pocket", |section| {
        section.add_page("Main", |page| {
            page.add_param(&params.style);
            page.add_param(&params.seed);
            page.add_param(&pad.intensity);
            page.add_param(&pad.complexity);
            page.add_param(&drummer.stick);
            page.add_param(&drummer.blend);
            page.add_param(&playing.swing);
            page.add_param(&playing.pace);
        });
        section.add_page("Drummer", |page| {
            page.add_param(&params.temperature);
            page.add_param(&drummer.density);
            page.add_param(&drummer.blend_style);
            page.add_param(&drummer.phrase);
            page.add_param(&drummer.order);
            page.add_param(&drummer.launch);
        });
        section.add_page("Stage and fills", |page| {
            page.add_param(&stage.fill);
            page.add_param(&stage.section);
            page.add_param(&stage.pause);
            page.add_param(&stage.end);
            page.add_param(&fills.every);
            page.add_param(&fills.length);
            page.add_param(&fills.amount);
        });
        section.add_page("Feel", |page| {
            page.add_param(&playing.timing);
            page.add_param(&playing.dynamics);
            page.add_param(&playing.velocity);
            page.add_param(&playing.swing_of);
            page.add_param(&params.audition.level);
        });
    });
    context.add_section("Lanes", |section| {
        section.add_page("Density", |page| {
            for lane in lanes {
                page.add_param(&lane.density);
            }
        });
        section.add_page("Mute", |page| {
            for lane in lanes {
                page.add_param(&lane.mute);
            }
        });
    });
}
