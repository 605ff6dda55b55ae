"""The rows for models that say images pixel by pixel."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from table import Row
from torch import Tensor, nn

from mlblog.models import image_transformer, upscaler

_generator = torch.Generator().manual_seed(12)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


def in_squares() -> image_transformer.BlockAttention:
    return image_transformer.LocalAttention2d(2, 6, block=(2, 3), memory=(0, 1))


def decoder() -> image_transformer.ImageTransformer:
    return image_transformer.ImageTransformer(in_squares(), levels=5, width=8, heads=2, hidden=12, layers=1)


class _Read(nn.Module):
    """What an upscaler makes of a coarse image."""

    def __init__(self) -> None:
        super().__init__()
        self.net = upscaler.Upscaler(decoder(), rows=1, columns=3, factor=2, width=8, heads=2, hidden=12)

    def forward(self, coarse: Tensor) -> Tensor:
        return self.net.read(coarse)


QKV = tuple(numbers(4, 3, 12, 5) for _ in range(3))  # (B, H, T, K)
IMAGES = torch.randint(5, (4, 2, 6), generator=_generator)

PICTURES = [
    Row("models.image_transformer.LocalAttention1d",
        lambda: image_transformer.LocalAttention1d(2, 6, block=12, memory=0), QKV,
        lambda _: lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), batch=(0, 0, 0),
        leading=True, slack=2),
    Row("models.image_transformer.LocalAttention2d", in_squares, QKV, batch=(0, 0, 0), leading=True, slack=2),
    Row("models.image_transformer.ImageBlock", lambda: image_transformer.ImageBlock(8, 2, 12, in_squares()),
        (numbers(4, 12, 8),), leading=True),
    Row("models.image_transformer.ImageTransformer", decoder, (IMAGES, numbers(4, 2, 6, 8)), batch=(0, 0),
        leading=True),
    Row("models.upscaler.Upscaler", _Read, (numbers(4, 1, 3).sigmoid(),), leading=True),
    Row("models.upscaler.coarsened", lambda: lambda x: upscaler.coarsened(x, 2), (numbers(4, 6, 8),),
        lambda _: lambda x: F.avg_pool2d(x, 2), leading=True),
]  # fmt: skip
