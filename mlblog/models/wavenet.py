"""Sound, sample by sample, by dilated causal convolutions.

Dimensions: B sounds, T samples, V levels, D residual channels, S skip channels, L layers.
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
    """A dilated convolution of two taps, a gate, and 1 x 1 convolutions to the residual and the skip connection.

        z = tanh(W_f * x) ⊙ σ(W_g * x),   out = x + W_r z,   skip = W_s z

    Args:
        width: D.
        skip: S.
        dilation: samples between the two taps.

    References:
        [oord2016wavenet], eq. 2 and figure 4.
    """

    def __init__(self, width: int, skip: int, dilation: int) -> None:
        super().__init__()
        self.filter_gate = nn.Conv1d(width, 2 * width, 2, dilation=dilation)
        self.residual, self.skip = nn.Conv1d(width, width, 1), nn.Conv1d(width, skip, 1)
        self.dilation = dilation

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Compute one layer.

        Args:
            x: (B, D, T)

        Returns:
            The input of the next layer, (B, D, T), and the skip connection, (B, S, T).
        """
        return self.gated(self.filter_gate(F.pad(x, (self.dilation, 0))), x)

    def gated(self, filter_gate: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the gate to the convolution (B, 2 D, T) of x (B, D, T); returns the same as `forward`."""
        signal, gate = filter_gate.chunk(2, dim=1)
        z = signal.tanh() * gate.sigmoid()
        return x + self.residual(z), self.skip(z)


class WaveNet(nn.Module):
    """Levels of the samples before in, a score for each level of each sample out: log p(x) = Σ log p(x_t | x_<t).

    Args:
        levels: V.
        width: D. skip: S.
        dilations: one for each of the L layers; 1, 2, 4, … gives a field of 2^L samples, 1, 1, 1, … one of L + 1.

    Raises:
        ValueError: no dilations.

    Attributes:
        field: the receptive field, in samples before the one that is predicted.

    Example:
        >>> net = WaveNet(levels=16, width=8, skip=12, dilations=[1, 2, 4])
        >>> net(torch.zeros(3, 20, dtype=torch.long)).shape, net.field
        (torch.Size([3, 16, 20]), 8)

    References:
        [oord2016wavenet], sections 2.1 to 2.4, without conditioning; a sample enters as one number.
    """

    def __init__(self, *, levels: int, width: int, skip: int, dilations: Sequence[int]) -> None:
        super().__init__()
        if not dilations:
            raise ValueError("at least one dilation expected, given none")
        self.levels, self.field = levels, 1 + sum(dilations)
        self.input = nn.Conv1d(2, width, 1)
        self.layers = nn.ModuleList(DilatedLayer(width, skip, dilation) for dilation in dilations)
        self.head = nn.Sequential(nn.ReLU(), nn.Conv1d(skip, skip, 1), nn.ReLU(), nn.Conv1d(skip, levels, 1))

    def channels(self, codes: Tensor) -> Tensor:
        """Levels as numbers from -1 to 1, and ones, which mark that there is a sample: (B, T) to (B, 2, T)."""
        numbers = codes.to(self.input.weight.dtype) * (2 / (self.levels - 1)) - 1
        return torch.stack((numbers, torch.ones_like(numbers)), dim=1)

    def forward(self, codes: Tensor) -> Tensor:
        """Score the levels of every sample.

        Args:
            codes: (B, T) whole numbers; the logits of a sample depend on the samples before it only.

        Returns:
            (B, V, T) logits.
        """
        x = self.input(F.pad(self.channels(codes), (1, 0), value=START)[..., :-1])
        skips: Tensor | float = 0.0
        for layer in self.layers:
            x, skip = layer(x)
            skips = skips + skip
        logits: Tensor = self.head(skips)
        return logits


@torch.no_grad()
def generate(net: WaveNet, count: int, samples: int, generator: torch.Generator) -> Tensor:
    """Draw sounds by one pass of the net over its whole receptive field for each sample.

    Args:
        net: in evaluation mode.
        count: B.
        samples: T.
        generator: of the draws, on the CPU.

    Returns:
        (B, T) whole numbers.
    """
    codes = torch.zeros(count, samples, dtype=torch.long, device=net.input.weight.device)
    for t in range(samples):
        first = max(0, t - net.field)  # one more than the field, so that no tap meets the edge of the excerpt
        shares = net(codes[:, first : t + 1])[..., -1].softmax(-1).cpu()
        codes[:, t] = torch.multinomial(shares, 1, generator=generator)[:, 0].to(codes.device)
    return codes


@torch.no_grad()
def fast_generate(net: WaveNet, count: int, samples: int, generator: torch.Generator) -> Tensor:
    """The same draws with one sample through each layer: a layer caches as many inputs as its dilation.

    Args:
        net: in evaluation mode.
        count: B.
        samples: T.
        generator: of the draws, on the CPU.

    Returns:
        (B, T) whole numbers.
    """
    weight = net.input.weight
    layers = [layer for layer in net.layers if isinstance(layer, DilatedLayer)]
    caches = [weight.new_zeros(layer.dilation, count, weight.shape[0], 1) for layer in layers]
    codes = torch.zeros(count, samples, dtype=torch.long, device=weight.device)
    for t in range(samples):
        x = net.input(net.channels(codes[:, t - 1 : t]) if t else weight.new_full((count, 2, 1), START))
        skips: Tensor | float = 0.0
        for layer, cache in zip(layers, caches, strict=True):
            at = t % layer.dilation
            padded = torch.cat((cache[at], x), dim=2)
            cache[at] = x
            x, skip = layer.gated(F.conv1d(padded, layer.filter_gate.weight, layer.filter_gate.bias), x)
            skips = skips + skip
        shares = net.head(skips)[..., 0].softmax(-1).cpu()
        codes[:, t] = torch.multinomial(shares, 1, generator=generator)[:, 0].to(codes.device)
    return codes
