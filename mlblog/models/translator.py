"""A recurrent encoder and decoder, with additive attention between them or one fixed vector [bahdanau2015neural].

Dimensions: B sequences, N symbols read, T symbols written, K kinds of symbol, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.models.pointer_lstm import AdditivePointer


class AdditiveAttention(nn.Module):
    """A mean of places, weighted by how a small network finds each to fit a state.

        a[j] = softmax_j(v · tanh(W₁ h_j + W₂ s)),  c = Σ_j a[j] h_j

    Args:
        width: D.

    Example:
        >>> attend = AdditiveAttention(4)
        >>> mean, weights = attend(torch.zeros(2, 4), torch.ones(2, 3, 4))
        >>> mean.shape, weights.sum(-1).allclose(torch.ones(2))
        (torch.Size([2, 4]), True)

    References:
        [bahdanau2015neural], eqs. 5 and 6, appendix A.1.2.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = AdditivePointer(width)

    def forward(self, state: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """The mean (B, D) and its weights (B, N), of states (B, D) and places (B, N, D)."""
        weights = self.score(state[:, None], places).softmax(-1)  # (B, 1, N)
        return (weights @ places).squeeze(1), weights.squeeze(1)


class Translator(nn.Module):
    """A sequence in, a sequence out.

    The encoder reads in both directions, with D / 2 units each. The decoder starts from what it has read last, and at
    each step reads the symbol before and a context: with attention, a mean of the encoder's states chosen anew; without
    it, always the encoder's last states in both directions, a vector of D numbers however long the sequence is.

    Args:
        symbols: K.
        width: D, even.
        attention: whether the decoder attends.

    Raises:
        ValueError: the width is odd.

    Example:
        >>> net = Translator(symbols=7, width=8, attention=True)
        >>> net.answer(torch.tensor([[1, 5, 2]]), length=3).shape
        torch.Size([1, 3])

    References:
        [bahdanau2015neural], section 3; without attention, [sutskever2014sequence] with the vector given at each step.
    """

    def __init__(self, *, symbols: int, width: int, attention: bool) -> None:
        super().__init__()
        if width % 2:
            raise ValueError(f"each direction has half the width; {width} is odd")
        self.embed = nn.Embedding(symbols + 1, width)  # the last is what the decoder reads first
        self.read = nn.GRU(width, width // 2, bidirectional=True, batch_first=True)
        self.begin = nn.Linear(width, width)
        self.write = nn.GRUCell(2 * width, width)
        self.attend = AdditiveAttention(width) if attention else None
        self.name = nn.Linear(2 * width, symbols)

    def forward(self, asked: Tensor, right: Tensor) -> Tensor:
        """Logits (B, T, K) of answers to asked (B, N), given the symbols of right (B, T) before each."""
        before = torch.cat((torch.full_like(right[:, :1], self.embed.num_embeddings - 1), right[:, :-1]), dim=1)
        places, context, state = self._read(asked)
        found = []
        for symbol in self.embed(before).unbind(1):
            logits, context, state, _ = self._step(symbol, places, context, state)
            found.append(logits)
        return torch.stack(found, dim=1)

    @torch.no_grad()
    def answer(self, asked: Tensor, *, length: int) -> Tensor:
        """The likeliest symbol at each step, (B, length), for asked (B, N)."""
        return self._answered(asked, length)[0]

    @torch.no_grad()
    def looks(self, asked: Tensor, *, length: int) -> Tensor:
        """Where each step of the answer to asked (B, N) attends, (B, length, N).

        Raises:
            ValueError: it has no attention.
        """
        if self.attend is None:
            raise ValueError("this network attends to nothing; build it with attention=True")
        return self._answered(asked, length)[1]

    def _answered(self, asked: Tensor, length: int) -> tuple[Tensor, Tensor]:
        places, context, state = self._read(asked)
        symbol = torch.full((len(asked),), self.embed.num_embeddings - 1, device=asked.device)
        symbols, looks = [], []
        for _ in range(length):
            logits, context, state, weights = self._step(self.embed(symbol), places, context, state)
            symbol = logits.argmax(-1)
            symbols.append(symbol)
            looks.append(weights)
        return torch.stack(symbols, dim=1), torch.stack(looks, dim=1)

    def _read(self, asked: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """States of all places (B, N, D), the last ones of both directions (B, D), and the decoder's first (B, D)."""
        places, last = self.read(self.embed(asked))
        whole = torch.cat((last[0], last[1]), dim=-1)
        return places, whole, torch.tanh(self.begin(whole))

    def _step(
        self, symbol: Tensor, places: Tensor, context: Tensor, state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Logits, context, state and weights after reading a symbol's embedding (B, D)."""
        weights = places.new_zeros(places.shape[:2])
        if self.attend is not None:
            context, weights = self.attend(state, places)
        state = self.write(torch.cat((symbol, context), dim=-1), state)
        return self.name(torch.cat((state, context), dim=-1)), context, state, weights
