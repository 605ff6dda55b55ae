"""Sound said sample by sample, by convolutions whose taps lie ever further apart.

Dimensions: B sounds, T samples, V levels, D width, S width of the skips, L layers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

START = 0.0  # what comes before the first sample


def mu_law_encode(sound: Tensor, levels: int = 256) -> Tensor:
    """Cut sound into levels that are fine near silence and coarse where it is loud.

        f(x) = sign(x) ln(1 + μ |x|) / ln(1 + μ),   μ = V - 1

    Args:
        sound: (…) from -1 to 1; beyond that it is clipped.
        levels: V.

    Returns:
        (…) whole numbers, 0 to V - 1: the nearest of the levels that are evenly spread over f.

    Example:
        >>> mu_law_encode(torch.tensor([-1.0, -0.01, 0.0, 0.01, 1.0]))
        tensor([  0,  98, 128, 157, 255])

    References:
        [oord2016wavenet], section 2.2.
    """
    mu, x = levels - 1, sound.clamp(-1, 1)
    squeezed = x.sign() * torch.log1p(mu * x.abs()) / math.log1p(mu)
    return ((squeezed + 1) / 2 * mu + 0.5).floor().long()


def mu_law_decode(codes: Tensor, levels: int = 256, dtype: torch.dtype = torch.float32) -> Tensor:
    """The sound of levels.

    Args:
        codes: (…) whole numbers, 0 to V - 1.
        levels: V.
        dtype: of the sound.

    Returns:
        (…) from -1 to 1.

    Example:
        >>> mu_law_decode(torch.tensor([0, 255])).tolist()
        [-1.0, 1.0]
    """
    mu = levels - 1
    squeezed = 2 * codes.to(dtype) / mu - 1
    return squeezed.sign() * torch.expm1(squeezed.abs() * math.log1p(mu)) / mu


class DilatedLayer(nn.Module):
    """A convolution over two samples that lie `dilation` apart, its gate, a way around it, and what is said of it.

    Args:
        width: D.
        skip: S.
        dilation: how far apart.

    References:
        [oord2016wavenet], eq. 2 and figure 4.
    """

    def __init__(self, width: int, skip: int, dilation: int) -> None:
        super().__init__()
        self.look = nn.Conv1d(width, 2 * width, 2, dilation=dilation)
        self.out, self.say = nn.Conv1d(width, width, 1), nn.Conv1d(width, skip, 1)
        self.dilation = dilation

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pass sound on.

        Args:
            x: (B, D, T)

        Returns:
            What the next layer gets, (B, D, T), and what is said, (B, S, T).
        """
        return self.passed(self.look(F.pad(x, (self.dilation, 0))), x)

    def passed(self, looked: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Gate what the taps made, (B, 2 D, T), of sound x (B, D, T); return the same as `forward`."""
        signal, gate = looked.chunk(2, dim=1)
        branch = signal.tanh() * gate.sigmoid()
        return x + self.out(branch), self.say(branch)


class WaveNet(nn.Module):
    """Levels of the samples before in, a score for each level of each sample out: log p(x) = Σ log p(x_t | x_<t).

    Args:
        levels: V.
        width: D. skip: S.
        dilations: L, one a layer: 1, 2, 4, … sees 2^L samples with L layers, 1, 1, 1, … only L + 1.

    Raises:
        ValueError: no dilations.

    Attributes:
        field: samples that the score of one depends on, at most.

    Example:
        >>> net = WaveNet(levels=16, width=8, skip=12, dilations=[1, 2, 4])
        >>> net(torch.zeros(3, 20, dtype=torch.long)).shape, net.field
        (torch.Size([3, 16, 20]), 8)

    References:
        [oord2016wavenet], sections 2.1 to 2.4, without conditions; a sample comes in as one number.
    """

    def __init__(self, *, levels: int, width: int, skip: int, dilations: Sequence[int]) -> None:
        super().__init__()
        if not dilations:
            raise ValueError("at least one dilation expected, given none")
        self.levels, self.field = levels, 1 + sum(dilations)
        self.first = nn.Conv1d(2, width, 1)
        self.layers = nn.ModuleList(DilatedLayer(width, skip, dilation) for dilation in dilations)
        self.head = nn.Sequential(nn.ReLU(), nn.Conv1d(skip, skip, 1), nn.ReLU(), nn.Conv1d(skip, levels, 1))

    def shown(self, codes: Tensor) -> Tensor:
        """Levels as numbers from -1 to 1, and ones, which tell silence from nothing: (B, T) to (B, 2, T)."""
        numbers = codes.to(self.first.weight.dtype) * (2 / (self.levels - 1)) - 1
        return torch.stack((numbers, torch.ones_like(numbers)), dim=1)

    def forward(self, codes: Tensor) -> Tensor:
        """Score the levels of every sample.

        Args:
            codes: (B, T) whole numbers; a sample and what comes after it do not count for it.

        Returns:
            (B, V, T) logits.
        """
        x = self.first(F.pad(self.shown(codes), (1, 0), value=START)[..., :-1])
        total: Tensor | float = 0.0
        for layer in self.layers:
            x, said = layer(x)
            total = total + said
        logits: Tensor = self.head(total)
        return logits


@torch.no_grad()
def generate(net: WaveNet, count: int, samples: int, generator: torch.Generator) -> Tensor:
    """Draw sounds by one pass of the net over its whole field for each sample.

    Args:
        net: in evaluation mode.
        count: B.
        samples: T.
        generator: of the draws, on the CPU.

    Returns:
        (B, T) whole numbers.
    """
    codes = torch.zeros(count, samples, dtype=torch.long, device=net.first.weight.device)
    for t in range(samples):
        first = max(0, t - net.field)  # one more than is seen, so that the edge of the excerpt is not
        shares = net(codes[:, first : t + 1])[..., -1].softmax(-1).cpu()
        codes[:, t] = torch.multinomial(shares, 1, generator=generator)[:, 0].to(codes.device)
    return codes


@torch.no_grad()
def fast_generate(net: WaveNet, count: int, samples: int, generator: torch.Generator) -> Tensor:
    """The same draws, one sample through each layer: a layer keeps as many of its inputs as its taps lie apart.

    Args:
        net: in evaluation mode.
        count: B.
        samples: T.
        generator: of the draws, on the CPU.

    Returns:
        (B, T) whole numbers.
    """
    weight = net.first.weight
    layers = [layer for layer in net.layers if isinstance(layer, DilatedLayer)]
    kept = [weight.new_zeros(layer.dilation, count, weight.shape[0], 1) for layer in layers]
    codes = torch.zeros(count, samples, dtype=torch.long, device=weight.device)
    for t in range(samples):
        x = net.first(net.shown(codes[:, t - 1 : t]) if t else weight.new_full((count, 2, 1), START))
        total: Tensor | float = 0.0
        for layer, before in zip(layers, kept, strict=True):
            at = t % layer.dilation
            padded = torch.cat((before[at], x), dim=2)
            before[at] = x
            x, said = layer.passed(F.conv1d(padded, layer.look.weight, layer.look.bias), x)
            total = total + said
        shares = net.head(total)[..., 0].softmax(-1).cpu()
        codes[:, t] = torch.multinomial(shares, 1, generator=generator)[:, 0].to(codes.device)
    return codes
