"""Pictures from words, symbol by symbol: an encoder of the words, and a decoder of a picture's symbols.

Dimensions: B batch, N words of a caption, V words that there are, P places of a picture, D width, K symbols of a
codebook.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.models.guidance import classifier_free_guidance
from mlblog.models.transformer import DecoderBlock, EncoderBlock


class TextConditioner(nn.Module):
    """Words in, a state for each of them out; one symbol more than there are words stands for a caption left out.

    Args:
        words: V.
        length: N.
        width: D. heads: of each layer. layers: how many.

    Attributes:
        no_text: the symbol, V, of which a caption left out consists.

    Example:
        >>> net = TextConditioner(words=7, length=3, width=8, heads=2, layers=1)
        >>> net(torch.tensor([[0, 6, 2]])).shape
        torch.Size([1, 3, 8])

    References:
        [nichol2022glide], section 2.4, for an encoder that is trained with the rest, and 2.3 for the empty caption.
    """

    def __init__(self, *, words: int, length: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.no_text = words
        self.embedding = nn.Embedding(words + 1, width)
        self.places = nn.Parameter(torch.randn(length, width) / 2)
        self.blocks = nn.ModuleList(EncoderBlock(width, heads, 2 * width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, words: Tensor) -> Tensor:
        """States of captions: (B, N) to (B, N, D)."""
        x = self.embedding(words) + self.places
        for block in self.blocks:
            x = block(x)
        read: Tensor = self.norm(x)
        return read

    def left_out(self, words: Tensor, lost: Tensor) -> Tensor:
        """Captions of which some are left out.

        Args:
            words: (B, N).
            lost: (B,) boolean, true where the caption goes.

        Returns:
            (B, N)
        """
        return words.masked_fill(lost[:, None], self.no_text)


class TokenPainter(nn.Module):
    """log p(t_1 … t_P | words) = Σ log p(t_i | t_<i, words) of the symbols of a picture.

    Args:
        text: reads the words, into states of width D.
        tokens: K.
        places: P.
        width: D. heads: of each layer. layers: how many.

    Example:
        >>> text = TextConditioner(words=7, length=3, width=8, heads=2, layers=1)
        >>> net = TokenPainter(text, tokens=5, places=4, width=8, heads=2, layers=1)
        >>> net(torch.zeros(2, 4, dtype=torch.long), torch.zeros(2, 3, dtype=torch.long)).shape
        torch.Size([2, 4, 5])

    References:
        [yu2022scaling], section 2, an encoder of the text and a decoder of the picture's symbols; [ramesh2021zero],
        section 2.2, has one decoder of both.
    """

    def __init__(self, text: TextConditioner, *, tokens: int, places: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.text = text
        self.embedding = nn.Embedding(tokens + 1, width)  # the last is the start
        self.places = nn.Parameter(torch.randn(places, width) / 2)
        self.blocks = nn.ModuleList(DecoderBlock(width, heads, 2 * width) for _ in range(layers))
        self.norm, self.name = nn.LayerNorm(width), nn.Linear(width, tokens)

    def forward(self, tokens: Tensor, words: Tensor) -> Tensor:
        """Score every symbol at every place.

        Args:
            tokens: (B, T), the first T of P; a place's scores ignore its own symbol and later ones.
            words: (B, N).

        Returns:
            (B, T, K) logits.
        """
        return self.scored(tokens, self.text(words))

    def scored(self, tokens: Tensor, read: Tensor) -> Tensor:
        """The same for words that were read already: (B, T), (B, N, D) to (B, T, K)."""
        start = torch.full_like(tokens[:, :1], self.name.out_features)
        x = self.embedding(torch.cat((start, tokens[:, :-1]), dim=1)) + self.places[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, read)
        logits: Tensor = self.name(self.norm(x))
        return logits


@torch.no_grad()
def draw_tokens(net: TokenPainter, words: Tensor, generator: torch.Generator, *, strength: float = 1.0) -> Tensor:
    """Draw symbols for captions, one place after another, with logits that are guided as noise is.

        ℓ(t | t_<i) + s (ℓ(t | t_<i, words) - ℓ(t | t_<i))

    Args:
        net: in evaluation mode.
        words: (B, N).
        generator: of the draws, on the CPU.
        strength: s; 1 for the logits as they are.

    Returns:
        (B, P) whole numbers.

    References:
        [yu2022scaling], section 2, for guidance of an autoregressive model.
    """
    count = len(net.places)
    drawn = torch.zeros(len(words), count, dtype=torch.long, device=words.device)
    read = net.text(words)
    unread = net.text(torch.full_like(words, net.text.no_text))
    for place in range(count):
        so_far = drawn[:, : place + 1]
        logits = net.scored(so_far, read)[:, -1]
        if strength != 1:
            logits = classifier_free_guidance(net.scored(so_far, unread)[:, -1], logits, strength=strength)
        shares = logits.softmax(-1).cpu()
        drawn[:, place] = torch.multinomial(shares, 1, generator=generator)[:, 0].to(words.device)
    return drawn


def reranked(draws: Tensor, scores: Tensor) -> Tensor:
    """Of several draws for each caption the one with the highest score, the first of equal ones.

    Args:
        draws: (M, B, …), M draws for each of B captions.
        scores: (M, B).

    Returns:
        (B, …)

    References:
        [ramesh2021zero], section 2.6, where a contrastive model gives the scores.
    """
    best = scores.argmax(0)
    return draws[best, torch.arange(len(best), device=draws.device)]
