"""What a figure plots: lines with their intervals, and bars, as a table, and where each point is in the picture.

Runs in the kernel process; imports Matplotlib.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

#: Points of a figure above which none of them is read out.
MOST = 20_000
_TEX = re.compile(r"\\([A-Za-z]+)")


class Line(NamedTuple):
    """A line with its label, points of shape (n, 2), and the interval of each, shape (n, 2); NaN without one."""

    label: str
    points: np.ndarray
    intervals: np.ndarray


def plotted_lines(axes: Axes) -> Iterator[Line]:
    """The lines of axes that are data, not rules across them."""
    errors = {id(one[0]): one for one in axes.containers if isinstance(one, ErrorbarContainer)}
    for line in axes.get_lines():
        label = str(line.get_label())
        bars = errors.get(id(line))
        if line.get_transform() != axes.transData:
            continue
        if bars is not None:
            label = str(bars.get_label())
        elif label.startswith("_") and not label.startswith("_child"):
            continue
        points = np.asarray(line.get_xydata(), dtype=float)
        yield Line(re.sub(r"^_(child|container)?\d*", "", label), points, _intervals(axes, line, points, bars))


def _intervals(axes: Axes, line: Line2D, points: np.ndarray, bars: ErrorbarContainer | None) -> np.ndarray:
    """Low and high ends at each point, of its error bars or of the band of the line's colour that it lies in."""
    if bars is not None:
        segments: list[Any] = [one.get_segments() for one in bars[2] if isinstance(one, LineCollection)]
        corners = [
            np.concatenate([s for s in some if len(s) and s[0][0] == s[-1][0]] or [np.zeros((0, 2))])
            for some in segments
        ]
        found = [_within(points, one) for one in corners]
    else:
        fills = (one for one in axes.collections if isinstance(one, PolyCollection))
        same = (one for one in fills if _has_colour(one, line))
        found = [
            _within(points, np.concatenate([path.vertices for path in one.get_paths()]))
            for one in same
            if one.get_paths()
        ]
    none = np.full((len(points), 2), np.nan)
    return next((ends for ends in found if np.isfinite(ends).any()), none)


def _has_colour(fill: PolyCollection, line: Line2D) -> bool:
    faces = np.asarray(fill.get_facecolor())
    return len(faces) > 0 and np.allclose(faces[0][:3], to_rgb(line.get_color()))


def _within(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The least and greatest y of corners at each point's x; all NaN if a point lies outside of them."""
    ends: dict[float, tuple[float, float]] = {}
    for x, y in corners.tolist():
        low, high = ends.get(x, (y, y))
        ends[x] = min(low, y), max(high, y)
    found = np.array([ends.get(x, (math.nan, math.nan)) for x in points[:, 0].tolist()]).reshape(-1, 2)
    slack = 1e-9 * np.abs(points[:, 1])
    is_outside = (points[:, 1] < found[:, 0] - slack) | (points[:, 1] > found[:, 1] + slack)
    return np.full_like(found, np.nan) if is_outside.any() else found


def table(figure: Figure) -> str:
    """Lines and bars as CSV (panel, series, x, y, and low and high if any line has intervals), in full precision."""
    rows: list[list[Any]] = []
    has_intervals = False
    for panel, axes in enumerate(figure.axes, 1):
        name = _title(axes) or str(panel)
        for line in plotted_lines(axes):
            has_intervals = has_intervals or bool(np.isfinite(line.intervals).any())
            for (x, y), ends in zip(line.points.tolist(), line.intervals.tolist(), strict=True):
                rows.append([name, line.label, x, y, *("" if math.isnan(end) else end for end in ends)])
        for bars in axes.containers:
            for bar in getattr(bars, "patches", ()):
                rows.append([name, bars.get_label(), bar.get_x() + bar.get_width() / 2, bar.get_height(), "", ""])
    columns = 6 if has_intervals else 4
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["panel", "series", "x", "y", "low", "high"][:columns])
    writer.writerows(row[:columns] for row in rows)
    return file.getvalue() if rows else ""


def _title(axes: Axes) -> str:
    return next(filter(None, (axes.get_title(loc) for loc in ("left", "center", "right"))), "")


def readings(figure: Figure) -> dict[str, Any] | None:
    """Where each point of the lines is, and its values in words; None if there are none, or too many.

    Called while the figure is drawn, at 72 dpi and with the layout of the picture.

    Returns:
        `{"size": [width, height], "panels": […]}` in points from the top left. A panel has `name`, `x` (what its
        horizontal axis says) and `series`: `name`, `at` (place of each point), `x`, `y` and perhaps `ends` in words.
    """
    width, height = (72 * length for length in figure.bbox_inches.size)
    panels: list[dict[str, Any]] = []
    for axes in figure.axes:
        found = [_series(axes, line, height) for line in plotted_lines(axes)] if axes.name == "rectilinear" else []
        if series := [one for one in found if one["at"]]:
            panels.append(
                {"name": plain(_title(axes)), "x": plain(axes.get_xlabel() or _below(axes)), "series": series}
            )
    count = sum(len(one["at"]) for panel in panels for one in panel["series"])
    return {"size": [round(width, 2), round(height, 2)], "panels": panels} if 0 < count <= MOST else None


def _series(axes: Axes, line: Line, height: float) -> dict[str, Any]:
    """A line's points that show, in the words of their axes."""
    with np.errstate(all="ignore"):  # no logarithm of what is below zero
        at = axes.transData.transform(line.points).reshape(-1, 2)
    box = axes.bbox.padded(1.0)
    shows = [bool(np.isfinite(one).all()) and bool(box.contains(*one)) for one in at]
    points, ends = line.points[shows], line.intervals[shows]
    words = in_words(np.column_stack([points[:, 1], ends]).ravel(), axes.yaxis)  # all equally fine
    y, low, high = (words[part::3] for part in range(3))
    series: dict[str, Any] = {
        "name": plain(line.label or axes.get_ylabel()),
        "at": [[round(float(x), 1), round(height - float(y), 1)] for x, y in at[shows]],
        "x": in_words(points[:, 0], axes.xaxis),
        "y": y,
    }
    if any(low):
        series["ends"] = [[a, b] if a and b else None for a, b in zip(low, high, strict=True)]
    return series


def _below(axes: Axes) -> str:
    """The label of a shared horizontal axis, which is below another panel."""
    shared = axes.get_shared_x_axes().get_siblings(axes)
    return next((label for one in shared if (label := one.get_xlabel())), "")


def in_words(values: np.ndarray, axis: Axis) -> list[str]:
    """Values as finely as the axis shows them, about a five-hundredth of its length; empty for NaN."""
    if axis.have_units():
        formatter = axis.get_major_formatter()
        return [str(formatter(value)) if math.isfinite(value) else "" for value in values.tolist()]
    finite = values[np.isfinite(values)]
    low, high = axis.get_view_interval()
    if len(finite) and (finite == np.round(finite)).all() and np.abs(finite).max() < 1e9:
        words = [f"{value:,.0f}" for value in finite]
    elif axis.get_scale() == "linear" and 1e-6 < (span := abs(high - low)) < 1e9:
        digits = max(0, 2 - math.floor(math.log10(span / 2)))
        words = [f"{value:,.{digits}f}" for value in finite]
    else:
        words = [_significant(value) for value in finite.tolist()]
    given = iter(words)
    return [next(given).replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else "" for value in values.tolist()]


def _significant(value: float) -> str:
    if value and not 1e-4 <= abs(value) < 1e6:
        return f"{value:.2e}"
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{value:,.{max(0, digits)}f}"


def plain(label: str) -> str:
    r"""A label without the marks of mathematics: `$\pi_D$` is πD."""

    def letter(match: re.Match[str]) -> str:
        name = match[1].upper().replace("LAMBDA", "LAMDA")
        size = "CAPITAL" if match[1][0].isupper() else "SMALL"
        try:
            return unicodedata.lookup(f"GREEK {size} LETTER {name}")
        except KeyError:
            return match[1]

    formulas = re.split(r"(?<!\\)\$", label)
    if len(formulas) % 2 == 0:
        return label
    for place in range(1, len(formulas), 2):
        formulas[place] = re.sub(r"[{}^_\\]", "", _TEX.sub(letter, formulas[place])).replace("-", "\N{MINUS SIGN}")
    return "".join(formulas)
