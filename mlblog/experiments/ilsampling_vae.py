"""A discrete VAE on the digits, its encoder trained by each estimator of the gradient, each with tuned settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.digits import DIGEST, Digits, load_digits, split_digits
from mlblog.lab import Run, experiment
from mlblog.lab.records.runs import Runs
from mlblog.losses.discrete import (
    GumbelSoftmax,
    IntermediateLossSampler,
    Rebar,
    Reinforce,
    ReinforceLeaveOneOut,
    Relax,
    StraightThrough,
    StraightThroughGumbel,
    Tuned,
    all_draws,
    clamp_and_divide,
)
from mlblog.losses.discrete.categorical import Loss, draw, slope
from mlblog.losses.discrete.moments import Estimator
from mlblog.models.discrete_vae import DiscreteVAE

RATES = (3e-3, 6e-3)
MANY_RATES = tuple(3e-3 * 2 ** (i / 2) for i in range(-2, 4))  # of those with no knob: as many settings as the others
TEMPERATURES = (0.25, 0.5, 1.0)  # REBAR and RELAX go on from them: they learn theirs
POINTS = 12  # of a learning curve; its half and its third are points, too


class Parts(NamedTuple):
    """Binary images, each (n, 64)."""

    train: Tensor
    validation: Tensor
    test: Tensor


@dataclass(frozen=True)
class Entry:
    """An estimator with all settings that it may choose from, trained side by side.

    Attributes:
        evaluations: of the loss, for one estimate.
        make: from knobs (S,) to an estimator for logits (S, B, M, K), new for each use, as some learn.
        settings: S pairs of a knob and a learning rate; the knob is NaN where there is none.
    """

    evaluations: int
    make: Callable[[Tensor], Estimator]
    settings: tuple[tuple[float, float], ...]


@experiment(
    smoke={"steps": 12, "variables": 2, "categories": 3, "hidden": 5},
    small={"steps": 1_800},
    full={"steps": 12_000},
    seeds=4,
)
def ils_vae(
    run: Run,
    *,
    steps: int,
    variables: int = 3,
    categories: int = 8,
    hidden: int = 64,
    batch: int = 100,
    seed: int,
) -> None:
    """Train a discrete VAE by each estimator and score it on held-out digits, by the exact evidence bound.

    The decoder is trained on one draw, by the same code for all; only the encoder's gradient differs. The whole bound
    goes through the estimator. Each estimator has six settings, of its learning rate and its own knob if it has one;
    `tuned` chooses one by digits that are neither trained on nor tested. The exact gradient, a ceiling, has two.

    Args:
        run: of the lab.
        steps: of Adam; a multiple of `POINTS`.
        variables: M of the code.
        categories: K of each variable.
        hidden: units of encoder and decoder.
        batch: images a step.
        seed: of the weights, the batches and the draws.
    """
    run.uses("digits.csv.gz", DIGEST)
    parts = Parts(*(images.to(run.device) for images in binary_parts(load_digits())))
    every = entries(variables, categories)
    names = list(every)
    found = nn.ParameterDict(
        {name: torch.zeros(2, POINTS, len(entry.settings), dtype=torch.float64) for name, entry in every.items()}
    ).requires_grad_(False)
    checkpoint = run.checkpoint(found=found)
    for job in checkpoint.steps(len(names), "train"):
        entry = every[names[job]]
        torch.manual_seed(seed)  # the same weights for all
        net = DiscreteVAE(pixels=64, variables=variables, categories=categories, hidden=hidden)
        side_by_side(net, len(entry.settings)).to(run.device)
        found[names[job]][:] = fit(net, entry, parts, steps=steps, batch=batch)
    run.save(
        methods=names,
        evaluations=[every[name].evaluations for name in names],
        curve_steps=np.arange(1, POINTS + 1) * (steps // POINTS),
        no_code=no_code(parts),
    )
    for name, entry in every.items():
        knobs, rates = np.array(entry.settings).T
        validation, test = found[name].numpy()
        run.save(**{f"knobs {name}": np.nan_to_num(knobs), f"rates {name}": rates})
        run.save(**{f"validation {name}": validation, f"test {name}": test})


def tuned(runs: Runs, name: str, point: int = POINTS) -> tuple[np.ndarray, list[tuple[float, float]]]:
    """The test bound of an estimator in every seed, with the knob and rate that were best on validation there.

    Args:
        runs: of `ils_vae`.
        name: of the estimator.
        point: how far into training, in steps / `POINTS`.

    Returns:
        Nats an image, shape (seeds,), and the settings; a knob of 0 stands for none.
    """
    best = runs.values(f"validation {name}")[:, point - 1].argmin(-1)
    test = runs.values(f"test {name}")[:, point - 1]
    knobs, rates = runs.mean(f"knobs {name}"), runs.mean(f"rates {name}")
    return test[np.arange(len(runs)), best], [(float(knobs[i]), float(rates[i])) for i in best]


def binary_parts(digits: Digits) -> Parts:
    """Pixels darker than half, as 0 or 1: 1,200 digits to train on, 200 to choose by, the last 397 to test on."""
    train, test = (torch.from_numpy(part.images.reshape(-1, 64) > 7).float() for part in split_digits(digits))
    return Parts(train[:1_200], train[1_200:], test)


def fit(net: DiscreteVAE, entry: Entry, parts: Parts, *, steps: int, batch: int) -> Tensor:
    """Train S nets in place; return the negative bounds of validation and test at `POINTS` even steps, (2, POINTS, S).

    Adam's step is proportional to its learning rate, so one Adam of rate 1 serves all: each net goes its rate's part of
    the way.
    """
    knobs, rates = torch.tensor(entry.settings, device=parts.train.device).unbind(-1)
    estimator, weights = entry.make(knobs), list(net.parameters())
    optimizer = torch.optim.Adam(weights, lr=1.0)
    seen = []
    for step in range(1, steps + 1):
        images = parts.train[torch.randint(len(parts.train), (batch,))].expand(len(rates), batch, -1)
        logits = net.encode(images)
        optimizer.zero_grad()
        gradient = estimator(logits.detach(), net.sampled_bound(logits, images))
        torch.autograd.backward(
            [net.surprise(draw(logits), images).mean(-1).sum(), logits],  # the decoder's gradient, the encoder's
            [None, gradient / batch],
        )
        before = [weight.detach().clone() for weight in weights]
        optimizer.step()
        with torch.no_grad():
            for weight, start in zip(weights, before, strict=True):
                weight.copy_(start + rates.view(-1, 1, 1) * (weight - start))
        if step % (steps // POINTS) == 0:
            seen.append(torch.stack([negative_bound(net, images) for images in parts[1:]]))
    return torch.stack(seen, dim=1)


@torch.no_grad()
def negative_bound(net: DiscreteVAE, images: Tensor) -> Tensor:
    """The negative evidence bound of each of S nets, in nats an image, by summing over every code: (S,)."""
    of_nets = next(net.parameters()).shape[0]
    images = images.expand(of_nets, *images.shape)
    logits = net.encode(images)
    codes = all_draws(net.variables, net.categories).to(logits)
    pixels = net.decoder(codes.flatten(-2))  # (S, K^M, P)
    # log(1 + e^l) - x l for each pixel, added up
    surprise = F.softplus(pixels).sum(-1)[:, None] - images @ pixels.transpose(1, 2)  # (S, B, K^M)
    bound: Tensor = ((joint(logits) * surprise).sum(-1) + net.divergence(logits)).mean(-1)
    return bound


def joint(logits: Tensor) -> Tensor:
    """The probability of every code, in the order of `all_draws`: (..., M, K) to (..., K^M)."""
    first, *others = logits.softmax(-1).unbind(-2)
    for probabilities in others:
        first = (first[..., :, None] * probabilities[..., None, :]).flatten(-2)
    return first


def enumerated_gradient(logits: Tensor, loss: Loss) -> Tensor:
    """`exact_gradient`, quicker: its log-probabilities are of all variables and categories for each code."""
    codes = all_draws(*logits.shape[-2:]).to(logits)
    with torch.no_grad():
        losses = loss(codes.view(-1, *[1] * (logits.ndim - 2), *logits.shape[-2:])).movedim(0, -1)
    return slope(lambda leaf: (joint(leaf) * losses).sum(-1), logits)


def no_code(parts: Parts) -> float:
    """The nats an image of independent pixels, each with its frequency in the training digits, add one smoothed."""
    chance = (parts.train.sum(0) + 1) / (len(parts.train) + 2)
    return float(F.binary_cross_entropy(chance.expand_as(parts.test), parts.test, reduction="none").sum(1).mean())


class Stacked(nn.Module):
    """S linear maps, of the same weights at first: (..., S, B, inputs) to (..., S, B, outputs)."""

    def __init__(self, one: nn.Linear, copies: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(one.weight.detach().T.expand(copies, -1, -1).clone())
        self.bias = nn.Parameter(one.bias.detach().expand(copies, 1, -1).clone())

    def forward(self, x: Tensor) -> Tensor:
        """Map each set of examples by the map of its place."""
        mapped: Tensor = x @ self.weight + self.bias
        return mapped


def side_by_side(net: DiscreteVAE, copies: int) -> DiscreteVAE:
    """Turn a net into S nets of the same weights, for images (S, B, P), in place."""
    for layers in (net.encoder, net.decoder):
        for place, layer in enumerate(layers):
            if isinstance(layer, nn.Linear):
                layers[place] = Stacked(layer, copies)
    return net


def entries(variables: int, categories: int) -> dict[str, Entry]:
    """What is compared."""

    def column(knobs: Tensor) -> Tensor:
        return knobs.view(-1, 1, 1, 1)

    def alone(estimator: Estimator) -> Callable[[Tensor], Estimator]:
        return lambda _: estimator

    def controlled(estimator: Rebar | Relax, knobs: Tensor) -> Estimator:
        """Give each setting a temperature and a scale of its own."""
        estimator.log_temperature = nn.Parameter(column(knobs).log())
        estimator.scale = nn.Parameter(torch.ones(len(knobs), 1))
        return Tuned(estimator.to(knobs.device), rate=1e-3)

    def correction(copies: int) -> nn.Module:
        """(S, B, M, K) to (S, B)."""
        first, second = nn.Linear(variables * categories, 16), nn.Linear(16, 1)
        return nn.Sequential(nn.Flatten(-2), Stacked(first, copies), nn.Tanh(), Stacked(second, copies), nn.Flatten(-2))

    def grid(knobs: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
        return tuple(product(knobs, RATES))

    few, many = (tuple((float("nan"), rate) for rate in rates) for rates in (RATES, MANY_RATES))
    small, large = (0.001, 0.01, 0.1), (0.01, 0.1, 1.0)
    return {
        "exact": Entry(categories**variables, alone(enumerated_gradient), few),
        "REINFORCE": Entry(1, alone(Reinforce()), many),
        "REINFORCE, 2 draws": Entry(2, alone(ReinforceLeaveOneOut(2)), many),
        "REINFORCE, 3 draws": Entry(3, alone(ReinforceLeaveOneOut(3)), many),
        "REBAR": Entry(3, lambda knobs: controlled(Rebar(), knobs), grid(TEMPERATURES)),
        "RELAX": Entry(3, lambda knobs: controlled(Relax(correction(len(knobs))), knobs), grid(TEMPERATURES)),
        "straight-through": Entry(1, alone(StraightThrough()), many),
        "ST-Gumbel": Entry(1, lambda knobs: StraightThroughGumbel(column(knobs)), grid(TEMPERATURES)),
        "Gumbel": Entry(1, lambda knobs: GumbelSoftmax(column(knobs)), grid(TEMPERATURES)),
        "ILS": Entry(1, lambda knobs: IntermediateLossSampler(column(knobs)), grid(large)),
        "ILS clamped": Entry(1, lambda knobs: IntermediateLossSampler(column(knobs), clamp_and_divide), grid(large)),
        "ILS centered": Entry(1, lambda knobs: IntermediateLossSampler(column(knobs), centered=True), grid(small)),
    }
