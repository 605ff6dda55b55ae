"""An encoder whose attention knows positions by rotation, by a bias for each distance, or not at all.

Dimensions: … any leading axes such as a batch, T places, D width, H heads, K = D / H width of a head.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn

from mlblog.models.positions import rotate_by_place
from mlblog.models.transformer import FeedForward

Scores = Callable[[Tensor, Tensor, Tensor], Tensor]  # queries, keys (…, H, T, K), places (T,) to logits (…, H, T, T)


class AddsPlaces(Protocol):
    """What adds something for each place to its state, such as `mlblog.models.positions.LearnedPositions`."""

    def __call__(self, x: Tensor, start: int = 0, /) -> Tensor:
        """Add for the places from `start` on: (…, T, D) to (…, T, D)."""
        ...


def dot_scores(q: Tensor, k: Tensor, places: Tensor) -> Tensor:
    """Scores that no place enters: Q K' / sqrt(K) [vaswani2017attention, eq. 1].

    Args:
        q: (…, H, T, K) queries.
        k: (…, H, T, K) keys.
        places: (T,), not used.

    Returns:
        (…, H, T, T) logits, those of a query in a row.
    """
    return q @ k.mT / math.sqrt(q.shape[-1])


def rotary_scores(q: Tensor, k: Tensor, places: Tensor) -> Tensor:
    """Scores of rotated queries and keys, which depend on places through their differences alone.

        (R_t q_t)' (R_s k_s) / sqrt(K) = q_t' R_(s - t) k_s / sqrt(K)

    Args:
        q: (…, H, T, K) queries, K even.
        k: (…, H, T, K) keys.
        places: (T,)

    Returns:
        (…, H, T, T) logits, those of a query in a row.

    References:
        [su2021roformer], eq. 16.
    """
    return dot_scores(rotate_by_place(q, places), rotate_by_place(k, places), places)


class BiasedScores(nn.Module):
    """Scores with a learned number added for each distance, the same for all distances beyond a reach.

        Q K' / sqrt(K) + b_h[clip(s - t, -reach, reach)]

    Args:
        heads: H; each has its own numbers, zero at first.
        reach: distances that are told apart, in both directions.

    References:
        [shaw2018self], section 3.2, has the clipping, with a learned vector for each distance; the single number is
        that of [raffel2020exploring], section 2.1, there with logarithmic buckets.
    """

    def __init__(self, heads: int, reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.bias = nn.Parameter(torch.zeros(heads, 2 * reach + 1))

    def forward(self, q: Tensor, k: Tensor, places: Tensor) -> Tensor:
        """Return logits (…, H, T, T) of queries and keys (…, H, T, K) at places (T,)."""
        ahead = (places - places[:, None]).clamp(-self.reach, self.reach)  # (T, T): s - t
        return dot_scores(q, k, places) + self.bias[:, ahead + self.reach]


class PlacedBlock(nn.Module):
    """Self-attention by given scores, then a feed-forward network, each behind a norm and beside an identity.

    Args:
        width: D, a multiple of `heads`. heads: H. hidden: width of the feed-forward layer.
        scores: of queries and keys at places; a module's weights are trained with the block's.
    """

    def __init__(self, width: int, heads: int, hidden: int, scores: Scores) -> None:
        super().__init__()
        if width < 1 or heads < 1 or width % heads:
            raise ValueError(f"width must be a multiple of heads, given width {width} and heads {heads}")
        self.heads, self.scores = heads, scores
        self.project_in, self.project_out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        nn.init.xavier_uniform_(self.project_in.weight)
        self.attend_norm, self.think_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.think = FeedForward(width, hidden)

    def forward(self, x: Tensor, places: Tensor, window: int | None = None) -> Tensor:
        """Encode.

        Args:
            x: (…, T, D)
            places: (T,) whole numbers.
            window: hide keys that are more than this many places away; None hides none.

        Returns:
            (…, T, D)
        """
        parts = self.project_in(self.attend_norm(x)).chunk(3, dim=-1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(-3, -2) for part in parts)  # (…, H, T, K)
        logits = self.scores(q, k, places)
        if window is not None:
            logits = logits.masked_fill((places - places[:, None]).abs() > window, -torch.inf)
        mixed = logits.softmax(-1) @ v
        x = x + self.project_out(mixed.transpose(-3, -2).flatten(-2))
        out: Tensor = x + self.think(self.think_norm(x))
        return out


class PlacedEncoder(nn.Module):
    """Tokens in, a score for each symbol at each place out.

    Args:
        tokens: how many different ones there are.
        symbols: how many can be answered.
        width: D. heads: H. hidden: width of the feed-forward layers. layers: how many blocks.
        add: adds places to embedded tokens; None: nothing is added.
        scores: makes the scores of each block's attention.

    Example:
        >>> net = PlacedEncoder(10, 8, width=12, heads=3, hidden=16, layers=2, scores=lambda: BiasedScores(3, reach=4))
        >>> net(torch.zeros(2, 5, dtype=torch.long)).shape
        torch.Size([2, 5, 8])
    """

    def __init__(
        self,
        tokens: int,
        symbols: int,
        *,
        width: int,
        heads: int,
        hidden: int,
        layers: int,
        add: AddsPlaces | None = None,
        scores: Callable[[], Scores] = lambda: dot_scores,
    ) -> None:
        super().__init__()
        self.embedding, self.add = nn.Embedding(tokens, width), add
        self.blocks = nn.ModuleList(PlacedBlock(width, heads, hidden, scores()) for _ in range(layers))
        self.norm, self.name = nn.LayerNorm(width), nn.Linear(width, symbols)

    def forward(self, tokens: Tensor, start: int = 0, window: int | None = None) -> Tensor:
        """Score the symbols.

        Args:
            tokens: (…, T) whole numbers.
            start: the place of the first one.
            window: as in `PlacedBlock`.

        Returns:
            (…, T, symbols) logits.
        """
        x = self.embedding(tokens)
        if self.add is not None:
            x = self.add(x, start)
        places = torch.arange(start, start + tokens.shape[-1], device=tokens.device)
        for block in self.blocks:
            x = block(x, places, window)
        out: Tensor = self.name(self.norm(x))
        return out
