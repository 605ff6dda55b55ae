"""A larger image of a smaller one: what convolutions make of the small one, plus what pixels said before make likely.

Dimensions: B images, X rows and Y columns, F factor, D width, V levels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.models.gated_pixelcnn import GatedPixelCNN, draw_pixels_cached


class Enlarger(nn.Module):
    """Convolutions over a small image, then a patch of F x F pixels for each of its own.

    Args:
        outputs: O, numbers that are said of each fine pixel.
        factor: F.
        width: D.
        layers: of 3 x 3 pixels, each with a way around it.

    Example:
        >>> Enlarger(5, factor=2, width=8, layers=2)(torch.zeros(3, 4, 6)).shape
        torch.Size([3, 5, 8, 12])
    """

    def __init__(self, outputs: int, *, factor: int, width: int, layers: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(2, width, 3, padding=1)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 1))
            for _ in range(layers)
        )
        self.grow = nn.Sequential(
            nn.ReLU(), nn.Conv2d(width, width * factor**2, 1), nn.PixelShuffle(factor), nn.ReLU(),
            nn.Conv2d(width, outputs, 1),
        )  # fmt: skip

    def forward(self, coarse: Tensor) -> Tensor:
        """Say something of every fine pixel.

        Args:
            coarse: (B, X / F, Y / F), 0 to 1.

        Returns:
            (B, O, X, Y)
        """
        x = self.first(torch.stack((2 * coarse - 1, torch.ones_like(coarse)), dim=1))  # ones tell black from no pixel
        for layer in self.layers:
            x = x + layer(x)
        said: Tensor = self.grow(x)
        return said


class PixelRecursiveSR(nn.Module):
    """log p(x | y) ∝ A(y) + B(x before), the logits of two networks added.

    Args:
        levels: V.
        factor: F.
        width: D, of both. layers: of both. dropout: in the network of the pixels before.

    Example:
        >>> net = PixelRecursiveSR(5, factor=2, width=8, layers=2)
        >>> both, alone = net(torch.zeros(3, 4, 6, dtype=torch.long), torch.zeros(3, 2, 3))
        >>> both.shape, alone.shape
        (torch.Size([3, 5, 4, 6]), torch.Size([3, 5, 4, 6]))

    References:
        [dahl2017pixel], section 3, whose loss has a second term, on the logits of A alone.
    """

    def __init__(self, levels: int, *, factor: int, width: int, layers: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.conditioned = Enlarger(levels, factor=factor, width=width, layers=layers)
        self.prior = GatedPixelCNN(1, levels, levels=levels, width=width, layers=layers, dropout=dropout)

    def forward(self, pixels: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:
        """Score the levels of every pixel.

        Args:
            pixels: (B, X, Y) whole numbers.
            coarse: (B, X / F, Y / F), 0 to 1.

        Returns:
            Logits (B, V, X, Y) of both networks together, and those of A alone.
        """
        alone = self.conditioned(coarse)
        return alone + self.prior(pixels[:, None]), alone

    @torch.no_grad()
    def draw_larger(self, coarse: Tensor, generator: torch.Generator) -> Tensor:
        """Draw an image for each coarse one.

        Args:
            coarse: (B, X / F, Y / F), 0 to 1.
            generator: of the draws, on the CPU.

        Returns:
            (B, X, Y) whole numbers.
        """
        alone = self.conditioned(coarse)

        def pick(said: Tensor, row: int, column: int) -> Tensor:
            shares = (said + alone[:, :, row, column]).softmax(-1).cpu()
            return torch.multinomial(shares, 1, generator=generator).to(said.device)

        empty = torch.zeros(len(coarse), 1, *alone.shape[2:], dtype=torch.long, device=coarse.device)
        return draw_pixels_cached(self.prior, empty, pick)[:, 0]
