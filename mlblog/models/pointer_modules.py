"""The pointer transformer from `torch.nn` modules: the oracle for ours, and what its speed is measured against."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.models.pointer import ALPHABET, START, PointerHead, consumed_places


class ModulePointerTransformer(nn.Module):
    """`PointerTransformer` with `memory="last"`, `looks="all"` and no positions, with the blocks of `nn.Transformer`.

    Words may be padded to one length; padding is letter 27.

    Args:
        width: D.
        heads: attention heads.
        layers: blocks in the encoder and in the decoder.
        hidden: width of the feed-forward layers.
    """

    def __init__(self, *, width: int, heads: int, layers: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(ALPHABET + 2, width)
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(width, heads, hidden, dropout=0.0, batch_first=True, norm_first=True),
            layers,
            norm=nn.LayerNorm(width),
            enable_nested_tensor=False,
        )
        self.decoder = nn.TransformerDecoder(
            nn.TransformerDecoderLayer(width, heads, hidden, dropout=0.0, batch_first=True, norm_first=True),
            layers,
            norm=nn.LayerNorm(width),
        )
        self.point = PointerHead(width)

    def forward(self, letters: Tensor, words: Tensor, padding: Tensor | None = None) -> Tensor:
        """Scores of each place at each step, given the right letters before it.

        Args:
            letters: (B, N).
            words: (B, N).
            padding: (B, N), true at places of `letters` that hold none; the same places of `words` hold none either.

        Returns:
            (B, N, N) logits, minus infinity at consumed places and, for the steps of the word, at padding.
        """
        memory = self.encoder(self.embedding(letters), src_key_padding_mask=padding)
        before = torch.cat((torch.full_like(words[:, :1], START), words[:, :-1]), dim=1)
        future = torch.ones(before.shape[1], before.shape[1], dtype=torch.bool, device=words.device).triu(1)
        states = self.decoder(
            self.embedding(before), memory, tgt_mask=future, tgt_is_causal=True, memory_key_padding_mask=padding
        )
        consumed = consumed_places(letters, words[:, :-1])
        if padding is not None:  # steps past the word keep a place to point at, so that no row is empty
            consumed = consumed | (padding[:, None, :] & ~padding[:, :, None])
        scores: Tensor = self.point(states, memory, consumed)
        return scores
