"""The worst and the best example are those of the values, and what is drawn is theirs."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pytest

from mlblog import figures

VALUES = [0.45, 0.9, 0.1, 0.9, 0.6, 0.1]  # mean 0.508


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize(
    ("high_is_best", "numbers", "titles"),
    [
        (False, [1, 0, 2], ["worst: 0.90", "nearest the mean: 0.45", "best: 0.10"]),
        (True, [2, 0, 1], ["worst: 0.10", "nearest the mean: 0.45", "best: 0.90"]),
    ],
)
def test_examples_are_picked_by_their_values(high_is_best: bool, numbers: list[int], titles: list[str]) -> None:
    drawn = []
    figure = figures.extremes(
        np.array(VALUES), lambda ax, i: drawn.append((ax, i)), label="error", high_is_best=high_is_best
    )
    panels = figure.axes[:3]
    assert drawn == [*zip(panels, numbers, strict=True)]
    assert [panel.get_title() for panel in panels] == titles
    marks = [line.get_xdata()[0] for line in figure.axes[3].get_lines() if line.get_marker() == "v"]
    assert marks == [VALUES[number] for number in numbers]


def test_all_values_show_with_their_mean() -> None:
    figure = figures.extremes(np.array(VALUES), lambda ax, i: None, label="error (nats)")
    below = figure.axes[3]
    assert below.get_xlabel() == "error (nats); the mean of 6 is 0.51"
    ticks = next(line for line in below.get_lines() if line.get_marker() == "|")
    assert sorted(ticks.get_xdata()) == sorted(VALUES)
    [mean] = [line for line in below.get_lines() if line.get_label() == "_mean"]
    assert mean.get_xdata()[0] == pytest.approx(3.05 / 6)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([1.0, 2.0], r"three or more, got \(2,\)"),
        ([[1.0, 2.0, 3.0]], r"three or more, got \(1, 3\)"),
        ([1.0, float("nan"), 2.0], "finite, got nan as number 1"),
        ([1.0, 2.0, float("inf")], "finite, got inf as number 2"),
    ],
)
def test_values_that_cannot_be_ranked_are_refused(values: list[float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        figures.extremes(np.array(values), lambda ax, i: None, label="error")
