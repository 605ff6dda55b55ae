"""The pointer transformer of the anagrams over points: the order-free rival of the recurrent pointer network.

Dimensions: B problems, N points, C coordinates, T steps, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.models.pointer import PointerHead
from mlblog.models.pointer_lstm import filled, previous
from mlblog.models.transformer import DecoderBlock, EncoderBlock


class PointTransformer(nn.Module):
    """Points as a set in, pointers at them out. Reordering the points reorders the answer and changes nothing else.

    The end of an answer is one more place, at N, which the encoder sees as well.

    Args:
        inputs: C. width: D. heads: attention heads. layers: blocks in the encoder and in the decoder. hidden: width of
            the feed-forward layers.

    Example:
        >>> net = PointTransformer(inputs=1, width=8, heads=2, layers=1, hidden=16)
        >>> net(torch.rand(3, 5, 1), torch.zeros(3, 6, dtype=torch.long)).shape
        torch.Size([3, 6, 6])
    """

    def __init__(self, *, inputs: int, width: int, heads: int, layers: int, hidden: int) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, width)
        self.start = nn.Parameter(torch.randn(width) / width**0.5)
        self.end = nn.Parameter(torch.randn(width) / width**0.5)
        self.encoder = nn.ModuleList(EncoderBlock(width, heads, hidden) for _ in range(layers))
        self.encoder_norm = nn.LayerNorm(width)
        self.decoder = nn.ModuleList(DecoderBlock(width, heads, hidden) for _ in range(layers))
        self.decoder_norm = nn.LayerNorm(width)
        self.point = PointerHead(width)

    def forward(self, points: Tensor, answers: Tensor) -> Tensor:
        """Scores (B, T, N + 1) at each step of answers (B, T), given the right places before it."""
        embedded, memory = self._encode(points)
        return self._decode(embedded, memory, answers)

    @torch.no_grad()
    def answer(self, points: Tensor) -> Tensor:
        """The likeliest place at each step, (B, N + 1); N ends an answer and fills it up."""
        embedded, memory = self._encode(points)
        chosen = torch.zeros(len(points), 0, dtype=torch.long, device=points.device)
        for _ in range(points.shape[1] + 1):
            unknown = chosen.new_zeros(len(points), 1)  # read by no step
            scores = self._decode(embedded, memory, torch.cat((chosen, unknown), dim=1))
            chosen = torch.cat((chosen, scores[:, -1:].argmax(-1)), dim=1)
        return filled(chosen, points.shape[1])

    def _encode(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Embedded points (B, N, D) and states of all places (B, N + 1, D)."""
        embedded = self.embed(points)
        x = torch.cat((embedded, self.end.expand(len(points), 1, -1)), dim=1)
        for block in self.encoder:
            x = block(x)
        return embedded, self.encoder_norm(x)

    def _decode(self, embedded: Tensor, memory: Tensor, answers: Tensor) -> Tensor:
        x = previous(embedded, self.start, answers)
        for block in self.decoder:
            x = block(x, memory)
        open_ = torch.zeros(1, 1, 1, dtype=torch.bool, device=x.device)  # no place is ever used up
        scores: Tensor = self.point(self.decoder_norm(x), memory, open_)
        return scores
