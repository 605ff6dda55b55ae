"""A discrete VAE on the digits, its encoder trained by each estimator of the gradient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from mlblog.data.digits import DIGEST, Digits, load_digits, split_digits
from mlblog.lab import Run, experiment
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
    draw,
    exact_gradient,
    log_probability,
)
from mlblog.losses.discrete.moments import Estimator
from mlblog.models.discrete_vae import DiscreteVAE

RATES = (2e-3, 8e-3)
POINTS = 16  # of a learning curve


class Parts(NamedTuple):
    """Binary images, each (n, 64)."""

    train: Tensor
    validation: Tensor
    test: Tensor


@experiment(
    smoke={"steps": 3, "variables": 2, "categories": 3, "hidden": 5},
    small={"steps": 1_200},
    full={"steps": 10_000},
    seeds=3,
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
    goes through the estimator. Each estimator chooses its learning rate of two on digits that are neither trained on
    nor tested.

    Args:
        run: of the lab.
        steps: of Adam.
        variables: M of the code.
        categories: K of each variable.
        hidden: units of encoder and decoder.
        batch: images a step.
        seed: of the weights, the batches and the draws.
    """
    run.uses("digits.csv.gz", DIGEST)
    parts = Parts(*(images.to(run.device) for images in binary_parts(load_digits())))
    names = list(_estimators(variables, categories))
    jobs = [(row, column) for row in range(len(names)) for column in range(len(RATES))]
    found = nn.ParameterDict(
        {
            "scores": torch.zeros(len(names), len(RATES), 2, dtype=torch.float64),  # validation and test
            "curves": torch.zeros(len(names), len(RATES), POINTS, dtype=torch.float64),
        }
    ).requires_grad_(False)
    checkpoint = run.checkpoint(found=found)
    for job in checkpoint.steps(len(jobs), "train"):
        row, column = jobs[job]
        torch.manual_seed(seed)  # the same weights for all
        net = DiscreteVAE(pixels=64, variables=variables, categories=categories, hidden=hidden).to(run.device)
        estimator = _estimators(variables, categories)[names[row]]
        seen = fit(net, estimator, parts, steps=steps, batch=batch, rate=RATES[column])
        found["curves"][row, column] = torch.tensor(seen)
        found["scores"][row, column] = torch.tensor([negative_bound(net, images) for images in parts[1:]])
    scores, curves = found["scores"].numpy(), found["curves"].numpy()
    best = scores[:, :, 0].argmin(1)
    rows = np.arange(len(names))
    run.save(
        methods=names,
        test=scores[rows, best, 1],
        validation=scores[rows, best, 0],
        rates=np.array(RATES)[best],
        curves=curves[rows, best],
        curve_steps=np.linspace(0, steps, POINTS),
        scores=scores,
        no_code=no_code(parts),
    )


def binary_parts(digits: Digits) -> Parts:
    """Pixels darker than half, as 0 or 1: 1,200 digits to train on, 200 to choose by, the last 397 to test on."""
    train, test = (torch.from_numpy(part.images.reshape(-1, 64) > 7).float() for part in split_digits(digits))
    return Parts(train[:1_200], train[1_200:], test)


def fit(
    net: DiscreteVAE,
    estimator: Estimator,
    parts: Parts,
    *,
    steps: int,
    batch: int,
    rate: float,
) -> np.ndarray:
    """Train `net` in place; return the negative bound of the validation digits at `POINTS` even steps."""
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    seen = []
    asked = set(np.linspace(0, steps, POINTS).astype(int).tolist())
    for step in range(steps + 1):
        if step in asked:
            seen.append(negative_bound(net, parts.validation))
        images = parts.train[torch.randint(len(parts.train), (batch,))]
        logits = net.encode(images)
        optimizer.zero_grad()
        gradient = estimator(logits.detach(), net.sampled_bound(logits, images))
        torch.autograd.backward(
            [net.surprise(draw(logits), images).mean(), logits],  # the decoder's gradient, the encoder's
            [None, gradient / batch],
        )
        optimizer.step()
    return np.interp(np.linspace(0, steps, POINTS), sorted(asked), seen)


@torch.no_grad()
def negative_bound(net: DiscreteVAE, images: Tensor) -> float:
    """The negative evidence bound, in nats an image, by summing over every code: nothing is sampled."""
    logits = net.encode(images)
    codes = all_draws(net.variables, net.categories).to(logits)[:, None]  # (K^M, 1, M, K)
    surprise = (log_probability(logits, codes).exp() * net.surprise(codes, images)).sum(0)
    return float((surprise + net.divergence(logits)).mean())


def no_code(parts: Parts) -> float:
    """The nats an image of independent pixels, each with its frequency in the training digits, add one smoothed."""
    chance = (parts.train.sum(0) + 1) / (len(parts.train) + 2)
    return float(
        nn.functional.binary_cross_entropy(chance.expand_as(parts.test), parts.test, reduction="none").sum(1).mean()
    )


def _estimators(variables: int, categories: int) -> dict[str, Estimator]:
    """What is compared, new for each use, as some learn."""
    correction = nn.Sequential(
        nn.Flatten(-2), nn.Linear(variables * categories, 16), nn.Tanh(), nn.Linear(16, 1), nn.Flatten(-2)
    )  # (..., M, K) to (...)
    return {
        "exact": exact_gradient,
        "REINFORCE": Reinforce(),
        "REINFORCE, 2 draws": ReinforceLeaveOneOut(2),
        "REBAR": Tuned(Rebar(), rate=1e-3),
        "RELAX": Tuned(Relax(correction), rate=1e-3),
        "straight-through": StraightThrough(),
        "ST-Gumbel 1": StraightThroughGumbel(1.0),
        "Gumbel 1": GumbelSoftmax(1.0),
        "ILS 0.1": IntermediateLossSampler(0.1),
        "ILS clamped 0.1": IntermediateLossSampler(0.1, clamp_and_divide),
        "ILS centered 0.001": IntermediateLossSampler(0.001, centered=True),
    }
