"""A few bells in place of a probability for every level: mixtures of logistic distributions, cut into levels.

Dimensions: … any leading axes such as images and pixels, C channels, V levels, K components, and
O = K (1 + 2 C + C (C - 1) / 2) numbers that say a mixture.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

NARROWEST = -7.0  # the logarithm of the smallest scale, on an axis where levels go from -1 to 1


def mixture_size(components: int, channels: int) -> int:
    """O, how many numbers say a mixture.

    Example:
        >>> mixture_size(5, 1), mixture_size(10, 3)
        (15, 100)
    """
    return components * (1 + 2 * channels + channels * (channels - 1) // 2)


class DiscretizedMixLogistic:
    """The distribution of a pixel's channels: a mixture whose components are independent but for a linear link.

        p(x) = Σ_k π_k Π_c [σ((x_c + h - μ_kc) / s_kc) - σ((x_c - h - μ_kc) / s_kc)],   h = 1 / (V - 1)

    Levels are numbers from -1 to 1. The first and the last reach to infinity, so that all sum to one. The mean of a
    channel moves with the channels before it, as μ_kc = m_kc + Σ_{b<c} tanh(a_kcb) x_b.

    Args:
        numbers: (…, O): the logits of π (K), m (K C), log s (K C) and a (K C (C - 1) / 2).
        channels: C.
        levels: V.

    Raises:
        ValueError: not a whole number of components.

    Example:
        >>> bell = DiscretizedMixLogistic(torch.tensor([0.0, 0.0, -2.0]), channels=1, levels=5)
        >>> bell.log_prob(torch.arange(5)[:, None]).exp().round(decimals=3)
        tensor([0.0040, 0.1320, 0.7280, 0.1320, 0.0040])

    References:
        [salimans2017pixelcnn], section 2.1 for one channel and 2.2 for the link between channels.
    """

    def __init__(self, numbers: Tensor, *, channels: int, levels: int) -> None:
        components = numbers.shape[-1] // mixture_size(1, channels)
        if mixture_size(components, channels) != numbers.shape[-1] or not components:
            raise ValueError(f"{numbers.shape[-1]} numbers say no mixture over {channels} channels")
        self.channels, self.levels = channels, levels
        pairs = channels * (channels - 1) // 2
        sizes = [components, components * channels, components * channels, components * pairs]
        self.logits, means, scales, links = torch.split(numbers, sizes, dim=-1)
        rows = (*self.logits.shape, channels)  # (…, K, C)
        self.means, self.log_scales = means.reshape(rows), scales.reshape(rows).clamp(min=NARROWEST)
        self.links = links.reshape(*self.logits.shape, pairs).tanh()  # of a lower triangle, row by row

    def log_prob(self, values: Tensor) -> Tensor:
        """Nats of all channels of each pixel together, below zero.

        Args:
            values: (…, C) whole numbers, 0 to V - 1.

        Returns:
            (…)
        """
        x = self._placed(values)[..., None, :]  # (…, 1, C)
        away, half = x - self._moved(x), 1 / (self.levels - 1)
        narrow = torch.exp(-self.log_scales)
        above, below = (away + half) * narrow, (away - half) * narrow
        # σ(b) - σ(a) = σ(b) σ(-a) (1 - exp(a - b)) does not cancel where both are near 0 or near 1
        within = F.logsigmoid(above) + F.logsigmoid(-below) + torch.log(-torch.expm1(-2 * half * narrow))
        values = values[..., None, :]
        last = values == self.levels - 1
        nats = torch.where(values == 0, F.logsigmoid(above), torch.where(last, F.logsigmoid(-below), within))
        return torch.logsumexp(self.logits.log_softmax(-1) + nats.sum(-1), dim=-1)

    def draw(self, generator: torch.Generator) -> Tensor:
        """Draw values of all channels, (…, C) whole numbers, by a generator of the same device."""
        shares = self.logits.softmax(-1)
        chosen = torch.multinomial(shares.flatten(0, -2), 1, generator=generator).view(*shares.shape[:-1], 1, 1)
        means, scales, links = (
            torch.take_along_dim(part, chosen, -2)[..., 0, :] for part in (self.means, self.log_scales, self.links)
        )
        drawn: list[Tensor] = []
        for channel in range(self.channels):
            mean = means[..., channel] + sum(
                links[..., channel * (channel - 1) // 2 + before] * self._placed(drawn[before])
                for before in range(channel)
            )
            chance = torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
            x = mean + scales[..., channel].exp() * torch.logit(chance, eps=1e-6)
            drawn.append(((x + 1) * ((self.levels - 1) / 2)).round().clamp(0, self.levels - 1).long())
        return torch.stack(drawn, dim=-1)

    def _placed(self, values: Tensor) -> Tensor:
        """Levels on the axis from -1 to 1."""
        return values.to(self.means.dtype) * (2 / (self.levels - 1)) - 1

    def _moved(self, x: Tensor) -> Tensor:
        """Means, given the channels before: (…, K, C)."""
        moved = [self.means[..., 0]]
        for channel in range(1, self.channels):
            first = channel * (channel - 1) // 2
            link = self.links[..., first : first + channel]
            moved.append(self.means[..., channel] + (link * x[..., :channel]).sum(-1))
        return torch.stack(moved, dim=-1)


def bits_of(nats: Tensor, dimensions: int) -> Tensor:
    """Bits a dimension of log-probabilities (…), in nats.

    Example:
        >>> bits_of(torch.tensor([-8.0]).mul(math.log(2)), 4)
        tensor([2.])
    """
    return -nats / (math.log(2) * dimensions)
