"""The recurrent pointer network [vinyals2015pointer], and the network of the same layers that cannot point.

Dimensions: B problems, N points, C coordinates, T steps, D width.
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor, nn


class PointNet(Protocol):
    """What answers with places: forced along an answer in training, freely when asked."""

    def __call__(self, points: Tensor, answers: Tensor) -> Tensor:
        """Scores (B, T, N + 1) at each step of answers (B, T) to points (B, N, C), given the right places before it."""
        ...

    def answer(self, points: Tensor) -> Tensor:
        """The likeliest place at each step, (B, N + 1); N ends an answer and fills it up."""
        ...


class AdditivePointer(nn.Module):
    """Scores of every place for every step, by a small network in place of a product.

        u[t, j] = v · tanh(W₁ h_j + W₂ s_t)

    Args:
        width: D.

    References:
        [vinyals2015pointer], section 2.3; [bahdanau2015neural] for the form.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.from_place, self.from_state = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, states: Tensor, places: Tensor) -> Tensor:
        """Scores of places (B, N, D) for states (B, T, D), as (B, T, N) logits."""
        mixed = torch.tanh(self.from_place(places)[:, None] + self.from_state(states)[:, :, None])  # (B, T, N, D)
        scores: Tensor = self.score(mixed).squeeze(-1)
        return scores


class PointSequence(nn.Module):
    """An LSTM reads the points in the order given, another one writes an answer; how it chooses, a subclass says.

    The second starts in the last state of the first and reads the points that it has answered with.

    Args:
        inputs: C.
        width: D of both.

    References:
        [sutskever2014sequence].
    """

    def __init__(self, *, inputs: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Linear(inputs, width)
        self.read = nn.LSTM(width, width, batch_first=True)
        self.write = nn.LSTM(width, width, batch_first=True)
        self.start = nn.Parameter(torch.randn(width) / width**0.5)  # what the second reads first

    def scores(self, states: Tensor, places: Tensor) -> Tensor:
        """Scores (B, T, N + 1) of all places and of the end, from states (B, T, D) and those of places (B, N, D)."""
        raise NotImplementedError

    def forward(self, points: Tensor, answers: Tensor) -> Tensor:
        """Scores (B, T, N + 1) at each step of answers (B, T), given the right places before it."""
        embedded = self.embed(points)
        places, state = self.read(embedded)
        states, _ = self.write(previous(embedded, self.start, answers), state)
        return self.scores(states, places)

    @torch.no_grad()
    def answer(self, points: Tensor) -> Tensor:
        """The likeliest place at each step, (B, N + 1); N ends an answer and fills it up."""
        embedded = self.embed(points)
        places, state = self.read(embedded)
        x = self.start.expand(len(points), 1, -1)  # (B, 1, D)
        chosen: list[Tensor] = []
        for _ in range(points.shape[1] + 1):
            out, state = self.write(x, state)
            chosen.append(self.scores(out, places).argmax(-1))  # (B, 1)
            x = previous(embedded, self.start, torch.cat((chosen[-1], chosen[-1]), dim=1))[:, 1:]
        return filled(torch.cat(chosen, dim=1), points.shape[1])


class PointerLSTM(PointSequence):
    """The second LSTM points at the places that the first one has read.

    The end of an answer is one more place, with a learned state, at place N.

    Args:
        inputs: C.
        width: D of both.

    Example:
        >>> net = PointerLSTM(inputs=2, width=8)
        >>> net.answer(torch.rand(3, 5, 2)).shape  # at most five corners and the end
        torch.Size([3, 6])

    References:
        [vinyals2015pointer], section 2.3.
    """

    def __init__(self, *, inputs: int, width: int) -> None:
        super().__init__(inputs=inputs, width=width)
        self.end = nn.Parameter(torch.randn(width) / width**0.5)  # the state of the place that ends an answer
        self.point = AdditivePointer(width)

    def scores(self, states: Tensor, places: Tensor) -> Tensor:
        """Scores (B, T, N + 1): what the pointer finds at every place and at the end."""
        scores: Tensor = self.point(states, torch.cat((places, self.end.expand(len(places), 1, -1)), dim=1))
        return scores


class FixedLSTM(PointSequence):
    """The same two LSTMs with a fixed list of `most` answers: it names places by number and has nothing to point at.

    Args:
        inputs: C.
        width: D of both.
        most: the highest number of points that it has names for.

    References:
        [sutskever2014sequence], the first baseline of [vinyals2015pointer].
    """

    def __init__(self, *, inputs: int, width: int, most: int) -> None:
        super().__init__(inputs=inputs, width=width)
        self.name = nn.Linear(width, most + 1)  # the last is the end

    def scores(self, states: Tensor, places: Tensor) -> Tensor:
        """Scores (B, T, N + 1) of names, from the states alone."""
        return named(self.name(states), places.shape[1])


def named(scores: Tensor, size: int) -> Tensor:
    """Scores of the places of `size` points and of the end; points without a name cannot be answered.

    Args:
        scores: (B, T, K + 1), of K names and of the end.
        size: N.

    Returns:
        (B, T, N + 1)
    """
    most = scores.shape[-1] - 1
    unnamed = scores.new_full((*scores.shape[:2], max(0, size - most)), -torch.inf)
    return torch.cat((scores[..., : min(size, most)], unnamed, scores[..., -1:]), dim=-1)


def previous(embedded: Tensor, start: Tensor, answers: Tensor) -> Tensor:
    """What a decoder reads: `start` (D,), then the points pointed at so far; the end reads as the start does.

    Args:
        embedded: (B, N, D).
        start: (D,).
        answers: (B, T).

    Returns:
        (B, T, D)
    """
    first = start.expand(len(embedded), 1, -1)
    table = torch.cat((embedded, first), dim=1)  # (B, N + 1, D)
    read = table.gather(1, answers[:, :-1, None].expand(-1, -1, table.shape[2]))
    return torch.cat((first, read), dim=1)


def filled(answers: Tensor, end: int) -> Tensor:
    """Answers (B, T) with `end` in every place after their first `end`."""
    return answers.masked_fill((answers == end).cumsum(1) > 0, end)
