"""The rows for autoencoders and codebooks, and for what compares clouds and spaces."""

from __future__ import annotations

import functools
import math

import torch
import torch.nn.functional as F
from table import Row
from torch import Tensor, nn

from mlblog.models import autoencoder, denoiser, diffusion, guidance, mixture_noise, vector_quantizer
from mlblog.numerics import discrepancy

_generator = torch.Generator().manual_seed(14)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


class _Quantised(nn.Module):
    """The vectors and losses of a codebook, and what a whole net makes of digits with it."""

    def __init__(self, whole: bool = False) -> None:
        super().__init__()
        self.book = vector_quantizer.VectorQuantizer(entries=3, width=2)
        self.book.entries.data = 4 * torch.eye(3, 2) - 2  # far apart: rounding changes no code
        self.net = vector_quantizer.VQVAE(5, tokens=2, hidden=6, quantizer=self.book) if whole else None

    def forward(self, z: Tensor) -> tuple[Tensor, ...]:
        found = self.book(z) if self.net is None else self.net(z)[1]
        return found.vectors, found.commitment, found.codebook


class _Told(nn.Module):
    """A denoiser that is told one level."""

    def __init__(self) -> None:
        super().__init__()
        self.net = denoiser.Denoiser(features=6, hidden=8, layers=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x, LOW)


ENTRIES = 4 * torch.eye(3, 2, dtype=torch.float64) - 2
NEAR = ENTRIES[torch.tensor([[0, 2, 1], [1, 1, 0], [2, 0, 0], [1, 2, 2]])] + 0.2 * numbers(4, 3, 2)
CODE = numbers(4, 3, 6).sigmoid()
LEVELS = diffusion.linear_schedule(40)
LOW, HIGH = diffusion.cosine_schedule(40)[30], LEVELS[12]
MIXTURE = mixture_noise.MixtureNoise(torch.tensor([[-1.0, 0.5], [1.0, 0.25], [0.0, -1.0]], dtype=torch.float64), 0.5)

CODES = [
    Row("models.autoencoder.Autoencoder", lambda: autoencoder.Autoencoder(6, 5), (numbers(4, 6),), leading=True),
    Row("models.autoencoder.masked", lambda: lambda x: autoencoder.masked(x, torch.arange(6) / 6, rate=0.4),
        (numbers(4, 6),), lambda _: lambda x: torch.where(torch.arange(6) > 2, x, 0.0), leading=True),
    Row("models.autoencoder.reconstruction_loss", lambda: autoencoder.reconstruction_loss,
        (numbers(4, 6), numbers(4, 6)), lambda _: lambda a, b: F.mse_loss(a, b, reduction="none").sum(-1), batch=(0, 0),
        leading=True, slack=2),
    Row("models.autoencoder.contractive_penalty", lambda: autoencoder.contractive_penalty, (CODE, numbers(4, 6, 7)),
        lambda _: lambda h, v: ((h - h**2)[..., None] * v[..., None, :, :]).square().sum((-1, -2)), batch=(0, 0),
        leading=True, slack=2),
    Row("models.autoencoder.sparsity_penalty", lambda: autoencoder.sparsity_penalty, (CODE,),
        lambda _: lambda h: h.sum(-1), leading=True),
    Row("models.vector_quantizer.VectorQuantizer", _Quantised, (NEAR,), leading=True, slack=4),
    Row("models.vector_quantizer.nearest_codes",
        lambda: lambda z: vector_quantizer.nearest_codes(z, ENTRIES.to(z.dtype)).to(z.dtype), (NEAR,),
        lambda _: lambda z: torch.cdist(z, ENTRIES.expand(*z.shape[:-2], 3, 2)).argmin(-1).double(), leading=True),
    Row("models.vector_quantizer.straight_through", lambda: vector_quantizer.straight_through,
        (numbers(4, 2), numbers(4, 2)), lambda _: lambda z, chosen: chosen, batch=(0, 0), leading=True, slack=2),
    Row("models.vector_quantizer.perplexity", lambda: vector_quantizer.perplexity, (numbers(4, 7).square() + 0.1,),
        lambda _: lambda c: torch.distributions.Categorical(c).entropy().exp(), leading=True, slack=2),
    Row("numerics.discrepancy.mmd_squared", lambda: lambda x, y: discrepancy.mmd_squared(x, y, bandwidth=1.5),
        (numbers(5, 2), numbers(4, 2)), batch=(None, None), slack=4),
    Row("models.diffusion.noised", lambda: lambda x, e: diffusion.noised(x, e, LOW), (numbers(4, 6), numbers(4, 6)),
        lambda _: lambda x, e: math.sqrt(LOW) * x + math.sqrt(1 - LOW) * e, batch=(0, 0), leading=True, slack=2),
    Row("models.diffusion.cleaned", lambda: lambda x, e: diffusion.cleaned(x, e, LOW), (numbers(4, 6), numbers(4, 6)),
        lambda _: lambda x, e: (x - math.sqrt(1 - LOW) * e) / math.sqrt(LOW), batch=(0, 0), leading=True, slack=4),
    Row("models.diffusion.noisier", lambda: lambda x, e: diffusion.noisier(x, e, HIGH, LOW),
        (numbers(4, 6), numbers(4, 6)),
        lambda _: lambda x, e: math.sqrt(LOW / HIGH) * x + math.sqrt(1 - LOW / HIGH) * e, batch=(0, 0), leading=True,
        slack=2),
    Row("models.diffusion.less_noisy", lambda: lambda x, e, z: diffusion.less_noisy(x, e, LOW, HIGH, z, eta=0.5),
        (numbers(4, 6), numbers(4, 6), numbers(4, 6)), batch=(0, 0, 0), leading=True, slack=8),
    Row("models.diffusion.sampled",
        lambda: lambda x: diffusion.sampled(MIXTURE.noise, x, diffusion.spaced(LEVELS, 4))[-1],
        (numbers(4, 2),), leading=True, slack=40),
    Row("models.mixture_noise.MixtureNoise", lambda: lambda x: MIXTURE.noise(x, LOW), (numbers(4, 2),), leading=True,
        slack=4),
    Row("models.guidance.classifier_free_guidance", lambda: functools.partial(
            guidance.classifier_free_guidance, strength=2.5), (numbers(4, 6), numbers(4, 6)),
        lambda _: lambda a, b: 2.5 * b - 1.5 * a, batch=(0, 0), leading=True, slack=4),
    Row("models.guidance.classifier_guidance",
        lambda: lambda a, b: guidance.classifier_guidance(a, b, LOW, strength=2.5), (numbers(4, 6), numbers(4, 6)),
        lambda _: lambda a, b: a - 2.5 * math.sqrt(1 - LOW) * b, batch=(0, 0), leading=True, slack=2),
    Row("models.denoiser.Denoiser", lambda: _Told(), (numbers(4, 6),), slack=2),
]  # fmt: skip
