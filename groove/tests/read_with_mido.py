"""Whether another reader finds in our files what we put there: notes, tempo, meter and names.

    python3 groove/tests/read_with_mido.py FOLDER

`clip.rs` runs it where Python has mido (Debian: python3-mido). It writes each of its takes as a
.mid file and, beside it, what is to be in it as text: tempo, meter, length and the track's name,
then a line for each lane and each note.
"""

import sys
from pathlib import Path

import mido


def found(path):
    """The same text, by what mido reads."""
    file = mido.MidiFile(path)
    assert file.type == 0 and file.ticks_per_beat == 960, path
    [track] = file.tracks
    head, lanes, notes, sounding, tick = {}, [], [], {}, 0
    for message in track:
        tick += message.time
        if message.type == "track_name":
            head["name"] = message.name
        elif message.type == "set_tempo":
            head["tempo"] = f"{mido.tempo2bpm(message.tempo):.3f}"
        elif message.type == "time_signature":
            head["meter"] = f"{message.numerator}/{message.denominator}"
        elif message.type == "text":
            lanes.append(f"lane {message.text}")
        elif message.type == "end_of_track":
            head["ticks"] = tick
        else:
            place = (message.channel, message.note)
            if message.type == "note_on" and message.velocity > 0:
                assert place not in sounding, f"{path}: {place} begins twice"
                sounding[place] = tick
                notes.append((tick, message.channel, message.note, message.velocity))
            else:
                assert sounding.pop(place) < tick, f"{path}: {place} has no length"
    assert not sounding, f"{path}: {sounding} hang"
    first = " ".join(str(head[key]) for key in ("tempo", "meter", "ticks", "name"))
    return [first, *lanes, *("note %d %d %d %d" % note for note in sorted(notes))]


def main():
    files = sorted(Path(sys.argv[1]).glob("*.mid"))
    notes = 0
    for path in files:
        expected = path.with_suffix(".txt").read_text().splitlines()
        read = found(path)
        assert read == expected, f"{path}\n{read}\n{expected}"
        notes += sum(line.startswith("note") for line in read)
    assert files, "no files"
    print(f"{len(files)} files, {notes} notes: mido reads what was written.")


if __name__ == "__main__":
    main()
