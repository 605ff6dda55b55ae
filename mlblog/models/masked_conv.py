"""Convolutions that see only pixels said before, row by row: as a mask on one kernel, and what that leaves unseen.

Dimensions: B images, C channels in, O channels out, X rows, Y columns, D width, V levels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MaskedConv2d(nn.Conv2d):
    """A square convolution whose weights for later pixels are zero: those below, and those to the right in its row.

    Args:
        channels: C.
        outputs: O.
        size: rows and columns of the kernel, odd.
        here: whether the pixel's own place is seen: not in a first layer, where it holds the pixel that is to be said.

    Raises:
        ValueError: an even size.

    Example:
        >>> MaskedConv2d(1, 1, 3, here=False).mask
        tensor([[1., 1., 1.],
                [1., 0., 0.],
                [0., 0., 0.]])

    References:
        [oord2016conditional], section 2.
    """

    mask: Tensor

    def __init__(self, channels: int, outputs: int, size: int, *, here: bool) -> None:
        if size % 2 == 0:
            raise ValueError(f"a kernel with a middle expected, given {size} x {size}")
        super().__init__(channels, outputs, size, padding=size // 2)
        before = torch.arange(size * size) < size * size // 2 + here
        self.register_buffer("mask", before.view(size, size).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, X, Y) to (B, O, X, Y)."""
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


def gated(x: Tensor) -> Tensor:
    """Half of the channels, through tanh, times a gate made of the others: (B, 2 D, X, Y) to (B, D, X, Y).

    Example:
        >>> gated(torch.tensor([[[[9.0]], [[0.0]]]])).round(decimals=2)
        tensor([[[[0.5000]]]])

    References:
        [oord2016conditional], eq. 2.
    """
    signal, gate = x.chunk(2, dim=1)
    return signal.tanh() * gate.sigmoid()


def shown(pixels: Tensor, levels: int, dtype: torch.dtype) -> Tensor:
    """Levels as numbers from -1 to 1, and a channel of ones, which tells a black pixel from none.

    Args:
        pixels: (B, C, X, Y) whole numbers, 0 to V - 1.
        levels: V.
        dtype: of the result.

    Returns:
        (B, C + 1, X, Y)
    """
    numbers = pixels.to(dtype) * (2 / (levels - 1)) - 1
    return torch.cat((numbers, torch.ones_like(numbers[:, :1])), dim=1)


class Head(nn.Sequential):
    """What is said of each pixel, made of its state: (B, D, X, Y) to (B, O, X, Y).

    Args:
        width: D.
        outputs: O.
    """

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__(nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, outputs, 1))


class MaskedLayer(nn.Module):
    """A masked convolution, its gate, and a way around it.

    Args:
        width: D.
        size: of the kernel.
        dropout: in the branch.
    """

    def __init__(self, width: int, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.look = MaskedConv2d(width, 2 * width, size, here=True)
        self.drop, self.out = nn.Dropout(dropout), nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, D, X, Y) to (B, D, X, Y)."""
        branch: Tensor = self.out(self.drop(gated(self.look(x))))
        return x + branch


class PixelCNN(nn.Module):
    """One stack of masked convolutions. It never sees what lies above to the right at less than 45 degrees.

    A step from layer to layer goes at most as far to the right as `size` // 2, and only if it also goes a row up.

    Args:
        channels: C.
        outputs: O, numbers that are said of each pixel.
        levels: V.
        width: D. layers: after the first. size: of the kernels. dropout: in each layer.

    Example:
        >>> net = PixelCNN(1, 5, levels=5, width=8, layers=2)
        >>> net(torch.zeros(3, 1, 4, 6, dtype=torch.long)).shape
        torch.Size([3, 5, 4, 6])

    References:
        [oord2016conditional], section 2.2, on its blind spot; with the gates of section 2.1.
    """

    def __init__(
        self,
        channels: int,
        outputs: int,
        *,
        levels: int,
        width: int,
        layers: int,
        size: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.levels = levels
        self.first = MaskedConv2d(channels + 1, width, size, here=False)
        self.layers = nn.Sequential(*(MaskedLayer(width, size, dropout) for _ in range(layers)))
        self.head = Head(width, outputs)

    def forward(self, pixels: Tensor) -> Tensor:
        """Say something of every pixel, given those before it.

        Args:
            pixels: (B, C, X, Y) whole numbers; what is at a pixel and after it does not count there.

        Returns:
            (B, O, X, Y)
        """
        said: Tensor = self.head(self.layers(self.first(shown(pixels, self.levels, self.first.weight.dtype))))
        return said
