"""Answers to questions about tables against NumPy's masks, and what is asked how often."""

from __future__ import annotations

import numpy as np
import pytest

from mlblog.data.questions import ASKED, COLUMNS, WORDS, answer, draw_questions


@pytest.mark.parametrize("compared", [True, False])
def test_answers_are_those_of_masks(compared: bool) -> None:
    asked = draw_questions(count=200, rows=5, compared=compared, rng=np.random.default_rng(1))
    assert asked.tables.shape == (200, 5, COLUMNS)
    for table, words, pivot, found in zip(*asked, strict=True):
        what, of, how, other = (WORDS[word] for word in words)
        here = np.ones(5, dtype=bool)
        if compared:
            column = table[:, int(other[-1])]
            here = {"above": column > pivot, "below": column < pivot}[how]
        if what == "count":
            assert of == "nothing"
            assert found == here.sum()
            continue
        values = np.where(here, table[:, int(of[-1])], 0)
        assert found == pytest.approx(values.sum() if what == "sum" else values.max())


def test_questions_are_equally_likely() -> None:
    words = draw_questions(count=6_000, rows=2, compared=True, rng=np.random.default_rng(2)).words
    names = np.array(WORDS)[words]
    for name in ASKED:
        assert (names[:, 0] == name).mean() == pytest.approx(1 / 3, abs=0.03)
    assert (names[:, 2] == "above").mean() == pytest.approx(1 / 2, abs=0.03)
    for column in range(COLUMNS):
        assert (names[:, 3] == f"column {column}").mean() == pytest.approx(1 / 3, abs=0.03)
        assert (names[names[:, 0] == "sum", 1] == f"column {column}").mean() == pytest.approx(1 / 3, abs=0.04)
    plain = draw_questions(count=50, rows=2, compared=False, rng=np.random.default_rng(3)).words
    assert (plain[:, 2:] == WORDS.index("nothing")).all()


def test_of_no_rows_the_sum_and_the_maximum_are_nothing() -> None:
    table = np.full((2, 3), 0.5)
    for what in ("sum", "max"):
        assert answer(table, [what, "column 1", "above", "column 0"], 0.7) == 0
    assert answer(table, ["count", "nothing", "above", "column 0"], 0.7) == 0
    with pytest.raises(ValueError, match="given rows 0"):
        draw_questions(count=1, rows=0, compared=True, rng=np.random.default_rng(0))
