// Included before each source of clap-wrapper: puts MIDI messages of an Audio Unit at their samples.
//
// clap-wrapper 0.14 passes the time 0 to MIDIPacketListAdd. A host reads the time of a packet as a
// sample within the block. The bytes of raw MIDI are a part of their CLAP event, which has the time.
#pragma once

#include <CoreMIDI/CoreMIDI.h>
#include <clap/events.h>
#include <stddef.h>

/// Sample of the event that these bytes of raw MIDI are a part of.
inline MIDITimeStamp deep_pocket_event_sample(const Byte *bytes)
{
  auto event = reinterpret_cast<const char *>(bytes) - offsetof(clap_event_midi, data);
  return reinterpret_cast<const clap_event_midi *>(event)->header.time;
}

/// Start of the block: the bytes were made of a note event, which is not at hand. The plugin sends
/// raw MIDI only.
inline MIDITimeStamp deep_pocket_event_sample(Byte *)
{
  return 0;
}

#define MIDIPacketListAdd(list, size, packet, time, length, bytes) \
  MIDIPacketListAdd(list, size, packet, deep_pocket_event_sample(bytes), length, bytes)
