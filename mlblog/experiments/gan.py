"""Small adversarial pairs on a ring of eight Gaussians: how many of them do the generators find, by which loss?"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from mlblog.data.ring import ring_centres, ring_of_gaussians
from mlblog.experiments.ilsampling_vae import Stacked
from mlblog.lab import Run, experiment
from mlblog.losses.adversarial import discriminator_loss, jensen_shannon, minimax_loss, non_saturating_loss

MODES, RADIUS, SPREAD = 8, 2.0, 0.05
SHOWN, ASKED = 256, 4_096  # points kept for the figure, and points counted
RATES = (1e-3, 3e-3, 1e-2)


class Setting(NamedTuple):
    """What one pair is trained with."""

    loss: str
    rate: float  # of the generator
    rate_d: float  # of the discriminator


#: Both losses at all pairs of rates; at one pair also each loss with its gradients scaled to the other's size.
SETTINGS = (
    *(Setting(loss, *rates) for loss in ("non-saturating", "minimax") for rates in product(RATES, RATES)),
    *(Setting(f"{loss}, rescaled", 1e-3, 1e-3) for loss in ("non-saturating", "minimax")),
)


@experiment(
    smoke={"steps": 30, "batch": 16, "width": 8},
    small={"steps": 3_000},
    full={"steps": 30_000, "batch": 512},
    seeds=8,
)
def ring_gan(run: Run, *, steps: int, batch: int = 128, width: int = 64, noise: int = 8, seed: int) -> None:
    """Train a generator against a discriminator, one step each in turn, for each of `SETTINGS` side by side.

    All pairs start from the same weights and see the same data and noise. A mode is covered if at least a quarter of
    its fair share of generated points lies within three standard deviations of its centre.

    Args:
        run: of the lab.
        steps: pairs of updates.
        batch: examples a step, real and generated.
        width: hidden units a layer; both networks have two hidden layers.
        noise: dimension of what the generator starts from.
        seed: of the initialisation, the data and the noise.
    """
    generator, discriminator = _nets(noise, width, 2).to(run.device), _nets(2, width, 1).to(run.device)
    by_generator = torch.optim.Adam(generator.parameters(), lr=1.0, betas=(0.5, 0.9))
    by_discriminator = torch.optim.Adam(discriminator.parameters(), lr=1.0, betas=(0.5, 0.9))
    rates, rates_d = (
        torch.tensor(values, device=run.device)
        for values in ([each.rate for each in SETTINGS], [each.rate_d for each in SETTINGS])
    )
    checkpoint = run.checkpoint(
        generator=generator,
        discriminator=discriminator,
        by_generator=by_generator,
        by_discriminator=by_discriminator,
    )
    every = max(1, steps // 30)
    for step in checkpoint.steps(steps, "train"):
        real = ring_of_gaussians(batch, modes=MODES, radius=RADIUS, spread=SPREAD).to(run.device)
        fake = generator(torch.randn(batch, noise, device=run.device))  # (S, batch, 2)
        on_real, on_fake = discriminator_loss(discriminator(real)[..., 0], discriminator(fake.detach())[..., 0])
        by_discriminator.zero_grad()
        (on_real.mean(-1) + on_fake.mean(-1)).sum().backward()  # type: ignore[no-untyped-call]  # the same
        step_apart(by_discriminator, rates_d)

        by_generator.zero_grad()
        passes = discriminator(fake)[..., 0]
        generator_losses(passes).mean(-1).sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        step_apart(by_generator, rates)
        if (step + 1) % every == 0 or step == steps - 1:
            found = covered(mode_shares(_sample(generator, noise, run.device)))
            chance = passes.detach().sigmoid().mean(-1)
            run.log(step=step + 1, **{f"covered {i}": float(count) for i, count in enumerate(found)})
            run.log(step=step + 1, **{f"passes {i}": float(mean) for i, mean in enumerate(chance)})

    points = _sample(generator, noise, run.device)
    shares = mode_shares(points)
    fair = mode_shares(ring_of_gaussians(ASKED, modes=MODES, radius=RADIUS, spread=SPREAD))
    run.save(
        near_real=float(fair.sum()),
        covered=covered(shares).double().numpy(),
        near=shares.sum(-1).numpy(),
        apart=np.array([share_divergence(each) for each in shares]),
        points=points[:, :SHOWN].numpy(),
    )


def generator_losses(logits: Tensor) -> Tensor:
    """The loss of each setting's generator, from logits of generated examples (S, B) to (S, B).

    Rescaled, a loss is multiplied so that its gradients with respect to the logits, -D or D - 1, have the mean of the
    other's: what is left is which examples they come from.
    """
    chance = logits.detach().sigmoid()
    fooled, caught = (mean.mean(-1, keepdim=True).clamp(min=1e-9) for mean in (chance, 1 - chance))
    minimax, non_saturating = minimax_loss(logits), non_saturating_loss(logits)
    values = {
        "non-saturating": non_saturating,
        "minimax": minimax,
        "non-saturating, rescaled": non_saturating * fooled / caught,
        "minimax, rescaled": minimax * caught / fooled,
    }
    return torch.stack([values[setting.loss][i] for i, setting in enumerate(SETTINGS)])


def step_apart(optimizer: torch.optim.Optimizer, rates: Tensor) -> None:
    """Take an optimiser's step of rate 1, each of S nets by its own rate's part of the way.

    Args:
        optimizer: of weights (S, ...); its step is to be proportional to its rate, as Adam's is.
        rates: (S,).
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    before = [weight.detach().clone() for weight in weights]
    optimizer.step()
    with torch.no_grad():
        for weight, start in zip(weights, before, strict=True):
            weight.copy_(start + rates.view(-1, 1, 1) * (weight - start))


def mode_shares(points: Tensor) -> Tensor:
    """The share of points (..., n, 2) within three standard deviations of each mode, shape (..., MODES)."""
    return (torch.cdist(points.cpu(), ring_centres(MODES, RADIUS)) < 3 * SPREAD).double().mean(dim=-2)


def covered(shares: Tensor) -> Tensor:
    """How many modes have at least a quarter of their fair share: (..., MODES) to (...)."""
    return (shares >= 1 / (4 * MODES)).sum(-1)


def share_divergence(shares: Tensor) -> float:
    """The Jensen-Shannon divergence, in nats, from the ring's own shares of its modes and of what lies elsewhere."""
    within = (1 - np.exp(-4.5)) / MODES  # of a round Gaussian in the plane, three standard deviations
    fair = np.full(MODES, within)
    found = shares.numpy()
    return jensen_shannon(
        np.append(fair, 1 - fair.sum()), np.append(found, max(0.0, 1 - found.sum())), np.ones(MODES + 1)
    )


def _nets(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """A net with two hidden layers for each setting, all of the same weights."""
    sizes = [(inputs, width), (width, width), (width, outputs)]
    first, second, last = (Stacked(nn.Linear(*size), len(SETTINGS)) for size in sizes)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)


@torch.no_grad()
def _sample(generator: nn.Module, noise: int, device: str) -> Tensor:
    """Generated points, shape (S, ASKED, 2), on the CPU."""
    found: Tensor = generator(torch.randn(ASKED, noise, device=device)).cpu()
    return found
