"""Writes the demo song: bass and piano of 64 bars, with markers and a tempo map.

    python3 trainer/python/demo_song.py assets/demo/song.mid

The song is a text: sections with their chords, a bass pattern and a piano pattern, one letter per
sixteenth. X is a strong note, x a light one, - holds it, and . is a rest.
"""

import struct
import sys

TICKS = 480
STEP = TICKS // 4
ROOTS = {"C": 36, "D": 38, "E": 40, "F": 41, "G": 43, "A": 45}
MINOR = {"D", "E", "A"}

VERSE = ("Verse", "A F C G", "X-.x--x-X---x-x-", "X---......x-....", 84)
PRE = ("Pre-chorus", "D F G G", "X-x-X-x-X-x-X-x-", "X---X---X---X---", 94)
CHORUS = ("Chorus", "F C G A", "X-x-x-X-X-x-x-Xx", "X--x--X-X--x--X-", 108)
BRIDGE = ("Bridge", "D A E G", "X-----x-X-------", "X---------------", 78)
OUTRO = ("Outro", "F C G A", "X-x-x-X-X-x-x-Xx", "X--x--X-X--x--X-", 112)
# Section, bars, and the last bar's patterns if they differ.
STOP = ("X---............", "X---............")
STABS = ("X-....X-....X-..", "X-....X-....X-..")
SONG = [
    (("Intro", "A F", "X-------X-----x-", "X---------------", 80), 4, None),
    (VERSE, 8, None),
    (PRE, 4, STOP),
    (CHORUS, 8, None),
    (VERSE, 8, None),
    (PRE, 4, STOP),
    (CHORUS, 8, None),
    (BRIDGE, 8, STABS),
    (CHORUS, 8, None),
    (OUTRO, 4, STOP),
]


def notes(pattern, start, pitches, loud):
    """Note-ons and note-offs of one bar."""
    for step, letter in enumerate(pattern):
        if letter not in "Xx":
            continue
        end = step + 1
        while end < len(pattern) and pattern[end] == "-":
            end += 1
        velocity = loud if letter == "X" else loud - 22
        for pitch in pitches:
            yield start + step * STEP, 0x90, pitch, velocity
            yield start + end * STEP - 10, 0x80, pitch, 0


def length(value):
    """A variable-length quantity."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))


def track(events):
    """A track of events (tick, bytes); note-offs come first."""
    data, last = b"", 0
    for tick, message in sorted(events, key=lambda event: (event[0], event[1][0] >> 4 == 9)):
        data += length(tick - last) + message
        last = tick
    data += b"\x00\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(data)) + data


def meta(kind, data):
    return bytes([0xFF, kind]) + length(len(data)) + data


def main(path):
    bar = 16 * STEP
    head = [(0, meta(0x58, bytes([4, 2, 24, 8]))), (0, meta(0x51, (60_000_000 // 112).to_bytes(3, "big")))]
    bass = [(0, meta(3, b"Bass")), (0, bytes([0xC0, 33]))]
    piano = [(0, meta(3, b"Piano")), (0, bytes([0xC1, 0]))]
    at = 0
    for (name, chords, low, high, loud), bars, last in SONG:
        head.append((at, meta(6, name.encode())))
        if name == "Outro":
            head.append((at, meta(0x51, (60_000_000 // 104).to_bytes(3, "big"))))
        chords = chords.split()
        for number in range(bars):
            chord = chords[number % len(chords)]
            root = ROOTS[chord]
            third = root + (3 if chord in MINOR else 4)
            ends = number == bars - 1 and last
            bass_line, piano_line = last if ends else (low, high)
            for tick, status, pitch, velocity in notes(bass_line, at, [root], loud):
                bass.append((tick, bytes([status, pitch, velocity])))
            chord_pitches = [24 + root, 24 + third, 31 + root]
            for tick, status, pitch, velocity in notes(piano_line, at, chord_pitches, loud - 10):
                piano.append((tick, bytes([status | 1, pitch, velocity])))
            at += bar
    header = b"MThd" + struct.pack(">IHHH", 6, 1, 3, TICKS)
    with open(path, "wb") as file:
        file.write(header + b"".join(track(events) for events in (head, bass, piano)))


if __name__ == "__main__":
    main(sys.argv[1])
