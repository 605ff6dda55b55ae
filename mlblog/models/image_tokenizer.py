"""Pictures as a grid of symbols from one codebook, and back.

Dimensions: B batch, C channels, S side of a picture in pixels, G = S / 4 side of the grid, K entries of the codebook,
Z features of an entry.
"""

from __future__ import annotations

from torch import Tensor, nn

from mlblog.models.vector_quantizer import Quantized, VectorQuantizer

_FACTOR = 4


class ImageTokenizer(nn.Module):
    """An autoencoder by convolutions whose code is G × G entries of one codebook, each over about 4 × 4 pixels.

    Args:
        channels: C.
        hidden: channels between layers.
        quantizer: of vectors of Z features.

    Example:
        >>> import torch
        >>> net = ImageTokenizer(3, hidden=5, quantizer=VectorQuantizer(entries=7, width=2))
        >>> made, quantized = net(torch.rand(6, 3, 8, 8))
        >>> made.shape, quantized.codes.shape
        (torch.Size([6, 3, 8, 8]), torch.Size([6, 2, 2]))

    References:
        [oord2017neural], section 4.1, with a residual block less; [ramesh2021zero], section 2.1, for what it is for.
    """

    def __init__(self, channels: int, *, hidden: int, quantizer: VectorQuantizer) -> None:
        super().__init__()
        self.quantizer = quantizer
        width = quantizer.entries.shape[1]
        self.encoder = nn.Sequential(
            nn.Conv2d(channels, hidden, 4, stride=2, padding=1), nn.SiLU(),
            nn.Conv2d(hidden, 2 * hidden, 4, stride=2, padding=1), nn.SiLU(),
            nn.Conv2d(2 * hidden, width, 1),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Conv2d(width, 2 * hidden, 3, padding=1), nn.SiLU(),
            nn.ConvTranspose2d(2 * hidden, hidden, 4, stride=2, padding=1), nn.SiLU(),
            nn.ConvTranspose2d(hidden, channels, 4, stride=2, padding=1),
        )  # fmt: skip

    def encode(self, images: Tensor) -> Tensor:
        """The vectors before quantisation: (B, C, S, S) to (B, G, G, Z).

        Raises:
            ValueError: S is not a multiple of 4.
        """
        if images.shape[-1] % _FACTOR or images.shape[-2] % _FACTOR:
            raise ValueError(f"sides that are multiples of {_FACTOR} expected, given {tuple(images.shape[-2:])}")
        vectors: Tensor = self.encoder(images)
        return vectors.movedim(1, -1)

    def decode(self, codes: Tensor) -> Tensor:
        """What codes say: (B, G, G) to (B, C, S, S)."""
        return self._decoded(self.quantizer.entries[codes])

    def forward(self, images: Tensor) -> tuple[Tensor, Quantized]:
        """Pictures (B, C, S, S) as made from their codes, (B, C, S, S), and the codes (B, G, G)."""
        quantized = self.quantizer(self.encode(images))
        return self._decoded(quantized.vectors), quantized

    def _decoded(self, vectors: Tensor) -> Tensor:
        made: Tensor = self.decoder(vectors.movedim(-1, 1))
        return made
