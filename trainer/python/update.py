"""Runs one update of the hit network in PyTorch per input line. `cargo bench -p trainer --bench
update` starts this script.

The argument is a file with weights and a batch. Every output line holds the seconds of a forward
and a backward pass, the loss, and the norm of the gradient.
"""

import sys
import time

import torch
from safetensors.torch import load_file


def main():
    path, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    file = load_file(path)
    x, struck = file["x"], file["struck"].long()
    layers = sum(name.startswith("weight_ih") for name in file)
    lstm = torch.nn.LSTM(x.shape[-1], file["weight_hh_l0"].shape[1], layers)
    out = torch.nn.Linear(lstm.hidden_size, len(file["out.weight"]))
    lstm.load_state_dict({name: file[name] for name, _ in lstm.named_parameters()})
    out.load_state_dict({name: file[f"out.{name}"] for name, _ in out.named_parameters()})
    weights = [*lstm.parameters(), *out.parameters()]
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
    for _ in sys.stdin:
        for weight in weights:
            weight.grad = None
        start = time.perf_counter()
        hidden, _ = lstm(x)
        loss = torch.nn.functional.cross_entropy(out(hidden).flatten(0, 1), struck.flatten())
        loss.backward()
        seconds = time.perf_counter() - start
        norm = sum(weight.grad.double().square().sum() for weight in weights).sqrt()
        print(seconds, loss.item(), norm.item(), flush=True)


main()
