"""A small adversarial pair on a ring of eight Gaussians: how many of them does the generator find?"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from mlblog.data.ring import ring_centres, ring_of_gaussians
from mlblog.lab import Run, experiment
from mlblog.losses.adversarial import discriminator_loss, minimax_loss, non_saturating_loss

MODES, RADIUS, SPREAD = 8, 2.0, 0.05
SHOWN, ASKED = 512, 4_096  # points kept for the figure, and points counted


@experiment(
    smoke={"steps": 30, "batch": 32, "width": 16},
    small={"steps": 6_000},
    full={"steps": 30_000, "batch": 512},
    seeds=5,
    variants=({"loss": "minimax"},),
)
def ring_gan(
    run: Run,
    *,
    steps: int,
    loss: Literal["non-saturating", "minimax"] = "non-saturating",
    batch: int = 256,
    width: int = 64,
    noise: int = 8,
    rate: float = 1e-3,
    seed: int,
) -> None:
    """Train a generator against a discriminator, one step each in turn; count the modes that it covers as it goes.

    A mode is covered if at least a quarter of its fair share of generated points lies within three standard
    deviations of its centre.

    Args:
        run: of the lab.
        steps: pairs of updates.
        loss: what the generator minimises.
        batch: examples a step, real and generated.
        width: hidden units a layer; both networks have two hidden layers.
        noise: dimension of what the generator starts from.
        rate: of Adam, for both.
        seed: of the initialisation, the data and the noise.
    """
    generator, discriminator = _net(noise, width, 2).to(run.device), _net(2, width, 1).to(run.device)
    by_generator = torch.optim.Adam(generator.parameters(), lr=rate, betas=(0.5, 0.9))
    by_discriminator = torch.optim.Adam(discriminator.parameters(), lr=rate, betas=(0.5, 0.9))
    objective = {"non-saturating": non_saturating_loss, "minimax": minimax_loss}[loss]
    checkpoint = run.checkpoint(
        generator=generator,
        discriminator=discriminator,
        by_generator=by_generator,
        by_discriminator=by_discriminator,
    )
    every = max(1, steps // 60)
    for step in checkpoint.steps(steps, "train"):
        real = ring_of_gaussians(batch, modes=MODES, radius=RADIUS, spread=SPREAD).to(run.device)
        fake = generator(torch.randn(batch, noise, device=run.device))
        on_real, on_fake = discriminator_loss(discriminator(real)[:, 0], discriminator(fake.detach())[:, 0])
        by_discriminator.zero_grad()
        (on_real.mean() + on_fake.mean()).backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        by_discriminator.step()

        by_generator.zero_grad()
        objective(discriminator(fake)[:, 0]).mean().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        by_generator.step()
        if (step + 1) % every == 0 or step == steps - 1:
            shares = mode_shares(_sample(generator, ASKED, noise, run.device))
            run.log(step=step + 1, covered=covered(shares), near=float(shares.sum()), loss=on_real.mean().detach())

    points = _sample(generator, ASKED, noise, run.device)
    shares = mode_shares(points)
    real_shares = mode_shares(ring_of_gaussians(ASKED, modes=MODES, radius=RADIUS, spread=SPREAD))
    run.save(
        covered=covered(shares),
        near=float(shares.sum()),
        near_real=float(real_shares.sum()),
        shares=shares.numpy(),
        points=points[:SHOWN].numpy().astype(np.float64),
    )


def mode_shares(points: Tensor) -> Tensor:
    """The share of points within three standard deviations of each mode, shape (MODES,)."""
    return (torch.cdist(points.cpu(), ring_centres(MODES, RADIUS)) < 3 * SPREAD).double().mean(dim=0)


def covered(shares: Tensor) -> int:
    """How many modes have at least a quarter of their fair share."""
    return int((shares >= 1 / (4 * MODES)).sum())


def _net(inputs: int, width: int, outputs: int) -> nn.Sequential:
    """Two hidden layers."""
    return nn.Sequential(
        nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs)
    )


@torch.no_grad()
def _sample(generator: nn.Module, count: int, noise: int, device: str) -> Tensor:
    """Generated points, shape (count, 2), on the CPU."""
    found: Tensor = generator(torch.randn(count, noise, device=device)).cpu()
    return found
