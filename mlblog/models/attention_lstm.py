"""Two LSTMs with attention and a fixed list of answers: the paper's second rival of the pointer network.

Dimensions: B problems, N points, C coordinates, T steps, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.models.pointer_lstm import AdditivePointer, PointSequence, named


class AttentionLSTM(PointSequence):
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
        super().__init__(inputs=inputs, width=width)
        self.attend = AdditivePointer(width)
        self.name = nn.Linear(2 * width, most + 1)  # the last is the end

    def scores(self, states: Tensor, places: Tensor) -> Tensor:
        """Scores (B, T, N + 1) of names, from the states and from what they attend to."""
        attended = self.attend(states, places).softmax(-1) @ places  # (B, T, D)
        return named(self.name(torch.cat((states, attended), dim=-1)), places.shape[1])
