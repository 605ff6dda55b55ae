"""The rows for what draws pictures from words."""

from __future__ import annotations

import torch
from table import Row
from torch import Tensor, nn

from mlblog.models import image_tokenizer, text_to_image, text_unet, vector_quantizer

_generator = torch.Generator().manual_seed(15)
SAID = torch.tensor([[0, 3, 1], [2, 2, 4], [1, 0, 0], [4, 1, 3]])
TOKENS = torch.tensor([[0, 4], [2, 1], [3, 3], [1, 0]])
LOW = torch.tensor(0.3, dtype=torch.float64)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


def text(width: int = 8) -> text_to_image.TextConditioner:
    return text_to_image.TextConditioner(words=5, length=3, width=width, heads=2, layers=1)


class _Tokens(nn.Module):
    """What a tokenizer makes of pictures whose vectors are far from all entries but one."""

    def __init__(self) -> None:
        super().__init__()
        book = vector_quantizer.VectorQuantizer(entries=3, width=2)
        book.entries.data = 40 * torch.eye(3, 2) - 20
        self.net = image_tokenizer.ImageTokenizer(3, hidden=4, quantizer=book)

    def forward(self, images: Tensor) -> Tensor:
        made: Tensor = self.net(images)[0]
        return made


class _Told(nn.Module):
    """A denoiser that is told one level and one caption."""

    def __init__(self) -> None:
        super().__init__()
        self.net = text_unet.TextUNet(text(16), side=4, length=3, width=16, heads=2, layers=1)

    def forward(self, x: Tensor) -> Tensor:
        said: Tensor = self.net(x, LOW, SAID[:1].expand(len(x), -1))
        return said


class _Painted(nn.Module):
    """Scores of symbols for one caption that was read already."""

    def __init__(self) -> None:
        super().__init__()
        self.net = text_to_image.TokenPainter(text(), tokens=5, places=2, width=8, heads=2, layers=1)

    def forward(self, read: Tensor) -> Tensor:
        return self.net.scored(TOKENS[:1].expand(len(read), -1), read)


WORDS = [
    Row("models.text_to_image.TextConditioner", text, (SAID,), slack=2),
    Row("models.text_to_image.TokenPainter",
        lambda: text_to_image.TokenPainter(text(), tokens=5, places=2, width=8, heads=2, layers=1), (TOKENS, SAID),
        batch=(0, 0), slack=4),
    Row("models.text_to_image.TokenPainter", _Painted, (numbers(4, 3, 8),), slack=4),
    Row("models.text_to_image.reranked", lambda: text_to_image.reranked, (numbers(3, 4, 2), numbers(3, 4)),
        lambda _: lambda draws, scores: torch.cat([draws[scores[:, b].max(0).indices, b][None] for b in range(4)]),
        batch=(1, 1)),
    Row("models.text_unet.ToldBlock", lambda: text_unet.ToldBlock(8, 5), (numbers(4, 8, 3, 3), numbers(4, 5)),
        batch=(0, 0), slack=4),
    Row("models.text_unet.SeeingBlock", lambda: text_unet.SeeingBlock(8, 2), (numbers(4, 3, 8), numbers(4, 5, 8)),
        batch=(0, 0), slack=4),
    Row("models.text_unet.TextUNet", _Told, (numbers(4, 3, 4, 4),), slack=8),
    Row("models.image_tokenizer.ImageTokenizer", _Tokens, (numbers(4, 3, 8, 8),), slack=4),
]  # fmt: skip
