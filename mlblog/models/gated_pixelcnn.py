"""Pixels said one after another by two stacks of convolutions, one for the rows above and one for the row itself.

Dimensions: B images, C channels, O numbers said of a pixel, X rows, Y columns, D width, V levels, E = `size` // 2.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.masked_conv import Head, gated, shown

#: What is said of a pixel (B, O), its row and its column to its values (B, C).
Pick = Callable[[Tensor, int, int], Tensor]


class GatedLayer(nn.Module):
    """A layer of both stacks. Neither masks anything: what is seen is only what lies above, or to the left.

    Args:
        width: D.
        size: rows and columns of the kernel that the two stacks share between them, odd.
        dropout: before the way back to the row's stack.

    References:
        [oord2016conditional], figure 2.
    """

    def __init__(self, width: int, size: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.reach = size // 2
        self.down = nn.Conv2d(width, 2 * width, (self.reach + 1, size))
        self.across = nn.Conv2d(width, 2 * width, (1, self.reach + 1))
        self.join = nn.Conv2d(2 * width, 2 * width, 1)
        self.drop, self.out = nn.Dropout(dropout), nn.Conv2d(width, width, 1)

    def forward(self, above: Tensor, left: Tensor) -> tuple[Tensor, Tensor]:
        """Pass both stacks on.

        Args:
            above: (B, D, X, Y), of the rows above.
            left: (B, D, X, Y), of the row as far as the pixel, and of the rows above.

        Returns:
            The two, (B, D, X, Y) each.
        """
        half = self.reach
        seen = self.down(F.pad(above, (half, half, half, 0)))
        return gated(seen), self.beside(F.pad(left, (half, 0)), left, self.join(seen))

    def beside(self, padded: Tensor, left: Tensor, joined: Tensor) -> Tensor:
        """Pass on the row's stack: (B, D, X, Y + E), (B, D, X, Y), (B, 2 D, X, Y) to (B, D, X, Y)."""
        branch: Tensor = self.out(self.drop(gated(self.across(padded) + joined)))
        return left + branch


class GatedPixelCNN(nn.Module):
    """Sees every earlier pixel in reach, as a convolution with a mask does not.

    Args:
        channels: C.
        outputs: O.
        levels: V.
        width: D. layers: of both stacks. size: of the kernels. dropout: in each layer.

    Raises:
        ValueError: an even size.

    Example:
        >>> net = GatedPixelCNN(1, 5, levels=5, width=8, layers=2)
        >>> net(torch.zeros(3, 1, 4, 6, dtype=torch.long)).shape
        torch.Size([3, 5, 4, 6])

    References:
        [oord2016conditional], sections 2.1 and 2.2, without labels.
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
        if size % 2 == 0:
            raise ValueError(f"a kernel with a middle expected, given {size} x {size}")
        self.channels, self.levels = channels, levels
        self.above = nn.Conv2d(channels + 1, width, 1)
        self.left = nn.Conv2d(channels + 1, width, 1)
        self.layers = nn.ModuleList(GatedLayer(width, size, dropout) for _ in range(layers))
        self.head = Head(width, outputs)

    def forward(self, pixels: Tensor) -> Tensor:
        """Say something of every pixel, given those before it.

        Args:
            pixels: (B, C, X, Y) whole numbers; what is at a pixel and after it does not count there.

        Returns:
            (B, O, X, Y)
        """
        x = shown(pixels, self.levels, self.above.weight.dtype)
        above = self.above(F.pad(x, (0, 0, 1, 0))[:, :, :-1])  # a row down: no row sees itself
        left = self.left(F.pad(x, (1, 0))[..., :-1])  # a column to the right: no pixel sees itself
        for layer in self.layers:
            above, left = layer(above, left)
        said: Tensor = self.head(left)
        return said


@torch.no_grad()
def draw_pixels(net: nn.Module, empty: Tensor, pick: Pick) -> Tensor:
    """Draw images by one whole pass of a net for each pixel.

    Args:
        net: as `GatedPixelCNN`, in evaluation mode.
        empty: (B, C, X, Y) zeros.
        pick: draws the values of a pixel.

    Returns:
        (B, C, X, Y) whole numbers.
    """
    pixels = empty.clone()
    for row in range(empty.shape[2]):
        for column in range(empty.shape[3]):
            pixels[:, :, row, column] = pick(net(pixels)[:, :, row, column], row, column)
    return pixels


@torch.no_grad()
def draw_pixels_cached(net: GatedPixelCNN, empty: Tensor, pick: Pick) -> Tensor:
    """The same draws, computing nothing twice: the upper stack once a row, the row's stack once a pixel.

    Each layer keeps the last rows that its upper stack was given, and the last pixels of its row.

    Args:
        net: in evaluation mode.
        empty: (B, C, X, Y) zeros.
        pick: draws the values of a pixel.

    Returns:
        (B, C, X, Y) whole numbers.
    """
    pixels, columns = empty.clone(), empty.shape[3]
    layers = [layer for layer in net.layers if isinstance(layer, GatedLayer)]
    count, width, half = len(empty), net.above.out_channels, layers[0].reach
    nothing = net.above.weight.new_zeros(count, empty.shape[1] + 1, 1, columns)
    rows = [nothing.new_zeros(count, width, half, columns + 2 * half) for _ in layers]
    for row in range(empty.shape[2]):
        above = net.above(shown(pixels[:, :, row - 1 : row], net.levels, nothing.dtype) if row else nothing)
        joined = []
        for at, layer in enumerate(layers):
            kept = torch.cat((rows[at], F.pad(above, (half, half))), dim=2)
            seen, rows[at] = layer.down(kept), kept[:, :, 1:]
            above = gated(seen)
            joined.append(layer.join(seen))
        passed = [nothing.new_zeros(count, width, 1, half) for _ in layers]
        for column in range(columns):
            before = pixels[:, :, row : row + 1, column - 1 : column]
            left = net.left(shown(before, net.levels, nothing.dtype) if column else nothing[..., :1])
            for at, layer in enumerate(layers):
                kept = torch.cat((passed[at], left), dim=3)
                left = layer.beside(kept, left, joined[at][..., column : column + 1])
                passed[at] = kept[..., 1:]
            pixels[:, :, row, column] = pick(net.head(left)[:, :, 0, 0], row, column)
    return pixels
