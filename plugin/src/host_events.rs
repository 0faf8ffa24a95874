//! Conversions between the framework's transport and events and the engine's.

use groove::Meter;
use groove::play::clock;
use nice_plug::midi::{Channel, Key, VoiceID};
use nice_plug::prelude::*;

use crate::audio::engine::NoteMessage;

/// Number of the foot controller, the pedal of a hi-hat.
const HAT_PEDAL: u8 = 4;

/// Value of a controller that was never moved, as the framework reports it to VST3 hosts. Ardour
/// sends it back for all controllers when it opens a project. No controller has it: seven bits are
/// n / 127.
pub(crate) const NEVER_MOVED: f32 = 0.5;

/// MIDI controller that silences everything.
pub(crate) const ALL_SOUND_OFF: u8 = 120;

/// MIDI controller that releases all keys.
pub(crate) const ALL_NOTES_OFF: u8 = 123;

/// Converts the host's transport.
pub(crate) fn transport(host: &Transport) -> clock::Transport {
    let meter = host.time_sig_numerator.zip(host.time_sig_denominator);
    clock::Transport {
        playing: host.playing,
        tempo: host.tempo,
        meter: meter.map(|(numerator, denominator)| Meter::new(numerator, denominator)),
        beats: host.pos_beats,
        samples: host.pos_samples(),
        bar_start: host.bar_start_pos_beats,
        loop_range: host.loop_range_beats(),
    }
}

/// Converts a velocity from 0 to 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
pub(crate) fn midi_velocity(velocity: f32) -> u8 {
    (velocity * 127.0).round().clamp(0.0, 127.0) as u8
}

/// Controller 4 at the sample of a stroke of the hi-hat; `None` for other messages.
pub(crate) fn hat_pedal_event(message: NoteMessage) -> Option<NoteEvent<()>> {
    let NoteMessage { sample: timing, channel, struck, .. } = message;
    let (drum, articulation) = struck?;
    let value = f32::from(articulation.hat_pedal(drum)?) / 127.0;
    Some(NoteEvent::MidiCC { timing, channel, cc: HAT_PEDAL, value })
}

/// Converts a message to an event of the host.
pub(crate) fn note_event(message: NoteMessage) -> NoteEvent<()> {
    let NoteMessage { sample: timing, channel, pitch, velocity, pressure, .. } = message;
    let (channel, key) = (Channel::Number(channel), Key::Number(pitch));
    let voice_id = VoiceID::Wildcard;
    if let Some(pressure) = pressure {
        let pressure = f32::from(pressure) / 127.0;
        return NoteEvent::PolyPressure { timing, voice_id, channel, key, pressure };
    }
    match velocity {
        0 => NoteEvent::NoteOff { timing, voice_id, channel, key, velocity: 0.0 },
        _ => {
            let velocity = f32::from(velocity) / 127.0;
            NoteEvent::NoteOn { timing, voice_id, channel, key, velocity }
        }
    }
}

/// Returns the number of a channel, unless it is all of them.
pub(crate) fn channel_number(channel: Channel) -> Option<u8> {
    match channel {
        Channel::Number(channel) => Some(channel),
        Channel::Wildcard => None,
    }
}
