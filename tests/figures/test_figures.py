"""The style of figures: bands over seeds, labels that do not overlap, colours that can be told apart."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlblog.figures import COLOURS, band, label_lines, reference, spread, style

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _styled() -> Iterator[None]:
    with mpl.rc_context():
        style()
        yield
    plt.close("all")


def test_a_band_is_the_mean_and_the_range_over_seeds() -> None:
    _, ax = plt.subplots()
    values = np.array([[1.0, 5.0], [2.0, 1.0], [6.0, 3.0]])
    line = band(ax, np.array([10, 20]), values, "a")
    assert line.get_ydata().tolist() == [3.0, 3.0]
    corners = {tuple(point) for point in ax.collections[0].get_paths()[0].vertices.tolist()}
    assert corners == {(10, 1), (10, 6), (20, 1), (20, 5)}


def test_a_band_takes_an_interval() -> None:
    _, ax = plt.subplots()
    interval = (np.array([0.0, 0.5]), np.array([4.0, 4.5]))
    band(ax, np.array([1, 2]), np.ones((3, 2)), "a", interval=interval)
    corners = {tuple(point) for point in ax.collections[0].get_paths()[0].vertices.tolist()}
    assert corners == {(1, 0), (1, 4), (2, 0.5), (2, 4.5)}


@pytest.mark.parametrize("values", [np.ones(3), np.ones((3, 2)), np.ones((2, 4))])
def test_a_band_refuses_shapes_that_do_not_fit(values: np.ndarray) -> None:
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=r"shape \(seeds, n\)"):
        band(ax, np.arange(3), values, "a")


@given(st.lists(st.floats(-50, 50), max_size=8), st.floats(0.1, 20))
def test_spread_keeps_the_order_and_the_gap(positions: list[float], gap: float) -> None:
    at = np.sort(np.array(positions))
    moved = spread(at, gap)
    assert len(moved) == len(at)
    assert (np.diff(moved) >= gap - 1e-6).all()
    if len(at) and (np.diff(at) >= gap).all():
        assert np.allclose(moved, at)
    assert moved.sum() == pytest.approx(at.sum(), abs=1e-6)  # groups keep their centres


def test_labels_stand_at_the_lines_ends_and_do_not_overlap() -> None:
    fig, ax = plt.subplots()
    for height, name in ((0.5, "b"), (0.501, "c"), (0.1, "a")):
        ax.plot([0, 1, 2], [0, 0, height], label=name)
    ax.plot([0, 1], [0, 1], label="_not labelled")
    labels = label_lines(ax)
    fig.draw_without_rendering()
    assert [label.get_text() for label in labels] == ["a", "b", "c"]
    boxes = [label.get_window_extent() for label in labels]
    assert not any(a.overlaps(b) for a, b in pairwise(boxes))
    assert [label.get_color() for label in labels] == [ax.lines[i].get_color() for i in (2, 0, 1)]


def test_a_reference_is_no_line_to_label() -> None:
    _, ax = plt.subplots()
    ax.plot([1, 2], label="a")
    reference(ax, 1.5, "exact")
    assert [label.get_text() for label in label_lines(ax)] == ["a"]


def test_lines_differ_in_more_than_colour() -> None:
    _, ax = plt.subplots()
    lines = [ax.plot([1, 2])[0] for _ in COLOURS]
    dashes = {str(line.get_linestyle()) + str(line._dash_pattern) for line in lines}
    assert len({line.get_color() for line in lines}) == len(dashes) == 6
