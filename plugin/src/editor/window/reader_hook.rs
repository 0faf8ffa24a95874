//! Hook of egui, for what egui-baseview leaves out: it takes the accessibility tree of each frame for
//! screen readers, and adds their actions and the keys with shift to the input.

use std::sync::Arc;

use egui::accesskit::Action;
use egui::{Context, Event, FullOutput, Key, Modifiers, RawInput, ViewportCommand};

use crate::editor::window::shared::WindowShared;

/// Name of the window for screen readers.
const NAME: &str = "Deep Pocket";

/// Connects egui to the screen reader of a window.
pub(crate) struct ReaderHook(pub Arc<WindowShared>);

impl egui::Plugin for ReaderHook {
    fn debug_name(&self) -> &'static str {
        "screen reader"
    }

    fn input_hook(&mut self, context: &Context, input: &mut RawInput) {
        if self.0.reader.is_wanted() {
            context.enable_accesskit();
        } else {
            context.disable_accesskit();
        }
        for request in self.0.reader.take_actions() {
            if request.action == Action::Focus {
                // Keys reach the control only while the window has them.
                context.send_viewport_cmd(ViewportCommand::Focus);
            }
            input.events.push(Event::AccessKitActionRequest(request));
        }
        add_keys(input, context.input(|input| input.modifiers));
    }

    fn output_hook(&mut self, context: &Context, output: &mut FullOutput) {
        let Some(mut tree) = output.platform_output.accesskit_update.take() else { return };
        let root = tree.tree.as_ref().map(|tree| tree.root);
        if let Some((_, window)) = tree.nodes.iter_mut().find(|(id, _)| Some(*id) == root) {
            window.set_label(NAME);
        }
        let focused = context.input(|input| input.viewport().focused == Some(true));
        self.0.reader.update(tree, focused);
    }
}

/// Adds the keys of typed characters that egui-baseview knows no key of: letters with shift, plus,
/// minus, equals. `modifiers` are those before this input.
fn add_keys(input: &mut RawInput, mut modifiers: Modifiers) {
    let mut typed = Vec::new();
    for event in &input.events {
        if let Event::ModifiersChanged(now) = event {
            modifiers = *now;
        }
        typed.extend(key_of(event).map(|key| (key, modifiers)));
    }
    for (key, modifiers) in typed {
        for pressed in [true, false] {
            let (physical_key, repeat) = (None, false);
            input.events.push(Event::Key { key, physical_key, pressed, repeat, modifiers });
        }
    }
}

fn key_of(event: &Event) -> Option<Key> {
    let Event::Text(text) = event else { return None };
    match text.as_str() {
        "+" => Some(Key::Plus),
        "-" => Some(Key::Minus),
        "=" => Some(Key::Equals),
        letter if letter.len() == 1 && letter.as_bytes()[0].is_ascii_uppercase() => {
            Key::from_name(letter)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_characters_without_a_key_get_one() {
        let texts = ["Z", "+", "a", "!", "Zoo"].map(|text| Event::Text(text.into()));
        let events = [vec![Event::ModifiersChanged(Modifiers::SHIFT)], texts.to_vec()].concat();
        let mut input = RawInput { events, ..RawInput::default() };
        add_keys(&mut input, Modifiers::NONE);
        let pressed = input.events.iter().filter_map(|event| match event {
            Event::Key { key, pressed: true, modifiers, .. } => Some((*key, modifiers.shift)),
            _ => None,
        });
        assert_eq!(pressed.collect::<Vec<_>>(), [(Key::Z, true), (Key::Plus, true)]);
    }
}
