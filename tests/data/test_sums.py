"""Sums against Python's whole numbers, and reaches against a search backwards."""

from __future__ import annotations

import numpy as np
import pytest

from mlblog.data.sums import BASE, NOTHING, START, draw_sums


def number(digits: list[int]) -> int:
    return sum(digit * BASE**at for at, digit in enumerate(digits))


@pytest.mark.parametrize("size", [2, 5, 30])
def test_answers_are_the_digits_of_the_sum(size: int) -> None:
    sums = draw_sums(count=40, size=size, rng=np.random.default_rng(size))
    assert sums.tokens.shape == sums.answers.shape == sums.reach.shape == (40, size + 1)
    for tokens, answers in zip(sums.tokens.tolist(), sums.answers.tolist(), strict=True):
        assert (tokens[0], answers[0], tokens[-1]) == (START, NOTHING, 0)
        first, second = ([pair // BASE for pair in tokens[1:]], [pair % BASE for pair in tokens[1:]])
        assert number(answers[1:]) == number(first) + number(second)
        assert all(0 <= digit < BASE for digit in answers[1:])


def test_what_lies_nearer_than_the_reach_does_not_decide_and_the_reach_does() -> None:
    """Other digits at the reach change an answer; with those nearer, the carry is handed on from it."""
    sums = draw_sums(count=200, size=9, rng=np.random.default_rng(1))
    for tokens, reach in zip(sums.tokens.tolist(), sums.reach.tolist(), strict=True):
        for at in range(1, 10):
            back = 1
            while tokens[at - back] != START and sum(divmod(tokens[at - back], BASE)) == BASE - 1:
                back += 1
            assert reach[at] == back
    assert (sums.reach[:, 0] == 0).all()
    assert set(range(1, 10)) <= set(sums.reach.flatten().tolist())


def test_some_sums_hand_on_nearly_everywhere_and_some_hardly() -> None:
    tokens = draw_sums(count=2_000, size=21, rng=np.random.default_rng(2)).tokens[:, 1:-1]
    share = np.isin(tokens, (1, 2)).mean(1)  # chance q + (1 - q) / 2, with q uniform
    assert share.mean() == pytest.approx(0.75, abs=0.01)
    assert share.std() == pytest.approx(np.sqrt(1 / 48 + (3 / 16 - 1 / 48) / 20), abs=0.01)
    assert np.isin(tokens, (0, 3)).mean() == pytest.approx(0.25, abs=0.01)
    assert (tokens == 1).mean() == pytest.approx((tokens == 2).mean(), abs=0.01)


def test_a_sum_without_room_for_a_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="given size 1"):
        draw_sums(count=1, size=1, rng=np.random.default_rng(0))
