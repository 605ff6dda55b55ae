"""A variational autoencoder with Gaussian noise of one learned size on every pixel.

    z ~ N(0, I),   x | z ~ N(decoder(z), σ² I),   q(z | x) = N(mean(x), diag(scale(x)²))

Dimensions: B batch, D features (pixels), Z latent features, K draws.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Gaussian(NamedTuple):
    """Independent normal distributions.

    Attributes:
        mean: (…, Z).
        log_scale: log of the standard deviation, broadcast to the mean.
    """

    mean: Tensor
    log_scale: Tensor

    def at(self, noise: Tensor) -> Tensor:
        """Turn standard normal noise into a draw, mean + scale * noise: (…, Z) to (…, Z).

        All randomness is in the noise, whose law is fixed. Mean and scale stay outputs of a network and have
        gradients: [kingma2014auto], section 2.4.
        """
        return self.mean + self.log_scale.exp() * noise

    def log_density(self, x: Tensor) -> Tensor:
        """Log-density in nats, summed over the last axis: (…, Z) to (…)."""
        squared = ((x - self.mean) * (-self.log_scale).exp()).square()
        return -0.5 * (squared + 2 * self.log_scale + math.log(2 * math.pi)).sum(-1)

    def kl_to_standard(self) -> Tensor:
        """KL(self, N(0, I)) in nats, summed over the last axis.

            sum of (mean² + scale² - 1) / 2 - log scale

        References:
            [kingma2014auto], appendix B.
        """
        return (0.5 * (self.mean.square() + (2 * self.log_scale).exp() - 1) - self.log_scale).sum(-1)


class VAE(nn.Module):
    """Encoder and decoder with the same hidden layers, mirrored.

    Args:
        pixels: D.
        latent: Z.
        hidden: widths of the encoder's hidden layers; with none, both halves are linear and the model is that of
            probabilistic principal components.

    Example:
        >>> vae = VAE(pixels=9, latent=2, hidden=(5,))
        >>> posterior = vae.encode(torch.zeros(4, 9))
        >>> vae.decode(posterior.at(torch.randn(4, 2))).mean.shape
        torch.Size([4, 9])

    References:
        [kingma2014auto], sections 2 and 3; [rezende2014stochastic].
    """

    def __init__(self, pixels: int, latent: int, *, hidden: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.latent = latent
        self.encoder = _layers(pixels, *hidden, 2 * latent)
        self.decoder = _layers(latent, *reversed(hidden), pixels)
        self.log_noise = nn.Parameter(torch.zeros(()))  # log σ

    def encode(self, x: Tensor) -> Gaussian:
        """q(z | x) for x (B, D)."""
        return Gaussian(*self.encoder(x).chunk(2, dim=-1))

    def decode(self, z: Tensor) -> Gaussian:
        """p(x | z) for z (…, Z)."""
        return Gaussian(self.decoder(z), self.log_noise)


class Bound(NamedTuple):
    """The two halves of the evidence lower bound, ELBO = reconstruction - kl.

    Attributes:
        reconstruction: (B,) nats, log p(x | z) at one z drawn from q(z | x).
        kl: (B,) nats, KL(q(z | x), p(z)), exact.
    """

    reconstruction: Tensor
    kl: Tensor


def elbo(vae: VAE, x: Tensor, noise: Tensor) -> Bound:
    """The evidence lower bound, one draw for each example.

        log p(x) ≥ E_q log p(x | z) - KL(q(z | x), p(z))

    Args:
        vae: the model.
        x: (B, D).
        noise: (B, Z), standard normal.

    References:
        [kingma2014auto], eq. 7 and 10.
    """
    posterior = vae.encode(x)
    return Bound(vae.decode(posterior.at(noise)).log_density(x), posterior.kl_to_standard())


def importance_bound(vae: VAE, x: Tensor, noise: Tensor) -> Tensor:
    """The importance-weighted bound: on average it grows with K towards log p(x).

        log of 1 / K · sum over k of p(x, z_k) / q(z_k | x)

    Args:
        vae: the model.
        x: (B, D).
        noise: (K, B, Z), standard normal.

    Returns:
        (B,) nats per example.

    References:
        [burda2016importance], eq. 8 and theorem 1.
    """
    posterior = vae.encode(x)
    z = posterior.at(noise)
    prior = Gaussian(torch.zeros_like(z), z.new_zeros(()))
    log_weights = vae.decode(z).log_density(x) + prior.log_density(z) - posterior.log_density(z)  # (K, B)
    return log_weights.logsumexp(0) - math.log(len(noise))


def _layers(*widths: int) -> nn.Sequential:
    """Linear layers with a smooth ramp between them."""
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Linear(a, b), nn.SiLU()]
    return nn.Sequential(*layers[:-1])
