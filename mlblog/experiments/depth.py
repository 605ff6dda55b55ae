"""Depth: what of it is kept for the backward pass, what gradients that are computed again are worth, what trains."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.digits import DIGEST, Digits, load_digits, split_digits
from mlblog.lab import Run, experiment
from mlblog.models.residual import Branch, ResidualMLP
from mlblog.models.reversible import ReversibleBlock, ReversibleSequential
from mlblog.numerics.recompute import checkpoint_sequential
from mlblog.numerics.saved import SavedTensors
from mlblog.training.schedule import warmup_cosine

WAYS = ("autograd", "a checkpoint a layer", "√L checkpoints", "reversible")
KINDS = ("plain", "x + f", "x + f/√L", "reversible")
_SKIPS: dict[str, Literal["plain", "sum", "scaled"]] = {"plain": "plain", "x + f": "sum", "x + f/√L": "scaled"}
RATES = (3e-4, 1e-3, 3e-3, 1e-2)
VALIDATION, POINTS = 200, 10  # digits of the training part that choose the rate; points of a learning curve
WORST = 99.0  # nats: what a loss that is higher or not a number is written as


@experiment(
    smoke={"depths": [2, 3], "width": 8, "batch": 4, "nets": 2},
    small={"depths": [2, 4, 8, 16, 32, 64, 128]},
    full={"depths": [2, 4, 8, 16, 32, 64, 128, 256], "width": 1_024, "batch": 1_024, "nets": 3},
    seeds=1,
)
def depth_memory(run: Run, *, depths: list[int], width: int = 64, batch: int = 128, nets: int = 10, seed: int) -> None:
    """Take one gradient of random networks of each depth, in several ways: bytes kept, calls of f, seconds, error.

    Errors are relative to the gradient by autograd of the same network: ‖g - g'‖ / ‖g'‖ over all its weights.

    Args:
        run: of the lab.
        depths: numbers of layers; a reversible one has f and g, each of half the width.
        width: of the network and of the hidden units of a branch.
        batch: inputs, normal.
        nets: random networks of each depth.
        seed: of weights and inputs.
    """
    kept, calls, seconds = np.zeros((3, len(WAYS), len(depths)))
    same = np.zeros((2, len(depths)))  # whether checkpoints change no bit of the gradient, of both ways
    errors = np.zeros((2, 2, len(depths), nets))  # float32, float64; x + f, x + f/√L
    for at, depth in run.progress([*enumerate(depths)], "depth"):
        for one in range(nets):
            torch.manual_seed(1_000 * seed + one)
            x = torch.randn(batch, width, device=run.device)
            net = ResidualMLP(width, width, depth).to(run.device)
            reversible = _reversible(width, depth, "x + f/√L").to(run.device)
            found = [_gradient(net, way, x) for way in WAYS[:3]] + [_gradient(reversible, "autograd", x)]
            for way, (_, *numbers) in enumerate(found):
                kept[way, at], calls[way, at] = numbers[:2]
                seconds[way, at] += numbers[2] / nets
            same[:, at] += [_error(found[way][0], found[0][0]) == 0 for way in (1, 2)]
            for i, dtype in enumerate((torch.float32, torch.float64)):
                for j, kind in enumerate(("x + f", "x + f/√L")):
                    torch.manual_seed(1_000 * seed + one)
                    deep = _reversible(width, depth, kind).to(run.device, dtype)
                    ours = _gradient(deep, "autograd", x.to(dtype))[0]
                    errors[i, j, at, one] = _error(ours, _gradient(deep.blocks, "autograd", x.to(dtype))[0])
    run.save(depths=np.array(depths, dtype=np.float64), kept=kept, calls=calls, same=same / nets, errors=errors)
    run.measure(seconds=seconds)


@experiment(
    smoke={"steps": 4, "depths": [2, 3], "width": 8, "batch": 16},
    small={"steps": 250, "depths": [4, 16, 64]},
    full={"steps": 6_000, "depths": [4, 16, 64, 128], "width": 256, "batch": 256},
    seeds=3,
)
def depth_training(run: Run, *, steps: int, depths: list[int], width: int = 64, batch: int = 64, seed: int) -> None:
    """Train each kind of network on digits, at each depth and each of the `RATES`; the record holds the whole grid.

    Args:
        run: of the lab.
        steps: training steps of each network; the rate warms up and falls to zero.
        depths: numbers of layers.
        width: of the networks and of the hidden units of a branch; all kinds have equally many weights.
        batch: digits in a step.
        seed: of the initial weights and the order of the digits.
    """
    run.uses("digits.csv.gz", DIGEST)
    known, unseen = split_digits(load_digits())
    x, y = _tensors(known, run.device)
    learned, chosen, asked = (
        (x[:-VALIDATION], y[:-VALIDATION]),
        (x[-VALIDATION:], y[-VALIDATION:]),
        _tensors(unseen, run.device),
    )
    grid = (len(KINDS), len(depths), len(RATES))
    validation, right, drift = np.full((*grid, POINTS), WORST), np.zeros(grid), np.zeros((len(depths), len(RATES)))
    sizes = np.zeros((len(KINDS), len(depths)))
    for kind, at, rate in run.progress([*np.ndindex(grid)], "network"):
        torch.manual_seed(seed)
        net = network(KINDS[kind], width, depths[at]).to(run.device)
        sizes[kind, at] = sum(parameter.numel() for parameter in net.parameters())
        optimizer = torch.optim.Adam(net.parameters(), lr=RATES[rate], fused=True)
        order = np.random.default_rng(seed)
        for step in range(steps):
            rows = torch.from_numpy(order.integers(len(learned[1]), size=batch)).to(run.device)
            loss = F.cross_entropy(net(learned[0][rows]), learned[1][rows])
            optimizer.param_groups[0]["lr"] = RATES[rate] * warmup_cosine(step, steps=steps)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            optimizer.step()
            for point in range(POINTS):
                if step == (point + 1) * steps // POINTS - 1:
                    validation[kind, at, rate, point] = _nats(net, chosen)
        with torch.inference_mode():
            right[kind, at, rate] = float((net(asked[0]).argmax(-1) == asked[1]).double().mean())
        if KINDS[kind] == "reversible":
            drift[at, rate] = _drift(net, learned[0][:batch], learned[1][:batch])
    run.save(depths=np.array(depths, dtype=np.float64), rates=np.array(RATES), validation=validation, right=right,
             drift=drift, parameters=sizes)  # fmt: skip


def network(kind: str, width: int, depth: int) -> nn.Sequential:
    """Sixty-four pixels in, ten logits out, and layers of one of the `KINDS` between."""
    if kind == "reversible":
        deep: nn.Module = _reversible(width, depth, "x + f/√L")
    else:
        deep = ResidualMLP(width, width, depth, kind=_SKIPS[kind])
    return nn.Sequential(nn.Linear(64, width), deep, nn.Linear(width, 10))


def _reversible(width: int, depth: int, kind: str) -> ReversibleSequential:
    """F and G have half the width and as many hidden units each: together the weights of one residual layer."""
    scale = depth**-0.5 if kind == "x + f/√L" else 1.0
    parts = [Branch(width // 2, width, scale=scale) for _ in range(2 * depth)]
    return ReversibleSequential(ReversibleBlock(f, g) for f, g in zip(parts[::2], parts[1::2], strict=True))


def _gradient(net: nn.Module, way: str, x: Tensor) -> tuple[list[Tensor], int, float, float]:
    """Gradients of log mean y², the most bytes kept at a time, calls of f in units of the width, and seconds."""
    parts = [part for part in net.modules() if isinstance(part, Branch)]
    called = [0.0]

    def count(part: nn.Module, given: tuple[Tensor, ...]) -> None:
        called[0] += given[0].shape[-1] / x.shape[-1]

    handles = [part.register_forward_pre_hook(count) for part in parts]
    weights = [*net.parameters()]
    with SavedTensors(weights) as saved:
        y = _forward(net, way)(x)
        gradients = torch.autograd.grad(y.square().mean().log(), weights)
    for handle in handles:
        handle.remove()
    began = time.perf_counter()
    torch.autograd.grad(_forward(net, way)(x).square().mean().log(), weights)
    return [*gradients], saved.peak, called[0], time.perf_counter() - began


def _forward(net: nn.Module, way: str) -> Callable[[Tensor], Tensor]:
    if way == "autograd":
        return net
    layers = [*net.children()]
    segments = len(layers) if way == "a checkpoint a layer" else round(len(layers) ** 0.5)
    return lambda x: checkpoint_sequential(layers, x, segments=segments)


def _error(found: Iterable[Tensor], right: Iterable[Tensor]) -> float:
    """‖found - right‖ / ‖right‖ in float64, 1e99 where it is no number."""
    a, b = (torch.cat([part.double().flatten() for part in parts]) for parts in (found, right))
    error = float((a - b).norm() / b.norm())
    return min(error, 1e99) if error == error else 1e99


def _drift(net: nn.Sequential, x: Tensor, y: Tensor) -> float:
    """The error of a trained reversible network's gradient."""
    into, deep, out = net
    assert isinstance(deep, ReversibleSequential)
    weights = [*net.parameters()]
    ours, theirs = (
        torch.autograd.grad(F.cross_entropy(out(between(into(x))), y), weights) for between in (deep, deep.blocks)
    )
    return _error(ours, theirs)


def _nats(net: nn.Module, part: tuple[Tensor, Tensor]) -> float:
    with torch.inference_mode():
        found = float(F.cross_entropy(net(part[0]), part[1]))
    return min(found, WORST) if found == found else WORST


def _tensors(digits: Digits, device: str) -> tuple[Tensor, Tensor]:
    pixels = torch.from_numpy(digits.images.reshape(-1, 64) / 16).float()
    return pixels.to(device), torch.from_numpy(digits.labels.astype(np.int64)).to(device)
