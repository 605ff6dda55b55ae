"""What the page reads out of a figure: values, intervals, and places that agree with the drawing."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from rendering import html, page, shown

from mlblog.figures import band, style
from mlblog.press.kernel.figure import draw
from mlblog.press.kernel.output import FIGURE
from mlblog.press.kernel.plotted import MOST, plain

mpl.use("Agg")
X = np.array([1.0, 2.0, 4.0])


@pytest.fixture(autouse=True)
def _styled() -> Iterator[None]:
    with mpl.rc_context():
        style()
        yield
    plt.close("all")


def read(figure: Figure) -> dict[str, Any]:
    return json.loads(draw(figure)["interactive"]["files"]["values.json"])  # type: ignore[no-any-return]


def rows(figure: Figure) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(draw(figure)["data"])))


def paths(svg: str, length: int) -> list[list[list[float]]]:
    """Points of the drawn paths with straight lines through this many points."""
    found = []
    for steps in re.findall(r'<path d="(M [^"]*)"', svg):
        if set(re.findall("[A-Za-z]", steps)) == {"M", "L"}:
            numbers = [float(one) for one in re.findall(r"-?[\d.]+", steps)]
            found.append([numbers[i : i + 2] for i in range(0, len(numbers), 2)])
    return [one for one in found if len(one) == length]


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
@pytest.mark.parametrize("dpi", [72, 150])
def test_points_are_where_they_are_drawn(scale: str, dpi: int) -> None:
    fig, (left, right) = plt.subplots(1, 2, dpi=dpi)
    left.plot(X, [3.0, 0.5, 2.0])
    left.set(yscale=scale, ylabel="y")
    right.plot(X, [1.0, 5.0, 2.5], label="other")
    right.set(xscale=scale, title="Right")
    drawn = draw(fig)
    found = json.loads(drawn["interactive"]["files"]["values.json"])
    places = [series["at"] for panel in found["panels"] for series in panel["series"]]
    assert len(places) == 2
    for place in places:
        assert any(np.allclose(place, one, atol=0.1) for one in paths(drawn["light"], 3))
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn["light"])
    assert box is not None
    assert found["size"] == pytest.approx([float(box[1]), float(box[2])], abs=0.02)


def test_a_line_of_a_band_has_its_interval_and_another_has_none() -> None:
    fig, ax = plt.subplots()
    band(ax, X, np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 8.0]]), "a")
    band(ax, X, np.array([[10.0, 20.0, 30.0]]), "b", interval=(X, X * 30))
    ax.plot(X, X, label="alone")
    a, b, alone = read(fig)["panels"][0]["series"]
    assert (a["y"], a["ends"][1:]) == (["2.0", "3.0", "5.5"], [["2.0", "4.0"], ["3.0", "8.0"]])
    assert b["ends"] == [["1", "30"], ["2", "60"], ["4", "120"]]
    assert "ends" not in alone
    assert [(float(one["low"]), float(one["high"])) for one in rows(fig)[:3]] == [(1, 3), (2, 4), (3, 8)]
    assert [one["low"] for one in rows(fig)[6:]] == [""] * 3


def test_a_band_of_another_line_is_not_taken() -> None:
    fig, ax = plt.subplots()
    (line,) = ax.plot(X, [50.0, 60.0, 70.0])
    ax.fill_between(X, X, X + 1, color=line.get_color(), alpha=0.2)
    assert "ends" not in read(fig)["panels"][0]["series"][0]
    assert list(rows(fig)[0]) == ["panel", "series", "x", "y"]


def test_error_bars_are_intervals() -> None:
    fig, ax = plt.subplots()
    ax.errorbar(X, [5.0, 6.0, 7.0], yerr=[[1, 2, 3], [0.5, 1, 1.5]], xerr=0.1, label="bars", capsize=3)
    [series] = read(fig)["panels"][0]["series"]
    assert series["name"] == "bars"
    assert series["ends"] == [["4.00", "5.50"], ["4.00", "7.00"], ["4.00", "8.50"]]


def test_numbers_are_as_fine_as_their_axis() -> None:
    fig, (wide, narrow, log) = plt.subplots(1, 3)
    wide.plot([0.123456, 5e5], [1234.5678, 9999.123])
    narrow.plot([0, 1], [0.912345, 0.913579])
    log.plot([1, 50_000], [1.23456e-7, -0.0])
    log.set(xscale="log")
    first, second, third = (panel["series"][0] for panel in read(fig)["panels"])
    assert (first["x"], first["y"]) == (["0", "500,000"], ["1,235", "9,999"])
    assert second["y"] == ["0.912345", "0.913579"]
    assert third["x"] == ["1", "50,000"]


def test_minus_signs_and_categories_are_those_of_the_page() -> None:
    fig, ax = plt.subplots()
    ax.plot(["few", "many"], [-1.5, 2.25])
    [series] = read(fig)["panels"][0]["series"]
    assert series["x"] == ["few", "many"]
    assert series["y"] == ["\N{MINUS SIGN}1.50", "2.25"]


def test_what_does_not_show_is_not_read() -> None:
    fig, ax = plt.subplots()
    ax.plot([1, 2, 3, 4], [1, np.nan, 5, 100], label="a")
    ax.axhline(2)
    ax.set(ylim=(0, 10))
    [series] = read(fig)["panels"][0]["series"]
    assert series["x"] == ["1", "3"]
    fig, ax = plt.subplots()
    ax.imshow(np.eye(3))
    assert "interactive" not in draw(fig)
    fig, ax = plt.subplots()
    ax.plot(np.zeros(MOST + 1))
    assert "interactive" not in draw(fig)


def test_words_of_formulas() -> None:
    assert plain(r"$\pi - \pi_D$ of $\Lambda^{2}$") == "π \N{MINUS SIGN} πD of Λ2"
    assert plain(r"$\lambda$, cost in \$") == r"λ, cost in \$"
    assert plain("5 $") == "5 $"


def test_the_panel_above_takes_the_words_of_the_axis_that_it_shares() -> None:
    fig, axes = plt.subplots(2, 1, sharex=True)
    for ax in axes:
        ax.plot(X, X)
    axes[1].set(xlabel="steps")
    assert [panel["x"] for panel in read(fig)["panels"]] == ["steps", "steps"]


def test_the_page_keeps_the_values_beside_the_picture() -> None:
    fig, ax = plt.subplots()
    ax.plot(X, X)
    output = shown(**{FIGURE.replace("/", "__"): draw(fig)})
    made = page('```python alt="A." label="line"\nx\n```\n', [output])
    assert "a-post/line-lines-values.json" in made.files
    found = html(made)
    assert re.search(r'<div class="mlblog-interactive mlblog-lines">\s*<p><img alt="A."', found)
    assert re.search(r'<a [^>]*href="a-post/line-lines-values.json"', found)
