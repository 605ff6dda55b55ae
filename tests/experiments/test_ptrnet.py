"""How answers of places are scored, counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mlblog.data.geometry import Problems
from mlblog.experiments.ptrnet import scores, sequence_loss

SQUARE = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0], [1.0, 0.5]])


def test_hulls_are_scored_as_counted_by_hand() -> None:
    answers = np.array(
        [
            [0, 1, 2, 3, 5, 5],  # right
            [2, 3, 0, 1, 5, 5],  # right, from another corner
            [0, 2, 1, 3, 5, 5],  # a bow tie
            [0, 1, 2, 5, 5, 5],  # half of the area
            [0, 1, 2, 3, 4, 0],  # does not end, and comes back to a point
            [3, 2, 1, 0, 5, 5],  # the wrong way round, with all of the area
            [5, 5, 5, 5, 5, 5],
        ]
    )
    right = np.array([[0, 1, 2, 3, 5, 5]] * 7)
    found = scores("hull", Problems(np.stack([SQUARE] * 7), right), answers)
    assert found["exact"] == pytest.approx(2 / 7)
    assert found["simple"] == pytest.approx(4 / 7)
    assert found["close"] == pytest.approx((1 + 1 + 1 / 2 + 1) / 4)


def test_without_a_polygon_there_is_no_area() -> None:
    problems = Problems(SQUARE[None], np.array([[0, 1, 2, 3, 5, 5]]))
    found = scores("hull", problems, np.full((1, 6), 5))
    assert math.isnan(found["close"])
    assert found["simple"] == 0


def test_orders_are_scored_as_counted_by_hand() -> None:
    numbers = np.array([[[0.3], [0.1], [0.2]]] * 3)
    answers = np.array([[1, 2, 0, 3], [1, 0, 2, 3], [1, 2, 2, 3]])
    found = scores("sort", Problems(numbers, np.array([[1, 2, 0, 3]] * 3)), answers)
    assert found["exact"] == pytest.approx(1 / 3)
    assert found["simple"] == pytest.approx(2 / 3)
    assert found["close"] == pytest.approx((3 + 1 + 2) / 9)


def test_the_loss_counts_places_and_the_first_end() -> None:
    logits = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0))
    answers = torch.tensor([[2, 3, 3, 3], [1, 0, 2, 3]])
    log_probs = logits.log_softmax(-1)
    counted = [log_probs[0, 0, 2], log_probs[0, 1, 3], *(log_probs[1, t, j] for t, j in enumerate([1, 0, 2, 3]))]
    assert sequence_loss(logits, answers).item() == pytest.approx(-sum(map(float, counted)) / 6)
