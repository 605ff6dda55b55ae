"""Strings and what is asked of them, by hand."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from mlblog.data.strings import BACK, NOTHING, SYMBOLS, Task, draw_strings


@pytest.mark.parametrize("task", ["copy", "back", "reverse"])
def test_answers_are_those_of_a_loop(task: Task) -> None:
    tokens, answers = draw_strings(task, count=5, size=7, rng=np.random.default_rng(0))
    assert tokens.shape == answers.shape == (5, 9)
    for row, asked in zip(tokens.tolist(), answers.tolist(), strict=True):
        assert (row[0], row[-1]) == (SYMBOLS, SYMBOLS + 1)
        assert asked[0] == asked[-1] == NOTHING
        for place in range(1, 8):
            source = {"copy": place, "back": place - BACK, "reverse": 8 - place}[task]
            assert asked[place] == (row[source] if source >= 1 else NOTHING)


def test_symbols_are_uniform_and_those_of_the_generator() -> None:
    tokens = draw_strings("copy", count=400, size=20, rng=np.random.default_rng(3)).tokens[:, 1:-1]
    share = np.bincount(tokens.ravel(), minlength=SYMBOLS) / tokens.size
    assert share == pytest.approx(np.full(SYMBOLS, 1 / SYMBOLS), abs=0.02)
    again = draw_strings("reverse", count=400, size=20, rng=np.random.default_rng(3)).tokens[:, 1:-1]
    assert (again == tokens).all()


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="given size 3"):
        draw_strings("back", count=1, size=3, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="copy, back, reverse expected, given 'sort'"):
        draw_strings(cast(Task, "sort"), count=1, size=3, rng=np.random.default_rng(0))
