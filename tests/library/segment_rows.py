"""The rows for models that read in segments."""

from __future__ import annotations

import torch
from table import Row
from torch import Tensor, nn

from mlblog.models import char_transformer, gated_transformer, transformer_xl

_generator = torch.Generator().manual_seed(8)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


class _Logits(nn.Module):
    """What a language model of one layer says after a memory."""

    def __init__(self) -> None:
        super().__init__()
        self.model = transformer_xl.TransformerXL(
            symbols=7, width=8, layers=1, memory=5, block=lambda: transformer_xl.ResidualBlock(8, 2, 12)
        )

    def forward(self, tokens: Tensor, memory: Tensor) -> Tensor:
        logits: Tensor = self.model(tokens, memory.unsqueeze(0))[0]
        return logits


AFTER_MEMORY = (numbers(4, 3, 8), numbers(4, 5, 8))
TOKENS = torch.randint(7, (4, 3), generator=_generator)
TEXT = torch.randint(7, (4, 7), generator=_generator)

SEGMENTS = [
    Row("models.transformer_xl.rel_shift", lambda: transformer_xl.rel_shift, (numbers(4, 3, 5),), leading=True),
    Row("models.transformer_xl.RelativeMultiHeadAttention", lambda: transformer_xl.RelativeMultiHeadAttention(8, 2),
        AFTER_MEMORY, batch=(0, 0), leading=True),
    Row("models.transformer_xl.ResidualBlock", lambda: transformer_xl.ResidualBlock(8, 2, 12), AFTER_MEMORY,
        batch=(0, 0), leading=True),
    Row("models.transformer_xl.TransformerXL", _Logits, (TOKENS, numbers(4, 5, 8)), batch=(0, 0)),
    Row("models.gated_transformer.GRUGate", lambda: gated_transformer.GRUGate(6), (numbers(4, 5, 6), numbers(4, 5, 6)),
        batch=(0, 0), leading=True),
    Row("models.gated_transformer.IdentityBlock", lambda: gated_transformer.IdentityBlock(8, 2, 12), AFTER_MEMORY,
        batch=(0, 0), leading=True),
    Row("models.gated_transformer.GTrXLBlock", lambda: gated_transformer.GTrXLBlock(8, 2, 12), AFTER_MEMORY,
        batch=(0, 0), leading=True),
    Row("models.char_transformer.CausalBlock", lambda: char_transformer.CausalBlock(8, 2, 12), (numbers(4, 5, 8),),
        leading=True),
    Row("models.char_transformer.CharTransformer",
        lambda: char_transformer.CharTransformer(symbols=7, places=5, width=8, heads=2, hidden=12, layers=2, ahead=2),
        (TOKENS,), out=1),
    Row("models.char_transformer.following_nats", lambda: char_transformer.following_nats,
        (numbers(3, 4, 5, 2, 7), TEXT),
        lambda _: lambda logits, text: -torch.stack([
            logits.log_softmax(-1)[:, :, :, c].gather(-1, text[:, c + 1 : c + 6].expand(3, 4, 5)[..., None])[..., 0]
            for c in range(2)
        ], -1), batch=(1, 0), out=1),
]  # fmt: skip
