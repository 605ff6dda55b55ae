"""Attention as a matrix and as lines: both say the weights that they were given."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mlblog.figures import attention, style

mpl.use("Agg")
WEIGHTS = np.array([[0.9, 0.1, 0.0], [0.3, 0.65, 0.05]])


@pytest.fixture(autouse=True)
def _styled() -> Iterator[None]:
    with mpl.rc_context():
        style()
        yield
    plt.close("all")


def test_the_matrix_says_each_weight() -> None:
    matrix, _ = attention(WEIGHTS, ["a", "b"], ["x", "y", "z"]).axes
    (image,) = matrix.images
    shades = np.asarray(image.get_array())[..., 3]
    assert np.allclose(shades / shades.max(), WEIGHTS / WEIGHTS.max())
    assert shades.max() <= 0.75
    said = {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in matrix.texts}
    assert said == {(0, 0): ".9", (0, 1): ".1", (1, 0): ".3", (1, 1): ".7"}
    assert [text.get_text() for text in matrix.get_xticklabels()] == ["x", "y", "z"]
    assert [text.get_text() for text in matrix.get_yticklabels()] == ["a", "b"]


def test_a_line_joins_the_tokens_and_is_as_wide_as_its_weight() -> None:
    _, lines = attention(WEIGHTS, ["a", "b"], ["x", "y", "z"]).axes
    heights = {text.get_text(): text.get_position()[1] for text in lines.texts}
    assert list(heights) == ["a", "b", "x", "y", "z"]
    drawn = {
        (start, end): line.get_linewidth()
        for line in lines.lines
        for start in "ab"
        for end in "xyz"
        if np.allclose(line.get_ydata(), (heights[start], heights[end]))
    }
    wanted = {(start, end): WEIGHTS["ab".index(start), "xyz".index(end)] for start in "ab" for end in "xyz"}
    assert drawn.keys() == {pair for pair, weight in wanted.items() if weight >= 0.02}
    assert sorted(drawn, key=drawn.__getitem__) == sorted(drawn, key=wanted.__getitem__)


def test_one_token_is_in_the_middle() -> None:
    _, lines = attention(np.ones((1, 1)), "a", "x").axes
    assert [text.get_position()[1] for text in lines.texts] == [0.5, 0.5]


@pytest.mark.parametrize("weights", [np.ones((3, 2)), np.ones(6), -WEIGHTS, WEIGHTS * np.nan])
def test_what_is_no_attention_is_refused(weights: np.ndarray) -> None:
    with pytest.raises(ValueError, match="weights must"):
        attention(weights, ["a", "b"], ["x", "y", "z"])
