"""Variational autoencoders on digits: how tight the bound is, what the exact linear model reaches, and what β does."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from mlblog.classical.ppca import fit_ppca
from mlblog.data.digits import DIGEST, load_digits, split_digits
from mlblog.lab import Run, experiment
from mlblog.models.vae import VAE, elbo, importance_bound

DRAWS = (1, 3, 10, 30, 100, 300)
GRID = 9  # decoded points to each side of the map


@experiment(
    smoke={"steps": 5, "hidden": 8},
    small={"steps": 3_000},
    full={"steps": 40_000, "hidden": 1_024},
    seeds=3,
    variants=(
        {"hidden": 0, "rate": 0.01},
        {"beta": 0.0},
        {"latent": 8},
        {"latent": 8, "beta": 0.0},
        {"latent": 8, "beta": 10.0},
    ),
)
def digit_vae(
    run: Run,
    *,
    steps: int,
    latent: int = 2,
    hidden: int = 128,
    beta: float = 1.0,
    batch: int = 128,
    rate: float = 5e-3,
    seed: int,
) -> None:
    """Train a variational autoencoder on digits; bound and compare its held-out likelihood.

    Args:
        run: of the lab.
        steps: training steps.
        latent: features of the code.
        hidden: width of the first hidden layer, twice that of the second; 0 for a linear model.
        beta: weight of the divergence from the prior; 1 is the bound, 0 an autoencoder.
        batch: digits a step.
        rate: learning rate at the start, falling to 0 along a cosine.
        seed: of weights, order and noise.
    """
    run.uses("digits.csv.gz", DIGEST)
    known, unseen = (part.images.reshape(len(part.images), -1) / 16 for part in split_digits(load_digits()))
    x = torch.from_numpy(known).float().to(run.device)
    vae = VAE(pixels=x.shape[1], latent=latent, hidden=(hidden, hidden // 2) if hidden else ()).to(run.device)
    with torch.no_grad():
        vae.log_noise.fill_(math.log(0.3))  # about the spread of a pixel
    optimizer = torch.optim.Adam(vae.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    checkpoint = run.checkpoint(vae=vae, optimizer=optimizer, schedule=schedule)
    for step in checkpoint.steps(steps, "train"):
        rows = torch.randint(len(x), (batch,), device=run.device)
        bound = elbo(vae, x[rows], torch.randn(batch, latent, device=run.device))
        loss = (beta * bound.kl - bound.reconstruction).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
        schedule.step()
        if step % 50 == 0 or step == steps - 1:
            run.log(step=step, loss=loss.detach())

    with torch.inference_mode():
        asked = torch.from_numpy(unseen).float().to(run.device)
        _save_likelihoods(run, vae, asked)
        _save_map(run, vae, x, asked)
    exact = fit_ppca(known, latent)
    run.save(
        ppca=float(exact.log_density(unseen).mean()),
        ppca_known=float(exact.log_density(known).mean()),
        labels=load_digits().labels[len(known) :].astype(np.float64),
    )


def _save_likelihoods(run: Run, vae: VAE, asked: Tensor) -> None:
    """Bounds of the mean held-out log-likelihood, in nats for each digit."""
    single = [elbo(vae, asked, torch.randn(len(asked), vae.latent, device=asked.device)) for _ in range(100)]
    by_draws = [
        [importance_bound(vae, asked, torch.randn(k, len(asked), vae.latent, device=asked.device)).mean().item()
         for _ in range(max(1, 100 // k))]
        for k in DRAWS
    ]  # fmt: skip
    run.save(
        elbo=float(np.mean([(bound.reconstruction - bound.kl).mean().item() for bound in single])),
        kl=single[0].kl.mean().item(),
        draws=np.array(DRAWS, dtype=np.float64),
        bound_by_draws=np.array([np.mean(bounds) for bounds in by_draws]),
        noise=vae.log_noise.exp().item(),
    )


def _save_map(run: Run, vae: VAE, known: Tensor, asked: Tensor) -> None:
    """What the decoder makes of the prior, and how far that is from any digit known."""
    code = vae.encode(asked)
    z = torch.randn(1_000, vae.latent, device=asked.device)
    a, b = code.mean[: len(asked) // 2], code.mean[len(asked) // 2 : len(asked) // 2 * 2]
    dreamt = vae.decode(z).mean
    run.save(
        distance_prior=_nearest(dreamt, known),
        distance_to_prior=_nearest(asked, dreamt),
        distance_halfway=_nearest(vae.decode((a + b) / 2).mean, known),
        distance_reconstructed=_nearest(vae.decode(code.mean).mean, known),
        distance_unseen=_nearest(asked, known),
        spread_of_codes=code.mean.std(0).mean().item(),
    )
    if vae.latent == 2:
        at = math.sqrt(2) * torch.erfinv(2 * (torch.arange(GRID) + 0.5) / GRID - 1)  # equal shares of the prior
        grid = torch.stack(torch.meshgrid(at, at, indexing="xy"), dim=-1).to(asked.device)
        run.save(
            codes=code.mean.double().cpu().numpy(),
            decoded=vae.decode(grid).mean.double().cpu().numpy(),
            at=at.double().numpy(),
        )


def _nearest(images: Tensor, known: Tensor) -> float:
    """Mean over images of the root mean squared difference per pixel from the nearest known digit."""
    return (torch.cdist(images, known).min(1).values / math.sqrt(known.shape[1])).mean().item()
