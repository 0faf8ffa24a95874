"""Writes trainer/src/network/reference.json: PyTorch's values for fixed weights and inputs. The test
trainer/src/network/pytorch_tests.rs compares the networks of the trainer and of the plugin with it.

    python trainer/python/reference.py > trainer/src/network/reference.json

Weights and inputs are computed by the same formulas here and in the test: two lanes of eight steps;
in the second lane a piece starts at the fourth step. The values are those of its last step.
"""

import json
import platform

import torch

from network import NONE, OFFSETS, VELOCITIES, Drummer, manner, mixed, strokes

STEPS, LANES, START = 8, 2, 3
CELLS, LAYERS, FEEL_CELLS, FEEL_LAYERS = 256, 2, 192, 1
ROW, EXTRA, CLASSES, SUBSETS = 333, 63, 9, 512
LIKENESS, SUMMARY, SLOTS = 12, 4, 4
STROKE_ROW, STROKE_OUTPUTS, FIRST_STROKE_SALT = 139, 105, 200
CLASS_OUTPUTS = VELOCITIES + OFFSETS + 2 * 2 * 25


def numbers(shape, salt, scale, shift=0.0):
    """Reproducible pseudo-random numbers from shift - scale / 2 to shift + scale / 2."""
    count = torch.Size(shape).numel()
    mix = (torch.arange(count) * 7919 + salt * 104_729 + 13) * 31 % 10_007
    return ((mix / 10_007 - 0.5) * scale + shift).view(shape)


def weights():
    """Returns all tensors, in the order of the model file; a tensor's index is its salt."""
    shapes = {}
    for name, row, cells, layers, outputs in [
        ("beat", ROW, CELLS, LAYERS, SUBSETS),
        ("feel", ROW + EXTRA, FEEL_CELLS, FEEL_LAYERS, CLASSES * CLASS_OUTPUTS),
    ]:
        for layer in range(layers):
            shapes[f"{name}.weight_ih_l{layer}"] = (4 * cells, row if layer == 0 else cells)
            shapes[f"{name}.weight_hh_l{layer}"] = (4 * cells, cells)
            shapes[f"{name}.bias_ih_l{layer}"] = (4 * cells,)
            shapes[f"{name}.bias_hh_l{layer}"] = (4 * cells,)
        shapes[f"{name}.out.weight"] = (outputs, cells)
        shapes[f"{name}.out.bias"] = (outputs,)
        if name == "beat":
            shapes["memory.weight"] = (LIKENESS + SUMMARY + 1, cells)
            shapes["memory.bias"] = (LIKENESS + SUMMARY + 1,)
    return {name: numbers(shape, salt, 0.4) for salt, (name, shape) in enumerate(shapes.items())}


def stroke_weights():
    """Returns the tensors of the stroke network, in the order of the model file; the salts follow
    FIRST_STROKE_SALT."""
    shapes = {
        f"strokes.{name}.{part}": (outputs, inputs)[: 2 if part == "weight" else 1]
        for name, inputs, outputs in [("0", STROKE_ROW, 160), ("1", 160, 80), ("out", 80, STROKE_OUTPUTS)]
        for part in ["weight", "bias"]
    }
    salts = enumerate(shapes.items(), FIRST_STROKE_SALT)
    return {name: numbers(shape, salt, 0.4) for salt, (name, shape) in salts}


def batch():
    """Returns the inputs; rows are steps x lanes."""
    rows = range(STEPS * LANES)
    hits = [(row * 97 + 5) % SUBSETS for row in rows]
    struck = [
        [-1 if slot >= row % (SLOTS + 1) else hits[row] if slot % 2 == 0 else slot * 31 for slot in range(SLOTS)]
        for row in rows
    ]
    references = [
        [
            [
                [NONE, NONE] if (row + drum + which) % 3 == 0
                else [(row * 7 + drum * 3 + which) % VELOCITIES, (row * 5 + drum + which * 11) % OFFSETS]
                for which in range(2)
            ]
            for drum in range(CLASSES)
        ]
        for row in rows
    ]
    targets = [
        [
            [NONE, NONE] if (row + drum) % 4 == 0
            else [(row + 2 * drum) % VELOCITIES, (row * 3 + drum) % OFFSETS]
            for drum in range(CLASSES)
        ]
        for row in rows
    ]
    starts = torch.zeros(STEPS, LANES, dtype=torch.bool)
    starts[0] = True
    starts[START, LANES - 1] = True
    whole = {"hits": hits, "struck": struck, "references": references, "manner": targets}
    whole = {name: torch.tensor(values).unflatten(0, (STEPS, LANES)) for name, values in whole.items()}
    return whole | {
        "starts": starts,
        "row": numbers((STEPS, LANES, ROW), 101, 1.0),
        "cells": numbers((STEPS, LANES, EXTRA), 102, 1.0),
        "likeness": numbers((STEPS, LANES, SLOTS, LIKENESS), 103, 1.0, 0.5),
        "summary": numbers((STEPS, LANES, SUMMARY), 104, 1.0, 0.5),
    }


def main():
    drummer, inputs = Drummer(weights()).eval(), batch()
    carries = [drummer.beat.empty(LANES), drummer.feel.empty(LANES)]
    with torch.no_grad():
        logits, controls, outputs, _ = drummer.look(inputs, carries)
        hits_loss, manner_loss, _ = drummer(inputs, carries)
        values = {
            "logits": logits,
            "controls": controls,
            "mixed": mixed(inputs, logits, controls),
            "outputs": outputs,
            "manner": torch.cat(manner(outputs, inputs["references"]), -1),
        }
    values["strokes"] = strokes(stroke_weights(), numbers((STEPS, LANES, STROKE_ROW), 105, 1.0))
    made_by = {"python": platform.python_version(), "torch": torch.__version__}
    of_last = {name: [round(x, 5) for x in all[-1, -1].flatten().tolist()] for name, all in values.items()}
    losses = {"hits_loss": hits_loss.item(), "manner_loss": manner_loss.item()}
    print(json.dumps({"made_by": made_by} | losses | of_last, separators=(",", ":")))


main()
