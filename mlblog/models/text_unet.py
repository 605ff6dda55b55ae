"""A network that says what noise is in a picture, given how much there is and a caption.

Dimensions: B batch, C channels of a picture, S its side in pixels, P = (S / 4)² places at the bottom, N words, D width.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.attention import MultiHeadAttention
from mlblog.models.text_to_image import TextConditioner
from mlblog.models.transformer import FeedForward

_WAVES, _GROUPS = 16, 4


class ToldBlock(nn.Module):
    """Two convolutions beside the identity, scaled and shifted by what the network is told about the picture.

    Args:
        channels: of input and output, a multiple of 4.
        width: D, of what is told.

    References:
        [dhariwal2021diffusion], section 3.1: scale and shift after a group norm.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(_GROUPS, channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.told = nn.Linear(width, 2 * channels)

    def forward(self, x: Tensor, told: Tensor) -> Tensor:
        """(B, E, S, S) with E channels, and what is told (B, D), to (B, E, S, S)."""
        scale, shift = self.told(told)[..., None, None].chunk(2, dim=1)
        inner = self.first(F.silu(self.norm(x) * (1 + scale) + shift))
        out: Tensor = x + self.second(F.silu(inner))
        return out


class SeeingBlock(nn.Module):
    """The decoder's block of a transformer without its causal mask: all places see each other, and the words.

    Args:
        width: D. heads: attention heads.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attend, self.attend_norm = MultiHeadAttention(width, heads), nn.LayerNorm(width)
        self.recall, self.recall_norm = MultiHeadAttention(width, heads), nn.LayerNorm(width)
        self.think, self.think_norm = FeedForward(width, 2 * width), nn.LayerNorm(width)

    def forward(self, x: Tensor, read: Tensor) -> Tensor:
        """One layer: (B, P, D), (B, N, D) to (B, P, D)."""
        x = x + self.attend(self.attend_norm(x))
        x = x + self.recall(self.recall_norm(x), read)
        out: Tensor = x + self.think(self.think_norm(x))
        return out


class TextUNet(nn.Module):
    """Convolutions down to a quarter of the side, attention to each other and to the words there, convolutions back.

    The network gives v = √a ε - √(1 - a) x₀, which is near the noise where there is little of it and near the picture,
    turned round, where there is little else; the noise that it says is ε = √(1 - a) x + √a v.

    Args:
        text: reads the words, into states of width D.
        side: S, a multiple of 4.
        length: N.
        width: D, a multiple of 16; the first convolutions have D / 4 channels. heads: of each layer.
        layers: how many at the bottom.
        channels: C.

    Example:
        >>> text = TextConditioner(words=7, length=3, width=16, heads=2, layers=1)
        >>> net = TextUNet(text, side=8, length=3, width=16, heads=2, layers=1)
        >>> net(torch.zeros(2, 3, 8, 8), torch.tensor(0.5), torch.zeros(2, 3, dtype=torch.long)).shape
        torch.Size([2, 3, 8, 8])

    Raises:
        ValueError: a side or a width that does not divide.

    References:
        [nichol2022glide], section 2.4: attention to the words, and what they say together beside the level;
        [salimans2022progressive], section 4, for v.
    """

    def __init__(
        self, text: TextConditioner, *, side: int, length: int, width: int, heads: int, layers: int, channels: int = 3
    ) -> None:
        super().__init__()
        if side % 4 or width % 16:
            raise ValueError(f"a side by 4 and a width by 16 expected, given {side} and {width}")
        few, more, self.bottom = width // 4, width // 2, side // 4
        self.text = text
        self.level, self.whole = nn.Linear(2 * _WAVES, width), nn.Linear(length * width, width)
        self.enter, self.wide = nn.Conv2d(channels, few, 3, padding=1), ToldBlock(few, width)
        self.halve, self.narrow = nn.Conv2d(few, more, 4, stride=2, padding=1), ToldBlock(more, width)
        self.quarter = nn.Conv2d(more, width, 4, stride=2, padding=1)
        self.places = nn.Parameter(torch.randn(self.bottom**2, width) / 2)
        self.blocks = nn.ModuleList(SeeingBlock(width, heads) for _ in range(layers))
        self.rise, self.narrow_up = nn.ConvTranspose2d(width, more, 4, stride=2, padding=1), ToldBlock(more, width)
        self.widen, self.wide_up = nn.ConvTranspose2d(more, few, 4, stride=2, padding=1), ToldBlock(few, width)
        self.leave = nn.Conv2d(few, channels, 3, padding=1)

    def forward(self, x: Tensor, level: Tensor, words: Tensor) -> Tensor:
        """The noise in pictures.

        Args:
            x: (B, C, S, S).
            level: the share of variance that is kept, a scalar or one of each picture with three more axes.
            words: (B, N).

        Returns:
            (B, C, S, S)
        """
        return self.noise(x, level, self.text(words))

    def noise(self, x: Tensor, level: Tensor, read: Tensor) -> Tensor:
        """The same for words that were read already.

        Args:
            x: (B, C, S, S).
            level: the share of variance that is kept, a scalar or one of each picture with three more axes.
            read: (B, N, D), states of the words.

        Returns:
            (B, C, S, S)
        """
        level = level.to(x)
        # the angle whose cosine is √a, in 0 to π / 2, by waves of it
        angle = level.sqrt().clamp(max=1).acos().reshape(-1, 1).expand(len(x), 1)
        turns = angle * torch.arange(1, _WAVES + 1, device=x.device) * (2 / math.pi)
        told = F.silu(self.level(torch.cat((turns.sin(), turns.cos()), dim=-1)) + self.whole(read.flatten(1)))
        wide = self.wide(self.enter(x), told)
        middle = self.narrow(self.halve(wide), told)
        h = self.quarter(middle).flatten(2).mT + self.places  # (B, P, D)
        for block in self.blocks:
            h = block(h, read)
        h = h.mT.unflatten(2, (self.bottom, self.bottom))
        h = self.narrow_up(self.rise(h) + middle, told)
        h = self.wide_up(self.widen(h) + wide, told)
        v = self.leave(F.silu(h))
        said: Tensor = (1 - level).sqrt() * x + level.sqrt() * v
        return said
