"""Digits of 8 x 8 pixels made of 4 x 4: by logits of two networks added, by one of them, and by regression."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.digits import DIGEST, LEVELS, load_digits
from mlblog.experiments.pixels_trained import RATES, Parts, fitted
from mlblog.lab import Run, experiment
from mlblog.models.pixel_recursive import Enlarger, PixelRecursiveSR
from mlblog.models.upscaler import coarsened
from mlblog.training.curves import Curves

FACTOR = 2
SMOKE = {"width": 6, "layers": 1, "batch": 4}
FULL = {"width": 96, "layers": 8, "batch": 64}


class Way(NamedTuple):
    """How a picture is made larger.

    Attributes:
        helped: weight of a second loss, on the logits of the network that sees the small picture alone.
        alone: whether there is this network only, so that pixels are independent, given the small picture.
        regression: whether it answers with one number a pixel, by squared error.
    """

    helped: float = 0.0
    alone: bool = False
    regression: bool = False


WAYS = {
    "added": Way(),
    "helped": Way(helped=1.0),
    "alone": Way(alone=True),
    "regression": Way(alone=True, regression=True),
}


def coarse_of(images: Tensor) -> Tensor:
    """The means over squares, 0 to 1."""
    return coarsened(images / (LEVELS - 1), FACTOR)


def enlarging(way: Way, width: int, layers: int, dropout: float, seed: int) -> nn.Module:
    """A network for one way."""
    torch.manual_seed(seed)
    if way.alone:
        return Enlarger(1 if way.regression else LEVELS, factor=FACTOR, width=width, layers=layers)
    return PixelRecursiveSR(LEVELS, factor=FACTOR, width=width, layers=layers, dropout=dropout)


def error_of(net: nn.Module, images: Tensor) -> Tensor:
    """Squared errors (n, X, Y) of a regression, in squares of levels."""
    made: Tensor = (LEVELS - 1) * net(coarse_of(images))[:, 0]
    return (made - images).square()


def bits_of(net: nn.Module, images: Tensor) -> Tensor:
    """Bits of each pixel, (n, X, Y), given the small pictures."""
    said = net(coarse_of(images)) if isinstance(net, Enlarger) else net(images, coarse_of(images))[0]
    return F.cross_entropy(said, images, reduction="none") / math.log(2)


def trained(net: nn.Module, way: Way, parts: Parts, *, rate: float, steps: int, batch: int, seed: int) -> Curves:
    """Train a network in one way; what is validated is bits a pixel, or the mean squared error."""

    def measure(images: Tensor) -> Tensor:
        return (error_of if way.regression else bits_of)(net, images)

    def helped(images: Tensor) -> Tensor:
        both, alone = net(images, coarse_of(images))
        first = F.cross_entropy(both, images, reduction="none")
        return first + way.helped * F.cross_entropy(alone, images, reduction="none")

    loss = helped if way.helped else measure
    return fitted(net, loss, parts, rate=rate, steps=steps, batch=batch, seed=seed, validate=measure)


def in_parts(device: str) -> Parts:
    """Digits in the order of the source: 1,200, 200 and 397."""
    whole = torch.from_numpy(load_digits().images.astype(np.int64)).to(device)
    return Parts(whole[:1_200], whole[1_200:1_400], whole[1_400:])


@experiment(smoke={"steps": 1, **SMOKE}, small={"steps": 160}, full={"steps": 3_000, **FULL}, seeds=1)
def enlarged_rates(
    run: Run, *, steps: int, width: int = 24, layers: int = 3, batch: int = 16, dropout: float = 0.1, seed: int
) -> None:
    """Train each way shortly at each of the `RATES`, and keep the validation losses: the grid of its peak rate.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        width: D.
        layers: of each network.
        batch: digits in a step.
        dropout: rate in each layer that sees pixels said before.
        seed: of weights, order and dropout.
    """
    run.uses("digits.csv.gz", DIGEST)
    run.save(rates=np.array(RATES))
    parts = in_parts(run.device)
    for name, way in run.progress(list(WAYS.items()), "tune"):
        found = []
        for rate in RATES:
            net = enlarging(way, width, layers, dropout, seed).to(run.device)
            curves = trained(net, way, parts, rate=rate, steps=steps, batch=batch, seed=seed + 1_000)
            found.append(curves.values("validation").min())
        run.save(**{f"validation {name}": np.array(found), f"rate {name}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 3, "asked": 3, "count": 2, **SMOKE},
    small={"steps": 480},
    full={"steps": 20_000, "asked": 397, "count": 64, **FULL},
    seeds=3,
    reads=["enlarged_rates"],
)
def pixel_enlarged(
    run: Run,
    *,
    steps: int,
    asked: int = 60,
    count: int = 16,
    width: int = 24,
    layers: int = 3,
    batch: int = 16,
    dropout: float = 0.1,
    seed: int,
) -> None:
    """Train each way on digits and their means over squares of 2 x 2, and draw several for each of some test digits.

    Args:
        run: of the lab.
        steps: training steps.
        asked: test digits to draw for, spread over all of them.
        count: draws for each.
        width: D.
        layers: of each network.
        batch: digits in a step.
        dropout: rate in each layer that sees pixels said before.
        seed: of weights, order, dropout and draws.
    """
    run.uses("digits.csv.gz", DIGEST)
    rates = enlarged_rates.runs(scale=run.scale)
    parts = in_parts(run.device)
    true = parts.test[torch.linspace(0, len(parts.test) - 1, asked, device=run.device).long()]
    coarse = coarse_of(true)
    run.save(true=true[:5].double().cpu().numpy(), **{"grey true": grey(true)})
    for name, way in run.progress(list(WAYS.items()), "train"):
        net = enlarging(way, width, layers, dropout, seed).to(run.device)
        rate = rates.mean(f"rate {name}")
        curves = trained(net, way, parts, rate=rate, steps=steps, batch=batch, seed=seed)
        run.save(**{f"validation {name}": curves.values("validation")})
        with torch.inference_mode():
            if way.regression:
                made = (LEVELS - 1) * net(coarse)[:, 0]
                run.save(**{"error regression": apart(made, true), "grey regression": grey(made)})
                run.save(**{"made regression": made[:5].double().cpu().numpy()})
                continue
            run.save(**{f"bits {name}": bits_of(net, parts.test).mean().item()})
            many = coarse.repeat_interleave(count, 0)
            generator = torch.Generator().manual_seed(seed)
            if isinstance(net, PixelRecursiveSR):
                flat = net.draw_larger(many, generator)
            else:
                shares = net(many).softmax(1).permute(0, 2, 3, 1)
                flat = torch.multinomial(shares.flatten(0, 2).cpu(), 1, generator=generator).view(shares.shape[:3])
                flat = flat.to(run.device)
        draws = flat.unflatten(0, (asked, count)).double()  # type: ignore[no-untyped-call]  # torch gives it no types
        mean = draws.mean(1)
        run.save(**{
            f"drawn {name}": draws[:5, :4].cpu().numpy(),
            f"mean {name}": mean[:5].cpu().numpy(),
            f"error draw {name}": apart(draws[:, 0], true),
            f"error mean {name}": apart(mean, true),
            f"apart {name}": apart(draws, draws.roll(1, 1)),
            f"coarse {name}": apart(coarsened(draws, FACTOR), (LEVELS - 1) * coarse[:, None]),
            f"grey draw {name}": grey(draws),
            f"grey mean {name}": grey(mean),
        })  # fmt: skip
        if name == "added":
            averaged = mean
    run.save(steps=curves.steps_of("validation"), **{"mean from regression": apart(averaged, made)})


def apart(images: Tensor, right: Tensor) -> float:
    """Root mean squared difference of a pixel, in levels."""
    return float((images.double() - right.double()).square().mean().sqrt())


def grey(images: Tensor) -> float:
    """The share of pixels that are neither nearly white nor nearly black."""
    return float(((images > 2) & (images < LEVELS - 3)).double().mean())
