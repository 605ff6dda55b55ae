"""The blocks of an encoder and a decoder, with the normalisation inside the residual branch.

Pre-norm, x + f(LN(x)), where [vaswani2017attention] has LN(x + f(x)): it trains at a high rate with a short warm-up.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mlblog.models.attention import MultiHeadAttention


class FeedForward(nn.Sequential):
    """The same two-layer ReLU network at every place [vaswani2017attention, eq. 2]."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width))


class EncoderBlock(nn.Module):
    """Self-attention, then a feed-forward network; equivariant to the order of its input.

    Args:
        width: D. heads: attention heads. hidden: width of the feed-forward layer. dropout: rate in each branch.
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.attend, self.attend_norm = MultiHeadAttention(width, heads), nn.LayerNorm(width)
        self.think, self.think_norm = FeedForward(width, hidden), nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(…, N, D) to (…, N, D)."""
        x = x + self.drop(self.attend(self.attend_norm(x)))
        out: Tensor = x + self.drop(self.think(self.think_norm(x)))
        return out


class DecoderBlock(nn.Module):
    """Causal self-attention, attention to a memory, then a feed-forward network.

    Args:
        width: D. heads: attention heads. hidden: width of the feed-forward layer. dropout: rate in each branch.
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.attend, self.attend_norm = MultiHeadAttention(width, heads), nn.LayerNorm(width)
        self.recall, self.recall_norm = MultiHeadAttention(width, heads), nn.LayerNorm(width)
        self.think, self.think_norm = FeedForward(width, hidden), nn.LayerNorm(width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """Decode one layer.

        Args:
            x: (…, T, D); place t sees places 0 to t.
            memory: (…, N, D), normalised already.
            mask: boolean, broadcast to (…, H, T, N), true where the memory may be looked at.

        Returns:
            (…, T, D)
        """
        causal = torch.ones(x.shape[-2], x.shape[-2], dtype=torch.bool, device=x.device).tril()  # (T, T)
        x = x + self.drop(self.attend(self.attend_norm(x), mask=causal))
        x = x + self.drop(self.recall(self.recall_norm(x), memory, mask))
        out: Tensor = x + self.drop(self.think(self.think_norm(x)))
        return out


def sinusoidal_positions(length: int, width: int, device: torch.device | None = None) -> Tensor:
    """Sines and cosines of geometrically spaced frequencies, (length, width).

        P[t, 2i] = sin(t / 10000^(2i / width)),   P[t, 2i + 1] = cos(t / 10000^(2i / width))

    In float32, whose angles are off by about t / 10⁷ radians; `mlblog.models.positions.rotate_by_place` has no such
    error.

    Example:
        >>> sinusoidal_positions(2, 4)[0]
        tensor([0., 1., 0., 1.])

    References:
        [vaswani2017attention], section 3.5.
    """
    place = torch.arange(length, device=device, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10_000.0) / width))
    angle = place * rate  # (length, width / 2)
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1)[:, :width]
