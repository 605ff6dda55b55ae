"""Digits of 8 x 8 pixels drawn for digits of 4 x 4: several for each, and their mean."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.data.digits import DIGEST, SIDE, load_digits
from mlblog.experiments.pictures import (
    FACTOR,
    FULL,
    KINDS,
    SMOKE,
    UPSCALED,
    Parts,
    coarse_of,
    grey,
    in_parts,
    nats,
    network,
    picture_rates,
    trained,
)
from mlblog.lab import Run, experiment
from mlblog.models.image_transformer import draw_images
from mlblog.models.upscaler import Upscaler, coarsened


@experiment(
    smoke={"steps": 3, "asked": 3, "drawn": 2, **SMOKE},
    small={"steps": 800},
    full={"steps": 20_000, "asked": 397, "drawn": 64, **FULL},
    seeds=3,
    reads=["picture_rates"],
)
def picture_upscaled(
    run: Run,
    *,
    steps: int,
    asked: int = 60,
    drawn: int = 16,
    width: int = 32,
    hidden: int = 64,
    layers: int = 2,
    batch: int = 32,
    dropout: float = 0.1,
    seed: int,
) -> None:
    """Train networks to say a digit given its means over squares of 2 x 2; draw several for each of some test digits.

    Beside them: the linear map of least squares, its weight decay chosen on validation digits.

    Args:
        run: of the lab.
        steps: training steps.
        asked: test digits to draw for, spread over all of them.
        drawn: how often, for each.
        width: D.
        hidden: width of the feed-forward layers.
        layers: of the network.
        batch: digits in a step.
        dropout: rate in each branch.
        seed: of weights, order, dropout and draws.
    """
    run.uses("digits.csv.gz", DIGEST)
    rates = picture_rates.runs(scale=run.scale)
    parts = in_parts(load_digits().images, run.device)
    test = parts.test
    rows = torch.linspace(0, len(test) - 1, asked, device=run.device).long()
    shown = test[rows]
    run.save(true=shown[:5].double().cpu().numpy(), grey=grey(shown), linear=error_of(_linear(parts)[rows], shown))
    for kind in run.progress(KINDS, "train"):
        net = network(kind, UPSCALED, width, hidden, layers, dropout, seed, given=True)
        rate = rates.mean(f"rate {kind} {UPSCALED} given")
        curves = trained(net, parts, rate=rate, steps=steps, batch=batch, seed=seed)
        assert isinstance(net, Upscaler)
        with torch.inference_mode():
            bits = nats(net(test, coarse_of(test)), test).mean(0) / math.log(2)
            read = net.read(coarse_of(shown)).repeat_interleave(drawn, 0)
        flat = draw_images(net.decoder, asked * drawn, torch.Generator().manual_seed(seed), read)
        draws = flat.view(asked, drawn, SIDE, SIDE).float()
        mean = draws.mean(1)
        others = draws.roll(1, 1)
        run.save(**{
            f"bits {kind}": bits.mean().item(),
            f"map {kind}": bits.double().cpu().numpy(),
            f"validation {kind}": curves.values("validation") / math.log(2),
            f"drawn {kind}": draws[:5, :6].double().cpu().numpy(),
            f"mean {kind}": mean[:5].double().cpu().numpy(),
            f"error mean {kind}": error_of(mean, shown),
            f"error draw {kind}": error_of(draws[:, 0], shown),
            f"apart {kind}": error_of(draws, others),
            f"coarse {kind}": error_of(coarsened(draws, FACTOR), coarsened(shown.float(), FACTOR)[:, None]),
            f"grey draw {kind}": grey(draws),
            f"grey mean {kind}": grey(mean),
        })  # fmt: skip


def _linear(parts: Parts) -> Tensor:
    """What least squares make of the coarse test digits, in levels."""
    known, validation, test = (part.float() for part in parts)
    x, y = F.pad(coarse_of(known).flatten(1), (0, 1), value=1.0), known.flatten(1)
    fitted = [torch.linalg.solve(x.T @ x + decay * torch.eye(x.shape[1], device=x.device), x.T @ y)
              for decay in (0.01, 0.1, 1.0, 10.0)]  # fmt: skip

    def say(weights: Tensor, images: Tensor) -> Tensor:
        return (F.pad(coarse_of(images).flatten(1), (0, 1), value=1.0) @ weights).view(images.shape)

    best = min(fitted, key=lambda weights: error_of(say(weights, validation), validation))
    return say(best, test)


def error_of(images: Tensor, right: Tensor) -> float:
    """Root mean squared difference of a pixel, in levels."""
    return float((images.double() - right.double()).square().mean().sqrt())
