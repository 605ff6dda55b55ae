"""A transformer that spells a word by pointing at letters of its input [vinyals2015pointer].

Dimensions: B batch, N letters given, T letters spelled, D width.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.transformer import DecoderBlock, EncoderBlock, sinusoidal_positions

ALPHABET = 26
START = ALPHABET  # what the decoder reads before the first letter


class PointerHead(nn.Module):
    """Scores of every place in the input, for every step of the output.

        u[t, j] = (W s_t) · (V h_j) / sqrt(D),   p(j | t) = softmax over the places that are left

    Args:
        width: D.

    References:
        [vinyals2015pointer], section 2.3, with a scaled dot product instead of v · tanh(W s_t + V h_j).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, states: Tensor, places: Tensor, consumed: Tensor) -> Tensor:
        """Score each place for each state.

        Args:
            states: (…, T, D), of the decoder.
            places: (…, N, D), states of the letters.
            consumed: boolean, broadcast to (…, T, N), true where a place is used up.

        Returns:
            (…, T, N) logits, minus infinity where `consumed` is true.
        """
        scores: Tensor = self.query(states) @ self.key(places).mT / math.sqrt(states.shape[-1])
        return scores.masked_fill(consumed, -torch.inf)


class PointerTransformer(nn.Module):
    """Letters as a set in, pointers at them out, each place used once.

    The encoder has no positions: reorder the letters, and its states are reordered likewise. The decoder reads the
    letters spelled so far; unless `positions` is set, only its causal mask tells it their order.

    All words of a batch have one length, so there is no padding anywhere.

    Args:
        width: D. heads: attention heads. layers: blocks in the encoder and in the decoder. hidden: width of the
            feed-forward layers. dropout: rate in every residual branch.
        memory: what decoder block i attends to: encoder block i ("layerwise") or the last one ("last"), as in
            [vaswani2017attention].
        looks: the letters that the decoder attends to: "all", or only those "left" to spell.
        positions: add sinusoidal positions to the decoder's input.

    Example:
        >>> net = PointerTransformer(width=8, heads=2, layers=1, hidden=16)
        >>> letters, word = torch.tensor([[0, 1, 2]]), torch.tensor([[2, 0, 1]])
        >>> net(letters, word).softmax(-1)[0, 2].detach()  # after c and a, only b is left
        tensor([0., 1., 0.])
    """

    def __init__(
        self,
        *,
        width: int,
        heads: int,
        layers: int,
        hidden: int,
        dropout: float = 0.0,
        memory: Literal["layerwise", "last"] = "layerwise",
        looks: Literal["all", "left"] = "all",
        positions: bool = False,
    ) -> None:
        super().__init__()
        self.memory, self.looks, self.positions = memory, looks, positions
        self.embedding = nn.Embedding(ALPHABET + 1, width)
        self.encoder = nn.ModuleList(EncoderBlock(width, heads, hidden, dropout) for _ in range(layers))
        self.encoder_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.decoder = nn.ModuleList(DecoderBlock(width, heads, hidden, dropout) for _ in range(layers))
        self.decoder_norm = nn.LayerNorm(width)
        self.point = PointerHead(width)

    def forward(self, letters: Tensor, words: Tensor) -> Tensor:
        """Scores of each place at each step, given the right letters before it: (B, N), (B, T) to (B, T, N)."""
        return self.decode(self.encode(letters), letters, words[:, :-1])

    def encode(self, letters: Tensor) -> list[Tensor]:
        """What each decoder block attends to, for letters (B, N): `layers` tensors (B, N, D)."""
        x, memories = self.embedding(letters), []
        for block, norm in zip(self.encoder, self.encoder_norms, strict=True):
            x = block(x)
            memories.append(norm(x))
        return memories if self.memory == "layerwise" else memories[-1:] * len(memories)

    def decode(self, memories: list[Tensor], letters: Tensor, prefix: Tensor) -> Tensor:
        """Scores of each place after 0, 1, …, T letters of a prefix.

        Args:
            memories: from `encode`.
            letters: (B, N), as given to `encode`.
            prefix: (B, T), the letters spelled so far, each taken from `letters`.

        Returns:
            (B, T + 1, N) logits, minus infinity at consumed places.
        """
        consumed = consumed_places(letters, prefix)  # (B, T + 1, N)
        start = torch.full_like(letters[:, :1], START)
        x = self.embedding(torch.cat((start, prefix), dim=1))  # (B, T + 1, D)
        if self.positions:
            x = x + sinusoidal_positions(x.shape[1], x.shape[2], x.device)
        mask = ~consumed[:, None] if self.looks == "left" else None
        for block, memory in zip(self.decoder, memories, strict=True):
            x = block(x, memory, mask)
        scores: Tensor = self.point(self.decoder_norm(x), memories[-1], consumed)
        return scores


def consumed_places(letters: Tensor, prefix: Tensor) -> Tensor:
    """Which places are used up after 0, 1, …, T letters of a prefix; of equal letters the first is used first.

    Args:
        letters: (B, N).
        prefix: (B, T).

    Returns:
        (B, T + 1, N) boolean.

    Example:
        >>> consumed_places(torch.tensor([[4, 4, 9]]), torch.tensor([[4]])).int()
        tensor([[[0, 0, 0],
                 [1, 0, 0]]], dtype=torch.int32)
    """
    same = letters[:, :, None] == letters[:, None, :]  # (B, N, N)
    copies_before = same.tril(-1).sum(2)  # (B, N): equal letters at earlier places
    spelled = (prefix[:, :, None] == letters[:, None, :]).cumsum(1)  # (B, T, N): copies spelled so far
    return copies_before[:, None] < F.pad(spelled, (0, 0, 1, 0))
