"""Intermediate loss sampling beyond categories: a Gaussian, a Poisson and a von Mises variable."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Distribution, Normal, Poisson, VonMises

from mlblog.lab import Run, experiment
from mlblog.losses.discrete import intermediate_loss

MEAN, DEVIATION, RATE, DIRECTION, CONCENTRATION = 0.5, 0.8, 3.0, 0.3, 2.0
AIMS = {"Gaussian": 2.0, "Poisson": 5.0, "von Mises": 1.3}


@experiment(
    smoke={"draws": 100, "steps": 10},
    small={"draws": 1_000_000, "steps": 4_000},
    full={"draws": 100_000_000, "steps": 20_000},
    seeds=3,
)
def ils_beyond(run: Run, *, draws: int, steps: int, batch: int = 100, seed: int) -> None:
    """Estimate gradients of three expected losses, and minimise one of them over the rate of a Poisson variable.

    The losses are (z - 2)² for a Gaussian, (z - 5)² for a Poisson variable, -cos(z - 1.3) for a von Mises variable.

    Args:
        run: of the lab.
        draws: averaged for each gradient.
        steps: of Adam on the logarithm of the Poisson rate.
        batch: draws of each step.
        seed: of the draws.
    """
    alphas = np.geomspace(0.05, 1, 7)
    run.save(alphas=alphas)
    for name in run.progress(AIMS, "estimate"):
        run.save(**{f"gradient {name}": np.array([scaled_gradient(name, float(alpha), draws) for alpha in alphas])})
    final = {name: descend(step, steps, batch) for name, step in {"ILS": _intermediate, "REINFORCE": _score}.items()}
    run.save(**{f"rate {name}": rate for name, rate in final.items()})


def scaled_gradient(name: str, alpha: float, draws: int) -> float:
    """The mean of the estimates for a variable's location, divided by the factor that makes the Gaussian's exact.

    The factor is α/σ² for a Gaussian mean, α/λ for a Poisson rate, α κ for a direction.
    """
    location = torch.tensor({"Gaussian": MEAN, "Poisson": RATE, "von Mises": DIRECTION}[name], dtype=torch.float64)
    location.requires_grad_()
    factor = {"Gaussian": 1 / DEVIATION**2, "Poisson": 1 / RATE, "von Mises": CONCENTRATION}[name]
    variable = distribution(name, location.expand(draws))
    value = intermediate_loss(variable, lambda z: cost(name, z), alpha=alpha).mean()
    (gradient,) = torch.autograd.grad(value, location)
    return float(gradient) / (alpha * factor)


def distribution(name: str, location: Tensor) -> Distribution:
    """The variable with this location: a mean, a rate, a direction in radians."""
    if name == "Gaussian":
        return Normal(location, torch.full_like(location, DEVIATION))
    if name == "Poisson":
        return Poisson(location, validate_args=False)  # a draw that took a step is no count
    return VonMises(location, torch.full_like(location, CONCENTRATION), validate_args=False)


def cost(name: str, z: Tensor) -> Tensor:
    """The loss of a draw of that variable, elementwise."""
    return -torch.cos(z - AIMS[name]) if name == "von Mises" else (z - AIMS[name]) ** 2


def descend(surrogate: Callable[[Tensor, int], Tensor], steps: int, batch: int) -> float:
    """The Poisson rate at which Adam on log λ stops, averaged over the last half of its steps."""
    log_rate = nn.Parameter(torch.tensor(0.0, dtype=torch.float64))
    optimizer = torch.optim.Adam([log_rate], lr=0.01)
    seen = []
    for _ in range(steps):
        seen.append(float(log_rate.detach().exp()))
        optimizer.zero_grad()
        surrogate(log_rate.exp(), batch).backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
    return float(np.mean(seen[steps // 2 :]))


def _intermediate(rate: Tensor, batch: int) -> Tensor:
    variable = distribution("Poisson", rate.expand(batch))
    return intermediate_loss(variable, lambda z: cost("Poisson", z), alpha=0.1).mean()


def _score(rate: Tensor, batch: int) -> Tensor:
    """REINFORCE, the baseline being the batch's mean loss: its gradient is (1 - 1/n) times an unbiased one."""
    variable = distribution("Poisson", rate.expand(batch))
    drawn = variable.sample()
    losses = cost("Poisson", drawn)
    return ((losses - losses.mean()) * variable.log_prob(drawn)).mean()
