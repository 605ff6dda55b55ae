"""Two LSTMs with attention and a fixed list of answers: the paper's second rival of the pointer network.

Dimensions: B problems, N points, C coordinates, T steps, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.models.pointer_lstm import AdditivePointer, filled, named, previous


class AttentionLSTM(nn.Module):
    """A pointer network whose pointer only informs: what it attends to helps to choose a name from a fixed list.

        a[t] = softmax_j(v · tanh(W₁ e_j + W₂ d_t)),  c_t = Σ_j a[t, j] e_j,  p(name | t) = softmax(W [d_t; c_t] + b)

    Args:
        inputs: C.
        width: D of both LSTMs.
        most: the highest number of points that it has names for.

    Example:
        >>> net = AttentionLSTM(inputs=2, width=8, most=7)
        >>> net.answer(torch.rand(3, 5, 2)).shape
        torch.Size([3, 6])

    References:
        [bahdanau2015neural], appendix A.1.2 for the form; the second baseline of [vinyals2015pointer], section 2.2.
    """

    def __init__(self, *, inputs: int, width: int, most: int) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, width)
        self.read = nn.LSTM(width, width, batch_first=True)
        self.write = nn.LSTM(width, width, batch_first=True)
        self.start = nn.Parameter(torch.randn(width) / width**0.5)
        self.attend = AdditivePointer(width)
        self.name = nn.Linear(2 * width, most + 1)  # the last is the end

    def forward(self, points: Tensor, answers: Tensor) -> Tensor:
        """Scores (B, T, N + 1) at each step of answers (B, T), given the right places before it."""
        embedded = self.embed(points)
        places, state = self.read(embedded)
        states, _ = self.write(previous(embedded, self.start, answers), state)
        return self._scores(states, places)

    @torch.no_grad()
    def answer(self, points: Tensor) -> Tensor:
        """The likeliest name at each step, (B, N + 1); N ends an answer and fills it up."""
        embedded = self.embed(points)
        places, state = self.read(embedded)
        x = self.start.expand(len(points), 1, -1)
        chosen: list[Tensor] = []
        for _ in range(points.shape[1] + 1):
            out, state = self.write(x, state)
            chosen.append(self._scores(out, places).argmax(-1))
            x = previous(embedded, self.start, torch.cat((chosen[-1], chosen[-1]), dim=1))[:, 1:]
        return filled(torch.cat(chosen, dim=1), points.shape[1])

    def _scores(self, states: Tensor, places: Tensor) -> Tensor:
        attended = self.attend(states, places).softmax(-1) @ places  # (B, T, D)
        return named(self.name(torch.cat((states, attended), dim=-1)), places.shape[1])
