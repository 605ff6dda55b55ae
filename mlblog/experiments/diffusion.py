"""Noise taken away step by step, where the right answer is known: mixtures of Gaussians in the plane."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from mlblog.data.ring import ring_centres
from mlblog.experiments.gan import MODES, RADIUS, SPREAD, covered, mode_shares
from mlblog.lab import Run, experiment
from mlblog.models.denoiser import Denoiser
from mlblog.models.diffusion import Denoise, cosine_schedule, noised, sampled, spaced
from mlblog.models.guidance import classifier_free_guidance
from mlblog.models.mixture_noise import MixtureNoise
from mlblog.numerics.discrepancy import mmd_squared
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

#: Of 1,000 levels all but the last forty: an error of noise is divided by √a, which is next to nothing there.
LEVELS = cosine_schedule(1_000)[:961]
STRENGTHS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
ETAS = {"same noise": 0.0, "fresh noise": 1.0}
RATES = (3e-3, 1e-2, 3e-2)
BANDWIDTH, SHOWN = 0.3, 256
VALIDATION = 9_998  # in place of a seed
#: Two classes of two Gaussians each, that overlap.
MEANS = torch.tensor([[-1.2, 0.4], [0.2, 1.0], [0.4, -0.9], [1.3, 0.2]], dtype=torch.float64)
SIZE = 0.45
EITHER = MixtureNoise(MEANS, SIZE)
FIRST = MixtureNoise(MEANS, SIZE, torch.tensor([0.5, 0.5, 0.0, 0.0], dtype=torch.float64))


@experiment(
    smoke={"drawn": 40, "steps": [2, 5]},
    small={"drawn": 2_000, "steps": [1, 2, 3, 5, 10, 20, 50, 100, 200]},
    full={"drawn": 100_000, "steps": [1, 2, 3, 5, 10, 20, 50, 100, 200, 960]},
    seeds=5,
)
def exact_noise(run: Run, *, drawn: int, steps: list[int], seed: int) -> None:
    """Sample mixtures with their exact noise: by steps, by strength of guidance.

    Args:
        run: of the lab.
        drawn: points of each sample.
        steps: that are taken, out of 960.
        seed: of the noise and the draws.
    """
    generator = torch.Generator().manual_seed(seed)
    ring = MixtureNoise(ring_centres(MODES, RADIUS).double(), SPREAD)
    right = ring.draw(drawn, generator)
    run.save(
        steps=np.array(steps, dtype=np.float64),
        strengths=np.array(STRENGTHS),
        floor=_apart(ring.draw(drawn, generator), right),
    )
    for name, eta in ETAS.items():
        found = []
        for count in run.progress(steps, name):
            start = torch.randn(drawn, 2, generator=generator, dtype=torch.float64)
            found.append(sampled(ring.noise, start, spaced(LEVELS, count), eta=eta, generator=generator)[-1])
        run.save(**{
            f"apart {name}": np.array([_apart(points, right) for points in found]),
            f"covered {name}": np.array([float(covered(mode_shares(points.float()))) for points in found]),
            f"near {name}": np.array([mode_shares(points.float()).sum().item() for points in found]),
        })  # fmt: skip
    start = torch.randn(drawn, 2, generator=generator, dtype=torch.float64)
    for name, eta in ETAS.items():
        guided = [
            sampled(_guided(strength), start, spaced(LEVELS, 200), eta=eta, generator=generator)[-1]
            for strength in run.progress(STRENGTHS, f"guide, {name}")
        ]
        run.save(**{f"{score} {name}": np.array([about(points)[i] for points in guided])
                    for i, score in enumerate(("sure", "variety"))})  # fmt: skip
    sharpened = [sharp(strength) for strength in STRENGTHS]
    run.save(**{f"{score} sharpened": np.array([each[i] for each in sharpened])
                for i, score in enumerate(("sure", "variety"))})  # fmt: skip


def _guided(strength: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda x, level: classifier_free_guidance(EITHER.noise(x, level), FIRST.noise(x, level), strength=strength)


def about(points: Tensor, weights: Tensor | None = None) -> tuple[float, float]:
    """Of points (n, 2): the mean chance that they are of the first class, and the root of their total variance."""
    weights = torch.ones(len(points), dtype=torch.float64) if weights is None else weights
    weights = weights / weights.sum()
    clean = torch.tensor(1.0)
    chance = (FIRST.log_density(points, clean) - EITHER.log_density(points, clean)).exp() / 2
    mean = weights @ points
    return float(weights @ chance), math.sqrt(float(weights @ (points - mean).square().sum(-1)))


def sharp(strength: float, *, side: int = 200) -> tuple[float, float]:
    """The same of the density p(x) p(c | x)^s / Z, by adding up over a grid."""
    line = torch.linspace(-5, 5, side, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(line, line, indexing="ij"), dim=-1).flatten(0, 1)
    clean = torch.tensor(1.0)
    whole, of_class = EITHER.log_density(grid, clean), FIRST.log_density(grid, clean)
    return about(grid, (whole + strength * (of_class - whole)).softmax(0))


@experiment(
    smoke={"steps": 3, "drawn": 40, "hidden": 8},
    small={"steps": 1_500},
    full={"steps": 40_000, "hidden": 256},
    seeds=3,
)
def ring_noise(run: Run, *, steps: int, drawn: int = 2_048, hidden: int = 128, batch: int = 128, seed: int) -> None:
    """Train a network to say the noise in points of a ring of Gaussians, at each of the `RATES`; sample the best.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        drawn: points of each sample.
        hidden: units of the network.
        batch: points a step.
        seed: of weights, data, noise and draws.
    """
    ring = MixtureNoise(ring_centres(MODES, RADIUS), SPREAD)
    held = torch.Generator().manual_seed(VALIDATION)
    x, noise = ring.draw(1_000, held), torch.randn(1_000, 2, generator=held)
    level = _drawn_levels(1_000, held)
    trials = []
    for rate in run.progress(RATES, "train"):
        torch.manual_seed(seed)
        trial = Denoiser(features=2, hidden=hidden, layers=3)
        curves = _fit(trial, ring, rate, (noised(x, noise, level), level, noise), steps=steps, batch=batch, seed=seed)
        trials.append((curves.values("validation").min(), trial, curves))
    losses = [loss for loss, _, _ in trials]
    _, net, curves = trials[int(np.argmin(losses))]
    asked = noised(x, noise, level)
    right_noise = torch.cat([ring.noise(one[None], a) for one, a in zip(asked, level, strict=True)])
    run.save(rates=np.array(RATES), validation=np.array(losses), least=(right_noise - noise).square().mean().item(),
             curve=curves.values("validation"), curve_steps=curves.steps_of("validation"))  # fmt: skip
    generator = torch.Generator().manual_seed(seed + 1)
    right, start = ring.draw(drawn, generator), torch.randn(drawn, 2, generator=generator)
    for count in (10, 50):
        said: dict[str, Denoise] = {"learned": net, "exact": ring.noise}
        for name, denoise in said.items():
            with torch.inference_mode():
                points = sampled(denoise, start, spaced(LEVELS, count), generator=generator)[-1]
            shares = mode_shares(points)
            run.save(**{
                f"apart {name} {count}": _apart(points, right),
                f"near {name} {count}": shares.sum().item(),
                f"covered {name} {count}": float(covered(shares)),
                f"points {name} {count}": points[:SHOWN].double().numpy(),
            })  # fmt: skip
    run.save(floor=_apart(ring.draw(drawn, generator), right))


def _fit(
    net: Denoiser,
    ring: MixtureNoise,
    rate: float,
    held: tuple[Tensor, Tensor, Tensor],
    *,
    steps: int,
    batch: int,
    seed: int,
) -> Curves:
    """Train a network on new points of the ring at each step; return its curves."""
    generator, curves = torch.Generator().manual_seed(seed), Curves()
    asked, level, noise = held

    def loss(_: int) -> Tensor:
        points, fresh = ring.draw(batch, generator), torch.randn(batch, 2, generator=generator)
        levels = _drawn_levels(batch, generator)
        return squared(net(noised(points, fresh, levels), levels), fresh)

    train(curves, net, loss, torch.optim.Adam(net.parameters(), lr=rate), steps=steps, every=max(1, steps // 30),
          rate=lambda step: rate * warmup_cosine(step, steps=steps),
          validate=lambda: float(squared(net(asked, level), noise)))  # fmt: skip
    return curves


def squared(said: Tensor, noise: Tensor) -> Tensor:
    """The mean squared error of noise, (B, D), (B, D) to a scalar."""
    return (said - noise).square().mean()


def _drawn_levels(count: int, generator: torch.Generator) -> Tensor:
    """Levels at times drawn evenly, as the cosine schedule has them: (count, 1)."""
    return LEVELS[torch.randint(1, len(LEVELS), (count, 1), generator=generator)].float()


def _apart(points: Tensor, right: Tensor) -> float:
    return mmd_squared(points.double(), right.double(), bandwidth=BANDWIDTH).item()
