"""A pointer transformer with keys that are not used up: letters that may come again, a space, an end.

Dimensions: B batch, N keys, T symbols of the answer, D width, V symbols.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.data.keys import END, LETTERS, SYMBOLS
from mlblog.models.pointer import PointerHead, consumed_places
from mlblog.models.transformer import DecoderBlock, EncoderBlock

START = SYMBOLS  # what the decoder reads first


class KeyPointer(nn.Module):
    """A bag of keys in, pointers at them out, until they point at the end.

    Differs from `PointerTransformer` in its keys only: `END` and `SPACE` can always be pointed at, and so can letters
    if `reuse` is set. Which answers make sense is left to be learned, or to the search. Block i of the decoder attends
    to block i of the encoder.

    Args:
        width: D. heads: attention heads. layers: blocks in the encoder and in the decoder. hidden: width of the
            feed-forward layers. dropout: rate in every residual branch.
        reuse: letters may be pointed at again; each is then to be given once.

    Example:
        >>> net = KeyPointer(width=8, heads=2, layers=1, hidden=16, reuse=True)
        >>> keys, word = torch.tensor([[0, 19, END]]), torch.tensor([[19, 0, 19, END]])  # a t; t a t
        >>> net(keys, word).shape
        torch.Size([1, 4, 3])
    """

    def __init__(
        self, *, width: int, heads: int, layers: int, hidden: int, dropout: float = 0.0, reuse: bool = False
    ) -> None:
        super().__init__()
        self.reuse = reuse
        self.embedding = nn.Embedding(SYMBOLS + 1, width)
        self.encoder = nn.ModuleList(EncoderBlock(width, heads, hidden, dropout) for _ in range(layers))
        self.encoder_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.decoder = nn.ModuleList(DecoderBlock(width, heads, hidden, dropout) for _ in range(layers))
        self.decoder_norm = nn.LayerNorm(width)
        self.point = PointerHead(width)

    def forward(self, keys: Tensor, answers: Tensor) -> Tensor:
        """Scores of each key at each step, given the right symbols before it: (B, N), (B, T) to (B, T, N)."""
        return self.decode(self.encode(keys), keys, answers[:, :-1])

    def encode(self, keys: Tensor) -> list[Tensor]:
        """What each decoder block attends to, for keys (B, N): `layers` tensors (B, N, D)."""
        x, memories = self.embedding(keys), []
        for block, norm in zip(self.encoder, self.encoder_norms, strict=True):
            x = block(x)
            memories.append(norm(x))
        return memories

    def decode(self, memories: list[Tensor], keys: Tensor, prefix: Tensor) -> Tensor:
        """Scores of each key after 0, 1, …, T symbols of a prefix.

        Args:
            memories: from `encode`.
            keys: (B, N), as given to `encode`.
            prefix: (B, T), the symbols so far, each taken from `keys`.

        Returns:
            (B, T + 1, N) logits, minus infinity at letters used up.
        """
        start = torch.full_like(keys[:, :1], START)
        x = self.embedding(torch.cat((start, prefix), dim=1))  # (B, T + 1, D)
        for block, memory in zip(self.decoder, memories, strict=True):
            x = block(x, memory)
        scores: Tensor = self.point(self.decoder_norm(x), memories[-1], self.closed(keys, prefix))
        return scores

    def closed(self, keys: Tensor, prefix: Tensor) -> Tensor:
        """Letters that cannot be pointed at any more: (B, N), (B, T) to (B, T + 1, N)."""
        if self.reuse:
            return keys.new_zeros(len(keys), prefix.shape[1] + 1, keys.shape[1], dtype=torch.bool)
        return consumed_places(keys, prefix) & (keys < LETTERS)[:, None]


def until_end(answers: Tensor) -> Tensor:
    """Which symbols count, those up to the first `END` and itself: (B, T) to (B, T).

    Example:
        >>> until_end(torch.tensor([[3, END, END], [3, 4, END]])).int()
        tensor([[1, 1, 0],
                [1, 1, 1]], dtype=torch.int32)
    """
    ended = (answers == END).cumsum(1)
    return (ended - (answers == END).long()) == 0
