"""Strings and what is asked of them, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mlblog.data.strings import BACK, NOTHING, SYMBOLS, draw_strings


def test_answers_are_those_of_a_loop() -> None:
    tokens, answers = draw_strings(count=5, size=7, rng=np.random.default_rng(0))
    assert tokens.shape == answers.shape == (5, 9)
    for row, asked in zip(tokens.tolist(), answers.tolist(), strict=True):
        assert (row[0], row[-1]) == (SYMBOLS, SYMBOLS + 1)
        assert asked[0] == asked[-1] == NOTHING
        for place in range(1, 8):
            assert asked[place] == (row[place - BACK] if place > BACK else NOTHING)


def test_symbols_are_uniform() -> None:
    tokens = draw_strings(count=400, size=20, rng=np.random.default_rng(3)).tokens[:, 1:-1]
    share = np.bincount(tokens.ravel(), minlength=SYMBOLS) / tokens.size
    assert share == pytest.approx(np.full(SYMBOLS, 1 / SYMBOLS), abs=0.02)


def test_a_string_of_which_nothing_is_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="given size 3"):
        draw_strings(count=1, size=3, rng=np.random.default_rng(0))
