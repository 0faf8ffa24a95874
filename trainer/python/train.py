"""Trains a drummer on the output of `cargo trainer prepare`, on any number of processes:

    torchrun --nproc-per-node 2 trainer/python/train.py target/prepared model.safetensors

The number of processes must divide the lanes of a batch. The prepared folder holds the initial
network, the hyperparameters and the batches. The output is a model file for `cargo trainer evaluate`
and the plugin, with the averaged weights of the last update.
"""

import argparse
import json
import os
import pathlib

import torch
import torch.distributed as dist
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch.nn.parallel import DistributedDataParallel

from network import Drummer

# Entry of a model file's header that holds its metadata.
HEADER = "deep_pocket"
# Updates between two lines of progress.
SAY_EVERY = 20


def read_batch(path, row, width, mine, device):
    """Returns the lanes `mine` of a batch in the layout of network.py. The first `row` of the `width`
    inputs are for both networks."""
    file = load_file(path)
    steps, lanes = file["starts"].shape
    told = torch.zeros(steps * lanes, width)
    of = which(file["row_counts"])
    told[of, file["row_places"].long()] = file["row_values"].float()
    counts = file["slot_counts"].flatten().long()
    of = which(counts)
    slot = torch.arange(len(of)) - (counts.cumsum(0) - counts)[of]
    most = max(1, int(counts.max()))
    struck = torch.full((steps * lanes, most), -1)
    struck[of, slot] = file["struck"].long()
    likeness = torch.zeros(steps * lanes, most, file["likeness"].shape[-1])
    likeness[of, slot] = file["likeness"].float()
    whole = {name: values.unflatten(0, (steps, lanes)) for name, values in
             [("row", told[:, :row]), ("cells", told[:, row:]), ("struck", struck), ("likeness", likeness)]}
    whole["summary"] = file["summary"].float()
    whole["starts"] = file["starts"].bool()
    whole |= {name: file[name].long() for name in ("hits", "manner", "references")}
    return {name: values[:, mine].to(device) for name, values in whole.items()}


def which(counts):
    """Returns the row index of each element, given the number of elements in each row."""
    counts = counts.flatten().long()
    return torch.arange(len(counts)).repeat_interleave(counts)


def train(folder, out):
    rank, world = dist.get_rank(), dist.get_world_size()
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    how = json.loads((folder / "plan.json").read_text())
    if how["lanes"] % world:
        raise SystemExit(f"{how['lanes']} lanes cannot be divided among {world} processes")
    updates = len(how["rates"])
    batches = sorted((folder / "batches").glob("*.safetensors"))
    if len(batches) != updates:
        raise SystemExit(f"{folder} is incomplete: {len(batches)} of {updates} batches; prepare it again")
    share = how["lanes"] // world
    mine = slice(rank * share, (rank + 1) * share)
    torch.manual_seed(how["seed"] * world + rank)

    start = folder / "start.safetensors"
    tensors = load_file(start)
    row, width = (tensors[f"{stack}.weight_ih_l0"].shape[1] for stack in ("beat", "feel"))
    drummer = Drummer(tensors, how["dropout"]).to(device)
    carries = [drummer.beat.empty(share), drummer.feel.empty(share)]
    shared = DistributedDataParallel(drummer)
    optimiser = torch.optim.AdamW(drummer.parameters(), betas=how["betas"], weight_decay=how["decay"])
    average = {name: weight.detach().clone() for name, weight in drummer.named_parameters()}
    said = torch.zeros((), device=device)
    for update, (path, rate, keep) in enumerate(zip(batches, how["rates"], how["keeps"]), 1):
        batch = read_batch(path, row, width, mine, device)
        hits, manner, carries = shared(batch, carries)
        optimiser.zero_grad()
        (hits + manner).backward()
        norm = torch.nn.utils.clip_grad_norm_(drummer.parameters(), how["clip"])
        if not norm.isfinite():
            raise SystemExit(f"the gradient of update {update} is not finite: try a lower --rate")
        optimiser.param_groups[0]["lr"] = rate
        optimiser.step()
        with torch.no_grad():
            for name, weight in drummer.named_parameters():
                average[name].lerp_(weight, 1 - keep)
        said += hits.detach()
        if update % SAY_EVERY == 0 or update == updates:
            dist.all_reduce(said)
            if rank == 0:
                perplexity = (said / world / ((update - 1) % SAY_EVERY + 1)).exp().item()
                print(f"update {update:>5}  training {perplexity:>7.3f}", flush=True)
            said.zero_()
    if rank == 0:
        with safe_open(start, "pt") as file:
            header = json.loads(file.metadata()[HEADER])
        header["updates"] += updates
        halves = {name: weight.half().cpu().contiguous() for name, weight in average.items()}
        save_file(halves, out, {HEADER: json.dumps(header)})


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=pathlib.Path, help="output folder of `cargo trainer prepare`")
    arguments.add_argument("out", type=pathlib.Path, help="model file to write")
    options = arguments.parse_args()
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        train(options.folder, options.out)
    finally:
        dist.destroy_process_group()


main()
