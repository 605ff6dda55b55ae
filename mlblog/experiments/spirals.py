"""Spirals continued from few irregular points: by a latent differential equation, without one, and step by step."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from mlblog.data.spirals import FARTHEST, FIRST, LAST, SEEN, STEP, Spirals, draw_spirals, spiral_paths
from mlblog.lab import Run, experiment
from mlblog.models.latent_ode import LatentODE, NextPoint, TimedDecoder, series_elbo
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

ARMS = ("latent ODE", "no ODE", "RNN")
RATES = (0.003, 0.01, 0.03)
GAPS = (1, 2, 3, 4, 6, 8)  # grid steps between two predictions of the RNN, chosen on validation spirals
NOISE, BATCH, LATENT = 0.1, 50, 4
HELD, ASKED, SHOWN = 200, 300, 2
VALIDATION, TEST = 9_998, 9_999
GRID, WHOLE = STEP * torch.arange(SEEN), STEP * torch.arange(2 * SEEN)


class Fitted(NamedTuple):
    """A trained network, the gap of its predictions if it is an RNN, its validation error and its curves."""

    net: nn.Module
    gap: int
    validation: float
    curves: Curves


@experiment(
    smoke={"steps": 2, "count": 60},
    small={"steps": 4_000},
    full={"steps": 100_000},
    seeds=3,
    variants=[{"seen": 50, "control": False}, {"seen": 100, "control": False}],
)
def spiral_futures(
    run: Run, *, steps: int, count: int = 1_000, seen: int = 30, control: bool = True, seed: int
) -> None:
    """Train on points of the first 100 of each spiral; say all of those 100, and the 100 after them.

    Args:
        run: of the lab.
        steps: training steps of each network, at each of the `RATES`; validation spirals choose.
        count: training spirals.
        seen: points of each.
        control: whether the model without an equation is trained, too.
        seed: of weights, order, noise and training spirals.
    """
    known, held, unseen = (drawn(*part, seen) for part in ((count, seed), (HELD, VALIDATION), (ASKED, TEST)))
    half = ASKED // 2
    shown = [*range(SHOWN), *range(half, half + SHOWN)]  # the first of each direction
    run.save(paths=small(unseen.paths[shown]), points=small(unseen.points[shown]), rows=unseen.rows[shown].numpy())
    for arm in run.progress([arm for arm in ARMS if control or arm != "no ODE"], "way"):
        tried = [fitted(arm, known, held, rate=rate, steps=steps, seed=seed) for rate in RATES]
        errors = np.array([one.validation for one in tried])
        found = tried[int(np.argmin(errors))]
        said = continued(found.net, unseen, found.gap)
        scored(run, arm, said, unseen)
        run.save(**{
            f"tried {arm}": errors, f"rate {arm}": RATES[int(np.argmin(errors))],
            f"validation {arm}": found.curves.values("validation"), f"gap {arm}": float(found.gap),
            f"said {arm}": small(said[shown]), f"weights {arm}": sum(w.numel() for w in found.net.parameters()),
        })  # fmt: skip
        if arm == "RNN":
            scored(run, "RNN, finest", continued(found.net, unseen, 1), unseen)
    scored(run, "last point", unseen.points[:, -1:].expand_as(unseen.paths), unseen)
    scored(run, "known family", from_family(unseen), unseen)


def drawn(count: int, seed: int, seen: int) -> Spirals:
    """Spirals of a part."""
    return draw_spirals(count, seen, NOISE, generator=torch.Generator().manual_seed(seed))


def fitted(arm: str, known: Spirals, held: Spirals, *, rate: float, steps: int, seed: int) -> Fitted:
    """Train one way to continue spirals, and see how it continues validation spirals on the way and at the end."""
    torch.manual_seed(seed)
    net: nn.Module = {"latent ODE": LatentODE, "no ODE": TimedDecoder, "RNN": NextPoint}[arm](features=2)
    curves = Curves()

    def loss(_: int) -> Tensor:
        rows = torch.randint(len(known.points), (BATCH,))
        x, at = known.points[rows], known.rows[rows]
        if isinstance(net, NextPoint):
            nats: Tensor = net(x[:, :-1], STEP * at.diff(dim=1)).log_density(x[:, 1:])
            return -nats.mean()
        assert isinstance(net, LatentODE | TimedDecoder)
        bound = series_elbo(net, x, at, GRID, torch.randn(BATCH, LATENT))
        return (bound.kl - bound.reconstruction).mean() / x.shape[1]

    def validated() -> list[float]:
        return [beyond(continued(net, held, gap), held) for gap in (GAPS if arm == "RNN" else (0,))]

    every = max(1, steps // 20)

    def noted(step: int) -> float:
        if step % every == 0 or step == steps - 1:
            curves.log(step=step, validation=min(validated()))
        return rate * warmup_cosine(step, steps=steps)

    train(curves, net, loss, torch.optim.Adam(net.parameters(), lr=rate), steps=steps, every=every,
          rate=noted, clip=1.0)  # fmt: skip
    errors = validated()
    return Fitted(net, GAPS[int(np.argmin(errors))] if arm == "RNN" else 0, min(errors), curves)


@torch.no_grad()
def continued(net: nn.Module, spirals: Spirals, gap: int) -> Tensor:
    """All 200 points of each spiral, (n, 200, 2), from those seen; what an RNN was not asked, the first 100, is NaN."""
    if isinstance(net, LatentODE | TimedDecoder):
        said: Tensor = net(net.encode(spirals.points, spirals.times).mean, WHOLE).mean
        return said.transpose(0, 1)
    assert isinstance(net, NextPoint)
    gaps = STEP * torch.cat((spirals.rows, torch.full_like(spirals.rows[:, :1], SEEN)), dim=1).diff(dim=1)
    count = math.ceil((SEEN - 1) / gap) + 1
    made = net.continued(spirals.points, gaps, gap=gap * STEP, count=count)  # at rows 100, 100 + gap, …
    place = torch.arange(SEEN) / gap
    left = place.long().clamp(max=count - 2)
    share = (place - left)[:, None]
    later = (1 - share) * made[:, left] + share * made[:, left + 1]
    return torch.cat((torch.full_like(later, math.nan), later), dim=1)


def from_family(spirals: Spirals) -> Tensor:
    """The spiral of the family that is nearest to what is seen, (n, 200, 2): what one could do who knew the family."""
    begin = torch.linspace(FIRST, LAST - 2 * SEEN * STEP, 500).repeat(2)
    family = spiral_paths(begin, torch.arange(1_000) >= 500)
    nearest = [
        (family[:, at] - points).square().sum((1, 2)).argmin()
        for points, at in zip(spirals.points, spirals.rows, strict=True)
    ]
    return family[torch.stack(nearest)]


def scored(run: Run, name: str, said: Tensor, spirals: Spirals) -> None:
    """Save root mean squared errors of a coordinate, against the paths without noise."""
    squared = (said - spirals.paths).square().mean(-1)  # (n, 200)
    apart = spirals.begin[:, None] + WHOLE > FARTHEST + 1e-6
    after = torch.arange(2 * SEEN) >= SEEN
    if not squared.isnan().any():
        run.save(**{f"seen {name}": root(squared[:, ~after])})
    run.save(**{
        f"rmse {name}": root(squared[:, after]),
        f"inside {name}": root(squared[~apart & after]),
        f"outside {name}": root(squared[apart & after]),
        f"along {name}": squared[:, after].mean(0).sqrt().double().numpy().round(4)[::4],
    })  # fmt: skip


def beyond(said: Tensor, spirals: Spirals) -> float:
    """The root mean squared error of a coordinate after all that is seen."""
    return root((said - spirals.paths)[:, SEEN:].square())


def root(squared: Tensor) -> float:
    """The root of a mean."""
    return float(squared.mean().sqrt())


def small(points: Tensor) -> np.ndarray:
    """For a picture."""
    return points.numpy().round(2).astype(np.float32)
