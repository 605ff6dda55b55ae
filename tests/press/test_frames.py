"""A figure in frames: each frame of the one file is the picture that it is alone, and what they share is there once."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from mlblog.figures import frames, style
from mlblog.press.kernel.figure import draw
from mlblog.press.kernel.frames import draw_frames, merged

mpl.use("Agg")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _styled() -> Iterator[None]:
    with mpl.rc_context():
        style()
        yield
    plt.close("all")


def lines(ax: Axes, n: int) -> None:
    """More artists in each frame, and some that stay."""
    ax.plot([0, 1], [0, 1], label="stays")
    for k in range(n):
        ax.plot([0, 1], [k, n], marker="o")
    ax.set(xlim=(0, 1), ylim=(0, 5), title=f"frame {n}", xlabel="x")
    ax.annotate(f"{n}", (0.5, n), arrowprops={"arrowstyle": "->"})


def bars(ax: Axes, n: int) -> None:
    ax.bar(["a", "b"], [n, 2 * n], color=["C0", "C1"])
    ax.set(ylim=(0, 10))


def pixels(ax: Axes, n: int) -> None:
    ax.imshow(np.arange(12).reshape(3, 4) % (n + 1), vmin=0, vmax=5)


def emptier(ax: Axes, n: int) -> None:
    ax.set(xlim=(0, 1), ylim=(0, 1))
    if n % 2:
        ax.text(0.5, 0.5, "here")


def panels(n: int) -> Figure:
    figure, (left, right) = plt.subplots(1, 2)
    lines(left, n)
    bars(right, n)
    return figure


def flat(svg: str | ElementTree.Element) -> list[tuple[str, dict[str, str], str]]:
    """What an SVG draws, in order: without names of groups, which count artists, and with what refers to a name
    replaced by what has it."""
    root = ElementTree.fromstring(svg) if isinstance(svg, str) else svg
    names = {one.get("id"): one for one in root.iter() if one.get("id")}
    shown: list[tuple[str, dict[str, str], str]] = []

    def take(one: ElementTree.Element) -> None:
        if one.tag in (f"{SVG}defs", f"{SVG}metadata"):
            return
        own = {}
        for name, value in one.attrib.items():
            if name == "id" or name.startswith("data-"):
                continue
            for target in re.findall(r"^#(.+)|url\(#(.+?)\)", value):
                value = content(names["".join(target)])
            own[name] = value.replace(";display:none", "").replace("display:none", "")
        shown.append((one.tag, {name: value for name, value in own.items() if value}, (one.text or "").strip()))
        for child in one:
            take(child)

    take(root)
    return shown


def content(one: ElementTree.Element) -> str:
    """An element without its name and the space around it."""
    text = ElementTree.tostring(one, encoding="unicode")
    return re.sub(r'\s*id="[^"]*"|\s+(?=<)|xmlns:\w+="[^"]*"', "", text).strip()


def of_frame(svg: str, number: int) -> ElementTree.Element:
    """One frame of a merged SVG, by what its documentation says."""
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if "data-frames" in child.attrib and str(number) not in child.attrib["data-frames"].split():
                parent.remove(child)
    return root


CASES: dict[str, Callable[[int], object]] = {
    "lines": lambda n: lambda ax: lines(ax, n),
    "bars": lambda n: lambda ax: bars(ax, n),
    "pixels": lambda n: lambda ax: pixels(ax, n),
    "emptier": lambda n: lambda ax: emptier(ax, n),
    "panels": panels,
    "the same": lambda n: lambda ax: lines(ax, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_each_frame_is_exactly_the_picture_that_it_is_alone(case: str) -> None:
    made = frames({f"n = {n}": CASES[case](n) for n in (1, 2, 3)})
    box = Bbox([[0, 0], [6, 4]])
    alone = [draw(figure, within=box)["dark"] for figure in made.figures.values()]
    svg = merged(alone, list(made.figures), 1)
    for number, one in enumerate(alone):
        assert flat(of_frame(svg, number)) == flat(one)
    by_itself = ElementTree.fromstring(svg)
    for parent in list(by_itself.iter()):
        for child in list(parent):
            if "display:none" in child.get("style", ""):
                parent.remove(child)
    assert flat(by_itself) == flat(alone[1])  # the file shows the still


def test_the_still_is_one_of_the_frames() -> None:
    made = frames({f"n = {n}": panels(n) for n in (1, 2)}, still="n = 1")
    drawn = draw_frames(made.figures, made.still)
    for scheme in ("light", "dark"):
        svg = drawn["interactive"]["files"][f"{scheme}.svg"]
        assert flat(of_frame(svg, 0)) == flat(drawn[scheme])
        assert ElementTree.fromstring(svg).get("viewBox") == ElementTree.fromstring(drawn[scheme]).get("viewBox")
        assert json.loads(str(ElementTree.fromstring(svg).get("data-labels"))) == ["n = 1", "n = 2"]


def test_many_frames_are_light_and_their_data_name_the_frame() -> None:
    x = np.linspace(0, 1, 200)
    made = frames({f"epoch {n}": lambda ax, n=n: ax.plot(x, np.sin(n * x), label="sine") for n in range(10)})
    drawn = draw_frames(made.figures, made.still)
    svg = drawn["interactive"]["files"]["light.svg"]
    assert len(gzip.compress(svg.encode())) < 20_000
    assert len(svg) < 0.4 * 10 * len(drawn["light"])
    rows = list(csv.reader(io.StringIO(drawn["data"])))
    assert rows[0] == ["frame", "panel", "series", "x", "y"]
    assert len(rows) == 1 + 10 * 200
    assert rows[-1][:3] == ["epoch 9", "1", "sine"]
    assert float(rows[-1][4]) == pytest.approx(np.sin(9.0))


def test_axes_keep_their_places() -> None:
    made = frames({str(n): lambda ax, n=n: ax.set(ylim=(0, 1), ylabel="y\n" * n) for n in (1, 2, 3)})
    draw_frames(made.figures, "1")
    places = {figure.axes[0].get_position().bounds for figure in made.figures.values()}
    assert len(places) == 1


@pytest.mark.parametrize(
    ("drawings", "told"),
    [
        ({"a": lambda ax: None}, "at least two"),
        ([("a", lambda ax: None), ("a", lambda ax: None)], "two frames have the label 'a'"),
        (
            {"a": lambda ax: ax.set(ylim=(0, 1)), "b": lambda ax: ax.set(ylim=(0, 2))},
            "goes from 0 to 1 .* 0 to 2",
        ),
        ({"a": lambda ax: ax.set(xlim=(1, 2)), "b": lambda ax: ax.plot([0, 9])}, "x axis goes"),
        ({"a": lambda ax: ax.set(xscale="log"), "b": lambda ax: None}, "x axis is log in frame 'a' and linear in 'b'"),
        ({"a": lambda ax: ax.figure.set_size_inches(4, 4), "b": lambda ax: None}, r"sizes, 4 by 4 and 5\.6 by 3\.3"),
        ({"a": lambda ax: ax.figure.add_axes((0, 0, 0.1, 0.1)), "b": lambda ax: None}, "numbers of axes, 2 and 1"),
    ],
)
def test_frames_that_do_not_fit_are_refused(drawings: dict[str, Callable[[Axes], object]], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        frames(drawings)


def test_limits_that_nobody_set_hold_every_frame() -> None:
    made = frames({str(n): lambda ax, n=n: ax.plot([0, n], [n, 0]) for n in (1, 5)})
    assert len({figure.axes[0].get_xlim() + figure.axes[0].get_ylim() for figure in made.figures.values()}) == 1
    assert made.figures["1"].axes[0].get_ylim()[1] > 5


def test_other_things_are_refused_and_the_still_must_be_a_frame() -> None:
    with pytest.raises(TypeError, match="must be a figure or a function"):
        frames({"a": 3, "b": 4})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="a pair of label and drawing, got 1"):
        frames([1, 2])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="takes drawings by label"):
        frames(lambda ax: None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="labels are 'a', 'b'"):
        frames({"a": lambda ax: None, "b": lambda ax: None}, still="c")


def test_one_figure_is_not_two_frames() -> None:
    figure, ax = plt.subplots()

    def drawn_over() -> Iterator[tuple[str, Figure]]:
        for n in (1, 2):
            ax.clear()
            ax.plot([0, n])
            yield f"n = {n}", figure

    with pytest.raises(ValueError, match="'n = 1' and 'n = 2' are one figure"):
        frames(drawn_over())


def test_figures_are_no_longer_pyplots() -> None:
    frames((str(n), plt.figure()) for n in range(3))
    assert plt.get_fignums() == []
