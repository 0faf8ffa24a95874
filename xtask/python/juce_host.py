"""Loads the VST3 in pedalboard, a JUCE host from Python's package index, and compares its output with
its output after the project was saved and loaded.

    python juce_host.py "Deep Pocket.vst3"
"""

import sys

import numpy
import pedalboard

RATE = 48_000
SECONDS = 16


def instance(bundle, stick=None, state=None):
    plugin = pedalboard.load_plugin(bundle)
    assert plugin.is_instrument, "The plugin is not an instrument."
    if state is not None:
        plugin.raw_state = state
    else:
        # This host has no transport.
        plugin.stick, plugin.free_run = stick, True
    return plugin


def played(plugin):
    """Sixteen seconds of sound, and the loudness of each hundredth of a second. The two seconds before
    are dropped: the host does not announce an offline render, and the plugin detects it within them.
    """
    sound = plugin([], duration=2 + SECONDS, sample_rate=RATE, buffer_size=512)[:, 2 * RATE:]
    assert sound.shape == (2, SECONDS * RATE) and numpy.isfinite(sound).all()
    return sound, numpy.sqrt((sound.reshape(2, -1, RATE // 100) ** 2).mean(axis=(0, 2)))


def likeness(one, other):
    """Correlation at the best offset. The host discards a varying number of blocks, which the
    plugin's free-running clock counts."""
    middle = one[300:-300]
    shifted = (other[300 + by : len(other) - 300 + by] for by in range(-300, 301))
    return max(float(numpy.corrcoef(middle, part)[0, 1]) for part in shifted)


def main(bundle):
    first = instance(bundle, stick=40)
    sound, loudness = played(first)
    peak = float(numpy.abs(sound).max())
    assert 0.1 < peak <= 1.0, f"The peak is {peak}."
    # Strokes of the audition kit vary slightly.
    same = likeness(loudness, played(instance(bundle, state=first.raw_state))[1])
    assert same > 0.95, f"The output differs after saving and loading: correlation {same:.3f}."
    other = likeness(loudness, played(instance(bundle, stick=0))[1])
    assert other < 0.93, f"The stick dial does not change the output: correlation {other:.3f}."
    silent = instance(bundle, stick=40)
    silent.free_run = False
    assert played(silent)[1].max() == 0.0, "The plugin plays while the transport is stopped."
    print(
        f"pedalboard {pedalboard.__version__}: {len(first.parameters)} parameters, peak {peak:.2f}; "
        f"{same:.3f} alike after saving and loading, {other:.3f} with another stick dial"
    )


if __name__ == "__main__":
    main(sys.argv[1])
