"""The learning rate's shape, from its definition."""

import itertools
import math

import pytest

from mlblog.training.schedule import warmup_cosine


def test_it_rises_to_one_then_falls_towards_zero() -> None:
    rates = [warmup_cosine(step, steps=50, warmup=0.2) for step in range(50)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert max(rates) == rates[9] == rates[10] == 1
    assert all(later < earlier for earlier, later in itertools.pairwise(rates[10:]))
    assert rates[30] == pytest.approx((1 + math.cos(math.pi / 2)) / 2)
    assert 0 < rates[-1] < 0.01


def test_it_may_start_at_the_top() -> None:
    assert warmup_cosine(0, steps=5, warmup=0.0) == 1


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_short_runs_have_a_positive_rate(steps: int) -> None:
    assert all(warmup_cosine(step, steps=steps) > 0 for step in range(steps))
