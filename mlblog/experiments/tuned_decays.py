"""Weight decays tuned on validation digits: one or many, by search or by gradient, at equal cost."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.data.digits import DIGEST, load_digits, split_digits
from mlblog.experiments.inner_problems import decayed, with_constant
from mlblog.lab import Run, experiment
from mlblog.numerics.implicit_hypergradient import implicit_hypergradient
from mlblog.numerics.inverse_product import conjugate_gradients

SEARCHED = ("one, grid", "per pixel, random")
CLIMBED = ("one, gradient", "per pixel, gradient", "per weight, gradient")
REFITTED = "one, refitted"  # the decay of the grid, with weights trained on validation digits, too
ARMS = (*SEARCHED, *CLIMBED, REFITTED)
RATES = (0.05, 0.15, 0.5)  # of Adam, on logarithms of decays
TRIED, FINAL, PRODUCTS = 50, 1_000, 10  # steps for a setting that is searched, and at the end; products for a gradient
LOW, HIGH = float(np.log(1e-4)), float(np.log(1.0))  # logarithms of decays


class Parts(NamedTuple):
    """Inputs (n, D) and labels (n,) of each part."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]


class Tried(NamedTuple):
    """Log decays and the validation loss, in nats, of weights trained with them."""

    hyper: Tensor
    loss: float


@experiment(
    smoke={"budget": 360, "known": 30},
    small={"budget": 6_000},
    full={"budget": 60_000, "known": 1_000},
    seeds=10,
    variants=[{"noise": 64}, {"inner": 1}, {"inner": 100}],
)
def tuned_decays(run: Run, *, budget: int, known: int = 200, noise: int = 0, inner: int = 20, seed: int) -> None:
    """Tune decays of softmax regression on 200 validation digits, train to convergence with them, and test.

    Costs are counted in gradients of a loss; a product with the Hessian counts as two. Each way by gradient divides its
    budget among the `RATES`.

    Args:
        run: of the lab.
        budget: gradients that each way may take.
        known: training digits.
        noise: inputs that mean nothing, beside the pixels.
        inner: training steps for each step of the decays by gradient.
        seed: of the training digits, the noise and the random search.
    """
    run.uses("digits.csv.gz", DIGEST)
    torch.manual_seed(seed)
    parts = _parts(known, noise)
    random = np.random.default_rng(seed)
    inputs = parts.train[0].shape[1]
    found = {
        "one, grid": _searched(parts, list(torch.linspace(HIGH, LOW, budget // (TRIED + 1))[:, None].double())),
        "per pixel, random": _searched(parts, [
            torch.from_numpy(random.uniform(LOW, HIGH) + random.normal(size=inputs))
            for _ in range(budget // (TRIED + 1))
        ]),
    }  # fmt: skip
    for arm, size in run.progress([*zip(CLIMBED, (1, inputs, 10 * inputs), strict=True)], "way"):
        tried = [_climbed(parts, size, rate, budget // len(RATES), inner) for rate in RATES]
        found[arm] = min(tried, key=lambda one: one.loss)
        run.save(**{f"validation by rate {arm}": np.array([one.loss for one in tried])})
    found[REFITTED] = found["one, grid"]
    for arm, chosen in found.items():
        both = tuple(torch.cat(pair) for pair in zip(parts.train, parts.validation, strict=True))
        known_part = both if arm == REFITTED else parts.train
        weights = _trained(known_part, chosen.hyper, torch.zeros(10 * inputs).double(), FINAL)  # type: ignore[arg-type]
        run.save(**{
            f"validation {arm}": _nats(parts.validation, weights),
            f"train {arm}": _nats(parts.train, weights),
            f"test {arm}": _nats(parts.test, weights),
            f"errors {arm}": float((_logits(parts.test[0], weights).argmax(1) != parts.test[1]).double().mean()),
        })  # fmt: skip
    run.save(**{f"decays {arm}": found[arm].hyper.numpy().round(3) for arm in ("one, grid", "per pixel, gradient")})


def _searched(parts: Parts, settings: list[Tensor]) -> Tried:
    """The best of some settings; each training begins where the last one ended."""
    best, weights = Tried(settings[0], float("inf")), torch.zeros(10 * parts.train[0].shape[1]).double()
    for hyper in settings:
        weights = _trained(parts.train, hyper, weights, TRIED)
        best = min(best, Tried(hyper, _nats(parts.validation, weights)), key=lambda one: one.loss)
    return best


def _climbed(parts: Parts, size: int, rate: float, budget: int, inner: int) -> Tried:
    """The best on the way of Adam; a step costs its training, one loss, 3 gradients and the products."""
    hyper = torch.full((size,), (LOW + HIGH) / 2, dtype=torch.float64, requires_grad=True)
    weights = torch.zeros(10 * parts.train[0].shape[1]).double()
    optimizer = torch.optim.Adam([hyper], lr=rate)
    best = Tried(hyper.detach().clone(), float("inf"))

    def trained(w: Tensor, h: Tensor) -> Tensor:
        return F.cross_entropy(_logits(parts.train[0], w), parts.train[1]) + decayed(w, _each(h, len(w)))

    def judged(w: Tensor, h: Tensor) -> Tensor:
        return F.cross_entropy(_logits(parts.validation[0], w), parts.validation[1])

    for _ in range(budget // (inner + 4 + 2 * PRODUCTS)):
        weights = _trained(parts.train, hyper.detach(), weights, inner)
        best = min(best, Tried(hyper.detach().clone(), _nats(parts.validation, weights)), key=lambda one: one.loss)
        solve = partial(conjugate_gradients, products=PRODUCTS)
        hyper.grad = implicit_hypergradient(trained, judged, weights, hyper, solve)
        optimizer.step()
    return best


def _trained(part: tuple[Tensor, Tensor], hyper: Tensor, weights: Tensor, steps: int) -> Tensor:
    """Weights after steps of Nesterov's accelerated descent, of length 1 over a bound of the curvature."""
    x, y = part
    decays = _each(hyper, len(weights)).exp()
    truth = F.one_hot(y, 10).double()
    most = float(torch.linalg.eigvalsh(x.T @ x / len(x))[-1]) / 2 + float(decays.max())
    ahead, momentum = weights, 1.0
    for _ in range(steps):
        slope = x.T @ (torch.softmax(_logits(x, ahead), dim=1) - truth) / len(x)
        new = ahead - (slope.flatten() + decays * ahead) / most
        more = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead = new + (momentum - 1) / more * (new - weights)
        weights, momentum = new, more
    return weights


def _parts(known: int, noise: int) -> Parts:
    """Training digits at random of the first 1,200, the next 200, and those that are held out."""
    train, test = split_digits(load_digits())
    x = torch.from_numpy(np.concatenate((train.images, test.images)) / 16.0).flatten(1)
    y = torch.from_numpy(np.concatenate((train.labels, test.labels)).astype(np.int64))
    x = with_constant(torch.cat((x, 0.3 * torch.randn(len(x), noise, dtype=torch.float64)), dim=1))
    rows = torch.randperm(1_200)[:known]
    return Parts((x[rows], y[rows]), (x[1_200:1_400], y[1_200:1_400]), (x[1_400:], y[1_400:]))


def _logits(x: Tensor, w: Tensor) -> Tensor:
    return x @ w.view(-1, 10)


def _each(hyper: Tensor, weights: int) -> Tensor:
    """One log decay for each weight, of one for all, for each input, or for each weight."""
    return hyper.repeat_interleave(weights // len(hyper))


def _nats(part: tuple[Tensor, Tensor], weights: Tensor) -> float:
    return float(F.cross_entropy(_logits(part[0], weights), part[1]))
