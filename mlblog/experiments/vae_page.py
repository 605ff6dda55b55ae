"""The autoencoder of digits once more, kept with its decoder: readers move over the plane of its codes."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from mlblog.data.digits import DIGEST, load_digits, split_digits
from mlblog.lab import Run, experiment
from mlblog.models.vae import VAE, elbo
from mlblog.training.trainer import train


@experiment(
    smoke={"steps": 5, "hidden": 8},
    small={"steps": 3_000},
    full={"steps": 3_000},  # as small: readers get the network that the post is on
    seeds=1,  # readers get one network
)
def digit_page(run: Run, *, steps: int, hidden: int = 128, batch: int = 128, rate: float = 5e-3, seed: int) -> None:
    """Train the autoencoder of `digit_vae` with the same numbers, and keep its decoder as a model.

    Args:
        run: of the lab.
        steps: training steps.
        hidden: width of the encoder's first hidden layer, twice that of its second.
        batch: digits a step.
        rate: learning rate at the start, falling to 0 along a cosine.
        seed: of weights, order and noise.
    """
    run.uses("digits.csv.gz", DIGEST)
    parts = split_digits(load_digits())
    x, asked = (
        torch.from_numpy(part.images.reshape(len(part.images), -1) / 16).float().to(run.device) for part in parts
    )
    vae = VAE(pixels=x.shape[1], latent=2, hidden=(hidden, hidden // 2)).to(run.device)
    with torch.no_grad():
        vae.log_noise.fill_(math.log(0.3))  # about the spread of a pixel

    def loss(_: int) -> Tensor:
        rows = torch.randint(len(x), (batch,), device=run.device)
        bound = elbo(vae, x[rows], torch.randn(batch, vae.latent, device=run.device))
        return (bound.kl - bound.reconstruction).mean()

    train(
        run, vae, loss, torch.optim.Adam(vae.parameters(), lr=rate), steps=steps, every=50,
        rate=lambda step: rate * (1 + math.cos(math.pi * step / steps)) / 2,
    )  # fmt: skip
    with torch.no_grad():
        codes = vae.encode(asked).mean
        decoded = vae.decode(codes).mean
    run.save(
        codes=codes.double().cpu().numpy(),
        labels=parts.test.labels.astype(np.float64),
        reconstructions=decoded.cpu().numpy(),
        errors=(decoded - asked).square().mean(1).sqrt().double().cpu().numpy(),
    )
    run.save_model(vae.decoder, {"input": codes[:1]}, name="decoder", outputs=("pixels",))
