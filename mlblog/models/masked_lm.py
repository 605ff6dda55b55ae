"""A masked language model for strings of one length, and every mask that could be drawn for it.

Letters are hidden by a symbol of their own, and the model is asked for them. There are few enough masks to enumerate.

Dimensions: B strings, T places, V letters, H width, M masks.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.transformer import EncoderBlock, sinusoidal_positions


class Masks(NamedTuple):
    """All masks of a distribution, with their probabilities.

    Attributes:
        hidden: (M, T) boolean, true where a letter is hidden.
        p: (M,) probabilities.
    """

    hidden: Tensor
    p: Tensor


def masks_of_size(places: int, size: int) -> Masks:
    """Every mask that hides `size` of `places` letters, all equally probable.

    Raises:
        ValueError: a size outside 1 to `places`.

    Example:
        >>> masks_of_size(3, 2).hidden.int().tolist()
        [[1, 1, 0], [1, 0, 1], [0, 1, 1]]
    """
    if not 1 <= size <= places:
        raise ValueError(f"1 to {places} hidden letters expected, given {size}")
    chosen = torch.tensor(list(combinations(range(places), size)))
    hidden = torch.zeros(len(chosen), places, dtype=torch.bool).scatter_(1, chosen, value=True)
    return Masks(hidden, torch.full((len(chosen),), 1 / len(chosen)))


def masks_by_coin(places: int, rate: float) -> Masks:
    """Every mask but the empty one, where each letter is hidden with probability `rate`, given that one is.

    Raises:
        ValueError: a rate outside (0, 1).

    Example:
        >>> masks_by_coin(2, 0.5).p.tolist()
        [0.3333333432674408, 0.3333333432674408, 0.3333333432674408]

    References:
        [devlin2019bert], section 3.1, hides 15 % of the tokens.
    """
    if not 0 < rate < 1:
        raise ValueError(f"a rate in (0, 1) expected, given {rate}")
    hidden = torch.cat([masks_of_size(places, size).hidden for size in range(1, places + 1)])
    sizes = hidden.sum(1).double()
    p = rate**sizes * (1 - rate) ** (places - sizes)
    return Masks(hidden, (p / p.sum()).float())


class MaskedLM(nn.Module):
    """Scores of every letter at every place of a string of which some letters are hidden.

    Three linear layers with GELUs between them. No weights are shared between places, so that the norm of the
    gradient for one string has a formula.

    Args:
        letters: V.
        places: T.
        width: H.

    Example:
        >>> net = MaskedLM(letters=5, places=3, width=7)
        >>> words = torch.tensor([[0, 4, 2], [1, 1, 3]])
        >>> net(words, torch.tensor([[True, False, False], [False, True, True]])).shape
        torch.Size([2, 3, 5])

    References:
        The objective is that of [devlin2019bert], section 3.1, task 1; every hidden letter is replaced by the mask,
        none by another letter or itself.
    """

    def __init__(self, *, letters: int, places: int, width: int) -> None:
        super().__init__()
        self.letters = letters
        sizes = (places * (letters + 1), width, width, places * letters)
        self.layers = nn.ModuleList(nn.Linear(inside, outside) for inside, outside in pairwise(sizes))

    def forward(self, words: Tensor, hidden: Tensor) -> Tensor:
        """(…, T) letters and (…, T) booleans to (…, T, V) logits."""
        return self.trace(words, hidden)[-1][1].view(*words.shape, self.letters)

    def trace(self, words: Tensor, hidden: Tensor) -> list[tuple[Tensor, Tensor]]:
        """What goes into each linear layer and what comes out of it, from the first to the last."""
        shown = words.masked_fill(hidden, self.letters)
        kinds = torch.arange(self.letters + 1, device=words.device)
        x = (shown[..., None] == kinds).to(next(self.parameters()).dtype).flatten(-2)  # (…, T (V + 1))
        seen: list[tuple[Tensor, Tensor]] = []
        for layer in self.layers:
            if seen:
                x = F.gelu(x)
            y = layer(x)
            seen.append((x, y))
            x = y
        return seen


class MaskedTransformer(nn.Module):
    """The same by attention: weights are shared between places, as in the networks that are used for text.

    Args:
        letters: V.
        places: T.
        width: H.
        heads: attention heads.
        layers: blocks, with feed-forward layers of twice the width.

    Example:
        >>> net = MaskedTransformer(letters=5, places=3, width=8, heads=2, layers=1)
        >>> net(torch.tensor([[0, 4, 2]]), torch.tensor([[True, False, False]])).shape
        torch.Size([1, 3, 5])

    References:
        [devlin2019bert], section 3; pre-norm.
    """

    def __init__(self, *, letters: int, places: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.letters = letters
        self.embedding = nn.Embedding(letters + 1, width)
        self.positions = nn.Parameter(0.5 * sinusoidal_positions(places, width))
        self.blocks = nn.ModuleList(EncoderBlock(width, heads, 2 * width) for _ in range(layers))
        self.norm, self.names = nn.LayerNorm(width), nn.Linear(width, letters)

    def forward(self, words: Tensor, hidden: Tensor) -> Tensor:
        """(…, T) letters and (…, T) booleans to (…, T, V) logits."""
        x = self.embedding(words.masked_fill(hidden, self.letters)) + self.positions
        for block in self.blocks:
            x = block(x)
        logits: Tensor = self.names(self.norm(x))
        return logits
