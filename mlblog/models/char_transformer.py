"""A deep causal transformer of characters whose every layer is asked, at every place, for the next characters.

Dimensions: B batch, T places, D width, L layers, C characters ahead, V symbols.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.attention import MultiHeadAttention
from mlblog.models.transformer import FeedForward, sinusoidal_positions


class CausalBlock(nn.Module):
    """Attention to the places so far, then a feed-forward network, each behind a norm and beside an identity.

    Args:
        width: D. heads: attention heads. hidden: width of the feed-forward layer.
    """

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attend, self.attend_norm = MultiHeadAttention(width, heads), nn.LayerNorm(width)
        self.think, self.think_norm = FeedForward(width, hidden), nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """(…, T, D) to (…, T, D); place t sees places 0 to t."""
        causal = torch.ones(x.shape[-2], x.shape[-2], dtype=torch.bool, device=x.device).tril()  # (T, T)
        x = x + self.attend(self.attend_norm(x), mask=causal)
        out: Tensor = x + self.think(self.think_norm(x))
        return out


class CharTransformer(nn.Module):
    """Scores for the next C characters, from the states of every layer and each by a classifier of its own.

    Args:
        symbols: V.
        places: T at most; each has a learned vector, at first half the sinusoidal one.
        width: D. heads: attention heads. hidden: width of the feed-forward layers. layers: L.
        ahead: C, how many of the next characters are asked for.
        again: whether places are added before every layer, each with vectors of its own; if not, before the first.

    Example:
        >>> net = CharTransformer(symbols=5, places=7, width=8, heads=2, hidden=16, layers=3, ahead=2)
        >>> net(torch.zeros(4, 7, dtype=torch.long)).shape
        torch.Size([3, 4, 7, 2, 5])

    References:
        [alrfou2019character], "multiple positions", "intermediate layer losses", "multiple targets" and "positional
        embeddings"; pre-norm.
    """

    def __init__(
        self,
        *,
        symbols: int,
        places: int,
        width: int,
        heads: int,
        hidden: int,
        layers: int,
        ahead: int = 1,
        again: bool = True,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, width)
        # Neighbours begin alike everywhere, so that a head that finds the character before does so at all places.
        waves = 0.5 * sinusoidal_positions(places, width)  # (T, D)
        self.positions = nn.Parameter(waves.repeat(layers if again else 1, 1, 1))
        self.blocks = nn.ModuleList(CausalBlock(width, heads, hidden) for _ in range(layers))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.names = nn.ModuleList(nn.Linear(width, ahead * symbols) for _ in range(layers))
        self.ahead = ahead

    def forward(self, tokens: Tensor, lowest: int = 0) -> Tensor:
        """Score the next characters.

        Args:
            tokens: (B, T) whole numbers.
            lowest: how many of the lowest layers are not asked.

        Returns:
            (L - lowest, B, T, C, V) logits: of layer l after place t, for the character c + 1 places on.

        Raises:
            ValueError: there are more places than have vectors.
        """
        if tokens.shape[1] > self.positions.shape[1]:
            raise ValueError(f"at most {self.positions.shape[1]} places expected, given {tuple(tokens.shape)}")
        x, said = self.embedding(tokens), []
        for layer, (block, norm, name) in enumerate(zip(self.blocks, self.norms, self.names, strict=True)):
            if layer < len(self.positions):
                x = x + self.positions[layer, : tokens.shape[1]]
            x = block(x)
            if layer >= lowest:
                said.append(name(norm(x)))
        logits = torch.stack(said)  # (L, B, T, C V)
        return logits.view(*logits.shape[:-1], self.ahead, logits.shape[-1] // self.ahead)


class AuxiliaryLossSchedule:
    """How much the loss of each layer counts at a step: 1 until layer l of n has had its l / (2 n) of the training.

    The last layer always counts; after half of the training it alone does.

    Args:
        layers: n.
        steps: of the training.

    Example:
        >>> schedule = AuxiliaryLossSchedule(layers=4, steps=800)
        >>> [schedule.weights(step).tolist() for step in (0, 100, 250, 300)]
        [[1.0, 1.0, 1.0, 1.0], [0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0]]

    References:
        [alrfou2019character], "intermediate layer losses".
    """

    def __init__(self, *, layers: int, steps: int) -> None:
        self.layers, self.steps = layers, steps

    def weights(self, step: int) -> Tensor:
        """The weights of the layers, from the lowest.

        Args:
            step: from 0.

        Returns:
            (L,)
        """
        layer = torch.arange(1, self.layers + 1)
        counts = step * 2 * self.layers < layer * self.steps
        counts[-1] = True
        return counts.float()


def following_nats(logits: Tensor, text: Tensor) -> Tensor:
    """What the next characters cost.

    Args:
        logits: (L, B, T, C, V), as of `CharTransformer`.
        text: (B, S) whole numbers, S = T + C: the T characters that were read, and C more.

    Returns:
        (L, B, T, C) nats: of layer l after place t, of the character c + 1 places on.
    """
    layers, _, places, ahead, symbols = logits.shape
    targets = torch.stack([text[:, c : c + places] for c in range(1, ahead + 1)], dim=-1)  # (B, T, C)
    nats = F.cross_entropy(
        logits.reshape(-1, symbols), targets.expand(layers, *targets.shape).reshape(-1), reduction="none"
    )
    return nats.view(layers, *targets.shape)
