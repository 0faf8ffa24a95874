//! Shortcuts: keys that act while nobody types in the window. All other keys belong to the host.

use std::sync::atomic::Ordering;

use egui::{Context, Key, Modifiers};

use super::{EditorApp, Sources};
use crate::editor::host_edits::HostEdits;
use crate::editor::phrase::layout::LANES;
use crate::params::DeepPocketParams;
use crate::params::button::LearnedButton;
use crate::params::stage::StageKey;

/// Keys of the lanes, from the kick at the bottom up.
const LANE_KEYS: [Key; LANES.len()] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

/// X11 key symbols of the shortcuts, without shift.
#[cfg(target_os = "linux")]
pub(crate) const KEY_SYMBOLS: &[u32] =
    &[0x6e, 0x7a, 0x66, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39];

impl EditorApp {
    /// Does what shortcuts and MIDI controllers ask for, and shows a preset that the host has loaded.
    pub(super) fn follow_keys_and_controllers(&mut self, context: &Context, busy: bool) {
        let Sources { params, .. } = self.sources.clone();
        // Elsewhere the host gets every key, too.
        let own = cfg!(target_os = "linux") || self.edits.is_standalone();
        if own && self.edits.shortcuts && self.shared.shortcuts.load(Ordering::Relaxed) {
            act(context, &params, &mut self.edits);
        }
        self.edits.follow_host_preset();
        if !busy {
            self.edits.follow_controllers();
        }
        if let Some(said) = self.edits.midi.update() {
            self.say(context, said);
        }
    }
}

/// Does what the pressed key stands for: N, Z, F, and the digits for the lanes.
fn act(context: &Context, params: &DeepPocketParams, edits: &mut HostEdits) {
    let pressed = |key| context.input(|input| input.key_pressed(key));
    let modifiers = context.input(|input| input.modifiers);
    let shift = modifiers == Modifiers::SHIFT;
    if modifiers != Modifiers::NONE && !shift {
        return;
    }
    // Without a host nobody else wants the space bar.
    if pressed(Key::Space) && edits.own_transport().is_present() {
        let play = &params.output.free_run;
        edits.set(play, !play.value());
    }
    if pressed(Key::N) && !shift {
        edits.press(LearnedButton::NewTake);
    }
    if pressed(Key::Z) {
        edits.press(if shift { LearnedButton::Redo } else { LearnedButton::Undo });
    }
    if pressed(Key::F) && !shift {
        params.stage.tap(StageKey::Fill);
    }
    for (key, drum) in LANE_KEYS.into_iter().zip(LANES.into_iter().rev()) {
        if pressed(key) {
            let lane = &params.lanes[drum.index()];
            let param = if shift { &lane.solo } else { &lane.mute };
            edits.set(param, !param.value());
        }
    }
}
