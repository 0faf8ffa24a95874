"""Loads the VST3 in pedalboard, a JUCE host from Python's package index, and holds what it plays
against what it plays after its project was saved and loaded.

    python juce_host.py "Deep Pocket.vst3"
"""

import sys

import numpy
import pedalboard

RATE = 48_000
SECONDS = 16


def instance(bundle, stick=None, state=None):
    plugin = pedalboard.load_plugin(bundle)
    assert plugin.is_instrument, "It is no instrument."
    if state is not None:
        plugin.raw_state = state
    else:
        # This host has no transport.
        plugin.stick, plugin.free_run = stick, True
    return plugin


def played(plugin):
    """Sixteen seconds of sound, and how loud each hundredth of a second of them is. The two seconds
    before are not heard: this host does not say that it is in no hurry, and within them that shows.
    """
    sound = plugin([], duration=2 + SECONDS, sample_rate=RATE, buffer_size=512)[:, 2 * RATE:]
    assert sound.shape == (2, SECONDS * RATE) and numpy.isfinite(sound).all()
    return sound, numpy.sqrt((sound.reshape(2, -1, RATE // 100) ** 2).mean(axis=(0, 2)))


def likeness(one, other):
    """How alike they are, wherever the other one begins: this host asks for blocks that it throws
    away, now more and now fewer, and the plugin's free clock counts them."""
    middle = one[300:-300]
    shifted = (other[300 + by : len(other) - 300 + by] for by in range(-300, 301))
    return max(float(numpy.corrcoef(middle, part)[0, 1]) for part in shifted)


def main(bundle):
    first = instance(bundle, stick=40)
    sound, loudness = played(first)
    peak = float(numpy.abs(sound).max())
    assert 0.1 < peak <= 1.0, f"Its peak is {peak}."
    # No two strokes of the kit are quite alike.
    same = likeness(loudness, played(instance(bundle, state=first.raw_state))[1])
    assert same > 0.95, f"After saving and loading it plays otherwise: {same:.3f} alike."
    other = likeness(loudness, played(instance(bundle, stick=0))[1])
    assert other < 0.93, f"With another stick dial it plays the same: {other:.3f} alike."
    silent = instance(bundle, stick=40)
    silent.free_run = False
    assert played(silent)[1].max() == 0.0, "It plays while the host stands."
    print(
        f"pedalboard {pedalboard.__version__}: {len(first.parameters)} parameters, peak {peak:.2f}; "
        f"{same:.3f} alike after saving and loading, {other:.3f} with another stick dial"
    )


if __name__ == "__main__":
    main(sys.argv[1])
