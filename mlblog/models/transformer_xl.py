"""Attention over segments: states of the last segment as memory, and places told by distance.

Dimensions: … leading axes such as a batch, T places of a segment, M places of memory, S = M + T, D width, H heads,
K = D / H, L layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from mlblog.models.transformer import FeedForward, sinusoidal_positions


def rel_shift(scores: Tensor) -> Tensor:
    """Move scores by distance to the places of their keys.

        out[i, j] = scores[i, T - 1 - i + j]   for j ≤ S - T + i

    Column c of `scores` belongs to distance S - 1 - c, and key j lies S - T + i - j places before query i. A column of
    zeros in front makes rows one longer, so that read in rows of S each begins one column earlier than the last.

    Args:
        scores: (…, T, S), S ≥ T.

    Returns:
        (…, T, S); what belongs to keys after the query has no meaning and is to be masked.

    Raises:
        ValueError: fewer columns than rows.

    Example:
        >>> rel_shift(torch.tensor([[20, 10, 0], [21, 11, 1]]))  # query, then distance: row i has i as last digit
        tensor([[10,  0,  0],
                [21, 11,  1]])

    References:
        [dai2019transformer], appendix B.
    """
    if scores.ndim < 2 or scores.shape[-1] < scores.shape[-2]:
        raise ValueError(f"scores (…, T, S ≥ T) expected, given {tuple(scores.shape)}")
    *leading, rows, columns = scores.shape
    longer = torch.cat((scores.new_zeros(*leading, rows, 1), scores), dim=-1)  # (…, T, S + 1)
    return longer.reshape(*leading, columns + 1, rows)[..., 1:, :].reshape(scores.shape)


class RelativeMultiHeadAttention(nn.Module):
    """Causal attention to a segment and the memory before it, by content and by distance.

        score[i, j] = ((q_i + u) · k_j + (q_i + v) · W_R r_{i - j}) / sqrt(K)

    r_d is the sinusoidal vector of distance d, i and j count from the start of the memory.

    Args:
        width: D, even and a multiple of `heads`.
        heads: H.

    Example:
        >>> attend = RelativeMultiHeadAttention(width=12, heads=3)
        >>> attend(torch.zeros(2, 5, 12), torch.zeros(2, 7, 12)).shape
        torch.Size([2, 5, 12])

    References:
        [dai2019transformer], section 3.3. u and v belong to one layer here; the paper's code shares them among layers
        unless asked not to.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width < 2 or width % 2 or heads < 1 or width % heads:
            raise ValueError(f"an even width and a divisor of it as heads expected, given {width} and {heads}")
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key_value = nn.Linear(width, 2 * width, bias=False)
        self.distance = nn.Linear(width, width, bias=False)  # W_R
        self.out = nn.Linear(width, width, bias=False)
        self.u = nn.Parameter(torch.zeros(heads, 1, width // heads))
        self.v = nn.Parameter(torch.zeros(heads, 1, width // heads))

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """Let every place attend to itself, to those before it and to the memory.

        Args:
            x: (…, T, D).
            memory: (…, M, D), what lies right before `x`.

        Returns:
            (…, T, D)

        Raises:
            ValueError: the shapes do not fit.
        """
        width = self.query.in_features
        seen = x if memory is None else torch.cat((_like(memory, x, width), x), dim=-2)
        if x.ndim < 2 or x.shape[-1] != width:
            raise ValueError(f"x (…, T, {width}) expected, given {tuple(x.shape)}")
        places, keys = x.shape[-2], seen.shape[-2]
        q = self._split(self.query(x))  # (…, H, T, K)
        k, v = (self._split(part) for part in self.key_value(seen).chunk(2, dim=-1))  # (…, H, S, K)
        sines = sinusoidal_positions(keys, width, x.device).flip(0).to(x.dtype)  # distances S - 1 … 0
        r = self._split(self.distance(sines))  # (H, S, K)
        by_content = (q + self.u) @ k.mT
        by_distance = rel_shift((q + self.v) @ r.mT)
        visible = torch.ones(places, keys, dtype=torch.bool, device=x.device).tril(keys - places)
        scores = (by_content + by_distance) / math.sqrt(width // self.heads)
        mixed = scores.masked_fill(~visible, -torch.inf).softmax(-1) @ v  # (…, H, T, K)
        out: Tensor = self.out(mixed.transpose(-3, -2).flatten(-2))
        return out

    def _split(self, x: Tensor) -> Tensor:
        """(…, N, D) to (…, H, N, K)."""
        return x.view(*x.shape[:-1], self.heads, x.shape[-1] // self.heads).transpose(-3, -2)


class ResidualBlock(nn.Module):
    """Relative attention, then a feed-forward network, each added to its input and normalised after.

    Args:
        width: D. heads: H. hidden: width of the feed-forward layer.

    References:
        [dai2019transformer], section 3.3.
    """

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attend, self.attend_norm = RelativeMultiHeadAttention(width, heads), nn.LayerNorm(width)
        self.think, self.think_norm = FeedForward(width, hidden), nn.LayerNorm(width)

    def forward(self, x: Tensor, memory: Tensor | None = None) -> Tensor:
        """(…, T, D) and what lies before it, (…, M, D), to (…, T, D)."""
        x = self.attend_norm(x + self.attend(x, memory))
        out: Tensor = self.think_norm(x + self.think(x))
        return out


class TransformerXL(nn.Module):
    """A causal language model that reads a text in segments, and keeps the inputs of its layers from the last ones.

        h_l[segment s] = block_l(h_{l-1}[s], memory = the last M places of h_{l-1} before s, without gradient)

    Args:
        symbols: V, size of the vocabulary.
        width: D.
        layers: L.
        memory: M, places that each layer keeps; may be changed afterwards.
        block: makes one layer, called as `block(x, memory)`; `ResidualBlock` is the paper's.

    Example:
        >>> net = TransformerXL(symbols=7, width=8, layers=2, memory=4, block=lambda: ResidualBlock(8, 2, 16))
        >>> logits, memory = net(torch.zeros(3, 5, dtype=torch.long))
        >>> logits.shape, memory.shape
        (torch.Size([3, 5, 7]), torch.Size([2, 3, 4, 8]))

    References:
        [dai2019transformer], section 3.2. Memory begins empty, where the paper's code may begin with zeros.
    """

    def __init__(self, *, symbols: int, width: int, layers: int, memory: int, block: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.memory = memory
        self.embed = nn.Embedding(symbols, width)
        self.blocks = nn.ModuleList(block() for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.name = nn.Linear(width, symbols)
        nn.init.normal_(self.embed.weight, std=width**-0.5)

    def forward(self, tokens: Tensor, memory: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Read a segment.

        Args:
            tokens: (B, T), whole numbers below V.
            memory: (L, B, any, D) as the segment before returned it; none at the start of a text.

        Returns:
            (B, T, V) logits of the token after each, and the memory for the next segment, (L, B, at most M, D).

        Raises:
            ValueError: the shapes do not fit.
        """
        if tokens.ndim != 2:
            raise ValueError(f"tokens (B, T) expected, given {tuple(tokens.shape)}")
        if memory is not None and (len(memory) != len(self.blocks) or memory.shape[1] != len(tokens)):
            expected = (len(self.blocks), len(tokens), "M", self.norm.normalized_shape[0])
            raise ValueError(f"memory {expected} expected, given {tuple(memory.shape)}")
        x, kept = self.embed(tokens), []
        for layer, block in enumerate(self.blocks):
            before = None if memory is None else memory[layer]
            seen = x if before is None else torch.cat((before, x), dim=1)
            kept.append(seen[:, max(0, seen.shape[1] - self.memory) :].detach())
            x = block(x, before)
        return self.name(self.norm(x)), torch.stack(kept)


def _like(memory: Tensor, x: Tensor, width: int) -> Tensor:
    if memory.shape[:-2] != x.shape[:-2] or memory.shape[-1] != width:
        raise ValueError(f"memory {(*x.shape[:-2], 'M', width)} expected, given {tuple(memory.shape)}")
    return memory
