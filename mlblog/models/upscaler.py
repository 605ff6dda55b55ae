"""A larger image of a smaller one: an image transformer that is given the coarse pixel over each of its own.

Dimensions: … any leading axes such as a batch, X rows and Y columns, factor F, D width, V levels of grey.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.models.image_transformer import ImageTransformer
from mlblog.models.transformer import EncoderBlock


class Upscaler(nn.Module):
    """log p(x | y) of images x, given y of X / F rows and Y / F columns.

    An encoder lets all coarse pixels see each other; what it makes of one is added to the states of the F² places
    under it.

    Args:
        decoder: says the image.
        rows: X / F. columns: Y / F.
        factor: F.
        width: D, that of the decoder. heads: of the encoder. hidden: width of its feed-forward layer.

    Example:
        >>> from mlblog.models.image_transformer import LocalAttention1d
        >>> where = LocalAttention1d(4, 6, block=6, memory=6)
        >>> decoder = ImageTransformer(where, levels=5, width=8, heads=2, hidden=16, layers=1)
        >>> net = Upscaler(decoder, rows=2, columns=3, factor=2, width=8, heads=2, hidden=16)
        >>> net(torch.zeros(3, 4, 6, dtype=torch.long), torch.zeros(3, 2, 3)).shape
        torch.Size([3, 4, 6, 5])

    References:
        [parmar2018image], section 3, where the decoder attends to the encoder's output instead.
    """

    def __init__(
        self, decoder: ImageTransformer, *, rows: int, columns: int, factor: int, width: int, heads: int, hidden: int
    ) -> None:
        super().__init__()
        self.decoder, self.factor = decoder, factor
        self.shade, self.positions = nn.Linear(1, width), nn.Parameter(torch.zeros(rows, columns, width))
        nn.init.normal_(self.positions, std=0.5)
        self.encode, self.norm = EncoderBlock(width, heads, hidden), nn.LayerNorm(width)

    def read(self, coarse: Tensor) -> Tensor:
        """What is known of each fine pixel.

        Args:
            coarse: (…, X / F, Y / F), 0 to 1.

        Returns:
            (…, X, Y, D)
        """
        x = self.shade(coarse[..., None]) + self.positions  # (…, X / F, Y / F, D)
        read: Tensor = self.norm(self.encode(x.flatten(-3, -2))).view(x.shape)
        return read.repeat_interleave(self.factor, -3).repeat_interleave(self.factor, -2)

    def forward(self, pixels: Tensor, coarse: Tensor) -> Tensor:
        """Score the levels of every pixel.

        Args:
            pixels: (…, X, Y) whole numbers.
            coarse: (…, X / F, Y / F), 0 to 1.

        Returns:
            (…, X, Y, V) logits.
        """
        logits: Tensor = self.decoder(pixels, self.read(coarse))
        return logits


def coarsened(images: Tensor, factor: int) -> Tensor:
    """The mean of each square of F x F pixels.

    Args:
        images: (…, X, Y)
        factor: F, a divisor of both.

    Returns:
        (…, X / F, Y / F)

    Example:
        >>> coarsened(torch.tensor([[1.0, 3.0, 0.0, 0.0], [5.0, 7.0, 0.0, 8.0]]), 2).tolist()
        [[4.0, 2.0]]
    """
    rows, columns = images.shape[-2:]
    squares = images.reshape(*images.shape[:-2], rows // factor, factor, columns // factor, factor)
    return squares.mean((-3, -1))
