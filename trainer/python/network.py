"""The drummer's networks in PyTorch, equal to trainer/src/network/net.rs, stroke_net.rs and
groove::model.

Weights have the names of the model file. A batch is a dictionary of tensors, steps x lanes x ...,
as written by `cargo trainer prepare`; NONE marks missing values. A test compares both
implementations by `reference.json`, the output of `reference.py`.
"""

import torch
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

# Number of velocity and offset bins, and maximum distance from a reference with its own logit.
VELOCITIES, OFFSETS, FAR = 32, 40, 12
NONE = 255


class Stack(torch.nn.LSTM):
    """LSTM layers with a linear layer `out` on top."""

    def __init__(self, prefix, tensors, dropout):
        cells = tensors[f"{prefix}.weight_hh_l0"].shape[1]
        layers = sum(name.startswith(f"{prefix}.weight_hh_l") for name in tensors)
        between = dropout if layers > 1 else 0.0
        super().__init__(tensors[f"{prefix}.weight_ih_l0"].shape[1], cells, layers, dropout=between)
        self.out = torch.nn.Linear(cells, len(tensors[f"{prefix}.out.bias"]))
        self.on_top = dropout

    def run(self, x, starts, carry):
        """Returns the hidden states, steps x lanes x cells, and the final state. A piece that starts
        within a lane starts from zero, so each lane is cut there."""
        steps, lanes = starts.shape
        cut = starts.clone()
        cut[0] = True
        lane, begin = cut.T.nonzero(as_tuple=True)
        part = (cut.T.flatten().cumsum(0) - 1).view(lanes, steps).T
        lengths = torch.bincount(part.flatten())
        at = begin + torch.arange(int(lengths.max()), device=x.device)[:, None]
        parts = x[at.clamp(max=steps - 1), lane]
        fresh = starts[begin, lane][:, None]
        carry = [state[:, lane].masked_fill(fresh, 0.0) for state in carry]
        packed = pack_padded_sequence(parts, lengths.cpu(), enforce_sorted=False)
        packed, carry = self(packed, tuple(carry))
        parts, _ = pad_packed_sequence(packed)
        hidden = parts[torch.arange(steps, device=x.device)[:, None] - begin[part], part]
        carry = [state[:, part[-1]].detach() for state in carry]
        return functional.dropout(hidden, self.on_top, self.training), carry

    def empty(self, lanes):
        """Returns the zero state."""
        return [self.out.weight.new_zeros(self.num_layers, lanes, self.hidden_size)] * 2


class Drummer(torch.nn.Module):
    """Both networks."""

    def __init__(self, tensors, dropout=0.0):
        super().__init__()
        self.beat = Stack("beat", tensors, dropout)
        if "memory.weight" in tensors:
            self.memory = torch.nn.Linear(self.beat.hidden_size, len(tensors["memory.bias"]))
        self.feel = Stack("feel", tensors, dropout)
        self.load_state_dict(tensors)

    def look(self, batch, carries):
        """Returns the logits of hits, the controls of the pointer memory (None without a memory), the
        outputs of the feel network, and the final states."""
        x, starts = batch["row"], batch["starts"]
        beat, carry = self.beat.run(x, starts, carries[0])
        feel, feel_carry = self.feel.run(torch.cat([x, batch["cells"]], -1), starts, carries[1])
        controls = self.memory(beat) if hasattr(self, "memory") else None
        return self.beat.out(beat), controls, self.feel.out(feel), [carry, feel_carry]

    def forward(self, batch, carries):
        """Returns the mean negative log-likelihood per step of the hits, that of their velocities and
        offsets, and the final states."""
        logits, controls, outputs, carries = self.look(batch, carries)
        own = logits.softmax(-1).gather(-1, batch["hits"][..., None])[..., 0].clamp(min=1e-30)
        if controls is not None:
            gate, shares = remembered(batch, controls)
            there = shares * (batch["struck"] == batch["hits"][..., None])
            own = (1 - gate) * own + gate * there.sum(-1)
        velocity, offset = manner(outputs, batch["references"])
        targets = batch["manner"].unbind(-1)
        lost = sum(
            functional.cross_entropy(of.flatten(0, 2), to.flatten(), ignore_index=NONE, reduction="sum")
            for of, to in zip((velocity, offset), targets)
        )
        return -own.log().mean(), lost / own.numel(), carries


def strokes(tensors, rows):
    """Returns the outputs of the stroke network for rows of its inputs."""
    for name in ["strokes.0", "strokes.1"]:
        rows = functional.linear(rows, tensors[f"{name}.weight"], tensors[f"{name}.bias"]).tanh()
    return functional.linear(rows, tensors["strokes.out.weight"], tensors["strokes.out.bias"])


def remembered(batch, controls):
    """Returns the memory's gate and each slot's share; empty slots have `struck` -1."""
    likeness, summary, there = batch["likeness"], batch["summary"], batch["struck"] >= 0
    scores = (likeness * controls[..., None, : likeness.shape[-1]]).sum(-1)
    shares = scores.masked_fill(~there, -1e30).softmax(-1) * there
    trust = (summary * controls[..., likeness.shape[-1] : -1]).sum(-1) + controls[..., -1]
    return trust.sigmoid() * there.any(-1), shares


def mixed(batch, logits, controls):
    """Returns the log-probabilities of the mixture of network and pointer memory."""
    gate, shares = remembered(batch, controls)
    chances = (1 - gate[..., None]) * logits.softmax(-1)
    chances = chances.scatter_add(-1, batch["struck"].clamp(min=0), gate[..., None] * shares)
    return chances.clamp(min=1e-30).log()


def manner(outputs, references):
    """Returns the logits of the velocity and offset bins, steps x lanes x classes x bins: the sum of
    the bin's own logit and those of its distance from each existing reference."""
    outputs = outputs.unflatten(-1, (references.shape[2], -1))
    own, distances = outputs.split([VELOCITIES + OFFSETS, outputs.shape[-1] - VELOCITIES - OFFSETS], -1)
    distances = distances.unflatten(-1, (-1, 2, 2 * FAR + 1))
    parts = []
    for part, logits in enumerate(own.split([VELOCITIES, OFFSETS], -1)):
        bins = torch.arange(logits.shape[-1], device=logits.device)
        for which in range(references.shape[3]):
            of = references[..., which, part, None]
            added = distances[..., which, part, :].gather(-1, (bins - of + FAR).clamp(0, 2 * FAR))
            logits = logits + added * (of != NONE)
        parts.append(logits)
    return parts
