"""The discrepancy against loops, and against what it is for two Gaussians."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mlblog.numerics.discrepancy import mmd_squared


def test_it_is_the_sum_over_pairs() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(count, 3, dtype=torch.float64, generator=generator) for count in (4, 5))

    def kernel(a: Tensor, b: Tensor) -> float:
        return math.exp(-sum((float(p) - float(q)) ** 2 for p, q in zip(a, b, strict=True)) / (2 * 0.7**2))

    within_x = sum(kernel(x[i], x[j]) for i in range(4) for j in range(4) if i != j) / (4 * 3)
    within_y = sum(kernel(y[i], y[j]) for i in range(5) for j in range(5) if i != j) / (5 * 4)
    between = sum(kernel(a, b) for a in x for b in y) / 20
    expected = within_x + within_y - 2 * between
    assert mmd_squared(x, y, bandwidth=0.7).item() == pytest.approx(expected, abs=1e-12)


def test_for_gaussians_it_is_near_its_closed_form() -> None:
    """E k(x, y) of N(0, 1) and N(m, 1) is h / √(h² + 2) · exp(-m² / 2 (h² + 2)), on a line."""
    generator = torch.Generator().manual_seed(1)
    x, y = (shift + torch.randn(3_000, 1, dtype=torch.float64, generator=generator) for shift in (0.0, 1.5))
    level = 0.8 / math.sqrt(0.8**2 + 2)
    expected = 2 * level * (1 - math.exp(-(1.5**2) / (2 * (0.8**2 + 2))))
    assert mmd_squared(x, y, bandwidth=0.8).item() == pytest.approx(expected, abs=0.02)
    assert abs(mmd_squared(x[:1_500], x[1_500:], bandwidth=0.8).item()) < 0.003


def test_one_point_has_no_pair() -> None:
    with pytest.raises(ValueError, match="two points"):
        mmd_squared(torch.zeros(1, 2), torch.zeros(3, 2), bandwidth=1.0)
    with pytest.raises(ValueError, match="h > 0"):
        mmd_squared(torch.zeros(2, 2), torch.zeros(3, 2), bandwidth=0.0)
