"""Figures for a light and a dark ground: legible on both, unchanged by being drawn, the same bytes every time."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgba_array

from mlblog.press.kernel.figure import GROUND, INK, contrast, draw, on_ground

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def rgb(text: str) -> np.ndarray:
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def hexes(svg: str) -> set[str]:
    return set(re.findall(r"#[0-9a-f]{6}", svg))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    # from published tables of WCAG contrast
    [
        ("#000000", "#ffffff", 21.0),
        ("#767676", "#ffffff", 4.54),
        ("#0000ff", "#ffffff", 8.59),
        ("#777777", "#777777", 1),
    ],
)
def test_contrast_is_that_of_wcag(first: str, second: str, expected: float) -> None:
    assert contrast(rgb(first), rgb(second)) == pytest.approx(expected, abs=0.005)


@given(st.tuples(*[st.floats(0, 1)] * 3), st.sampled_from(["light", "dark"]), st.sampled_from([3.0, 4.5]))
def test_colours_reach_the_contrast_asked_for(colour: tuple[float, ...], scheme: str, minimum: float) -> None:
    rgba = np.array([*colour, 0.7])
    mapped = on_ground(scheme, rgba, minimum)
    assert mapped[3] == 0.7
    assert ((mapped >= 0) & (mapped <= 1)).all()
    if np.ptp(rgba[:3]) > 0.08:
        assert contrast(mapped[:3], GROUND[scheme]) >= minimum
    elif scheme == "light":
        assert np.array_equal(mapped, rgba)


def test_black_becomes_ink_and_white_becomes_ground() -> None:
    assert np.allclose(on_ground("dark", np.array([0, 0, 0, 1.0]), 4.5)[:3], INK["dark"])
    assert np.allclose(on_ground("dark", np.array([1, 1, 1, 1.0]), 4.5)[:3], GROUND["dark"])
    assert contrast(INK["dark"], GROUND["dark"]) > 7


def line_figure() -> plt.Figure:
    fig, ax = plt.subplots()
    ax.plot([1, 2, 3], [0.1, 0.7, 0.3], color="#ffff00", label="loss")
    ax.axhline(0.5, color="black")
    ax.text(1, 0.2, "here", color="#E69F00")
    ax.set(title="Title", xlabel="step", ylabel="nats")
    return fig


def test_the_dark_rendering_has_no_black_and_the_light_one_no_pale_text() -> None:
    drawn = draw(line_figure())
    assert not {colour for colour in hexes(drawn["dark"]) if contrast(rgb(colour), GROUND["dark"]) < 1.2}
    assert "#000000" not in hexes(drawn["dark"])
    groups = ElementTree.fromstring(drawn["light"]).iter("{http://www.w3.org/2000/svg}g")
    texts = [group for group in groups if group.get("id", "").startswith("text_")]
    fills = [re.search(r"fill: (#\w+)", ElementTree.tostring(text).decode()) for text in texts]
    assert len(texts) > 8
    assert all(contrast(rgb(fill[1]), GROUND["light"]) >= 4.5 for fill in fills if fill)


def test_text_is_outlines_that_need_no_font() -> None:
    svg = draw(line_figure())["dark"]
    assert {"Title", "step", "nats", "here"} <= {*re.findall(r"<!-- (.*?) -->", svg)}
    assert "font" not in svg
    assert not [*ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_smallest_lettering_is_told() -> None:
    figure = line_figure()
    figure.axes[0].text(1, 1, "small", fontsize=6.5)
    figure.axes[0].text(1, 1, "hidden", fontsize=4, visible=False)
    figure.axes[0].text(1, 1, " ", fontsize=3)
    assert draw(figure)["lettering"] == "6.5"


def test_geometry_is_written_to_a_hundredth_of_a_point() -> None:
    figure, axes = plt.subplots()
    axes.plot(np.linspace(0, 1, 50), np.random.default_rng(1).normal(size=50))
    geometry = re.findall(r' (?:d|x|y)="([^"]*)"', draw(figure)["light"])
    assert len(" ".join(geometry)) > 1000
    assert not re.findall(r"\d\.\d{3}", " ".join(geometry))


def test_drawing_changes_nothing_about_the_figure() -> None:
    fig = line_figure()
    fig.canvas.draw()  # makes the ticks
    before = [(text.get_text(), text.get_color()) for text in fig.findobj(mpl.text.Text)]
    line = fig.axes[0].lines[0].get_color()
    first = draw(fig)
    assert [(text.get_text(), text.get_color()) for text in fig.findobj(mpl.text.Text)] == before
    assert fig.axes[0].lines[0].get_color() == line
    assert draw(fig) == first


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert draw(line_figure()) == draw(line_figure())
    assert "Matplotlib v" not in draw(line_figure())["light"]
    assert "<dc:date>" not in draw(line_figure())["light"]


def test_what_data_colours_is_left_alone() -> None:
    fig, ax = plt.subplots()
    ax.scatter([1, 2, 3], [1, 2, 3], c=[0, 1, 2], cmap="gray")
    mesh = ax.pcolormesh(np.arange(12.0).reshape(3, 4), cmap="gray")
    ax.axis("off")
    shades = {mpl.colors.to_hex(colour) for colour in to_rgba_array(mesh.cmap(np.linspace(0, 1, 12)))}
    drawn = draw(fig)
    assert shades <= hexes(drawn["light"]) | {"#000000"}
    assert hexes(drawn["light"]) == hexes(drawn["dark"])


@pytest.mark.parametrize(
    ("on", "kept"), [("pixels", True), ("cells", True), ("see-through pixels", False), ("nothing", False)]
)
def test_text_on_colours_that_are_data_keeps_its_own(on: str, kept: bool) -> None:
    fig, ax = plt.subplots()
    ax.set(xlim=(-1, 3), ylim=(-1, 3))
    colours = np.full((2, 2, 4), 0.3)
    colours[..., 3] = 1.0 if on == "pixels" else 0.5
    if on == "cells":
        ax.pcolormesh(np.arange(3) - 0.5, np.arange(3) - 0.5, np.ones((2, 2)))
    elif on != "nothing":
        ax.imshow(colours, extent=(-0.5, 1.5, -0.5, 1.5))
    ax.annotate("on it", (2.5, 2.5), xytext=(0.5, 0.5), color="white", ha="center")
    ax.text(2.5, 0.5, "beside it", color="white", ha="center")
    dark = draw(fig)["dark"].lower()
    assert ("#ffffff" in dark) == kept
    assert "#1e2129" in dark


def test_the_data_are_those_drawn_and_rules_are_not_data() -> None:
    rows = list(csv.reader(io.StringIO(draw(line_figure())["data"])))
    assert rows[0] == ["panel", "series", "x", "y"]
    assert [(name, series, float(x), float(y)) for name, series, x, y in rows[1:]] == [
        ("Title", "loss", 1.0, 0.1),
        ("Title", "loss", 2.0, 0.7),
        ("Title", "loss", 3.0, 0.3),
    ]


@pytest.mark.parametrize("loc", ["left", "center", "right"])
def test_a_panel_is_named_by_its_title_wherever_that_stands(loc: str) -> None:
    fig, (first, second) = plt.subplots(1, 2)
    first.plot([3, 4])
    second.plot([5, 6])
    second.set_title("Second", loc=loc)
    rows = list(csv.reader(io.StringIO(draw(fig)["data"])))[1:]
    assert [row[0] for row in rows] == ["1", "1", "Second", "Second"]


def test_bars_are_data_too() -> None:
    fig, ax = plt.subplots()
    ax.bar(["a", "b"], [3, 5], label="count")
    rows = list(csv.reader(io.StringIO(draw(fig)["data"])))[1:]
    assert [(float(x), float(y)) for _, _, x, y in rows] == [(0.0, 3.0), (1.0, 5.0)]


def test_a_figure_without_lines_has_no_data() -> None:
    fig, ax = plt.subplots()
    ax.imshow(np.eye(3))
    assert draw(fig)["data"] == ""


def test_the_arrow_of_an_annotation_follows_the_scheme() -> None:
    fig, ax = plt.subplots()
    ax.set_axis_off()
    note = ax.annotate("", (1, 1), (0, 0), arrowprops={"arrowstyle": "->", "color": "black"})
    drawn = draw(fig)
    assert "#000000" not in hexes(drawn["dark"])
    assert "#e8eaee" in hexes(drawn["dark"])
    assert note.arrow_patch is not None
    assert note.arrow_patch.get_edgecolor() == (0.0, 0.0, 0.0, 1.0)  # and is as it was


def test_both_grounds_have_one_layout() -> None:
    figure = plt.figure(layout="tight")  # an engine whose every run moves the axes a little
    figure.add_subplot(projection="3d").plot([0, 1], [0, 1], [0, 1])
    drawn = draw(figure)
    sizes = [re.search(r'viewBox="([^"]+)"', drawn[scheme]) for scheme in GROUND]
    assert sizes[0] is not None
    assert sizes[1] is not None
    assert sizes[0][1] == sizes[1][1]


def colours(svg: str) -> list[str]:
    # where a colour is black, Matplotlib says so only in some places
    return [colour for colour in re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", svg) if colour != "#000000"]


def test_drawing_once_gives_the_colours_of_drawing_for_each_ground() -> None:
    def figure() -> plt.Figure:
        fig = line_figure()
        ax = fig.axes[0]
        ax.fill_between([1, 2, 3], [0.1, 0.2, 0.1], color="#56B4E9", alpha=0.3)
        ax.scatter([1, 2], [0.2, 0.3], c=[0.0, 1.0])
        ax.scatter([1, 2], [0.3, 0.4], c=["#CC79A7", "black"], edgecolors="white")
        ax.annotate("note", (1, 0.5), (2, 0.6), arrowprops={"arrowstyle": "->"}, bbox={"facecolor": "0.9"})
        ax.legend()
        return fig

    once, each = figure(), figure()
    each.axes[0].set_rasterization_zorder(-1000)  # nothing is below it, but something might be
    once_drawn, each_drawn = draw(once), draw(each)
    for scheme in GROUND:
        assert colours(once_drawn[scheme]) == colours(each_drawn[scheme])
    assert len(set(colours(once_drawn["dark"]))) > 8


def test_what_is_rasterised_follows_the_ground_too() -> None:
    fig, ax = plt.subplots()
    ax.plot(np.arange(100) % 7, color="black", rasterized=True)
    drawn = draw(fig)
    images = {scheme: re.search(r'href="(data:image/png[^"]+)', drawn[scheme]) for scheme in ("light", "dark")}
    assert images["light"] is not None
    assert images["dark"] is not None
    assert images["light"][1] != images["dark"][1]


def test_contours_follow_the_ground_where_their_colours_are_given() -> None:
    grid = np.add.outer(np.arange(5.0), np.arange(5.0))
    figure, ax = plt.subplots()
    ax.axis("off")
    lines = ax.contour(grid, levels=[3], colors="black")
    mapped = ax.contourf(grid, levels=[0, 1, 2], cmap="viridis")
    before = lines.get_array().tolist(), lines.get_edgecolor().tolist()
    drawn = draw(figure)
    ink = "#" + "".join(f"{round(255 * level):02x}" for level in INK["dark"])
    assert "#000000" not in hexes(drawn["dark"])
    assert ink in hexes(drawn["dark"])
    assert hexes(drawn["light"]) - hexes(drawn["dark"]) <= {"#000000"}  # a colour map is data
    assert (lines.get_array().tolist(), lines.get_edgecolor().tolist()) == before
    assert len(mapped.get_array()) == 2


@pytest.mark.parametrize(
    ("marker", "edges"),
    [("o", None), ("o", "face"), ("o", "#0072B2"), ("s", "none"), ("x", None), ("+", None), ("1", None)],
)
def test_a_scatter_has_the_colours_that_it_was_given(marker: str, edges: str | None) -> None:
    figure, ax = plt.subplots()
    ax.axis("off")
    ax.scatter([0, 1, 2], [0, 1, 0], c=["#D55E00", "#D55E00", "#009E73"], marker=marker, edgecolors=edges)
    given = {"#d55e00", "#009e73"} | ({edges.lower()} if edges == "#0072B2" else set())
    drawn = hexes(draw(figure)["light"])
    assert drawn <= given
    assert "#d55e00" in drawn
